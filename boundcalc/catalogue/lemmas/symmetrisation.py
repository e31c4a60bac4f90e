"""Symmetrisation: the expected largest deviation is at most twice the Rademacher complexity of the loss class."""

from boundcalc.catalogue.sources import bartlett2002
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import Edev_m, Rad_loss, symbol
from boundcalc.theorems import Form, Theorem

Edev_ghost = symbol(
    "Edev_ghost",
    r"\mathbb E\sup_f\tfrac1m\sum_i(\ell'_f-\ell_f)",
    "expected largest difference between two independent samples of m pairs",
)
Edev_signed = symbol(
    "Edev_signed", r"\mathbb E\sup_f\tfrac1m\sum_i\sigma_i(\ell'_f-\ell_f)", "the same with random signs"
)

Edev_abs = symbol("Edev_abs", r"\mathbb E\sup_f|\tfrac1m\sum_i\ell_f-r(f)|", "expected largest absolute deviation")
Rad_abs = symbol(
    "Rad_abs",
    r"\mathbb E\sup_f|\tfrac1m\sum_i\sigma_i\ell_f|",
    "Rademacher complexity of the loss class with absolute value",
    group="complexity",
)

PAIRS = named("independent_pairs")

SHARP = Derivation(
    quantity=Edev_m,
    steps=(
        PAIRS.at_most(
            Edev_m, Edev_ghost, because="write r(f) as the expectation over a second sample of m pairs; Jensen"
        ),
        PAIRS.equal(
            Edev_ghost, Edev_signed, because="swapping a pair with its twin leaves the joint distribution unchanged"
        ),
        PAIRS.at_most(
            Edev_signed,
            2 * Rad_loss,
            because="the supremum of a difference is at most the sum of two suprema; -sigma is distributed as sigma",
        ),
    ),
)

ABSOLUTE = Derivation(
    quantity=Edev_abs,
    steps=(
        named("absolute_pairs").at_most(
            Edev_abs,
            2 * Rad_abs,
            because="the sharp form for the class together with its negatives, whose suprema are those of the absolute values",
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.symmetrisation",
    number="-",
    title="Symmetrisation",
    claim="E sup_f (r(f) - (1/m) sum_i l_f(Z_i, Z_{m+i})) <= 2 Rad_m(l o F), Rademacher average without absolute value.",
    quantity="expected largest one-sided deviation over m independent pairs",
    source=bartlett2002("proof of Theorem 8"),
    assumptions=("the m pairs are independent and identically distributed",),
    variants={
        "sharp": Form(SHARP),
        "absolute": Form(ABSOLUTE, remarks=("Both sides at once, for classes of any sign.",)),
    },
    remarks=("The same holds for the other side, (1/m) sum l_f - r(f).",),
)
