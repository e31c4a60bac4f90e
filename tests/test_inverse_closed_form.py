"""Where the answer is a closed form, a handful of evaluations certify it: the answers are those of the bisection."""

from __future__ import annotations

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.inverse import bisect, cells

POINT = {"n": 1000, "delta": 0.05, "L": 1, "C": 1, "R_M": 0.01, "gamma": 0.01, "eps_opt": 0.0}


@pytest.fixture
def evaluations(monkeypatch):
    """Count how often the bound is evaluated."""
    counted = []
    value = cells.Cells.value

    def counting(self, *args, **options):
        counted.append(1)
        return value(self, *args, **options)

    monkeypatch.setattr(cells.Cells, "value", counting)
    return counted


@pytest.mark.parametrize("name", ["C", "L", "R_M", "gamma", "eps_opt"])
def test_what_is_linear_takes_three_evaluations(name, evaluations):
    others = {key: value for key, value in POINT.items() if key != name}
    bc.theorem("zhou2026.risk_gap").bound().solve_for(name, target=[0.3, 0.4, "0.7"], **others)
    assert len(evaluations) <= 3


def test_answers_are_those_of_the_bisection(monkeypatch):
    rng = np.random.default_rng(3)
    tried = 0
    for key, name in [("zhou2026.risk_gap", "C"), ("zhou2026.risk_gap", "delta"), ("zhou2026.risk_gap", "gamma"),
                      ("zhou2026.metric_complexity", "B"), ("certificates.transport", "C"), ("lemmas.massart", "B")]:  # fmt: skip
        bound = bc.theorem(key).bound()
        if name not in bound.symbols:
            continue
        for _ in range(6):
            others = {"lam_min": 0.0, "t_min": 0.0} | {
                other: int(rng.integers(2, 5000)) if symbol.is_integer else float(rng.uniform(0.01, 0.9))
                for other, symbol in bound.symbols.items()
                if other not in (name, "lam_min", "t_min")
            }
            others = {other: value for other, value in others.items() if other in bound.symbols}
            target = rng.uniform(0.01, 3, 5)
            found = [bound.solve_for(name, target=target, **others)]
            with monkeypatch.context() as patch:
                patch.setattr(bisect, "_AT_ONCE", 0)
                found.append(bound.solve_for(name, target=target, **others))
            np.testing.assert_array_equal(*(one.values.values for one in found))
            np.testing.assert_array_equal(*(one.reason.values for one in found))
            tried += int(found[0].feasible.sum())
    assert tried > 30


def test_a_guess_that_is_wrong_is_not_believed():
    def excess(value, lanes):
        return value - np.array([1.5, -2.25, 1e-300, 7.0])[lanes]

    fails, passes = np.full(4, 1e3), np.full(4, -1e3)
    for near in (np.array([900.0, -2.25, 5.0, np.nan]), np.array([1.5 - 2**-40, 1e3, -1e3, 7.0 + 2**-44]), None):
        np.testing.assert_array_equal(bisect.first_number(excess, fails, passes, near), [1.5, -2.25, 1e-300, 7.0])
