"""Grids with named axes: what may be given, what comes back, and what is refused."""

from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
import xarray as xr

from boundcalc.errors import InvalidInputError
from boundcalc.evaluator import evaluate_grid

N = sp.Symbol("n", integer=True, positive=True)
G = sp.Symbol("g_M", integer=True, positive=True)
DELTA = sp.Symbol("delta", positive=True)
SYMBOLS = {"n": N, "g_M": G, "delta": DELTA}
BOUND = 2 * sp.Min(1, sp.sqrt(G / sp.floor(N / 2))) + 3 * sp.sqrt(-sp.log(DELTA) / (2 * sp.floor(N / 2)))


def by_hand(n, g, delta):
    m = np.floor(np.asarray(n) / 2)
    return 2 * np.minimum(1, np.sqrt(g / m)) + 3 * np.sqrt(-np.log(delta) / (2 * m))


def test_sequences_become_axes_in_the_order_given():
    grid = evaluate_grid(BOUND, {"delta": [0.1, 0.05], "n": (10, 100, 1000), "g_M": 3}, symbols=SYMBOLS)
    assert grid.dims == ("delta", "n")
    assert grid.dtype == np.float64
    assert grid.n.dtype == np.int64
    np.testing.assert_array_equal(grid.delta, [0.1, 0.05])
    np.testing.assert_allclose(grid, by_hand([10, 100, 1000], 3, np.array([[0.1], [0.05]])), rtol=1e-15)


def test_single_numbers_give_no_axis():
    grid = evaluate_grid(BOUND, {"n": 10, "g_M": np.int32(3), "delta": np.array(0.1)}, symbols=SYMBOLS)
    assert grid.shape == ()
    assert float(grid) == pytest.approx(by_hand(10, 3, 0.1), rel=1e-15)


@pytest.mark.parametrize("delta", ["1/20", "0.05", Fraction(1, 20), Decimal("0.05"), sp.Rational(1, 20), 0.05])
def test_numbers_in_many_forms(delta):
    grid = evaluate_grid(DELTA * N, {"n": 3, "delta": delta}, symbols=SYMBOLS)
    assert float(grid) == 0.05 * 3
    assert evaluate_grid(DELTA * N, {"n": 3, "delta": [delta]}, symbols=SYMBOLS).shape == (1,)


def test_data_arrays_keep_their_dimensions_and_meet_plain_axes():
    n = xr.DataArray([[10, 20], [30, 40]], dims=("row", "n"), coords={"n": [1, 2]}, name="sizes", attrs={"a": 1})
    grid = evaluate_grid(BOUND, {"n": n, "g_M": 3, "delta": [0.1]}, symbols=SYMBOLS)
    assert grid.dims == ("row", "n", "delta")
    assert grid.name is None
    assert grid.attrs == {}
    np.testing.assert_array_equal(grid.n, [1, 2])


def test_differing_coordinates_are_refused():
    n = xr.DataArray([10, 20, 30], dims="n", coords={"n": [10, 20, 30]})
    delta = xr.DataArray([0.1, 0.2], dims="n", coords={"n": [10, 20]})
    with pytest.raises(InvalidInputError, match="do not share one grid"):
        evaluate_grid(BOUND, {"n": n, "g_M": 3, "delta": delta}, symbols=SYMBOLS)


def test_all_bad_inputs_are_named_at_once():
    with pytest.raises(InvalidInputError, match=r"n is an array of shape \(2, 2\).*delta = .x. is no real number"):
        evaluate_grid(BOUND, {"n": np.ones((2, 2)), "g_M": 3, "delta": "x"}, symbols=SYMBOLS)


def test_missing_values_are_named():
    with pytest.raises(InvalidInputError, match="no value is given for delta; no value is given for g_M"):
        evaluate_grid(BOUND, {"n": 10}, symbols=SYMBOLS)


def test_unused_names_are_ignored():
    assert evaluate_grid(N + 1, {"delta": [1, 2, 3], "n": 2}, symbols=SYMBOLS).shape == ()


def test_empty_axis():
    assert evaluate_grid(BOUND, {"n": [], "g_M": [1, 2], "delta": 0.1}, symbols=SYMBOLS).shape == (0, 2)


def test_constant_expression():
    assert float(evaluate_grid(sp.sqrt(2), {}, symbols={})) == 2**0.5


def test_precision_takes_decimals_exactly_and_keeps_the_shape():
    inputs = {"n": [10, 100], "g_M": 3, "delta": ["0.05", "0.1", "0.5"]}
    grid = evaluate_grid(BOUND, inputs, symbols=SYMBOLS, precision=50)
    assert grid.dims == ("n", "delta")
    assert grid.dtype == object
    with mpmath.workdps(60):
        m = mpmath.mpf(5)
        truth = 2 * mpmath.sqrt(3 / m) + 3 * mpmath.sqrt(-mpmath.log(mpmath.mpf(1) / 20) / (2 * m))
        assert abs(grid.values[0, 0] - truth) < mpmath.mpf(10) ** -49


def test_precision_takes_big_integers_exactly():
    grid = evaluate_grid(sp.floor(N / 2) - 10**30, {"n": 2 * 10**30 + 7}, symbols=SYMBOLS, precision=20)
    assert grid.item() == 3


def test_precision_survives_cancellation():
    grid = evaluate_grid(sp.sqrt(N + 1) - sp.sqrt(N), {"n": 10**60}, symbols=SYMBOLS, precision=30)
    with mpmath.workdps(100):
        truth = mpmath.sqrt(mpmath.mpf(10) ** 60 + 1) - mpmath.mpf(10) ** 30
        assert abs(grid.item() / truth - 1) < mpmath.mpf(10) ** -29


def test_float64_of_integers_does_not_wrap():
    grid = evaluate_grid(N**3, {"n": np.array([10**18])}, symbols=SYMBOLS)
    assert float(grid[0]) == 1e54
