"""Figures of the trainer as ratios within one run: `pytest tests/benchmarks/test_trainer_figures.py --benchmark-only -s`."""

import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.datasets import load_digits
from sklearn.metrics.pairwise import euclidean_distances

from boundcalc.report import bench
from boundcalc.trainer import ModalityData, measure_subsets
from boundcalc.trainer.complexity.khinchin import mean_absolute_sum
from boundcalc.trainer.data.normalise import unit_rows
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure import subset
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import fit_subset
from boundcalc.trainer.risk.erm import Problem, minimise_risk
from boundcalc.trainer.risk.losses import Hinge, SmoothedHinge
from boundcalc.trainer.risk.pairs import AllPairs
from boundcalc.trainer.risk.structures import make_structure


def best_of(function, repeats=3):
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return min(times)


@pytest.mark.parametrize("n", [10_000, 20_000])
def test_hinge_over_all_pairs_against_bare_distances(benchmark, n):
    rng = np.random.default_rng(0)
    rows, codes = unit_rows(rng.normal(size=(n, 64))), rng.integers(0, 10, n)
    pairs, weights = AllPairs(rows, codes), rng.random(64)

    def ours():
        return pairs.evaluate(weights, 1.0, loss=Hinge())

    ours()
    tracemalloc.start()
    ours()
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    times = []

    def theirs():
        times.append(best_of(lambda: euclidean_distances(rows), 1))

    benchmark.pedantic(ours, setup=theirs, rounds=3)
    ratio = benchmark.stats["min"] / min(times)
    print(f"\nn={n}: hinge risk and gradient / euclidean_distances = {ratio:.2f}, {peak:.0f} MB beyond the data")
    assert ratio <= 1.0
    assert peak < 250


@pytest.mark.parametrize("loss", [SmoothedHinge(0.5), Hinge()], ids=lambda loss: loss.name)
def test_diagonal_fit_on_digits(benchmark, loss):
    X, y = load_digits(return_X_y=True)
    pairs = AllPairs(unit_rows(X), y.astype(np.intp))
    structure = make_structure("diagonal", dims={"pixels": 64})
    problem = Problem(pairs, structure, loss, (0.0, 4.0), (-1.0, 2.0))
    times = []

    def one():
        times.append(best_of(lambda: pairs.evaluate(np.ones(64), 1.0, loss=problem.loss), 3))

    # Interleaved: a busy machine slows both.
    fit = benchmark.pedantic(lambda: minimise_risk(problem, tolerance=1e-4), setup=one, rounds=3)
    ratio = benchmark.stats["median"] / (20 * float(np.median(times)))
    print(
        f"\n{loss.name} to a gap of 1e-4: {fit.evaluations} evaluations, {ratio:.2f} times the cost of 20 evaluations"
    )
    rng = np.random.default_rng(0)

    def objective(x):
        risk = pairs.evaluate(x[:64], x[64], loss=problem.loss)
        return risk.value, np.append(risk.gradient, risk.gradient_threshold)

    others = [
        minimize(
            objective,
            np.append(rng.uniform(0, 4, 64), rng.uniform(-1, 2)),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, 4)] * 64 + [(-1, 2)],
            options={"maxfun": 150},
        ).fun
        for _ in range(20)
    ]
    print(
        f"objective {fit.objective:.8f} +- {fit.eps_opt:.1e}; best of 20 restarts of a generic solver {min(others):.8f}"
    )
    assert fit.eps_opt <= 1.1e-4 * max(fit.objective, 0.05)
    assert fit.objective <= min(others) + fit.eps_opt
    assert ratio < 10


def test_complexity_of_many_pairs(benchmark):
    rng = np.random.default_rng(0)
    values = np.square(rng.normal(size=(100_000, 64)))

    def hundred_draws():
        signs = rng.integers(0, 2, size=(100, 100_000)) * 2.0 - 1.0
        np.abs(signs @ values).sum()

    # Interleaved, the best of ten each: a busy machine slows both.
    times = []

    def theirs():
        times.append(best_of(hundred_draws, 1))

    result = benchmark.pedantic(lambda: mean_absolute_sum(values), setup=theirs, rounds=10, warmup_rounds=1)
    speed, least = 10 * np.median(times) / benchmark.stats["median"], 10 * min(times) / benchmark.stats["min"]
    # Direct cosines in extended precision for one column.
    column = values[:, 7].astype(np.longdouble)
    step = np.pi / (12 * np.sqrt(np.square(column).sum()))
    series = sum(np.cos(j * step * column).prod() / j**2 for j in range(1, 43, 2))
    truth = float(np.pi / (2 * step) - 4 / (np.pi * step) * series)
    error = abs(result.value[7] / truth - 1)
    print(f"\n1,000 Monte-Carlo draws / ours = {speed:.0f} (median), {least:.0f} (best); relative error {error:.1e}; certified interval "
          f"+- {(result.upper / result.value - 1).max():.1e}")  # fmt: skip
    assert max(speed, least) >= 20
    assert error < 1e-8


def test_gradient_of_a_full_matrix_against_the_diagonal(benchmark):
    rng = np.random.default_rng(0)
    rows, codes = unit_rows(rng.normal(size=(3000, 2048))), rng.integers(0, 10, 3000)
    pairs, loss = AllPairs(rows, codes), Hinge().surrogate(0.1)
    times = []

    def diagonal():
        times.append(best_of(lambda: pairs.evaluate(np.full(2048, 0.5), 0.5, loss=loss), 1))

    benchmark.pedantic(lambda: pairs.evaluate(0.5 * np.eye(2048), 0.5, loss=loss), setup=diagonal, rounds=5)
    ratio = benchmark.stats["median"] / np.median(times)
    print(f"\nd=2048, n=3000: full / diagonal gradient = {ratio:.2f}")
    assert ratio <= 3.6


def test_full_matrix_of_256_columns_with_its_certificate(benchmark):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 1670)
    x = rng.normal(size=(1670, 256)) + 0.8 * np.pad(rng.normal(size=(10, 40)), ((0, 0), (0, 216)))[y]
    settings = Settings(structure="full", tolerance=1e-3, pair_weights="balanced", calibration=0.1, holdout=0.0)
    given = prepare(ModalityData({"a": x}, y), settings=settings, rng=np.random.default_rng(0))
    fit = benchmark.pedantic(lambda: fit_subset(given, ("a",)), rounds=1)
    print(f"\nn={given.split.train.size}, d=256: {benchmark.stats['max']:.1f} s, eps_opt {fit.eps_opt:.1e}")
    assert fit.eps_opt <= 1e-3 * max(fit.objective, 0.2) + 1e-9
    assert benchmark.stats["max"] <= 20


MANY_ROWS = """
import time, numpy as np
from resource import RUSAGE_SELF, getrusage
from boundcalc.trainer import ModalityData, measure_subsets
rng = np.random.default_rng(0)
measure_subsets(ModalityData({"a": rng.normal(size=(60, 4))}, np.arange(60) % 3), rng=0, structure="diagonal")
y = rng.integers(0, 10, 200_000)
x = rng.standard_normal((200_000, 512), dtype=np.float32)
for row, label in zip(x, y):
    row[label * 50 : label * 50 + 50] += 0.8
before, began = getrusage(RUSAGE_SELF).ru_maxrss, time.perf_counter()
measure_subsets(ModalityData({"a": x}, y), rng=0, structure="diagonal")
print(time.perf_counter() - began, (getrusage(RUSAGE_SELF).ru_maxrss - before) * 1024 / x.nbytes)
"""


def test_two_hundred_thousand_rows_by_sampled_pairs(benchmark):
    command = [sys.executable, "-c", MANY_ROWS]
    done = benchmark.pedantic(lambda: subprocess.run(command, capture_output=True, text=True, check=True), rounds=1)
    seconds, times = map(float, done.stdout.split())
    print(f"\nn=200,000, d=512, float32: {seconds:.0f} s, {times:.2f} times the data in memory beyond what was given")
    assert seconds <= 120
    assert times <= 3


@pytest.mark.parametrize("structure", ["diagonal", "auto"])
def test_all_subsets_of_eight_modalities(benchmark, structure):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, 1800)
    data = ModalityData({f"m{k}": rng.normal(size=(1800, 8)) + 0.8 * rng.normal(size=(10, 8))[y] for k in range(8)}, y)
    measured = benchmark.pedantic(lambda: measure_subsets(data, rng=0, structure=structure, n_jobs=2), rounds=1)
    print(f"\nall {len(measured)} subsets of 8 modalities, n=1800, {structure}: {benchmark.stats['max']:.0f} s")
    assert benchmark.stats["max"] <= 120


def test_what_the_nearest_neighbours_cost(benchmark, monkeypatch):
    rng, took, scores = np.random.default_rng(0), [], subset._neighbour_scores

    def timed(*arguments):
        began = time.perf_counter()
        found = scores(*arguments)
        took.append(time.perf_counter() - began)
        return found

    monkeypatch.setattr(subset, "_neighbour_scores", timed)
    y = rng.integers(0, 10, 20_000)
    data = ModalityData({"a": rng.normal(size=(20_000, 64)) + 0.8 * rng.normal(size=(10, 64))[y]}, y)
    benchmark.pedantic(lambda: measure_subsets(data, rng=0, structure="diagonal"), rounds=1)
    share = sum(took) / benchmark.stats["max"]
    print(f"\nnearest neighbours, n=20,000, d=64: {100 * share:.1f} % of {benchmark.stats['max']:.0f} s of training")
    assert len(took) == 1
    assert share <= 0.05


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "penguins", "htad"])
def test_the_default_against_what_people_would_use(benchmark, name):
    answer = benchmark.pedantic(lambda: bench(name, splits=3), rounds=1)
    found = {one.name: one for one in answer.standings}
    best = min(found[rival].error for rival in ("NCA", "LDA", "logistic pair score"))
    print(f"\n{answer.text()}")
    # Two errors on few rows differ by chance: what the intervals allow is no loss.
    assert found["boundcalc"].error <= max(1.1 * best, best + 0.25 * found["boundcalc"].half_width)
    assert found["boundcalc"].error <= found["Euclidean"].error + 0.01
