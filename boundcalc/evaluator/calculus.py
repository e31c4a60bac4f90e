"""Derivatives of bounds with respect to any symbol, as expressions for the same evaluator."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import Any

import sympy as sp

from boundcalc.arithmetic.convert import as_expression

__all__ = ["elasticity", "gradient"]


def gradient(expr: Any, symbol: sp.Symbol) -> sp.Expr:
    """Return the derivative of an expression with respect to a symbol.

    Below a floor or a ceiling that contains the symbol, the smooth relaxation is differentiated: floor(n/2) and
    ceiling(n/2) count as n/2, so that the derivative by an integer is the trend and not 0. Minima, maxima,
    absolute values and case distinctions are differentiated where they are differentiable, that is almost
    everywhere; at a tie the derivative of one of the pieces is returned.

    Parameters
    ----------
    expr : sympy.Expr
        Expression over real symbols.
    symbol : sympy.Symbol
        Any symbol, integer ones included.

    Returns
    -------
    sympy.Expr
        Evaluate it with `compile_expression` or `evaluate_grid`, as fast as the value.

    Examples
    --------
    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> gradient(1 / sp.floor(n / 2), n)
    -2/n**2
    """
    return _gradient(as_expression(expr), symbol)


def elasticity(expr: Any, symbol: sp.Symbol) -> sp.Expr:
    """Return (symbol / expr) times the derivative: the per cent that one per cent more of the symbol changes.

    The derivative is that of `gradient`, relaxed below a floor that contains the symbol; the level is the expression's.

    Examples
    --------
    >>> x = sp.Symbol("x", positive=True)
    >>> elasticity(3 / sp.sqrt(x), x)
    -1/2
    """
    expr = as_expression(expr)
    return symbol * gradient(expr, symbol) / expr


@lru_cache(maxsize=256)
def _gradient(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    return sp.diff(_differentiable(expr, symbol), symbol)


def _differentiable(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """Replace what SymPy would differentiate to delta functions, where the symbol is concerned."""

    def concerned(node: Any) -> bool:
        return node.func in _SMOOTH and node.has(symbol)

    return expr.replace(concerned, lambda node: _SMOOTH[node.func](*node.args))


def _min(*args: sp.Expr) -> sp.Expr:
    return reduce(lambda a, b: sp.Piecewise((a, a <= b), (b, True)), args)


def _max(*args: sp.Expr) -> sp.Expr:
    return reduce(lambda a, b: sp.Piecewise((a, a >= b), (b, True)), args)


_SMOOTH: dict[Any, Any] = {
    sp.floor: lambda x: x,
    sp.ceiling: lambda x: x,
    sp.Min: _min,
    sp.Max: _max,
    sp.Abs: lambda x: sp.Piecewise((x, x >= 0), (-x, True)),
    sp.sign: lambda x: sp.Piecewise((1, x > 0), (-1, x < 0), (0, True)),
}
