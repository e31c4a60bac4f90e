"""The plain functions: closed forms, enumeration, simulation, and rounding to the safe side."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.stats import binom

from boundcalc.certification import values
from boundcalc.certification.deviation import deviation, guessed_variance, rows_needed
from boundcalc.certification.sides import as_upper_risk, log_mean_below, sum_above
from boundcalc.errors import InvalidInputError


def exact_kl(q, p):
    q, p = mpmath.mpf(q), mpmath.mpf(p)
    first = q * mpmath.log(q / p) if q else mpmath.mpf(0)
    second = (1 - q) * mpmath.log((1 - q) / (1 - p)) if q != 1 else mpmath.mpf(0)
    return first + second


def test_the_kl_bound_is_never_below():
    rng = np.random.default_rng(0)
    with mpmath.workdps(40):
        for _ in range(100):
            mean, pairs, delta = float(rng.choice([0.0, rng.random(), rng.random() ** 6])), 10.0 ** rng.random(), 0.05
            bound = values.kl_bound(mean, pairs=pairs, delta=delta)
            assert bound == 1.0 or exact_kl(mean, bound) >= -mpmath.log(delta) / pairs
            assert bound == 1.0 or exact_kl(mean, bound - 1e-9) <= -mpmath.log(delta) / pairs
    assert values.kl_bound(0.0, pairs=2.0, delta=0.05) == pytest.approx(1.0 - 0.05**0.5, rel=1e-13)


def test_kl_and_hoeffding():
    # kl_inverse(.227/3.468, 2 log(20)/277) 3.468 = .449 in certificates.md section 9 (HTAD diagonal).
    assert values.kl_bound(0.227, pairs=277 / 2, delta=0.05, scale=3.468) == pytest.approx(0.449, abs=5e-4)
    assert values.hoeffding_bound(0.227, pairs=138, delta=0.05, scale=3.468) == pytest.approx(0.589, abs=1.5e-3)
    assert values.kl_bound(1.0, pairs=5, delta=0.5) == 1.0
    assert values.hoeffding_bound(0.9, pairs=1, delta=0.01) == 1.0


@pytest.mark.parametrize("delta", [0.3, 0.05])
def test_kl_covers_binomials(delta):
    """Disjoint pairs are the case M = m: the exact failure probability over a grid of risks."""
    for m in (1, 7, 30):
        bounds = np.array([values.kl_bound(k / m, pairs=m, delta=delta) for k in range(m + 1)])
        for risk in np.linspace(0.01, 0.99, 33):
            assert binom.pmf(np.arange(m + 1), m, risk)[bounds < risk].sum() <= delta


def test_matching_bound_is_the_inverse_of_its_claim():
    bound = values.matching_bound(math.log(0.5), pairs=10, kappa=0.8, delta=0.1, scale=2.0)
    assert (1.0 - 0.8 * bound / 2.0) ** 10 == pytest.approx(0.05, rel=1e-10)
    assert values.matching_bound(-1e9, pairs=10, kappa=0.8, delta=0.1, scale=2.0) == 2.0
    assert as_upper_risk(-math.inf, kappa=0.5, scale=3.0, exponent=1.0) == 3.0


def test_betting_on_the_gallery():
    rng = np.random.default_rng(0)
    bound = values.gallery_bound(np.zeros(100), delta=0.05)
    # With no error the best stake is near 1: at theta = 63/64 alone the root of (1 + theta mu/(1 - mu))^100 = 20 is .0302.
    assert 0.0302 < bound < 0.07
    runs, mean = 300, 0.3
    for delta in (0.3, 0.1):
        failed = sum(values.gallery_bound(rng.beta(3.0, 7.0, size=40), delta=delta) < mean for _ in range(runs))
        assert failed <= delta * runs
    shares = rng.beta(3.0, 7.0, size=300)
    scaled = values.gallery_bound(2.0 * shares, delta=0.05, cap=2.0)
    assert scaled == pytest.approx(2.0 * values.gallery_bound(shares, delta=0.05), rel=1e-9)
    assert shares.mean() < scaled / 2.0 < values.kl_bound(shares.mean(), pairs=300, delta=0.05)


def test_betting_covers_two_points_exactly():
    """0-1 shares: the exact failure probability for a grid of means."""
    n = 12
    bounds = np.array([values.gallery_bound(np.arange(n) < k, delta=0.2) for k in range(n + 1)])
    for mean in np.linspace(0.02, 0.98, 25):
        assert binom.pmf(np.arange(n + 1), n, mean)[bounds < mean].sum() <= 0.2


def test_looks_are_roots_and_never_rise():
    logs, sizes, kappas = [-3.0, -1.0, -4.0], [40, 20, 60], [0.9, 0.5, 0.7]
    found = values.looks_bound(logs, sizes=sizes, kappas=kappas, delta=0.1, scale=2.0)
    assert (np.diff(found) <= 0).all()
    one = values.matching_bound(-3.0, pairs=20, kappa=0.9, delta=0.1, scale=2.0)
    assert found[0] == pytest.approx(one, abs=1e-10)
    left = sum(0.5 * n * math.log1p(-k * found[1] / 2.0) for n, k in zip(sizes[:2], kappas[:2], strict=True))
    assert left == pytest.approx(math.log(0.1) - 4.0, abs=1e-8)
    with pytest.raises(InvalidInputError, match="kappas"):
        values.looks_bound([-1.0], sizes=[4], kappas=[1.0], delta=0.1)


def test_looking_after_every_batch_fails_at_most_delta():
    """Pairs with 0-1 errors, kappa .9: the running minimum over ten looks; as ten bounds of their own it is no bound."""
    rng = np.random.default_rng(1)
    risk, delta, runs = 0.3, 0.3, 150
    failed = reset = 0
    for _ in range(runs):
        logs = np.where(rng.random((10, 4)) < risk, math.log(0.1), 0.0).sum(axis=1)
        options = {"sizes": np.full(10, 8), "kappas": np.full(10, 0.9), "delta": delta}
        failed += values.looks_bound(logs, **options)[-1] < risk
        # Forgetting the batches with errors keeps those that happened to go well.
        reset += values.looks_bound(np.sort(logs)[::-1], **options)[-1] < risk
    assert failed <= delta * runs
    assert reset > 2 * delta * runs


def test_pac_bayes():
    # r <= (c/kappa)(1 - exp(-T - (KL + x)/m)); kl(rhat, r) = (KL + log(2 sqrt(m)/delta))/m.
    bound = values.pac_bayes_bound(0.1, divergence=2.0, pairs=50, delta=0.05, kappa=0.9, scale=3.0)
    assert bound == pytest.approx(3.0 / 0.9 * (1.0 - math.exp(-0.1 - (2.0 - math.log(0.05)) / 50)), rel=1e-10)
    bound = values.pac_bayes_bound(0.1, divergence=2.0, pairs=50, delta=0.05)
    level = (2.0 + math.log(2.0 * math.sqrt(50) / 0.05)) / 50
    assert float(exact_kl(0.1, bound)) == pytest.approx(level, rel=1e-9)
    with pytest.raises(InvalidInputError, match="at least 8"):
        values.pac_bayes_bound(0.1, divergence=2.0, pairs=7, delta=0.05)
    with pytest.raises(InvalidInputError, match="divergence"):
        values.pac_bayes_bound(0.1, divergence=-1.0, pairs=70, delta=0.05)


def test_replacing_the_pilot():
    assert values.replacement_bound(0.3, -0.1) == 0.3
    assert values.replacement_bound(0.3, 0.1) == pytest.approx(0.2)


def test_occam_and_cover():
    assert values.union_level(0.05, log_count=math.log(10)) == pytest.approx(math.log(0.005))
    slack, count = values.cover_slack([0.1, 0.2], [1.0, 4.0], threshold_step=0.05, total=3.0)
    # The dearest first: .2 for 3 of its 4, nothing is left for .1.
    assert slack == pytest.approx(0.025 + 0.5 * 0.6)
    assert count == pytest.approx(math.log(11) + math.log(6))


def test_the_cover_covers():
    """Scores of weights next to the lattice differ by at most the slack, over all admissible pairs."""
    rng = np.random.default_rng(0)
    steps, caps, total = np.array([0.25, 0.1, 0.5]), np.array([2.0, 1.0, 0.5]), 2.5
    slack, _ = values.cover_slack(steps, caps, threshold_step=0.2, total=total)
    for _ in range(500):
        pair = rng.random(3) * caps
        pair *= min(1.0, total / pair.sum())
        weights, threshold = rng.random(3), rng.random()
        near = np.round(weights / steps) * steps
        near_threshold = round(threshold / 0.2) * 0.2
        assert abs(threshold - weights @ pair - (near_threshold - near @ pair)) <= slack


def test_the_expansion_and_its_inverse():
    for pairs, variance in [(20, 0.02), (277, 0.006), (5_000, 0.01), (277, 0.0)]:
        slack = deviation(pairs, level=3.0, room=0.8, variance=variance)
        assert guessed_variance(slack, level=3.0, pairs=pairs, room=0.8) == pytest.approx(variance, abs=1e-12)
        assert rows_needed(slack, level=3.0, room=0.8, variance=variance) == pytest.approx(pairs)
    brute = min(3.0 / (277 * b) + b * 0.006 for b in np.linspace(0.001, 1 / 0.8, 20_000))
    assert deviation(277, level=3.0, room=0.8, variance=0.006) == pytest.approx(brute, rel=1e-6)


def test_rounding_helpers_stay_on_their_side():
    rng = np.random.default_rng(0)
    with mpmath.workdps(40):
        for _ in range(200):
            terms = rng.normal(size=30) * 10.0 ** rng.integers(-8, 8, size=30)
            assert sum_above(terms) >= mpmath.fsum(mpmath.mpf(float(t)) for t in terms)
            logs = -np.abs(rng.normal(size=20)) * 10.0 ** rng.integers(-3, 4)
            exact = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(x))) for x in logs) / 20)
            assert log_mean_below(logs) <= exact
            assert log_mean_below(logs) == pytest.approx(float(exact), rel=1e-9, abs=1e-12)
            tail, kappa, power = -abs(rng.normal()) * 50, rng.random() * 0.98 + 0.01, float(rng.integers(1, 300))
            truth = (1 - mpmath.exp(mpmath.mpf(tail) / power)) / mpmath.mpf(kappa)
            found = as_upper_risk(tail, kappa=kappa, scale=1.0, exponent=power)
            assert found >= min(1.0, truth)
    assert log_mean_below([-math.inf, -math.inf]) == -math.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: values.kl_bound(0.1, pairs=0, delta=0.05), "pairs=0"),
        (lambda: values.kl_bound(0.1, pairs=5, delta=1.0), "delta=1.0"),
        (lambda: values.transport_value([[0.5, 2.0], [0.1, 0.1]], kappa=0.5), "numbers in"),
        (lambda: values.transport_value([[0.5, 0.2]], kappa=0.5), "shape"),
        (lambda: values.transport_value([[0.5]], kappa=1.0), "kappa=1.0"),
        (lambda: values.closed_value([[0.0, 1.0], [1.0, 0.0]], kappa=0.5, theta=9.0), "theta=9.0"),
        (lambda: values.gallery_bound([0.5, 2.0], delta=0.1), "shares"),
        (lambda: values.cover_slack([0.0], [1.0], threshold_step=0.1, total=1.0), "steps"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call()
