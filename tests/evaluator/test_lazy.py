"""Dask arrays in, a lazy DataArray out, chunk by chunk with the same compiled function; imports stay light."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator import compile_expression, evaluate_grid
from tests.evaluator.expressions import DELTA, DOMAINS, G, L, M, N
from tests.evaluator.workloads import sp

da = pytest.importorskip("dask.array")
BOUND = L * sp.sqrt(G / M) + sp.sqrt(-sp.log(DELTA) / (2 * M))
SYMBOLS = {"n": N, "g_M": G, "delta": DELTA, "L": L}


def eager(n, g, delta):
    return evaluate_grid(BOUND, {"n": n, "g_M": g, "delta": delta, "L": 2}, symbols=SYMBOLS).values


def test_one_dimensional_dask_arrays_become_lazy_axes():
    n = da.arange(2, 1002, chunks=100)
    grid = evaluate_grid(BOUND, {"n": n, "g_M": [1, 2, 3], "delta": 0.05, "L": 2}, symbols=SYMBOLS, domains=DOMAINS)
    assert isinstance(grid.data, da.Array)
    assert grid.dims == ("n", "g_M")
    assert grid.chunks[0] == (100,) * 10
    np.testing.assert_array_equal(grid.values, eager(np.arange(2, 1002), [1, 2, 3], 0.05))


def test_two_lazy_axes_and_a_reduction():
    n, delta = da.arange(2, 302, chunks=64), da.linspace(0.01, 0.5, 90, chunks=40)
    inputs = {"n": n, "g_M": 4, "delta": delta, "L": 2}
    grid = evaluate_grid(BOUND, inputs, symbols=SYMBOLS)
    expected = eager(np.arange(2, 302), 4, np.linspace(0.01, 0.5, 90))
    np.testing.assert_allclose(grid.min("delta").values, expected.min(axis=1), rtol=1e-15)


def test_lazy_data_arrays_keep_their_coordinates():
    n = xr.DataArray(np.arange(2, 12), dims="n", coords={"n": np.arange(2, 12)}).chunk(n=4)
    grid = evaluate_grid(BOUND, {"n": n, "g_M": 4, "delta": [0.1, 0.2], "L": 2}, symbols=SYMBOLS, side="upper")
    assert grid.chunks is not None
    np.testing.assert_array_equal(grid.n, np.arange(2, 12))
    assert np.all(grid.values >= eager(np.arange(2, 12), 4, [0.1, 0.2]) * (1 - 1e-15))


def test_precision_refuses_lazy_arrays():
    with pytest.raises(InvalidInputError, match="n is lazy: compute it first"):
        evaluate_grid(N + 1, {"n": da.arange(3)}, symbols=SYMBOLS, precision=30)


def test_integers_in_dask_arrays_do_not_wrap():
    grid = evaluate_grid(N**3, {"n": da.from_array(np.array([10**18]))}, symbols=SYMBOLS)
    assert float(grid[0]) == 1e54


def test_chunks_travel_to_other_processes():
    import pickle

    f = compile_expression(BOUND, (N, G, DELTA, L), domains=DOMAINS, side="lower")
    assert pickle.loads(pickle.dumps(f))(10, 2, 0.1, 2.0) == f(10, 2, 0.1, 2.0)


def test_importing_the_evaluator_is_light():
    code = (
        "import sys, boundcalc.evaluator as e; "
        "heavy = {'xarray', 'scipy', 'dask', 'flint', 'sympy', 'numpy'} & set(sys.modules); assert not heavy, heavy; "
        "e.compile_expression; late = {'xarray', 'scipy', 'dask'} & set(sys.modules); assert not late, late"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


COMPOSED = bc.theorem("Theorem 3.13").bound().substitute(R_M=bc.theorem("Theorem 3.18").bound())
FIXED = {"n": 100, "g_M": 2, "delta": 0.05, "L": 1, "C": 1, "gamma": 0, "eps_opt": 0, "t_min": 0, "t_max": 1, "B": 1}


@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [
        ([0.0, 0.5], 1, True),
        ([0.0, 1.5], 1, False),
        ([0.0, 1.5], [1, 2], False),
        ([0.0, 0.5], da.from_array(np.array([1.0, 2.0]), chunks=1), True),
        ([0.0, 1.5], da.from_array(np.array([1.0, 2.0]), chunks=1), False),
    ],
)
def test_constraints_of_lazy_inputs_are_checked_when_computed(low, high, holds):
    lazy = COMPOSED.evaluate(**FIXED, lam_min=da.from_array(np.array(low), chunks=1), lam_max=high)
    if holds:
        in_memory = COMPOSED.evaluate(**FIXED, lam_min=low, lam_max=np.asarray(high))
        np.testing.assert_allclose(lazy.compute(), in_memory, rtol=1e-14)
    else:
        with pytest.raises(InvalidInputError, match="lam_min <= lam_max is required"):
            lazy.compute()


def test_constraints_of_lazy_inputs_on_one_grid_are_checked_cell_by_cell():
    low, high = (xr.DataArray(da.from_array(np.array(v), chunks=1), dims="k") for v in ([0.0, 1.5], [1.0, 2.0]))
    assert COMPOSED.evaluate(**FIXED, lam_min=low, lam_max=high).compute().shape == (2,)
    with pytest.raises(InvalidInputError, match="lam_min <= lam_max is required"):
        COMPOSED.evaluate(**FIXED, lam_min=low + 1, lam_max=high).compute()


def test_a_strict_constraint_of_lazy_inputs_fails_at_a_tie():
    bound = bc.theorem("zhou2026.nonpositive_gap").bound()
    point = {"L": 1, "C": 1, "kappa_M": 0.1, "delta": 0.05, "Lhat_M": 0.01}
    point = {name: value for name, value in point.items() if name in bound.symbols}
    assert bound.evaluate(**point, eta_star_N=da.from_array(np.array([0.5, 0.6]), chunks=1)).compute().shape == (2,)
    with pytest.raises(InvalidInputError, match="Lhat_M < eta_star_N is required"):
        bound.evaluate(**point, eta_star_N=da.from_array(np.array([0.5, 0.01]), chunks=1)).compute()
