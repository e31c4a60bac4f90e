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

from boundcalc.arithmetic.balls import ArbEnds
from boundcalc.arithmetic.entropy import kl, kl_inverse
from boundcalc.arithmetic.intervals import IntervalArithmetic, Undefined, value_on
from boundcalc.checker.experiments.worlds.numbers import as_sympy
from boundcalc.errors import MissingExtraError

__all__ = ["compiled", "is_vast", "on_arrays", "sign_of", "value_at"]


#: Precisions of enclosures; a difference that takes more digits is left to SymPy.
_BITS = (120, 480)


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
    """Return a real value at a point (exact numbers) with that many digits, or None where it is undefined or vast."""
    exact = {symbol: as_sympy(item) for symbol, item in point.items()}
    if is_vast(expr, exact):
        return None
    try:
        # Exact insertion finds what is undefined; only powers too large to be written out are left to evalf.
        huge = any(_is_huge(power, exact) for power in expr.atoms(sympy.Pow, sympy.exp))
        placed = expr if huge else expr.subs(exact, simultaneous=True)
        if placed.has(sympy.nan, sympy.zoo, sympy.oo):
            return None
        value = placed.evalf(digits, subs=exact if huge else None, maxn=400)
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return None
    if value.is_Float or value.is_Rational:
        return value if value.is_finite else None
    return None


def _is_huge(power: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> bool:
    """Return whether a power would have thousands of digits at a point."""
    base, exponent = power.as_base_exp()
    if base is sympy.E and exponent.has(sympy.log):  # exp(a log(b)) is written as b^a
        factors = [term.as_independent(sympy.log) for term in sympy.Add.make_args(exponent) if term.has(sympy.log)]
        return any(_is_huge(sympy.Pow(sympy.Symbol("b"), rate), point) for rate, _ in factors)
    if exponent.is_number or (not base.is_Rational and not base.free_symbols):
        return False
    size = exponent.subs(point, simultaneous=True)
    return bool(size.is_Rational and (abs(size) > 500 or size.q > 1000))


def is_vast(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> bool:
    """Return whether an exponent is beyond floats at a point, so that no number of digits would do."""
    named = {symbol.name: float(value) for symbol, value in point.items()}
    exponents = (power.as_base_exp()[1] for power in expr.atoms(sympy.Pow, sympy.exp))
    return any(
        np.isinf(on_arrays(exponent, named)).any()
        for exponent in exponents
        if exponent.has(sympy.exp, sympy.Pow) and exponent.free_symbols <= set(point)
    )


def sign_of(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> int | None:
    """Return the sign of an expression at a point: -1, 0 or 1, or None when it is undefined or cannot be decided."""
    exact = {symbol: as_sympy(value) for symbol, value in point.items()}
    certain = _ball_sign(expr, exact)
    if certain is not None:
        return certain
    floats = any(value.is_Float for value in exact.values()) or expr.has(sympy.Float)
    for digits in (30,) if floats else (30, 60):
        value = value_at(expr, exact, digits=digits)
        if value is not None and abs(value) > sympy.Float(10) ** (10 - digits):
            return 1 if value > 0 else -1
    if floats:
        # Floats of 60 digits stand for eigenvalues: below this nothing can be told from 0.
        return None if value is None else 0
    return _exact_sign(expr, exact)


def _ball_sign(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> int | None:
    """Return a sign that enclosures are certain of, however close to 0 or far from 1 the value is."""
    if not all(value.is_Rational for value in point.values()):
        return None
    try:
        balls = IntervalArithmetic(ArbEnds(), strict=True)
        for bits in _BITS:
            with balls.ends.precision(bits):
                box = {symbol: balls.rational(int(value.p), int(value.q)) for symbol, value in point.items()}
                found = value_on(expr, box, balls)
            if found.positive or found.negative or found.low == found.high == 0:
                return 1 if found.positive else -1 if found.negative else 0
    except (Undefined, MissingExtraError):
        pass
    return None


def _exact_sign(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> int | None:
    """Return the sign of something that is 0 to all digits, or very small."""
    if is_vast(expr, point) or any(_is_huge(power, point) for power in expr.atoms(sympy.Pow, sympy.exp)):
        return None
    try:
        placed = expr.subs(point, simultaneous=True)
        if placed.is_Rational:
            return int(sympy.sign(placed))
        if placed.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I):
            return None
        if sympy.simplify(sympy.expand_log(placed, force=True)) == 0:
            return 0
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        return None
    value = value_at(placed, {}, digits=120)
    if value is None or abs(value) < sympy.Float("1e-100"):
        return None
    return 1 if value > 0 else -1
