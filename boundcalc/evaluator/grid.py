"""Evaluate an expression on a grid with named axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from boundcalc.arithmetic.convert import as_expression
from boundcalc.arithmetic.numbers import Irrational
from boundcalc.arithmetic.rounding import rounded
from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.compiled import compile_expression, compile_with_twins
from boundcalc.evaluator.inputs import differ, labelled, used_inputs
from boundcalc.evaluator.program.planning import Side

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["apply_on_grid", "evaluate_grid", "labelled_number"]


def evaluate_grid(
    expr: Any,
    inputs: Mapping[str, Any],
    *,
    symbols: Mapping[str, sp.Symbol],
    precision: int | None = None,
    side: Side | None = None,
    domains: Mapping[sp.Symbol, sp.Set] | None = None,
) -> xr.DataArray:
    """Evaluate an expression where its inputs span a grid.

    Parameters
    ----------
    expr : sympy.Expr
        Expression.
    inputs : mapping from name to value
        A number (also Fraction, Decimal or a string such as ``"1/20"``) has no axis; a 1-D sequence, array or
        dask array becomes an axis of that name with the values as coordinate; a DataArray keeps its dimensions.
        Names that the expression does not use are ignored.
    symbols : mapping from name to sympy.Symbol
        Names of the symbols.
    precision : int, optional
        Decimal digits: the result is then an object array of `mpmath.mpf` and the inputs are taken exactly.
    side : {"upper", "lower"}, optional
        Sound rounding, see `compile_expression`.
    domains : mapping from symbol to sympy.Set, optional
        What is known of the symbols beyond their assumptions.

    Returns
    -------
    xarray.DataArray
        Float64 (lazy if an input is), axes in the order of ``inputs``.

    Raises
    ------
    InvalidInputError
        For missing values, values that are no numbers, plain arrays with several axes and differing coordinates.

    Examples
    --------
    >>> import sympy as sp
    >>> n, c = sp.symbols("n c", positive=True)
    >>> evaluate_grid(c / sp.sqrt(n), {"n": [4, 16], "c": "1/2"}, symbols={"n": n, "c": c}).values
    array([0.25 , 0.125])
    """
    expr = as_expression(expr)
    _check_digits(precision, side)
    values = used_inputs(expr, inputs, symbols)
    names = {symbol: name for name, symbol in symbols.items()}
    named = {names[s]: v for s, v in values.items()}
    if precision is None and side is None and all(type(value) in _NUMBERS for value in named.values()):
        function = compile_expression(expr, tuple(values), domains=domains)
        return labelled_number(function(*map(rounded, named.values())), None, {})
    arrays = labelled(named, form="nearest" if precision is None else "exact")
    if precision is not None:
        return apply_on_grid(_precise(expr, tuple(values), precision), arrays, np.object_)
    if side is not None:
        return _sound(expr, list(values), named, domains or {}, side)
    return apply_on_grid(compile_expression(expr, tuple(values), domains=domains), arrays, np.float64)


#: Bytes of a cell that is no double, at least.
_CELL = 512
#: Digits of a value: at more, one takes longer than anyone waits.
_MOST_PRECISE = 10_000
_NUMBERS = (int, float, Fraction, Irrational)


def labelled_number(value: float, name: str | None, attrs: Mapping[str, str]) -> xr.DataArray:
    """Return one number as a DataArray, without the checks that arrays with axes need (they take ten times as long)."""
    import xarray as xr

    variable = xr.Variable((), np.array(value), dict(attrs), fastpath=True)
    return xr.DataArray(variable, coords={}, name=name, indexes={}, fastpath=True)


def _check_digits(precision: Any, side: Side | None) -> None:
    if precision is None:
        return
    if isinstance(precision, bool) or not isinstance(precision, Integral) or not 1 <= int(precision) <= _MOST_PRECISE:
        raise InvalidInputError(
            f"precision = {shortened(precision)} is not allowed: it is a number of decimal digits, 1 to {_MOST_PRECISE:,}"
        )
    if side is not None:
        raise InvalidInputError("precision and sound exclude each other: sound rounds doubles, enclose gives both ends")


def _sound(
    expr: Any,
    symbols: list[sp.Symbol],
    named: Mapping[str, Any],
    domains: Mapping[sp.Symbol, sp.Set],
    side: Side,
) -> xr.DataArray:
    """Round soundly; inputs that are no doubles are taken as the doubles around them."""
    below, above = labelled(named, form="below"), labelled(named, form="above")
    inexact = [i for i, (a, b) in enumerate(zip(below, above, strict=True)) if differ(a, b)]
    function = compile_with_twins(expr, symbols, domains, side, inexact)
    return apply_on_grid(function, [*below, *(above[i] for i in inexact)], np.float64)


def _precise(expr: Any, symbols: tuple[sp.Symbol, ...], digits: int) -> Callable[..., Any]:
    from boundcalc.arithmetic.convert import convert
    from boundcalc.arithmetic.nodes import Pool
    from boundcalc.arithmetic.precise import evaluate_precisely

    node = convert(expr, symbols, Pool())
    return lambda *arrays: _on_shape(evaluate_precisely(node, arrays, digits=digits), arrays)


def _on_shape(result: Any, arrays: tuple[Any, ...]) -> np.ndarray:
    """Return cells on the full grid, as an object array of their own."""
    cells = np.empty(np.broadcast_shapes(*(np.shape(a) for a in arrays)), dtype=object)
    cells[...] = result
    return cells


def apply_on_grid(function: Callable[..., Any], arrays: list[Any], dtype: type) -> xr.DataArray:
    """Apply a function of open NumPy arrays to DataArrays that share one grid (`labelled` sees to that)."""
    import xarray as xr

    if not arrays:
        return xr.DataArray(np.asarray(function(), dtype=dtype))
    if dtype is np.object_:  # a cell is a number of its own: ask for the memory before the work, as doubles do
        np.empty((*{d: size for a in arrays for d, size in a.sizes.items()}.values(), _CELL), dtype=np.uint8)
    grid = xr.apply_ufunc(function, *arrays, join="exact", dask="parallelized", output_dtypes=[dtype])
    return grid.rename(None)
