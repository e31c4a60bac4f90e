"""Enclosures of expressions at points and on boxes, with the special functions that claims have; exact rationals stay exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from boundcalc.arithmetic.balls import ArbEnds, as_fraction
from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.intervals import IntervalArithmetic, Range, Undefined
from boundcalc.arithmetic.nodes import Node, Pool
from boundcalc.arithmetic.walk import Arithmetic, values_of
from boundcalc.errors import InvalidInputError, MissingExtraError

__all__ = ["Enclosing", "Power", "enclose", "node_of", "number_ends", "precision", "ranges", "sure"]

#: Where the gamma function and its logarithm are smallest on (0, oo), and what they are at least.
_TURN, _LEAST = Fraction(146163, 100000), {"gamma": Fraction(8856, 10000), "loggamma": Fraction(-12149, 100000)}
_EXTRA = {sympy.sinh: "sinh", sympy.cosh: "cosh", sympy.tanh: "tanh", sympy.atan: "atan", sympy.gamma: "gamma"}


@dataclass(frozen=True)
class Power:
    """A coordinate ``sign * 10**exponent`` that is never written out."""

    exponent: int
    sign: int = 1

    def __str__(self) -> str:
        return f"{'-' if self.sign < 0 else ''}1e{self.exponent}"


@lru_cache(maxsize=4096)
def node_of(expr: sympy.Expr, symbols: tuple[sympy.Symbol, ...]) -> Node:
    """Return an expression as nodes.

    Raises
    ------
    Undefined
        If it has a function that is not known here.
    """
    pool = Pool()
    inner = {symbol: place for place, symbol in enumerate(symbols)}

    def unknown(part: Any) -> Node:
        def go(arg: Any) -> Node:
            if arg in inner:
                return pool.make("symbol", value=inner[arg])
            return convert(arg, symbols, pool, unknown=unknown)

        if part.func in _EXTRA:
            return pool.make(_EXTRA[part.func], go(part.args[0]))
        if isinstance(part, sympy.harmonic) and len(part.args) == 1:
            above = pool.add(go(part.args[0]), pool.number(1))
            return pool.add(pool.make("digamma", above), pool.make("constant", value="euler"))
        if isinstance(part, sympy.polygamma) and part.args[0] == 0:
            return pool.make("digamma", go(part.args[1]))
        raise InvalidInputError(f"{part.func.__name__} is not known")

    try:
        return convert(expr, symbols, pool, unknown=unknown)
    except InvalidInputError as error:
        raise Undefined(str(error)) from None


class Enclosing(IntervalArithmetic):
    """Intervals with Arb ends beside exact rationals, strict: nothing that may be undefined has a value."""

    exact: Any = Fraction

    def __init__(self) -> None:
        super().__init__(ArbEnds(), strict=True)
        self.zero, self.one = self.lift(Fraction(0)), self.lift(Fraction(1))

    def rational(self, numerator: int, denominator: int) -> Any:
        """Return an exact rational."""
        return Fraction(numerator, denominator)

    def lift(self, x: Any) -> Any:
        """Return a rational as an interval."""
        return super().rational(x.numerator, x.denominator) if type(x) is Fraction else x

    def add(self, a: Any, b: Any) -> Any:
        """Add, exactly if both are exact."""
        return a + b if type(a) is type(b) is Fraction else super().add(self.lift(a), self.lift(b))

    def mul(self, a: Any, b: Any) -> Any:
        """Multiply, exactly if both are exact."""
        return a * b if type(a) is type(b) is Fraction else super().mul(self.lift(a), self.lift(b))

    def hull(self, a: Any, b: Any) -> Any:
        """Return what covers both."""
        return super().hull(self.lift(a), self.lift(b))

    def pow(self, x: Any, numerator: int, denominator: int) -> Any:
        """Raise to a rational power; 0 to a negative one is not defined."""
        if type(x) is Fraction and not x and numerator < 0:
            raise Undefined("division by 0")
        return super().pow(x, numerator, denominator)

    def on_exact(self, name: str, x: Any) -> Any:
        """Apply floor, ceiling, abs or sign to a rational."""
        return Arithmetic.on_exact(self, name, x)

    def logb(self, x: Any, base: int) -> Any:
        """Logarithm to an integer base, exact at its powers."""
        return Arithmetic.logb(self, x, base)

    def extreme(self, name: str, a: Any, b: Any) -> Any:
        """Return the smaller or larger of two."""
        if type(a) is type(b) is Fraction:
            return min(a, b) if name == "min" else max(a, b)
        return super().extreme(name, self.lift(a), self.lift(b))

    def _floor(self, x: Range) -> Range:
        high = self.ends.floor(x.high)
        if x.high_open and high == x.high and high.is_finite():
            high = (high - 1).upper()
        return Range(self.ends.floor(x.low), high)

    def _ceiling(self, x: Range) -> Range:
        return self._floor(x.negated()).negated()

    def _power(self, base: Range, exponent: Range) -> Range:
        if base.low == base.high == 0 and exponent.positive:
            return self.zero
        return super()._power(base, exponent)

    def _ball(self, x: Range) -> Any:
        if not (x.low.is_finite() and x.high.is_finite()):
            raise Undefined("an infinite argument")
        return x.low.union(x.high)

    def _rises(self, name: str, x: Range) -> Range:
        """Apply a function that rises, at both ends; its limits at infinity are given by ``_AT_INFINITY``."""
        below, above = _AT_INFINITY[name]
        low = self.ends.end(getattr(x.low, name)(), False) if x.low.is_finite() else self._limit(below)
        high = self.ends.end(getattr(x.high, name)(), True) if x.high.is_finite() else self._limit(above)
        return Range(low, high)

    def _limit(self, value: Fraction | int | None) -> Any:
        return (
            (self.ends.inf if value == 2 else -self.ends.inf)
            if value in (2, -2)
            else self.lift(Fraction(value or 0)).low
        )

    def _sinh(self, x: Range) -> Range:
        return self._rises("sinh", x)

    def _tanh(self, x: Range) -> Range:
        return self._rises("tanh", x)

    def _atan(self, x: Range) -> Range:
        return self._rises("atan", x)

    def _cosh(self, x: Range) -> Range:
        size = self._abs(x)
        low = self.ends.end(size.low.cosh(), False)
        return Range(low, self.ends.end(size.high.cosh(), True) if size.high.is_finite() else self.ends.inf)

    def _digamma(self, x: Range) -> Range:
        if not x.low > 0:
            raise Undefined("digamma of a number that may not be positive")
        return self._rises("digamma", x)

    def _gamma(self, x: Range) -> Range:
        return self._valley("gamma", "gamma", x)

    def _loggamma(self, x: Range) -> Range:
        return self._valley("loggamma", "lgamma", x)

    def _valley(self, name: str, own: str, x: Range) -> Range:
        """Apply a function that falls up to its least value and rises from there: its largest values are at the ends."""
        if not x.low > 0:
            raise Undefined(f"{name} of a number that may not be positive")
        turn = self.lift(_TURN + Fraction(1, 10**5)), self.lift(_TURN - Fraction(1, 10**5))
        balls = [getattr(end, own)() if end.is_finite() else end for end in (x.low, x.high)]
        below, above = ([self.ends.end(ball, up) for ball in balls] for up in (False, True))
        if x.low >= turn[0].high:
            return Range(below[0], above[1])
        if x.high <= turn[1].low:
            return Range(below[1], above[0])
        return Range(self.lift(_LEAST[name]).low, max(above))

    def _binomial(self, n: Range, k: Range) -> Range:
        """Enclose by gamma functions, at numbers 0 <= k <= n."""
        if not (k.low >= 0 and n.low >= k.high):
            raise Undefined("binomial coefficient beside Pascal's triangle")
        inside = self._ball(n), self._ball(k)
        ball = (inside[0] + 1).gamma() / ((inside[1] + 1).gamma() * (inside[0] - inside[1] + 1).gamma())
        if not ball.is_finite():
            raise Undefined("a binomial coefficient that is too wide")
        return Range(ball.lower(), ball.upper())


#: Limits at -oo and oo (pi/2 outwards), where 2 and -2 stand for infinity.
_AT_INFINITY: dict[str, tuple[Fraction | int | None, Fraction | int]] = {
    "sinh": (-2, 2),
    "tanh": (-1, 1),
    "atan": (Fraction(-11, 7), Fraction(11, 7)),
    "digamma": (None, 2),
}


@lru_cache(maxsize=1)
def _enclosing() -> Enclosing:
    return Enclosing()


def precision(bits: int) -> Any:
    """Return a context in which Arb numbers have that many bits."""
    return _enclosing().ends.precision(bits)


def enclose(expr: sympy.Expr, box: Mapping[sympy.Symbol, Any], *, bits: int = 64) -> Range:
    """Return an interval that holds all values on a box of ranges, rationals or numbers.

    Raises
    ------
    Undefined
        If it is not certain that the expression is real there, or a function is not known.
    MissingExtraError
        If python-flint is not installed.
    """
    balls = _enclosing()
    symbols = tuple(box)
    root = node_of(expr, symbols)
    with balls.ends.precision(bits):
        inputs = [_input(value, balls) for value in box.values()]
        try:
            return balls.lift(values_of(root, inputs, balls)[id(root)])
        except (ValueError, ZeroDivisionError, OverflowError, AttributeError) as error:
            raise Undefined(str(error)) from None


def _input(value: Any, balls: Enclosing) -> Any:
    if isinstance(value, Range | Fraction):
        return value
    if isinstance(value, Power):
        size = balls.rational_power(balls.lift(Fraction(10)), value.exponent, 1)
        return size if value.sign > 0 else size.negated()
    if isinstance(value, sympy.Rational | int):
        return Fraction(int(value.p), int(value.q)) if isinstance(value, sympy.Rational) else Fraction(value)
    node = node_of(value, ())
    return values_of(node, (), balls)[id(node)]


def number_ends(expr: sympy.Expr, bits: int = 192) -> tuple[sympy.Rational, sympy.Rational]:
    """Return rationals around a number.

    Raises
    ------
    Undefined
        If it has no enclosure.
    """
    found = enclose(expr, {}, bits=bits)
    if not (found.low.is_finite() and found.high.is_finite()):
        raise Undefined(f"{expr} has no enclosure")
    low, high = as_fraction(found.low), as_fraction(found.high)
    return sympy.Rational(low.numerator, low.denominator), sympy.Rational(high.numerator, high.denominator)


def ranges(box: Mapping[sympy.Symbol, Any]) -> dict[sympy.Symbol, Range]:
    """Return a case's box (low, high, low_open, high_open in rationals or infinities) as ranges."""
    balls = _enclosing()

    def end(value: sympy.Expr, up: bool) -> Any:
        if not value.is_Rational:
            return balls.ends.inf if value == sympy.oo else -balls.ends.inf
        return balls.ends.rational(Fraction(int(value.p), int(value.q)), up)

    return {s: Range(end(own.low, False), end(own.high, True), own.low_open, own.high_open) for s, own in box.items()}


def sure(expr: sympy.Expr, relation: str, box: Mapping[sympy.Symbol, Any]) -> bool:
    """Return whether ``expr relation 0`` (">", ">=" or "!=") is certain on a box, by one enclosure."""
    needed = {symbol: own for symbol, own in box.items() if symbol in expr.free_symbols}
    if expr.free_symbols - set(needed):
        return False
    try:
        found = enclose(expr, ranges(needed), bits=128)
    except (Undefined, MissingExtraError):
        return False
    if relation == "!=":
        return found.positive or found.negative
    return found.positive if relation == ">" else found.nonnegative
