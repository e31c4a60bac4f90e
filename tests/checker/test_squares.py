"""Sums of squares: what they say adds up to the polynomial, and polynomials of degree 2 need no solver."""

from __future__ import annotations

import random

import pytest
import sympy
from sympy import Interval, Rational, oo

from boundcalc.checker import check_inequality
from boundcalc.checker.inequality import proving
from boundcalc.checker.inequality.cases import Extent
from boundcalc.checker.inequality.squares import by_squares
from boundcalc.checker.inequality.system import System
from boundcalc.errors import MissingExtraError

a, b, c, d = sympy.symbols("a b c d", real=True)
eps = sympy.Symbol("eps", positive=True)
FREE = Extent(-oo, oo, True, True)


def told(goal, *, strict=False, positive=()):
    """Return what is said of a polynomial, and check that the squares are the polynomial."""
    ranges = {s: Extent(sympy.Integer(0), oo) if s in positive else FREE for s in goal.free_symbols}
    text = by_squares(System(sympy.expand(goal), strict, ranges))
    if text is not None and "with" not in text:
        names = {s.name: s for s in goal.free_symbols}
        said = sympy.sympify(
            text.replace(" (", "*(").replace("+*(", "+ (").replace(") ", ")*").replace(")*+", ") +"), names
        )
        assert sympy.expand(said - goal) == 0
    return text


@pytest.fixture
def alone(monkeypatch):
    """Take the solvers away."""

    def missing(*_, **__):
        raise MissingExtraError("no solver")

    monkeypatch.setattr(proving, "by_z3", missing)
    monkeypatch.setattr(proving, "by_cvc5", missing)


def test_random_quadratic_forms_are_decided():
    """A form is nonnegative if and only if its symmetric matrix has no negative eigenvalue."""
    rng, seen = random.Random(0), set()
    for _ in range(60):
        rows = [[rng.randint(-2, 2) for _ in range(4)] for _ in range(rng.choice((2, 3, 4)))]
        vector = sympy.Matrix([a, b, c, 1])
        factors = sympy.Matrix(rows)
        form = sympy.expand((vector.T * factors.T * factors * vector)[0]) - rng.choice((0, 0, Rational(1, 50))) * a**2
        matrix = sympy.hessian(form, (a, b, c)) / 2
        whole = matrix.row_join(sympy.Matrix([form.coeff(s, 1).subs({a: 0, b: 0, c: 0}) / 2 for s in (a, b, c)]))
        last = [*whole[:, 3], form.subs({a: 0, b: 0, c: 0})]
        whole = whole.col_join(sympy.Matrix([last]))
        true = bool(whole.is_positive_semidefinite)
        seen.add(true)
        assert (told(form) is not None) == true, form
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (a * b, a**2 / 2 + b**2 / 2),
        (a * b, eps * a**2 / 2 + b**2 / (2 * eps)),
        ((a + b) ** 2, 2 * a**2 + 2 * b**2),
        ((a * c + b * d) ** 2, (a**2 + b**2) * (c**2 + d**2)),
        (a * b + b * c + c * a, a**2 + b**2 + c**2),
        (4 * a - 4, a**2),
        (a**2 * b, a**4 / 2 + b**2 / 2),
    ],
)
def test_what_squares_prove_needs_no_solver(alone, left, right):
    assert check_inequality(left, "<=", right, budget=20).word == "PROVED"
    assert check_inequality(left + Rational(1, 10**6), "<=", right, budget=20).word == "REFUTED"


def test_a_strict_claim_needs_something_left_over(alone):
    assert told(a**2 - 2 * a * b + b**2, strict=True) is None
    assert told(a**2 - 2 * a * b + b**2 + 1, strict=True) is not None
    assert told(a**2 - a * b**2, positive=(a,)) is None
    assert told(a - 2 * a * b**2 + a * b**4, positive=(a,)) is not None
    assert check_inequality(2 * a, "<", a**2 + 1, domain={a: Interval.open(1, oo)}, budget=10).word == "PROVED"
