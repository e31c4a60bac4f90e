"""Plans: what is computed on which axes, how memory is used, and that no way of running changes the numbers."""

import tracemalloc

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from boundcalc.arithmetic.nodes import Node
from boundcalc.evaluator import compile_expression
from boundcalc.evaluator.program.costs import CostModel, fold_order, spanned
from boundcalc.evaluator.program.planning import Planner
from boundcalc.evaluator.program.rewrite import rewrite
from boundcalc.evaluator.running import evaluation, execute
from tests.evaluator.expressions import DELTA, G, L, M, N
from tests.evaluator.workloads import ARGUMENTS, KNOWN, NUMBERS, THREE_TERMS, axes, by_hand, heavy

X, Y, Z = sp.symbols("x y z", positive=True)


def full_steps(expr, symbols=(X, Y, Z), sizes=(200, 200, 200)):
    """Return the operations that the plan runs on all axes."""
    planner = Planner(expr, symbols, KNOWN)
    request = planner.request(np.ix_(*(np.linspace(1.5, 2.5, s) for s in sizes)))
    return [step.op for step in planner.plan(request).groups[-1].steps]


@pytest.mark.parametrize(
    ("expr", "steps"),
    [
        (sp.sqrt(X * Y / Z), ["mul"]),
        (sp.log((1 + X) * (1 + Y) * (1 + Z)), ["add"]),
        (X * (sp.sqrt(X + Y) + sp.sqrt(X + Z)), ["add"]),
        (X * Y + X * Z + Y * Z, ["add", "add"]),
        (sp.exp(-X - Y - Z), ["mul"]),
        (sp.Piecewise((X * sp.sqrt(Y), Z < 2), (X * sp.log(Y), True)), ["mul"]),
        (sp.Min(X * Y, X * Z), ["mul"]),
        (sp.Piecewise((Y + sp.exp(X), Z < 2), (Y + X**3, True)), ["add"]),
    ],
    ids=str,
)
def test_little_is_left_for_the_full_grid(expr, steps):
    got = full_steps(expr)
    assert len(got) <= len(steps)
    assert set(got) <= {"add", "mul", "where", "sub", "div"}


def test_theorem_with_complexity_needs_one_operation_per_cell():
    planner = Planner(THREE_TERMS, ARGUMENTS, KNOWN)
    grid = [*axes(), *NUMBERS]
    plan = planner.plan(planner.request([np.asarray(a, dtype=float) for a in grid]))
    assert [step.op for step in plan.groups[-1].steps] == ["add"]


def test_rewriting_lowers_the_estimate_and_leaves_roundings_alone():
    planner = Planner(heavy() + sp.floor(sp.sqrt(N * G)), ARGUMENTS, KNOWN)
    costs = CostModel((1, 2, 4, *(0,) * 10), (1000, 100, 100))
    better = rewrite(planner._node, planner._pool, planner._ranges, costs)
    assert costs.total(better) < 0.9 * costs.total(planner._node)
    assert rounded_parts(better) == rounded_parts(planner._node)


def rounded_parts(root: Node):
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if node.op in ("floor", "ceiling", "lt", "le"):
            seen.add(repr(node))
        stack += node.args
    return seen


def test_digits_are_not_lost_by_distributing():
    a, b = sp.symbols("a b", real=True)
    f = compile_expression(Z * (a - b) * Y, (Z, a, b, Y))
    z, y = np.linspace(1, 2, 300).reshape(-1, 1, 1), np.linspace(1, 2, 300)
    left = 1e8 + np.arange(30.0).reshape(-1, 1)
    np.testing.assert_allclose(f(z, left, 1e8 - 1.0, y), z * (left - 1e8 + 1) * y, rtol=1e-15)


def test_plans_can_be_read():
    text = compile_expression(sp.sqrt(X) * Y + Z, (X, Y, Z)).plan(*np.ix_(np.ones(4), np.ones(5), np.ones(6)))
    assert "grid x:4 x y:5 x z:6" in text
    assert "on x x y: 20 cells, 1 operations" in text
    assert "(result)" in text
    assert "estimated" in compile_expression(sp.sqrt(X) * Y + Z, (X, Y, Z)).plan()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("expr", [THREE_TERMS, heavy()], ids=["light", "heavy"])
def test_every_way_of_running_gives_the_same_numbers(monkeypatch, expr, order):
    grid = axes(600, 7, 5)
    f = compile_expression(expr, ARGUMENTS, domains=KNOWN)
    expected = f(*grid, *NUMBERS)
    out = np.empty((600, 7, 5), order=order)
    monkeypatch.setattr(execute, "_WORTH_A_THREAD", 100.0)
    monkeypatch.setattr(execute, "_BLOCK", 64)
    monkeypatch.setattr(execute, "_THREADED_BLOCK", 48)
    monkeypatch.setattr(execute, "_SINGLE_BLOCK", 64)
    np.testing.assert_allclose(f(*grid, *NUMBERS, out=out), expected, rtol=1e-15)
    monkeypatch.setattr(evaluation, "TABLE_CELLS", 2000)
    np.testing.assert_allclose(f(*grid, *NUMBERS, out=out), expected, rtol=1e-15)
    strided = np.empty((600, 14, 5), order=order)[:, ::2]
    np.testing.assert_allclose(f(*grid, *NUMBERS, out=strided), expected, rtol=1e-15)


def test_output_that_is_an_argument():
    f = compile_expression(X * Y + Y, (X, Y))
    y = np.linspace(1, 2, 100_000).reshape(1000, 100)
    x = y[:1].copy()
    expected = x * y + y
    np.testing.assert_allclose(f(x, y, out=y), expected, rtol=1e-15)


def test_symbols_that_are_not_used_still_span_axes():
    f = compile_expression(X + 1, (X, Y))
    np.testing.assert_array_equal(f(np.array([1.0, 2.0]), np.ones((3, 1))), [[2.0, 3.0]] * 3)
    constant = compile_expression(sp.pi, (X,))
    np.testing.assert_array_equal(constant(np.zeros(3)), [np.pi] * 3)
    assert constant(0.0) == np.pi


def test_memory_stays_within_bounds():
    """Two long axes make tables as large as the output: they are computed piece by piece."""
    expr = sp.sqrt(X + Y) + sp.log(X + Y) * Z
    f = compile_expression(expr, (X, Y, Z))
    grid = np.ix_(np.linspace(1, 2, 3000), np.linspace(1, 2, 2000), np.array([1.0, 2.0]))
    out = np.empty((3000, 2000, 2))
    tracemalloc.start()
    f(*grid, out=out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20
    total = 2 + 5 / 2999 + 7 / 1999
    np.testing.assert_allclose(out[5, 7], np.sqrt(total) + np.log(total) * np.array([1, 2]))


def test_hand_written_numpy_agrees():
    grid = axes(50, 20, 10)
    f = compile_expression(THREE_TERMS, ARGUMENTS, domains=KNOWN)
    np.testing.assert_allclose(f(*grid, *NUMBERS), by_hand(*grid, np.empty((50, 20, 10))), rtol=1e-14)


def test_outer_products_keep_infinities_and_nan():
    expr = sp.sqrt(L / M) + sp.sqrt(-sp.log(DELTA) / M)
    f = compile_expression(expr, (N, L, DELTA))
    grid = np.ix_(np.array([1.0, 2.0, np.nan, np.inf]), np.linspace(0.01, 2, 100), np.linspace(0, 0.99, 100))
    n, length, delta = grid
    with np.errstate(all="ignore"):
        m = np.floor(n / 2)
        expected = np.sqrt(length / m) + np.sqrt(-np.log(delta) / m)
    np.testing.assert_allclose(f(*grid), expected, rtol=1e-15)


@given(st.lists(st.integers(0, 7), min_size=1, max_size=9), st.permutations([1, 3, 5]))
def test_terms_are_combined_where_the_union_spans_the_fewest_cells(masks, sizes):
    def cells(mask):
        return spanned(mask, sizes)

    left = list(masks)
    for i, j, union in fold_order(masks, cells):
        pairs = [(cells(left[a] | left[b]), a, b) for b in range(len(left)) for a in range(b)]
        assert (cells(union), i, j) == min(pairs)
        left[i] = union
        del left[j]
    assert len(left) == 1
