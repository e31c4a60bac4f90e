"""Matrices of bounded trace norm: in the worst case as Frobenius, but given the pairs a spread spectrum helps."""

from sympy import Min, log, sqrt

from boundcalc.catalogue.comparators.frobenius_ball import MEAN, WORST
from boundcalc.catalogue.norm_balls import ASSUMPTIONS, norm_ball_forms
from boundcalc.catalogue.sources import cao2016
from boundcalc.statements.derivation import named
from boundcalc.symbols import B, S_frobenius, d_M, symbol, u_fourth, u_operator
from boundcalc.theorems import Theorem

S_operator = symbol(
    "S_operator",
    r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_{\rm op}",
    "expected operator norm of the signed second moment",
)

EXACT = named("norm_ball", norm="operator")

#: The largest <A, uu^T> for a matrix of norm 1.
DISTANCE = B**2

SMALLER = EXACT.at_most(S_operator, S_frobenius, because="the operator norm is at most the Frobenius norm")

THEOREM = Theorem(
    key="comparators.trace_ball",
    number="-",
    title="Trace norm ball",
    claim="R_M <= radius B^2/sqrt(m) + (t_max - t_min)/(2 sqrt(m)) for metrics of trace norm at most radius.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=cao2016(),
    assumptions=ASSUMPTIONS,
    variants=norm_ball_forms(
        S_operator,
        exact=EXACT,
        mean=(SMALLER, *MEAN),
        worst=WORST,
        data=Min(sqrt(2 * log(2 * d_M) * u_operator), sqrt(u_fourth)),
        data_because="the matrix Khinchin inequality (Tropp 2012, User-friendly tail bounds, Theorem 4.1): "
        "E||sum sigma_i X_i||_op <= sqrt(2 log(2d) ||sum X_i^2||_op) with X_i = u_i u_i^T; or the Frobenius norm",
        distance=DISTANCE,
        distance_because="the operator norm of uu^T is ||u||^2 <= B^2",
    ),
    remarks=(
        "At the worst pairs, all along one direction, the factor sqrt(2 log(2d)) > 1 never pays: the worst case is that of "
        "the Frobenius ball, with a radius that is never smaller.",
    ),
)
