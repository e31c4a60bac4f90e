"""A cell has the same bits alone, in a slice, in a column, in any memory order, and whatever the blocks and threads are."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pytest
import sympy as sp

from boundcalc.evaluator import compile_expression, compiled
from boundcalc.evaluator.emit import cells
from boundcalc.evaluator.running import evaluation, execute
from tests.evaluator.workloads import ARGUMENTS, KNOWN, NUMBERS, THREE_TERMS, heavy

EXPRESSIONS = {"three terms": THREE_TERMS, "heavy": heavy()}
SIDES = (None, "upper", "lower")
RNG = np.random.default_rng(5)
N, G, DELTA = np.arange(2.0, 600, 7), RNG.integers(1, 90, 13).astype(float), RNG.uniform(0.001, 0.9, 11)


@pytest.fixture(params=EXPRESSIONS)
def whole(request):
    """Return functions and their values on the whole grid."""
    functions = [compile_expression(EXPRESSIONS[request.param], ARGUMENTS, domains=KNOWN, side=side) for side in SIDES]
    return [(f, f(*np.ix_(N, G, DELTA), *NUMBERS)) for f in functions]


def test_alone(whole):
    for f, values in whole:
        for i, j, k in RNG.integers(0, [N.size, G.size, DELTA.size], (60, 3)):
            point = N[i].item(), G[j].item(), DELTA[k].item()
            assert f(*point, *NUMBERS) == values[i, j, k]
            assert f(*map(np.array, point), *NUMBERS) == values[i, j, k]


def test_in_slices_and_columns(whole):
    for f, values in whole:
        for piece in (slice(0, 1), slice(3, 10), slice(None, None, 3), slice(None, None, -1)):
            np.testing.assert_array_equal(f(*np.ix_(N[piece], G, DELTA), *NUMBERS), values[piece])
            np.testing.assert_array_equal(f(*np.ix_(N, G, DELTA[piece]), *NUMBERS), values[..., piece])
        columns = [a.ravel() for a in np.meshgrid(N, G, DELTA, indexing="ij")]
        numbers = [np.full(values.size, x) for x in NUMBERS]
        np.testing.assert_array_equal(f(*columns, *numbers), values.ravel())
        np.testing.assert_array_equal(f(*np.ix_(N, G), DELTA[4], *NUMBERS), values[..., 4])


def test_whatever_the_order_blocks_and_threads(whole, monkeypatch):
    monkeypatch.setattr(cells, "LARGEST", 0)
    for size, rows in ((7, 12), (1000, N.size)):
        for name in ("_BLOCK", "_THREADED_BLOCK", "_SINGLE_BLOCK"):
            monkeypatch.setattr(execute, name, size)
        monkeypatch.setattr(execute, "_WORTH_A_THREAD", 5.0)
        for f, everything in whole:
            values = everything[:rows]
            np.testing.assert_array_equal(f(*np.ix_(N[:rows], G, DELTA), *NUMBERS), values)
            transposed = [a.transpose(2, 1, 0) for a in np.ix_(N[:rows], G, DELTA)]
            np.testing.assert_array_equal(f(*transposed, *NUMBERS), values.transpose(2, 1, 0))
            out = np.empty(values.shape)[::-1, :, ::-1]
            np.testing.assert_array_equal(f(*np.ix_(N[:rows], G, DELTA), *NUMBERS, out=out), values)


def test_beside_a_cell_that_leaves_the_range_of_doubles(whole):
    """The one cell needs wider numbers on the way, its neighbours do not."""
    for f, values in whole:
        n = np.append(N, 1e300)
        found = f(*np.ix_(n, G, DELTA), *NUMBERS)
        np.testing.assert_array_equal(found[:-1], values)
        assert f(1e300, G[0].item(), DELTA[0].item(), *NUMBERS) == found[-1, 0, 0]


_, _, SHARE, _, _, L, B, *_ = ARGUMENTS
EXTREME = {
    "heavy": heavy(),
    "products": L**2 * B**2 / (1 + SHARE) + sp.sqrt(L**2 + B**2) * SHARE,
    "powers": (L**5 + B) / (L ** sp.Rational(7, 3) * B**3) + sp.exp(L) / (B * sp.exp(SHARE)),
    "cases": sp.Max(L * B, SHARE / L) + sp.Piecewise((B / L**3, L < B), (L / B**3, True)),
}


@pytest.mark.parametrize("name", EXTREME)
def test_among_extreme_cells(name, monkeypatch):
    """Every other cell may leave the range of doubles, on the way or in the end: the pieces of a large grid as a cell alone."""
    rng = np.random.default_rng(8)
    place = {s: k for k, s in enumerate(ARGUMENTS)}
    grid = [np.asarray(a) for a in (1000.0, 7.0, 0.5, *NUMBERS)]
    for symbol, axis in ((SHARE, 0), (L, 1), (B, 2)):
        values = np.append(10.0 ** rng.uniform(-322, 0 if symbol == SHARE else 308, 11), 10.0 ** rng.uniform(-3, 0, 5))
        grid[place[symbol]] = rng.permutation(values).reshape([-1 if k == axis else 1 for k in range(3)])
    for side in SIDES:
        f = compile_expression(EXTREME[name], ARGUMENTS, domains=KNOWN, side=side)
        values = f(*grid)
        columns = [np.broadcast_to(a, values.shape).ravel() for a in grid]
        for cell in rng.integers(0, values.size, 40):
            np.testing.assert_array_equal(f(*(column[cell].item() for column in columns)), values.flat[cell])
        order = rng.permutation(values.size)
        np.testing.assert_array_equal(f(*(column[order] for column in columns)), values.ravel()[order])
        piece = [a[:, :, 3:4] if a.ndim == 3 and a.shape[2] > 1 else a for a in grid]
        np.testing.assert_array_equal(f(*piece), values[..., 3:4])
        with monkeypatch.context() as patch:
            patch.setattr(cells, "LARGEST", 0)
            patch.setattr(evaluation, "_PIECE", 900)
            np.testing.assert_array_equal(f(*grid), values)


def test_in_a_worker():
    f = compile_expression(EXPRESSIONS["heavy"], ARGUMENTS, domains=KNOWN)
    columns = [a.ravel()[:50] for a in np.meshgrid(N, G, DELTA, indexing="ij")]
    expected = f(*columns, *NUMBERS)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(f, (*columns, *NUMBERS)), expected)


def test_compiled_afresh(whole):
    """The program does not depend on where its parts lie in memory."""
    compiled._compile.cache_clear()
    for (f, values), side in zip(whole, SIDES, strict=True):
        again = compile_expression(f.expr, ARGUMENTS, domains=KNOWN, side=side)
        assert again is not f
        np.testing.assert_array_equal(again(*np.ix_(N, G, DELTA), *NUMBERS), values)
