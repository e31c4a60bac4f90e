"""The mix of class combinations: the same in every draw, no unit used twice, and the inequality that it rests on."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from boundcalc.certification.strata import Mix, balanced_mix, mix_batches


def random_mixes(count, *, seed=0):
    rng = np.random.default_rng(seed)
    while count:
        counts = rng.integers(1, rng.choice([3, 6, 20]), size=rng.integers(2, 10))
        if counts.max() < 2:
            continue
        if count % 2:
            weights = rng.random((counts.size, counts.size)) * (rng.random((counts.size, counts.size)) < 0.6)
            weights = weights + weights.T
            weights[np.diag_indices(counts.size)] *= counts >= 2
            if not weights.any():
                continue
            yield Mix(weights / np.triu(weights).sum(), counts)
        else:
            yield balanced_mix(counts)
        count -= 1


def powers(draw, codes):
    """Degrees of the units and powers of the ordered class combinations in one draw."""
    degree, power = np.zeros(codes.size), np.zeros((codes.max() + 1,) * 2)
    for block in draw.blocks:
        shares = block.shares.toarray()
        degree[block.rows] = np.maximum(degree[block.rows], 0.0) + shares.sum(axis=1).max()
        np.add.at(degree, block.partners, shares.sum(axis=0))
        kind = codes[block.rows[0]]
        assert (codes[block.rows] == kind).all()
        for column, partner in enumerate(block.partners):
            power[kind, codes[partner]] += shares[:, column].sum()
            assert partner not in block.rows
    return degree, power


@pytest.mark.parametrize("mix", list(random_mixes(40)))
def test_every_draw_has_the_stated_mix(mix):
    codes = np.repeat(np.arange(mix.counts.size), mix.counts)
    drawn = mix_batches(codes, mix, splits=3, rng=np.random.default_rng(0))
    assert drawn.exponent == pytest.approx(mix.pairs, rel=1e-9)
    assert 0.0 <= drawn.rounding < 1e-11
    for draw in drawn.batches[0].draws:
        degree, power = powers(draw, codes)
        assert degree.max() <= 1.0
        both = power + power.T - np.diag(np.diag(power))
        np.testing.assert_allclose(both, drawn.exponent * mix.weights, atol=1e-9)


def test_many_units_keep_the_mix_over_all_batches():
    rng = np.random.default_rng(1)
    codes = rng.choice(5, p=[0.5, 0.3, 0.1, 0.09, 0.01], size=3001)
    mix = balanced_mix(np.bincount(codes))
    drawn = mix_batches(codes, mix, splits=2, rng=rng)
    for place in range(2):
        degree, power = np.zeros(codes.size), np.zeros((5, 5))
        for batch in drawn.batches:
            (block,) = batch.draws[place].blocks
            shares = block.shares.toarray()
            degree[batch.units[block.rows]] += shares.sum(axis=1).max()
            partners = batch.partners[block.partners]
            np.add.at(degree, partners, shares.sum(axis=0))
            np.add.at(power, (codes[batch.units[0]], codes[partners]), shares.sum(axis=0))
        assert degree.max() <= 1.0 + 1e-12
        np.testing.assert_allclose(power + power.T - np.diag(np.diag(power)), drawn.exponent * mix.weights, atol=1e-7)


def test_balanced_mix_is_half_and_half():
    mix = balanced_mix(np.array([3, 2, 1]))
    # 3 + 1 same pairs, 6 + 3 + 2 different ones, by hand.
    np.testing.assert_allclose(np.diag(mix.weights), [0.5 * 3 / 4, 0.5 * 1 / 4, 0.0])
    np.testing.assert_allclose(mix.weights[[0, 0, 1], [1, 2, 2]], [0.5 * 6 / 11, 0.5 * 3 / 11, 0.5 * 2 / 11])


def mean_over_bijections(matrix):
    m = len(matrix)
    return np.mean([np.prod(matrix[np.arange(m), list(order)]) for order in itertools.permutations(range(m))])


def exact_mean(codes, drawn, q, chance, kappa):
    """E h over all outcomes of rows that are one of two atoms of their class."""
    total = 0.0
    for atoms in itertools.product((0, 1), repeat=codes.size):
        probability = math.prod(chance[c] if a else 1.0 - chance[c] for a, c in zip(atoms, codes, strict=True))
        state = 2 * codes + np.array(atoms)
        table = q[np.ix_(state, state)]
        for draw in drawn.batches[0].draws:
            h = 1.0
            for block in draw.blocks:
                logs = np.log1p(-kappa * table[block.rows[:, None], block.partners])
                h *= mean_over_bijections(np.exp((block.shares @ logs.T).T))
            total += probability * h / len(drawn.batches[0].draws)
    return total


def mixed_risk(mix, q, chance):
    k = mix.counts.size
    law = np.array([[1.0 - chance[c], chance[c]] for c in range(k)])
    rates = np.array([[law[c] @ q[2 * c : 2 * c + 2, 2 * d : 2 * d + 2] @ law[d] for d in range(k)] for c in range(k)])
    return float((np.triu(mix.weights) * rates).sum()), rates


@pytest.mark.parametrize("counts", [(2, 1), (3, 2), (1, 1, 3), (2, 2, 2), (3, 3), (4, 1), (3, 1, 1), (5, 2)])
def test_the_mean_is_at_most_the_power_of_the_mixed_risk(counts):
    """E h <= (1 - kappa r_W)^N by enumeration of all outcomes; with less than the full exponent it would fail."""
    rng = np.random.default_rng(sum(counts))
    codes = np.repeat(np.arange(len(counts)), counts)
    mix = balanced_mix(np.array(counts))
    drawn = mix_batches(codes, mix, splits=2, rng=rng)
    for trial in range(6):
        q = rng.random((2 * len(counts),) * 2) if trial % 2 else rng.integers(0, 2, (2 * len(counts),) * 2) * 1.0
        q = 0.5 * (q + q.T)
        chance = rng.random(len(counts))
        risk, _ = mixed_risk(mix, q, chance)
        mean = exact_mean(codes, drawn, q, chance, 0.95)
        assert math.log(mean) <= drawn.exponent * math.log1p(-0.95 * risk) + 1e-12


def test_equal_rates_attain_it():
    """With one rate for all combinations and independent errors nothing is lost: a smaller bound would be false."""
    codes = np.repeat([0, 1], 2)
    drawn = mix_batches(codes, balanced_mix(np.array([2, 2])), splits=1, rng=np.random.default_rng(0))
    q = np.full((4, 4), 0.3)
    mean = exact_mean(codes, drawn, q, [0.5, 0.5], 0.9)
    assert math.log(mean) == pytest.approx(drawn.exponent * math.log1p(-0.27), abs=1e-9)
    assert math.log(mean) > (drawn.exponent * 1.02) * math.log1p(-0.27)


def test_a_false_twin_that_lets_the_composition_vary():
    """Random halves of all rows, labels given, break the inequality: the reason for one block per class."""
    codes = np.array([0, 0, 1, 1])
    rates = np.array([[1.0, 0.0], [0.0, 1.0]])  # same pairs are wrong
    kappa, total = 0.98, []
    for order in itertools.permutations(range(4)):
        first, second = list(order[:2]), list(order[2:])
        total.append(mean_over_bijections(1.0 - kappa * rates[np.ix_(codes[first], codes[second])]))
    share = np.mean([rates[codes[i], codes[j]] for i in range(4) for j in range(4) if i != j])
    assert np.mean(total) > (1.0 - kappa * share) ** 2 * 1.4
