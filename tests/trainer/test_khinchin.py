import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from boundcalc.errors import InvalidInputError
from boundcalc.trainer.complexity.khinchin import mean_absolute_sign_sum, mean_absolute_sum


def enumerated(column):
    return math.fsum(abs(math.fsum(s * v for s, v in zip(signs, column, strict=True)))
                     for signs in itertools.product((-1, 1), repeat=len(column))) / 2 ** len(column)  # fmt: skip


def by_dynamic_programming(integers):
    total = int(np.sum(integers))
    mass = np.zeros(2 * total + 1)
    mass[total] = 1.0
    for size in integers:
        mass = 0.5 * (np.roll(mass, size) + np.roll(mass, -size))
    return float(mass @ np.abs(np.arange(-total, total + 1)))


def by_quadrature(column, digits=25):
    """Return (2/pi) int (1 - prod cos(t v))/t^2 dt at high precision, by the triangle series with many terms."""
    with mp.workdps(digits):
        values = [mp.mpf(float(v)) for v in column]
        deviation = mp.sqrt(mp.fsum(v * v for v in values))
        h = mp.pi / (13 * deviation)
        # Few values keep phi from decaying: then many more terms.
        last = 61 if len(values) > 200 else 1201
        total = mp.fsum(mp.fprod(mp.cos(j * h * v) for v in values) / j**2 for j in range(1, last, 2))
        return float(mp.pi / (2 * h) - 4 / (mp.pi * h) * total)


def holds(result, truth, k=0):
    assert result.lower[k] <= truth <= result.upper[k]
    assert result.lower[k] <= result.value[k] <= result.upper[k]


@pytest.mark.parametrize("m", [1, 2, 3, 7, 12])
def test_small_m_equals_full_enumeration(m):
    rng = np.random.default_rng(m)
    values = np.column_stack([rng.exponential(size=m), rng.random(m) ** 8, np.ones(m), np.zeros(m)])
    result = mean_absolute_sum(values)
    for k in range(4):
        assert result.value[k] == pytest.approx(enumerated(values[:, k]), rel=1e-12, abs=1e-300)
        holds(result, enumerated(values[:, k]), k)


@pytest.mark.parametrize(
    "integers",
    [[1] * 100, [1] * 101, [1, 2, 3, 0] * 40, list(range(1, 41)), [2, 3] * 30, [7] * 33 + [1], [5] * 64],
    ids=["ones", "odd", "mixed", "range", "two three", "heavy lattice", "fives"],
)
@pytest.mark.parametrize("scale", [1.0, 0.37, 1e-150, 1e150])
def test_lattice_values(integers, scale):
    truth = by_dynamic_programming(integers)
    result = mean_absolute_sum(np.array(integers, dtype=float)[:, None] * scale)
    assert result.value[0] / scale == pytest.approx(truth, rel=1e-11)
    assert result.lower[0] / scale <= truth * (1 + 1e-15)
    assert result.upper[0] / scale >= truth * (1 - 1e-15)


@pytest.mark.parametrize("m", [40, 300, pytest.param(4500, marks=pytest.mark.slow)])
def test_continuous_values_against_high_precision(m):
    rng = np.random.default_rng(m)
    column = rng.standard_normal(m) ** 2
    truth = by_quadrature(column)
    result = mean_absolute_sum(column[:, None])
    assert result.value[0] == pytest.approx(truth, rel=1e-9 if m == 40 else 1e-11)
    assert result.upper[0] <= truth * 1.001
    holds(result, truth)


@pytest.mark.parametrize("weight", [3.0, 30.0, 3e3, 1e9])
@pytest.mark.parametrize("m", [60, 6000])
def test_heavy_rows(m, weight):
    rng = np.random.default_rng(1)
    light = rng.random(m)
    column = np.append(light, weight * np.sqrt(np.square(light).sum()))
    # E|w + X| = w + 2 E(X - w)_+, and the excess is bounded by the sub-Gaussian tail.
    spread, top = float(np.sqrt(np.square(light).sum())), float(column[-1])
    excess = 2 * spread**2 / top * math.exp(-0.5 * (top / spread) ** 2)
    result = mean_absolute_sum(column[:, None])
    assert top * (1 - 1e-12) <= result.upper[0]
    assert result.lower[0] <= top + excess
    assert result.value[0] == pytest.approx(top, rel=max(excess / top, 1e-9))


@pytest.mark.parametrize("jitter", [0.0, 1e-12, 1e-6, 1e-3, 1e-1])
@pytest.mark.parametrize("m", [100, 5000])
def test_near_lattice_is_never_silently_wrong(jitter, m):
    rng = np.random.default_rng(2)
    column = 1.0 + jitter * rng.random(m)
    result = mean_absolute_sum(column[:, None])
    # Scaling each |sum| by at most max v and at least min v brackets the truth.
    base = mean_absolute_sign_sum(m)
    assert result.upper[0] >= column.min() * base * (1 - 1e-12)
    assert result.lower[0] <= column.max() * base * (1 + 1e-12)
    if jitter <= 1e-6:
        assert result.value[0] == pytest.approx(base, rel=2 * jitter + 2e-4)
    assert result.upper[0] - result.lower[0] <= 2e-2 * result.value[0]


@settings(max_examples=25)
@given(hnp.arrays(float, st.tuples(st.integers(23, 60), st.integers(1, 2)), elements=st.floats(0, 1e3)))
def test_interval_and_sandwich_hold(values):
    result = mean_absolute_sum(values)
    scale = np.maximum(values.max(axis=0), 1e-300)
    root = np.sqrt(np.square(values / scale).sum(axis=0)) * scale
    assert (result.lower <= result.value).all()
    assert (result.value <= result.upper).all()
    assert (result.upper <= root * (1 + 1e-9)).all()
    assert (result.lower >= root / np.sqrt(2) * (1 - 1e-9)).all()


@settings(max_examples=15)
@given(hnp.arrays(float, st.integers(23, 40), elements=st.floats(0, 10)), st.integers(0, 2**32 - 1))
def test_interval_covers_simulation(column, seed):
    result = mean_absolute_sum(column[:, None])
    signs = np.random.default_rng(seed).integers(0, 2, size=(4000, column.size)) * 2.0 - 1
    draws = np.abs(signs @ column)
    error = 6 * draws.std() / np.sqrt(4000) + 1e-12
    assert result.lower[0] - error <= draws.mean() <= result.upper[0] + error


def test_sign_sums_agree_with_the_binomial_law():
    for m in (1, 2, 5, 100, 1999, 2000):
        assert mean_absolute_sign_sum(m) == pytest.approx(
            float(sum(mp.binomial(m, k) * abs(m - 2 * k) for k in range(m + 1)) / mp.mpf(2) ** m), rel=1e-14
        )
    for m in (2001, 10**5, 10**5 + 1):
        k = (m + 1) // 2
        with mp.workdps(30):
            exact = 2 * k * mp.binomial(m, k) / mp.mpf(2) ** m
        assert mean_absolute_sign_sum(m) == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize("bad", [[[np.nan]], [[-1.0]], [[np.inf]], [1.0, 2.0], np.zeros((0, 2))])
def test_bad_values(bad):
    with pytest.raises(InvalidInputError):
        mean_absolute_sum(bad)


@pytest.mark.parametrize("m", [5001, 20_001, 30_000, 39_999])
def test_the_lattice_interval_covers_the_binomial_law(m):
    k = (m + 1) // 2
    with mp.workdps(40):
        truth = 2 * k * mp.binomial(m, k) / mp.mpf(2) ** m
        result = mean_absolute_sum(np.ones((m, 1)))
        assert result.method == ("lattice",)
        assert mp.mpf(result.lower[0]) <= truth <= mp.mpf(result.upper[0])
    assert result.upper[0] - result.lower[0] <= 1e-12 * result.value[0]


@pytest.mark.parametrize("counts", [{3: 40, 7: 5}, {1: 23, 10: 1}, {2: 60, 5: 61, 9: 3}, {4: 1001, 6: 2}])
def test_the_lattice_interval_covers_exact_convolutions(counts):
    integers = [size for size, count in counts.items() for _ in range(count)]
    mass = {0: 1}
    for size in integers:
        moved = {}
        for at, ways in mass.items():
            moved[at - size] = moved.get(at - size, 0) + ways
            moved[at + size] = moved.get(at + size, 0) + ways
        mass = moved
    with mp.workdps(40):
        truth = mp.mpf(sum(abs(at) * ways for at, ways in mass.items())) / mp.mpf(2) ** len(integers)
        result = mean_absolute_sum(np.array(integers, dtype=float)[:, None])
        assert result.method == ("lattice",)
        assert mp.mpf(result.lower[0]) <= truth <= mp.mpf(result.upper[0])


def test_signs_order_and_bad_numbers_in_many_rows():
    rng = np.random.default_rng(3)
    values = rng.random((5001, 3))
    values[17, 1] = 0.0
    plain = mean_absolute_sum(values)
    values[17, 1] = -0.0
    for same in (np.asfortranarray(values), np.repeat(values, 2, axis=1)[:, ::2], values[::-1]):
        result = mean_absolute_sum(same)
        assert result.value == pytest.approx(plain.value, rel=1e-12)
    for bad in (-1e-300, np.nan, -np.nan, np.inf, -np.inf):
        for row in (0, 2500, 5000):
            spoilt = values.copy()
            spoilt[row, 2] = bad
            with pytest.raises(InvalidInputError, match="finite numbers >= 0"):
                mean_absolute_sum(spoilt)


@pytest.mark.parametrize("heavy", [0, 1, 7, 300])
def test_many_rows_with_heavy_ones_against_direct_cosines(heavy):
    rng = np.random.default_rng(heavy)
    values = np.square(rng.normal(size=(6000, 3)))
    values[:heavy, 1] = 40.0
    values[:heavy, 2] *= 400.0
    result = mean_absolute_sum(values)
    for k in range(3):
        column = values[:, k].astype(np.longdouble)
        step = np.pi / (12 * np.sqrt(np.square(column).sum()))
        series = sum(np.cos(j * step * column).prod() / j**2 for j in range(1, 1201, 2))
        truth = float(np.pi / (2 * step) - 4 / (np.pi * step) * series)
        assert result.value[k] == pytest.approx(truth, rel=1e-8)
        assert result.lower[k] <= truth * (1 + 1e-12)
        assert result.upper[k] >= truth * (1 - 1e-12)
