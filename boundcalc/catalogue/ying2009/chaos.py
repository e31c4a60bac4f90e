"""Learning the kernel: the complexity of balls in all feature spaces of a family, by Rademacher chaos of order two."""

from sympy import Max, Range, log, oo, sqrt

from boundcalc.catalogue.sources import ying2009
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import R_M, kap, m, radius, symbol
from boundcalc.theorems import Form, Theorem

U_chaos = symbol(
    "U_chaos",
    r"\mathbb E\sup_K|\tfrac1m\sum_{i<j}\sigma_i\sigma_jK_{ij}|",
    "expected largest Rademacher chaos of the family",
    group="complexity",
)
kernels = symbol("kernels", r"|\mathcal K|", "number of kernels of a finite family", Range(1, oo), group="metric")

CHAOS = named("kernel_families")

TO_CHAOS = CHAOS.at_most(
    R_M,
    radius * sqrt((2 * U_chaos + kap**2) / m),
    because="the longest signed sum of features: its squared length is sum_i K_ii + 2 sum_{i<j} sigma_i sigma_j K_ij; Jensen",
)

_p = Max(2, log(kernels))

FINITE = Derivation(
    quantity=R_M,
    steps=(
        TO_CHAOS,
        CHAOS.at_most(
            U_chaos,
            kernels ** (1 / _p) * (_p - 1) * kap**2 / sqrt(2),
            because="a chaos has E|Q|^p <= (p - 1)^p (E Q^2)^(p/2) for p >= 2 (hypercontractivity), E Q^2 <= kap^4/2; the largest "
            "of finitely many is at most the p-norm of all, p = max(2, log |K|)",
            cites="Bonami 1970; de la Pena, Gine 1999, Theorem 3.2.5",
        ),
    ),
)

THEOREM = Theorem(
    key="ying2009.chaos",
    number="-",
    title="Learning the kernel by Rademacher chaos",
    claim="R_M <= radius sqrt((2 U + kap^2)/m), U = E sup_K |(1/m) sum_{i<j} sigma_i sigma_j K_ij|, for balls in the feature "
    "spaces of a family of pair kernels.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=ying2009("reduction to Rademacher chaos of order two; constants derived here"),
    assumptions=(
        "the score is t - <w, phi_K(x, x')>, ||w|| <= radius, K any kernel of the family, the threshold t fixed",
        "the family is fixed in advance, and K(u, u) <= kap^2 for all of its kernels",
    ),
    variants={
        "sharp": Form(Derivation(quantity=R_M, steps=(TO_CHAOS,))),
        "finite": Form(FINITE, remarks=("From 8 kernels on U <= e (log |K| - 1) kap^2/sqrt(2).",)),
    },
)
