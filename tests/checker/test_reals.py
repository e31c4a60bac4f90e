"""Inequalities between closed forms: nothing false is proved, nothing true refuted, most are settled."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Abs, Interval, Max, Min, Range, Rational, ceiling, exp, floor, log, oo, sqrt, symbols

import boundcalc as bc
from boundcalc import symbols as s
from boundcalc.checker import check_inequality
from boundcalc.checker.inequality.far import touching_witness
from boundcalc.checker.inequality.points import Hunt
from boundcalc.checker.inequality.problem import state
from boundcalc.checker.inequality.reals import _Work
from boundcalc.errors import InvalidInputError

n, m, delta, C, L, B, p, q, J = s.n, s.m, s.delta, s.C, s.L, s.B, s.p, s.q, s.J
x = log(1 / delta)
a, b = symbols("a b", positive=True)
z = symbols("z", real=True)

TRUE = [
    (C * sqrt(x / (2 * m)), "<=", C * sqrt(2 * x / n)),
    (1 / m, "<=", 3 / n),
    (1 / m, ">=", 2 / n),
    (n, "<=", 3 * m),
    (m, ">=", (n - 1) / 2),
    (floor(n / 2), "<=", n / 2),
    (1 / sqrt(floor(s.n_h / 2)), "<=", sqrt(3) / sqrt(s.n_h)),
    (ceiling(n / 2) + floor(n / 2), "=", n),
    (x, "<=", 1 / delta - 1),
    (x, ">=", 1 - delta),
    (delta * x, "<=", exp(-1)),
    (log(2 / delta), ">", x),
    (sqrt(log(2 / delta)), "<=", sqrt(x) + sqrt(log(2))),
    (Min(1, sqrt(s.g_M / m)), "<=", sqrt(2 * s.g_M * log(p) / m)),
    (sqrt(s.g_M), "<=", sqrt(s.d_M)),
    (s.r_M - s.r_N, "<=", C),
    (s.Lam * B**2, "<=", s.lam_max * B**2),
    (s.b_k**2, "<=", B**2),
    (1 / s.b_k, ">=", 1 / B),
    (s.tau / sqrt(m), ">=", 0),
    (s.t_min, "<=", s.t_max),
    (log(p**s.g_M), "=", s.g_M * log(p)),
    (p**s.g_M, ">=", p),
    (log(n), "<=", sqrt(n)),
    (sqrt(a * b), "<=", (a + b) / 2),
    (sqrt(a + b), "<=", sqrt(a) + sqrt(b)),
    (log(1 + a), ">=", a / (1 + a)),
    (exp(-a), ">=", 1 - a),
    (Max(a, b), "<=", a + b),
    (Abs(z), ">=", z),
    (z**2 + 1, ">=", 2 * z),
    (Min(sqrt(q), sqrt(Min(s.d_M, m)) / 2), "<=", sqrt(m) / 2),
    (2 * L * s.R_M + C * sqrt(x / (2 * m)), "<=", 4 * L * s.R_M + 2 * C * sqrt(x / (2 * m))),
]
FALSE = [
    (C * sqrt(x / (2 * m)), "<=", C * sqrt(x / n)),
    (1 / m, "<=", 2 / n),
    (n, "<=", Rational(5, 2) * m),
    (m, "<", n / 2),
    (floor(n / 2), ">=", n / 2),
    (x, "<=", 1 / delta - 2),
    (log(2 / delta), "<=", 2 * x),
    (delta * x, "<=", Rational(1, 3)),
    (Min(1, sqrt(s.g_M / m)), "<=", sqrt(s.g_M * log(p) / m)),
    (s.g_M, "<", s.d_M),
    (s.r_M - s.r_N, "<", C),
    (s.r_M * C, ">", 0),
    (s.lam_max * B**2, "<=", s.Lam * B**2),
    (log(p * s.g_M), "=", s.g_M * log(p)),
    (sqrt(a + b), ">=", sqrt(a) + sqrt(b)),
    (z**4, ">=", z**2),
    (n / (n - 1), "<", 2),
    (4 * L * s.R_M, "<", 8 * L * s.R_M),
    (sqrt(x), "<=", x),
    (s.kappa_M / sqrt(m), "<=", s.kappa_M / sqrt(n)),
]


@pytest.mark.parametrize(("left", "relation", "right"), TRUE, ids=str)
def test_true_ones_are_proved(left, relation, right):
    verdict = check_inequality(left, relation, right)
    assert verdict.word == "PROVED", str(verdict)


@pytest.mark.parametrize(("left", "relation", "right"), FALSE, ids=str)
def test_false_ones_are_refuted_by_a_point_that_shows_it(left, relation, right):
    verdict = check_inequality(left, relation, right)
    assert verdict.word == "REFUTED", str(verdict)
    problem = state(left, relation, right)
    point = {symbol: sympy.Rational(verdict.witness[symbol.name]) for symbol in problem.domain}
    assert all(value in problem.domain[symbol] for symbol, value in point.items())
    gap = (problem.right - problem.left).subs(point).evalf(50)
    assert {"<=": gap < 0, "<": gap <= 0, ">=": gap > 0, ">": gap >= 0, "=": gap != 0}[relation]


@pytest.mark.parametrize(
    ("key", "sharper", "looser"),
    [
        # Twenty seconds; that of huang2021 takes one.
        pytest.param("zhou2026.risk_gap", "sharp", "paper", marks=pytest.mark.slow),
        ("zhou2026.latent_quality", "sharp", "paper"),
        ("zhou2026.metric_complexity", "sharp", "paper"),
        ("huang2021.risk_gap", "sharp", "paper"),
    ],
)
def test_sharp_forms_are_never_above_the_papers(key, sharper, looser):
    theorem = bc.theorem(key)
    bound = theorem.bound(sharper)
    if "eps_opt" in bound.symbols:
        bound = bound.substitute(eps_opt=0)
    assert check_inequality(bound, "<=", theorem.bound(looser), budget=60).word == "PROVED"


def test_what_is_undefined_somewhere_is_not_proved():
    verdict = check_inequality(log(1 - 2 * delta), "<=", 0)
    assert verdict.word == "UNSETTLED"
    assert "not defined" in verdict.evidence
    assert check_inequality(1 / (n - 3), "<=", 1).word != "PROVED"


def test_domains_given_narrow_the_claim():
    claim = (n / m, "<=", Rational(5, 2))
    assert check_inequality(*claim).word == "REFUTED"
    assert check_inequality(*claim, domain={n: Range(4, oo)}).word == "PROVED"
    assert check_inequality(z, "<=", 1, domain={z: Interval(0, 1)}).word == "PROVED"
    assert check_inequality(z, "<", 1, domain={z: Interval(0, 1)}).word == "REFUTED"
    assert check_inequality(z, "<", 1, domain={z: Interval.Ropen(0, 1)}).word == "PROVED"


def test_constraints():
    assert check_inequality(a, "<=", b).word == "REFUTED"
    assert check_inequality(a, "<=", b, constraints=[(2 * a, "<=", b)]).word == "PROVED"
    assert check_inequality(a + 1, "<=", b, constraints=[a + 1 < b]).word == "PROVED"


def test_bad_arguments_are_named():
    with pytest.raises(InvalidInputError, match="relation = '!='"):
        check_inequality(a, "!=", b)
    with pytest.raises(InvalidInputError, match="is a relation"):
        check_inequality(a <= b, "<=", b)
    for wrong in (None, False, "x <= 1"):
        with pytest.raises(InvalidInputError, match="expected a list of relations"):
            check_inequality(x, "<=", 1, constraints=wrong)
    with pytest.raises(InvalidInputError, match="constraint = True is a relation"):
        check_inequality(x, "<=", 1, constraints=[(x, "<", True)])
    with pytest.raises(InvalidInputError, match="no SymPy set"):
        check_inequality(a, "<=", b, domain={a: 3})


@settings(max_examples=25)
@given(
    coefficients=st.lists(st.integers(-3, 6), min_size=3, max_size=3),
    point=st.fractions(0, 5, max_denominator=4),
)
def test_polynomials_agree_with_evaluation(coefficients, point):
    """A proved claim holds at any point; a refuted one fails at its witness."""
    c0, c1, c2 = coefficients
    t = sympy.Symbol("t", nonnegative=True)
    verdict = check_inequality(c0 + c1 * t + c2 * t**2, ">=", 0, budget=5)
    if verdict.word == "PROVED":
        assert c0 + c1 * point + c2 * point**2 >= 0
    if verdict.word == "REFUTED":
        at = Fraction(verdict.witness.get("t", 0))
        assert c0 + c1 * at + c2 * at**2 < 0


#: Found by attacking: far away, at a single point, off by a hair, beyond floats, at the boundary.
SHARP_FALSE = [
    (n, "<=", 10**40),
    (log(log(n)), "<=", 5),
    (x, "<=", 100),
    (1 / n, ">", Rational(1, 10**12)),
    (sqrt(n + 1) - sqrt(n), ">", Rational(1, 10**8)),
    (exp(-n), ">=", Rational(1, 10**300)),
    ((s.r_M - Rational(123456, 10**6)) ** 2, ">", 0),
    ((n - 1000003) ** 2, ">", 0),
    (a**b, ">=", 1),
    (log(n) / n, "<=", Rational(3662, 10000)),
    (delta * x**2, "<=", Rational(54, 100)),
    ((1 + 1 / n) ** n, "<=", Rational(2718, 1000)),
    (log(2) * n, "<=", n * Rational(6931471805, 10**10)),
]
SHARP_TRUE = [
    (C * sqrt(x / (2 * m)), ">", 0),
    (sqrt(delta) * x, "<=", 2 / sympy.E),
    (sqrt(delta) * x, "<", 1),
    (log(n) / n, "<=", 1 / sympy.E),
    (s.r_M * (C - s.r_M), "<=", C**2 / 4),
    (n * (n - 1), ">=", 2 * m**2),
]


@pytest.mark.parametrize(("left", "relation", "right"), SHARP_FALSE, ids=str)
def test_sharp_false_ones_are_refuted(left, relation, right):
    verdict = check_inequality(left, relation, right)
    assert verdict.word == "REFUTED", str(verdict)
    problem = state(left, relation, right)
    point = {symbol: Rational(verdict.witness[symbol.name]) for symbol in problem.domain}
    assert all(value in problem.domain[symbol] for symbol, value in point.items())


@pytest.mark.parametrize(("left", "relation", "right"), SHARP_TRUE, ids=str)
def test_sharp_true_ones_are_proved(left, relation, right):
    assert check_inequality(left, relation, right).word == "PROVED"


def test_ranges_with_a_step():
    assert check_inequality(n * (n - 2) * (n - 4), "=", 0, domain={n: Range(2, 6, 2)}).word == "PROVED"
    with pytest.raises(InvalidInputError, match="a range with a step"):
        check_inequality(n, "<=", 3 * m, domain={n: Range(2, oo, 2)})


def test_margins_are_free_of_rounding():
    """In floats (1 + 1/n)^n is above e at n = 1e8."""
    work = _Work(state((1 + 1 / n) ** n, "<=", sympy.E), 0.0, 1.0, np.random.default_rng(0))
    work.found = Hunt(None, None, -1e-9, {n: 1e8}, 1)
    assert 0 < work._margin() < 1e-8


def test_a_constraint_without_a_direction_where_the_search_begins_leaves_the_others_their_turn():
    u, v = symbols("u v", real=True)
    most = sqrt(2) - Rational(1, 10**12)
    rules = [(sqrt(u) + sqrt(v), "<=", 9), (u**2 + v**2, "<=", 1)]
    problem = state(u + v, "<=", most, domain={u: Interval(0, oo), v: Interval(0, oo)}, constraints=rules)
    found = touching_witness(problem, dict(zip(problem.domain, (0.0, 1.0), strict=True)), time.monotonic() + 60.0)
    assert found is not None
    first, second = found.values()
    assert first**2 + second**2 <= 1
    assert first + second > most
