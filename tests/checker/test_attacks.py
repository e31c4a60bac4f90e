"""Claims made to mislead the engines: rounding, what is undefined, what SymPy was told, empty domains, odd arguments."""

from __future__ import annotations

import pytest
import sympy
from sympy import FiniteSet, I, Interval, Range, Rational, exp, log, nan, oo, pi, sqrt

from boundcalc import symbols as s
from boundcalc.checker import check_inequality
from boundcalc.errors import InvalidInputError
from boundcalc.language.directions import value_range

n, m = s.n, s.m
x = sympy.Symbol("x", real=True)
b = sympy.Symbol("b", positive=True)
k = sympy.Symbol("k", nonnegative=True)
TINY = Rational(1, 10**20)
NEAR = sqrt(log(1 + TINY))


@pytest.mark.parametrize(
    ("left", "relation", "right", "domain"),
    [
        # False at b = 1 - TINY, k = 1e21: floats take the lower end of b for 1.
        (b**k, ">=", Rational(1, 2), {b: Interval(1 - TINY, 2)}),
        # False at x = 10/21, inside the domain by a hair.
        ((x - Rational(1, 3) - Rational(1, 7)) ** 2, ">=", TINY**2, {x: Interval(Rational(10, 21) - TINY, 1)}),
    ],
    ids=["base just below 1", "square with its zero just inside"],
)
def test_rounding_proves_nothing(left, relation, right, domain):
    assert check_inequality(left, relation, right, domain=domain, budget=5).word != "PROVED"


@pytest.mark.parametrize("function", [sympy.tan, sympy.acos, sympy.LambertW, sympy.loggamma, sympy.Function("f")])
def test_a_function_that_may_be_undefined_does_not_cancel(function):
    assert check_inequality(function(x), "<=", function(x) + 1, budget=4).word == "UNSETTLED"


@pytest.mark.parametrize("side", [n + I, nan, oo, sympy.zoo, float("nan"), sqrt(-2)])
def test_what_is_no_real_number_is_left_open(side):
    verdict = check_inequality(side, "<=", side + 1)
    assert verdict.word == "UNSETTLED"
    assert "no real number" in verdict.evidence


@pytest.mark.parametrize(
    ("told", "claim"),
    [
        ({"even": True}, lambda t: ((t - 1) ** 2, ">=", 1)),
        ({"odd": True, "positive": True}, lambda t: ((t - 2) ** 2, ">=", 1)),
        ({"prime": True}, lambda t: ((t - 4) ** 2, ">", 0)),
        ({"nonpositive": True}, lambda t: (t, "<=", 0)),
        ({"integer": True, "negative": True}, lambda t: (t, "<=", -1)),
        ({"integer": True, "nonpositive": True}, lambda t: (t, "<=", 0)),
        ({"real": True, "nonzero": True}, lambda t: (t**2, ">", 0)),
    ],
)
def test_what_sympy_knows_of_a_symbol_is_respected(told, claim):
    left, relation, right = claim(sympy.Symbol("t", **told))
    assert check_inequality(left, relation, right, budget=4).word != "REFUTED"


def test_irrational_ends_are_exact():
    inside = {x: Interval(0, sqrt(2))}
    assert check_inequality(x**2, "<=", 2, domain=inside).word == "PROVED"
    assert check_inequality(x**2, "<=", 2 - TINY * 10**6, domain=inside, budget=5).word != "PROVED"
    assert check_inequality(x**2, "=", 2, domain={x: FiniteSet(sqrt(2), -sqrt(2))}).word == "PROVED"
    assert check_inequality(x, "<=", Rational(22, 7), domain={x: Interval(0, pi)}).word == "PROVED"


def test_floats_mean_the_number_they_print():
    assert check_inequality(0.1 + 0.2, "<=", 0.3).word == "REFUTED"
    assert check_inequality(0.3, "<=", Rational(3, 10)).word == "PROVED"
    assert check_inequality(x**2, "<=", 0.25, domain={x: Interval(0, 0.5)}).word == "PROVED"


@pytest.mark.parametrize(
    "narrowed",
    [
        {"domain": {x: Interval(2, 1)}},
        {"domain": {x: Range(5, 5)}},
        {"constraints": [(x, "<", b), (b, "<=", x)]},
    ],
)
def test_of_an_empty_domain_nothing_is_claimed(narrowed):
    verdict = check_inequality(x, "<=", b - b - 1 if "domain" in narrowed else -b, **narrowed)
    assert verdict.word == "UNSETTLED"
    assert "nothing is claimed" in verdict.evidence


def test_the_domain_of_an_abbreviation():
    unit = {s.Lam: Interval.open(0, 1)}
    assert check_inequality(s.Lam * (1 + s.lam_max), "<", 1 + s.lam_max, domain=unit).word == "PROVED"
    with pytest.raises(InvalidInputError, match=r"m = floor\(n/2\)"):
        check_inequality((m - 1) * (m - 5) * n, ">=", 0, domain={m: FiniteSet(1, 5)})


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((x, "=<", 1), {}, "did you mean '<='"),
        ((x, ["<="], 1), {}, "relation ="),
        (("n + 1", "<=", 3), {}, "no text"),
        ((sympy.Symbol("n"), "<=", n), {}, "two different symbols of one name"),
        ((b, "<=", 1), {"domain": {sympy.Symbol("b"): Interval(0, 1)}}, "differs in its assumptions"),
        ((x, "<=", 1), {"domain": {"y": Interval(0, 1)}}, "no symbol of the claim"),
        ((x, "<=", 1), {"domain": [x]}, "no mapping"),
        ((x, "<=", 1), {"domain": {x: sympy.S.Rationals}}, "write it as an Interval"),
        ((n, "<=", 1), {"domain": {n: Range(2, oo) - FiniteSet(5)}}, "write it as an Interval"),
        ((sympy.Symbol("z", imaginary=True), "<=", 1), {}, "no real symbol"),
        ((x, "<=", 1), {"budget": 0}, "budget = 0"),
        ((x, "<=", 1), {"budget": float("nan")}, "budget = nan"),
        ((x, "<=", 1), {"seed": -1}, "seed = -1"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_odd_arguments_are_named(arguments, options, message):
    with pytest.raises(InvalidInputError, match=message):
        check_inequality(*arguments, **options)


def test_names_and_single_constraints_will_do():
    assert check_inequality(x, "<=", 1, domain={"x": Interval(0, 1)}).word == "PROVED"
    assert check_inequality(x, "<=", 1, constraints=(x <= 0)).word == "PROVED"


def test_vast_numbers_do_not_hang():
    assert check_inequality(exp(exp(n)), ">=", 1).word == "PROVED"
    assert check_inequality(exp(-1000) * b, "<=", 1, budget=4).word != "PROVED"


@pytest.mark.parametrize(
    ("left", "relation", "right"),
    [
        (log(n + 1) - log(n), "<", 1 / n),
        (log(n + 1) - log(n), ">", 1 / (n + 1)),
        (log(n + 1) - log(n), ">=", 2 / (2 * n + 1)),
        (exp(b), ">", 1 + b + b**2 / 2),
        (exp(x), ">=", sympy.E * x),
    ],
)
def test_differences_of_logarithms_and_tangents_of_exp(left, relation, right):
    assert check_inequality(left, relation, right).word == "PROVED"


@pytest.mark.parametrize(
    ("left", "relation", "right"),
    [
        (log(n + 1) - log(n), "<=", Rational(99, 100) / n),
        (log(n + 1) - log(n), ">=", 2 / (2 * n + Rational(9, 10))),
        (exp(b), ">=", Rational(2719, 1000) * b),
    ],
)
def test_their_false_twins_are_refuted(left, relation, right):
    assert check_inequality(left, relation, right).word == "REFUTED"


@pytest.mark.parametrize(
    "expr", [x - Rational(1, 3), x**2, x * Rational(1, 7), exp(-x), log(1 + x), x ** Rational(1, 3)]
)
@pytest.mark.parametrize("low", [Rational(1, 3), Rational(1, 3) - TINY, 1 - TINY, 1 + TINY])
def test_ranges_of_values_are_rounded_outwards(expr, low):
    positive = sympy.Symbol("x", positive=True)
    expr = expr.subs(x, positive)
    below, above = value_range(expr, {positive: Interval(low, low + TINY)})
    for end in (low, low + TINY):
        value = expr.subs(positive, end)
        assert Rational(below) <= value
        assert value <= Rational(above)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        # SymPy takes the logarithm for 0 where it asks for the sign of a difference.
        (s.C * NEAR, s.C * Rational(9, 10**12)),
        (s.C * (NEAR - Rational(9, 10**12)), 0),
        (s.C * NEAR + 1 / n, s.C * Rational(9, 10**12) + 1 / n),
        (NEAR, Rational(9, 10**12)),
    ],
)
def test_logarithms_next_to_one_are_not_zero(left, right):
    assert check_inequality(left, "<=", right).word != "PROVED"
    assert check_inequality(left, ">=", right).word != "REFUTED"


def test_a_logarithm_of_an_irrational_number_next_to_one_is_left_open():
    root = sqrt(1 + TINY)
    assert check_inequality(s.C * log(root), "<=", s.C * Rational(1, 10**21)).word != "PROVED"
