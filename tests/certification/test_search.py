"""Cells of kappa(r): the jumps from the top against a search through every cell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from boundcalc.certification import search
from boundcalc.certification.bijections import exponent, half_batches
from boundcalc.certification.draws import exact_log_h
from boundcalc.certification.kernels import Derived, PairErrors
from boundcalc.certification.search import Sample, kappa_at, risk_bound


def table_kernel(q, levels=None):
    return Derived(lambda rows, others: q[rows[:, None], others], levels)


def sample_of(q, *, scale=1.0, splits=3, seed=0, levels=None):
    batches = half_batches(len(q), splits=splits, rng=np.random.default_rng(seed))
    return Sample(batches, table_kernel(q, levels), scale, exponent(batches))


def every_cell(sample, *, delta, variance, cells=search.CELLS):
    """The literal rule of certificates.md section 12: evaluate all cells, take the maximum over those that are not rejected."""
    edges = [sample.scale * k / cells for k in range(cells)] + [sample.scale]
    best = 0.0
    for k in range(cells):
        kappa = kappa_at(
            edges[k], scale=sample.scale, level=-math.log(delta), exponent=sample.exponent, variance=variance
        )
        bound, _ = risk_bound(sample, delta=delta, kappa=kappa)
        if bound > edges[k]:
            best = max(best, min(edges[k + 1], bound))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_jumps_find_what_every_cell_finds(seed, monkeypatch):
    monkeypatch.setattr(search, "CELLS", 40)
    rng = np.random.default_rng(seed)
    n, scale = int(rng.integers(4, 40)), float(rng.choice([1.0, 3.5]))
    q = rng.random((n, n)) ** 3 if seed % 2 else (rng.random((n, n)) < 0.2).astype(float)
    sample = sample_of(q, scale=scale, seed=seed, levels=None if seed % 2 else np.array([0.0, 1.0]))
    variance = {0: lambda r: 0.01, 1: lambda r: 0.2 * r, 2: lambda r: 0.0}[seed % 3]
    jumped, _ = risk_bound(sample, delta=0.1, kappa=None, variance=variance)
    assert jumped == pytest.approx(every_cell(sample, delta=0.1, variance=variance, cells=40), abs=1e-9)


def test_profiles_never_promise_more_than_the_value():
    """What old couplings say at another kappa is below what new ones say there."""
    rng = np.random.default_rng(0)
    for levels, q in [
        (np.array([0.0, 0.3, 1.0]), rng.choice([0.0, 0.3, 1.0], size=(24, 24))),
        (None, rng.random((24, 24))),
    ]:
        evaluator = search.Evaluator(sample_of(q, levels=levels))
        exact = {kappa: evaluator.log_h(kappa) for kappa in (0.9,)}
        for kappa in (0.2, 0.5, 0.8, 0.9, 0.97):
            promised = evaluator.log_h_by_profile(kappa)
            assert promised <= search.Evaluator(evaluator.sample).log_h(kappa) + 1e-9
        assert evaluator.log_h_by_profile(0.9) == pytest.approx(exact[0.9], abs=0.02 if levels is None else 1e-3)


def test_kappa_is_the_optimum_of_the_expansion():
    # zeta_1 = .01, x = log 20, m = 277: b = sqrt(x/(m zeta)) = 1.03995, kappa = b/(1 + .25 b) by hand.
    b = math.sqrt(math.log(20) / (277 * 0.01))
    assert kappa_at(0.25, scale=1.0, level=math.log(20), exponent=277, variance=lambda r: 0.01) == pytest.approx(
        b / (1 + b / 4)
    )
    assert kappa_at(0.25, scale=1.0, level=math.log(20), exponent=3, variance=lambda r: 0.01) == 0.98


def test_a_given_kappa_is_one_cell():
    q = (np.random.default_rng(1).random((20, 20)) < 0.3).astype(float)
    sample = sample_of(q, splits=1)
    draw = sample.batches[0].draws[0]
    from boundcalc.certification.draws import Table

    log_h, _, _ = exact_log_h(draw, Table.of(q, None), 0.7, None)
    bound, kappa = risk_bound(sample, delta=0.05, kappa=0.7)
    assert kappa == 0.7
    assert bound == pytest.approx((1.0 - (0.05 * math.exp(log_h)) ** (1 / 10)) / 0.7, rel=1e-12)


def test_batches_and_odd_numbers():
    for n in (2, 3, 4, 5, 29, 30, 31, 999, 1000, 1001, 5000, 5001):
        batches = half_batches(n, splits=2, rng=np.random.default_rng(0))
        assert sorted(np.concatenate([b.units for b in batches])) == list(range(n))
        pairs = n / 2 if n % 2 == 0 or n < 30 else (n - 1) / 2
        assert exponent(batches) == pairs
        sizes = [b.units.size for b in batches]
        assert len(batches) == 1 or 250 < min(sizes) <= max(sizes) < 450
        for batch in batches:
            for draw in batch.draws:
                used = np.concatenate([np.concatenate([b.rows, b.partners]) for b in draw.blocks] + [draw.loose[:, 0]])
                assert np.unique(used).size == used.size


def test_one_split_is_the_first_and_second_half_of_the_permutation():
    order = np.random.default_rng(7).permutation(10)
    ((block,),) = (draw.blocks for draw in half_batches(10, splits=1, rng=np.random.default_rng(7))[0].draws)
    assert block.rows.tolist() == order[:5].tolist()
    assert block.partners.tolist() == order[5:].tolist()


def test_levels_are_all_values_of_the_errors():
    rng = np.random.default_rng(2)
    distances, codes = rng.random((30, 30)), rng.integers(0, 3, 30)
    for weights in [(1.0, 1.0), (3.47, 0.58), (0.0, 2.0), (0.1, 0.3)]:
        errors = PairErrors(lambda i, j: distances[i[:, None], j], codes, 0.5, weights)
        everyone = np.arange(30)
        assert set(np.unique(errors(everyone, everyone))) <= set(errors.levels)
