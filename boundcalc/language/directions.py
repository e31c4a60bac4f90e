"""In which direction an expression moves with a symbol, read off its structure and the symbols' domains.

The answer is ``unknown`` rather than wrong: every rule below is a sufficient condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import inf, nextafter
from typing import Literal

import sympy

__all__ = ["Direction", "direction", "value_range"]

Direction = Literal["constant", "rises", "falls", "unknown"]
Domains = Mapping[sympy.Symbol, sympy.Set]

_FLIP: dict[Direction, Direction] = {"rises": "falls", "falls": "rises", "constant": "constant", "unknown": "unknown"}
_MONOTONE = (sympy.log, sympy.exp, sympy.floor, sympy.ceiling, sympy.erf, sympy.LambertW)


def direction(
    expr: sympy.Expr,
    symbol: sympy.Symbol,
    *,
    domains: Domains,
    where: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> Direction:
    """Return how ``expr`` moves when ``symbol`` grows and all else is fixed (weakly: ``rises`` may include flat parts).

    Parameters
    ----------
    expr : sympy.Expr
    symbol : sympy.Symbol
    domains : mapping of sympy.Symbol to sympy.Set
        The values that symbols may take; symbols that are absent are bounded by their SymPy assumptions.
    where : mapping, optional
        Abbreviations such as ``m = floor(n/2)`` that occur in ``expr``; ``symbol`` may hide inside them.
    """
    parts = [_direction(expr, symbol, domains)]
    for short, full in (where or {}).items():
        if short in expr.free_symbols and symbol in full.free_symbols:
            parts.append(_chain(_direction(expr, short, domains), _direction(full, symbol, domains)))
    return _combine(parts)


def _chain(outer: Direction, inner: Direction) -> Direction:
    if "constant" in (outer, inner):
        return "constant"
    if "unknown" in (outer, inner):
        return "unknown"
    return inner if outer == "rises" else _FLIP[inner]


def _combine(parts: Iterable[Direction]) -> Direction:
    moving = set(parts) - {"constant"}
    if not moving:
        return "constant"
    return moving.pop() if len(moving) == 1 else "unknown"


def _direction(expr: sympy.Expr, symbol: sympy.Symbol, domains: Domains) -> Direction:
    if symbol not in expr.free_symbols:
        return "constant"
    if expr == symbol:
        return "rises"
    if isinstance(expr, sympy.Add | sympy.Min | sympy.Max):
        return _combine(_direction(part, symbol, domains) for part in expr.args)
    if isinstance(expr, sympy.Mul):
        return _product_direction(expr, symbol, domains)
    if isinstance(expr, sympy.Pow):
        return _power_direction(expr, symbol, domains)
    if isinstance(expr, _MONOTONE) and len(expr.args) == 1:
        return _direction(expr.args[0], symbol, domains)
    return "unknown"


def _product_direction(expr: sympy.Mul, symbol: sympy.Symbol, domains: Domains) -> Direction:
    parts: list[Direction] = []
    for position, factor in enumerate(expr.args):
        if symbol in factor.free_symbols:
            others = sympy.Mul(*(arg for place, arg in enumerate(expr.args) if place != position))
            parts.append(_signed(_direction(factor, symbol, domains), value_range(others, domains)))
    return _combine(parts)


def _power_direction(expr: sympy.Pow, symbol: sympy.Symbol, domains: Domains) -> Direction:
    base, exponent = expr.args
    if symbol in exponent.free_symbols:
        if symbol in base.free_symbols or value_range(base, domains)[0] < 1:
            return "unknown"
        return _direction(exponent, symbol, domains)
    inner = _direction(base, symbol, domains)
    low, high = value_range(base, domains)
    if low >= 0:
        return _signed(inner, value_range(exponent, domains))
    if exponent.is_integer and exponent.is_positive:
        return inner if exponent.is_odd else (_FLIP[inner] if high <= 0 else "unknown")
    return "unknown"


def _signed(inner: Direction, factor: tuple[float, float]) -> Direction:
    low, high = factor
    if low >= 0:
        return inner
    return _FLIP[inner] if high <= 0 else ("constant" if inner == "constant" else "unknown")


def value_range(expr: sympy.Expr, domains: Domains) -> tuple[float, float]:
    """Return an interval that holds every value of ``expr`` on the domains (closed, in floats, possibly unbounded).

    Ends that are no floats are rounded outwards, so that a sign read off them is certain.
    """
    if expr.is_number:
        return _number_range(expr)
    if isinstance(expr, sympy.Symbol):
        return _symbol_range(expr, domains)
    inner = [value_range(arg, domains) for arg in expr.args if isinstance(arg, sympy.Expr)]
    match expr:
        case sympy.Add():
            low, high = inner[0]
            for other_low, other_high in inner[1:]:
                low, high = _plus(low, other_low, -inf), _plus(high, other_high, inf)
            return low, high
        case sympy.Mul():
            result = (1.0, 1.0)
            for factor in inner:
                result = _times(result, factor)
            return result
        case sympy.Pow():
            return _power_range(*inner, exponent=expr.exp)
        case sympy.Min():
            return min(low for low, _ in inner), min(high for _, high in inner)
        case sympy.Max():
            return max(low for low, _ in inner), max(high for _, high in inner)
        case sympy.log():
            return _log(inner[0][0], -inf), _log(inner[0][1], inf)
        case sympy.exp():
            return _exp(inner[0][0], -inf), _exp(inner[0][1], inf)
        case sympy.floor() | sympy.ceiling():
            rounding = sympy.floor if isinstance(expr, sympy.floor) else sympy.ceiling
            ends = [end if abs(end) == inf else float(rounding(sympy.Float(end))) for end in inner[0]]
            return ends[0], ends[1]
    if expr.is_nonnegative:
        return 0.0, inf
    return -inf, inf


def _symbol_range(symbol: sympy.Symbol, domains: Domains) -> tuple[float, float]:
    domain = domains.get(symbol)
    if domain is not None:
        return _number_range(domain.inf)[0], _number_range(domain.sup)[1]
    if symbol.is_positive and symbol.is_integer:
        return 1.0, inf
    return (0.0 if symbol.is_nonnegative else -inf), inf


def _times(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    pairs = [(a, b) for a in one for b in other]
    return min(_product(a, b, -inf) for a, b in pairs), max(_product(a, b, inf) for a, b in pairs)


def _power_range(base: tuple[float, float], power: tuple[float, float], *, exponent: sympy.Expr) -> tuple[float, float]:
    if base[0] >= 0:
        if inf in (abs(power[0]), abs(power[1])):
            return 0.0, inf
        corners = [(end, size) for end in base for size in power]
        return min(_power(*corner, -inf) for corner in corners), max(_power(*corner, inf) for corner in corners)
    if exponent.is_integer and exponent.is_even:
        return 0.0, inf
    return -inf, inf


def _power(base: float, exponent: float, towards: float) -> float:
    if base == 0.0 and exponent < 0:
        return inf
    if base in (0.0, 1.0, inf) or exponent == 0.0:
        return base**exponent
    if exponent.is_integer() and abs(exponent) <= 64:
        return _rounded(Fraction(base) ** int(exponent), towards)
    try:
        return max(0.0, _wider(base**exponent, towards))
    except OverflowError:
        return inf if towards > 0 else _LARGEST


def _log(value: float, towards: float) -> float:
    from math import log

    if value <= 0:
        return -inf
    return log(value) if value in (1.0, inf) else _wider(log(value), towards)


def _exp(value: float, towards: float) -> float:
    from math import exp

    if value > 700:
        return inf if towards > 0 else _LARGEST
    return exp(value) if value in (0.0, -inf) else max(0.0, _wider(exp(value), towards))


#: Below anything that is too large for a float.
_LARGEST = 1e300


def _number_range(number: sympy.Expr) -> tuple[float, float]:
    """Return the floats next to a number: itself, if it is one."""
    if number in (sympy.oo, -sympy.oo):
        return float(number), float(number)
    if not number.is_extended_real:
        return -inf, inf
    if number.is_Rational:
        exact = Fraction(int(number.p), int(number.q))
        return _rounded(exact, -inf), _rounded(exact, inf)
    try:
        value = float(number)
    except OverflowError:
        value = inf
    if not abs(value) < inf:
        return (_LARGEST, inf) if number.is_positive else (-inf, -_LARGEST if number.is_negative else inf)
    low, high = _wider(value, -inf), _wider(value, inf)
    return (max(low, 0.0) if number.is_positive else low), (min(high, 0.0) if number.is_negative else high)


def _plus(one: float, other: float, towards: float) -> float:
    """Return a sum, rounded towards one side; where nothing is known of it, that side."""
    if inf in (abs(one), abs(other)):
        return one + other if one + other == one + other else towards
    return _rounded(Fraction(one) + Fraction(other), towards)


def _product(one: float, other: float, towards: float) -> float:
    if 0.0 in (one, other):
        return 0.0
    if inf in (abs(one), abs(other)):
        return one * other
    return _rounded(Fraction(one) * Fraction(other), towards)


def _rounded(exact: Fraction, towards: float) -> float:
    """Return the next float on one side."""
    try:
        value = float(exact)
    except OverflowError:
        beyond = inf if exact > 0 else -inf
        return beyond if beyond == towards else (_LARGEST if exact > 0 else -_LARGEST)
    wrong = value > exact if towards < 0 else value < exact
    return nextafter(value, towards) if wrong else value


def _wider(value: float, towards: float) -> float:
    """Allow for the rounding of a library function."""
    return nextafter(nextafter(value, towards), towards)
