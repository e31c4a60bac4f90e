"""Sound rounding against exact enclosures: never on the wrong side, and close to the plain value."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import xarray as xr

import boundcalc as bc
from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.nodes import Pool
from boundcalc.arithmetic.promises import PROMISED_ULPS, roundings
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator import compile_expression, enclose_grid, evaluate_grid
from boundcalc.evaluator.enclosing import enclose
from boundcalc.evaluator.program.instructions import Builder
from boundcalc.evaluator.program.lower import Bracket, lower
from boundcalc.evaluator.sound.directed import Directed
from boundcalc.evaluator.sound.sides import margin
from boundcalc.language.domains import symbol_range
from boundcalc.language.entropy import kl
from tests.evaluator.expressions import DELTA, DOMAINS, GAMMA, SYMBOLS, B, G, L, M, N, T

BOUNDS = [
    GAMMA + 4 * L * (B**2 * sp.Min(1, sp.sqrt(G / M)) + T**2 / sp.sqrt(M)) + 2 * L * sp.sqrt(-sp.log(DELTA) / (2 * M)),
    sp.log(2 / DELTA) * sp.sqrt(N) - GAMMA * L,
    sp.Piecewise((L * G, N <= 100), (L / G - GAMMA, sp.And(GAMMA > T, DELTA < sp.Rational(1, 3))), (GAMMA**2, True)),
    sp.ceiling(sp.log(N) / sp.log(2)) * sp.exp(-GAMMA * DELTA) / sp.sqrt(1 + T**2) ** 3,
    sp.exp(GAMMA) * sp.sqrt(DELTA) + sp.log(1 + L) - sp.Abs(GAMMA - T) * sp.sign(GAMMA),
    (GAMMA - T) ** 3 / (1 + T**2) + sp.sin(1) * GAMMA * T - sp.pi * L,
    N ** sp.Rational(5, 2) * L**-4 + DELTA ** sp.Rational(1, 3) + DELTA**B + L**GAMMA,
    sp.floor(N / 3) + sp.floor(sp.sqrt(N)) + sp.log(G) - sp.log(DELTA / 3) / sp.log(3),
    sp.sqrt(GAMMA**2 + T**2) - sp.Abs(GAMMA) + sp.Max(GAMMA, sp.Min(GAMMA * T, L * T)),
    sp.exp(GAMMA * T) - sp.exp(-GAMMA) + sp.exp(-L),
    sp.log(L) * GAMMA / B - sp.sqrt(L * B) + 1 / (GAMMA - T),
    sp.Piecewise((L, L * B <= B * G), (B, True)) + sp.floor(L * B) + sp.ceiling(GAMMA * T),
    (GAMMA - T) ** 26 / (1 + L) - (GAMMA * L - T) ** 22 * DELTA,
    (DELTA / 3 - 2) ** 26 - (GAMMA - 1) ** 26,
]


def columns(cells, rng):
    spread = 10.0 ** rng.uniform(-200, 200, cells)
    positive = np.where(rng.random(cells) < 0.5, rng.uniform(0.1, 10, cells), spread)
    return {
        N: np.floor(
            np.where(rng.random(cells) < 0.5, rng.integers(2, 2000, cells), 10.0 ** rng.uniform(0.5, 18, cells))
        ),
        G: np.floor(10.0 ** rng.uniform(0, 12, cells)),
        DELTA: np.where(rng.random(cells) < 0.9, rng.uniform(0, 1, cells), 10.0 ** rng.uniform(-320, -1, cells)),
        L: positive,
        B: np.where(rng.random(cells) < 0.5, rng.uniform(0.1, 10, cells), 10.0 ** rng.uniform(-8, 8, cells)),
        GAMMA: np.where(rng.random(cells) < 0.5, rng.normal(size=cells), np.round(rng.normal(size=cells) * 4) / 4),
        T: np.where(rng.random(cells) < 0.5, rng.normal(size=cells), np.round(rng.normal(size=cells) * 4) / 4),
    }


def check(expr, cells, rng):
    arrays = list(columns(cells, rng).values())
    upper, lower = (compile_expression(expr, SYMBOLS, domains=DOMAINS, side=s) for s in ("upper", "lower"))
    above, below = upper(*arrays), lower(*arrays)
    exact = [np.array([Fraction(x) for x in a.tolist()], dtype=object) for a in arrays]
    least, most = enclose(convert(expr, SYMBOLS, Pool()), exact)
    known = ~np.isnan(least)
    assert np.all(above[known] >= most[known])
    assert np.all(below[known] <= least[known])
    points = range(0, cells, max(1, cells // 50))
    for i in points:
        point = [float(a[i]) for a in arrays]
        if known[i]:
            assert upper(*point) >= most[i]
            assert lower(*point) <= least[i]


@pytest.mark.parametrize("expr", BOUNDS, ids=str)
def test_never_on_the_wrong_side(expr):
    check(expr, 250, np.random.default_rng(7))


@pytest.mark.slow
@pytest.mark.parametrize("expr", BOUNDS, ids=str)
def test_never_on_the_wrong_side_at_many_points(expr):
    check(expr, 10_000, np.random.default_rng(8))


def test_close_to_the_plain_value():
    rng = np.random.default_rng(3)
    arrays = [rng.integers(2, 10**6, 1000), rng.integers(1, 99, 1000), rng.uniform(0.001, 0.5, 1000)]
    args = (N, G, DELTA)
    expr = BOUNDS[0].subs({L: 2, B: 3, T: 1, GAMMA: sp.Rational(1, 7)})
    plain, upper, lower = (compile_expression(expr, args, domains=DOMAINS, side=s) for s in (None, "upper", "lower"))
    value = plain(*arrays)
    np.testing.assert_allclose(upper(*arrays), value, rtol=2e-14)
    np.testing.assert_allclose(lower(*arrays), value, rtol=2e-14)


def test_floor_of_half_is_exact_on_both_sides():
    n = np.arange(2.0, 1000)
    for side in ("upper", "lower"):
        np.testing.assert_array_equal(compile_expression(M, (N,), side=side)(n), n // 2)
        np.testing.assert_array_equal(compile_expression(sp.floor(N / 3), (N,), side=side)(n), n // 3)


def test_decimals_are_rounded_on_the_safe_side():
    symbols = {"delta": DELTA, "n": N}
    inputs = {"delta": ["0.05", "1/3", "0.1"], "n": 7}
    above, below = (evaluate_grid(DELTA * N, inputs, symbols=symbols, side=s) for s in ("upper", "lower"))
    exact = [Fraction(7, 20), Fraction(7, 3), Fraction(7, 10)]
    assert all(Fraction(a) >= x for a, x in zip(above.values.tolist(), exact, strict=True))
    assert all(Fraction(b) <= x for b, x in zip(below.values.tolist(), exact, strict=True))
    assert above.dims == ("delta",)


def test_big_integers_are_rounded_on_the_safe_side():
    n = 2**53 + 1
    for side, holds in (("upper", lambda a: a >= n), ("lower", lambda a: a <= n)):
        for given in (n, [n], np.array([n])):
            assert holds(int(np.ravel(evaluate_grid(N, {"n": given}, symbols={"n": N}, side=side))[0]))


def test_overflow_and_underflow_on_the_way():
    expr = L * L * B * B
    values = [np.array([1e-200, 1e200, 5e-324]), np.array([1e200, 1e-200, 1.0])]
    above, below = (compile_expression(expr, (L, B), side=s)(*values) for s in ("upper", "lower"))
    exact = [(Fraction(a) * Fraction(b)) ** 2 for a, b in zip(*map(list, values), strict=True)]
    assert all(a == np.inf or Fraction(a) >= x for a, x in zip(above, exact, strict=True))
    assert all(Fraction(b) <= x for b, x in zip(below, exact, strict=True))
    assert below[1] > 0


def test_enclosures_contain_and_are_tight():
    grid = enclose_grid(BOUNDS[1], {"n": [4, 100], "delta": ["0.05", "1/7"], "gamma": 0.5, "L": 2}, symbols=names())
    value = evaluate_grid(BOUNDS[1], {"n": [4, 100], "delta": ["0.05", "1/7"], "gamma": 0.5, "L": 2}, symbols=names())
    assert grid.lower.dims == ("n", "delta")
    assert bool(((grid.lower <= value * (1 + 1e-15)) & (value * (1 - 1e-15) <= grid.upper)).all())
    assert bool((grid.upper - grid.lower <= np.spacing(np.abs(value)) * 1.01).all())


def names():
    return {s.name: s for s in SYMBOLS}


@pytest.mark.parametrize(
    ("expr", "x", "lower", "upper"),
    [
        (sp.sqrt(GAMMA - 1), 1, 0.0, 0.0),
        (1 / GAMMA, 0, np.inf, np.inf),
        (sp.log(GAMMA), 0, -np.inf, -np.inf),
        (GAMMA + sp.sqrt(GAMMA), np.inf, np.inf, np.inf),
        (GAMMA, np.nan, np.nan, np.nan),
        (sp.Piecewise((1, GAMMA < sp.pi), (2, True)), "3.14", 1.0, 1.0),
        (sp.floor(sp.sqrt(GAMMA)), 4, 2.0, 2.0),
        (sp.ceiling(sp.log(GAMMA) / sp.log(2)), 2**60, 60.0, 60.0),
        (sp.exp(-GAMMA), 10**6, 0.0, 5e-324),
        (sp.exp(GAMMA), 10**6, np.finfo(float).max, np.inf),
    ],
    ids=str,
)
def test_enclosures_at_edges(expr, x, lower, upper):
    ends = enclose_grid(expr, {"gamma": x}, symbols={"gamma": GAMMA})
    np.testing.assert_array_equal([float(ends.lower), float(ends.upper)], [lower, upper])


def test_enclosure_keeps_labels():
    x = xr.DataArray([1.0, 2.0], dims="row", coords={"row": ["a", "b"]})
    assert list(enclose_grid(sp.log(L), {"L": x}, symbols={"L": L}).row.values) == ["a", "b"]


@pytest.mark.parametrize(
    "function", [lambda x: x ** sp.Rational(4, 3), lambda x: sp.exp(-1 / x), lambda x: x**7, lambda x: x ** (1 + x)]
)
def test_functions_that_vanish_with_their_argument_stay_sound_below_the_normal_range(function):
    """A relative error says nothing about 1e-320, a number of 11 bits."""
    x = sp.Symbol("x", positive=True)
    tiny = np.array([5e-324, 1e-320, 3e-310, 1e-306])
    upper = compile_expression(sp.sqrt(function(x)), (x,), side="upper")
    lower = compile_expression(sp.sqrt(function(x)), (x,), side="lower")
    ends = enclose_grid(sp.sqrt(function(x)), {"x": tiny}, symbols={"x": x})
    for found in (upper(tiny), np.array([upper(v) for v in tiny.tolist()])):
        assert np.all(found >= ends.upper.values)
    for found in (lower(tiny), np.array([lower(v) for v in tiny.tolist()])):
        assert np.all((found >= 0) & (found <= ends.lower.values))


def test_library_functions_that_overflow_or_vanish_silently_are_sound():
    x = sp.Symbol("x", real=True)
    lower, upper = (compile_expression(sp.gamma(x), (x,), side=side) for side in ("lower", "upper"))
    assert lower(200.0) == pytest.approx(np.finfo(float).max)
    assert upper(200.0) == np.inf
    assert lower(-200.5) < 0 < upper(-201.5)


def test_the_logarithm_of_a_factorial_is_sound_next_to_its_zero():
    x = sp.Symbol("x", nonnegative=True)
    expr = sp.loggamma(x + 2)
    values = np.array([0.0, 5e-324, 1e-300, 1e-17, 1e-16, 1e-8, 0.3, 1.0, 2.5, 1e3, 1e15])
    ends = enclose_grid(expr, {"x": values}, symbols={"x": x})
    upper, lower = (compile_expression(expr, (x,), side=side) for side in ("upper", "lower"))
    for found in (upper(values), np.array([upper(v) for v in values.tolist()])):
        assert np.all(found >= ends.upper.values)
    for found in (lower(values), np.array([lower(v) for v in values.tolist()])):
        assert np.all((found >= 0) & (found <= ends.lower.values))
    with pytest.raises(InvalidInputError, match="at least 2"):
        compile_expression(sp.loggamma(x + 1), (x,), side="upper")(1.0)


def test_a_constant_that_is_not_a_number_stays_one():
    x = sp.Symbol("x", positive=True)
    nowhere = sp.sqrt(sp.log(sp.log(2)) * sp.exp(1))
    for side in ("upper", "lower", None):
        assert np.isnan(compile_expression(sp.Max(x, 1) + 1 / (x * nowhere), (x,), side=side)(2.0))


@pytest.mark.parametrize(
    "expr", [sp.sqrt(G) * sp.log(N) / 3, -(T**2 + 1) * sp.sqrt(L), (G + L) / (N + T**2), (L + 1) / -N]
)
def test_a_product_on_more_axes_widens_a_smaller_factor(expr):
    rng = np.random.default_rng(3)
    arguments = [s for s in (N, G, L, T) if expr.has(s)]
    values = [columns(12, rng)[s] for s in arguments]
    node = convert(expr, arguments, Pool())
    exact = enclose(node, np.ix_(*(v.astype(object) for v in values)))
    for side in ("lower", "upper"):
        f = compile_expression(expr, arguments, domains=DOMAINS, side=side)
        full = f.plan(*np.ix_(*values)).split("\non ")[-1]
        assert ", 1 operations" in full or expr.has(sp.Add)
        found = f(*np.ix_(*values))
        assert np.all(found <= exact[0]) if side == "lower" else np.all(found >= exact[1])


def test_a_difference_of_unknown_sign_is_not_taken_for_one_of_known_sign():
    """With x + y rounded to 1, gamma = k (x + y - 1) looked nonpositive, and was widened the wrong way."""
    x, y, k = sp.symbols("x y k", positive=True)
    bound = bc.theorem("Theorem 3.13").bound().substitute(gamma=k * (x + y - 1))
    point = {"n": 1000, "delta": 0.05, "L": 1, "C": 1, "R_M": 0.01, "eps_opt": 0}
    axes = {"x": np.linspace(0.5, 0.9, 400), "y": np.linspace(0.05, 0.1, 400), "k": np.array([1e17, 2e17])}
    corner = bound.evaluate(sound=True, **axes, **point).sel(x=0.9, y=0.1, k=1e17)
    assert float(corner) >= float(bound.enclose(x=0.9, y=0.1, k=1e17, **point).upper)
    assert float(corner) > 2.7


def test_the_margins_of_sound_rounding_are_what_they_must_be():
    """Each rounding that may occur is paid for: at least 2**-53 for arithmetic, twice the promised ulps for a function."""
    for op, ulps in PROMISED_ULPS.items():
        assert roundings(op) * 2.0**-53 >= 2 * ulps * 2.0**-53
    for count in (1, 2, 10, 1000):
        assert margin(count, True) >= (1 + 2.0**-53) ** count - 1
        assert margin(count, False) <= -margin(count, True)


@pytest.mark.parametrize(("expr", "at", "value"), [(sp.log(L) - 3 * sp.log(2), 8, 0), (sp.exp(sp.log(L)), 7, 7)])
def test_the_ends_of_a_ball_around_a_double_lie_on_its_two_sides(expr, at, value):
    ends = enclose_grid(expr, {"L": at}, symbols={"L": L})
    assert ends.lower.item() <= value <= ends.upper.item()


def test_a_ball_whose_middle_is_a_double_still_has_two_ends():
    ends = enclose_grid(sp.exp(L), {"L": "1e-60"}, symbols={"L": L})
    assert ends.lower.item() <= 1.0 < ends.upper.item()


@pytest.mark.parametrize(
    ("expr", "roundings_of_it"),
    [
        (L + B, 1),
        (L * B, 1),
        (L / B, 1),
        (1 / L, 1),
        (L**2, 1),
        ((L + B) ** 2, 3),
        (sp.sqrt(L), 1),
        (sp.sqrt(L + B), 2),
        (L * B / (L + B), 3),
        (sp.Min(L * B, L), 1),
        (sp.log(1 + L), roundings("log")),
        (sp.Rational(1, 4) * G, 0),
        (sp.floor(N / 2), 0),
    ],
    ids=str,
)
def test_every_rounding_is_counted(expr, roundings_of_it):
    """The margin has two roundings to spare, which would hide a lost one from any test of values."""
    symbols = (N, G, L, B)
    program = lower(convert(expr, symbols, Pool()), (0,) * 4, (), brackets=True)
    ranges = [symbol_range(symbol) for symbol in symbols]
    directed = Directed(program, Builder((0,) * 4), ranges, [True, True, False, False], {}, careful=False)
    assert [directed.term(program.root, upper)[1] for upper in (True, False)] == [roundings_of_it] * 2


def test_an_entropy_of_one_rounded_argument_is_taken_at_the_far_end():
    """Next to the diagonal a rounding of p moves kl(q, p) by more than the margin of the function."""
    points = 0.2 + np.linspace(-1e-7, 1e-7, 41)
    inputs, symbols = {"T": 0.3, "L": 0.1, "B": points}, {"T": T, "L": L, "B": B}
    for expr in (kl(T, L + B), kl(L + B, T)):
        ends = enclose_grid(expr, inputs, symbols=symbols)
        assert (evaluate_grid(expr, inputs, symbols=symbols, side="upper") >= ends.upper).all()
        assert (evaluate_grid(expr, inputs, symbols=symbols, side="lower") <= ends.lower).all()


def followed(expr, symbols, integers, *, careful):
    """Return the instructions of the upper side of an expression."""
    axes = (0,) * len(symbols)
    program = lower(convert(expr, symbols, Pool()), axes, (), brackets=True)
    directed = Directed(program, Builder(axes), [symbol_range(s) for s in symbols], integers, {}, careful=careful)
    directed.result(program.root, True)
    return directed.builder.instructions


def test_half_of_the_smallest_double_is_a_rounding_where_every_value_is_settled():
    assert "widen_all" in {c.op for c in followed(L / 2, (L,), [False], careful=True)}
    assert "widen_all" not in {c.op for c in followed(N / 2, (N,), [True], careful=True)}


def test_a_quotient_of_large_integers_pays_for_what_a_floor_may_lose():
    """Beyond 2**53/d a step of the floor is a share d 2**-53 of the value; division and widening are two roundings more."""
    (widened,) = [c for c in followed(sp.floor(N / 7), (N,), [True], careful=False) if c.op == "widen_large"]
    assert widened.param == margin(7 + 2, True)


@pytest.mark.parametrize(("yes", "no"), [(10, 0), (0, 10)])
def test_a_condition_that_rounding_leaves_open_takes_the_outer_value(yes, no):
    """0.9 + 0.1 is above 1, and its double is 1."""
    expr = sp.Piecewise((yes, L + B > 1), (no, True))
    inputs, symbols = {"L": 0.9, "B": 0.1}, {"L": L, "B": B}
    assert evaluate_grid(expr, inputs, symbols=symbols, side="upper").item() == 10
    assert evaluate_grid(expr, inputs, symbols=symbols, side="lower").item() == 0


@pytest.mark.parametrize(
    "number", [sp.pi, sp.Rational(1, 3), sp.sqrt(2) / 7, -sp.E, sp.log(3) * sp.pi, sp.Rational(-1, 10)]
)
def test_a_constant_that_is_no_double_is_bracketed(number):
    for expr in (L + number, number * L, L**number if number > 0 and not number.is_Rational else L + number):
        program = lower(convert(expr, (L,), Pool()), (0,), (), brackets=True)
        (bracket,) = [c.param for c in program.instructions if isinstance(c.param, Bracket)]
        assert sp.Rational(bracket.low) < abs(number) < sp.Rational(bracket.high) or (
            sp.Rational(bracket.low) < number < sp.Rational(bracket.high)
        )
