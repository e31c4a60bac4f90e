"""Derivatives of bounds: as SymPy's where it has them, as finite differences elsewhere, through the same compiler."""

import numpy as np
import pytest
import sympy as sp

from boundcalc.evaluator import compile_expression, elasticity, evaluate_grid, gradient
from tests.evaluator.expressions import DELTA, G, L, M, N, T
from tests.evaluator.workloads import ARGUMENTS, NUMBERS, THREE_TERMS

X = sp.Symbol("x", real=True)


@pytest.mark.parametrize(
    "expr",
    [
        sp.Min(X, 1, 2 * X - 0.5) * X,
        sp.Max(X**2, sp.exp(-X)),
        sp.Abs(X - 1) * sp.log(2 + X),
        sp.Piecewise((X**2, X < 1), (sp.exp(X), True)),
        sp.log(1 + X**2) + sp.sign(X) * X**3,
        sp.sqrt(sp.Max(X, 0.2)) + sp.floor(T) * X,
    ],
    ids=str,
)
def test_against_differences(expr):
    x = np.array([-0.7, 0.11, 0.37, 0.93, 1.4])
    f = compile_expression(expr.subs(T, 2.5), (X,))
    slope = compile_expression(gradient(expr, X).subs(T, 2.5), (X,))
    h = 1e-6
    np.testing.assert_allclose(slope(x), (f(x + h) - f(x - h)) / (2 * h), rtol=1e-7, atol=1e-9)


def test_integers_are_relaxed():
    assert gradient(1 / sp.sqrt(M), N).equals(-sp.sqrt(2) / (2 * N ** sp.Rational(3, 2)))
    assert gradient(sp.ceiling(G / 3) * sp.floor(N / 2), G) == sp.floor(N / 2) / 3


def test_elasticities_of_a_bound():
    f = compile_expression(elasticity(THREE_TERMS, N), ARGUMENTS)
    value = compile_expression(THREE_TERMS, ARGUMENTS)
    n, h = 10_000.0, 100.0
    rest = (5.0, 0.05, *NUMBERS)
    difference = n / value(n, *rest) * (value(n + h, *rest) - value(n - h, *rest)) / (2 * h)
    assert f(n, *rest) == pytest.approx(difference, rel=1e-3)
    assert elasticity(L**3 / sp.log(DELTA), L) == 3


def test_gradients_on_a_grid():
    grid = evaluate_grid(gradient(THREE_TERMS, DELTA), inputs(), symbols={s.name: s for s in ARGUMENTS})
    assert grid.dims == ("n", "delta")
    assert bool((grid < 0).all())


def inputs():
    rest = dict(zip([s.name for s in ARGUMENTS[3:]], NUMBERS, strict=True))
    return {"n": [10, 100], "g_M": 5, "delta": [0.1, 0.2, 0.3], **rest}
