"""Where an expression can lie: interval arithmetic, written once for every kind of ends.

Ends are floats rounded outwards (`boundcalc.arithmetic.floats`) or exact Arb numbers (`boundcalc.arithmetic.balls`). An open
end is not attained, which makes a range from 0 on positive. An infinite argument is outside every domain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from boundcalc.arithmetic.floats import FloatEnds
from boundcalc.arithmetic.nodes import Node
from boundcalc.arithmetic.walk import Arithmetic, values_of
from boundcalc.errors import InvalidInputError

__all__ = ["ANY", "FLOATS", "IntervalArithmetic", "Range", "Undefined", "range_of", "ranges_of", "value_on"]


class Undefined(Exception):
    """An expression is not certainly defined on a box."""


class Range(NamedTuple):
    """An interval of reals; an open end is not attained."""

    low: Any
    high: Any
    low_open: bool = False
    high_open: bool = False

    @property
    def positive(self) -> bool:
        """Whether all values are > 0."""
        return bool(self.low > 0 or (self.low == 0 and self.low_open))

    @property
    def nonnegative(self) -> bool:
        """Whether all values are >= 0."""
        return bool(self.low >= 0)

    @property
    def negative(self) -> bool:
        """Whether all values are < 0."""
        return bool(self.high < 0 or (self.high == 0 and self.high_open))

    @property
    def nonpositive(self) -> bool:
        """Whether all values are <= 0."""
        return bool(self.high <= 0)

    @property
    def sign(self) -> int:
        """1 for values >= 0, -1 for values <= 0, 0 if both can occur."""
        return 1 if self.nonnegative else -1 if self.nonpositive else 0

    def negated(self) -> Range:
        """Return the range of the negated values."""
        return Range(-self.high, -self.low, self.high_open, self.low_open)


class IntervalArithmetic(Arithmetic):
    """Ranges of results from ranges of operands.

    Parameters
    ----------
    ends : FloatEnds or ArbEnds
        The number type of the ends, with its rounding outwards.
    strict : bool
        Raise `Undefined` where an operation is not certainly real, rather than return what its real values span.
    """

    exact: Any = None  # the ends are rounded outwards: no other exact numbers beside them

    def __init__(self, ends: Any, *, strict: bool = False) -> None:
        self.ends, self._strict = ends, strict
        self.any = Range(-ends.inf, ends.inf)
        self.zero, self.one = self.rational(0, 1), self.rational(1, 1)

    def rational(self, numerator: int, denominator: int) -> Range:
        """Return what is next to a rational number."""
        value = Fraction(numerator, denominator)
        low, high = self.ends.rational(value, False), self.ends.rational(value, True)
        return Range(low, high, bool(low < high), bool(low < high))

    def constant(self, name: str) -> Range:
        """Return what is next to a named constant."""
        if name in ("inf", "-inf"):
            return Range(*(self.ends.inf if name == "inf" else -self.ends.inf,) * 2)
        if name == "nan":
            return self._undefined("nan")
        return Range(self.ends.constant(name, False), self.ends.constant(name, True), True, True)

    def lift(self, x: Any) -> Any:
        """Return a range as it is."""
        return x

    def add(self, a: Range, b: Range) -> Range:
        """Add two ranges."""
        low, high = self.ends.add(a.low, b.low, False), self.ends.add(a.high, b.high, True)
        return Range(low, high, a.low_open or b.low_open, a.high_open or b.high_open)

    def mul(self, a: Range, b: Range) -> Range:
        """Multiply: by magnitudes if every sign is known, else by the extreme products."""
        if a.sign and b.sign:
            product = self._magnitudes(*(r if r.nonnegative else r.negated() for r in (a, b)))
            return product if a.sign == b.sign else product.negated()
        corners = [[self.ends.mul(x, y, up) for x in a[:2] for y in b[:2]] for up in (False, True)]
        return Range(min(corners[0]), max(corners[1]))

    def _magnitudes(self, a: Range, b: Range) -> Range:
        low, high = self.ends.mul(a.low, b.low, False), self.ends.mul(a.high, b.high, True)
        low_open = a.positive and b.positive if low == 0 else a.low_open or b.low_open
        return Range(low, high, low_open, bool(high > 0) and (a.high_open or b.high_open))

    def reciprocal(self, a: Range) -> Range:
        """Return 1/a; of 0 alone, and where 0 lies inside, nothing is known."""
        if not a.nonnegative:
            return self.reciprocal(a.negated()).negated() if a.nonpositive else self._undefined("division by 0")
        if a.high == 0:
            return self._undefined("division by 0")
        infinite = a.high == self.ends.inf
        low = self.ends.inverse(a.high, False)
        high = self.ends.inverse(a.low, True) if a.low > 0 else self.ends.inf
        return Range(low, high, a.high_open or bool(infinite), a.low_open)

    def rational_power(self, x: Range, numerator: int, denominator: int) -> Range:
        """Raise to a rational power."""
        if numerator < 0:
            return self.reciprocal(self.rational_power(x, -numerator, denominator))
        exponent = Fraction(numerator, denominator)
        if x.low < 0:
            if denominator == 1:
                return self._whole_power(x, exponent)
            x = self._cut(x, "root of a number that may be negative")
        return self._raised(x, exponent)

    def _whole_power(self, x: Range, exponent: Fraction) -> Range:
        if exponent.numerator % 2:
            return self._raised(x, exponent)
        if x.nonpositive:
            return self._raised(x.negated(), exponent)
        return self._raised(Range(self.zero.low, max(-x.low, x.high)), exponent)

    def _raised(self, x: Range, exponent: Fraction) -> Range:
        low, high = self.ends.power(x.low, exponent, False), self.ends.power(x.high, exponent, True)
        return Range(low, high, x.low_open, x.high_open)

    def _cut(self, x: Range, problem: str) -> Range:
        """Cut off what is below 0, where the operation is not real."""
        if self._strict:
            raise Undefined(problem)
        return Range(max(x.low, self.zero.low), max(x.high, self.zero.low), False, x.high_open)

    def _undefined(self, problem: str) -> Range:
        if self._strict:
            raise Undefined(problem)
        return self.any

    def on_exact(self, name: str, x: Any) -> Any:
        """Never called: there are no exact numbers beside the ends."""
        raise NotImplementedError

    def function(self, name: str, *args: Range) -> Range:
        """Apply a function to ranges; of one that is not known here any real number is a value."""
        own: Callable[..., Range] | None = getattr(self, f"_{name}", None)
        return own(*args) if own else self._undefined(name)

    def logb(self, x: Range, base: int) -> Range:
        """Logarithm to an integer base."""
        return self.mul(self._log(x), self.reciprocal(self._log(self.rational(base, 1))))

    def _log(self, x: Range) -> Range:
        if x.low < 0:
            x = self._cut(x, "logarithm of a number that may be negative")
        if self._strict and x.high == 0:
            raise Undefined("logarithm of 0")
        return Range(self.ends.log(x.low, False), self.ends.log(x.high, True), x.low_open, x.high_open)

    def _exp(self, x: Range) -> Range:
        low, high = self.ends.exp(x.low, False), self.ends.exp(x.high, True)
        return Range(low, high, bool(low == 0) or x.low_open, x.high_open)

    def _power(self, base: Range, exponent: Range) -> Range:
        """Raise to a power that varies, by logarithms."""
        if self._strict and not base.positive:
            raise Undefined("power of a number that may not be positive")
        return self._exp(self.mul(exponent, self._log(base))) if base.nonnegative else self.any

    def _kl(self, q: Range, p: Range) -> Range:
        """Relative entropy: convex and 0 on the diagonal, so largest at a corner, smallest next to the diagonal."""
        q, p = self._within(q), self._within(p)
        if self._strict and ((p.high == 0 and q.low > 0) or (p.low == self.one.low and q.high < p.low)):
            raise Undefined("relative entropy from a number that is 0 or 1")
        near = (q.high, p.low) if q.high < p.low else (q.low, p.high) if p.high < q.low else None
        low = self.ends.kl(*near, False) if near else self.zero.low
        return Range(low, max(self.ends.kl(q.low, p.high, True), self.ends.kl(q.high, p.low, True)))

    def _kl_inverse(self, q: Range, a: Range) -> Range:
        """Inverse of the relative entropy: rises in both."""
        q = self._within(q)
        if a.low < 0:
            a = self._cut(a, "relative entropy that may be negative")
        low, high = self.ends.kl_inverse(q.low, a.low, False), self.ends.kl_inverse(q.high, a.high, True)
        return Range(low, high, bool(low < self.one.low) and (q.low_open or a.low_open))

    def _within(self, x: Range) -> Range:
        """Cut off what is beyond 0 and 1, where relative entropies are not defined."""
        zero, one = self.zero.low, self.one.low
        if zero <= x.low and x.high <= one:
            return x
        if self._strict:
            raise Undefined("relative entropy of a number that may lie outside [0, 1]")
        low, high = min(max(x.low, zero), one), max(min(x.high, one), zero)
        return Range(low, high, x.low_open and bool(low == x.low), x.high_open and bool(high == x.high))

    def _loggamma(self, x: Range) -> Range:
        """From 2 on it rises; elsewhere nothing is said."""
        if x.low < 2:
            return self._undefined("loggamma below 2")
        return Range(self.ends.loggamma(x.low, False), self.ends.loggamma(x.high, True), x.low_open, x.high_open)

    def _floor(self, x: Range) -> Range:
        return Range(self.ends.floor(x.low), self.ends.floor(x.high))

    def _ceiling(self, x: Range) -> Range:
        return Range(self.ends.ceiling(x.low), self.ends.ceiling(x.high))

    def _abs(self, x: Range) -> Range:
        if x.sign:
            return x if x.nonnegative else x.negated()
        return Range(self.zero.low, max(-x.low, x.high))

    def _sign(self, x: Range) -> Range:
        minus = self.one.negated().low
        low = self.one.low if x.positive else self.zero.low if x.nonnegative else minus
        high = minus if x.negative else self.zero.low if x.nonpositive else self.one.low
        return Range(low, high)

    def extreme(self, name: str, a: Range, b: Range) -> Range:
        """Return the range of the smaller or the larger of two."""
        if name == "max":
            return self.extreme("min", a.negated(), b.negated()).negated()
        low, high = min(a.low, b.low), min(a.high, b.high)
        return Range(low, high, _everywhere_open(low, a, b), any(r.high_open for r in (a, b) if r.high == high))

    def hull(self, a: Range, b: Range) -> Range:
        """Return what covers both."""
        low, high = min(a.low, b.low), max(a.high, b.high)
        return Range(low, high, _everywhere_open(low, a, b), _everywhere_open(-high, a.negated(), b.negated()))

    def compare(self, op: str, a: Any, b: Any) -> bool | None:
        """Decide a relation of ranges; None where it depends on the values."""
        if op in ("eq", "ne"):
            if a.low == a.high == b.low == b.high:
                return op == "eq"
            apart = self.compare("lt", a, b) or self.compare("lt", b, a)
            return (op == "ne") if apart else None
        strictly = a.high < b.low or (a.high == b.low and (a.high_open or b.low_open))
        holds = strictly if op == "lt" else a.high <= b.low
        fails = b.high <= a.low if op == "lt" else b.high < a.low or (b.high == a.low and (b.high_open or a.low_open))
        return True if holds else False if fails else None


def _everywhere_open(low: Any, *ranges: Range) -> bool:
    return all(r.low_open for r in ranges if r.low == low)


def value_on(expr: Any, box: Mapping[Any, Range], arithmetic: IntervalArithmetic) -> Range:
    """Return an interval that holds all values of an expression on a box, in strict arithmetic.

    Raises
    ------
    Undefined
        If it is not certain that the expression is real on the whole box, or a function is not known.
    """
    from boundcalc.arithmetic.convert import node_of  # SymPy: intervals of programs do without

    try:
        node = node_of(expr, tuple(box))
    except InvalidInputError as error:
        raise Undefined(str(error)) from None
    found = values_of(node, list(box.values()), arithmetic)[id(node)]
    return found if isinstance(found, Range) else arithmetic.any


FLOATS = IntervalArithmetic(FloatEnds())
ANY = FLOATS.any


def ranges_of(root: Node, symbols: Sequence[Range], known: dict[int, Any] | None = None) -> dict[int, Any]:
    """Return the range of every subexpression by the node's id (of a condition its truth value, None if it depends)."""
    return values_of(root, symbols, FLOATS, known)


def range_of(op: str, value: Any, args: Sequence[Any]) -> Any:
    """Return where the result of a program's instruction lies."""
    rule = _INSTRUCTIONS.get(op)
    if rule is not None:
        return rule(value, *args)
    return FLOATS.operation(op, value)(*args)


_INSTRUCTIONS: dict[str, Callable[..., Any]] = {
    "sub": lambda _, a, b: FLOATS.add(a, b.negated()),
    "neg": lambda _, a: a.negated(),
    "div": lambda _, a, b: FLOATS.mul(a, FLOATS.reciprocal(b)),
    "recip": lambda _, a: FLOATS.reciprocal(a),
    "square": lambda _, a: FLOATS.rational_power(a, 2, 1),
    "sqrt": lambda _, a: FLOATS.rational_power(a, 1, 2),
    "where": lambda _, *args: FLOATS.select(*args),
    **dict.fromkeys(("powi", "powr"), lambda p, a: FLOATS.rational_power(a, *Fraction(p).as_integer_ratio())),
    "floor_logb": lambda base, a: FLOATS.apply("floor", FLOATS.logb(a, base)),
    "ceiling_logb": lambda base, a: FLOATS.apply("ceiling", FLOATS.logb(a, base)),
}
