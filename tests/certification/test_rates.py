"""Rates at a threshold, thresholds that reach a rate, and the AUC of pairs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from boundcalc.certification import certify, certify_band
from boundcalc.certification.ranking import auc_bound
from boundcalc.certification.rates import RateKernel, rate_bound
from boundcalc.certification.sources import from_matrix
from boundcalc.errors import InfeasibleError, InvalidInputError
from tests.certification.worlds import POPULATIONS, all_samples, rare_class

RATES = ("fmr", "fnmr", "precision", "f1")


def true_rate(population, name, threshold=0.5):
    fnmr, fmr = population.rates(threshold)
    if name in ("fmr", "fnmr"):
        return {"fmr": fmr, "fnmr": fnmr}[name]
    pairs = np.outer(population.chance, population.chance)
    same = pairs[population.same].sum()
    hit, false = same * (1 - fnmr), (1 - same) * fmr
    return hit / (hit + false) if name == "precision" else 2 * hit / (2 * hit + false + same * fnmr)


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("population", POPULATIONS[:4], ids=lambda p: p.name)
def test_the_claim_is_equivalent_to_the_rate(population, name):
    """E Y <= y_0 exactly where the rate is as claimed: at the true rate the mean of Y is y_0."""
    truth = true_rate(population, name)
    atoms = np.arange(population.chance.size)
    kernel = RateKernel(from_matrix("distance", population.distances), population.classes, 0.5, name, truth)
    mean = population.chance @ kernel(atoms, atoms) @ population.chance
    assert mean == pytest.approx(kernel.claim, abs=1e-12)
    assert set(np.unique(kernel(atoms, atoms))) <= set(kernel.levels)


@pytest.mark.parametrize("name", RATES)
def test_rates_by_simulation(name):
    population = POPULATIONS[0]
    truth, rng, failed, runs = true_rate(population, name), np.random.default_rng(0), 0, 25
    lower = name in ("precision", "f1")
    for run in range(runs):
        distances, codes = population.draw(60, rng)
        bound = rate_bound(
            from_matrix("distance", distances),
            codes,
            0.5,
            name=name,
            delta=0.2,
            splits=2,
            rng=np.random.default_rng(run),
        )
        assert 0.0 <= bound <= 1.0
        failed += bound > truth if lower else bound < truth
    assert failed <= 0.2 * runs


def test_one_pair_by_enumeration():
    """Two rows: the exact probability that the bound of the false-match rate is too low."""
    population = rare_class()
    truth = true_rate(population, "fmr", 0.85)
    failed = 0.0
    for chance, distances, codes in all_samples(population, 2):
        bound = rate_bound(
            from_matrix("distance", distances),
            codes,
            0.85,
            name="fmr",
            delta=0.3,
            splits=1,
            rng=np.random.default_rng(0),
        )
        failed += chance * (bound < truth)
    assert failed <= 0.3


def rows(n, *, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, size=n)
    return rng.normal(size=(n, 3)) + 4.0 * np.eye(3)[y], y


def test_a_threshold_for_a_match_rate():
    x, y = rows(400)
    strict, loose = (certify(embeddings=x, y=y, threshold={"fmr": rate}) for rate in (0.04, 0.1))
    for found, rate in ((strict, 0.04), (loose, 0.1)):
        assert found.kind == "match_rate"
        assert found.value == rate
        assert found.error < rate
        assert not found.vacuous
    assert strict.threshold < loose.threshold
    assert strict.recipe["non_match_rate"] > loose.recipe["non_match_rate"]
    scored = certify(scores=-np.square(x[:, None] - x).sum(-1), y=y, threshold={"fmr": 0.1})
    assert scored.threshold == pytest.approx(-loose.threshold, rel=1e-9)
    assert at(scored) >= scored.threshold == pytest.approx(at(scored), rel=1e-5)
    with pytest.raises(InfeasibleError, match="about 900"):
        certify(embeddings=x[:200], y=y[:200], threshold={"fmr": 0.01})


def test_rates_at_a_fixed_threshold():
    x, y = rows(300)
    found = {name: certify(embeddings=x, y=y, threshold=14.0, quantity=name) for name in ("fmr", "fnmr")}
    gaps, same = np.square(x[:, None] - x).sum(-1), y[:, None] == y
    np.fill_diagonal(gaps, np.nan)
    assert found["fmr"].error == pytest.approx((gaps[~same] <= 14).mean())
    assert found["fnmr"].error == pytest.approx((gaps[same] >= 14).sum() / np.isfinite(gaps[same]).sum())
    assert all(one.error < one.value < one.error + 0.2 for one in found.values())
    kept = {"calibration": 0.2, "threshold": None}
    assert certify(embeddings=x, y=y, quantity="fmr", **kept).threshold == certify(embeddings=x, y=y, **kept).threshold
    for bad in ({"quantity": "far"}, {"quantity": "fmr", "threshold": {"fmr": 0.1}}, {"quantity": "fmr", "kappa": 0.5}):
        with pytest.raises(InvalidInputError, match="quantity="):
            certify(embeddings=x, y=y, **{"threshold": 14.0, **bad})


def test_the_threshold_of_a_match_rate_by_simulation():
    """Far fewer than delta of the thresholds have a worse rate; a plug-in choice has one half of the time."""
    rng, delta, rate, runs = np.random.default_rng(1), 0.2, 0.15, 20
    big, labels = rows(1_500, seed=99)
    distances = np.square(big[:, None] - big).sum(-1)
    apart = np.sort(distances[labels[:, None] != labels])
    failed = plugged = 0
    for run in range(runs):
        x, y = rows(120, seed=int(rng.integers(1e6)))
        found = certify(embeddings=x, y=y, threshold={"fmr": rate}, delta=delta, splits=2, rng=run)
        own = np.square(x[:, None] - x).sum(-1)
        naive = np.quantile(own[y[:, None] != y], rate)
        failed += np.searchsorted(apart, found.threshold, side="right") / apart.size > rate
        plugged += np.searchsorted(apart, naive, side="right") / apart.size > rate
    assert failed <= delta * runs
    assert plugged > 0.3 * runs


def test_a_threshold_for_a_precision():
    x, y = rows(500)
    found = certify(embeddings=x, y=y, threshold={"precision": 0.8}, calibration=0.2)
    assert at(found) == found.threshold
    assert found.kind == "precision"
    assert found.rows == 400
    assert found.value == 0.8 < found.error
    assert found.constant < 0.5
    assert not found.vacuous
    with pytest.raises(InfeasibleError, match="no threshold"):
        certify(embeddings=x[:100], y=y[:100], threshold={"precision": 0.999}, calibration=0.2)


def test_groups_need_more():
    x, y = rows(300)
    y = y[3 * (np.arange(300) // 3)]
    x = rows(300)[0] * 0 + np.random.default_rng(0).normal(size=(300, 3)) + 4.0 * np.eye(3)[y]
    by_row = certify(embeddings=x, y=y, threshold={"fmr": 0.1})
    by_group = certify(embeddings=x, y=y, threshold={"fmr": 0.1}, groups=np.arange(300) // 3)
    assert by_group.units == 100
    assert by_group.threshold < by_row.threshold


def auc_of(distances, y):
    same = y[:, None] == y
    off = ~np.eye(len(y), dtype=bool)
    return np.mean(distances[same & off][:, None] < distances[~same])


def test_the_auc_of_pairs():
    x, y = rows(200)
    distances = np.square(x[:, None] - x).sum(-1)
    source = from_matrix("distance", distances)
    bound = auc_bound(source, y, delta=0.05, rng=np.random.default_rng(0))
    measured = auc_of(distances[:80, :80], y[:80])
    assert 0.5 < bound < measured
    assert auc_bound(source, y, delta=0.001, rng=np.random.default_rng(0)) < bound
    assert (
        auc_bound(
            from_matrix("distance", np.ones((20, 20))), np.arange(20) % 2, delta=0.05, rng=np.random.default_rng(0)
        )
        == 0.0
    )
    groups = [np.array([k, k + 100]) for k in range(100)]
    assert auc_bound(source, y, delta=0.05, members=groups, rng=np.random.default_rng(0)) < bound


def test_the_auc_by_simulation():
    population = POPULATIONS[0]
    pairs = np.outer(population.chance, population.chance)
    same, apart = pairs * population.same, pairs * ~population.same
    near = {d: same[population.distances == d].sum() / same.sum() for d in (0.2, 0.8)}
    far = {d: apart[population.distances == d].sum() / apart.sum() for d in (0.2, 0.8)}
    truth = near[0.2] * far[0.8]  # ties are errors
    rng, failed = np.random.default_rng(0), 0
    for run in range(60):
        distances, codes = population.draw(40, rng)
        failed += (
            auc_bound(from_matrix("distance", distances), codes, delta=0.3, splits=3, rng=np.random.default_rng(run))
            > truth
        )
    assert failed <= 0.3 * 60


def at(found):
    """Return the threshold that a certificate's statement speaks of."""
    return float(re.search(r"at the threshold (\S+):", found.recipe["statement"])[1])


def test_a_rate_says_what_was_proved():
    x, y = rows(400)
    found = certify(embeddings=x, y=y, threshold={"fmr": 0.1}, kappa=0.9)
    assert found.recipe["kappa"] == 0.9
    assert found.threshold <= certify(embeddings=x, y=y, threshold={"fmr": 0.1}).threshold
    words = found.recipe["statement"]
    assert "fails with probability at most 0.05 over the held-out rows" in words
    assert (
        at(found) <= found.threshold == pytest.approx(at(found), rel=1e-5)
    )  # a rounded larger one might have a worse rate
    copied = certify(embeddings=np.repeat(x, 2, axis=0), y=np.repeat(y, 2), threshold={"fmr": 0.1})
    assert any("distance 0" in caution for caution in copied.cautions)
    grouped = certify(embeddings=x, y=y, threshold={"fmr": 0.2}, groups=np.arange(400) // 2)
    assert "a random row each of two new independent groups" in grouped.recipe["statement"]


def test_a_match_rate_where_labels_are_the_groups():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(80), 3)
    x = rng.normal(size=(80, 8))[y] * 3.0 + rng.normal(size=(240, 8)) * 0.5
    found = certify(embeddings=x, y=y, groups=y, threshold={"fmr": 0.2})
    between = np.square(x[:, None] - x).sum(axis=-1)
    inside = (y[:, None] == y) & ~np.eye(240, dtype=bool)
    assert found.recipe["non_match_rate"] == pytest.approx(np.mean(between[inside] >= found.threshold))
    with pytest.raises(InvalidInputError, match="no pair of different groups is the same"):
        certify_band(embeddings=x, y=y, groups=y, thresholds=[5.0, 20.0])
