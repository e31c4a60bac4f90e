"""Single points, compiling, sound rounding and enclosures: ratios to lambdify, to plain evaluation and to mpmath.iv.

Run with ``pytest -o addopts=--import-mode=importlib tests/benchmarks/test_evaluator_points.py``.
"""

import time
import timeit

import mpmath
import numpy as np
import pytest
import sympy as sp
import xarray as xr

import boundcalc as bc
from boundcalc.evaluator import compile_expression, compiled, enclose_grid
from tests.evaluator.timing import medians, report
from tests.evaluator.workloads import ARGUMENTS, KNOWN, NUMBERS, THREE_TERMS, axes, heavy

CALLS = 500


def test_one_point(benchmark, capsys):
    point = (100.0, 5.0, 0.05, *NUMBERS)
    f = compile_expression(THREE_TERMS, ARGUMENTS, domains=KNOWN)
    literal = sp.lambdify(ARGUMENTS, THREE_TERMS, "math", cse=True)
    functions = {
        "ours": lambda: timeit.timeit(lambda: f(*point), number=CALLS),
        "lambdify": lambda: timeit.timeit(lambda: literal(*point), number=CALLS),
    }
    taken = {
        name: 1e6 * seconds / CALLS for name, seconds in medians(functions, rounds=31, clock=time.process_time).items()
    }
    report(capsys, "one point, microseconds", **taken)
    benchmark(f, *point)
    assert taken["ours"] <= 1.5 * taken["lambdify"] + 1


def test_compiling(benchmark, capsys):
    def first():
        compiled._compile.cache_clear()
        return compile_expression(THREE_TERMS, ARGUMENTS, domains=KNOWN)(100.0, 5.0, 0.05, *NUMBERS)

    taken = medians({"first": first, "equal": lambda: compile_expression(THREE_TERMS, ARGUMENTS, domains=KNOWN)})
    report(capsys, "compiling, milliseconds", **{name: 1e3 * seconds for name, seconds in taken.items()})
    benchmark(compile_expression, THREE_TERMS, ARGUMENTS, domains=KNOWN)
    assert taken["first"] <= 0.05
    assert taken["equal"] <= 1e-4


def test_sound_rounding(benchmark, capsys):
    grid, out = axes(), np.zeros((1000, 100, 100))
    for name, expr in (("three terms", THREE_TERMS), ("heavy", heavy())):
        callables = {
            side or "plain": compile_expression(expr, ARGUMENTS, domains=KNOWN, side=side)
            for side in (None, "upper", "lower")
        }
        taken = medians({key: lambda f=f: f(*grid, *NUMBERS, out=out) for key, f in callables.items()})
        figures = {key: taken[key] / taken["plain"] for key in ("upper", "lower")}
        report(capsys, f"sound rounding of {name}, of plain", **figures)
        benchmark.extra_info[name] = figures
        assert max(figures.values()) <= 4
    benchmark.pedantic(lambda: callables["upper"](*grid, *NUMBERS, out=out), rounds=1)


def test_enclosures(benchmark, capsys):
    rng = np.random.default_rng(0)
    cells = 10_000
    columns = {
        "n": rng.integers(2, 1000, cells),
        "g_M": rng.integers(1, 50, cells),
        "delta": rng.uniform(0.01, 0.5, cells),
    }
    names = {s.name: s for s in ARGUMENTS}
    fixed = dict(zip([s.name for s in ARGUMENTS[3:]], NUMBERS, strict=True))
    inputs = {name: xr.DataArray(c, dims="row") for name, c in columns.items()} | fixed
    literal = interval_function()
    few = [c[:200].tolist() for c in columns.values()]
    functions = {
        "balls": lambda: enclose_grid(THREE_TERMS, inputs, symbols=names),
        "mpmath.iv": lambda: [literal(*point, *NUMBERS) for point in zip(*few, strict=True)],
    }
    taken = medians(functions)
    faster = taken["mpmath.iv"] * cells / 200 / taken["balls"]
    report(capsys, "enclosures of 10^4 points", seconds=taken["balls"], **{"x faster than mpmath.iv": faster})
    benchmark.pedantic(functions["balls"], rounds=1)
    assert taken["balls"] <= 0.5
    assert faster >= 20


def interval_function():
    iv = mpmath.iv
    floor = {"floor": lambda x: iv.mpf([int(mpmath.floor(mpmath.mpf(end))) for end in x._mpi_])}
    function = sp.lambdify(ARGUMENTS, THREE_TERMS, [floor | {"sqrt": iv.sqrt, "log": iv.log, "mpf": iv.mpf}, "mpmath"])
    return lambda *point: function(*map(iv.mpf, point))


def test_evaluate_at_a_point(benchmark, capsys):
    """What checking the inputs and labelling the result adds to the compiled call that `Bound.evaluate` ends in."""
    bound = bc.theorem("zhou2026.risk_gap").bound()
    point = {"n": 1000, "delta": 0.05, "L": 1.0, "C": 1.0, "R_M": 0.01, "gamma": 0.1, "eps_opt": 0.0}
    f = bound.compile(*point)
    numbers = [np.array(float(value)) for value in point.values()]
    functions = {
        "evaluate": lambda: timeit.timeit(lambda: bound.evaluate(**point), number=200),
        "compiled": lambda: timeit.timeit(lambda: f(*numbers), number=200),
    }
    taken = medians(functions, rounds=31, clock=time.process_time)
    report(capsys, "evaluate at a point, of the compiled call", ratio=taken["evaluate"] / taken["compiled"])
    benchmark(bound.evaluate, **point)
    assert taken["evaluate"] <= 8 * taken["compiled"]


@pytest.mark.parametrize("cells", [10, 100, 1000, 10_000, 100_000])
@pytest.mark.parametrize("shape", ["columns", "grid"])
def test_small_arrays(benchmark, capsys, cells, shape):
    f = compile_expression(THREE_TERMS, ARGUMENTS, domains=KNOWN)
    literal = sp.lambdify(ARGUMENTS, THREE_TERMS, "numpy")
    rng, edge = np.random.default_rng(0), round(cells ** (1 / 3))
    columns = rng.integers(2, 1000, cells) * 1.0, rng.integers(1, 50, cells) * 1.0, rng.uniform(0.01, 0.5, cells)
    arrays = columns if shape == "columns" else axes(edge, edge, edge)
    calls = max(2, 3000 // cells)
    functions = {
        "ours": lambda: timeit.timeit(lambda: f(*arrays, *NUMBERS), number=calls),
        "lambdify": lambda: timeit.timeit(lambda: literal(*arrays, *NUMBERS), number=calls),
    }
    taken = medians(functions, rounds=31, clock=time.process_time)
    report(capsys, f"{cells} cells, {shape}, of lambdify", ratio=taken["ours"] / taken["lambdify"])
    benchmark(f, *arrays, *NUMBERS)
    assert taken["ours"] <= 1.2 * taken["lambdify"]


def test_evaluate_of_lambdify(benchmark, capsys):
    """A labelled, checked value, beside the bare expression in Python's floats."""
    bound = bc.theorem("zhou2026.risk_gap").bound()
    point = {"n": 1000, "delta": 0.05, "L": 1.0, "C": 1.0, "R_M": 0.01, "gamma": 0.1, "eps_opt": 0.0}
    literal = sp.lambdify([bound.symbols[name] for name in point], bound.expr, "math")
    functions = {
        "evaluate": lambda: timeit.timeit(lambda: bound.evaluate(**point), number=200),
        "lambdify": lambda: timeit.timeit(lambda: literal(*point.values()), number=200),
    }
    taken = medians(functions, rounds=31, clock=time.process_time)
    report(capsys, "evaluate at a point, of lambdify", ratio=taken["evaluate"] / taken["lambdify"])
    benchmark(bound.evaluate, **point)
    assert taken["evaluate"] <= 60 * taken["lambdify"]
