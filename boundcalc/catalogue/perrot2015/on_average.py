"""On average the learnt metric is no worse than the source metric, up to a term of order 1/n: the fast rate of stability.

>>> from boundcalc import theorem
>>> theorem("perrot2015.on_average").bound().compact
4*B**4*L**2/(mu*n) + r_source
"""

from boundcalc.catalogue.comparators.stability import ASSUMPTIONS, Edev_model, on_average
from boundcalc.catalogue.sources import perrot2015
from boundcalc.statements.derivation import Derivation, equal, named
from boundcalc.symbols import B, L, mu, n, symbol
from boundcalc.theorems import Form, Provenance, Theorem

Er_model = symbol("Er_model", r"\mathbb E\,r(\hat A_S)", "expected population risk of the regularised minimiser")
Erhat_model = symbol(
    "Erhat_model", r"\mathbb E\,\hat r(\hat A_S)", "expected empirical risk of the regularised minimiser"
)
r_source = symbol("r_source", r"r(A_0)", "population risk of the source metric", group="risk")

TRIED = named("regularised", source=True)

INSERTED = (
    equal(
        Er_model,
        Erhat_model + Edev_model,
        definitions={Edev_model: Er_model - Erhat_model},
        because="the deviation is the difference of the two risks",
    ),
    TRIED.at_most(
        Erhat_model,
        r_source,
        because="the minimiser's empirical risk is at most that of A_0, where the penalty is 0, and E rhat(A_0) = r(A_0)",
        kind="infimum",
    ),
)

PAPER = TRIED.at_most(
    Edev_model,
    8 * L**2 * B**4 / (mu * n),
    because="on-average stability with the constant of the work, for k = L B^2 and lam = mu",
)

THEOREM = Theorem(
    key="perrot2015.on_average",
    number="-",
    title="On average no worse than the source metric",
    claim="E r(A_S) <= r(A_0) + 4 L^2 B^4/(mu n) for the minimiser A_S of rhat + mu ||A - A_0||_F^2.",
    quantity="expected population risk of the regularised minimiser",
    source=perrot2015("Theorems 1 and 2; the sharp constant is derived here"),
    assumptions=(*ASSUMPTIONS, "the source metric A_0 lies in that set and does not depend on the sample; eps_opt = 0"),
    variants={
        "sharp": Form(Derivation(Er_model, (*INSERTED, *on_average(TRIED)), where={})),
        "paper": Form(Derivation(Er_model, (*INSERTED, PAPER), where={}), provenance=Provenance.QUOTED),
    },
    remarks=("A statement about the mean over samples: there is no delta.",),
)
