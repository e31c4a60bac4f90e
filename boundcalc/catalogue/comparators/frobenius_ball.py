"""Matrices of bounded Frobenius norm: the complexity is radius B^2/sqrt(m), whatever the dimension.

>>> from boundcalc import theorem
>>> theorem("comparators.frobenius_ball").bound().compact
B**2*radius/sqrt(m) + tau/(2*sqrt(m))
"""

from sympy import sqrt

from boundcalc.catalogue.norm_balls import ASSUMPTIONS, norm_ball_forms
from boundcalc.catalogue.sources import cao2016
from boundcalc.statements.derivation import named
from boundcalc.symbols import B, S_frobenius, m, u4_mean, u_fourth
from boundcalc.theorems import Theorem

EXACT = named("norm_ball", norm="frobenius")

#: The largest <A, uu^T> for a matrix of norm 1.
DISTANCE = B**2

#: The Frobenius norm is the largest of all dual norms here, so that other balls of the same radius are capped by this.
MEAN = (
    EXACT.at_most(
        S_frobenius,
        sqrt(u4_mean) / sqrt(m),
        because="Jensen: (E||sum sigma_i u_i u_i^T||_F)^2 <= E sum_i ||u_i||^4, the signs being independent",
    ),
)
WORST = (EXACT.at_most(u4_mean, B**4, because="||u|| <= B for every pair"),)

THEOREM = Theorem(
    key="comparators.frobenius_ball",
    number="-",
    title="Frobenius norm ball",
    claim="R_M <= radius B^2/sqrt(m) + (t_max - t_min)/(2 sqrt(m)) for metrics of Frobenius norm at most radius.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=cao2016(),
    assumptions=ASSUMPTIONS,
    variants=norm_ball_forms(
        S_frobenius,
        exact=EXACT,
        mean=MEAN,
        worst=WORST,
        data=sqrt(u_fourth),
        data_because="Jensen: E||sum sigma_i u_i u_i^T||_F <= sqrt(sum ||u_i||^4)",
        distance=DISTANCE,
        distance_because="the Frobenius norm of uu^T is ||u||^2 <= B^2",
    ),
    remarks=("Given the pairs the value is right to a factor sqrt(2), by Khinchin's inequality in Hilbert space.",),
)
