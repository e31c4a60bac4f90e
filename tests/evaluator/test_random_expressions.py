"""Random expressions on random open grids: equal to lambdify and within the exact enclosure, cell by cell."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.nodes import Pool
from boundcalc.evaluator import compile_expression, compiled
from boundcalc.evaluator.emit import cells
from boundcalc.evaluator.enclosing import enclose
from boundcalc.evaluator.running import execute
from tests.evaluator.expressions import DOMAINS, SYMBOLS, expressions, grids

QUICK = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
THOROUGH = settings(QUICK, max_examples=1500, derandomize=False)


@pytest.fixture(params=["plain", "everything"])
def machinery(request, monkeypatch):
    """Evaluate as small grids are, and with all that large grids get: small blocks, threads."""
    if request.param == "everything":
        monkeypatch.setattr(cells, "LARGEST", 0)
        monkeypatch.setattr(execute, "_BLOCK", 7)
        monkeypatch.setattr(execute, "_THREADED_BLOCK", 5)
        monkeypatch.setattr(execute, "_SINGLE_BLOCK", 11)
        monkeypatch.setattr(execute, "_WORTH_A_THREAD", 5.0)
    compiled._compile.cache_clear()
    yield
    compiled._compile.cache_clear()


def literal(expr, arrays):
    arrays = np.broadcast_arrays(*arrays)
    with np.errstate(all="ignore"):
        value = np.real(sp.lambdify(SYMBOLS, expr, ["scipy", "numpy"])(*arrays))
    return np.broadcast_to(value, arrays[0].shape)


def enclosed(expr, arrays):
    exact = [np.frompyfunc(lambda x: Fraction(float(x)), 1, 1)(a) for a in arrays]
    return enclose(convert(expr, SYMBOLS, Pool()), [np.asarray(e, dtype=object) for e in exact])


def check(expr, arrays, order):
    plain, upper, lower = (
        compile_expression(expr, SYMBOLS, domains=DOMAINS, side=side) for side in (None, "upper", "lower")
    )
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    out = np.full(shape, 7.0, order=order)
    value, above, below = plain(*arrays, out=out), upper(*arrays), lower(*arrays)
    assert value is out
    assert above.shape == below.shape == shape
    slow = literal(expr, arrays)
    np.testing.assert_array_equal(np.isnan(value), np.isnan(slow))
    np.testing.assert_array_equal(np.isposinf(value), np.isposinf(slow))
    width = np.abs(above - below) + 1e-13 * np.abs(slow)
    np.testing.assert_array_less(np.abs(value - slow), 4 * width + 1e-300)
    least, most = enclosed(expr, arrays)
    assert np.all(above >= most)
    assert np.all(below <= least)
    np.testing.assert_array_less(np.abs(value - least), 2 * width + 1e-300)
    np.testing.assert_array_less(above - below, 1e-9 * (1 + scale(expr, arrays)))
    if shape:
        point = [float(np.broadcast_to(a, shape).flat[0]) for a in arrays] if out.size else []
        if point:
            assert below.flat[0] - width.flat[0] <= plain(*point) <= above.flat[0] + width.flat[0]
            assert lower(*point) <= least.flat[0]
            assert upper(*point) >= most.flat[0]


def scale(expr, arrays):
    """Return how large the terms of an expression get."""
    terms = [literal(sp.Abs(t), arrays) for t in sp.Add.make_args(expr)]
    return np.maximum(1, sum(terms)) ** 2 * 1e4


@given(expressions(), grids(), st.sampled_from("CF"))
@QUICK
def test_random_expressions(machinery, expr, arrays, order):
    check(expr, arrays, order)


@pytest.mark.slow
@given(expressions(), grids(), st.sampled_from("CF"))
@THOROUGH
def test_many_random_expressions(machinery, expr, arrays, order):
    check(expr, arrays, order)
