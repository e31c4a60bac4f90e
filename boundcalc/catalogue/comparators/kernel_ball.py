"""A ball in the feature space of a pair kernel; over several views, the sum of the views' squared inner products.

With k(u, u') = sum_k <u^(k), u'^(k)>^2 the ball holds the block-diagonal metrics of Frobenius norm at most radius, and
kap^2 = sum_k B_k^4 is smaller than the B^4 of all matrices. A standard argument, of no work of Table 1: the theorem of Huusari,
Kadri, Capponi 2018 is of another, pointwise class (huusari2018.pointwise).
"""

from sympy import sqrt

from boundcalc.catalogue.norm_balls import norm_ball_forms
from boundcalc.catalogue.sources import bartlett2002
from boundcalc.statements.derivation import named
from boundcalc.symbols import gram_trace, k_mean, kap, m, symbol
from boundcalc.theorems import Theorem

S_kernel = symbol(
    "S_kernel",
    r"\tfrac1m\mathbb E\|\sum_i\sigma_i\varphi(u_i)\|",
    "expected length of the signed sum of kernel features",
)

EXACT = named("norm_ball", norm="kernel")

#: The largest <A, uu^T> for a matrix of norm 1.
DISTANCE = kap

MEAN = (
    EXACT.at_most(
        S_kernel,
        sqrt(k_mean) / sqrt(m),
        because="Jensen: (E||sum sigma_i phi(u_i)||)^2 <= E sum_i k(u_i, u_i), the signs being independent",
    ),
)

THEOREM = Theorem(
    key="comparators.kernel_ball",
    number="-",
    title="Kernel ball",
    claim="R_M <= radius kap/sqrt(m) + (t_max - t_min)/(2 sqrt(m)) for scores t - <w, phi(x, x')>, ||w|| <= radius, "
    "k(u, u) <= kap^2.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=bartlett2002("derived here for pairs, by the argument of Lemma 22"),
    assumptions=(
        "the score is t - <w, phi(x, x')> with ||w|| <= radius in the feature space of a pair kernel, t in [t_min, t_max]",
        "radius and kernel are fixed before the sample is drawn",
        "k(u, u) <= kap^2 for every pair, known before the data are seen",
    ),
    variants=norm_ball_forms(
        S_kernel,
        exact=EXACT,
        mean=MEAN,
        worst=(EXACT.at_most(k_mean, kap**2, because="k(u, u) <= kap^2 for every pair"),),
        data=sqrt(gram_trace),
        data_because="Jensen given the pairs: E||sum sigma_i phi(u_i)|| <= sqrt(sum k(u_i, u_i))",
        distance=DISTANCE,
        distance_because="||phi(u)|| <= kap",
        metric=False,
    ),
)
