"""What the classes of matrices of bounded norm have in common: {(x, x') -> t - <A, uu^T> : ||A|| <= radius}, u = x - x'.

The supremum of a linear form over a ball is the dual norm, so the complexity is radius/m times the expected dual norm
of sum_i sigma_i u_i u_i^T; the classes differ in how that norm is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import Interval, Max, Min, log, sqrt

from boundcalc.catalogue.chains import self_bounding
from boundcalc.catalogue.lemmas import bounded_differences
from boundcalc.catalogue.zhou2026 import uniform_deviation
from boundcalc.catalogue.zhou2026.metric_complexity import SAMPLE, THRESHOLD
from boundcalc.statements.derivation import Derivation, Named, Step, at_most, equal
from boundcalc.symbols import R_M, B, C, L, Rad_metric, Rad_threshold, Rhat_metric, lam, m, r_M, radius, t_max, t_min
from boundcalc.theorems import Form, by

#: Shares of delta are probabilities, so that their logarithms have a sign.
_SHARES = {uniform_deviation.UNIFORM.symbol: Interval.open(0, 1)}

__all__ = ["ASSUMPTIONS", "capped", "longest", "norm_ball_forms", "signed_sums"]

ASSUMPTIONS = (
    "the score is t - <A, uu^T> with u = x - x', t in [t_min, t_max]",
    "the norm of A is at most radius, fixed before the sample is drawn; A is a metric (positive semidefinite) where the range "
    "of the loss is spoken of",
    "||x - x'|| <= B on the subset, known before the data are seen",
)


def longest(count: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr, Step]:
    """Return what the longest of ``count`` signed sums of vectors costs: with a free parameter, at its value, and the step.

    E max_j ||S_j||^2 <= V (1 + 1/lam)(2 log count + log(1 + lam)) where each S_j is a sum of signed vectors whose squared
    lengths sum to at most V; lam = exp(2 sqrt(log count)) - 1 gives 1 + 2 sqrt(log count) + 2 log count.
    """
    free = 2 * log(count) + log(1 + lam) + (2 * log(count) + log(1 + lam)) / lam
    best = 1 + 2 * sqrt(log(count)) + 2 * log(count)
    return (
        free,
        best,
        at_most(
            free,
            best,
            definitions={lam: sympy.exp(2 * sqrt(log(count))) - 1},
            because="at lam = exp(x) - 1 with x = 2 sqrt(log): exp(x) >= 1 + x + x^2/2",
        ),
    )


def capped(value: sympy.Expr) -> Step:
    """Return the step that takes 1/sqrt(m) out of a worst case that is at most the Frobenius ball's."""
    both = Min(value / sqrt(m), B**2 / sqrt(m))
    return equal(both, Min(value, B**2) / sqrt(m), because="a common factor")


def signed_sums(dual: sympy.Expr, exact: Named) -> tuple[Step, Step]:
    """Return the steps from the complexity to the expected dual norm (over m), and to the threshold's share."""
    return (
        exact.equal(
            R_M,
            Rad_metric + Rad_threshold,
            because="matrix and threshold range independently: the supremum of the sum is the sum of the suprema",
        ),
        exact.equal(
            Rad_metric,
            radius * dual,
            because="a linear form is at most radius times the dual norm on the ball, and attains it",
        ),
    )


def norm_ball_forms(
    dual: sympy.Expr,
    *,
    exact: Named,
    mean: Sequence[Step],
    worst: Sequence[Step],
    data: sympy.Expr,
    data_because: str,
    distance: sympy.Expr,
    distance_because: str,
    metric: bool = True,
) -> dict[str, Form]:
    """Return a norm ball's forms.

    Parameters
    ----------
    dual : sympy.Expr
        The expected dual norm, over m.
    exact : Named
        The ball over all signs and samples; the same options name its empirical complexity over all samples.
    mean : sequence of Step
        From it to the expectation over one pair.
    worst : sequence of Step
        From there to the worst case over all pairs.
    data : sympy.Expr
        What bounds the dual norm's mean over the signs, given the pairs.
    data_because, distance_because : str
        Why.
    distance : sympy.Expr
        The largest <A, uu^T> for a matrix A of norm 1.
    metric : bool
        Whether A is also positive semidefinite when the loss's range is spoken of.
    """
    samples = Named("norm_samples", exact.options)
    separate, duality = signed_sums(dual, exact)
    given = samples.at_most(Rhat_metric, radius / m * data, because=data_because)
    weight = radius * distance
    whole = (separate, duality, *mean, *worst, *THRESHOLD)
    cap = (2 * weight + t_max - t_min) / 2
    span = Max(weight - t_min, t_max if metric else t_max + weight)
    return {
        "sharp": Form(Derivation(R_M, whole), trivial=cap, remarks=("Worst case over all pairs in the ball.",)),
        "data": Form(
            Derivation(
                R_M,
                (
                    separate,
                    by(
                        bounded_differences.THEOREM,
                        Rad_metric,
                        form="independent",
                        EPhi_m=Rhat_metric,
                        c=weight,
                        event=SAMPLE,
                        experiment=samples,
                        because="averaged over its sign, a pair adds between 0 and its own dual norm to the empirical "
                        "complexity: " + distance_because,
                    ),
                    given,
                    *THRESHOLD,
                ),
            ),
            trivial=cap,
            remarks=("From the training pairs, by bounded differences.",),
        ),
        "self_bounding": Form(
            Derivation(
                R_M,
                (
                    separate,
                    self_bounding(
                        radius / m * data,
                        weight,
                        experiment=samples,
                        because="m Rhat/W_0 with W_0 the largest value that one pair adds is self-bounding, so its lower "
                        "tail is at most exp(-t^2/(2E)); solved for the expectation, it rises in Rhat. " + data_because,
                    ),
                    *THRESHOLD,
                ),
            ),
            trivial=cap,
            remarks=("From the training pairs; smaller than the data form except for tiny m.",),
        ),
        "mean": Form(
            Derivation(R_M, (separate, duality, *mean, *THRESHOLD)),
            trivial=cap,
            remarks=("One pilot sample bounds the expectation over a pair, and so speaks about every planned n.",),
        ),
        "hinge": Form(
            Derivation(
                r_M,
                (
                    *_deviation(exact),
                    exact.at_most(
                        C,
                        1 + span,
                        kind="infimum",
                        because=f"the score lies in [t_min - radius D, t_max{' + radius D' * (not metric)}], and the hinge "
                        "loss is at most 1 plus the largest absolute score: " + distance_because,
                    ),
                    *whole,
                ),
                domains=_SHARES,
            ),
            trivial=1 + span,
            remarks=(
                f"A whole risk bound for the hinge loss{' and metrics (A also positive semidefinite)' * metric}. For another "
                "loss put the complexity into zhou2026.uniform_deviation, with C from the same range of scores.",
            ),
        ),
    }


def _deviation(exact: Named) -> tuple[Step, ...]:
    """Return the steps from the risk to empirical risk, complexity and range of the hinge loss."""
    return (
        by(
            uniform_deviation.THEOREM,
            r_M,
            event=uniform_deviation.UNIFORM,
            because="the class is fixed in advance",
            experiment=uniform_deviation.TRIED,
        ),
        at_most(
            L,
            1,
            because="the hinge loss max(0, 1 - s f) is 1-Lipschitz in the score f",
            kind="infimum",
            experiment=exact,
        ),
    )
