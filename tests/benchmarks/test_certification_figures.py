"""Figures of certificates: `pytest tests/benchmarks/test_certification_figures.py --benchmark-only -s`."""

import resource
import time

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.metrics.pairwise import euclidean_distances

from boundcalc.certification import certify
from boundcalc.certification.values import transport_value

WEIGHTS = (3.47, 0.58)


def rows(n, *, classes=7, d=16):
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, size=n)
    return rng.normal(size=(n, d)) + 3.0 * np.eye(classes, d)[y], y


def log_sinkhorn(cost, *, tolerance=1e-9):
    """The textbook iteration in logarithms, stopped at the same accuracy of T."""
    m = len(cost)
    f = np.zeros(m)
    last = np.inf
    for _ in range(1_000):
        g = -logsumexp(f[:, None] - cost, axis=0)
        f = -logsumexp(g - cost, axis=1)
        value = float(f.sum() + g.sum()) / m + np.log(m)
        if abs(value - last) <= tolerance:
            return value
        last = value
    return last


@pytest.mark.parametrize("m", [180, 277, 500])
def test_a_transport_value_against_the_textbook(benchmark, m):
    x, y = rows(2 * m)
    distances = euclidean_distances(x[:m], x[m:], squared=True)
    wrong = np.where(y[:m, None] == y[m:], distances >= 35.0, distances <= 35.0).astype(float)
    began = time.perf_counter()
    theirs = log_sinkhorn(-np.log1p(-0.95 * wrong))
    peer = time.perf_counter() - began
    ours = transport_value(wrong, kappa=0.95)
    benchmark(lambda: transport_value(wrong, kappa=0.95))
    ratio = benchmark.stats["min"] / peer
    print(f"\nm={m}: verified transport value / iteration in logarithms = {ratio:.3f}")
    assert ours == pytest.approx(theirs, abs=1e-7)
    assert ratio <= 0.3


@pytest.mark.parametrize("weights", ["balanced", WEIGHTS])
def test_554_rows_with_20_splits(benchmark, weights):
    x, y = rows(554)
    benchmark.pedantic(lambda: certify(embeddings=x, y=y, threshold=35.0, weights=weights), rounds=3, warmup_rounds=1)
    print(f"\n554 rows, 20 splits, {weights}: {benchmark.stats['min']:.2f} s")
    assert benchmark.stats["min"] < 1.0


@pytest.mark.parametrize("weights", ["balanced", WEIGHTS])
def test_100_000_rows(benchmark, weights):
    x, y = rows(100_000, d=64)
    began = time.perf_counter()
    found = benchmark.pedantic(lambda: certify(embeddings=x, y=y, threshold=140.0, weights=weights), rounds=1)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n100,000 rows, {weights}: {seconds:.0f} s, {peak:.2f} GiB; {found.sentence}")
    assert seconds < 60
    assert peak < 2.0
