"""Contraction: composing a class with an L-Lipschitz loss costs a factor L."""

from boundcalc.catalogue.sources import ledoux1991
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import R_M, L, Rad_loss
from boundcalc.theorems import Form, Theorem

SHARP = Derivation(
    quantity=Rad_loss,
    steps=(
        named("independent_pairs").at_most(
            Rad_loss,
            L * R_M,
            because="condition on all signs but one: sup_{f,f'} (A_f + A_f' + l(f) - l(f')) <= "
            "sup_{f,f'} (A_f + A_f' + L |f - f'|), and the absolute value may be dropped by exchanging f and f'; "
            "then pair by pair",
            cites=str(ledoux1991("Theorem 4.12, in the form without absolute value")),
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.contraction",
    number="-",
    title="Contraction (Talagrand)",
    claim="Rad_m(l o F) <= L Rad_m(F) for a loss that is L-Lipschitz in its first argument.",
    quantity="Rademacher complexity of the loss class",
    source=ledoux1991("Theorem 4.12"),
    assumptions=("the loss is L-Lipschitz in its first argument; it may depend on the pair's label",),
    variants={"sharp": Form(SHARP)},
    remarks=(
        "Definition 3.1 of the primary source asks for joint Lipschitz continuity; only the first argument is used "
        "(the hinge loss is not Lipschitz in the label).",
    ),
)
