"""Does a claim fail at a point? Decided by enclosures: of both sides, of every constraint, of the domain's ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.experiments.claim import violated
from boundcalc.checker.inequality.definedness import conditions
from boundcalc.checker.inequality.enclosure import Power, enclose
from boundcalc.checker.inequality.evaluate import exactly
from boundcalc.checker.inequality.identity import sign_at
from boundcalc.checker.inequality.problem import Inequality, of_integers
from boundcalc.errors import MissingExtraError
from boundcalc.language.domains import admits, contains

__all__ = ["fails", "holds", "inside", "power_of_ten", "undefined_at", "written"]

Point = Mapping[sympy.Symbol, Any]


def power_of_ten(exponent: int) -> Any:
    """Return 10**exponent, a large one not written out."""
    return sympy.Integer(10) ** exponent if abs(exponent) <= 400 else Power(exponent)


def written(value: Any) -> str:
    """Return a coordinate as text that ``sympy.Rational`` or ``sympy.sympify`` reads."""
    if not isinstance(value, Power) and value.is_Rational and max(abs(value.p), value.q) >= 10**25:
        top, bottom = str(value.p), str(value.q)
        if top.lstrip("-").rstrip("0") == "1" and bottom.rstrip("0") == "1":
            return f"{'-' if value < 0 else ''}1e{len(top.lstrip('-')) - len(bottom)}"
    return str(value)


def inside(problem: Inequality, point: Point) -> bool:
    """Return whether a point lies in the domain and satisfies the constraints, certainly."""
    for symbol, value in point.items():
        if not _within(problem.domain[symbol], value) or not _admitted(symbol, value):
            return False
    return all(_holds(rule, point) for rule in problem.constraints)


def _within(allowed: sympy.Set, value: Any) -> bool:
    value = exactly(value)
    if not isinstance(value, Power) and value.is_Rational:
        return bool(contains(allowed, np.asarray(value, dtype=object)))
    if isinstance(allowed, sympy.Union):
        return any(_within(part, value) for part in allowed.args)
    if isinstance(allowed, sympy.FiniteSet):
        return value in allowed.args
    whole = of_integers(allowed)
    if whole and not (isinstance(value, Power) and value.exponent >= 0):
        return False
    openings = (False, False) if whole else (allowed.left_open, allowed.right_open)
    for end, is_open, side in zip((allowed.inf, allowed.sup), openings, (1, -1), strict=True):
        mark = sympy.Dummy("value")
        sign = sign_at(mark - end, {mark: value}) if end.is_finite else side
        if sign is None or side * sign < 0 or (sign == 0 and is_open):
            return False
    return True


def _admitted(symbol: sympy.Symbol, value: Any) -> bool:
    """Return whether a number has the properties that its symbol is assumed to have, as far as sets do not say them."""
    value = exactly(value)
    if not isinstance(value, Power) and value.is_Rational:
        return bool(admits(symbol, np.asarray(value, dtype=object)))
    return not any(symbol.assumptions0.get(name) for name in ("odd", "prime", "composite", "rational")) or (
        isinstance(value, Power) and bool(symbol.is_integer) and not (symbol.is_odd or symbol.is_prime)
    )


def _holds(rule: Any, point: Point) -> bool:
    sign = _sign(rule.upper - rule.lower, point)
    return sign is not None and (sign > 0 if rule.strict else sign >= 0)


def _sign(expr: sympy.Expr, point: Point) -> int | None:
    try:
        return sign_at(expr, {symbol: exactly(value) for symbol, value in point.items()})
    except MissingExtraError:
        return None


def fails(problem: Inequality, point: Point) -> bool:
    """Return whether the relation certainly fails at a point of the domain where both sides are real."""
    if not inside(problem, point):
        return False
    if not violated(_sign(problem.right - problem.left, point), problem.relation):
        return False
    return _defined(problem.left, point) and _defined(problem.right, point)


def holds(problem: Inequality, point: Point) -> bool:
    """Return whether the relation certainly holds at a point of the domain, where both sides are real."""
    sign = _sign(problem.right - problem.left, point)
    return (
        sign is not None
        and not violated(sign, problem.relation)
        and all(_defined(side, point) for side in (problem.left, problem.right))
    )


def _defined(side: sympy.Expr, point: Point) -> bool:
    exact = {symbol: exactly(value) for symbol, value in point.items() if symbol in side.free_symbols}
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
