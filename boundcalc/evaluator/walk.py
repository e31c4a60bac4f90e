"""Walk a node in exact or enclosing arithmetic, cell by cell, each subexpression on the axes it needs.

The arithmetic is a class with one method per operation; rational operations on rational operands stay
exact in every arithmetic, so that floor(n/2) or a relation between rationals is never decided by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from math import ceil, floor, inf
from typing import Any

import numpy as np

from boundcalc.evaluator.nodes import Node, topological

__all__ = ["Arithmetic", "walk"]

_EXACT_POWER = 64  # beyond it, an exact rational power would only fill memory


class Arithmetic:
    """Operations on exact rationals, handing all others to ``lift`` and the functions of a subclass."""

    def lift(self, x: Any) -> Any:
        """Return a rational as a number of the subclass; others unchanged."""
        raise NotImplementedError

    def constant(self, name: str) -> Any:
        """Return a named constant."""
        raise NotImplementedError

    def function(self, name: str, *args: Any) -> Any:
        """Apply a function to lifted arguments."""
        raise NotImplementedError

    def hull(self, a: Any, b: Any) -> Any:
        """Return what covers both values, where a condition cannot be decided."""
        raise NotImplementedError

    def compare(self, op: str, a: Any, b: Any) -> bool | None:
        """Decide a relation of lifted numbers; None where it cannot be decided."""
        raise NotImplementedError

    def rational_power(self, x: Any, exponent: Fraction) -> Any:
        """Raise a lifted number to a rational power."""
        raise NotImplementedError

    def add(self, a: Any, b: Any) -> Any:
        """Add."""
        exact = isinstance(a, Fraction) and isinstance(b, Fraction)
        return a + b if exact else self.lift(a) + self.lift(b)

    def mul(self, a: Any, b: Any) -> Any:
        """Multiply."""
        exact = isinstance(a, Fraction) and isinstance(b, Fraction)
        return a * b if exact else self.lift(a) * self.lift(b)

    def pow(self, x: Any, exponent: Fraction) -> Any:
        """Raise to an exact rational power."""
        if isinstance(x, Fraction) and exponent.denominator == 1 and abs(exponent) <= _EXACT_POWER:
            if x or exponent >= 0:
                return x ** int(exponent)
            return self.constant("inf")
        return self.rational_power(self.lift(x), exponent)

    def logb(self, x: Any, base: int) -> Any:
        """Logarithm to an integer base, exact at its powers."""
        if isinstance(x, Fraction) and x > 0:
            power = _exact_log(x, base)
            if power is not None:
                return Fraction(power)
        return self.mul(self.apply("log", x), self.pow(self.apply("log", Fraction(base)), Fraction(-1)))

    def apply(self, name: str, *args: Any) -> Any:
        """Apply a function, exactly where its argument is rational and its value is known."""
        if len(args) == 1 and isinstance(args[0], Fraction) and name in _ON_RATIONALS:
            return Fraction(_ON_RATIONALS[name](args[0]))
        return self.function(name, *map(self.lift, args))

    def relation(self, op: str, a: Any, b: Any) -> bool | None:
        """Decide a relation."""
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return _RELATIONS[op](a, b)
        return self.compare(op, self.lift(a), self.lift(b))

    def extreme(self, name: str, a: Any, b: Any) -> Any:
        """Return the smaller or the larger of two."""
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return min(a, b) if name == "min" else max(a, b)
        return self.function(name, self.lift(a), self.lift(b))

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
_ON_RATIONALS: dict[str, Callable[[Fraction], Any]] = {
    "floor": floor,
    "ceiling": ceil,
    "abs": abs,
    "sign": lambda x: (x > 0) - (x < 0),
}


def _exact_log(x: Fraction, base: int) -> int | None:
    if x < 1:
        inverse = _exact_log(1 / x, base)
        return None if inverse is None else -inverse
    if x.denominator != 1:
        return None
    number, power = x.numerator, 0
    while number % base == 0:
        number, power = number // base, power + 1
    return power if number == 1 else None


def _and(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    return True if a is True or b is True else None if a is None or b is None else False


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


def walk(root: Node, inputs: Sequence[Any], arithmetic: Arithmetic) -> Any:
    """Evaluate a node; inputs are single numbers or object arrays that broadcast (Fraction, or float if not finite)."""
    values: dict[int, Any] = {}
    for node in topological(root):
        values[id(node)] = _step(node, [values[id(a)] for a in node.args], inputs, arithmetic)
    return values[id(root)]


def _step(node: Node, args: list[Any], inputs: Sequence[Any], arithmetic: Arithmetic) -> Any:
    op = node.op
    value: Any = node.value
    if op == "symbol":
        return _each(lambda x: _special(x, arithmetic), inputs[value])
    if op == "number":
        return value
    if op == "constant":
        return arithmetic.constant(str(value))
    if op in ("true", "false"):
        return op == "true"
    function = _function(op, value, arithmetic)
    if op in _FOLDED:
        return reduce(lambda a, b: _each(function, a, b), args)
    return _each(function, *args)


_FOLDED = frozenset({"add", "mul", "min", "max", "and", "or"})


def _function(op: str, value: Any, arithmetic: Arithmetic) -> Callable[..., Any]:
    if op in ("min", "max"):
        return lambda a, b: arithmetic.extreme(op, a, b)
    if op in _RELATIONS:
        return lambda a, b: arithmetic.relation(op, a, b)
    if op in ("pow", "logb"):
        return lambda x: getattr(arithmetic, op)(x, value)
    if op == "lambertw":
        return lambda x: arithmetic.function(f"lambertw{value}", arithmetic.lift(x))
    fixed: dict[str, Callable[..., Any]] = {
        "add": arithmetic.add,
        "mul": arithmetic.mul,
        "select": arithmetic.select,
        "and": _and,
        "or": _or,
        "not": _not,
    }
    return fixed.get(op) or (lambda *args: arithmetic.apply(op, *args))


def _special(x: Any, arithmetic: Arithmetic) -> Any:
    """Return an input as a number of the arithmetic: infinities and NaN are no rationals."""
    if isinstance(x, Fraction):
        return x
    return arithmetic.constant("nan" if x != x else "inf" if x == inf else "-inf")


def _each(function: Callable[..., Any], *operands: Any) -> Any:
    if any(isinstance(x, np.ndarray) for x in operands):
        return np.frompyfunc(function, len(operands), 1)(*operands)
    return function(*operands)
