"""Hoeffding's inequality for a U-statistic: one fixed f, one side."""

from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.sources import hoeffding1963
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import C, dev_f
from boundcalc.theorems import Form, Theorem, by

FIXED = Event("fixed function", "the empirical risk of one fixed f is near its population risk, on the stated side")

SHARP = Derivation(
    quantity=dev_f,
    steps=(
        by(
            bounded_differences.THEOREM,
            dev_f,
            c=C,
            EPhi_m=0,
            event=FIXED,
            experiment=named("learning", context="single"),
            because="a class of one function: the supremum is the deviation itself, its expectation 0",
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.hoeffding_u",
    number="-",
    title="Hoeffding's inequality for U-statistics",
    claim="With probability at least 1 - delta, r(f) - rhat(f) <= C sqrt(log(1/delta)/(2m)) for one fixed f.",
    quantity="deviation of one fixed f, one side",
    source=hoeffding1963("Section 5b"),
    assumptions=(
        "Z_1..Z_n i.i.d.",
        "f is fixed before the sample is drawn",
        "the loss of f lies in a range of length C",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
)
