"""Matrices of bounded l(2,1) norm (sum of the lengths of the columns): whole features can be left out."""

from sympy import Min, sqrt

from boundcalc.catalogue.comparators.frobenius_ball import MEAN, WORST
from boundcalc.catalogue.norm_balls import ASSUMPTIONS, capped, longest, norm_ball_forms
from boundcalc.catalogue.sources import cao2016
from boundcalc.statements.derivation import named
from boundcalc.symbols import B, S_frobenius, b_k, d_M, m, symbol, u_column, u_fourth
from boundcalc.theorems import Theorem

S_column = symbol(
    "S_column",
    r"\tfrac1m\mathbb E\max_j\|\sum_i\sigma_iu_{ij}u_i\|",
    "expected length of the longest column of the signed second moment",
)

EXACT = named("norm_ball", norm="column")

#: The largest <A, uu^T> for a matrix of norm 1.
DISTANCE = b_k * B
FREE, BEST, TUNED = longest(d_M)

LONGEST = EXACT.at_most(
    S_column,
    Min(b_k * B * sqrt(FREE) / sqrt(m), S_frobenius),
    because="a column is a sum of signed vectors whose squared lengths u_ij^2 ||u_i||^2 sum to at most m b^2 B^2; with V that "
    "sum E exp(s ||S_j||^2/(2V)) <= (1 - s)^(-1/2), then Jensen over the d columns, s = lam/(1 + lam); a column is at most "
    "the Frobenius norm",
)

THEOREM = Theorem(
    key="comparators.l21_ball",
    number="-",
    title="l(2,1) norm ball",
    claim="R_M <= radius min(b B sqrt(1 + 2 sqrt(log d) + 2 log d), B^2)/sqrt(m) + (t_max - t_min)/(2 sqrt(m)) for metrics "
    "whose columns' lengths sum to at most radius; |u_j| <= b.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=cao2016(),
    assumptions=(*ASSUMPTIONS, "every coordinate of x - x' is at most b_k in absolute value"),
    variants=norm_ball_forms(
        S_column,
        exact=EXACT,
        mean=(LONGEST, TUNED, *MEAN),
        worst=(*WORST, capped(b_k * B * sqrt(BEST))),
        data=Min(sqrt(BEST * u_column), sqrt(u_fourth)),
        data_because="the same given the pairs, the squared lengths of column j summing to sum_i u_ij^2 ||u_i||^2",
        distance=DISTANCE,
        distance_because="the columns of uu^T have lengths |u_j| ||u|| <= b B",
    ),
)
