"""How probably a certificate to come meets a target: literal formulas, and certificates that were computed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import norm

import boundcalc as bc
from boundcalc.certification import certify
from boundcalc.certification.deviation import deviation
from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.planner.assured import assurance, expected_bound, spread_of

X = math.log(20)


def kl(q: float, p: float) -> float:
    return sum(a * math.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)


@pytest.mark.parametrize(("n", "r", "tau", "c"), [(400, 0.2, 0.35, 1.0), (1500, 0.227, 0.4, 3.47), (60, 0.1, 0.5, 1.2)])
def test_what_is_provable_by_search(n, r, tau, c):
    """1 - exp(-m kl(q, r)) at the largest q < tau with m kl(q, tau) >= x, on a fine grid of q."""
    grid = [q for q in np.linspace(r / c, tau / c, 20_001)[1:-1] if n / 2 * kl(q, tau / c) >= X]
    expected = 1 - math.exp(-n / 2 * kl(max(grid), r / c)) if grid else 0.0
    assert assurance(n, error=r, target=tau, scale=c) == pytest.approx(expected, abs=2e-3)
    assert 0 < expected < 1


def test_the_provable_answer_holds_in_the_worst_population():
    """Errors of disjoint pairs, where m is what it says: the kl certificate misses the target no more often than told."""
    rng, n, r, tau = np.random.default_rng(0), 120, 0.2, 0.42
    told = assurance(n, error=r, target=tau)
    q = rng.binomial(n // 2, r, 2000) / (n // 2)
    met = np.array([one < tau and n / 2 * kl(one, tau) >= X for one in q])
    assert 0.5 < told <= met.mean() + 3 * math.sqrt(told * (1 - told) / 2000)
    assert assurance(n, error=r, target=0.3) < told


def test_the_provable_answer_holds_for_all_pairs_of_rows():
    """Rows of a few types: the measured error is a U-statistic over all pairs."""
    rng, n, delta = np.random.default_rng(1), 200, 0.2
    matrix = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    p = np.array([0.45, 0.1, 0.45])
    r = float(p @ matrix @ p)
    counts = rng.multinomial(n, p, size=2000)
    errors = (np.einsum("ki,ij,kj->k", counts, matrix, counts) - counts @ np.diag(matrix)) / (n * (n - 1))
    for tau in (0.38, 0.42, 0.46):
        met = np.array([q < tau and n / 2 * kl(q, tau) >= math.log(1 / delta) for q in errors]).mean()
        assert assurance(n, error=r, target=tau, delta=delta) <= met + 3 * math.sqrt(0.25 / 2000)


def test_the_estimate_by_hand():
    n, r, tau, zeta, square, s = 300, 0.2, 0.23, 0.004, 0.15, 0.01
    bound = float(expected_bound(r, n, variance=zeta, level=X))
    z = (tau - bound) / math.sqrt(4 * zeta / n + 2 * square / n**2 + s**2)
    found = assurance(n, error=r, target=tau, variance=zeta, square=square, uncertainty=s)
    assert found == pytest.approx(norm.cdf(z), rel=1e-12)
    assert 0.05 < found < 0.95


@pytest.mark.parametrize("n", [400, 2_000, 50_000])
def test_many_rows_are_r_plus_dev(n):
    r, zeta = 0.25, 0.01  # the guessed zeta_1 too, so that kappa is the best one
    dev = deviation(n / 2, level=X, room=1 - r, variance=zeta)
    assert float(expected_bound(r, n, variance=zeta, level=X)) - r == pytest.approx(dev, rel=0.12 if n < 1000 else 0.05)


def test_without_an_error_the_bound_is_exact():
    n = 80
    bound = float(expected_bound(0.0, n, variance=0.0, level=X, kappa=0.98))
    assert bound == pytest.approx((1 - 0.05 ** (2 / n)) / 0.98)


@pytest.mark.parametrize("n", [80, 160])
def test_the_expectation_is_that_of_certificates(n):
    """Certificates of one rule on rows that are drawn again and again from a finite population."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 400)
    points = 1.6 * y + rng.normal(size=400)
    distance, same = np.abs(points[:, None] - points), y[:, None] == y
    wrong = np.where(same, distance >= 1.3, distance <= 1.3).astype(float)
    r, rows = wrong.mean(), wrong.mean(axis=1)
    found, errors = [], []
    for _ in range(40):
        part = rng.integers(0, 400, n)
        one = certify(distance=distance[np.ix_(part, part)], y=y[part], threshold=1.3, weights=(1.0, 1.0), splits=3)
        found.append(one.value)
        errors.append(one.error)
    expected = float(expected_bound(r, n, variance=rows.var(), level=X))
    spread = float(spread_of(n, variance=rows.var(), square=wrong.var()))
    assert np.mean(found) == pytest.approx(expected, abs=0.02)
    assert np.std(errors) == pytest.approx(spread, rel=0.4)
    assert abs(np.mean(found) - (expected - 0.06)) > 0.02  # a bound with a sixth less would be told apart


def test_the_fewest_rows_reach_the_power_and_one_less_does_not():
    given = {"error": 0.2, "variance": 0.005, "square": 0.16, "uncertainty": 0.004}
    found = bc.minimal_n(bc.assurance, target=[0.24, 0.3], power=[0.8, 0.9, 0.99], **given)
    assert found.dims == ("target", "power")
    assert found.dtype == np.int64
    for target in (0.24, 0.3):
        rows = found.sel(target=target).values
        assert (np.diff(rows) > 0).all()
        for power, n in zip((0.8, 0.9, 0.99), rows, strict=True):
            assert assurance(n, target=target, **given) >= power
            assert assurance(n - 1, target=target, **given) < power
    assert assurance.minimal_n(target=0.3, error=0.2, scale=2.0).dims == ()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"rows": 1}, "rows = 1.0 must be in"),
        ({"error": -0.1}, "error = -0.1 must be in"),
        ({"target": 1.5}, "target = 1.5 must be in"),
        ({"delta": 2}, "delta = 2 must be"),
        ({"scale": 0}, "scale = 0 must be"),
        ({"variance": -1}, "variance = -1.0 must be"),
        ({"error": math.nan}, "error = nan must be"),
        ({"uncertainty": 0.1}, "uncertainty goes with variance"),
    ],
)
def test_bad_input(given, says):
    with pytest.raises(InvalidInputError, match=says):
        assurance(**{"rows": 100, "error": 0.2, "target": 0.3} | given)


def test_what_no_number_of_rows_reaches_is_said():
    with pytest.raises(InfeasibleError, match=r"not met with probability 0\.9 by any number of rows"):
        assurance.minimal_n(target=0.2, error=0.2)
    with pytest.raises(InfeasibleError, match="known to some extent only"):
        assurance.minimal_n(target=0.22, error=0.2, variance=0.01, uncertainty=0.05)
    for bad in ({"power": 0.3}, {"power": 1.0}, {"name": "n_h"}):
        with pytest.raises(InvalidInputError, match=r"power|rows"):
            assurance.minimal_n(**{"target": 0.3, "error": 0.2} | bad)


def test_skewed_errors_cost_more_than_their_variance_says():
    """Against the transport cost of rows whose mean errors follow a beta law, 2 E log(1 - kappa g) - log(1 - kappa r)."""
    mean, variance, kappa, m, level = 0.2, 0.03, 0.9, 100, math.log(20)
    total = mean * (1 - mean) / variance - 1
    rows = stats.beta(mean * total, (1 - mean) * total)
    log_h = 2 * rows.expect(lambda g: np.log1p(-kappa * g)) - math.log1p(-kappa * mean)
    exact = (1 - math.exp(log_h - level / m)) / kappa
    found = float(expected_bound(mean, 2 * m, variance=variance, level=level, kappa=kappa))
    second = mean + (1 - kappa * mean) / kappa * -math.expm1(-level / m - variance * (kappa / (1 - kappa * mean)) ** 2)
    assert found == pytest.approx(exact, abs=0.006)
    assert second < found - 0.004


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("variance", [0.003, 0.03, 0.3])
def test_no_certificate_is_expected_below_the_error(share, variance):
    """The expansion's third moment is negative near c and, unchecked, outweighs the variance."""
    scale = 1.1
    found = expected_bound(share * scale, np.arange(10, 500, 10), variance=variance, scale=scale, level=X)
    assert ((share * scale <= found) & (found <= scale)).all()


@pytest.mark.parametrize(
    ("error", "variance", "rows"), [(0.06, 0.023, 136), (0.16, 0.01, 164), (0.4, 0.05, 300), (0.05, 1e-4, 80)]
)
def test_a_certificate_is_expected_where_few_rows_make_most_errors(error, variance, rows):
    """Against thousands of moments of the beta law; an expansion to the third was a tenth too small at the first."""
    total, kappa, moment, mean_log = error * (1 - error) / variance - 1, 0.9, 1.0, 0.0
    for k in range(3000):
        moment *= kappa * (error * total + k) / (total + k)
        mean_log -= moment / (k + 1)
    lost = X / (rows / 2) + 2 * math.log1p(-kappa * error) - 2 * mean_log
    expected = error + (1 - kappa * error) / kappa * -math.expm1(-lost)
    assert expected_bound(error, rows, variance=variance, level=X, kappa=kappa) == pytest.approx(expected, abs=5e-4)
