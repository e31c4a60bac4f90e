"""Rigorous enclosures by Arb balls, from exact rational inputs to float64 ends rounded outward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import inf, nextafter
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from boundcalc.errors import require
from boundcalc.evaluator.convert import convert
from boundcalc.evaluator.grid import apply_on_grid
from boundcalc.evaluator.inputs import labelled, used_inputs
from boundcalc.evaluator.nodes import Node, Pool
from boundcalc.evaluator.walk import Arithmetic, walk

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["BallArithmetic", "enclose", "enclose_grid"]

_BITS = (128, 512, 4096)  # tried in turn for cells whose ends do not fit within a few doubles
_WIDE = 2.0**-51


def enclose_grid(expr: Any, inputs: Mapping[str, Any], *, symbols: Mapping[str, sp.Symbol]) -> xr.Dataset:
    """Enclose the exact values of an expression on a grid.

    Parameters
    ----------
    expr : sympy.Expr
        Expression.
    inputs : mapping from name to value
        As in `evaluate_grid`, taken exactly: a float is the binary number it is, ``"0.05"`` is 1/20.
    symbols : mapping from name to sympy.Symbol
        Names of the symbols.

    Returns
    -------
    xarray.Dataset
        ``lower`` and ``upper``, float64: the exact value lies between them; both NaN where nothing can be said.

    Raises
    ------
    InvalidInputError
        As `evaluate_grid`.
    MissingExtraError
        Without python-flint (extra ``rigor``).

    Examples
    --------
    >>> import sympy as sp
    >>> x = sp.Symbol("x", positive=True)
    >>> ends = enclose_grid(3 * x, {"x": "0.1"}, symbols={"x": x})
    >>> float(ends.lower) <= 0.3 < float(ends.upper)
    True
    """
    import xarray as xr

    require("flint", extra="rigor", purpose="a rigorous enclosure")
    expr = sp.sympify(expr)
    values = used_inputs(expr, inputs, symbols)
    names = {symbol: name for name, symbol in symbols.items()}
    arrays = labelled({names[s]: v for s, v in values.items()}, form="exact")
    node = _node(expr, tuple(values))
    pairs = apply_on_grid(lambda *cells: _pairs(enclose(node, cells)), arrays, np.object_)
    lower, upper = (xr.apply_ufunc(lambda cells, k=k: _unzip(cells, k), pairs) for k in (0, 1))
    return xr.Dataset({"lower": lower, "upper": upper})


@lru_cache(maxsize=64)
def _node(expr: Any, symbols: tuple[sp.Symbol, ...]) -> Node:
    return convert(expr, symbols, Pool())


def _pairs(ends: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    pairs = np.empty(ends[0].shape, dtype=object)
    pairs.reshape(-1)[:] = list(zip(ends[0].flat, ends[1].flat, strict=True))
    return pairs


def _unzip(pairs: np.ndarray, end: int) -> np.ndarray:
    return np.array([pair[end] for pair in pairs.flat], dtype=np.float64).reshape(pairs.shape)


def enclose(node: Node, inputs: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Enclose a node on object arrays of exact numbers that broadcast.

    Returns
    -------
    tuple of numpy.ndarray
        Lower and upper ends, float64, of the broadcast shape.
    """
    shape = np.broadcast_shapes(*(np.shape(x) for x in inputs))
    lower, upper = _ends(node, inputs, shape, _BITS[0])
    for bits in _BITS[1:]:
        loose = np.flatnonzero(_loose(lower, upper))
        if not loose.size:
            break
        cells = [np.broadcast_to(x, shape).reshape(-1)[loose] for x in inputs]
        lower.reshape(-1)[loose], upper.reshape(-1)[loose] = _ends(node, cells, loose.shape, bits)
    return lower, upper


def _loose(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):
        tight = (upper - lower <= _WIDE * np.maximum(np.abs(lower), np.abs(upper))) | (lower == upper)
        return ~(tight | (upper - lower <= 5e-324))


def _ends(node: Node, inputs: Sequence[Any], shape: tuple[int, ...], bits: int) -> tuple[np.ndarray, np.ndarray]:
    import flint

    with flint.ctx.workprec(bits):
        arithmetic = BallArithmetic()
        balls = np.empty(shape, dtype=object)
        balls[...] = walk(node, inputs, arithmetic)
        pairs = [arithmetic.ends(x) for x in balls.flat]
    both = np.array(pairs, dtype=np.float64).reshape(*shape, 2)
    return both[..., 0].copy(), both[..., 1].copy()


class BallArithmetic(Arithmetic):
    """Arb balls at the context's precision; NaN where an operation is not defined on the whole ball."""

    def __init__(self) -> None:
        import flint

        self._arb, self._fmpq = arb, self.exact = flint.arb, flint.fmpq
        self._nan, self._everything = arb.nan(), arb(0, float("inf"))
        constants = {"pi": arb.pi, "e": arb.const_e, "euler": arb.const_euler, "inf": arb.pos_inf, "-inf": arb.neg_inf}
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
        own = getattr(self, f"_{name.replace('-', '_')}", None)
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

    def _lambertw0(self, x: Any) -> Any:
        return x.lambertw()

    def _lambertw_1(self, x: Any) -> Any:
        return self._constants["-inf"] if x.is_zero() else x.lambertw(-1)

    def _binomial(self, n: Any, k: Any) -> Any:
        return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()

    def ends(self, x: Any) -> tuple[float, float]:
        """Return doubles around a ball."""
        x = self.lift(x)
        if x.is_nan():
            return float("nan"), float("nan")
        low, high = x.lower(), x.upper()
        below, above = float(low), float(high)
        return (
            below if below <= low or not low.is_finite() else nextafter(below, -inf),
            above if above >= high or not high.is_finite() else nextafter(above, inf),
        )


_ARB_NAMES = {"ceiling": "ceil", "sign": "sgn", "loggamma": "lgamma"}
