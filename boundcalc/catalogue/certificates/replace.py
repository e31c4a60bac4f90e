"""Promised before anything is collected: a new model replaces the pilot's only if its gain is certified."""

from boundcalc.catalogue.certificates.transport import transported
from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import C, r_0, r_new
from boundcalc.theorems import Form, Theorem

REPLACEMENT = named("replacement")
ROWS = named("pair_rows")

KEPT = Event("certified replacement", "a model whose gain over the pilot's is certified to be >= 0 is no worse")

SHARP = Derivation(
    quantity=r_new,
    steps=(
        REPLACEMENT.at_most(
            r_new,
            r_0,
            because="f_1 is returned only where the new test rows certify r(f_0) - r(f_1) >= 0, else f_0 is",
            events=(KEPT,),
            cites="certificates.gain",
        ),
        *transported(experiment=ROWS),
    ),
)

THEOREM = Theorem(
    key="certificates.replace",
    number="-",
    title="What a pilot promises of a future model",
    claim="With probability at least 1 - delta over pilot and future, before anything is collected: the risk of the "
    "returned model is at "
    "most the pilot's certificate at delta/2.",
    quantity="population risk of the model that will be returned",
    source=pairs("section 8, H1"),
    assumptions=(
        "the pilot's n_h held-out rows are i.i.d., and f_0 was fixed before they were drawn",
        "the new test rows are disjoint from what f_1 saw; one candidate, one look",
        "the loss lies in [0, C]; kappa and the splits are fixed without looking",
    ),
    variants={"sharp": Form(SHARP, trivial=C)},
    remarks=(
        "J' candidates in R rounds on the same test rows: delta/(2 J' R), only if all are fixed before the rows are "
        "looked at, or each "
        "round reveals no more than 'rejected' and one stops at the first acceptance.",
        "Improvement can be expected, not guaranteed: there are populations in which f_0 is the best of its class.",
    ),
)
