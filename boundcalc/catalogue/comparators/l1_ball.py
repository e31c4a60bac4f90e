"""Matrices of bounded entrywise l1 norm: the complexity grows with the root of the logarithm of the dimension."""

from sympy import Min, log, sqrt

from boundcalc.catalogue.comparators.frobenius_ball import MEAN, WORST
from boundcalc.catalogue.norm_balls import ASSUMPTIONS, capped, norm_ball_forms
from boundcalc.catalogue.sources import cao2016
from boundcalc.statements.derivation import named
from boundcalc.symbols import S_frobenius, b_k, d_M, m, symbol, u_coordinate, u_fourth
from boundcalc.theorems import Theorem

S_maximum = symbol(
    "S_maximum",
    r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_{\max}",
    "expected largest entry of the signed second moment",
)

EXACT = named("norm_ball", norm="maximum")

#: The largest <A, uu^T> for a matrix of norm 1.
DISTANCE = b_k**2
ENTRIES = sqrt(2 * log(d_M * (d_M + 1)))

MASSART = EXACT.at_most(
    S_maximum,
    Min(b_k**2 * ENTRIES / sqrt(m), S_frobenius),
    because="Massart over the d(d+1)/2 different entries and both signs, each a signed sum of products of at most b^2; an "
    "entry is at most the Frobenius norm",
    cites="lemmas.massart",
)

THEOREM = Theorem(
    key="comparators.l1_ball",
    number="-",
    title="Entrywise l1 norm ball",
    claim="R_M <= radius min(b^2 sqrt(2 log(d(d+1))), B^2)/sqrt(m) + (t_max - t_min)/(2 sqrt(m)) for metrics whose entries "
    "sum to at most radius in absolute value; |u_j| <= b.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=cao2016(),
    assumptions=(*ASSUMPTIONS, "every coordinate of x - x' is at most b_k in absolute value"),
    variants=norm_ball_forms(
        S_maximum,
        exact=EXACT,
        mean=(MASSART, *MEAN),
        worst=(*WORST, capped(b_k**2 * ENTRIES)),
        data=Min(ENTRIES * sqrt(u_coordinate), sqrt(u_fourth)),
        data_because="Massart given the pairs: sum_i u_ij^2 u_ik^2 <= max_j sum_i u_ij^4 by Cauchy-Schwarz; or the Frobenius "
        "norm",
        distance=DISTANCE,
        distance_because="the entries of uu^T are at most b^2",
    ),
)
