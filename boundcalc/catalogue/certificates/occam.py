"""Occam's bound by transport: J models fixed in advance, and any of them may be chosen after looking."""

from boundcalc.catalogue.certificates.transport import by_entropy, transported
from boundcalc.catalogue.sources import pairs
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import C, J, r_0
from boundcalc.theorems import Form, Theorem

FIXED_CANDIDATES = named("fixed_candidates")

THEOREM = Theorem(
    key="certificates.occam",
    number="-",
    title="Occam's bound by transport",
    claim="With probability at least 1 - delta, for each of J models fixed in advance at once: "
    "r <= (C/kappa) (1 - (delta/J)^(2/n_h) exp(-T_h)).",
    quantity="population risk of whichever of J models is chosen",
    source=pairs("section 6 C"),
    assumptions=(
        "the n_h rows are i.i.d. and all J models were fixed before they were drawn; the choice may look at them",
        "the loss q of a pair lies in [0, C]",
        "kappa and the halves of the rows are fixed without looking at the rows",
    ),
    variants={
        "sharp": Form(Derivation(quantity=r_0, steps=transported(union=J, experiment=FIXED_CANDIDATES)), trivial=C),
        "kl": Form(by_entropy(union=J, experiment=FIXED_CANDIDATES), trivial=C),
    },
    remarks=("Unequal shares: delta p_j with sum p_j <= 1 fixed in advance; put J = 1/p_j.",),
)
