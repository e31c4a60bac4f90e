"""The certificate against a second implementation, written from the words of the theorems and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import logsumexp

from boundcalc.certification import certify

WEIGHTS = (3.5, 0.58)


def world(n, *, classes=3, noise=1.5, seed=0):
    """Return distances and labels of rows around random centres."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = 2.0 * rng.normal(size=(classes, 5))[y] + noise * rng.normal(size=(n, 5))
    return np.square(x[:, None] - x).sum(axis=-1), y


def errors(distances, y, t, weights):
    """q/c: a tie is an error for both kinds of pair."""
    same = y[:, None] == y
    return np.where(same, weights[0] * (distances >= t), weights[1] * (distances <= t)) / max(weights)


def transport(q, kappa):
    """T of Theorem T: textbook Sinkhorn in logarithms, the value at the coupling that it ends in."""
    m, log_a = len(q), np.log1p(-kappa * q)
    f = np.zeros(m)
    for _ in range(2_000):
        g = -logsumexp(log_a + f[:, None], axis=0)
        f, last = -logsumexp(log_a + g, axis=1), f
        if np.abs(f - last).max() < 1e-13:
            break
    coupling = np.exp(log_a + f[:, None] + g) / m
    return float((coupling * -log_a).sum() + (coupling * np.log(m * m * coupling)).sum())


def log_h(q, order, kappa):
    """One split: first half of the order against the second; of an odd number the last three are a triangle."""
    odd = len(order) % 2
    half = (len(order) - 3 * odd) // 2
    first, second, rest = order[:half], order[half : 2 * half], order[2 * half :]
    loose = (
        sum(0.5 * math.log1p(-kappa * q[i, j]) for i, j in zip(rest, np.roll(rest, -1), strict=True)) if odd else 0.0
    )
    return loose - (half * transport(q[np.ix_(first, second)], kappa) if half else 0.0)


def upper(q, orders, kappa, *, delta):
    """(1 - (delta H)^{1/N})/kappa with the mean over the splits."""
    h = logsumexp([log_h(q, order, kappa) for order in orders]) - math.log(len(orders))
    return min(1.0, -math.expm1((math.log(delta) + h) / (q.shape[0] / 2)) / kappa)


def by_cells(q, orders, *, delta, typical, scale, cells=256):
    """Section 17: kappa(r) on cells of [0, c], searched from the top."""
    for k in reversed(range(cells)):
        r, x = scale * k / cells, -math.log(delta)
        b = min(math.sqrt(x / (len(q) / 2 * 0.01 * typical**2)), 1.0 / (scale - r))
        bound = scale * upper(q, orders, min(0.98, scale * b / (1.0 + b * r)), delta=delta)
        if bound > r:
            return min(scale * (k + 1) / cells, bound)
    raise AssertionError


def orders_of(n, splits, rng):
    generator = np.random.default_rng(rng)
    return [generator.permutation(n) for _ in range(splits)]


@pytest.mark.parametrize("n", [4, 30, 122])
@pytest.mark.parametrize("weights", [(1.0, 1.0), WEIGHTS, (0.0, 2.0)])
@pytest.mark.parametrize(("kappa", "delta", "rng"), [(0.9, 0.05, 0), (0.35, 0.3, 7), (0.98, 0.001, 2)])
def test_one_split_and_a_given_kappa(n, weights, kappa, delta, rng):
    distances, y = world(n, classes=2 if n == 4 else 3)
    t = float(distances[0, 1])  # a tie among them
    found = certify(distance=distances, y=y, threshold=t, weights=weights, kappa=kappa, delta=delta, rng=rng, splits=1)
    twin = max(weights) * upper(errors(distances, y, t, weights), orders_of(n, 1, rng), kappa, delta=delta)
    assert found.value == pytest.approx(twin, abs=1e-9)
    assert found.value >= twin - 1e-12


@pytest.mark.parametrize("options", [{"scores": -1}, {"groups": 4}, {"n": 25}])
def test_one_split_of_scores_groups_and_odd_rows(options):
    n = options.get("n", 120)
    distances, y = world(n)
    t, q = 14.0, None
    given = {"distance": distances, "threshold": t}
    q = errors(distances, y, t, (1.0, 1.0))
    if "scores" in options:
        given = {"scores": -distances, "threshold": -t}
    if "groups" in options:
        groups = np.repeat(np.arange(n // 4), 4)
        given["groups"] = groups
        q = q.reshape(n // 4, 4, n // 4, 4).mean(axis=(1, 3))
    found = certify(**given, y=y, weights=(1.0, 1.0), kappa=0.8, splits=1, rng=3)
    twin = upper(q, orders_of(len(q), 1, 3), 0.8, delta=0.05)
    assert found.value == pytest.approx(twin, abs=1e-9)
    assert found.units == len(q)


@pytest.mark.parametrize(("n", "classes", "weights"), [(60, 6, (3.0, 0.6)), (120, 3, (1.0, 1.0)), (302, 7, WEIGHTS)])
def test_the_default_by_cells(n, classes, weights):
    distances, y = world(n, classes=classes)
    t = float(np.quantile(distances, 0.3))
    found = certify(distance=distances, y=y, threshold=t, weights=weights, splits=3)
    typical, scale = 2.0 / (1.0 / weights[0] + 1.0 / weights[1]), max(weights)
    q = errors(distances, y, t, weights)
    twin = by_cells(q, orders_of(n, 3, 0), delta=0.05, typical=typical, scale=scale)
    assert found.value == pytest.approx(twin, abs=1e-9)


def test_odd_rows_lose_nothing_by_default():
    """From 30 rows on one is left out: on the mean over seeds that is no more than a triangle would give."""
    distances, y = world(61)
    q = errors(distances, y, 14.0, (1.0, 1.0))
    seeds = range(3)
    ours = [certify(distance=distances, y=y, threshold=14.0, weights=None, splits=8, rng=seed).value for seed in seeds]
    twin = [by_cells(q, orders_of(61, 8, seed), delta=0.05, typical=1.0, scale=1.0, cells=64) for seed in seeds]
    assert np.mean(ours) <= np.mean(twin) + 0.003


def stratified(distances, y, t, *, delta, splits, rng, kappa):
    """Section 12 for the hold-out's own mix: one transport per class combination, N_t fixed given the labels."""
    counts = np.bincount(y)
    kinds = [(a, b) for a in range(counts.size) for b in range(a, counts.size)]
    w = np.array([counts[a] * (counts[a] - 1.0) if a == b else 2.0 * counts[a] * counts[b] for a, b in kinds])
    same = np.array([a == b for a, b in kinds])
    w = np.where(same, 0.5 * w / w[same].sum(), 0.5 * w / w[~same].sum())
    total = y.size / 2
    while True:
        numbers = np.maximum(1, np.round(total * w)).astype(int)
        used = sum(k * (np.eye(counts.size, dtype=int)[a] + np.eye(counts.size, dtype=int)[b])
                   for (a, b), k in zip(kinds, numbers, strict=True))  # fmt: skip
        if (used <= counts).all():
            break
        total -= 0.5
    ratio = numbers.sum() * w / numbers
    assert kappa * ratio.max() < 1.0
    q, generator, logs = errors(distances, y, t, (1.0, 1.0)), np.random.default_rng(rng), []
    for _ in range(splits):
        left = [list(generator.permutation(np.flatnonzero(y == c))) for c in range(counts.size)]
        log = 0.0
        for (a, b), k, share in zip(kinds, numbers, ratio, strict=True):
            rows, columns = ([left[c].pop() for _ in range(k)] for c in (a, b))
            log -= k * transport(q[np.ix_(rows, columns)], kappa * share)
        logs.append(log)
    h = logsumexp(logs) - math.log(splits)
    return min(1.0, -math.expm1((math.log(delta) + h) / numbers.sum()) / kappa)


@pytest.mark.parametrize(("n", "classes"), [(120, 2), (150, 3), (300, 5)])
def test_the_own_mix_is_no_more_than_stratified_transport(n, classes):
    distances, y = world(n, classes=classes, noise=1.5)
    t = float(np.quantile(distances, 0.3))
    seeds = range(4)
    ours = [certify(distance=distances, y=y, threshold=t, splits=10, rng=seed).value for seed in seeds]
    twins = [
        np.mean([stratified(distances, y, t, delta=0.05, splits=10, rng=seed, kappa=kappa) for seed in seeds])
        for kappa in (0.4, 0.55, 0.7)
    ]
    assert np.mean(ours) <= min(twins) + 0.003


def test_batches_are_near_the_whole():
    """Beyond 1,000 rows batches of about 360 are multiplied: within .003 of one transport over all rows."""
    distances, y = world(1_100)
    q = errors(distances, y, 14.0, (1.0, 1.0))
    found = certify(distance=distances, y=y, threshold=14.0, weights=None, splits=2)
    assert found.recipe["batches"] == 3
    whole = upper(q, orders_of(1_100, 1, 0), found.recipe["kappa"], delta=0.05)
    assert abs(found.value - whole) <= 0.003
