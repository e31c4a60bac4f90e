"""Moments of held-out pairs against loops over pairs and triples."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from boundcalc.planner.moments import law, pair_moments


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 9)
    same = y[:, None] == y
    wrong = rng.random((9, 9)) < 0.4
    wrong = np.triu(wrong, 1)
    wrong = wrong | wrong.T | np.eye(9, dtype=bool)  # what is on the diagonal does not count
    return same & wrong, ~same & wrong, same


def test_means_and_triples_by_loops(pairs):
    a, b, s = (kind.astype(float) for kind in pairs)
    means = [np.mean([kind[i, j] for i, j in permutations(range(9), 2)]) for kind in (a, b, s)]
    kinds = ((a, a), (a, b), (a, s), (b, b), (b, s), (s, s))
    triples = [np.mean([x[i, j] * y[i, k] for i, j, k in permutations(range(9), 3)]) for x, y in kinds]
    seconds = [np.mean([x[i, j] * y[i, j] for i, j in permutations(range(9), 2)]) for x, y in kinds]
    assert pair_moments(*pairs) == pytest.approx(np.array([*means, *triples, *seconds]), abs=1e-14)


def test_of_groups_means_over_their_rows_are_counted(pairs):
    groups = np.array([3, 3, 0, 1, 1, 1, 4, 2, 2])
    units = [np.flatnonzero(groups == one) for one in (3, 0, 1, 4, 2)]
    averaged = [np.array([[kind[np.ix_(i, j)].mean() for j in units] for i in units]) for kind in pairs]
    assert pair_moments(*pairs, groups=groups) == pytest.approx(pair_moments(*averaged), abs=1e-14)
    assert pair_moments(*pairs, groups=np.arange(9)) == pytest.approx(pair_moments(*pairs), abs=1e-14)


def kernel(pairs, quantity, weights, claim):
    a, b, s = (kind.astype(float) for kind in pairs)
    if quantity == "pair_error":
        return weights[0] * a + weights[1] * b
    return b + claim * s if quantity == "fmr" else a + claim * (1 - s)


@pytest.mark.parametrize("quantity", ["pair_error", "fmr", "fnmr"])
def test_the_law_is_that_of_the_kernel(pairs, quantity):
    weights, claim = np.array([1.7, 0.6]), 0.3
    found = law(pair_moments(*pairs), weights=weights, rows=10**9, quantity=quantity, at=claim)
    q = kernel(pairs, quantity, weights, claim)
    two, three = list(permutations(range(9), 2)), list(permutations(range(9), 3))
    mean = np.mean([q[i, j] for i, j in two])
    variance = np.mean([q[i, j] * q[i, k] for i, j, k in three]) - mean**2
    square = np.mean([q[i, j] ** 2 for i, j in two]) - mean**2
    assert float(found.error * found.share + (1 - found.share) * found.claim) == pytest.approx(mean)
    assert float(found.variance) == pytest.approx(max(variance, 0.0), abs=1e-12)
    assert float(found.square) == pytest.approx(max(square, variance))
    if quantity == "pair_error":
        same = np.mean([pairs[2][i, j] for i, j in two])
        assert float(found.constant) == pytest.approx(min(1.7 * same, 0.6 * (1 - same)))
        assert float(found.scale) == 1.7
    else:
        about = [(i, j) for i, j in two if pairs[2][i, j] == (quantity == "fnmr")]
        wrong = pairs[0] if quantity == "fnmr" else pairs[1]
        assert float(found.error) == pytest.approx(np.mean([wrong[i, j] for i, j in about]))


def test_slopes_in_the_share_of_same_pairs():
    """Balanced weights .5/p and .5/(1 - p) from another share p than the population's."""
    missed, matched, same = 0.05, 0.1, 0.2

    def error(p):
        return 0.5 / p * missed + 0.5 / (1 - p) * matched

    weights = np.array([0.5 / same, 0.5 / (1 - same)])
    moments = np.array([missed, matched, same, 0.01, 0.01, 0.02, 0.02, 0.02, 0.05, 0.05, 0.0, 0.05, 0.1, 0.0, 0.2])
    found = law(moments, weights=weights, rows=10**6)
    step = 1e-6
    assert float(found.drift) == pytest.approx((error(same + step) - error(same - step)) / (2 * step), rel=1e-6)
    scale = (0.5 / (same + step) - 0.5 / (same - step)) / (2 * step)
    assert float(found.stretch) == pytest.approx(scale, rel=1e-6)


def test_the_variance_of_the_mean_is_that_of_drawn_rows():
    """4 zeta_1/n + 2 sigma^2/n^2 is the variance of the measured error, and zeta_1 is estimated without bias."""
    rng = np.random.default_rng(3)
    wrong = rng.random((60, 60)) < 0.2 + 0.6 * (np.arange(60) < 15)[:, None]
    wrong = np.triu(wrong) | np.triu(wrong).T
    zeta = wrong.mean(axis=1).var()
    found = []
    for _ in range(300):
        part = rng.integers(0, 60, 40)
        one = pair_moments(np.zeros((40, 40), bool), wrong[np.ix_(part, part)], np.zeros((40, 40), bool))
        found.append(law(one, weights=np.ones(2), rows=40))
    errors = np.array([float(one.error) for one in found])
    assert np.mean([float(one.variance) for one in found]) == pytest.approx(zeta, rel=0.1)
    assert errors.var() == pytest.approx(4 * zeta / 40 + 2 * wrong.var() / 40**2, rel=0.2)
