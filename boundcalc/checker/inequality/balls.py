"""Interval arithmetic on Arb numbers: every result holds the true values, whatever the rounding.

An interval is a pair of exact Arb numbers, its ends; they may be infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

from boundcalc.errors import require

__all__ = ["Balls", "Undefined"]


class Undefined(Exception):
    """An expression is not certainly defined on a box."""


Interval = tuple[Any, Any]


class Balls:
    """Evaluates expressions on boxes; ``precision`` in bits is that of ``at_point``."""

    def __init__(self, *, precision: int = 53) -> None:
        self.flint = require("flint", extra="rigor", purpose="interval arithmetic")
        self.arb = self.flint.arb
        self.precision = precision
        self.zero, self.infinity = self.arb(0), self.arb("inf")

    def rational(self, value: sympy.Expr) -> Interval:
        """Enclose a rational number or an infinity."""
        if value is sympy.oo:
            return self.infinity, self.infinity
        if value is -sympy.oo:
            return -self.infinity, -self.infinity
        ball = self.arb(self.flint.fmpq(int(value.p), int(value.q)))
        return ball.lower(), ball.upper()

    def at_point(self, expr: sympy.Expr, point: Mapping[sympy.Symbol, sympy.Expr]) -> Interval:
        """Return an interval that holds the value at a point of rational numbers.

        Raises
        ------
        Undefined
            As for ``value``.
        """
        with self.flint.ctx.workprec(self.precision):
            return self.value(expr, {symbol: self.rational(value) for symbol, value in point.items()})

    def value(self, expr: sympy.Expr, box: Mapping[sympy.Symbol, Interval]) -> Interval:
        """Return an interval that holds all values of an expression on a box.

        Raises
        ------
        Undefined
            If it is not certain that the expression is real on the whole box, or its kind is unknown.
        """
        if expr.is_Rational:
            return self.rational(expr)
        if expr.is_Symbol:
            return box[expr]
        if isinstance(expr, sympy.Add):
            return self._sum([self.value(arg, box) for arg in expr.args])
        if isinstance(expr, sympy.Mul):
            return self._product([self.value(arg, box) for arg in expr.args])
        if isinstance(expr, sympy.Pow):
            return self._power(expr, box)
        return self._function(expr, box)

    def _sum(self, parts: list[Interval]) -> Interval:
        low, high = parts[0]
        for other_low, other_high in parts[1:]:
            low, high = (low + other_low).lower(), (high + other_high).upper()
        return self._checked(low, high)

    def _product(self, parts: list[Interval]) -> Interval:
        low, high = parts[0]
        for other in parts[1:]:
            corners = [self._times(a, b) for a in (low, high) for b in other]
            low, high = corners[0].lower(), corners[0].upper()
            for corner in corners[1:]:
                low = corner.lower() if corner.lower() < low else low
                high = corner.upper() if corner.upper() > high else high
        return self._checked(low, high)

    def _times(self, a: Any, b: Any) -> Any:
        # 0 times an end at infinity: the factor is 0 itself, or tends to it from finite values; 0 is the corner.
        return self.zero if a == 0 or b == 0 else a * b

    def _checked(self, low: Any, high: Any) -> Interval:
        if low.is_nan() or high.is_nan():
            raise Undefined("not a number")
        return low, high

    def _power(self, expr: sympy.Pow, box: Mapping[sympy.Symbol, Interval]) -> Interval:
        base, exponent = expr.args
        if not exponent.is_Rational:
            if base == sympy.E:
                return self._monotone(self.value(exponent, box), "exp")
            low, high = self.value(base, box)
            if not low > 0:
                raise Undefined(str(expr))
            power = self._product([self.value(exponent, box), self._monotone((low, high), "log")])
            return self._monotone(power, "exp")
        low, high = self.value(base, box)
        if exponent.is_Integer and exponent > 0:
            return self._integer_power(low, high, int(exponent))
        if exponent < 0:
            inner = (
                self._integer_power(low, high, -int(exponent))
                if exponent.is_Integer
                else self._fraction(low, high, -exponent)
            )
            return self._reciprocal(*inner)
        return self._fraction(low, high, exponent)

    def _integer_power(self, low: Any, high: Any, power: int) -> Interval:
        ends = [self._raised(low, power), self._raised(high, power)]
        if power % 2 or low >= 0:
            return ends[0].lower(), ends[1].upper()
        if high <= 0:
            return ends[1].lower(), ends[0].upper()
        top = ends[0].upper() if ends[0].upper() > ends[1].upper() else ends[1].upper()
        return self.zero, top

    def _raised(self, value: Any, power: int) -> Any:
        if not value.is_finite():
            return value if power % 2 else self.infinity
        return value**power

    def _reciprocal(self, low: Any, high: Any) -> Interval:
        if low < 0 < high:
            raise Undefined("division by an interval around 0")
        first = self.infinity if high == 0 and low >= 0 else (-self.infinity if high == 0 else self._inverse(high))
        second = self.infinity if low == 0 else self._inverse(low)
        if low == 0 and high == 0:
            raise Undefined("division by 0")
        return self._checked(first.lower(), second.upper())

    def _inverse(self, value: Any) -> Any:
        return self.zero if not value.is_finite() else 1 / value

    def _fraction(self, low: Any, high: Any, exponent: sympy.Rational) -> Interval:
        if not low >= 0:
            raise Undefined("root of a number that may be negative")
        ends = []
        for end in (low, high):
            if not end.is_finite():
                ends.append(self.infinity)
            elif end == 0:
                ends.append(self.zero)
            elif exponent.q == 2:
                ends.append(end.sqrt() ** int(exponent.p))
            else:
                ends.append(end ** self.arb(self.flint.fmpq(int(exponent.p), int(exponent.q))))
        return self._checked(ends[0].lower(), ends[1].upper())

    def _monotone(self, interval: Interval, name: str) -> Interval:
        low, high = interval
        if name == "exp":
            first = self.zero if not low.is_finite() and low < 0 else low.exp()
            second = self.zero if not high.is_finite() and high < 0 else high.exp()
        else:
            if not low >= 0 or not high > 0:
                raise Undefined("logarithm of a number that may be negative")
            first = -self.infinity if low == 0 else low.log()
            second = self.infinity if not high.is_finite() else high.log()
        return self._checked(first.lower(), second.upper())

    def _function(self, expr: sympy.Expr, box: Mapping[sympy.Symbol, Interval]) -> Interval:
        if isinstance(expr, sympy.log) or isinstance(expr, sympy.exp):
            return self._monotone(self.value(expr.args[0], box), "log" if isinstance(expr, sympy.log) else "exp")
        if isinstance(expr, sympy.Min | sympy.Max):
            inner = [self.value(arg, box) for arg in expr.args]
            pick = min if isinstance(expr, sympy.Min) else max
            return pick((low for low, _ in inner)), pick((high for _, high in inner))
        if isinstance(expr, sympy.Abs):
            low, high = self.value(expr.args[0], box)
            if low >= 0:
                return low, high
            return (-high, -low) if high <= 0 else (self.zero, max(-low, high))
        if isinstance(expr, sympy.floor | sympy.ceiling):
            low, high = self.value(expr.args[0], box)
            rounded = [end.floor() if isinstance(expr, sympy.floor) else end.ceil() for end in (low, high)]
            return self._checked(rounded[0].lower(), rounded[1].upper())
        if expr.is_number:
            number = sympy.N(expr, 30)
            if number.is_Float:
                ball = self.arb(str(number)) + self.arb(0, 1e-25) * (1 + abs(float(number)))
                return ball.lower(), ball.upper()
        raise Undefined(str(expr))
