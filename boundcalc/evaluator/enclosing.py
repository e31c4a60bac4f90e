"""Rigorous enclosures by Arb balls, from exact rational inputs to float64 ends rounded outward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from boundcalc.arithmetic.balls import BallArithmetic
from boundcalc.arithmetic.convert import as_expression, node_of
from boundcalc.arithmetic.nodes import Node
from boundcalc.arithmetic.walk import walk
from boundcalc.errors import require
from boundcalc.evaluator.grid import apply_on_grid
from boundcalc.evaluator.inputs import labelled, used_inputs
from boundcalc.evaluator.integrals import settled

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["enclose", "enclose_grid"]

_BITS = (128, 512, 4096)  # tried in turn for cells whose ends do not fit within a few doubles
_WIDE = 2.0**-51


def enclose_grid(
    expr: Any,
    inputs: Mapping[str, Any],
    *,
    symbols: Mapping[str, sp.Symbol],
    domains: Mapping[sp.Symbol, sp.Set] | None = None,
) -> xr.Dataset:
    """Enclose the exact values of an expression on a grid.

    Parameters
    ----------
    expr : sympy.Expr
        Expression.
    inputs : mapping from name to value
        As in `evaluate_grid`, taken exactly: a float is the binary number it is, ``"0.05"`` is 1/20.
    symbols : mapping from name to sympy.Symbol
        Names of the symbols.
    domains : mapping from symbol to sympy.Set, optional
        What is known of the symbols beyond their assumptions, where an integral has to be enclosed.

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
    expr = as_expression(expr)
    values = used_inputs(expr, inputs, symbols)
    names = {symbol: name for name, symbol in symbols.items()}
    arrays = labelled({names[s]: v for s, v in values.items()}, form="exact")
    ends = {}
    for end, side in enumerate(("lower", "upper")):
        pairs = apply_on_grid(
            partial(_enclosed, node_of(settled(expr, side, domains or {}), tuple(values))), arrays, np.object_
        )
        ends[side] = xr.apply_ufunc(partial(_unzip, end=end), pairs)
        if not expr.has(sp.Integral):
            return xr.Dataset({**ends, "upper": xr.apply_ufunc(partial(_unzip, end=1), pairs)})
    return xr.Dataset(ends)


def _enclosed(node: Node, *cells: Any) -> np.ndarray:
    return _pairs(enclose(node, cells))


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
