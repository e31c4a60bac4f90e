"""Membership of numbers and arrays in the SymPy sets that carry a symbol's domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy

from boundcalc.arithmetic.intervals import Range
from boundcalc.arithmetic.numbers import Irrational, as_number
from boundcalc.arithmetic.rounding import above, below
from boundcalc.errors import InvalidInputError

__all__ = [
    "admits",
    "as_number",
    "contains",
    "describe",
    "describe_assumptions",
    "first_outside",
    "from_assumptions",
    "intersect",
    "parts_of",
    "symbol_range",
]


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


#: Facts that a number given for a symbol is asked for, one by one.
_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "positive": lambda v: v > 0,
    "negative": lambda v: v < 0,
    "nonnegative": lambda v: v >= 0,
    "nonpositive": lambda v: v <= 0,
    "zero": lambda v: v == 0,
    "integer": lambda v: v % 1 == 0,
    "even": lambda v: v % 2 == 0,
    "odd": lambda v: v % 2 == 1,
    "prime": lambda v: _each(_is_prime, v),
    "composite": lambda v: _each(lambda x: x > 1 and x % 1 == 0 and not _is_prime(x), v),
    **dict.fromkeys(("rational", "algebraic"), lambda v: _each(lambda x: not isinstance(x, Irrational), v)),
}
_SAME_AS = {f"extended_{name}": name for name in ("positive", "negative", "nonnegative", "nonpositive")}
_NOT = {"nonzero": "zero", "extended_nonzero": "zero", "noninteger": "integer"}
#: What no finite real number is, or can be seen to be.
_NEVER = {
    **dict.fromkeys(("irrational", "transcendental", "imaginary", "infinite", "antihermitian"), True),
    **dict.fromkeys(("real", "extended_real", "finite", "complex", "commutative", "hermitian"), False),
    **dict.fromkeys(("rational", "algebraic"), False),
}
_SAID_BY_SETS = frozenset({*_SAME_AS, *_SAME_AS.values(), "zero", "nonzero", "extended_nonzero", "integer"})


def from_assumptions(symbol: sympy.Symbol) -> sympy.Set:
    """Return the set that a symbol's SymPy assumptions describe, as far as a set of numbers can; `admits` knows the rest.

    Parameters
    ----------
    symbol : sympy.Symbol

    Returns
    -------
    sympy.Set
        Integers or reals, cut at 0 where the sign is known.

    Raises
    ------
    InvalidInputError
        If no real number has these properties, or none can be seen to have them (irrational, imaginary, ...).

    Examples
    --------
    >>> from_assumptions(sympy.Symbol("z", negative=True)), from_assumptions(sympy.Symbol("k", odd=True, positive=True))
    (Interval.open(-oo, 0), Range(1, oo, 1))
    """
    _, refused = _facts(symbol)
    if refused:
        raise InvalidInputError(
            f"{symbol} is assumed to be {' and '.join(refused)}, which cannot be checked on a real number; "
            "take a symbol with other assumptions"
        )
    if symbol.is_zero:
        return sympy.FiniteSet(0)
    if symbol.is_integer:
        low = 1 if symbol.is_extended_positive else 0 if symbol.is_extended_nonnegative else -sympy.oo
        high = -1 if symbol.is_extended_negative else 0 if symbol.is_extended_nonpositive else sympy.oo
        return sympy.S.Integers if low == -sympy.oo and high == sympy.oo else sympy.Range(low, high + 1)
    if symbol.is_extended_positive or symbol.is_extended_nonnegative:
        return sympy.Interval(0, sympy.oo, left_open=bool(symbol.is_extended_positive))
    if symbol.is_extended_negative or symbol.is_extended_nonpositive:
        return sympy.Interval(-sympy.oo, 0, right_open=bool(symbol.is_extended_negative))
    if symbol.is_zero is False:
        return sympy.Union(sympy.Interval.open(-sympy.oo, 0), sympy.Interval.open(0, sympy.oo))
    return sympy.Reals


def admits(symbol: sympy.Symbol, values: Any) -> np.ndarray:
    """Return elementwise whether finite numbers have all the properties that a symbol is assumed to have.

    Parameters
    ----------
    symbol : sympy.Symbol
    values : array_like
        Real numbers.

    Returns
    -------
    numpy.ndarray of bool
        The shape of ``values``; nothing has a property that cannot be checked.
    """
    asked, refused = _facts(symbol)
    if type(values) in _SCALARS:
        return np.asarray(not refused and all(bool(_CHECKS[name](values)) is holds for name, holds in asked))
    array = np.asarray(values)
    inside = np.full(array.shape, not refused)
    for name, holds in asked:
        with np.errstate(invalid="ignore"):
            inside &= np.asarray(_CHECKS[name](array), dtype=bool) == holds
    return inside


def symbol_range(symbol: sympy.Symbol, domain: sympy.Set | None = None) -> Range:
    """Return an interval of floats, rounded outwards, that holds what a symbol may be by its assumptions and a set."""
    found = _range(from_assumptions(symbol))
    if domain is None or domain is sympy.S.EmptySet:
        return found
    given = _range(domain)
    low = max((r.low, r.low_open) for r in (found, given))
    high = min((r.high, not r.high_open) for r in (found, given))
    return Range(low[0], high[0], low[1], not high[1])


@lru_cache(maxsize=4096)
def _range(domain: sympy.Set) -> Range:
    ends = (domain.inf, domain.sup)
    low_open, high_open = (domain.contains(end) is sympy.false for end in ends)
    return Range(below(as_number(ends[0])), above(as_number(ends[1])), low_open, high_open)


@lru_cache(maxsize=512)
def _facts(symbol: sympy.Symbol) -> tuple[tuple[tuple[str, bool], ...], list[str]]:
    """Return what is to be checked of a symbol's values, and what is assumed but cannot be checked or is never so."""
    facts = _given(symbol)
    refused = [name if holds else f"not {name}" for name, holds in facts.items() if _NEVER.get(name) is holds]
    asked = {}
    for name, holds in facts.items():
        positive = _NOT.get(name, _SAME_AS.get(name, name))
        if positive in _CHECKS:
            asked[positive] = holds is (name not in _NOT)
    return tuple(asked.items()), refused


def _given(symbol: sympy.Symbol) -> Mapping[str, bool]:
    """Return the facts that a symbol was made with; what SymPy derives from them follows for numbers too."""
    return getattr(symbol, "_assumptions_orig", symbol.assumptions0)


def describe_assumptions(symbol: sympy.Symbol) -> str:
    """Say what a symbol's values must be besides what `from_assumptions` says, or nothing."""
    known = {name: holds for name, holds in _given(symbol).items() if name in _CHECKS or name in _NOT}
    shown = (
        name if holds else f"not {name}" for name, holds in known.items() if not holds or name not in _SAID_BY_SETS
    )
    return " and ".join(shown)


def _each(check: Callable[[Any], bool], values: Any) -> Any:
    if type(values) in _SCALARS:
        return check(values)
    return np.array([bool(check(value)) for value in np.ravel(values)], dtype=bool).reshape(np.shape(values))


def _is_prime(value: Any) -> bool:
    return value % 1 == 0 and bool(sympy.isprime(int(value)))


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

    Raises
    ------
    ArithmeticError
        If an irrational number cannot be told from an end.
    """
    if type(values) in _SCALARS:
        return np.asarray(_is_finite(values) and bool(_contains(domain, values, exactly=type(values) is not float)))
    array = np.asarray(values)
    exactly = array.dtype == object
    with np.errstate(invalid="ignore"):
        finite = _each(_is_finite, array) if exactly else np.isfinite(array)
        return finite & np.asarray(_contains(domain, np.where(finite, array, 0), exactly=exactly), dtype=bool)


_SCALARS = (float, int, Fraction, Irrational)


def _is_finite(value: Any) -> bool:
    return value == value and value not in (float("inf"), float("-inf"))


class _Part(NamedTuple):
    """An interval of reals or of integers; its ends as exact numbers, and as what doubles compare with."""

    exact: tuple[Any, Any, bool, bool]
    double: tuple[Any, Any, bool, bool]
    whole: bool = False

    def holds(self, values: Any, exactly: bool) -> Any:
        """Return whether finite numbers lie in it."""
        low, high, low_open, high_open = self.exact if exactly else self.double
        inside = (values > low if low_open else values >= low) & (values < high if high_open else values <= high)
        return inside & (values % 1 == 0) if self.whole else inside


def _contains(domain: sympy.Set, values: Any, *, exactly: bool) -> Any:
    if isinstance(domain, sympy.Intersection):
        return np.logical_and.reduce([_contains(part, values, exactly=exactly) for part in domain.args])
    first, *others = _parts(domain.func, domain.args) or (_NOTHING,)
    inside = first.holds(values, exactly)
    for part in others:
        inside = inside | part.holds(values, exactly)
    return inside


def parts_of(domain: sympy.Set) -> tuple[_Part, ...]:
    """Return the intervals of reals or integers that a domain is made of."""
    return _parts(domain.func, domain.args)


@lru_cache(maxsize=1024)
def _parts(kind: Callable[..., sympy.Set], args: tuple[Any, ...]) -> tuple[_Part, ...]:
    """Return the intervals that a set is made of (SymPy takes long to hash a Range).

    Raises
    ------
    TypeError
        For sets of other kinds.
    """
    domain = kind(*args)
    match domain:
        case sympy.S.EmptySet:
            return ()
        case sympy.FiniteSet():
            return tuple(_part(element, element) for element in domain)
        case sympy.Union():
            return tuple(part for piece in domain.args for part in parts_of(piece))
        case sympy.Range():
            if domain.step != 1:
                raise TypeError(f"ranges with a step are no domains: {domain}")
            return (_part(domain.inf, domain.sup, whole=True),)
        case sympy.Interval():
            return (_part(domain.inf, domain.sup, bool(domain.left_open), bool(domain.right_open)),)
        case _ if domain in (sympy.S.Integers, sympy.S.Naturals, sympy.S.Naturals0):
            return (_part(domain.inf, domain.sup, whole=True),)
    raise TypeError(f"no membership test for the domain {domain}")


def _part(
    low: sympy.Expr, high: sympy.Expr, low_open: bool = False, high_open: bool = False, whole: bool = False
) -> _Part:
    """Return an interval; among doubles an irrational end stands for the last double inside, which belongs to it."""
    ends = (as_number(low), as_number(high))
    irrational = [isinstance(end, Irrational) for end in ends]
    first = above(ends[0]) if irrational[0] else _double(ends[0])
    last = below(ends[1]) if irrational[1] else _double(ends[1])
    double = (first, last, low_open and not irrational[0], high_open and not irrational[1])
    return _Part((*ends, low_open, high_open), double, whole)


def _double(end: Any) -> Any:
    return int(end) if isinstance(end, Fraction) and end.denominator == 1 else float(end)


_NOTHING = _Part((1, 0, False, False), (1, 0, False, False))


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
