"""Walk a node in exact or enclosing arithmetic, cell by cell, each subexpression on the axes it needs.

The arithmetic is a class with one method per operation; rational operations on rational operands stay
exact in every arithmetic, so that floor(n/2) or a relation between rationals is never decided by rounding.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from math import ceil, floor, inf, isfinite
from typing import Any

import numpy as np

from boundcalc.arithmetic.nodes import Node, topological

__all__ = ["Arithmetic", "values_of", "walk"]

_EXACT_POWER = 64  # beyond it, an exact rational power would only fill memory


class Arithmetic:
    """Operations on exact rationals of type ``exact`` and on the inexact numbers of a subclass."""

    exact: Any = Fraction

    def rational(self, numerator: int, denominator: int) -> Any:
        """Return an exact number of this arithmetic."""
        return Fraction(numerator, denominator)

    def lift(self, x: Any) -> Any:
        """Return an exact number as an inexact one; others unchanged."""
        raise NotImplementedError

    def constant(self, name: str) -> Any:
        """Return a named constant."""
        raise NotImplementedError

    def function(self, name: str, *args: Any) -> Any:
        """Apply a function to lifted arguments."""
        raise NotImplementedError

    def on_exact(self, name: str, x: Any) -> Any:
        """Apply floor, ceiling, abs or sign to an exact number."""
        return Fraction(_ON_FRACTIONS[name](x))

    def hull(self, a: Any, b: Any) -> Any:
        """Return what covers both values, where a condition cannot be decided."""
        raise NotImplementedError

    def compare(self, op: str, a: Any, b: Any) -> bool | None:
        """Decide a relation of lifted numbers; None where it cannot be decided."""
        raise NotImplementedError

    def rational_power(self, x: Any, numerator: int, denominator: int) -> Any:
        """Raise a lifted number to a rational power."""
        raise NotImplementedError

    add: Callable[[Any, Any], Any] = staticmethod(operator.add)
    mul: Callable[[Any, Any], Any] = staticmethod(operator.mul)

    def pow(self, x: Any, numerator: int, denominator: int) -> Any:
        """Raise to a rational power."""
        if type(x) is self.exact and denominator == 1 and abs(numerator) <= _EXACT_POWER:
            return x**numerator if x or numerator >= 0 else self.constant("inf")
        return self.rational_power(self.lift(x), numerator, denominator)

    def power(self, numerator: int, denominator: int) -> Callable[[Any], Any]:
        """Return the function that raises to a rational power."""
        return lambda x: self.pow(x, numerator, denominator)

    def logb(self, x: Any, base: int) -> Any:
        """Logarithm to an integer base, exact at its powers."""
        if type(x) is self.exact and x > 0:
            power = _exact_log(int(x.numerator), int(x.denominator), base)
            if power is not None:
                return self.rational(power, 1)
        below = self.function("log", self.lift(self.rational(base, 1)))
        return self.mul(self.apply("log", x), self.rational_power(below, -1, 1))

    def apply(self, name: str, *args: Any) -> Any:
        """Apply a function, exactly where its argument is exact and its value is known."""
        if name in _ON_FRACTIONS and type(args[0]) is self.exact:
            return self.on_exact(name, args[0])
        return self.function(name, *map(self.lift, args))

    def relation(self, op: str, a: Any, b: Any) -> bool | None:
        """Decide a relation."""
        if type(a) is self.exact and type(b) is self.exact:
            return bool(_RELATIONS[op](a, b))
        return self.compare(op, self.lift(a), self.lift(b))

    def extreme(self, name: str, a: Any, b: Any) -> Any:
        """Return the smaller or the larger of two."""
        if type(a) is self.exact and type(b) is self.exact:
            return min(a, b) if name == "min" else max(a, b)
        return self.function(name, self.lift(a), self.lift(b))

    def operation(self, op: str, value: Any) -> Callable[..., Any]:
        """Return the function of an operation, given its parameter."""
        if op in ("min", "max"):
            return lambda a, b: self.extreme(op, a, b)
        if op in _RELATIONS:
            return lambda a, b: self.relation(op, a, b)
        if op == "pow":
            return self.power(value.numerator, value.denominator)
        if op == "logb":
            return lambda x: self.logb(x, value)
        own = {"add": self.add, "mul": self.mul, "select": self.select, **_TRUTH}.get(op)
        return own or (lambda *args: self.apply(op, *args))

    def select(self, *operands: Any) -> Any:
        """Return the value after the first condition that holds, the last operand if none does."""
        result = operands[-1]
        for condition, value in reversed(list(zip(operands[:-1:2], operands[1:-1:2], strict=True))):
            result = value if condition is True else result if condition is False else self.hull(value, result)
        return result


_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}
_ON_FRACTIONS: dict[str, Callable[[Fraction], Any]] = {
    "floor": floor,
    "ceiling": ceil,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
}


def _exact_log(numerator: int, denominator: int, base: int) -> int | None:
    if denominator != 1:
        inverse = _exact_log(denominator, numerator, base) if numerator == 1 else None
        return None if inverse is None else -inverse
    power = 0
    while numerator % base == 0:
        numerator, power = numerator // base, power + 1
    return power if numerator == 1 else None


def _and(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    return True if a is True or b is True else None if a is None or b is None else False


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


_TRUTH: dict[str, Callable[..., Any]] = {"and": _and, "or": _or, "not": _not}


def walk(root: Node, inputs: Sequence[Any], arithmetic: Arithmetic) -> Any:
    """Evaluate a node; inputs are numbers of the arithmetic or exact ones, or object arrays of exact ones that broadcast."""
    return values_of(root, [_input(x, arithmetic) for x in inputs], arithmetic)[id(root)]


def values_of(
    root: Node, symbols: Sequence[Any], arithmetic: Arithmetic, known: dict[int, Any] | None = None
) -> dict[int, Any]:
    """Return the value of every subexpression by its node's id; ``known`` is filled in place."""
    known = {} if known is None else known
    for node in topological(root):
        if id(node) not in known:
            known[id(node)] = _value(node, [known[id(a)] for a in node.args], symbols, arithmetic)
    return known


def _value(node: Node, args: list[Any], symbols: Sequence[Any], arithmetic: Arithmetic) -> Any:
    op, value = node.op, node.value
    if op == "symbol":
        return symbols[value]
    if op == "number":
        return arithmetic.rational(value.numerator, value.denominator)
    if op == "constant":
        return arithmetic.constant(str(value))
    if op in ("true", "false"):
        return op == "true"
    function = arithmetic.operation(op, value)
    if op in _FOLDED:
        return reduce(lambda a, b: _each(function, a, b), args)
    return _each(function, *args)


_FOLDED = frozenset({"add", "mul", "min", "max", "and", "or"})


def _input(x: Any, arithmetic: Arithmetic) -> Any:
    """Return an input as numbers of the arithmetic: infinities and NaN are no rationals."""
    if not isinstance(x, np.ndarray):
        return _number(x, arithmetic)
    cells = np.empty(x.size, dtype=object)
    cells[:] = [_number(v, arithmetic) for v in x.flat]
    return cells.reshape(x.shape)


def _number(x: Any, arithmetic: Arithmetic) -> Any:
    if hasattr(x, "node"):  # an irrational number
        return walk(x.node, (), arithmetic)
    if type(x) is not float or isfinite(x):
        return arithmetic.rational(*x.as_integer_ratio())
    return arithmetic.constant("nan" if x != x else "inf" if x == inf else "-inf")


def _each(function: Callable[..., Any], *operands: Any) -> Any:
    if any(isinstance(x, np.ndarray) for x in operands):
        with np.errstate(all="ignore"):  # flags left by the arithmetic's own code mean nothing here
            return np.frompyfunc(function, len(operands), 1)(*operands)
    return function(*operands)
