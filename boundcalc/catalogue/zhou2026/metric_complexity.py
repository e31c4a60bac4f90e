"""Theorem 3.18: the complexity of scoring pairs by a threshold minus a Mahalanobis distance.

The class is {(x, x') -> t - D_A(x, x')}: metric weights in [lam_min, lam_max], thresholds in [t_min, t_max]. On m
independent pairs with differences u_i let v_ik = u_ik^2 (for blocks, the squared norm of u_i on block k); sum_k v_ik
<= B^2. With Lam = lam_max - lam_min, tau = t_max - t_min and g_M free weights:

>>> from boundcalc import theorem
>>> theorem("zhou2026.metric_complexity").bound().compact
B**2*Lam*Min(1, sqrt(g_M)/sqrt(m))/2 + tau/(2*sqrt(m))
"""

from sympy import Min, log, sqrt

from boundcalc.catalogue.chains import self_bounding
from boundcalc.catalogue.lemmas import bounded_differences, massart
from boundcalc.catalogue.sources import zhou2026
from boundcalc.statements.derivation import Derivation, Event, equal, named
from boundcalc.symbols import (
    DERIVED,
    R_M,
    B,
    Lam,
    Rad_metric,
    Rad_threshold,
    Rhat,
    Rhat_mc,
    Rhat_metric,
    S,
    W,
    g_M,
    kappa_M,
    m,
    p,
    symbol,
    tau,
)
from boundcalc.theorems import Form, Provenance, Theorem, by

S_abs = symbol(
    "S_abs",
    r"\tfrac1m\mathbb E\sum_k\mathbb E_\sigma|\sum_i\sigma_iv_{ik}|",
    "mean over the pairs of the summed absolute Rademacher sums",
)
S_root = symbol("S_root", r"\tfrac1m\mathbb E\sum_k(\sum_iv_{ik}^2)^{1/2}", "the same with root sums of squares")
S_square = symbol("S_square", r"\mathbb E\sum_{i,k}v_{ik}^2", "expected sum of squares of the pair features")
sign_sum = symbol("sign_sum", r"\mathbb E|\sum_{i\le m}\sigma_i|", "expected absolute sum of m random signs")

METRIC = named("metric")
METRIC_SAMPLES = named("metric_samples")

SAMPLE = Event("empirical complexity", "the empirical complexity is not far below its expectation")
DRAWS = Event("Monte-Carlo draws", "the mean over the drawn signs is not far below the empirical complexity")

#: No average of scores can be larger: weights and threshold centred, signs chosen to fit.
CAP = (Lam.subs(DERIVED) * B**2 + tau.subs(DERIVED)) / 2

SEPARATE = METRIC.equal(
    R_M,
    Rad_metric + Rad_threshold,
    because="weights and threshold range independently: the supremum of the sum is the sum of the suprema",
)
THRESHOLD = (
    METRIC.equal(
        Rad_threshold,
        tau / (2 * m) * sign_sum,
        because="sup over t of t sum_i sigma_i, centred at the middle of the range",
    ),
    METRIC.at_most(sign_sum, sqrt(m), because="E|X| <= sqrt(E X^2), and the signs are independent"),
)
VERTICES = METRIC.equal(
    Rad_metric,
    Lam / 2 * S_abs,
    because="a linear form on a box is largest at a vertex; centred weights are +-Lam/2, chosen weight by weight",
)

SHARP = Derivation(
    quantity=R_M,
    steps=(
        SEPARATE,
        VERTICES,
        METRIC.at_most(
            S_abs,
            Min(B**2, S_root),
            because="E|X| <= sqrt(E X^2) for each weight; and |sum_i sigma_i v_ik| <= sum_i v_ik with sum_k v_ik <= B^2",
        ),
        METRIC.at_most(
            S_root, sqrt(g_M * S_square) / m, because="Cauchy-Schwarz over the g_M weights, Jensen over the sample"
        ),
        METRIC.at_most(S_square, m * B**4, because="sum_k v_ik^2 <= (sum_k v_ik)^2 <= B^4 for each of the m pairs"),
        equal(
            Min(B**2, B**2 * sqrt(g_M) / sqrt(m)),
            B**2 * Min(1, sqrt(g_M / m)),
            because="B^2 is a common factor",
        ),
        *THRESHOLD,
    ),
)

PAPER = Derivation(
    quantity=R_M,
    steps=(
        SEPARATE,
        by(
            massart.THEOREM,
            Rad_metric,
            rho_A=Lam / 2 * B**2 * sqrt(m),
            card_A=p**g_M,
            experiment=METRIC,
            because="p values per weight give p^g_M vectors (the 2^g_M vertices stand for the whole box); centred, each "
            "coordinate is at most (Lam/2) B^2",
        ),
        equal(log(p**g_M), g_M * log(p), because="the logarithm of a power"),
        *THRESHOLD,
    ),
)

DATA = Derivation(
    quantity=R_M,
    steps=(
        by(
            bounded_differences.THEOREM,
            R_M,
            form="independent",
            EPhi_m=Rhat,
            c=Lam * B**2 / 2,
            event=SAMPLE,
            experiment=METRIC_SAMPLES,
            because="bounded differences for -Rhat, whose expectation is -R_M: replacing one pair moves Rhat by at most "
            "Lam B^2/(2m), since v -> E|X + sigma v| rises on v >= 0 by at most v; the threshold's share is no function "
            "of the data",
        ),
    ),
)

SELF = Derivation(
    quantity=R_M,
    steps=(
        SEPARATE,
        self_bounding(
            Rhat_metric,
            Lam * B**2 / 2,
            experiment=METRIC_SAMPLES,
            because="m Rhat/W_0 with W_0 = Lam B^2/2 is self-bounding, so its lower tail is at most exp(-t^2/(2E)); "
            "solved for the expectation",
        ),
        *THRESHOLD,
    ),
)

MONTE_CARLO = Derivation(
    quantity=R_M,
    steps=(
        SEPARATE,
        by(
            bounded_differences.THEOREM,
            Rad_metric,
            form="independent",
            EPhi_m=Rhat_metric,
            c=Lam * B**2 / 2,
            event=SAMPLE,
            experiment=METRIC_SAMPLES,
            because="bounded differences, as for the data form",
        ),
        named("sign_draws").at_most(
            Rhat_metric,
            Rhat_mc + W * sqrt(log(1 / DRAWS.symbol) / (2 * S)),
            because="Hoeffding over S independent sign vectors: one draw's supremum lies in [0, W]",
            events=(DRAWS,),
            cites="Hoeffding 1963, Theorem 2",
        ),
        *THRESHOLD,
    ),
)

KAPPA = Derivation(
    quantity=R_M,
    steps=(
        METRIC.at_most(
            R_M,
            kappa_M / sqrt(m),
            because="kappa_M = (Lam/2) sum_k sqrt(E v_k^2) + tau/2: E|X| <= sqrt(E X^2), then Jensen over the sample "
            "(for full matrices, concavity of the trace of the square root)",
        ),
    ),
)

THEOREM = Theorem(
    key="zhou2026.metric_complexity",
    number="Theorem 3.18",
    title="Complexity of the metric class",
    claim="R_M <= (Lam/2) B^2 min(1, sqrt(g_M/m)) + (t_max - t_min)/(2 sqrt(m)).",
    quantity="Rademacher complexity of M's class over m independent pairs",
    source=zhou2026("Theorem 3.18, eq. (6)"),
    assumptions=(
        "metric eigenvalues in [lam_min, lam_max]",
        "||x - x'|| <= B on the subset, known before the data are seen",
        "weights on a finite grid or in the whole box",
    ),
    variants={
        "sharp": Form(SHARP, trivial=CAP, remarks=("Worst case over all pairs in the ball (Khinchin's inequality).",)),
        "paper": Form(
            PAPER,
            trivial=CAP,
            provenance=Provenance.RECONSTRUCTED,
            remarks=("Massart's lemma on the vertices; above the sharp form by a factor sqrt(2 log p) >= 1.177.",),
        ),
        "data": Form(DATA, trivial=CAP, remarks=("From the empirical complexity of the training pairs.",)),
        "kappa": Form(KAPPA, remarks=("One pilot sample bounds kappa_M, and so speaks about every planned n.",)),
        "self_bounding": Form(
            SELF,
            trivial=CAP,
            remarks=(
                "Rhat_metric is the empirical complexity without the threshold's share. Smaller than the data form "
                "except for tiny m; which of the two is used is fixed in advance, or delta is split.",
            ),
        ),
        "monte_carlo": Form(
            MONTE_CARLO, trivial=CAP, remarks=("When the empirical complexity itself is estimated by S draws.",)
        ),
    },
    remarks=(
        "For full matrices (structure 'full') put g_M = d_M: R <= (Lam/2) B^2 sqrt(min(d,m)/m) by the nuclear norm. The "
        "source argues by the spectral theorem, which diagonalises one matrix but not a class.",
        "Granularity costs complexity: refining a partition of the coordinates never lowers the empirical complexity.",
        "A scaler fitted on the training data certifies neither B nor the class.",
    ),
)
