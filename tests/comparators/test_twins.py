"""False twins of the comparators' steps: a smaller constant, n for m, a term left out. None is proved nor supported.

``tests/checker/test_twins.py`` tries generated twins of every step; these are the tempting ones, by hand.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy

import boundcalc as bc
from boundcalc import symbols as s
from boundcalc.catalogue.comparators.robustness import cell_distance
from boundcalc.catalogue.comparators.stability import Edev_model, dev_model
from boundcalc.checker.steps import check_step

half = sympy.Rational(1, 2)


def step(key: str, left: sympy.Symbol | str, form: str | None = None):
    chain = bc.theorem(f"comparators.{key}").derivation(form)
    (found,) = [one for one in chain.steps if str(one.left) == str(left)]
    return found


TWINS = {
    "Frobenius: n for m": (step("frobenius_ball", s.S_frobenius), sympy.sqrt(s.u4_mean / s.n)),
    "Frobenius: B^2 for B^4": (step("frobenius_ball", s.u4_mean), s.B**4 / 2),
    "kernel: kap for kap^2": (step("kernel_ball", s.k_mean), s.kap),
    "trace: half of the Frobenius norm": (step("trace_ball", "S_operator"), s.S_frobenius / 2),
    "l1: no logarithm": (step("l1_ball", "S_maximum"), s.b_k**2 / (2 * sympy.sqrt(s.m))),
    "group: no logarithm": (step("group_ball", "S_group"), s.B_k**2 / (2 * sympy.sqrt(s.m))),
    "l21: half": (step("l21_ball", "S_column"), s.b_k * s.B / (2 * sympy.sqrt(s.m))),
    "hinge range without its 1": (
        step("frobenius_ball", s.C, "hinge"),
        sympy.Max(s.radius * s.B**2 - s.t_min, s.t_max),
    ),
    "stability: beta halved": (step("stability", "beta"), s.L**2 * s.B**4 / (s.mu * s.n)),
    "stability: mu squared": (step("source_stability", "beta"), 2 * s.L**2 * s.B**4 / (4 * s.mu * s.n)),
    "stability: range at the anchor only": (step("source_stability", s.C), s.ell_0),
    "stability: optimisation is free": (step("stability", s.r_M), s.rhat_M + dev_model),
    "stability: no bias": (step("stability", Edev_model), sympy.Integer(0)),
    "robustness: no correction of the V-statistic": (
        step("robustness", s.r_M, "sharp"),
        s.rhat_M + s.eps_osc + s.C * cell_distance,
    ),
    "robustness: half of the distance": (
        step("robustness", s.r_M, "sharp"),
        s.rhat_M + s.eps_osc + s.C * cell_distance / 2,
    ),
    "robustness: one point of a cell": (step("robustness", s.eps_osc, "covering"), s.L * s.lam_max * s.B * s.cover / 2),
    "robustness: cells without labels": (
        step("robustness", s.kc, "covering"),
        (1 + s.x_radius / s.cover) ** s.d_M,
    ),
    "matrix Khinchin without its logarithm": (
        step("trace_ball", s.Rhat_metric, "data"),
        s.radius / s.m * sympy.sqrt(s.u_operator) / 2,
    ),
}


@pytest.mark.parametrize("name", TWINS)
def test_false_twins_are_refuted(name):
    true, right = TWINS[name]
    verdict = check_step(replace(true, right=right), budget=6)
    assert verdict.word == "REFUTED", f"{name}: {verdict}"
    assert verdict.witness is not None


@pytest.mark.parametrize("name", ["frequencies", "deviation"])
def test_false_tails_are_refuted(name):
    if name == "frequencies":
        true = step("robustness", cell_distance)
        event = true.events[0].symbol
        false = replace(true, right=sympy.sqrt(half * sympy.log(1 / event) / s.n))
    else:
        true = step("stability", dev_model)
        false = replace(true, right=Edev_model + sympy.sqrt(sympy.log(1 / true.events[0].symbol) / s.n) / 50)
    assert check_step(true, budget=6).word == "SUPPORTED"
    assert check_step(false, budget=6).word == "REFUTED"
