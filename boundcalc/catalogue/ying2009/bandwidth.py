"""Learning the bandwidth of a Gaussian pair kernel: the complexity of {u -> exp(-t ||u||^2) : t >= 0} has no dimension.

Each of these functions is a mixture of the indicators of ||u||^2 <= a, so that only the largest partial sum of m signs counts.

>>> from boundcalc import theorem
>>> theorem("ying2009.bandwidth").bound().compact
sqrt(2)/(sqrt(pi)*sqrt(m))
"""

from sympy import log, pi, sqrt

from boundcalc.catalogue.sources import ying2009
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import R_M, K, m, symbol
from boundcalc.theorems import Form, Theorem

walk_max = symbol(
    "walk_max", r"\mathbb E\max_{k\le m}S_k", "expected largest partial sum of m signs, the empty one included"
)
walks_max = symbol(
    "walks_max", r"\mathbb E\max_j\max_kS^{(j)}_k", "the same, the largest over K orders of the same signs"
)
walk_end = symbol("walk_end", r"\mathbb E|S_m|", "expected absolute sum of m signs")
walk_up = symbol("walk_up", r"P(S_m>0)", "chance that the sum of m signs is positive")

BANDWIDTHS = named("bandwidths")
MODALITIES = named("bandwidths", modalities=True)

_MIXTURE = (
    "exp(-t a) is the mixture over s of 1[a <= s] with density t exp(-t s): the supremum over t is at most that over indicators, "
    "which take the pairs in the order of their lengths"
)

SHARP = Derivation(
    quantity=R_M,
    steps=(
        BANDWIDTHS.at_most(R_M, walk_max / m, because=_MIXTURE),
        BANDWIDTHS.equal(
            walk_max,
            walk_end - walk_up,
            because="reflection: P(max_k S_k >= j) = P(S_m >= j) + P(S_m > j), summed over j >= 1",
        ),
        named("walks").at_most(
            walk_end - walk_up,
            sqrt(2 * m / pi),
            because="for even m E|S_m| = m C(m, m/2)/2^m <= sqrt(2m/pi); for odd m it is E|S_{m+1}|, and P(S_m > 0) = 1/2 pays for "
            "the difference",
        ),
    ),
)

MANY = Derivation(
    quantity=R_M,
    steps=(
        MODALITIES.at_most(
            R_M,
            walks_max / m,
            because="a convex combination of modalities is at most the largest; then as for one",
        ),
        MODALITIES.at_most(
            walks_max,
            sqrt(2 * m) * (sqrt(log(2 * K)) + 1 / (2 * sqrt(log(2 * K)))),
            because="P(max_k S_k >= x) <= 2 exp(-x^2/(2m)) for each order, a union over K, integrated from sqrt(2 m log(2K)) on",
        ),
    ),
)

THEOREM = Theorem(
    key="ying2009.bandwidth",
    number="-",
    title="Learnt bandwidth",
    claim="R_M <= sqrt(2/(pi m)) for {(x, x') -> exp(-t ||x - x'||^2) : t >= 0}, in every dimension.",
    quantity="Rademacher complexity of the class over m independent pairs",
    source=ying2009("the problem of learning a Gaussian kernel; bound derived here"),
    assumptions=("the score is exp(-t ||x - x'||^2) with any t >= 0, up to a fixed threshold and sign",),
    variants={
        "sharp": Form(SHARP),
        "modalities": Form(
            MANY,
            remarks=(
                "Convex combinations of K modalities, each with its own bandwidth; weights and bandwidths are learnt.",
            ),
        ),
    },
    remarks=("In place of the work's chaos constant (192 e + 1) kap^2, from memory.",),
)
