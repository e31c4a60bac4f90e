"""A vector-valued classifier of single examples over several views, x -> Gamma_A(x)* u: the class of the work itself.

``comparators.kernel_ball`` bounds another class, of pairs, by a standard argument.

>>> from boundcalc import theorem
>>> theorem("huusari2018.pointwise").bound().compact
sqrt(alpha_A)*beta_u*sqrt(q_views)/n
"""

from sympy import sqrt

from boundcalc.catalogue.sources import huusari2018
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import POSITIVE, n, symbol
from boundcalc.theorems import Form, Provenance, Theorem

Rhat_n = symbol(
    "Rhat_n", r"\hat{\mathfrak R}_n", "empirical Rademacher complexity over n examples, a sign for each view"
)
signed_grams = symbol(
    "signed_grams", r"\mathbb E(\sum_l\|K_l\sigma_l\|^2)^{1/2}", "expected length of the signed Gram matrices"
)
alpha_A = symbol("alpha_A", r"\alpha", "largest Frobenius norm of the metric A between views", POSITIVE, group="metric")
beta_u = symbol("beta_u", r"\beta", "largest norm of the weights u", POSITIVE, group="metric")
q_views = symbol(
    "q_views", r"\|q\|_1", "sum over the views of tr K_l^2, K_l the view's Gram matrix", group="complexity"
)

VIEWS = named("views")

QUOTED = Derivation(
    quantity=Rhat_n,
    steps=(
        VIEWS.equal(
            Rhat_n,
            beta_u * sqrt(alpha_A) * signed_grams / n,
            because="the supremum over u is beta times a length, whose square is s' A s with s the views' signed features in the "
            "span of the examples; over A it is alpha ||s||^2, attained by A of rank one",
        ),
        VIEWS.at_most(
            signed_grams,
            sqrt(q_views),
            because="Jensen: E ||K_l sigma_l||^2 = tr K_l^2",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="huusari2018.pointwise",
    number="-",
    title="Pointwise classifiers over several views",
    claim="Rhat_n <= beta sqrt(alpha ||q||_1)/n for H = {x -> Gamma_A(x)* u : ||A||_F <= alpha, A positive definite, "
    "||u|| <= beta}, q_l = tr K_l^2.",
    quantity="empirical Rademacher complexity over n single examples",
    source=huusari2018("its bound on the Rademacher complexity"),
    assumptions=(
        "the classifier is vector-valued and of single examples: one output for each view",
        "A acts between the views on the span of the n examples, and is fixed in norm before the sample is drawn",
    ),
    unit="examples",
    variants={"paper": Form(QUOTED, provenance=Provenance.QUOTED)},
    remarks=("Pointwise: it is no bound for a class of pairs.", "The steps are ours, and prove the work's constant."),
)
