"""Values of expressions: on arrays for searching, and with a certain sign for deciding.

A sign is decided by Arb balls at rising precision (mpmath at rising precision where python-flint is missing); what
cannot be told from 0 is 0 only if SymPy shows it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.worlds.numbers import as_sympy

__all__ = ["compiled", "on_arrays", "sign_of", "value_at"]


@lru_cache(maxsize=512)
def compiled(expr: sympy.Expr, symbols: tuple[sympy.Symbol, ...]) -> Callable[..., Any]:
    """Return a NumPy function of arrays of one shape."""
    return sympy.lambdify(symbols, expr, modules=["numpy", "scipy"], cse=True)


def on_arrays(expr: sympy.Expr, values: Mapping[str, Any]) -> np.ndarray:
    """Return the value of an expression on arrays given by symbol name; undefined is NaN.

    Raises
    ------
    KeyError
        If a symbol has no value.
    """
    symbols = tuple(sorted(expr.free_symbols, key=str))
    arrays = np.broadcast_arrays(*(np.asarray(values[symbol.name], dtype=float) for symbol in symbols))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = compiled(expr, symbols)(*arrays)
        shape = arrays[0].shape if arrays else ()
        if np.iscomplexobj(result):
            result = np.where(np.abs(np.imag(result)) > 0, np.nan, np.real(result))
        return np.broadcast_to(np.asarray(result, dtype=float), shape)


def value_at(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any], *, digits: int = 50) -> sympy.Expr | None:
    """Return a real value at a point (exact numbers) with that many digits, or None where it is undefined."""
    try:
        placed = expr.subs({symbol: as_sympy(value) for symbol, value in point.items()}, simultaneous=True)
        value = placed.evalf(digits, maxn=400)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError, RecursionError):
        return None
    if value.is_Float or value.is_Rational:
        return value if value.is_finite else None
    return None


def sign_of(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> int | None:
    """Return the sign of an expression at a point: -1, 0 or 1, or None when it is undefined or cannot be decided."""
    exact = {symbol: as_sympy(value) for symbol, value in point.items()}
    try:
        placed = expr.subs(exact, simultaneous=True)
    except (ValueError, TypeError, ZeroDivisionError, RecursionError):
        return None
    if placed.is_Rational:
        return int(sympy.sign(placed))
    if placed.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I):
        return None
    floats = placed.atoms(sympy.Float)
    # Floats of 60 digits stand for eigenvalues: below that nothing can be told.
    small = sympy.Float("1e-45") if floats else sympy.Float("1e-300")
    for digits in (30,) if floats else (30, 60, 120):
        value = value_at(placed, {}, digits=digits)
        if value is None:
            return None
        if abs(value) > sympy.Float(10) ** (10 - digits):
            return 1 if value > 0 else -1
    if abs(value) < small:
        return 0
    return 0 if _vanishes(placed) else None


def _vanishes(number: sympy.Expr) -> bool:
    try:
        return bool(sympy.simplify(sympy.expand_log(number, force=True)) == 0)
    except (ValueError, TypeError, RecursionError):
        return False
