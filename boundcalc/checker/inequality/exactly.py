"""Does a claim fail at a point? Decided by enclosures: of both sides, of every constraint, of the domain's ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.experiments.enumeration import violated
from boundcalc.checker.experiments.worlds.numbers import as_sympy
from boundcalc.checker.inequality.definedness import conditions
from boundcalc.checker.inequality.enclosure import enclose, sign_at
from boundcalc.checker.inequality.problem import Inequality
from boundcalc.errors import MissingExtraError
from boundcalc.language.domains import admits, contains

__all__ = ["fails", "inside", "power_of_ten", "undefined_at", "written"]

Point = Mapping[sympy.Symbol, Any]


def power_of_ten(exponent: int) -> sympy.Expr:
    """Return 10**exponent; a large one is not written out."""
    small = abs(exponent) <= 400
    return sympy.Integer(10) ** exponent if small else sympy.Pow(sympy.Integer(10), sympy.Integer(exponent), evaluate=False)


def written(value: sympy.Expr) -> str:
    """Return a coordinate as text that ``sympy.Rational`` or ``sympy.sympify`` reads."""
    sign, size = ("-", -value) if value.could_extract_minus_sign() else ("", value)
    if size.is_Pow and size.base == 10 and not size.is_Rational:
        return f"{sign}1e{size.exp}"
    if size.is_Rational and max(size.p, size.q) >= 10**25 and _is_power(size.p) and _is_power(size.q):
        return f"{sign}1e{len(str(size.p)) - len(str(size.q))}"
    return str(value)


def _is_power(number: int) -> bool:
    return str(number).strip("0") == "1"


def inside(problem: Inequality, point: Point) -> bool:
    """Return whether a point lies in the domain and satisfies the constraints, certainly."""
    for symbol, value in point.items():
        if not _within(problem.domain[symbol], value) or not _admitted(symbol, value):
            return False
    return all(_holds(rule, point) for rule in problem.constraints)


def _within(allowed: sympy.Set, value: Any) -> bool:
    value = as_sympy(value)
    if value.is_Rational:
        return bool(contains(allowed, np.asarray(value, dtype=object)))
    if isinstance(allowed, sympy.Union):
        return any(_within(part, value) for part in allowed.args)
    if isinstance(allowed, sympy.FiniteSet):
        return value in allowed.args
    whole = isinstance(allowed, sympy.Range) or allowed.is_subset(sympy.S.Integers)
    if whole and not (_power(value) and value.exp.is_nonnegative):
        return False
    openings = (False, False) if whole else (allowed.left_open, allowed.right_open)
    for end, is_open, side in zip((allowed.inf, allowed.sup), openings, (1, -1), strict=True):
        if end.is_finite:
            sign = _side(value, end)
            if sign is None or side * sign < 0 or (sign == 0 and is_open):
                return False
    return True


def _side(value: sympy.Expr, end: sympy.Expr) -> int | None:
    """Return the sign of value - end."""
    mark = sympy.Dummy("value")
    return sign_at(mark - end, {mark: value})


def _power(value: sympy.Expr) -> bool:
    return bool(value.is_Pow and value.base == 10)


def _admitted(symbol: sympy.Symbol, value: Any) -> bool:
    value = as_sympy(value)
    if value.is_Rational:
        return bool(admits(symbol, np.asarray(value, dtype=object)))
    if any(symbol.assumptions0.get(name) for name in ("odd", "prime", "composite", "rational") if not symbol.is_integer):
        return False
    return not symbol.is_integer or (_power(value) and not any(symbol.assumptions0.get(n) for n in ("odd", "prime")))


def _holds(rule: Any, point: Point) -> bool:
    sign = _sign(rule.upper - rule.lower, point)
    return sign is not None and (sign > 0 if rule.strict else sign >= 0)


def _sign(expr: sympy.Expr, point: Point) -> int | None:
    try:
        return sign_at(expr, {symbol: as_sympy(value) for symbol, value in point.items()})
    except MissingExtraError:
        return None


def fails(problem: Inequality, point: Point) -> bool:
    """Return whether the relation certainly fails at a point of the domain where both sides are real."""
    if not inside(problem, point):
        return False
    if not violated(_sign(problem.right - problem.left, point), problem.relation):
        return False
    return _defined(problem.left, point) and _defined(problem.right, point)


def _defined(side: sympy.Expr, point: Point) -> bool:
    exact = {symbol: as_sympy(value) for symbol, value in point.items() if symbol in side.free_symbols}
    for bits in (128, 1024):
        try:
            enclose(side, exact, bits=bits)
            return True
        except (Undefined, MissingExtraError):
            continue
    return False


def undefined_at(side: sympy.Expr, point: Point) -> bool:
    """Return whether a side is certainly no real number at a point: a condition for that certainly fails there."""
    for expr, relation in conditions(side):
        if relation == "real":
            continue
        sign = _sign(expr, point)
        if sign is not None and (sign == 0 if relation == "!=" else sign < 0 or (sign == 0 and relation == ">")):
            return True
    return False
