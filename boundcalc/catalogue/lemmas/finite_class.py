"""Occam's bound: what holds for one function fixed in advance holds for J of them at once, at the price of log J.

>>> from boundcalc import theorem
>>> round(float(theorem("lemmas.finite_class").bound().evaluate(C=1, J=1000, m=2000, delta=0.05)), 4)
0.0498
"""

from sympy import Interval, log

from boundcalc.catalogue.lemmas import bounded_differences, matching
from boundcalc.catalogue.sources import finner1992, shalev2014
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import REAL, C, J, M_w, dev_f, r_0, rhat_holdout, symbol
from boundcalc.theorems import Form, Theorem, by

dev_J = symbol("dev_J", r"\max_{j\le J}(r-\hat r)(f_j)", "largest deviation among J functions fixed in advance", REAL)
prior_f = symbol("prior_f", r"\pi(f)", "weight of the function, fixed in advance", Interval.Lopen(0, 1), group="sample")

TERMS = named("fixed_functions")
CANDIDATES = named("fixed_candidates")

ALL = Event("finite class", "none of the functions fixed in advance has a risk far above its empirical one")


def _hoeffding(quantity, union, experiment, because):
    step = by(
        bounded_differences.THEOREM,
        quantity,
        form="independent",
        c=C,
        EPhi_m=0,
        event=ALL,
        union=union,
        experiment=experiment,
        because=because,
    )
    return Derivation(quantity=quantity, steps=(step,), where={})


KL = Derivation(
    quantity=r_0,
    steps=(
        CANDIDATES.at_most(
            r_0,
            C * kl_inverse(rhat_holdout / C, log(J / ALL.symbol) / M_w),
            because="lemmas.finner, then Chernoff: the best lam is fixed by the level; union over the J functions",
            events=(ALL,),
            cites=str(finner1992("generalised Hoelder inequality")),
        ),
    ),
)

MATCHING = Derivation(
    quantity=r_0,
    steps=(
        by(
            matching.THEOREM,
            r_0,
            form="rows",
            event=ALL,
            union=J,
            because="each of the J models is fixed when the rows are drawn",
            experiment=CANDIDATES,
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.finite_class",
    number="-",
    title="Finite classes (Occam)",
    claim="With probability at least 1 - delta, for each of J functions fixed in advance at once: "
    "r - rhat <= C sqrt(log(J/delta)/(2m)).",
    quantity="deviation of whichever of J functions is chosen",
    source=shalev2014("Corollary 4.6 and Theorem 7.7, for a range of C and one side"),
    assumptions=(
        "the data are i.i.d., and all functions were fixed before they were drawn; the choice may look at them",
        "the loss lies in a range of length C",
    ),
    variants={
        "sharp": Form(_hoeffding(dev_J, J, TERMS, "Hoeffding for each function at delta/J"), trivial=C),
        "occam": Form(
            _hoeffding(
                dev_f, 1 / prior_f, named("weighted_functions"), "Hoeffding for each function at its share delta pi(f)"
            ),
            trivial=C,
            remarks=("A countable class, with weights that sum to at most 1.",),
        ),
        "kl": Form(
            KL,
            trivial=C,
            remarks=("For weighted pairs of independent rows too: M_w is the effective number of terms.",),
        ),
        "matching": Form(MATCHING, trivial=C, remarks=("For all pairs of n_h i.i.d. rows, by matchings.",)),
    },
)
