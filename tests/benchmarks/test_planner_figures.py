"""The planner's figures: a million minimal sample sizes against a root finder, and a plan for 63 subsets."""

from __future__ import annotations

import time

import numpy as np
import sympy
import xarray as xr
from scipy.optimize import brentq, elementwise

import boundcalc as bc
from boundcalc.inverse import cells
from boundcalc.planner import Costs, make_plan, study_pilot
from boundcalc.trainer import ModalityData, Settings

CELLS = 10**6


def test_minimal_n(benchmark):
    """Certified integers by our search, beside uncertified roots of the smooth relaxation."""
    complexity = bc.theorem("zhou2026.metric_complexity").bound()
    bound = bc.theorem("zhou2026.risk_gap").bound().substitute(R_M=complexity)
    rng = np.random.default_rng(0)
    columns = {
        "L": rng.uniform(0.5, 2, CELLS),
        "C": rng.uniform(0.5, 3, CELLS),
        "g_M": rng.integers(1, 200, CELLS),
        "lam_max": rng.uniform(0.2, 2, CELLS),
        "B": rng.uniform(0.5, 2, CELLS),
        "delta": rng.uniform(0.001, 0.2, CELLS),
    }
    fixed = {"gamma": 0.0, "lam_min": 0.0, "t_min": -1.0, "t_max": 1.0, "eps_opt": 0.0}
    target = rng.uniform(0.05, 0.5, CELLS)
    inputs = {name: xr.DataArray(values, dims="cell") for name, values in columns.items()} | fixed
    smooth = bound.expr.replace(sympy.floor, lambda inner: inner)
    names = [name for name in bound.symbols if name != "n"]
    f = sympy.lambdify([bound.symbols[name] for name in ("n", *names)], smooth, "numpy")
    values = [np.broadcast_to(np.asarray(columns.get(name, fixed.get(name)), dtype=float), CELLS) for name in names]

    def excess(n, goal, *others):
        return f(n, *others) - goal

    ends = (np.full(CELLS, 2.0), np.full(CELLS, 2.0**53))
    theirs = []

    def root_finder():
        began = time.perf_counter()
        found = elementwise.find_root(excess, ends, args=(target, *values))
        theirs.append(time.perf_counter() - began)
        assert found.success.all()

    answers = benchmark.pedantic(
        lambda: bc.minimal_n(bound, target=xr.DataArray(target, dims="cell"), **inputs), setup=root_finder, rounds=3
    )
    some = range(0, CELLS, CELLS // 500)
    began = time.perf_counter()
    for k in some:
        brentq(excess, 2.0, 2.0**53, args=(target[k], *(column[k] for column in values)))
    loop = (time.perf_counter() - began) * CELLS / len(some)
    speed = min(theirs) / benchmark.stats["min"]
    print(
        f"\n10^6 minimal n: {speed:.1f} times faster than find_root, {loop / benchmark.stats['min']:.0f} times a brentq loop, "
        f"all certified"
    )
    n = answers.values
    assert (bound.evaluate(sound=True, n=xr.DataArray(n, dims="cell"), **inputs).values <= target + 1e-12).all()
    assert (bound.evaluate(n=xr.DataArray(n - 1, dims="cell"), **inputs).values > target - 1e-12).all()
    assert speed >= 10


def test_plan_for_63_subsets_from_a_stored_study(benchmark):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    data = ModalityData({f"m{k}": y[:, None] * (k % 3) + rng.normal(size=(300, 2)) for k in range(6)}, y)
    study = study_pilot(data, settings=Settings(pair_weights="balanced"), rng=0)
    costs, budgets = Costs.uniform(data.names), np.geomspace(1e3, 1e6, 30).tolist()
    plan = benchmark.pedantic(lambda: make_plan(study, costs, budgets=budgets, targets=[0.3]), rounds=3)
    print(f"\nplan for {len(study.evidence)} subsets and 30 budgets: {benchmark.stats['min']:.2f} s")
    assert len(plan.to_dict()["candidates"]) == 63
    assert benchmark.stats["min"] < 2


def test_what_is_linear_is_solved_for(benchmark, monkeypatch):
    bound, point = (
        bc.theorem("zhou2026.risk_gap").bound(),
        {"n": 1000, "delta": 0.05, "L": 1, "R_M": 0.01, "gamma": 0.01, "eps_opt": 0.0},
    )
    counted, value = [], cells.Cells.value
    monkeypatch.setattr(cells.Cells, "value", lambda *given, **more: counted.append(1) or value(*given, **more))
    bound.solve_for("C", target=0.3, **point)
    evaluations = len(counted)
    began = time.perf_counter()
    bound.evaluate(sound=True, C=1.0, **point)
    peer = time.perf_counter() - began
    benchmark.pedantic(lambda: bound.solve_for("C", target=0.3, **point), rounds=5)
    print(
        f"\nsolve_for('C'): {evaluations} evaluations, {benchmark.stats['median'] / peer:.1f} times a sound evaluation"
    )
    assert evaluations <= 3
