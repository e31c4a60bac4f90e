"""Numbers as they were meant: read exactly from any kind, compared exactly, rounded to doubles on a stated side."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from math import ceil, floor, inf, isfinite, nan
from numbers import Number, Rational
from typing import Any

import numpy as np
import sympy
from mpmath.libmp import to_rational

from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.nodes import Node, Pool
from boundcalc.arithmetic.rounding import rounded
from boundcalc.arithmetic.written import MOST_DIGITS, written
from boundcalc.errors import InvalidInputError

__all__ = ["Irrational", "as_number", "enclosed", "exact", "exact_expression"]

_BITS = (128, 512, 4096)  # tried in turn where an enclosure does not decide
_MPMATH_CONSTANTS = {"pi": sympy.pi, "e": sympy.E, "euler": sympy.EulerGamma}


class Irrational:
    """A real number known by an expression without symbols; comparisons are decided by enclosures.

    Raises
    ------
    ArithmeticError
        By a comparison that 4096 bits do not decide.
    """

    __slots__ = ("expr", "node")

    def __init__(self, expr: sympy.Expr) -> None:
        self.expr, self.node = expr, convert(expr, (), Pool())

    def __repr__(self) -> str:
        return str(self.expr)

    def __hash__(self) -> int:
        return hash(self.expr)

    def _sympy_(self) -> sympy.Expr:
        return self.expr

    def __float__(self) -> float:
        for bits in _BITS:
            low, high = enclosed(self.node, bits)
            if rounded(low) == rounded(high):
                return rounded(low)
        return rounded(low)

    def __mod__(self, divisor: int) -> float:
        """Return NaN, which is no remainder of whole numbers, if this is certainly not whole."""
        for bits in _BITS:
            low, high = enclosed(self.node, bits)
            if ceil(low) > floor(high):
                return nan
        raise ArithmeticError(f"{self} cannot be told from a whole number")

    def __eq__(self, other: Any) -> bool:
        return self._compared(operator.eq, other)

    def __lt__(self, other: Any) -> bool:
        return self._compared(operator.lt, other)

    def __le__(self, other: Any) -> bool:
        return self._compared(operator.le, other)

    def __gt__(self, other: Any) -> bool:
        return self._compared(operator.gt, other)

    def __ge__(self, other: Any) -> bool:
        return self._compared(operator.ge, other)

    def _compared(self, relation: Callable[[Any, Any], Any], other: Any) -> bool:
        """Compare: by any two values of intervals that are apart."""
        if isinstance(other, Irrational) and self.expr == other.expr:
            return bool(relation(0, 0))
        for bits in _BITS:
            low, high = enclosed(self.node, bits)
            least, most = enclosed(other.node, bits) if isinstance(other, Irrational) else (other, other)
            if other != other or high < least or most < low:
                return bool(relation(low, most))
        raise ArithmeticError(f"{self} cannot be told from {other}")


def enclosed(node: Node, bits: int) -> tuple[Fraction, Fraction]:
    """Return rationals around the value of a node without symbols: by a ball, or by mpmath and a margin.

    Raises
    ------
    TypeError
        If it has no real value that can be enclosed.
    """
    if find_spec("flint") is not None:
        from boundcalc.arithmetic.balls import exact_ends

        return exact_ends(node, bits)
    from boundcalc.arithmetic.precise import evaluate_precisely

    digits = int(bits * 0.3)
    value = evaluate_precisely(node, (), digits=digits)
    if not isfinite(value):
        raise TypeError("not a real number")
    middle = Fraction(*to_rational(value._mpf_))
    margin = max(abs(middle), Fraction(1, 10**digits)) / 10 ** (digits - 10)
    return middle - margin, middle + margin


def as_number(value: Any) -> Any:
    """Return a scalar as something that compares exactly; strings such as ``"1/20"`` or ``"0.05"`` are read exactly.

    Parameters
    ----------
    value : number or str
        Of Python, NumPy, decimal, fractions, mpmath or SymPy; a float is the binary number it is.

    Returns
    -------
    int, float, Fraction or Irrational

    Raises
    ------
    TypeError, ValueError
        If it is not a real number.
    OverflowError
        If it has thousands of digits.
    """
    if isinstance(value, np.generic):
        value = int(value) if isinstance(value, np.integer) else _of_float(value)
    if isinstance(value, bool | complex | bytes | np.bool_):
        raise TypeError(f"{type(value).__name__} is no real number")
    if isinstance(value, str | Decimal):
        return written(value if isinstance(value, str) else str(value).lower().replace("snan", "nan"))
    if isinstance(value, sympy.Expr) and not value.is_Float:
        return _of_sympy(value)
    if hasattr(value, "_mpf_"):  # of mpmath or SymPy
        constant = _MPMATH_CONSTANTS.get(getattr(value, "name", ""))
        if constant is not None:
            return Irrational(constant)
        if value - value != 0:
            return float(value)
        if abs(value._mpf_[2]) > 4 * MOST_DIGITS:
            raise OverflowError("too many digits")
        return Fraction(*to_rational(value._mpf_))
    if isinstance(value, Rational) and not isinstance(value, int):
        return Fraction(int(value.numerator), int(value.denominator))
    return value if isinstance(value, Number | Irrational) else float(value)


def _of_float(value: Any) -> Any:
    """Return one of NumPy's floats: a double, or the fraction that a longer one is."""
    if not isinstance(value, np.floating):
        return value.item()
    near = float(value)
    return (
        near if near == value or near != near else Fraction(*value.as_integer_ratio()) if np.isfinite(value) else near
    )


def _of_sympy(value: sympy.Expr) -> Any:
    if not value.is_number or value.is_extended_real is False:
        raise TypeError("not a real number")
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    if value.is_infinite:
        return float(value)
    if any(power.exp.is_Integer and abs(power.exp) > MOST_DIGITS for power in value.atoms(sympy.Pow)):
        raise OverflowError("too many digits")
    try:
        number = Irrational(value)
    except InvalidInputError as error:
        raise TypeError(str(error)) from None
    enclosed(number.node, _BITS[0])
    return number


def exact(value: Any) -> Fraction | Irrational | float:
    """Return a number as the exact one it is; an infinite or undefined one as a float.

    A float is the binary number it is; 1/20 is typed as ``"1/20"``, ``"0.05"``, Fraction or Decimal.
    """
    number = as_number(value) if not isinstance(value, bool | np.bool_) else int(value)
    return number if isinstance(number, Irrational) or number in (inf, -inf) or number != number else Fraction(number)


def exact_expression(value: Any) -> sympy.Expr:
    """Return a number, or an expression with all its numbers, without floats: SymPy would round sums of them.

    >>> exact_expression(0.5), exact_expression(0.25 * sympy.Symbol("x")), exact_expression(sympy.sqrt(2))
    (1/2, x/4, sqrt(2))
    """
    if isinstance(value, sympy.Expr):
        return value.xreplace({number: sympy.Rational(exact(number)) for number in value.atoms(sympy.Float)})
    number = exact(value)
    return number.expr if isinstance(number, Irrational) else sympy.Rational(number)
