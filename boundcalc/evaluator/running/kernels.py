"""What each instruction does to arrays, and what it costs per cell.

Costs are nanoseconds per cell in cache, measured on one core; only their ratios matter. Kernels take an
``out`` argument where NumPy's function does; the others return a fresh array.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from boundcalc.arithmetic.entropy import kl, kl_inverse, kl_inverse_beyond

__all__ = ["KERNELS", "Kernel"]


class Kernel(NamedTuple):
    """One instruction.

    Attributes
    ----------
    run : callable
        Function of the operands (and of the parameter, if the instruction has one, as last argument).
    cost : float
        Nanoseconds per cell.
    takes_out : bool
        Whether ``run`` takes ``out=``; the others return a fresh array, never an operand.
    overwrites : slice
        Operands that ``out`` may be.
    """

    run: Callable[..., Any]
    cost: float
    takes_out: bool = True
    overwrites: slice = slice(None)

    def overwritable(self, args: tuple[int, ...]) -> tuple[int, ...]:
        """Return the operands whose memory the result may take."""
        return args[self.overwrites]


@cache
def _special() -> Any:
    import scipy.special

    return scipy.special


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose rounding to 0 is its right value: no loss to report."""

    def run(x: Any, out: Any = None) -> Any:
        with np.errstate(under="ignore"):
            return function(x, out=out)

    return run


_exp = _quiet(np.exp)


def _in_double(name: str) -> Callable[..., Any]:
    """Return SciPy's function, computed in double also for extended operands (SciPy knows no longer type)."""

    def run(*operands: Any, out: Any = None) -> Any:
        function = getattr(_special(), name)
        extended = any(x.dtype == np.longdouble and x.dtype != np.float64 for x in map(np.asarray, operands))
        with np.errstate(under="ignore"):
            if not extended:
                return function(*operands, out=out)
            value = function(*(np.asarray(x, dtype=np.float64) for x in operands))
        if out is None:
            return value.astype(np.longdouble)
        out[...] = value
        return out

    return run


_log_of_gamma = _in_double("gammaln")


def _loggamma(x: Any, out: Any = None) -> Any:
    """Logarithm of gamma, which is no real number left of 0."""
    left = x < 0
    result = _log_of_gamma(x, out=out)
    return _replaced(result, left, np.nan, out) if np.any(left) else result


def _power_rational(x: Any, exponent: Any) -> Any:
    """Raise to an exact rational power: the double next to the exponent, then the rest of it to first order."""
    rounded = float(exponent)
    rest = float(exponent - type(exponent)(rounded))
    if exponent.denominator == 3 and exponent.numerator == 1:
        return np.where(np.signbit(x), np.nan, np.cbrt(x)) + 0 * x
    result = np.power(x, rounded)
    if not rest:
        return result
    positive = (x > 0) & np.isfinite(x)
    return np.where(positive, result * (1 + rest * np.log(np.where(positive, x, 1))), result)


def _power_integer(x: Any, exponent: int) -> Any:
    return np.power(x, float(exponent))


def _log_base(x: Any, base: int) -> Any:
    """Logarithm to an integer base, exact at its powers."""
    if base == 2:
        return np.log2(x)
    if base == 10:
        return np.log10(x)
    quotient = np.log(x) / np.log(float(base))
    whole = np.rint(quotient)
    with np.errstate(all="ignore"):
        return np.where(np.power(float(base), whole) == x, whole, quotient)


def _floor_log(x: Any, base: int) -> Any:
    """Return the largest k with base**k <= x, exactly."""
    if base == 2:
        return _defined(x, np.frexp(x)[1] - 1.0)
    at_least, _, first = _powers(base)
    return _defined(x, np.searchsorted(at_least, x, side="right") + (first - 1.0))


def _ceil_log(x: Any, base: int) -> Any:
    """Return the smallest k with base**k >= x, exactly."""
    if base == 2:
        mantissa, exponent = np.frexp(x)
        return _defined(x, exponent - (mantissa == 0.5))
    _, at_most, first = _powers(base)
    return _defined(x, np.searchsorted(at_most, x, side="left") + float(first))


def _defined(x: Any, whole: Any) -> Any:
    return np.where((x > 0) & np.isfinite(x), whole, np.log(x)).astype(np.asarray(x).dtype, copy=False)


@cache
def _powers(base: int) -> tuple[Any, Any, int]:
    """Return for each power of the base the next double that is no smaller, and no larger, and the first exponent."""
    first, last = -int(1075 / np.log2(base)), int(1023.99 / np.log2(base))
    exact = [Fraction(base) ** k for k in range(first, last + 1)]
    near = [float(p) for p in exact]
    at_least = [x if x >= p else np.nextafter(x, np.inf) for x, p in zip(near, exact, strict=True)]
    at_most = [x if x <= p else np.nextafter(x, 0) for x, p in zip(near, exact, strict=True)]
    return np.array(at_least), np.array(at_most), first


def _where(condition: Any, value: Any, otherwise: Any, out: Any = None) -> Any:
    """Choose; in place of ``otherwise`` only the chosen cells are written."""
    if out is None:
        return np.where(condition, value, otherwise)
    if out is not otherwise:
        np.copyto(out, otherwise)
    np.copyto(out, value, where=condition)
    return out


def _widen(x: Any, margin: float, out: Any = None) -> Any:
    """Move outward by a multiple of the magnitude: up for a positive margin, down for a negative one."""
    choose = np.maximum if margin > 0 else np.minimum
    moved = x * (1 + margin)
    if out is None:
        return choose(moved, x * (1 - margin))
    np.multiply(x, 1 - margin, out=out)  # which may be x; a second fresh array would cost more than all of this
    return choose(moved, out, out=out)


def _widen_all(x: Any, margin: float) -> Any:
    """Move outward also where a result is below the normal range or overflowed."""
    step = abs(margin)
    if margin > 0:
        x = np.maximum(x, -_MAX)
        return x + (np.abs(x) * step + _LEAST)
    x = np.minimum(x, _MAX)
    return x - (np.abs(x) * step + _LEAST)


def _widen_large(x: Any, margin: float, out: Any = None) -> Any:
    """Move outward where neighbouring integers are no longer all doubles."""
    large = np.abs(x) >= 2.0**50
    return _replaced(x, large, _widen(x, margin), out) if large.any() else _copied(x, out)


def _above_tiny(x: Any, tiny: float, out: Any = None) -> Any:
    """Return an upper side of what was too small for a relative error."""
    return _replaced(x, np.abs(x) < tiny, tiny, out)


def _below_tiny(x: Any, tiny: float, out: Any = None) -> Any:
    """Return a lower side of what was too small for a relative error, or overflowed."""
    small = np.abs(x) < tiny
    least = np.where(np.signbit(x), -tiny, 0.0) if small.any() else 0.0  # -0.0 may be what a negative number became
    return np.minimum(_replaced(x, small, least, out), _MAX, out=out)


def _replaced(x: Any, where: Any, value: Any, out: Any) -> Any:
    result = _copied(x, out)
    np.copyto(result, value, where=where)
    return result


def _copied(x: Any, out: Any) -> Any:
    """Return a copy, in ``out`` if it is given: a kernel never hands back its operand under another name."""
    if out is None:
        return np.array(x)
    if out is not x:
        np.copyto(out, x)
    return out


_MAX = float(np.finfo(np.float64).max)
_LEAST = 8 * float(np.finfo(np.float64).smallest_subnormal)

KERNELS: dict[str, Kernel] = {
    "add": Kernel(np.add, 0.5),
    "sub": Kernel(np.subtract, 0.5),
    "mul": Kernel(np.multiply, 0.5),
    "div": Kernel(np.divide, 1.0),
    "neg": Kernel(np.negative, 0.4),
    "recip": Kernel(np.reciprocal, 1.0),
    "square": Kernel(np.square, 0.4),
    "sqrt": Kernel(np.sqrt, 1.3),
    "powr": Kernel(_power_rational, 8.0, takes_out=False),
    "powi": Kernel(_power_integer, 4.5, takes_out=False),
    "power": Kernel(np.power, 4.5),
    "log": Kernel(np.log, 1.7),
    "logb": Kernel(_log_base, 3.0, takes_out=False),
    "floor_logb": Kernel(_floor_log, 8.0, takes_out=False),
    "ceiling_logb": Kernel(_ceil_log, 8.0, takes_out=False),
    "exp": Kernel(_exp, 1.2),
    "gamma": Kernel(_in_double("gamma"), 20.0),
    "loggamma": Kernel(_loggamma, 25.0),
    "binomial": Kernel(_in_double("binom"), 40.0),
    "kl": Kernel(kl, 45.0, takes_out=False),
    "kl_inverse": Kernel(kl_inverse, 60.0, takes_out=False),
    "kl_inverse_beyond": Kernel(kl_inverse_beyond, 170.0, takes_out=False),
    "floor": Kernel(np.floor, 0.4),
    "ceiling": Kernel(np.ceil, 0.4),
    "abs": Kernel(np.abs, 0.4),
    "sign": Kernel(np.sign, 1.5),
    "min": Kernel(np.minimum, 0.5),
    "max": Kernel(np.maximum, 0.5),
    "widen": Kernel(_widen, 1.5),
    "widen_all": Kernel(_widen_all, 3.0, takes_out=False),
    "widen_large": Kernel(_widen_large, 0.7),
    "above_tiny": Kernel(_above_tiny, 0.7),
    "below_tiny": Kernel(_below_tiny, 1.2),
    "lt": Kernel(np.less, 0.3),
    "le": Kernel(np.less_equal, 0.3),
    "eq": Kernel(np.equal, 0.3),
    "ne": Kernel(np.not_equal, 0.3),
    "and": Kernel(np.logical_and, 0.1),
    "or": Kernel(np.logical_or, 0.1),
    "not": Kernel(np.logical_not, 0.1),
    "where": Kernel(_where, 1.5, overwrites=slice(2, 3)),
}
