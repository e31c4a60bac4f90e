"""The compiled callable against SymPy's own: values, shapes, outputs, caching, pickling."""

import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy as sp

from boundcalc.errors import InvalidInputError
from boundcalc.evaluator import compile_expression

N = sp.Symbol("n", integer=True, positive=True)
G = sp.Symbol("g_M", integer=True, positive=True)
DELTA = sp.Symbol("delta", positive=True)
X, Y = sp.symbols("x y", real=True)
M = sp.floor(N / 2)

EXPRESSIONS = [
    4 * sp.sqrt(2 * G * sp.log(3) / M) + 3 * sp.sqrt(-sp.log(DELTA) / (2 * M)) + X,
    sp.Min(1, sp.sqrt(G / M)) - sp.Max(X, DELTA, 1 / N),
    sp.Piecewise((X * G, N <= 100), (X / G, sp.Or(X > 1, DELTA < 0.1)), (X**2, True)),
    sp.ceiling(sp.log(N) / sp.log(2)) * sp.exp(-X * DELTA) / sp.sqrt(1 + X**2) ** 3,
    sp.exp(X) * sp.sqrt(DELTA) + sp.loggamma(DELTA) - sp.Abs(X - Y) * sp.sign(Y),
    (X - Y) ** 3 / (1 + X**2) + sp.sin(2) * sp.exp(Y) - sp.pi * sp.E,
    sp.Piecewise((sp.log(X), sp.And(X > 0, sp.Ne(X, 1))), (Y, sp.Eq(X, 1))),
    N ** sp.Rational(5, 2) * X**-4 + DELTA ** sp.Rational(1, 3) + DELTA**X,
]
ARGUMENTS = (N, G, DELTA, X, Y)


def columns(cells=40):
    rng = np.random.default_rng(5)
    x = rng.normal(size=cells)
    x[:3] = 1.0, 2.0, -1.0
    return [
        rng.integers(2, 300, cells).astype(float),
        rng.integers(1, 50, cells).astype(float),
        rng.uniform(0.001, 0.5, cells),
        x,
        rng.normal(size=cells),
    ]


def literal(expr, arrays):
    arrays = np.broadcast_arrays(*arrays)  # lambdify's Or refuses open axes
    with np.errstate(all="ignore"):
        value = np.real(sp.lambdify(ARGUMENTS, expr, ["scipy", "numpy"])(*arrays))
    return np.broadcast_to(value, arrays[0].shape)


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_equals_lambdify(expr):
    f = compile_expression(expr, ARGUMENTS)
    flat = columns()
    np.testing.assert_allclose(f(*flat), literal(expr, flat), rtol=2e-14)
    open_axes = np.ix_(*(c[:4] for c in flat))
    np.testing.assert_allclose(f(*open_axes), literal(expr, open_axes), rtol=2e-14, atol=1e-15)
    point = [float(c[0]) for c in flat]
    assert isinstance(f(*point), float)
    assert f(*point) == pytest.approx(float(literal(expr, point)), rel=2e-14)


@pytest.mark.parametrize("order", ["C", "F"])
def test_out_is_filled_and_returned(order):
    f = compile_expression(EXPRESSIONS[0], ARGUMENTS)
    arrays = np.ix_(*(c[:3] for c in columns()))
    out = np.empty((3, 3, 3, 3, 3), order=order)
    assert f(*arrays, out=out) is out
    np.testing.assert_allclose(out, f(*arrays), rtol=1e-15)


def test_equal_expressions_compile_once_and_pickle():
    f = compile_expression(X + Y, (X, Y))
    assert compile_expression(Y + X, [X, Y]) is f
    assert pickle.loads(pickle.dumps(f)) is f


def test_integers_are_cast_before_they_wrap():
    f = compile_expression(N**2 * G, (N, G))
    assert f(np.array([10**10]), np.array([10**10]))[0] == 1e30
    assert f(10**18, 10**18) == pytest.approx(1e54, rel=1e-15)


def test_unknown_functions_and_symbols_are_named():
    with pytest.raises(InvalidInputError, match="zeta"):
        compile_expression(sp.zeta(X), (X,))
    with pytest.raises(InvalidInputError, match="y stands in the expression but is no argument"):
        compile_expression(X + Y, (X,))


def test_wrong_number_of_arguments():
    with pytest.raises(InvalidInputError, match="1 arguments given, 2 wanted"):
        compile_expression(X + Y, (X, Y))(1.0)


def test_floor_of_a_quotient_is_exact():
    n = np.arange(1, 100000.0)
    for divisor in (3, 7, 10, 49):
        f = compile_expression(sp.floor(N / divisor), (N,))
        np.testing.assert_array_equal(f(n), n // divisor)


@pytest.mark.parametrize("base", [2, 3, 5, 10])
def test_ceiling_of_a_logarithm_at_powers(base):
    f = compile_expression(sp.ceiling(sp.log(N) / sp.log(base)), (N,))
    powers = [base**k for k in range(1, 60) if base**k < 2**53]
    np.testing.assert_array_equal(f(np.array(powers)), np.arange(1, len(powers) + 1))
    assert [f(p) for p in powers] == list(range(1, len(powers) + 1))


@pytest.mark.parametrize("base", [2, 3, 10])
def test_rounded_logarithms_next_to_powers(base):
    x = sp.Symbol("x", positive=True)
    up, down = (compile_expression(f(sp.log(x) / sp.log(base)), (x,)) for f in (sp.ceiling, sp.floor))
    powers = np.array([float(base**k) for k in range(1, 300) if base**k < 2**53])
    whole = np.arange(1, len(powers) + 1)
    np.testing.assert_array_equal(up(np.nextafter(powers, np.inf)), whole + 1)
    np.testing.assert_array_equal(down(np.nextafter(powers, 0)), whole - 1)
    np.testing.assert_array_equal(down(powers), whole)


def test_functions_of_whole_numbers_at_a_point_are_those_on_arrays():
    """Python's floor is an integer, and an array made of it would hold nothing else."""
    for expr in (sp.sqrt(sp.floor(N / 2)), sp.log(sp.ceiling(N / 3)) / sp.log(3), sp.gamma(sp.Abs(sp.floor(N)))):
        f = compile_expression(expr, (N,))
        numbers = [1.0, 2.0, 7.0, 10.0, 12345.0]
        np.testing.assert_allclose([f(v) for v in numbers], f(np.array(numbers)), rtol=1e-14)


def test_one_compiled_expression_serves_many_threads():
    expr = 4 * sp.sqrt(2 * G * sp.log(3) / M) + 3 * sp.sqrt(-sp.log(DELTA) / (2 * M)) + X
    f = compile_expression(expr, (N, G, DELTA, X))
    ready = threading.Barrier(8)

    def work(seed):
        ready.wait()
        return [f(np.arange(2.0, 3 + k % 60)[:, None], np.arange(1.0, 2 + seed), 0.5, 0.0)[0, 0] for k in range(60)]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    assert {value for result in results for value in result} == {f(2.0, 1.0, 0.5, 0.0)}


def test_a_result_that_overflows_on_fewer_axes_does_so_quietly():
    f = compile_expression(X**2, (X, Y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.all(np.isinf(f(np.array([[1e200]]), np.ones((1, 3)))))


def test_a_point_outside_the_domain_is_nan_quietly():
    for expr in (sp.log(X) / sp.log(3), sp.loggamma(X), sp.sqrt(X), sp.ceiling(sp.log(X) / sp.log(2))):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isnan(compile_expression(expr, (X,))(-2.0))
