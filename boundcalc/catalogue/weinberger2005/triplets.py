"""Large margin nearest neighbours: the triplet loss of a metric, certified as a U-statistic of order 3.

The loss of (i, j, l) with labels y_i = y_j != y_l is w_pull D_ij + w_push [1 + D_ij - D_il]_+, and 0 for other labels.

>>> from boundcalc import minimal_n, theorem
>>> fixed = theorem("weinberger2005.triplets").bound("fixed")
>>> int(minimal_n(fixed, target=0.25, name="n_h", rhat_holdout=0.2, C=1, delta=0.05))
1800
"""

from sympy import Integer, Range, floor, oo, sqrt

from boundcalc.catalogue.chains import held_out_tuples
from boundcalc.catalogue.lemmas import decoupling, symmetrisation
from boundcalc.catalogue.sources import weinberger2005
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import (
    POSITIVE,
    B,
    C,
    Constraint,
    Edev_m,
    Rad_loss,
    dev_minus,
    n,
    n_h,
    r_0,
    radius,
    symbol,
)
from boundcalc.theorems import Form, Theorem, by

r_triplet = symbol("r_triplet", r"r_{\rm triplet}", "population triplet risk of the learnt metric")
rhat_triplet = symbol(
    "rhat_triplet", r"\hat r_{\rm triplet}", "empirical triplet risk over all triples of rows", group="risk"
)
w_pull = symbol("w_pull", r"w_{\rm pull}", "weight of the pull towards target neighbours", POSITIVE, group="loss")
w_push = symbol("w_push", r"w_{\rm push}", "weight of the push of impostors by a margin", POSITIVE, group="loss")

TRIPLES = named("metric_triplets")
CLASS_EVENT = Event("triplet deviation", "no metric has a triplet risk far above its empirical one")
FIXED = Event("fixed metric on triples", "the triplet risk of one fixed metric is near its held-out value")

_range = w_pull * radius * B**2 + w_push * (1 + radius * B**2)

SHARP = Derivation(
    quantity=r_triplet,
    steps=(
        TRIPLES.at_most(
            r_triplet,
            rhat_triplet + dev_minus,
            because="a supremum over the class, whatever was trained",
            kind="infimum",
        ),
        by(
            decoupling.THEOREM,
            dev_minus,
            form="deviation",
            c=C,
            EPhi_m=Edev_m,
            order=3,
            event=CLASS_EVENT,
            experiment=TRIPLES,
            because="the average over all triples of rows is a U-statistic of order 3",
        ),
        TRIPLES.at_most(
            C,
            _range,
            because="0 <= D <= radius B^2 for a metric of Frobenius norm at most radius, and a triple's loss is 0 for other labels",
            kind="infimum",
        ),
        by(symmetrisation.THEOREM, Edev_m, because="over floor(n/3) independent triples", experiment=TRIPLES),
        TRIPLES.at_most(
            Rad_loss,
            radius * B**2 * (w_pull + sqrt(2) * w_push) / sqrt(floor(n / 3)),
            because="pull and push are added and contracted: each is linear in A, with matrices uu^T of norm at most B^2 and "
            "uu^T - vv^T of norm at most sqrt(2) B^2",
            cites="lemmas.contraction",
        ),
    ),
    where={},
)

HELD_OUT = Derivation(
    quantity=r_0,
    steps=(
        *held_out_tuples(
            order=3,
            event=FIXED,
            experiment=named("tuples", order=3),
            because="a class of one metric: the supremum is the deviation itself, its expectation 0",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="weinberger2005.triplets",
    number="-",
    title="Triplet loss of large margin nearest neighbours",
    claim="With probability at least 1 - delta, for all metrics with ||A||_F <= radius at once: r <= rhat + 2 radius B^2 (w_pull + "
    "sqrt(2) w_push)/sqrt(m) + (w_pull radius B^2 + w_push (1 + radius B^2)) sqrt(log(1/delta)/(2m)), m = floor(n/3).",
    quantity="population triplet risk",
    source=weinberger2005("the loss; the work has no bound, this one is derived here"),
    assumptions=(
        "n labelled rows i.i.d.; the empirical risk is the mean over all ordered triples of different rows",
        "the metric is positive semidefinite with Frobenius norm at most radius, fixed in advance; ||x - x'|| <= B",
    ),
    domain={n: Range(3, oo)},
    notes={"n": "a triple needs three rows"},
    constraints=(Constraint(Integer(3), n_h),),
    unit="tuples",
    variants={
        "sharp": Form(SHARP, trivial=_range),
        "fixed": Form(
            HELD_OUT,
            trivial=C,
            remarks=("One metric fixed before the n_h held-out rows were drawn, any loss of triples.",),
        ),
    },
    remarks=(
        "All rows of the same class are targets here. The work takes the nearest ones, which depend on the whole sample: its own "
        "objective is no U-statistic.",
    ),
)
