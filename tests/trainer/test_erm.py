import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from boundcalc.errors import InvalidInputError
from boundcalc.trainer.risk.erm import Problem, certify, minimise_risk
from boundcalc.trainer.risk.losses import Contrastive, Hinge, Logistic, Ramp, SmoothedHinge
from boundcalc.trainer.risk.pairs import AllPairs
from boundcalc.trainer.risk.structures import FullMatrix, make_structure


def sample(seed, n=24, d=4, classes=3, spread=1.0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, classes, n)
    rows = rng.normal(size=(n, d)) / np.sqrt(d) + spread * codes[:, None] * (np.arange(d) < 2)
    return rows, codes


def hinge_by_linear_program(rows, codes, groups, box, thresholds, weights=(1.0, 1.0), margin=None):
    """Exact optimum of hinge (or contrastive, with a margin) as a linear program."""
    n = rows.shape[0]
    left, right = np.triu_indices(n, 1)
    v = np.array([np.bincount(groups, weights=u) for u in np.square(rows[left] - rows[right])])
    similar = codes[left] == codes[right]
    count, g = v.shape
    cost_pairs = np.where(similar, weights[0], weights[1]) / count
    s = np.where(similar, 1.0, -1.0)
    # xi >= 1 - s (t - v a), or xi >= D for similar and xi >= margin - D for other pairs.
    first = np.hstack([s[:, None] * v, -s[:, None], -np.eye(count)])
    bound = -np.ones(count)
    if margin is not None:
        bound = np.where(similar, 0.0, -margin)
    solution = linprog(
        np.concatenate([np.zeros(g + 1), cost_pairs]),
        A_ub=first,
        b_ub=bound,
        bounds=[box] * g + [thresholds] + [(0, None)] * count,
        method="highs",
    )
    assert solution.status == 0
    return solution.fun


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["diagonal", "modality", "blocks"])
def test_hinge_against_an_exact_linear_program(seed, name):
    rows, codes = sample(seed, spread=0.5 * seed / 5)
    structure = make_structure(name, dims={"a": 2, "b": 2}, blocks=None)
    box, thresholds = (0.1 * (seed % 2), 1.5), (-1.0, 2.0)
    weights = (1.0, 1.0) if seed < 3 else (2.0, 0.5)
    problem = Problem(AllPairs(rows, codes), structure, Hinge(), box, thresholds, weights)
    fit = minimise_risk(problem, tolerance=1e-5)
    best = hinge_by_linear_program(rows, codes, np.array(structure.groups), box, thresholds, weights)
    assert fit.lower_bound <= best + 1e-12
    assert best - 1e-12 <= fit.objective <= best + fit.eps_opt
    assert fit.converged
    assert fit.eps_opt <= 2e-5


@pytest.mark.parametrize("seed", range(3))
def test_contrastive_against_an_exact_linear_program(seed):
    rows, codes = sample(seed)
    structure = make_structure("diagonal", dims={"a": 4})
    problem = Problem(AllPairs(rows, codes), structure, Contrastive(1.0), (0.0, 2.0), (0.0, 0.0))
    fit = minimise_risk(problem, tolerance=1e-5)
    best = hinge_by_linear_program(rows, codes, np.arange(4), (0.0, 2.0), (0.0, 0.0), margin=1.0)
    assert best - 1e-12 <= fit.objective <= best + fit.eps_opt
    assert fit.lower_bound <= best + 1e-12


@pytest.mark.parametrize("loss", [Logistic(), SmoothedHinge(0.5)], ids=lambda loss: loss.name)
@pytest.mark.parametrize("reg", [0.0, 0.05])
@pytest.mark.parametrize("seed", range(3))
def test_smooth_losses_against_a_generic_solver(loss, reg, seed):
    rows, codes = sample(seed)
    structure = make_structure("diagonal", dims={"a": 4})
    problem = Problem(AllPairs(rows, codes), structure, loss, (0.0, 1.0), (-1.0, 2.0), regularisation=reg, anchor=0.3)
    fit = minimise_risk(problem, tolerance=1e-7)
    other = minimize(
        lambda x: problem.objective(x[:4], x[4]),
        np.full(5, 0.4),
        method="SLSQP",
        bounds=[(0, 1)] * 4 + [(-1, 2)],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert fit.objective <= other.fun + fit.eps_opt
    assert fit.lower_bound <= other.fun + 1e-12
    assert fit.risk == pytest.approx(fit.objective - problem.penalty(fit.params)[0])


@pytest.mark.parametrize("loss", [Hinge(), Logistic()], ids=lambda loss: loss.name)
@pytest.mark.parametrize("seed", range(2))
def test_full_matrix_against_rotations_and_eigenvalues(loss, seed):
    rows, codes = sample(seed, d=2, n=20)
    problem = Problem(AllPairs(rows, codes), FullMatrix("full", 2), loss, (0.0, 1.0), (-1.0, 2.0))
    fit = minimise_risk(problem, tolerance=1e-4)

    def value(x):
        turn = np.array([[np.cos(x[0]), -np.sin(x[0])], [np.sin(x[0]), np.cos(x[0])]])
        return problem.objective(turn @ np.diag(x[1:3]) @ turn.T, x[3])

    best = min(
        minimize(value, [angle, 0.5, 0.5, 1.0], method="Powell", bounds=[(-4, 4), (0, 1), (0, 1), (-1, 2)]).fun
        for angle in (0.0, 0.7)
    )
    assert fit.objective <= best + fit.eps_opt
    assert fit.lower_bound <= best + 1e-12
    values = np.linalg.eigvalsh(fit.params)
    assert values.min() >= -1e-12
    assert values.max() <= 1 + 1e-12


def test_full_is_at_least_as_good_as_diagonal():
    rows, codes = sample(1, d=3)
    pairs = AllPairs(rows, codes)
    diagonal = minimise_risk(
        Problem(pairs, make_structure("diagonal", dims={"a": 3}), Hinge(), (0.0, 1.0), (-1.0, 2.0))
    )
    problem = Problem(pairs, FullMatrix("full", 3), Hinge(), (0.0, 1.0), (-1.0, 2.0))
    full = minimise_risk(problem, start=(np.diag(diagonal.params), diagonal.threshold))
    assert full.objective <= diagonal.objective + 1e-14


@pytest.mark.parametrize("loss", [Hinge(), Logistic()], ids=lambda loss: loss.name)
def test_an_early_stop_is_still_certified(loss):
    rows, codes = sample(2)
    structure = make_structure("diagonal", dims={"a": 4})
    problem = Problem(AllPairs(rows, codes), structure, loss, (0.0, 1.0), (-1.0, 2.0))
    best = minimise_risk(problem, tolerance=1e-7)
    for limit in (1, 2, 5):
        fit = minimise_risk(problem, tolerance=1e-7, max_evaluations=limit)
        assert fit.objective - fit.eps_opt <= best.lower_bound + best.eps_opt
    anywhere = np.array([0.9, 0.1, 0.5, 0.3])
    eps = certify(problem, anywhere, 0.7)
    assert problem.objective(anywhere, 0.7) - eps <= best.objective


def test_a_warm_start_is_never_lost():
    rows, codes = sample(3)
    problem = Problem(
        AllPairs(rows, codes), make_structure("diagonal", dims={"a": 4}), Hinge(), (0.0, 1.0), (-1.0, 2.0)
    )
    best = minimise_risk(problem, tolerance=1e-6)
    again = minimise_risk(problem, start=(best.params, best.threshold), tolerance=0.5)
    assert again.objective <= best.objective


@pytest.mark.parametrize("case", ["duplicates", "one class", "point box", "separated"])
def test_degenerate_problems(case):
    rows, codes = sample(4, d=2)
    box, thresholds = (0.0, 1.0), (-1.0, 2.0)
    if case == "duplicates":
        rows[:] = 1.0
    elif case == "one class":
        codes[:] = 0
    elif case == "point box":
        box, thresholds = (0.5, 0.5), (1.0, 1.0)
    else:
        rows = codes[:, None] * np.ones((1, 2)) * 10.0
    problem = Problem(AllPairs(rows, codes), make_structure("diagonal", dims={"a": 2}), Hinge(), box, thresholds)
    fit = minimise_risk(problem)
    best = hinge_by_linear_program(rows, codes, np.arange(2), box, thresholds)
    assert best - 1e-12 <= fit.objective <= best + fit.eps_opt
    assert np.isfinite(fit.eps_opt)


@pytest.mark.parametrize("loss", [Hinge(), Contrastive(1.0), SmoothedHinge(0.5)], ids=lambda loss: loss.name)
@pytest.mark.parametrize("reg", [0.0, 0.1])
def test_a_certificate_of_an_exact_optimum(loss, reg):
    """Separated pairs: objective and gap are 0 or below, and the certificate must be a number all the same."""
    rows = np.repeat([0.0, 8.0], 6)[:, None] + np.zeros((1, 2))
    pairs = AllPairs(rows, np.repeat([0, 1], 6))
    structure = make_structure("diagonal", dims={"a": 2})
    thresholds = (-1.0, 2.0) if loss.has_threshold else (0.0, 0.0)
    problem = Problem(pairs, structure, loss, (0.0, 5.0), thresholds, regularisation=reg)
    eps = certify(problem, np.ones(2), thresholds[1])
    assert 0 <= eps < np.inf
    fit = minimise_risk(problem)
    assert problem.objective(np.ones(2), thresholds[1]) - eps <= fit.objective


@pytest.mark.parametrize("seed", range(3))
def test_the_rounding_allowance_knows_margin_and_penalty(seed):
    rows, codes = sample(seed)
    structure = make_structure("diagonal", dims={"a": 4})

    def allowance(loss, box=(0.0, 1.0), thresholds=(0.0, 0.0), **penalty):
        return Problem(AllPairs(rows, codes), structure, loss, box, thresholds, **penalty).rounding_allowance()

    eps = np.finfo(float).eps
    assert allowance(Contrastive(1e9)) >= 1e9 * eps * rows.shape[0]
    assert allowance(Hinge(), box=(0.0, 1e4), regularisation=10.0) >= eps * 10.0 * 4 * 1e8
    assert allowance(Hinge(), regularisation=1.0, anchor=1e5) >= eps * 4 * 1e10
    # The objective at 0 in exact arithmetic: margin times the share of dissimilar pairs, and reg * 4 * anchor^2.
    problem = Problem(AllPairs(rows, codes), structure, Contrastive(1e9 + 1 / 3), (0.0, 1.0), (0.0, 0.0))
    exact = (1e9 + 1 / 3) * problem.pairs.n_dissimilar / problem.pairs.count
    assert abs(problem.objective(np.zeros(4), 0.0) - exact) <= problem.rounding_allowance()


def test_the_ramp_is_not_minimised():
    rows, codes = sample(0)
    with pytest.raises(InvalidInputError, match="not convex"):
        Problem(AllPairs(rows, codes), make_structure("diagonal", dims={"a": 4}), Ramp(), (0.0, 1.0), (0.0, 1.0))
