"""Freedman's inequality: Bernstein's for a sum whose terms depend on those before."""

from sympy import log, sqrt

from boundcalc.catalogue.sources import freedman1975
from boundcalc.statements.derivation import Derivation, Event, equal, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, C, lam, symbol
from boundcalc.theorems import Form, Theorem

S_most = symbol(
    "S_most", r"\max\{S_k:W_k\le v\}", "largest value of the sum while its predictable variance is at most v"
)
v_most = symbol(
    "v_most", "v", "what the predictable variance W_k = sum of E[X_i^2 | past] must not exceed", POSITIVE, role="fixed"
)

PATHS = named("martingales")
VILLE = Event("no large exponential", "exp(lam S_k - psi(lam) W_k) never exceeds 1/delta")

_x = log(1 / VILLE.symbol)
_bound = lam * v_most / (2 * (1 - lam * C / 3)) + _x / lam

SHARP = Derivation(
    quantity=S_most,
    steps=(
        PATHS.at_most(
            S_most,
            _bound,
            because="for lam C < 3, E[exp(lam X_i) | past] <= exp(psi E[X_i^2 | past]) with psi = lam^2/(2 (1 - lam C/3)), as in "
            "lemmas.bernstein: exp(lam S_k - psi W_k) is a nonnegative supermartingale, and Ville's inequality holds "
            "at all k at once",
            events=(VILLE,),
        ),
        equal(
            _bound,
            sqrt(2 * v_most * _x) + C * _x / 3,
            definitions={lam: sqrt(2 * _x) / (sqrt(v_most) + C * sqrt(2 * _x) / 3)},
            because="the best lam; lam C < 3",
        ),
    ),
)

THEOREM = Theorem(
    key="lemmas.freedman",
    number="-",
    title="Freedman's inequality",
    claim="With probability at least 1 - delta, S_k <= sqrt(2 v log(1/delta)) + C log(1/delta)/3 at every k with W_k <= v.",
    quantity="largest value of a martingale while its predictable variance is at most v",
    source=freedman1975("Theorem 1.6, solved for the deviation"),
    domain={v_most: NONNEGATIVE},  # without variance the sum stays 0
    assumptions=(
        "the terms X_i have conditional mean at most 0 given the past, and X_i <= C",
        "v is fixed in advance",
    ),
    variants={"sharp": Form(SHARP)},
)
