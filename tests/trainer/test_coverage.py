"""Certified estimates fail no more often than their delta, on populations whose truth is known by large samples."""

import numpy as np
import pytest
from scipy.stats import beta

from boundcalc.trainer.complexity.kappa import measure_kappa
from boundcalc.trainer.complexity.rademacher import measure_complexity
from boundcalc.trainer.risk.pairs import AllPairs
from boundcalc.trainer.risk.structures import make_structure
from tests.coverage import assert_covers

DELTA, M = 0.3, 40
DIMS = {"a": 2, "b": 3}
BOX = {"eig_range": (0.0, 1.0), "threshold_range": (-1.0, 2.0)}


def population(rng, m):
    def rows():
        a = rng.normal(size=(m, 2)) * [1.0, 0.2]
        b = np.where(rng.random((m, 1)) < 0.1, 1.0, 0.05) * rng.normal(size=(m, 3))
        b[rng.random(m) < 0.3] = 0.0
        return np.hstack([part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-300) for part in (a, b)])

    return rows() - rows()


def lower_end(failures, runs):
    """Return the lower end of the 99 % Clopper-Pearson interval of the failure rate."""
    return 0.0 if failures == 0 else float(beta.ppf(0.005, failures, runs - failures + 1))


def failures_of(name, runs):
    structure = make_structure(name, dims=DIMS)
    rng = np.random.default_rng(2024)
    pilot = [measure_complexity(population(rng, M), structure, radius=np.sqrt(8), draws=100, rng=rng, **BOX)
             for _ in range(150)]  # fmt: skip
    # The expected complexity, and three standard errors below it: a failure counts only if it is one for sure.
    values = np.array([one.empirical for one in pilot])
    expected = values.mean() - 3 * values.std() / np.sqrt(values.size)
    big = population(rng, 100_000)
    arguments = {"squared_radii": (4.0, 4.0), "widths": (2, 3), **BOX}
    kappa = measure_kappa(big, structure, **arguments).plug_in * (1 - 0.01)
    counts = dict.fromkeys(("data", "self_bounding", "upper", "kappa", "monte_carlo"), 0)
    for _ in range(runs):
        differences = population(rng, M)
        got = measure_complexity(differences, structure, radius=np.sqrt(8), delta=DELTA, draws=20, rng=rng, **BOX)
        counts["data"] += got.data < expected
        counts["self_bounding"] += got.self_bounding < expected
        counts["upper"] += got.upper < expected
        counts["monte_carlo"] += got.monte_carlo_upper < got.metric_lower
        counts["kappa"] += measure_kappa(differences, structure, delta=DELTA, **arguments).certified < kappa
    return counts


@pytest.mark.parametrize("name", ["diagonal"])
def test_certified_values_cover(name):
    runs = 60
    for what, failures in failures_of(name, runs).items():
        assert_covers(failures, runs, DELTA, what)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["diagonal", "modality", "full"])
def test_certified_values_cover_in_2000_replicates(name):
    runs = 2000
    for what, failures in failures_of(name, runs).items():
        assert_covers(failures, runs, DELTA, what)


def test_a_false_twin_is_caught():
    """The plug-in kappa, passed off as certified, fails more often than delta."""
    structure = make_structure("diagonal", dims=DIMS)
    rng = np.random.default_rng(1)
    arguments = {"squared_radii": (4.0, 4.0), "widths": (2, 3), **BOX}
    truth = measure_kappa(population(rng, 100_000), structure, **arguments).plug_in
    runs = 200
    failures = sum(measure_kappa(population(rng, M), structure, **arguments).plug_in < truth for _ in range(runs))
    assert lower_end(failures, runs) > DELTA


def test_holdout_risk_is_unbiased():
    """The mean over samples of the U-statistic is the population risk, found by exact enumeration of a finite world."""
    from boundcalc.trainer.risk.losses import Hinge

    points = np.array([[0.0], [0.5], [1.5]])
    codes, mass = np.array([0, 1, 1]), np.array([0.5, 0.3, 0.2])
    exact = 0.0
    for i in range(3):
        for j in range(3):
            s = 1.0 if codes[i] == codes[j] else -1.0
            f = 1.0 - (points[i, 0] - points[j, 0]) ** 2
            exact += mass[i] * mass[j] * max(0.0, 1 - s * f)
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(1000):
        chosen = rng.choice(3, size=6, p=mass)
        draws.append(
            AllPairs(points[chosen], codes[chosen], threads=1)
            .evaluate(np.ones(1), 1.0, loss=Hinge(), gradient=False)
            .value
        )
    assert np.mean(draws) == pytest.approx(exact, abs=4 * np.std(draws) / np.sqrt(1000))
