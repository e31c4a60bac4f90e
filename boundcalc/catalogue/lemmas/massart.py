"""Lemma 3.15: the Rademacher average of a finite set grows with the root of the logarithm of its size."""

from sympy import log, sqrt

from boundcalc.catalogue.sources import massart2000
from boundcalc.statements.derivation import Derivation, equal, named
from boundcalc.symbols import REAL, Rad_A, card_A, lam, m, rho_A, symbol
from boundcalc.theorems import Form, Theorem

cgf_A = symbol(
    "cgf_A",
    r"\tfrac1\lambda\log\sum_{a\in A}\mathbb E e^{\lambda\langle\sigma,a\rangle/m}",
    "log-sum-exp bound of a maximum over a finite set",
    REAL,
)

FINITE_SET = named("finite_set")

SHARP = Derivation(
    quantity=Rad_A,
    steps=(
        FINITE_SET.at_most(Rad_A, cgf_A, because="Jensen for exp(lam max), and a maximum is at most the sum"),
        FINITE_SET.at_most(
            cgf_A,
            log(card_A) / lam + lam * rho_A**2 / (2 * m**2),
            because="E exp(t sigma) <= exp(t^2/2) for a random sign, coordinate by coordinate",
        ),
        equal(
            log(card_A) / lam + lam * rho_A**2 / (2 * m**2),
            rho_A * sqrt(2 * log(card_A)) / m,
            definitions={lam: m * sqrt(2 * log(card_A)) / rho_A},
            because="the best lam is m sqrt(2 log|A|)/rho_A",
        ),
    ),
    where={},
)

THEOREM = Theorem(
    key="lemmas.massart",
    number="Lemma 3.15",
    title="Massart's finite-class lemma",
    claim="E_sigma max_{a in A} (1/m) <sigma, a> <= rho_A sqrt(2 log|A|)/m for a finite A in R^m, rho_A = max ||a||_2.",
    quantity="Rademacher average of a finite set of vectors in R^m",
    source=massart2000("Lemma 5.2"),
    assumptions=("A is finite",),
    variants={"sharp": Form(SHARP)},
)
