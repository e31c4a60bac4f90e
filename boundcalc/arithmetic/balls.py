"""Arb balls: values of expressions with their error, and ends of intervals rounded outwards."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf, nan, nextafter
from typing import Any

from boundcalc.arithmetic.entropy_points import kl_ball, kl_inverse_ball
from boundcalc.arithmetic.nodes import Node
from boundcalc.arithmetic.walk import Arithmetic, walk
from boundcalc.errors import require

__all__ = ["ArbEnds", "BallArithmetic", "as_fraction", "exact_ends"]


def exact_ends(node: Node, bits: int) -> tuple[Fraction, Fraction]:
    """Return rationals around the value of a node without symbols.

    Raises
    ------
    TypeError
        If its ball is not finite.
    """
    import flint

    with flint.ctx.workprec(bits):
        arithmetic = BallArithmetic()
        ball = arithmetic.lift(walk(node, (), arithmetic))
        if not ball.is_finite():
            raise TypeError("not a real number that can be enclosed")
        return as_fraction(ball.lower()), as_fraction(ball.upper())


def as_fraction(x: Any) -> Fraction:
    """Return an exact Arb number as a rational."""
    mantissa, exponent = map(int, x.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


class ArbEnds:
    """Ends of intervals as exact Arb numbers; ``up`` says to which side a result is rounded."""

    def __init__(self) -> None:
        self._flint = require("flint", extra="rigor", purpose="interval arithmetic")
        self._arb = self._flint.arb
        self.inf, self._zero = self._arb("inf"), self._arb(0)

    def precision(self, bits: int) -> Any:
        """Return a context in which numbers have that many bits (53 outside of it)."""
        return self._flint.ctx.workprec(bits)

    def end(self, ball: Any, up: bool) -> Any:
        """Return an end of a ball; of one that is not finite (overflow, or undefined) nothing is known."""
        if ball.is_finite():
            return ball.upper() if up else ball.lower()
        if not ball.is_nan() and ball.is_exact():
            return ball
        return self.inf if up else -self.inf

    def rational(self, value: Fraction, up: bool) -> Any:
        """Return what is next to a rational number."""
        return self.end(self._arb(self._flint.fmpq(value.numerator, value.denominator)), up)

    def constant(self, name: str, up: bool) -> Any:
        """Return what is next to a named constant."""
        return self.end(BallArithmetic().constant(name), up)

    def add(self, a: Any, b: Any, up: bool) -> Any:
        """Add; of infinities that cancel nothing is known."""
        total = a + b
        return self.end(total, up) if not total.is_nan() else self.inf if up else -self.inf

    def mul(self, a: Any, b: Any, up: bool) -> Any:
        """Multiply; 0 times an infinite end is 0, which is what finite values tend to."""
        return self._zero if a == 0 or b == 0 else self.end(a * b, up)

    def inverse(self, a: Any, up: bool) -> Any:
        """Return 1/a of a number that is not 0."""
        return self.end(1 / a, up) if a.is_finite() else self._zero

    def power(self, a: Any, exponent: Fraction, up: bool) -> Any:
        """Raise a number to a positive power; below 0 only to an integer one."""
        if not a.is_finite():
            return a if exponent.numerator % 2 else self.inf
        if a == 0:
            return self._zero
        if exponent.denominator == 1:
            return self.end(a**exponent.numerator, up)
        if exponent.denominator == 2:
            return self.end(a.sqrt() ** exponent.numerator, up)
        return self.end(a ** self._arb(self._flint.fmpq(exponent.numerator, exponent.denominator)), up)

    def log(self, a: Any, up: bool) -> Any:
        """Return the logarithm of a nonnegative number."""
        return -self.inf if a == 0 else self.end(a.log(), up) if a.is_finite() else self.inf

    def exp(self, a: Any, up: bool) -> Any:
        """Return the exponential."""
        return self.end(a.exp(), up) if a.is_finite() else self.inf if a > 0 else self._zero

    def kl(self, q: Any, p: Any, up: bool) -> Any:
        """Return the relative entropy of numbers in [0, 1]."""
        return self.end(kl_ball(q, p), up)

    def kl_inverse(self, q: Any, a: Any, up: bool) -> Any:
        """Return the inverse of the relative entropy, for q in [0, 1] and a nonnegative a."""
        return self.end(kl_inverse_ball(q, a), up)

    def loggamma(self, a: Any, up: bool) -> Any:
        """Return the logarithm of the gamma function from 2 on, where it rises from 0."""
        return self.end(a.lgamma(), up) if a.is_finite() else a

    def floor(self, a: Any) -> Any:
        """Return the largest integer that is no larger."""
        return a.floor().lower() if a.is_finite() else a

    def ceiling(self, a: Any) -> Any:
        """Return the smallest integer that is no smaller."""
        return a.ceil().upper() if a.is_finite() else a


class BallArithmetic(Arithmetic):
    """Arb balls at the context's precision; NaN where an operation is not defined on the whole ball."""

    def __init__(self) -> None:
        import flint

        self._arb, self._fmpq = arb, self.exact = flint.arb, flint.fmpq
        self._nan, self._everything = arb.nan(), arb(0, inf)
        constants = {"pi": arb.pi, "e": arb.const_e, "euler": arb.const_euler, "catalan": arb.const_catalan}
        constants |= {"inf": arb.pos_inf, "-inf": arb.neg_inf}
        self._constants = {**{name: make() for name, make in constants.items()}, "nan": self._nan}

    def rational(self, numerator: int, denominator: int) -> Any:
        """Return one of FLINT's rationals."""
        return self._fmpq(numerator, denominator)

    def lift(self, x: Any) -> Any:
        """Return a rational as a ball."""
        return self._arb(x) if type(x) is self._fmpq else x

    def on_exact(self, name: str, x: Any) -> Any:
        """Apply floor, ceiling, abs or sign to a rational."""
        if name in ("floor", "ceiling"):
            return self._fmpq(x.floor() if name == "floor" else x.ceil())
        return abs(x) if name == "abs" else self._fmpq((x > 0) - (x < 0))

    def constant(self, name: str) -> Any:
        """Return a named constant."""
        return self._constants[name]

    def hull(self, a: Any, b: Any) -> Any:
        """Return the union of two balls."""
        a, b = self.lift(a), self.lift(b)
        return self._nan if a.is_nan() or b.is_nan() else a.union(b)

    def compare(self, op: str, a: Any, b: Any) -> bool | None:
        """Decide a relation of balls; None where they overlap or are undefined."""
        if a.is_nan() or b.is_nan():
            return None
        if op in ("eq", "ne"):
            equal = True if a.is_exact() and b.is_exact() and a == b else None if a.overlaps(b) else False
            return equal if op == "eq" or equal is None else not equal
        holds, fails = (a < b, b <= a) if op == "lt" else (a <= b, b < a)
        return True if holds else False if fails else None

    def power(self, numerator: int, denominator: int) -> Callable[[Any], Any]:
        """Return the function that raises to a rational power, with a short way for square roots of positive balls."""
        general = super().power(numerator, denominator)
        if denominator != 2 or abs(numerator) != 1:
            return general
        arb = self._arb
        if numerator < 0:
            return lambda x: 1 / x.sqrt() if type(x) is arb and x > 0 else general(x)
        return lambda x: x.sqrt() if type(x) is arb and x > 0 else general(x)

    def rational_power(self, x: Any, numerator: int, denominator: int) -> Any:
        """Raise to a rational power; a ball that reaches below 0 is cut there if the power needs it."""
        if numerator < 0:
            power = self.rational_power(x, -numerator, denominator)
            return self._constants["inf"] if power.is_zero() else 1 / power
        if denominator == 1:
            return x if numerator == 1 else x**numerator
        if x < 0 or x.is_nan():
            return self._nan
        base = x if x >= 0 else x.nonnegative_part()
        root = base.sqrt() if denominator == 2 else self._root(base, denominator)
        return root if numerator == 1 else root**numerator

    def _root(self, x: Any, degree: int) -> Any:
        return x.root(degree) if degree < 1 << 30 else self._nonzero_power(x, self.lift(self._fmpq(1, degree)))

    def _nonzero_power(self, x: Any, exponent: Any) -> Any:
        return (x.log() * exponent).exp() if x > 0 else x if x.is_zero() else self._everything

    def function(self, name: str, *args: Any) -> Any:
        """Apply a function to balls."""
        if any(x.is_nan() for x in args):
            return self._nan
        own = getattr(self, f"_{name}", None)
        return own(*args) if own else getattr(args[0], _ARB_NAMES.get(name, name))()

    def _min(self, a: Any, b: Any) -> Any:
        return a.min(b)

    def _max(self, a: Any, b: Any) -> Any:
        return a.max(b)

    def _abs(self, x: Any) -> Any:
        return abs(x)

    def _log(self, x: Any) -> Any:
        if x > 0:
            return x.log()
        return self._constants["-inf"] if x.is_zero() else self._nan if x < 0 else self._everything

    def _power(self, base: Any, exponent: Any) -> Any:
        return base**exponent

    def _binomial(self, n: Any, k: Any) -> Any:
        return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()

    def _kl(self, q: Any, p: Any) -> Any:
        return kl_ball(q, p)

    def _kl_inverse(self, q: Any, a: Any) -> Any:
        return kl_inverse_ball(q, a)

    def ends(self, x: Any) -> tuple[float, float]:
        """Return doubles around a ball."""
        x = self.lift(x)
        if x.is_nan():
            return nan, nan
        low, high = x.lower(), x.upper()
        below, above = float(low), float(high)
        return (
            below if below <= low or not low.is_finite() else nextafter(below, -inf),
            above if above >= high or not high.is_finite() else nextafter(above, inf),
        )


_ARB_NAMES = {"ceiling": "ceil", "sign": "sgn", "loggamma": "lgamma"}
