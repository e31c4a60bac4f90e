"""The hold-out term of a plan against exact binomial tails, losses that do not start at 0 included."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

import boundcalc as bc

CHERNOFF = bc.theorem("lemmas.chernoff_u").bound()


def worst_failure(m: int, delta: float, *, least: float, span: float, shrink: float = 1.0) -> float:
    """The largest P(r > rhat + term) over Bernoulli losses least + span {0, 1}, rhat a mean of m independent pairs.

    The term rises in rhat, so that failures are the counts below a threshold; the supremum over r is approached just above
    each count's upper value.
    """
    counts = np.arange(m + 1)
    rhat = least + span * counts / m
    ranges, risks = (xr.DataArray(column, dims="count") for column in (np.maximum(span, rhat), rhat))
    upper = rhat + shrink * CHERNOFF.evaluate(n=2 * m, delta=delta, C=ranges, rhat_0=risks).values
    p = (upper - least) / span
    inside = p < 1
    return float(binom.cdf(counts[inside], m, p[inside]).max(initial=0.0))


@pytest.mark.parametrize("delta", [0.3, 0.05, 1e-4])
@pytest.mark.parametrize(("least", "span"), [(0.0, 1.0), (0.05, 4.0), (0.7, 0.2)])
def test_it_never_fails_more_often_than_delta(delta, least, span):
    worst = [worst_failure(m, delta, least=least, span=span) for m in (1, 2, 5, 20, 200, 3000)]
    assert max(worst) <= delta
    assert least > 0 or max(worst) > delta / 20


def test_a_smaller_term_would_fail():
    assert worst_failure(200, 0.05, least=0.0, span=1.0, shrink=0.6) > 0.05


def test_it_is_never_worse_than_hoeffding():
    rng = np.random.default_rng(0)
    plain = bc.theorem("lemmas.hoeffding_u").bound()
    for _ in range(50):
        m, delta, span = int(rng.integers(1, 10**4)), rng.uniform(1e-6, 1), rng.uniform(0.1, 9)
        relative = float(CHERNOFF.evaluate(n=2 * m, delta=delta, C=span, rhat_0=rng.uniform(0, span)))
        assert relative <= float(plain.evaluate(n=2 * m, delta=delta, C=span)) * (1 + 1e-12)
