"""One modality at test time, two in training: predict the missing one, y by ghat(x), then apply hhat(x, y).

The price is the sum of the complexities of two hypotheses, each over its own sample, instead of that of their composition.
"""

from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.sources import lu2023
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, REAL, C, L, conn, n, n_u, symbol
from boundcalc.theorems import Form, Theorem, by

r_two = symbol("r_two", r"r(\hat h(x,\hat g(x)))", "risk with the second modality predicted from the first")
r_multi = symbol("r_multi", r"r(\hat h(x,y))", "risk of the same hypothesis with both modalities")
r_best = symbol("r_best", r"\inf_hr(h(x,y))", "smallest risk with both modalities")
dist = symbol("dist", r"\mathbb E\|\hat g(x)-y\|", "expected distance of the predicted from the true second modality")
Phi_h = symbol("Phi_h", r"\Phi_h", "supremum over h of (r - rhat)(h) + (rhat - r)(h*)", REAL)
Phi_g = symbol("Phi_g", r"\Phi_g", "the same over the connections g, for the distances ||g(x) - y||", REAL)
Edev_h = symbol("Edev_h", r"\mathbb E\sup_h(r-\hat r)(h)", "expected largest deviation over h")
Edev_g = symbol("Edev_g", r"\mathbb E\sup_g(r-\hat r)(g)", "expected largest deviation over g")
R_H = symbol("R_H", r"\mathfrak R_n(\mathcal H)", "Rademacher complexity of H over n", NONNEGATIVE, group="complexity")
R_G = symbol(
    "R_G", r"\mathfrak R_{n_u}(\|g(x)-y\|)", "Rademacher complexity of the distances ||g(x) - y|| over n_u pairs",
    NONNEGATIVE, group="complexity",
)  # fmt: skip
Lam_y = symbol("Lam_y", r"\Lambda_y", "Lipschitz constant of h(x, .)", NONNEGATIVE, group="loss")
D_y = symbol("D_y", r"D_y", "range of the distances ||g(x) - y||", POSITIVE, group="loss")

STAGES = named("two_stages")

LABELLED = Event("labelled sample", "(r - rhat)(h) + (rhat - r)(h*) over h, n labelled triples")
UNLABELLED = Event("unlabelled sample", "the same for the distances of g, n_u unlabelled pairs")


def _learnt(phi, deviation, span, size, event, complexity, rate):
    """Return the steps for one ERM: its supremum, the deviation's expectation and its complexity."""
    return (
        by(
            bounded_differences.THEOREM,
            phi,
            form="independent",
            c=2 * span,
            EPhi_m=deviation,
            m=size,
            event=event,
            experiment=STAGES,
            because="one event, range twice that of one loss; the fixed function's deviation has expectation 0",
        ),
        STAGES.at_most(
            deviation,
            2 * rate * complexity,
            because="symmetrisation" + (", then contraction" if rate != 1 else ""),
            cites="lemmas.symmetrisation" + (", lemmas.contraction" if rate != 1 else ""),
        ),
    )


SHARP = Derivation(
    quantity=r_two - r_best,
    steps=(
        STAGES.at_most(
            r_two,
            r_multi + L * Lam_y * dist,
            because="the loss moves by at most L times the prediction, and hhat(x, .) by at most Lam_y times the distance",
        ),
        STAGES.at_most(
            r_multi,
            r_best + Phi_h,
            because="hhat minimises the empirical risk on the labelled sample",
            kind="infimum",
        ),
        *_learnt(Phi_h, Edev_h, C, n, LABELLED, R_H, L),
        STAGES.at_most(
            dist,
            conn + Phi_g,
            because="ghat minimises the empirical distance on the unlabelled sample",
            kind="infimum",
        ),
        *_learnt(Phi_g, Edev_g, D_y, n_u, UNLABELLED, R_G, 1),
    ),
    where={},
)

THEOREM = Theorem(
    key="lu2023.two_stage",
    number="-",
    title="Two stages: predict the missing modality, then the label",
    claim="With probability at least 1 - delta: r(hhat(x, ghat(x))) - inf_h r(h(x, y)) <= 2 L R_H + 2 C "
    "sqrt(log(2/delta)/(2n)) + L Lam_y (conn + 2 R_G + 2 D_y sqrt(log(2/delta)/(2 n_u))).",
    quantity="risk with a predicted second modality minus the smallest risk with the true one",
    source=lu2023("the sum of two complexities; constants derived here"),
    assumptions=(
        "n labelled triples and n_u unlabelled pairs, all independent and from one law",
        "hhat minimises the empirical risk over H, ghat the empirical distance ||g(x) - y|| over G",
        "the loss is L-Lipschitz in the prediction, in a range of length C; every h(x, .) is Lam_y-Lipschitz",
    ),
    unit="examples",
    variants={"sharp": Form(SHARP, trivial=C)},
    remarks=(
        "Unlabelled pairs pay for G alone. A unimodal class h(x, g(x)) of the same functions costs 2 L times the complexity "
        "of the composition over the n labelled examples.",
    ),
)
