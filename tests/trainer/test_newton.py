"""Newton steps: the box step against a generic solver, curvature against differences, few passes over all pairs."""

import numpy as np
import pytest
from scipy.optimize import minimize

from boundcalc.trainer.risk.erm import Problem, minimise_risk
from boundcalc.trainer.risk.losses import Hinge, Logistic, SmoothedHinge
from boundcalc.trainer.risk.newton import PairSample, box_quadratic_step
from boundcalc.trainer.risk.pairs import AllPairs, ListedPairs
from boundcalc.trainer.risk.structures import make_structure


@pytest.mark.parametrize("seed", range(20))
def test_box_step_against_a_generic_solver(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 12))
    factor = rng.normal(size=(size, size))
    matrix, gradient = factor @ factor.T + 0.1 * np.eye(size), rng.normal(size=size)
    low, high = -rng.random(size), rng.random(size)
    low[rng.random(size) < 0.2] = 0.0
    high[rng.random(size) < 0.2] = 0.0

    def model(p):
        return float(gradient @ p + 0.5 * p @ matrix @ p)

    step = box_quadratic_step(matrix, gradient, low, high)
    assert (step >= low).all()
    assert (step <= high).all()
    best = minimize(model, np.zeros(size), bounds=list(zip(low, high, strict=True)), method="L-BFGS-B").fun
    assert model(step) <= best + 0.02 * abs(best) + 1e-9


@pytest.mark.parametrize("seed", [1, 3, 14, 25])
def test_box_step_when_guesses_go_round_in_a_circle(seed):
    """Slopes of one sign, far apart in size, few of them: of these boxes one in eight leads the guesses round."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(20, 200))
    rows = np.abs(rng.normal(size=(int(rng.integers(5, size)), size))) * rng.uniform(0, 1, size) ** 3
    rows[:, -1] = -1
    matrix, gradient = rows.T @ rows / len(rows), rng.normal(size=size) * rng.uniform(0, 1, size) ** 4
    share = rng.random(size) ** 3

    def model(p):
        return float(gradient @ p + 0.5 * p @ matrix @ p), gradient + matrix @ p

    bounds = np.stack([-share, 1 - share], axis=1)
    best = minimize(model, np.zeros(size), jac=True, bounds=bounds, method="L-BFGS-B").fun
    assert model(box_quadratic_step(matrix, gradient, -share, 1 - share))[0] <= 0.99 * best


def test_box_step_never_rises_and_never_warns():
    for matrix, gradient in (
        (np.zeros((2, 2)), np.array([1.0, -1.0])),
        (np.full((2, 2), 1e-300), np.array([1e10, -1e10])),
        (np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([1.0, -2.0])),
    ):
        step = box_quadratic_step(matrix, gradient, -np.ones(2), np.ones(2))
        assert np.isfinite(step).all()
        assert gradient @ step + 0.5 * step @ matrix @ step <= 0


def sample_of(loss, weights=(2.0, 0.5)):
    rng = np.random.default_rng(0)
    rows, codes = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    pairs, structure = AllPairs(rows, codes), make_structure("diagonal", dims={"a": 3})
    return pairs, structure, PairSample.draw(pairs, structure, weights)


@pytest.mark.parametrize("loss", [Logistic(), SmoothedHinge(0.5)], ids=lambda loss: loss.name)
def test_a_sample_of_all_pairs_is_exact(loss):
    pairs, _, sample = sample_of(loss)
    point = np.array([0.2, 0.5, 0.1, 0.8])
    value, gradient = sample.risk(point, loss)
    exact = pairs.evaluate(point[:3], point[3], loss=loss, weights=(2.0, 0.5))
    # An even number of rows brings the pairs half way round twice.
    assert value == pytest.approx(exact.value, rel=0.05)
    assert gradient == pytest.approx(np.append(exact.gradient, exact.gradient_threshold), rel=0.2, abs=0.02)
    numeric = np.array([
        (sample.risk(point + 1e-2 * e, loss)[1] - sample.risk(point - 1e-2 * e, loss)[1]) / 2e-2 for e in np.eye(4)
    ])  # fmt: skip
    assert sample.curvature(point, loss) == pytest.approx(numeric, rel=0.25, abs=0.05)


def test_listed_pairs_are_sampled_evenly():
    rng = np.random.default_rng(0)
    pairs = ListedPairs(rng.normal(size=(1000, 2)), np.arange(1000) < 300)
    differences, similar = pairs.sample(100)
    assert differences.shape == (100, 2)
    assert similar.sum() == 30


@pytest.mark.parametrize("loss", [Hinge(), Logistic(), SmoothedHinge(0.1)], ids=lambda loss: loss.name)
def test_a_fit_takes_a_handful_of_passes(loss):
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, 900)
    rows = rng.normal(size=(900, 12)) / 3 + (codes[:, None] == np.arange(12))
    problem = Problem(AllPairs(rows, codes), make_structure("diagonal", dims={"a": 12}), loss, (0.0, 2.0), (-1.0, 2.0))
    fit = minimise_risk(problem, tolerance=1e-4)
    assert fit.converged
    assert fit.evaluations <= 25


def test_rows_sorted_by_class_are_no_trap():
    rng = np.random.default_rng(1)
    codes = np.sort(rng.integers(0, 4, 400))
    rows = rng.normal(size=(400, 5)) + (codes[:, None] == np.arange(5))
    problem = Problem(
        AllPairs(rows, codes), make_structure("diagonal", dims={"a": 5}), Hinge(), (0.0, 2.0), (-1.0, 2.0)
    )
    fit = minimise_risk(problem, tolerance=1e-4)
    assert fit.converged
    turned = rng.permutation(400)
    other = minimise_risk(
        Problem(AllPairs(rows[turned], codes[turned]), problem.structure, Hinge(), (0.0, 2.0), (-1.0, 2.0)),
        tolerance=1e-4,
    )
    assert other.lower_bound <= fit.objective <= other.objective + fit.eps_opt
