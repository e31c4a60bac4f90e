"""Rows that arrive in batches: one certificate that holds at every look."""

from sympy import exp

from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import C, T_h, kappa, n_h, r_0
from boundcalc.theorems import Form, Theorem

LOOKS = named("looks")

LOOK = Event(
    "every look", "at every look the product of the batches' matching means stays below 1/delta times its expectation"
)

SHARP = Derivation(
    quantity=r_0,
    steps=(
        LOOKS.at_most(
            r_0,
            C / kappa * (1 - LOOK.symbol ** (2 / n_h) * exp(-T_h)),
            because="each batch's matching mean over (1 - kappa r/C)^(n_g/2) has expectation at most 1 given the "
            "batches before; the "
            "product is a nonnegative supermartingale, and Ville's inequality holds at all looks at once",
            events=(LOOK,),
        ),
    ),
)

THEOREM = Theorem(
    key="certificates.anytime",
    number="-",
    title="Valid at every look",
    claim="With probability at least 1 - delta, at the end of every batch at once: r(f_0) <= (C/kappa) (1 - "
    "delta^(2/n_h) exp(-T_h)), "
    "n_h the rows so far and n_h T_h the sum over the batches.",
    quantity="population risk of a model fixed in advance, at any look",
    source=pairs("section 15"),
    assumptions=(
        "the rows are i.i.d. and arrive in batches whose sizes are fixed or predictable",
        "the model and kappa were fixed before the rows were drawn (a kappa per batch may depend on earlier batches)",
        "within a batch the mean over a fixed number of splits, never a running maximum; looks inside a batch use the "
        "last complete one",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
    remarks=("The smallest bound of all looks so far holds as well.",),
)
