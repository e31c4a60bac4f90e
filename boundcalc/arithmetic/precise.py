"""High precision by mpmath: working precision grows until the digits asked for no longer change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from boundcalc.arithmetic.entropy_points import kl_inverse_precisely, kl_precisely
from boundcalc.arithmetic.nodes import Node
from boundcalc.arithmetic.walk import Arithmetic, walk

__all__ = ["evaluate_precisely"]

_GUARD = 20  # decimal digits beyond those asked for
_ROUNDS = 5


def evaluate_precisely(root: Node, inputs: Sequence[Any], *, digits: int) -> Any:
    """Evaluate a node to a number of decimal digits.

    Parameters
    ----------
    root : Node
        Expression.
    inputs : sequence
        For each argument a Fraction, float or int, or an object array of them.
    digits : int
        Decimal digits that are right in each cell. A cell that is exactly zero, but only through
        cancellation, comes back as a tiny number.

    Returns
    -------
    mpmath.mpf or numpy.ndarray of mpmath.mpf
    """
    agree = np.frompyfunc(lambda a, b: _agree(a, b, digits), 2, 1)
    working = digits + _GUARD
    previous = walk(root, inputs, MpArithmetic(working))
    for _ in range(_ROUNDS):
        working += max(_GUARD, working // 2)
        current = walk(root, inputs, MpArithmetic(working))
        if np.all(agree(previous, current)):
            break
        previous = current
    context = MpArithmetic(digits)
    return np.frompyfunc(lambda x: mpmath.mp.make_mpf((+context.lift(x))._mpf_), 1, 1)(current)


def _agree(a: Any, b: Any, digits: int) -> bool:
    if a == b or (a != a and b != b):
        return True
    if isinstance(a, Fraction) or isinstance(b, Fraction) or not (mpmath.isfinite(a) and mpmath.isfinite(b)):
        return False
    return abs(a - b) * 10 ** (digits + 2) <= abs(b)


class MpArithmetic(Arithmetic):
    """Numbers of an mpmath context of its own.

    Two values that agree to nearly all working digits are taken as equal in relations and below floor and
    ceiling: an irrational that close to a decision is not met, a rounded rational is.
    """

    def __init__(self, digits: int) -> None:
        self.context = mpmath.MPContext()
        self.context.dps = digits
        self._near = self.context.mpf(10) ** -(digits - 8)
        nan, inf = self.context.nan, self.context.inf
        self._constants = {"nan": nan, "inf": inf, "-inf": -inf}

    def lift(self, x: Any) -> Any:
        """Return a Fraction as a big float."""
        return self.context.mpf(x.numerator) / x.denominator if type(x) is Fraction else x

    def add(self, a: Any, b: Any) -> Any:
        """Add; exact if both are."""
        return a + b if type(a) is Fraction and type(b) is Fraction else self.lift(a) + self.lift(b)

    def mul(self, a: Any, b: Any) -> Any:
        """Multiply; exact if both are."""
        return a * b if type(a) is Fraction and type(b) is Fraction else self.lift(a) * self.lift(b)

    def constant(self, name: str) -> Any:
        """Return a named constant."""
        return self._constants[name] if name in self._constants else +getattr(self.context, name)

    def hull(self, a: Any, b: Any) -> Any:
        """Return NaN: a relation is open only where an operand is NaN."""
        return self.context.nan

    def compare(self, op: str, a: Any, b: Any) -> bool:
        """Decide a relation; as in IEEE arithmetic NaN satisfies only ``ne``."""
        if a != a or b != b:
            return op == "ne"
        equal = a == b or (self._finite(a, b) and abs(a - b) <= self._near * max(abs(a), abs(b)))
        return bool({"lt": not equal and a < b, "le": equal or a < b, "eq": equal, "ne": not equal}[op])

    def rational_power(self, x: Any, numerator: int, denominator: int) -> Any:
        """Raise to a rational power: NaN for negative numbers unless the exponent is an integer."""
        if denominator == 1:
            return x**numerator if x or numerator > 0 else self.context.inf
        if x < 0:
            return self.context.nan
        if not x:
            return x if numerator > 0 else self.context.inf
        exponent = self.context.mpf(numerator) / denominator
        return self.context.sqrt(x) ** numerator if denominator == 2 else x**exponent

    def function(self, name: str, *args: Any) -> Any:
        """Apply a function to big floats: NaN outside its real domain."""
        if any(x != x for x in args):
            return self.context.nan
        own: Callable[..., Any] | None = getattr(self, f"_{name}", None)
        try:
            value = own(*args) if own else getattr(self.context, name)(*args)
        except (ValueError, OverflowError, ZeroDivisionError, NotImplementedError):
            return self.context.nan
        return value if isinstance(value, self.context.mpf) else self.context.nan

    def _finite(self, *args: Any) -> bool:
        return all(self.context.isfinite(x) for x in args)

    def _log(self, x: Any) -> Any:
        return self.context.log(x) if x > 0 else -self.context.inf if x == 0 else self.context.nan

    def _abs(self, x: Any) -> Any:
        return abs(x)

    def _min(self, a: Any, b: Any) -> Any:
        return a if a <= b else b

    def _max(self, a: Any, b: Any) -> Any:
        return a if a >= b else b

    def _floor(self, x: Any) -> Any:
        return self._whole(x) or self.context.floor(x)

    def _ceiling(self, x: Any) -> Any:
        return self._whole(x) or self.context.ceil(x)

    def _whole(self, x: Any) -> Any:
        """Return the integer next to x if x is that integer up to rounding, an infinite x, or None."""
        if not self.context.isfinite(x):
            return x
        whole = self.context.nint(x)
        return whole if whole and abs(x - whole) <= self._near * abs(x) else None

    def _sign(self, x: Any) -> Any:
        return self.context.mpf((x > 0) - (x < 0))

    def _power(self, base: Any, exponent: Any) -> Any:
        return self.context.power(base, exponent)

    def _kl(self, q: Any, p: Any) -> Any:
        return kl_precisely(self.context, self._in_unit(q), self._in_unit(p))

    def _kl_inverse(self, q: Any, a: Any) -> Any:
        return kl_inverse_precisely(self.context, self._in_unit(q), a)

    def _in_unit(self, x: Any) -> Any:
        """Return a number without what rounding has put it beyond 0 or 1."""
        return min(max(x, 0), 1) if -self._near <= x <= 1 + self._near else x

    def _loggamma(self, x: Any) -> Any:
        return self.context.loggamma(x) if x > 0 else self.context.nan
