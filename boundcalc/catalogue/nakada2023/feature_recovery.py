"""How many aligned pairs recover the common features of two modalities, some of them with the wrong partner.

The features are the left singular vectors of S = E x xt^T, of rank r; the estimate is that of the sample mean. A share
p_mis of the pairs has independent partners: it shrinks the signal, not the noise.

>>> from boundcalc import minimal_n, theorem
>>> bound = theorem("nakada2023.feature_recovery").bound()
>>> about = dict(r=2, s_r=0.4, B_a=1, B_b=1, v=0.3, d_a=6, d_b=5, delta=0.1)
>>> [int(minimal_n(bound, target=0.3, p_mis=p, **about)) for p in (0, 0.5)]
[666, 2482]
"""

from sympy import Interval, Max, Range, log, oo, sqrt

from boundcalc.catalogue.sources import nakada2023, tropp2012
from boundcalc.statements.derivation import Derivation, Event, named
from boundcalc.symbols import NONNEGATIVE, POSITIVE, n, s_r, symbol
from boundcalc.theorems import Form, Theorem

_COUNT = Range(1, oo)
sin_theta = symbol(
    "sin_theta",
    r"\|\sin\Theta\|_F",
    "distance of the estimated from the true feature space (Frobenius norm of the sines)",
)
E_op = symbol("E_op", r"\|\hat S-(1-p)S\|_{\rm op}", "operator norm of the sampling error of the cross-covariance")
r = symbol("r", r"r", "rank of the cross-covariance: number of common features", _COUNT, group="metric")
p_mis = symbol("p_mis", r"p", "share of pairs with independent partners", Interval.Ropen(0, 1), group="sample")
B_a = symbol("B_a", r"B_a", "radius of the first modality's ball", POSITIVE, group="metric")
B_b = symbol("B_b", r"B_b", "radius of the second modality's ball", POSITIVE, group="metric")
d_a = symbol("d_a", r"d_a", "dimension of the first modality", _COUNT, group="metric")
d_b = symbol("d_b", r"d_b", "dimension of the second modality", _COUNT, group="metric")
v = symbol("v", r"v", "max(B_b^2 ||E x x^T||, B_a^2 ||E xt xt^T||), at most B_a^2 B_b^2", POSITIVE, group="metric")

s_hat = symbol(
    "s_hat", r"\hat s_r", "r-th singular value of the sample's cross-covariance", NONNEGATIVE, group="metric"
)

COVARIANCE = Event("cross-covariance", "the sampling error of the cross-covariance is small in operator norm")

_log = log((d_a + d_b) / COVARIANCE.symbol)
_large = 2 * B_a * B_b * _log / (3 * n)

_ANGLES = "with S's orthogonal complement P: P Uhat Sighat = P E Vhat, as P S = 0, so the sines are at most sqrt(r) ||E||/sighat_r"


def _recovered(ratio, because):
    """Return the steps from how many times the sampling error a singular value is."""
    return Derivation(
        quantity=sin_theta,
        steps=(
            named("perturbed_matrix").at_most(
                sin_theta,
                sqrt(r) / Max(1, ratio),
                because=f"{_ANGLES}{because}; never more than sqrt(r)",
                kind="infimum",
            ),
            named("mismatched_pairs").at_most(
                E_op,
                _large + sqrt(_large**2 + 2 * v * _log / n),
                because="matrix Bernstein for the n independent centred matrices x xt^T, of norm at most 2 B_a B_b and variance "
                "at most v, solved for the deviation; a pair with an independent partner has mean 0 and no larger variance",
                events=(COVARIANCE,),
                cites=str(tropp2012("Theorem 1.6")),
            ),
        ),
        where={},
        domains={COVARIANCE.symbol: Interval.open(0, 1)},
    )


SHARP = _recovered((1 - p_mis) * s_r / E_op - 1, ", and sighat_r >= (1 - p) s_r - ||E|| (Weyl)")
DATA = _recovered(s_hat / E_op, "")

THEOREM = Theorem(
    key="nakada2023.feature_recovery",
    number="-",
    title="Recovery of common features",
    claim="With probability at least 1 - delta: ||sin Theta||_F <= sqrt(r) min(1, t/((1 - p) s_r - t)) if (1 - p) s_r > t, else "
    "sqrt(r); t = a + sqrt(a^2 + 2 v l/n), a = 2 B_a B_b l/(3n), l = log((d_a + d_b)/delta).",
    quantity="distance of the estimated from the true feature space of one modality",
    source=nakada2023("Theorem 3.1, of unknown constant; constants derived here"),
    assumptions=(
        "n independent pairs, ||x|| <= B_a and ||xt|| <= B_b, both centred (known in advance)",
        "the cross-covariance of a true pair has rank r and smallest singular value s_r",
        "a share p_mis of the pairs has partners drawn independently, not shuffled among themselves",
    ),
    unit="examples",
    variants={
        "sharp": Form(SHARP, trivial=sqrt(r)),
        "data": Form(
            DATA,
            trivial=sqrt(r),
            remarks=(
                "From the singular value that the sample shows: neither s_r nor the share of wrong pairs is needed. Certified "
                "where the radii are known in advance, with v = B_a^2 B_b^2.",
            ),
        ),
    },
    remarks=("Both modalities' features are recovered on the same event.",),
)
