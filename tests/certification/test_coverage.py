"""The bound fails at most as often as it says: by enumeration where it can be, by simulation where it cannot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from boundcalc.certification import certify
from boundcalc.certification.bijections import exponent, half_batches
from boundcalc.certification.kernels import PairErrors
from boundcalc.certification.search import Sample, risk_bound
from boundcalc.certification.sides import as_upper_risk
from boundcalc.errors import InvalidInputError
from tests.certification.worlds import (
    POPULATIONS,
    Population,
    all_samples,
    bad_atoms,
    clopper_pearson_upper,
    degenerate,
    rare_class,
)

WEIGHTS = (2.0, 0.7)


def bound_of(distances, codes, *, delta, kappa, weights=(1.0, 1.0), splits=1, seed=0):
    """What certify computes, without the reading of arguments (one class only is no question for certify)."""
    errors = PairErrors(lambda i, j: distances[i[:, None], j], codes, 0.5, weights)
    batches = half_batches(codes.size, splits=splits, rng=np.random.default_rng(seed))
    sample = Sample(batches, errors, errors.scale, exponent(batches))
    return risk_bound(sample, delta=delta, kappa=kappa, variance=lambda risk: 0.01)[0]


@pytest.mark.parametrize("population", [bad_atoms(0.2), degenerate(), rare_class()], ids=lambda p: p.name)
@pytest.mark.parametrize(("n", "splits"), [(2, 1), (3, 2), (4, 1)])
@pytest.mark.parametrize("kappa", [None, 0.9])
def test_failures_by_enumeration(population, n, splits, kappa):
    """Every sample of n rows: the exact probability of a bound below the risk is at most delta."""
    risk = population.risk(WEIGHTS)
    for delta in (0.3, 0.1):
        failed = sum(
            chance
            for chance, distances, codes in all_samples(population, n)
            if bound_of(distances, codes, delta=delta, kappa=kappa, weights=WEIGHTS, splits=splits) < risk
        )
        assert failed <= delta


def test_the_level_is_nearly_attained():
    """The worst population for one pair fails with 1 - (1 - delta)/kappa: .2857 at delta = .3, kappa = .98 (by hand)."""
    failure = 1.0 - (1.0 - 0.3) / 0.98
    assert failure == pytest.approx(0.285714, abs=1e-6)
    right = as_upper_risk(math.log(0.3), kappa=0.98, scale=1.0, exponent=1.0)
    assert right == pytest.approx(0.7 / 0.98, rel=1e-12)
    # An error with any probability above the bound is unseen with what is left of it.
    assert 1.0 - right == pytest.approx(failure, rel=1e-9)


def simple_twin(name, distances, codes, *, delta, kappa, seed):
    """A careless certificate for 0-1 errors and m pairs of rows; each drops one condition of the theorem."""
    order = np.random.default_rng(seed).permutation(codes.size)
    m = codes.size // 2
    first, second = order[:m], order[m:]
    errors = PairErrors(lambda i, j: distances[i[:, None], j], codes, 0.5)
    matrix = 1.0 - kappa * errors(first, second)
    if name == "best matching":
        from scipy.optimize import linear_sum_assignment

        cost = -np.log(matrix)
        log_h, pairs = -float(cost[linear_sum_assignment(cost)].sum()), m
    elif name == "no divergence":
        log_h, pairs = -float((-np.log(matrix)).min(axis=1).sum()), m
    elif name == "rows only":
        log_h, pairs = float(np.log(matrix.mean(axis=1)).sum()), m
    else:
        log_h, pairs = float(np.log(matrix).mean() * m), 2 * m
    return as_upper_risk(math.log(delta) + log_h, kappa=kappa, scale=1.0, exponent=pairs)


def test_twice_the_pairs_fails():
    """n for n/2: with one pair and a risk of 3/4 an error is unseen too often for a bound at delta = .24."""
    population = degenerate()
    wrong = Population("mostly wrong", population.chance, population.classes, 1.0 - population.distances)
    wrong = Population("mostly wrong", wrong.chance, wrong.classes, np.where(wrong.wrong() > 0, wrong.distances, 0.5))
    risk = wrong.risk()
    failed = {"right": 0.0, "twice the pairs": 0.0}
    for chance, distances, codes in all_samples(wrong, 2):
        failed["right"] += chance * (bound_of(distances, codes, delta=0.24, kappa=0.98) < risk)
        failed["twice the pairs"] += chance * (
            simple_twin("twice the pairs", distances, codes, delta=0.24, kappa=0.98, seed=0) < risk
        )
    assert failed["right"] <= 0.24 < failed["twice the pairs"]


@pytest.mark.parametrize("name", ["best matching", "no divergence"])
def test_false_twins_fail_too_often(name):
    """Dropping a condition fails more often than delta = .3 where the theorem does not (n = 40 rows)."""
    population = degenerate()
    risk = population.risk()
    rng = np.random.default_rng(0)
    runs, false, right = 150, 0, 0
    for run in range(runs):
        distances, codes = population.draw(40, rng)
        false += simple_twin(name, distances, codes, delta=0.3, kappa=0.9, seed=run) < risk
        right += bound_of(distances, codes, delta=0.3, kappa=0.9, seed=run) < risk
    assert false > 0.45 * runs
    assert right <= 0.3 * runs


def test_maxima_over_seeds_of_a_batch_each_fail():
    """The product of each batch's best split fails, the product of its mean does not (certificates.md section 12)."""
    population, kappa, delta = POPULATIONS[0], 0.7, 0.05
    risk, rng = population.risk(), np.random.default_rng(1)
    failed = {"mean": 0, "maximum": 0}
    from boundcalc.certification.draws import Table, exact_log_h

    for _ in range(6):
        logs = []
        for batch in range(25):
            distances, codes = population.draw(5, rng)
            errors = PairErrors(lambda i, j, d=distances: d[i[:, None], j], codes, 0.5)
            (part,) = half_batches(5, splits=15, rng=np.random.default_rng(batch))
            table = Table.of(errors(part.units, part.units), errors.levels)
            logs.append([exact_log_h(draw, table, kappa, None)[0] for draw in part.draws])
        logs = np.array(logs)
        for name, found in [("mean", np.log(np.exp(logs).mean(axis=1))), ("maximum", logs.max(axis=1))]:
            bound = as_upper_risk(math.log(delta) + found.sum(), kappa=kappa, scale=1.0, exponent=62.5)
            failed[name] += bound < risk
    assert failed["mean"] == 0
    assert failed["maximum"] >= 3


def run_many(population, *, runs, n, delta, weights, splits, seed=0):
    """Count how often the certificate lies below the true risk."""
    rng = np.random.default_rng(seed)
    failures = 0
    for run in range(runs):
        distances, codes = population.draw(n, rng)
        try:
            found = certify(
                distance=distances, y=codes, threshold=0.5, delta=delta, weights=weights, splits=splits, rng=run
            )
        except InvalidInputError:  # one class, or no two rows of one: the question was not asked
            continue
        truth = population.mixed_risk(codes) if weights == "balanced" else population.risk(weights or (1.0, 1.0))
        failures += found.value < truth
    return failures


@pytest.mark.parametrize("population", POPULATIONS, ids=lambda p: p.name)
@pytest.mark.parametrize("weights", ["balanced", WEIGHTS])
def test_failures_by_simulation(population, weights):
    failures = run_many(population, runs=60, n=24, delta=0.3, weights=weights, splits=2)
    assert failures <= 0.3 * 60


@pytest.mark.slow
@pytest.mark.parametrize("population", POPULATIONS, ids=lambda p: p.name)
@pytest.mark.parametrize("weights", ["balanced", WEIGHTS, None])
@pytest.mark.parametrize("delta", [0.3, 0.1, 0.05])
def test_failures_by_long_simulation(population, weights, delta):
    """2,000 runs: the upper end of the Clopper-Pearson interval is at most delta + .02."""
    failures = run_many(population, runs=2_000, n=40, delta=delta, weights=weights, splits=3)
    assert clopper_pearson_upper(failures, 2_000) <= delta + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("weights", [None, (1.5, 0.5)])
def test_new_groups_whose_risk_is_known(weights):
    """Groups of unequal size and share of bad rows: the certificate covers the risk of two new groups and a row of each.

    A pair errs where one of its rows is bad; classes are fair coins of the groups. Bad groups have 4 rows, good ones 20, so that
    counting rows makes the risk look smaller than it is.
    """
    rng, runs, delta = np.random.default_rng(11), 400, 0.1
    shares, sizes = np.array([0.0, 0.25, 1.0]), np.array([20, 20, 4])
    wrong = 1.0 - (1.0 - 0.5 * 0.25 - 0.25) ** 2  # a group is of each kind with probability 1/4, 1/2, 1/4
    risk = wrong * (1.0 if weights is None else sum(weights) / 2)
    failed = {"rows": 0, "groups": 0}
    for run in range(runs):
        kinds = rng.choice(3, size=24, p=[0.25, 0.5, 0.25])
        groups = np.repeat(np.arange(24), sizes[kinds])
        bad = np.concatenate([np.arange(sizes[kind]) < round(shares[kind] * sizes[kind]) for kind in kinds])
        labels = rng.integers(0, 2, size=24)
        codes = labels[groups]
        distances = np.where((codes[:, None] == codes) ^ (bad[:, None] | bad), 0.2, 0.8)
        options = {
            "distance": distances,
            "y": codes,
            "threshold": 0.5,
            "weights": weights,
            "splits": 2,
            "rng": run,
            "delta": delta,
        }
        failed["rows"] += certify(**options).value < risk
        failed["groups"] += certify(**options, groups=groups).value < risk
    assert failed["groups"] <= binom.ppf(1 - 1e-4, runs, delta)
    assert failed["rows"] > binom.ppf(1 - 1e-4, runs, delta)


def test_groups_not_rows():
    """8 groups of 20 rows, 30 % of them bad: counted as rows the certificate fails, counted as groups it does not."""
    rng = np.random.default_rng(0)
    runs, failed = 40, {"rows": 0, "groups": 0}
    for run in range(runs):
        bad = rng.random(8) < 0.3
        labels = rng.integers(0, 2, size=8)
        groups = np.repeat(np.arange(8), 20)
        codes, wrong = labels[groups], bad[groups][:, None] | bad[groups]
        if np.unique(labels).size < 2:
            continue
        distances = np.where((codes[:, None] == codes) ^ wrong, 0.2, 0.8)
        options = {"distance": distances, "y": codes, "threshold": 0.5, "weights": None, "splits": 2, "rng": run}
        failed["rows"] += certify(**options).value < 1.0 - 0.7**2
        failed["groups"] += certify(**options, groups=groups).value < 1.0 - 0.7**2
    assert failed["groups"] <= 0.05 * runs
    assert failed["rows"] > 2 * 0.05 * runs
