"""Float64 results within a stated number of ulps of mpmath's, at random and extreme points; nothing lost on the way."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from boundcalc.arithmetic.promises import PROMISED_ULPS
from boundcalc.evaluator import compile_expression, evaluate_grid
from tests.evaluator.expressions import DELTA, DOMAINS, B, G, L, M, N

X = sp.Symbol("x", real=True)
FUNCTIONS = [
    (sp.log(L), (1e-300, 1e300), "log"),
    (sp.log(L) / sp.log(2), (1e-300, 1e300), "logb"),
    (sp.log(L) / sp.log(7), (1e-300, 1e300), "logb"),
    (sp.exp(-L), (1e-10, 700), "exp"),
    (sp.sqrt(L), (1e-300, 1e300), "sqrt"),
    (L ** sp.Rational(1, 3), (1e-300, 1e300), "powr"),
    (L ** sp.Rational(7, 5), (1e-200, 1e200), "powr"),
    (L**5, (1e-60, 1e60), "powi"),
    (L**L, (1e-3, 100), "power"),
    (sp.gamma(L), (1e-3, 170), "gamma"),
]
BOUNDS = [
    2 * sp.sqrt(-sp.log(DELTA) / (2 * M)),
    sp.sqrt(2 * G * sp.log(3) / M) + 2 * L * sp.sqrt(sp.log(2 / DELTA) / N),
    4 * L * B**2 * sp.Min(1, sp.sqrt(G / M)) + 3 * sp.sqrt(sp.log(1 / DELTA) / (2 * M)),
    sp.sqrt(L) / sp.sqrt(B) + L**2 / (G * B**2),
]


def ulps(values, exact):
    return max(
        float(abs(mpmath.mpf(v) - e) / mpmath.mpf(float(np.spacing(abs(v)))))
        for v, e in zip(values, exact, strict=True)
    )


@pytest.mark.parametrize(("expr", "between", "op"), FUNCTIONS, ids=str)
def test_functions_keep_what_is_promised_on_every_processor(expr, between, op):
    limit = PROMISED_ULPS[op]
    rng = np.random.default_rng(11)
    low, high = np.log10(between)
    x = np.concatenate([10.0 ** rng.uniform(low, high, 60), rng.uniform(*np.clip(between, 0.01, 20), 60)])
    exact = evaluate_grid(expr, {"L": x}, symbols={"L": L}, precision=40).values
    f = compile_expression(expr, (L,))
    assert ulps(f(x).tolist(), exact) <= limit
    assert ulps([f(float(v)) for v in x], exact) <= limit


@pytest.mark.parametrize("expr", BOUNDS, ids=str)
def test_bounds_at_extreme_points(expr):
    rng = np.random.default_rng(13)
    cells = 120
    inputs = {
        "n": np.floor(10.0 ** rng.uniform(0.5, 18, cells)),
        "g_M": np.floor(10.0 ** rng.uniform(0, 12, cells)),
        "delta": 10.0 ** rng.uniform(-320, -1e-6, cells),
        "L": 10.0 ** rng.uniform(-150, 150, cells),
        "B": 10.0 ** rng.uniform(-150, 150, cells),
    }
    arrays = list(inputs.values())
    f = compile_expression(expr, (N, G, DELTA, L, B), domains=DOMAINS)
    plain = f(*arrays)
    with mpmath.workdps(40):
        exact = [mpmath.mpf(x) for x in by_mpmath(expr, arrays)]
        inside = [i for i, e in enumerate(exact) if 1e-300 < e < 1e300]
        assert len(inside) > cells // 3
        assert ulps(plain[inside].tolist(), [exact[i] for i in inside]) <= 8
        points = [f(*(float(a[i]) for a in arrays)) for i in inside[:20]]
        assert ulps(points, [exact[i] for i in inside[:20]]) <= 8


def by_mpmath(expr, arrays):
    function = sp.lambdify((N, G, DELTA, L, B), expr, "mpmath")
    return [function(*(mpmath.mpf(float(a[i])) for a in arrays)) for i in range(len(arrays[0]))]


@pytest.mark.parametrize(
    ("expr", "values", "expected"),
    [
        (sp.log(2 / L), [1e-320], [np.log(2) - np.log(1e-320)]),
        (L**2 * B**2, [1e200, 1e-200], [1.0]),
        (sp.sqrt(L**2 + B**2), [3e200, 4e200], [5e200]),
        (L / B**2, [1e-300, 1e-160], [1e20]),
        (sp.sqrt(L) / sp.sqrt(B), [5e-324, 5e-324], [1.0]),
        (L * B / L, [1e300, 1e300], [1e300]),
    ],
    ids=str,
)
def test_nothing_is_lost_on_the_way(expr, values, expected):
    symbols = (L, B)[: len(values)]
    f = compile_expression(expr, symbols)
    np.testing.assert_allclose(f(*(np.array([v]) for v in values)), expected, rtol=1e-15)
    assert f(*values) == pytest.approx(expected[0], rel=1e-15)
    grid = f(*(np.full(300_000, v) for v in values))
    np.testing.assert_allclose(grid, np.full(300_000, expected[0]), rtol=1e-15)


def test_true_overflow_and_underflow_are_infinite_and_zero():
    f = compile_expression(L**2, (L,))
    np.testing.assert_array_equal(f(np.array([1e200, 1e-200, 2.0])), [np.inf, 0.0, 4.0])
    assert f(1e200) == np.inf
    assert f(1e-200) == 0.0


def test_points_outside_the_domain_are_as_in_numpy():
    f = compile_expression(sp.sqrt(X) + sp.log(X) + 1 / X, (X,))
    with np.errstate(all="ignore"):
        for x in (0.0, -1.0, np.inf, np.nan):
            expected = np.sqrt(x) + np.log(x) + np.float64(1) / x
            np.testing.assert_array_equal(f(x), expected)
            np.testing.assert_array_equal(f(np.array([x, 1.0])), [expected, 2.0])


def test_the_logarithm_of_a_reciprocal_keeps_its_digits_next_to_1():
    """1/delta rounds to 1 or the next double where -log(delta) is a few eps."""
    f = compile_expression(sp.sqrt(sp.log(1 / DELTA) / M), (DELTA, N), domains=DOMAINS)
    delta = 1 - 2.0 ** -np.arange(20, 54)
    limit = PROMISED_ULPS["log"] + 2  # the square root halves a relative error, of which an ulp has at most two
    with mpmath.workdps(40):
        exact = [mpmath.sqrt(-mpmath.log(mpmath.mpf(v)) / 5) for v in delta]
    assert ulps(f(delta, 10.0), exact) <= limit
    assert ulps([f(v, 10.0) for v in delta.tolist()], exact) <= limit
