"""Numbers put into expressions: rounding and comparing of numbers is decided by enclosures, never by SymPy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.inequality.enclosure import number_ends
from boundcalc.checker.inequality.identity import ROUNDING, sign_at, vanishes

__all__ = ["placed"]


def placed(expr: sympy.Expr, values: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """Return an expression with its symbols replaced.

    Raises
    ------
    Undefined
        If a rounding or a comparison of numbers cannot be decided.
    """
    if expr in values:
        return values[expr]
    if not expr.args or not expr.free_symbols & set(values):
        return expr
    if not expr.has(*ROUNDING):
        return expr.xreplace(dict(values))
    args = [placed(arg, values) for arg in expr.args]
    if isinstance(expr, sympy.Min | sympy.Max):
        numbers = [arg for arg in args if not arg.free_symbols]
        args = [arg for arg in args if arg.free_symbols] + ([reduce(_extreme(expr), numbers)] if numbers else [])
        return expr.func(*args) if len(args) > 1 else args[0]
    if isinstance(expr, ROUNDING) and not args[0].free_symbols:
        return _rounded(expr.func, args[0])
    return expr.func(*args)


def _extreme(node: sympy.Expr):
    def better(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
        sign = sign_at(a - b, {})
        if sign is None:
            raise Undefined(f"which of {a} and {b} is larger is not known")
        return a if (sign >= 0) is isinstance(node, sympy.Max) else b

    return better


def _rounded(function: type, number: sympy.Expr) -> sympy.Expr:
    """Return the floor, ceiling, absolute value or sign of a number."""
    if number.is_Rational:
        return function(number)
    if function in (sympy.Abs, sympy.sign):
        sign = sign_at(number, {})
        if sign is None:
            raise Undefined(f"the sign of {number} is not known")
        return sign * number if function is sympy.Abs else sympy.Integer(sign)
    if function not in (sympy.floor, sympy.ceiling):
        raise Undefined(f"{function.__name__} of a number")
    for bits in (192, 768, 3072):
        low, high = number_ends(number, bits)
        below, above = (function(end) for end in (low, high))
        if below == above:
            return below
    whole = sympy.floor((low + high) / 2 + sympy.Rational(1, 2))
    if vanishes(number - whole):
        return whole
    raise Undefined(f"whether {number} is a whole number is not known")
