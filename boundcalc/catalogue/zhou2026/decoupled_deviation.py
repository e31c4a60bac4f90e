"""Theorem 3.12: the expected largest deviation over all pairs is at most that over independent pairs."""

from boundcalc.catalogue.lemmas import decoupling
from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation
from boundcalc.symbols import Edev_m, Edev_n
from boundcalc.theorems import Form, Theorem, by

SHARP = Derivation(
    quantity=Edev_n,
    steps=(
        by(
            decoupling.THEOREM,
            Edev_n,
            E_psi_m=Edev_m,
            because="Lemma 3.11 with psi the identity and q_f = r(f) - l_f",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.decoupled_deviation",
    number="Theorem 3.12",
    title="Decoupled deviation",
    claim="E sup_f (r - rhat)(f) <= E sup_f (r(f) - (1/m) sum_i l_f(Z_i, Z_{m+i})); likewise for rhat - r.",
    quantity="expected largest one-sided deviation over all pairs",
    source=zhou2026("Theorem 3.12"),
    assumptions=("Z_1..Z_n i.i.d.",),
    variants={"sharp": Form(SHARP)},
)
