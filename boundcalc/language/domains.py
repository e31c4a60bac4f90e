"""Membership of numbers and arrays in the SymPy sets that carry a symbol's domain."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Number
from typing import Any

import numpy as np
import sympy
from mpmath.libmp import to_rational

__all__ = ["as_number", "contains", "describe", "first_outside", "intersect"]


def describe(domain: sympy.Set) -> str:
    """Say a domain in a few words.

    >>> describe(sympy.Range(2, sympy.oo)), describe(sympy.Interval.open(0, 1)), describe(sympy.Interval(0, sympy.oo))
    ('an integer >= 2', 'in (0, 1)', '>= 0')
    """
    match domain:
        case sympy.FiniteSet():
            elements = sorted(domain, key=sympy.default_sort_key)
            return "equal to " + " or ".join(str(element) for element in elements)
        case sympy.Range() if domain.sup is sympy.oo:
            return f"an integer >= {domain.inf}"
        case sympy.Range():
            return f"an integer from {domain.inf} to {domain.sup}"
        case sympy.Interval():
            return _describe_interval(domain)
        case sympy.Union():
            return " or ".join(describe(part) for part in domain.args)
    return f"in {domain}"


def _describe_interval(domain: sympy.Interval) -> str:
    low, high = domain.inf, domain.sup
    if low is -sympy.oo and high is sympy.oo:
        return "a real number"
    if high is sympy.oo:
        return f"{'>' if domain.left_open else '>='} {low}"
    if low is -sympy.oo:
        return f"{'<' if domain.right_open else '<='} {high}"
    return f"in {'(' if domain.left_open else '['}{low}, {high}{')' if domain.right_open else ']'}"


def as_number(value: Any) -> Any:
    """Return a scalar as something that compares exactly; strings such as ``"1/20"`` or ``"0.05"`` are read exactly.

    Raises
    ------
    TypeError, ValueError
        If it is not a real number.
    """
    if isinstance(value, bool | np.bool_):
        raise TypeError("a truth value is no number")
    if isinstance(value, str):
        return float(value) if value.strip().lower().lstrip("+-") in ("nan", "inf", "infinity") else Fraction(value)
    if isinstance(value, sympy.Expr):
        if not value.is_number or value.is_extended_real is False:
            raise TypeError("not a real number")
        if value.is_Rational:
            return Fraction(int(value.p), int(value.q))
        return float(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, complex | bytes):
        raise TypeError(f"{type(value).__name__} is no real number")
    if isinstance(value, Decimal) and value.is_snan():
        return float("nan")
    if hasattr(value, "_mpf_"):  # of mpmath, a Number that does not compare with Fractions
        finite = value - value == 0
        return Fraction(*to_rational(value._mpf_)) if finite else float(value)
    if isinstance(value, Number | Decimal | Fraction):
        return value
    return float(value)


def contains(domain: sympy.Set, values: Any) -> np.ndarray:
    """Return elementwise whether finite numbers lie in a domain; NaN and infinities never do.

    Parameters
    ----------
    domain : sympy.Set
        Interval, Range, FiniteSet, Union of them, or one of the SymPy number sets.
    values : array_like
        Real numbers; object arrays of Fractions and the like are compared exactly.

    Returns
    -------
    numpy.ndarray of bool
        The shape of ``values``.
    """
    array = np.asarray(values)
    with np.errstate(invalid="ignore"):
        if array.dtype == object:
            finite = np.array([_is_finite(item) for item in array.ravel()], dtype=bool).reshape(array.shape)
        else:
            finite = np.isfinite(array)
        return finite & np.asarray(_contains(domain, np.where(finite, array, 0)), dtype=bool)


def _is_finite(value: Any) -> bool:
    return value == value and value not in (float("inf"), float("-inf"))


def _contains(domain: sympy.Set, array: np.ndarray) -> Any:
    match domain:
        case sympy.FiniteSet():
            return np.logical_or.reduce([array == _exact(element, array) for element in domain])
        case sympy.Union():
            return np.logical_or.reduce([_contains(part, array) for part in domain.args])
        case sympy.Intersection():
            return np.logical_and.reduce([_contains(part, array) for part in domain.args])
        case sympy.Range():
            if domain.step != 1:
                raise TypeError(f"ranges with a step are no domains: {domain}")
            return (array % 1 == 0) & _between(domain.inf, domain.sup, False, False, array)
        case sympy.Interval():
            return _between(domain.inf, domain.sup, domain.left_open, domain.right_open, array)
        case _ if domain in (sympy.S.Integers, sympy.S.Naturals, sympy.S.Naturals0):
            return (array % 1 == 0) & _between(domain.inf, domain.sup, False, False, array)
        case sympy.EmptySet():
            return np.zeros(array.shape, dtype=bool)
    raise TypeError(f"no membership test for the domain {domain}")


def _between(low: sympy.Expr, high: sympy.Expr, left_open: Any, right_open: Any, array: np.ndarray) -> Any:
    inside: Any = np.ones(array.shape, dtype=bool)
    if low.is_finite:
        bound = _exact(low, array)
        inside = inside & (array > bound if left_open else array >= bound)
    if high.is_finite:
        bound = _exact(high, array)
        inside = inside & (array < bound if right_open else array <= bound)
    return inside


def _exact(number: sympy.Expr, array: np.ndarray) -> Any:
    """Return a set's end as Fraction for exact arrays (an irrational one to 60 digits), else as the nearest float."""
    if array.dtype == object:
        number = number if number.is_Rational else sympy.Rational(str(number.evalf(60)))
        return Fraction(int(number.p), int(number.q))
    return int(number) if number.is_Integer else float(number)


def first_outside(domain: sympy.Set, values: Any) -> Any | None:
    """Return the first value that lies outside the domain, or None."""
    array = np.asarray(values)
    bad = ~contains(domain, array)
    if not bad.any():
        return None
    return array[bad].ravel()[0] if array.ndim else array[()]


def intersect(sets: Sequence[sympy.Set]) -> sympy.Set:
    """Return what several domains have in common (ranges and intervals included, which SymPy leaves unevaluated)."""
    result = sets[0]
    for other in sets[1:]:
        result = _intersect(result, other)
    return result


def _intersect(one: sympy.Set, other: sympy.Set) -> sympy.Set:
    if one == other:
        return one
    for finite, rest in ((one, other), (other, one)):
        if isinstance(finite, sympy.FiniteSet):
            return sympy.FiniteSet(*(item for item in finite if bool(contains(rest, float(item)))))
    return one.intersect(other)
