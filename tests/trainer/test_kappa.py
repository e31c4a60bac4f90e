import math

import numpy as np
import pytest

from boundcalc.trainer.complexity.bernstein import BoundedMean
from boundcalc.trainer.complexity.kappa import measure_kappa
from boundcalc.trainer.risk.structures import make_structure

DIMS = {"a": 2, "b": 3}


def measure(differences, name, **changes):
    options = {
        "eig_range": (0.0, 1.0),
        "threshold_range": (-1.0, 2.0),
        "squared_radii": (4.0, 4.0),
        "widths": (2, 3),
    } | changes
    return measure_kappa(differences, make_structure(name, dims=DIMS), **options)


def population(rng, m):
    """Differences of unit rows per modality with unequal coordinates."""

    def rows():
        a, b = rng.normal(size=(m, 2)) * [1.0, 0.1], rng.normal(size=(m, 3)) * [1.0, 0.3, 0.3]
        return np.hstack([part / np.linalg.norm(part, axis=1, keepdims=True) for part in (a, b)])

    return rows() - rows()


def test_plug_in_is_the_formula():
    differences = population(np.random.default_rng(0), 100)
    squares = np.square(differences)
    assert measure(differences, "diagonal").plug_in == pytest.approx(
        0.5 * np.sqrt(np.square(squares).mean(axis=0)).sum() + 1.5
    )
    norms = squares.sum(axis=1)
    second = (differences.T * norms) @ differences / 100
    values = np.linalg.eigvalsh(second)
    assert measure(differences, "full").plug_in == pytest.approx(0.5 * np.sqrt(values).sum() + 1.5)


@pytest.mark.parametrize("name", ["modality", "blocks", "diagonal", "full"])
def test_ordering_and_share(name):
    differences = population(np.random.default_rng(1), 4000)
    got = measure(differences, name)
    assert got.plug_in < got.bernstein < got.worst_case
    assert got.certified == got.bernstein
    # Large samples: the price of certification fades.
    assert got.bernstein < 1.35 * got.plug_in


def test_tiny_pilots_fall_back_to_the_worst_case():
    for m in (1, 2, 3):
        got = measure(population(np.random.default_rng(2), m), "diagonal")
        assert got.certified == got.worst_case == pytest.approx(0.5 * 8 * math.sqrt(5) + 1.5)


def test_no_range_leaves_the_share():
    assert measure(population(np.random.default_rng(3), 10), "full", eig_range=(1.0, 1.0)).certified == 1.5


def test_constant_and_missing_coordinates():
    differences = population(np.random.default_rng(4), 200)
    differences[:, 2:] = 0.0
    for name in ("modality", "diagonal", "full"):
        got = measure(differences, name)
        assert math.isfinite(got.bernstein)
        assert got.bernstein >= got.plug_in
    zeros = measure(np.zeros((50, 5)), "diagonal")
    assert zeros.plug_in == pytest.approx(1.5)
    assert math.isfinite(zeros.bernstein)


def test_empirical_bernstein_is_the_published_formula():
    values = np.array([0.0, 0.5, 1.0, 0.25])
    log = math.log(2 / 0.1)
    assert BoundedMean.of(values, span=2.0).upper(0.1) == pytest.approx(
        values.mean() + math.sqrt(2 * values.var(ddof=1) * log / 4) + 7 * 2.0 * log / 9
    )


def true_kappa(name):
    differences = population(np.random.default_rng(99), 60_000)
    return measure(differences, name).plug_in


@pytest.mark.parametrize("name", ["diagonal", "full"])
def test_certified_kappa_covers(name):
    truth, failures = true_kappa(name), 0
    for seed in range(80):
        got = measure(population(np.random.default_rng(seed), 60), name, delta=0.3)
        failures += got.certified < truth
    # 80 runs at delta = 0.3: more than 34 failures would have probability below 1 %.
    assert failures <= 34
    assert got.certified < got.worst_case


@pytest.mark.parametrize("name", ["diagonal", "modality", "full"])
@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e60])
def test_kappa_grows_with_the_square_of_the_features(name, scale):
    differences = population(np.random.default_rng(0), 4000)
    plain = measure(differences, name, threshold_range=(0.0, 0.0))
    scaled = measure(
        differences * scale, name, threshold_range=(0.0, 0.0), squared_radii=(4.0 * scale * scale, 4.0 * scale * scale)
    )
    assert plain.bernstein < plain.worst_case
    for value in ("plug_in", "bernstein", "worst_case"):
        assert getattr(scaled, value) == pytest.approx(getattr(plain, value) * scale * scale, rel=1e-9, abs=0)
