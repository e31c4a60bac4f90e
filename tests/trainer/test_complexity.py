import itertools
import math

import numpy as np
import pytest

from boundcalc.errors import InvalidInputError
from boundcalc.trainer.complexity.rademacher import measure_complexity, threshold_share
from boundcalc.trainer.risk.structures import make_structure

DIMS = {"a": 2, "b": 3}


def measure(differences, name="diagonal", **changes):
    options = {"eig_range": (0.0, 1.0), "threshold_range": (-1.0, 2.0), "radius": 4.0} | changes
    return measure_complexity(differences, make_structure(name, dims=DIMS), **options)


def enumerated_supremum(differences, structure, eig_range, threshold_range):
    """Return E_sigma sup over the class of (1/m) sum sigma (t - D), by all signs and the vertices of the box."""
    m = differences.shape[0]
    total = 0.0
    for signs in itertools.product((-1.0, 1.0), repeat=m):
        signed = (differences.T * np.array(signs)) @ differences
        gradient = structure.pull_back(signed if structure.name == "full" else np.diag(signed))
        metric = -structure.linear_minimum(gradient, *eig_range)
        total += metric + max(t * sum(signs) for t in threshold_range)
    return total / m / 2**m


@pytest.mark.parametrize("name", ["modality", "blocks", "diagonal", "full"])
@pytest.mark.parametrize("m", [1, 2, 5, 8])
@pytest.mark.parametrize("eig_range", [(0.0, 1.0), (0.5, 2.0), (1.0, 1.0)])
def test_equals_the_definition_by_full_enumeration(name, m, eig_range):
    differences = np.random.default_rng(m).normal(size=(m, 5))
    got = measure(differences, name, eig_range=eig_range)
    truth = enumerated_supremum(differences, make_structure(name, dims=DIMS), eig_range, (-1.0, 2.0))
    assert got.empirical == pytest.approx(truth, rel=1e-12)
    assert got.metric_lower + got.share <= truth * (1 + 1e-14)
    assert got.empirical_upper >= truth * (1 - 1e-14)
    assert got.khinchin + got.share >= truth * (1 - 1e-14)


def test_refining_a_partition_never_lowers_the_complexity():
    differences = np.random.default_rng(0).normal(size=(50, 5))
    values = [measure(differences, name).empirical for name in ("modality", "blocks", "diagonal")]
    assert values == sorted(values)


@pytest.mark.parametrize("name", ["modality", "diagonal", "full"])
def test_order_of_the_upper_values(name):
    rng = np.random.default_rng(1)
    differences = rng.normal(size=(200, 5))
    differences *= 2 / np.linalg.norm(differences, axis=1, keepdims=True)
    got = measure(differences, name, radius=2.0, draws=2000, rng=rng, delta=0.1)
    assert got.metric_lower <= got.metric <= got.metric_upper <= got.khinchin
    assert got.empirical_upper <= got.self_bounding
    assert got.empirical_upper <= got.data
    assert got.upper <= got.worst_case <= got.massart
    # The Monte-Carlo mean is within its own confidence term, and the value within that of the mean.
    term = got.monte_carlo_range * math.sqrt(math.log(2e9) / 4000)
    assert abs(got.metric - got.monte_carlo) <= term
    assert got.monte_carlo_upper >= got.metric_lower
    table = got.table()
    certified = [row.value for row in table if row.certified]
    assert certified == sorted(certified)
    assert [row.certified for row in table] == sorted((row.certified for row in table), reverse=True)


def test_formulas_of_the_upper_values():
    differences = np.random.default_rng(2).normal(size=(60, 5)) / 3
    got = measure(differences, "diagonal", eig_range=(0.25, 1.0), radius=3.0, delta=0.02)
    half, x = 0.5 * 0.75 * 9.0, math.log(50)
    assert got.data == pytest.approx(got.empirical_upper + half * math.sqrt(x / 120))
    assert got.self_bounding == pytest.approx(
        got.empirical_upper + half / 60 * (x + math.sqrt(x * x + 120 * x * got.metric_upper / half))
    )
    assert got.worst_case == pytest.approx(half * math.sqrt(5 / 60) + threshold_share(60, (-1.0, 2.0)))
    assert got.massart == pytest.approx(half * math.sqrt(10 * math.log(2) / 60) + threshold_share(60, (-1.0, 2.0)))


def test_no_range_no_complexity():
    got = measure(np.ones((5, 5)), eig_range=(1.0, 1.0), threshold_range=(1.0, 1.0))
    assert got.empirical == got.upper == got.data == 0.0 or got.upper < 1e-300


@pytest.mark.parametrize("scale", [1e-150, 1e-70, 1e70])
def test_scales(scale):
    differences = np.random.default_rng(3).normal(size=(40, 5))
    plain = measure(differences, threshold_range=(0.0, 0.0)).metric
    assert measure(differences * scale, threshold_range=(0.0, 0.0)).metric / scale**2 == pytest.approx(plain, rel=1e-12)


def test_bad_arguments():
    with pytest.raises(InvalidInputError, match="delta"):
        measure(np.ones((4, 5)), delta=0.0)
    with pytest.raises(InvalidInputError, match="at least one"):
        measure(np.ones((0, 5)))
    with pytest.raises(InvalidInputError, match="rng"):
        measure(np.ones((40, 5)), "full")


def test_massart_says_nothing_about_a_full_matrix():
    differences = np.random.default_rng(0).normal(size=(8, 3))
    options = {"eig_range": (0.0, 1.0), "threshold_range": (0.0, 1.0), "radius": 9.0}
    full, weights = (measure_complexity(differences, make_structure(name, dims={"a": 3}), **options)
                     for name in ("full", "diagonal"))  # fmt: skip
    assert full.massart == math.inf
    assert "massart" not in [row.name for row in full.table()]
    assert "massart" in [row.name for row in weights.table()]
