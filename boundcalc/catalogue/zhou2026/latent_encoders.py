"""Linear encoders into q dimensions: the latent distance is a Mahalanobis distance of low rank.

W = [W_1 ... W_K] with operator norm at most s and rank at most q; ||W u||^2 = u^T A u, 0 <= A = W^T W <= s^2 I. An item
of modality a against one of modality b is the difference u = [x; -x'].
"""

from dataclasses import replace

from sympy import Min, Rational, sqrt

from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.sources import zhou2026
from boundcalc.catalogue.zhou2026.metric_complexity import SAMPLE, SEPARATE, THRESHOLD
from boundcalc.statements.derivation import Derivation, equal, named
from boundcalc.symbols import (
    R_M,
    B,
    Rad_metric,
    Rhat_metric,
    S_frobenius,
    d_M,
    m,
    q,
    s,
    symbol,
    t_max,
    t_min,
    u_fourth,
    u_root_trace,
)
from boundcalc.theorems import Form, Theorem, by

S_nuclear = symbol(
    "S_nuclear",
    r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_\ast",
    "expected nuclear norm of the signed second moment",
)

ENCODER_SAMPLES = named("encoder_samples")
ENCODERS = named("encoders")

#: No average of scores can be larger.
CAP = (s**2 * B**2 + t_max - t_min) / 2

SHARP = Derivation(
    quantity=R_M,
    steps=(
        SEPARATE,
        ENCODERS.at_most(
            Rad_metric,
            s**2 * Min(sqrt(q) * S_frobenius, S_nuclear / 2),
            because="the supremum over A is s^2 times the sum of the q largest positive eigenvalues of the signed second "
            "moment, at most sqrt(q) times its Frobenius norm; without the rank it is half the nuclear norm, on average",
        ),
        ENCODERS.at_most(
            S_frobenius, B**2 / sqrt(m), because="Jensen: E||sum sigma_i u_i u_i^T||_F <= sqrt(sum ||u_i||^4)"
        ),
        ENCODERS.at_most(
            S_nuclear,
            B**2 * Min(sqrt(d_M) / sqrt(m), 1),
            because="concavity of the trace of the square root; the rank is at most min(d, m)",
        ),
        equal(
            Min(B**2 * sqrt(q) / sqrt(m), B**2 * Min(sqrt(d_M) / sqrt(m), 1) / 2),
            B**2 * Min(sqrt(q) / sqrt(m), sqrt(d_M) / (2 * sqrt(m)), Rational(1, 2)),
            because="a common factor",
        ),
        *THRESHOLD,
    ),
)

DATA = Derivation(
    quantity=R_M,
    steps=(
        SEPARATE,
        by(
            bounded_differences.THEOREM,
            Rad_metric,
            form="independent",
            EPhi_m=Rhat_metric,
            c=s**2 * B**2 / 2,
            event=SAMPLE,
            experiment=ENCODER_SAMPLES,
            because="replacing one pair moves the empirical complexity by at most s^2 B^2/(2m): averaged over its sign, a "
            "pair adds between 0 and half of s^2 ||u||^2",
        ),
        ENCODER_SAMPLES.at_most(
            Rhat_metric,
            s**2 / m * Min(sqrt(q) * sqrt(u_fourth), u_root_trace / 2),
            because="the two bounds of the sharp form, given the pairs",
        ),
        *THRESHOLD,
    ),
)

THEOREM = Theorem(
    key="zhou2026.latent_encoders",
    number="-",
    title="Complexity of linear encoders",
    claim="R_M <= s^2 B^2 min(sqrt(q), sqrt(min(d, m))/2)/sqrt(m) + (t_max - t_min)/(2 sqrt(m)).",
    quantity="Rademacher complexity of rank-q encoders over m independent pairs",
    source=replace(zhou2026("Theorem 3.18, for full matrices"), place="Theorem 3.18, carried over to encoders (ours)"),
    assumptions=(
        "the joint encoder is linear, of operator norm at most s and rank at most q",
        "||u|| <= B for the (stacked) pair differences, known before the data are seen",
    ),
    variants={"sharp": Form(SHARP, trivial=CAP), "data": Form(DATA, trivial=CAP)},
    remarks=("A non-linear module is not covered: only the certificate of a fixed model applies to it.",),
)
