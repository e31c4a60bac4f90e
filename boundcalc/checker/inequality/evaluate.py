"""Values of expressions: on arrays for searching, and with a certain sign for deciding."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from boundcalc.arithmetic.entropy import kl, kl_inverse
from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.experiments.worlds.numbers import as_sympy
from boundcalc.checker.inequality.enclosure import Power, enclose, precision
from boundcalc.checker.inequality.identity import sign_at
from boundcalc.errors import MissingExtraError

__all__ = ["compiled", "exactly", "on_arrays", "sign_of", "value_at"]


@lru_cache(maxsize=512)
def compiled(expr: sympy.Expr, symbols: tuple[sympy.Symbol, ...]) -> Callable[..., Any]:
    """Return a NumPy function of arrays of one shape."""
    own = {"kl": kl, "kl_inverse": kl_inverse}
    return sympy.lambdify(symbols, expr, modules=[own, "numpy", "scipy"], cse=True)


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
    """Return a value at a point of exact numbers with that many digits, or None where no enclosure shows one."""
    exact = {symbol: exactly(item) for symbol, item in point.items() if symbol in expr.free_symbols}
    for bits in (4 * digits, 16 * digits, 64 * digits):
        try:
            found = enclose(expr, exact, bits=bits)
        except (Undefined, MissingExtraError):
            continue
        if found.low.is_finite() and found.high.is_finite():
            with precision(bits):
                ball = found.low.union(found.high)
            if ball.is_zero() or ball.rel_accuracy_bits() >= 3.33 * digits:
                return sympy.Float(ball.mid().str(digits + 5, radius=False), digits)
    return None


def exactly(value: Any) -> Any:
    """Return a coordinate as an exact SymPy number; a power of ten that is not written out as it is."""
    return value if isinstance(value, Power) else as_sympy(value)


def sign_of(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> int | None:
    """Return the sign of an expression at a point: -1, 0 or 1, or None when it is undefined or cannot be decided."""
    exact = {symbol: exactly(value) for symbol, value in point.items()}
    if not any(getattr(value, "is_Float", False) for value in exact.values()) and not expr.has(sympy.Float):
        try:
            return sign_at(expr, exact)
        except MissingExtraError:
            return None
    # Floats of 60 digits stand for eigenvalues: below 20 digits nothing can be told from 0.
    value = expr.subs(exact, simultaneous=True).evalf(30)
    if not value.is_Float and not value.is_Rational:
        return None
    return 0 if abs(value) <= sympy.Float(10) ** -20 else 1 if value > 0 else -1
