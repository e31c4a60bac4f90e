"""Stability and robustness on finite populations whose risks are known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.trainer.risk.erm import Problem, minimise_risk
from boundcalc.trainer.risk.losses import Hinge
from boundcalc.trainer.risk.pairs import AllPairs
from boundcalc.trainer.risk.structures import make_structure

POINTS = np.array([[0.0, 0.0], [0.4, 0.1], [0.1, 0.5], [0.9, 0.2], [1.0, 0.8], [0.8, 1.0]])
LABELS = np.array([0, 0, 0, 1, 1, 1])
CHANCE = np.array([0.25, 0.15, 0.1, 0.2, 0.2, 0.1])
THRESHOLD = 0.25
SQUARES = (POINTS[:, None] - POINTS[None, :]) ** 2
RADIUS = math.sqrt(SQUARES.sum(axis=2).max()) * (1 + 1e-12)
SIGNS = np.where(LABELS[:, None] == LABELS[None, :], 1, -1)


def losses(weights: np.ndarray) -> np.ndarray:
    """Return the hinge loss of every ordered pair of points."""
    return np.maximum(0, 1 - SIGNS * (THRESHOLD - SQUARES @ weights))


def risks(weights: np.ndarray, sample: np.ndarray) -> tuple[float, float]:
    """Return population and empirical risk by sums over all ordered pairs."""
    table = losses(weights)
    n = len(sample)
    inner = table[np.ix_(sample, sample)]
    return float(CHANCE @ table @ CHANCE), float((inner.sum() - np.trace(inner)) / (n * (n - 1)))


def fit(sample: np.ndarray, mu: float, source: np.ndarray):
    problem = Problem(
        pairs=AllPairs(POINTS[sample], LABELS[sample], threads=1),
        structure=make_structure("diagonal", dims={"a": 1, "b": 1}),
        loss=Hinge(),
        eig_range=(0.0, 4.0),
        threshold_range=(THRESHOLD, THRESHOLD),
        regularisation=mu,
        anchor=4.0,
        source=source,
    )
    return problem, minimise_risk(problem, tolerance=1e-6)


CASES = [
    ("comparators.stability", np.zeros(2), 2.0),
    ("comparators.stability", np.zeros(2), 0.3),
    ("comparators.source_stability", np.array([1.0, 0.5]), 1.0),
]


@pytest.mark.parametrize(("key", "source", "mu"), CASES)
def test_stable_minimisers_keep_their_promise(key, source, mu):
    rng = np.random.default_rng(31)
    n, delta = 16, 0.2
    bound = bc.theorem(key).bound()
    ell_0 = float(losses(source).max())
    values = {"n": n, "delta": delta, "L": 1.0, "B": RADIUS, "mu": mu, "ell_0": ell_0}
    largest = float(bound.trivial.subs({s: values[s.name] for s in bound.trivial.free_symbols}))
    fails, closest = 0, 0.0
    for _ in range(40):
        sample = rng.choice(len(POINTS), n, p=CHANCE)
        problem, found = fit(sample, mu, source)
        risk, empirical = risks(found.params, sample)
        assert found.risk == pytest.approx(empirical, rel=1e-9)
        assert problem.penalty(found.params)[0] == pytest.approx(mu * float(((found.params - source) ** 2).sum()))
        assert losses(found.params).max() <= largest + RADIUS**2 * math.sqrt(found.eps_opt / mu)
        value = float(bound.evaluate(**values, rhat_M=empirical, eps_opt=found.eps_opt))
        fails += risk > value
        closest = max(closest, (risk - empirical) / (value - empirical))
    assert fails <= delta * 40
    assert closest > 0.005


@pytest.mark.parametrize(("key", "source", "mu"), CASES)
def test_one_example_moves_the_loss_by_at_most_beta(key, source, mu):
    rng = np.random.default_rng(37)
    n = 8
    beta = 2 * RADIUS**4 / (mu * n)
    largest = 0.0
    for _ in range(25):
        sample = rng.choice(len(POINTS), n, p=CHANCE)
        other = sample.copy()
        other[0] = rng.choice(len(POINTS))
        (_, first), (_, second) = fit(sample, mu, source), fit(other, mu, source)
        slack = RADIUS**2 * (math.sqrt(first.eps_opt / mu) + math.sqrt(second.eps_opt / mu))
        change = float(np.abs(losses(first.params) - losses(second.params)).max())
        assert change <= beta + slack
        largest = max(largest, change)
    assert largest > beta / 50


def test_beta_is_attained():
    """Two points at distance 1 and a threshold at which no loss is ever 0: one new label turns the slope round."""
    mu = 8.0
    weights = []
    for codes in (np.array([0, 0]), np.array([0, 1])):
        problem = Problem(
            pairs=AllPairs(np.array([[0.0], [1.0]]), codes, threads=1),
            structure=make_structure("diagonal", dims={"a": 1}),
            loss=Hinge(),
            eig_range=(0.0, 4.0),
            threshold_range=(1.0, 1.0),
            regularisation=mu,
            anchor=4.0,
            source=np.array([1.0]),
        )
        weights.append(float(minimise_risk(problem, tolerance=1e-9).params[0]))
    assert abs(weights[0] - weights[1]) == pytest.approx(2 / (mu * 2), rel=1e-3)


def test_robustness_holds_on_both_sides():
    rng = np.random.default_rng(41)
    n, delta = 60, 0.2
    bound = bc.theorem("comparators.robustness").bound()
    cells = np.array([0, 0, 1, 2, 3, 3])
    fails, closest = 0, 0.0
    for place in range(24):
        sample = rng.choice(len(POINTS), n, p=CHANCE)
        _, found = fit(sample, 0.05, np.zeros(2))
        table = losses(found.params)
        osc = max(float(np.ptp(table[np.ix_(cells == a, cells == b)])) for a in range(4) for b in range(4))
        risk, empirical = risks(found.params, sample)
        spread = float(losses(np.full(2, 4.0)).max())
        width = osc + spread * math.sqrt((8 * math.log(2) + 2 * math.log(1 / delta)) / n) + spread / n
        if place == 0:
            value = float(bound.evaluate(n=n, delta=delta, kc=4, eps_osc=osc, C=spread, rhat_M=empirical))
            assert value - empirical == pytest.approx(width, rel=1e-12)
        fails += abs(risk - empirical) > width
        closest = max(closest, abs(risk - empirical) / width)
    assert fails <= delta * 24
    assert closest > 0.01


def test_covering_is_the_sharp_form_at_its_cells():
    values = {"n": 10**6, "delta": 0.1, "C": 2.0, "rhat_M": 0.1, "L": 1.5, "lam_max": 0.7, "B": 2.0}
    shape = {"cover": 0.25, "x_radius": 1.0, "d_M": 2, "labels": 3}
    entry = bc.theorem("comparators.robustness")
    covering = float(entry.bound("covering").evaluate(**values, **shape))
    kc = 3 * (1 + 2 / 0.25) ** 2
    sharp = float(entry.bound().evaluate(**values, kc=int(kc), eps_osc=8 * 1.5 * 0.7 * 2.0 * 0.25))
    assert covering == pytest.approx(sharp, rel=1e-12)


def test_stability_equals_the_formula_by_hand():
    v = {"n": 500, "delta": 0.05, "L": 1.2, "B": 1.5, "mu": 3.0, "ell_0": 2.0, "rhat_M": 0.2, "eps_opt": 1e-4}
    beta = 2 * v["L"] ** 2 * v["B"] ** 4 / (v["mu"] * v["n"])
    span = v["ell_0"] + v["L"] * v["B"] ** 2 * min(
        math.sqrt(v["ell_0"] / (2 * v["mu"])), v["L"] * v["B"] ** 2 / (2 * v["mu"])
    )
    expected = v["rhat_M"] + 2 * beta + (v["n"] * beta + span) * math.sqrt(2 * math.log(1 / v["delta"]) / v["n"])
    expected += 2 * v["L"] * v["B"] ** 2 * math.sqrt(v["eps_opt"] / v["mu"])
    for key in ("comparators.stability", "comparators.source_stability"):
        assert float(bc.theorem(key).bound().evaluate(**v)) == pytest.approx(expected, rel=1e-12)
