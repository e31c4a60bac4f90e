"""Grids at the speed of memory: ratios to a bare fill, to lambdify and to NumPy by hand.

The peer is NumPy by hand. A fill is shown beside it: on some processors it streams past the caches, which no sum of NumPy's does.

Run with ``pytest -o addopts=--import-mode=importlib tests/benchmarks/test_evaluator_grids.py``.
"""

import time
import tracemalloc

import numpy as np
import pytest
import sympy as sp

from boundcalc.evaluator import compile_expression
from boundcalc.evaluator.running import execute
from boundcalc.evaluator.running.kernels import KERNELS
from tests.evaluator.timing import medians, report
from tests.evaluator.workloads import ARGUMENTS, KNOWN, NUMBERS, THREE_TERMS, axes, by_hand, heavy


def warm(*shape):
    out = np.empty(shape)
    out.fill(0.0)
    return out


def test_three_terms(benchmark, capsys):
    grid, out, other = axes(), warm(1000, 100, 100), warm(1000, 100, 100)
    f = compile_expression(THREE_TERMS, ARGUMENTS, domains=KNOWN)
    literal = sp.lambdify(ARGUMENTS, THREE_TERMS, "numpy")
    functions = {
        "fill": lambda: out.fill(0.0),
        "ours": lambda: f(*grid, *NUMBERS, out=out),
        "hand": lambda: by_hand(*grid, other),
        "lambdify": lambda: literal(*grid, *NUMBERS),
    }
    taken = medians(functions, rounds=11)
    mesh = np.meshgrid(*(a.ravel() for a in grid), indexing="ij")
    full = medians({"ours": functions["ours"], "mesh": lambda: literal(*mesh, *NUMBERS)}, rounds=3)
    figures = {
        "of a fill": taken["ours"] / taken["fill"],
        "of hand-written NumPy": taken["ours"] / taken["hand"],
        "x faster than lambdify": taken["lambdify"] / taken["ours"],
        "x faster than lambdify on the mesh": full["mesh"] / full["ours"],
    }
    report(capsys, "three terms, 10^7 cells", **figures)
    benchmark.extra_info.update(figures)
    benchmark.pedantic(functions["ours"], rounds=3)
    np.testing.assert_allclose(f(*grid, *NUMBERS), literal(*grid, *NUMBERS), rtol=1e-14)
    assert figures["of hand-written NumPy"] <= 1.2
    assert figures["x faster than lambdify"] >= 1.7
    assert figures["x faster than lambdify on the mesh"] >= 20


def test_heavy_expression(benchmark, capsys):
    grid, out, expr = axes(), warm(1000, 100, 100), heavy()
    f = compile_expression(expr, ARGUMENTS, domains=KNOWN)
    literal = sp.lambdify(ARGUMENTS, expr, ["scipy", "numpy"])
    functions = {
        "fill": lambda: out.fill(0.0),
        "ours": lambda: f(*grid, *NUMBERS, out=out),
        "lambdify": lambda: literal(*grid, *NUMBERS),
    }
    taken = medians(functions)
    floor = taken["fill"] + needed(f, [*grid, *NUMBERS])
    figures = {
        "operations": sp.count_ops(expr),
        "of a fill": taken["ours"] / taken["fill"],
        "of the floor": taken["ours"] / floor,
        "x faster than lambdify": taken["lambdify"] / taken["ours"],
    }
    report(capsys, "heavy expression, 10^7 cells", **figures)
    benchmark.extra_info.update(figures)
    benchmark.pedantic(functions["ours"], rounds=3)
    np.testing.assert_allclose(f(*grid, *NUMBERS), np.real(literal(*grid, *NUMBERS)), rtol=1e-12)
    assert figures["x faster than lambdify"] >= 3.5
    assert figures["of the floor"] <= 1.5


def needed(f, arguments):
    """Return the seconds of every operation at its own cost per cell: measured in cache, on contiguous cells."""
    request = f._planner.request([np.asarray(a, dtype=float) for a in arguments])
    return sum(group.cells * sum(map(per_cell, group.steps)) for group in f._planner.plan(request).groups)


def per_cell(step):
    rng = np.random.default_rng(0)
    kernel, cells = KERNELS[step.op], 1 << 14
    operands = [rng.uniform(0.5, 2, cells) for _ in step.args]
    if step.op == "where":
        operands[0] = np.arange(cells) < cells // 2
    parameter = [] if step.param is None else [step.param]
    out = {"out": np.empty(cells)} if kernel.takes_out and step.op not in ("lt", "le", "eq", "ne", "and", "or") else {}
    best = np.inf
    for _ in range(15):
        start = time.perf_counter()
        kernel.run(*operands, *parameter, **out)
        best = min(best, time.perf_counter() - start)
    return best / cells


@pytest.mark.slow
def test_hundred_million_cells(benchmark, capsys):
    grid, out = axes(1000, 1000, 100), warm(1000, 1000, 100)
    f = compile_expression(THREE_TERMS, ARGUMENTS, domains=KNOWN)
    functions = {
        "fill": lambda: out.fill(0.0),
        "ours": lambda: f(*grid, *NUMBERS, out=out),
        "hand": lambda: by_hand(*grid, out),
    }
    taken = medians(functions)
    tracemalloc.start()
    functions["ours"]()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    figures = {
        "of a fill": taken["ours"] / taken["fill"],
        "of hand-written NumPy": taken["ours"] / taken["hand"],
        "MB beyond the output": peak,
    }
    report(capsys, "three terms, 10^8 cells", **figures)
    benchmark.extra_info.update(figures)
    benchmark.pedantic(functions["ours"], rounds=1)
    assert figures["of hand-written NumPy"] <= 1.2
    assert peak <= 64


def test_threads_do_not_slow_down(benchmark, capsys, monkeypatch):
    grid, out = axes(), warm(1000, 100, 100)
    f = compile_expression(heavy(), ARGUMENTS, domains=KNOWN)

    def alone():
        with monkeypatch.context() as patch:
            patch.setattr(execute, "_cpus", lambda: 1)
            f(*grid, *NUMBERS, out=out)

    functions = {"all cores": lambda: f(*grid, *NUMBERS, out=out), "one core": alone}
    taken = medians(functions)
    report(capsys, "heavy expression", speedup=taken["one core"] / taken["all cores"])
    benchmark.pedantic(functions["all cores"], rounds=1)
    assert taken["all cores"] <= 1.25 * taken["one core"]
