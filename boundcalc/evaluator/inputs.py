"""What may be given for a symbol: numbers in many forms, sequences that become axes, labelled and lazy arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from numbers import Integral
from typing import Any, Literal

import numpy as np

from boundcalc.arithmetic.numbers import exact
from boundcalc.arithmetic.rounding import above, below, rounded
from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError

__all__ = ["check_out", "differ", "doubles", "labelled", "used_inputs"]

Form = Literal["nearest", "below", "above", "exact"]


_ROUND: dict[str, Callable[[Any], float]] = {"nearest": rounded, "below": below, "above": above}


def used_inputs(expr: Any, inputs: Mapping[str, Any], symbols: Mapping[str, Any]) -> dict[Any, Any]:
    """Return symbol -> value for the symbols of an expression, in the order of ``inputs``.

    Raises
    ------
    InvalidInputError
        If a symbol of the expression has no name in ``symbols`` or no value in ``inputs``.
    """
    names = {symbol: name for name, symbol in symbols.items()}
    free = _free_symbols(expr)
    missing = sorted(str(names.get(s, s)) for s in free if names.get(s) not in inputs)
    if missing:
        raise InvalidInputError(f"no value is given for {name}" for name in missing)
    return {symbols[name]: value for name, value in inputs.items() if symbols.get(name) in free}


@lru_cache(maxsize=512)
def _free_symbols(expr: Any) -> frozenset[Any]:
    return frozenset(expr.free_symbols)


def doubles(names: Sequence[str], values: Sequence[Any]) -> list[np.ndarray]:
    """Return what a compiled function is called with as float64 arrays that broadcast.

    Raises
    ------
    InvalidInputError
        For values that are no real numbers, all of them at once, and for shapes that do not broadcast.
    """
    problems: list[str] = []
    arrays = [_doubles(name, value, problems) for name, value in zip(names, values, strict=True)]
    if problems:
        raise InvalidInputError(problems)
    try:
        np.broadcast(*arrays) if len(arrays) <= _AT_ONCE else np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        shapes = ", ".join(f"{name} has {a.shape}" for name, a in zip(names, arrays, strict=True))
        raise InvalidInputError(f"the shapes of the arguments do not broadcast: {shapes}") from None
    return arrays


#: Arrays that NumPy 2.0 broadcasts at once.
_AT_ONCE = 32


def _doubles(name: str, value: Any, problems: list[str]) -> np.ndarray:
    if type(value) is np.ndarray and value.dtype == np.float64:
        backwards = value.ndim and min(value.strides) < 0  # NumPy's functions then take other ways, to other last bits
        return value.copy() if backwards else value
    if type(value) is float:
        return np.array(value)
    try:
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array.astype(np.float64, copy=False)
        return np.array([rounded(exact(v)) for v in array.astype(object).flat], dtype=np.float64).reshape(array.shape)
    except (TypeError, ValueError, ArithmeticError):
        problems.append(f"{name} = {shortened(value)} is no real number or array of them")
        return np.empty(())


def check_out(out: Any, shape: tuple[int, ...]) -> None:
    """Refuse an output that the result cannot be written to.

    Raises
    ------
    InvalidInputError
        If it is no writeable array of floats of this shape.
    """
    if not isinstance(out, np.ndarray) or out.dtype.kind != "f":
        kind = f"of {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise InvalidInputError(f"out must be a NumPy array of floats, it is {kind}")
    if out.shape != shape:
        raise InvalidInputError(f"out has the shape {out.shape}, the arguments broadcast to {shape}")
    if not out.flags.writeable:
        raise InvalidInputError("out is read-only")


def differ(below: Any, above: Any) -> bool:
    """Return whether an input has numbers that are no doubles; lazy arrays are doubles."""
    return not _is_lazy(below.data) and not np.array_equal(below.data, above.data, equal_nan=True)


def labelled(values: Mapping[str, Any], *, form: Form = "nearest") -> list[Any]:
    """Return a DataArray for each value: numbers without axis, 1-D values with an axis named after the symbol.

    Parameters
    ----------
    values : mapping
        Name to number, 1-D sequence or array, DataArray, or dask array.
    form : {"nearest", "below", "above", "exact"}
        The double nearest to each number, the next one not above or not below it, or the exact number in an
        object array (Fraction, float or int).

    Raises
    ------
    InvalidInputError
        For values that are no numbers, plain arrays with several axes, and axes of one name that differ between
        two inputs; all of them at once.
    """
    problems: list[str] = []
    arrays = [_labelled(name, value, form, problems) for name, value in values.items()]
    if not problems:
        problems = _clashes(dict(zip(values, arrays, strict=True)))
    if problems:
        raise InvalidInputError(problems)
    return arrays


def _clashes(arrays: Mapping[str, Any]) -> list[str]:
    """Say where two inputs mean different things by an axis of the same name."""
    problems = []
    first: dict[Any, str] = {}
    for name, array in arrays.items():
        for dim in array.dims:
            other = first.setdefault(dim, name)
            if other != name and not _same_axis(arrays[other], array, dim):
                both = f"{other} has {_axis(arrays[other], dim)}, {name} has {_axis(array, dim)}"
                problems.append(f"{other} and {name} do not share one grid along {dim!r}: {both}")
    return problems


def _same_axis(a: Any, b: Any, dim: Any) -> bool:
    if a.sizes[dim] != b.sizes[dim]:
        return False
    return dim not in a.indexes or dim not in b.indexes or a.indexes[dim].equals(b.indexes[dim])


def _axis(array: Any, dim: Any) -> str:
    size = array.sizes[dim]
    return f"{size} cells" + (f" at {shortened(array.indexes[dim][:8].tolist())}" if dim in array.indexes else "")


def _labelled(name: str, value: Any, form: Form, problems: list[str]) -> Any:
    import xarray as xr

    if isinstance(value, xr.DataArray):
        array = value.copy(deep=False, data=_numbers(name, value.data, form, problems))
        array.attrs = {}
        return array
    data = value if _is_lazy(value) else _plain(value)
    if data.ndim > 1:
        problems.append(
            f"{name} is an array of shape {data.shape}: a plain array may have one axis, "
            "give others as xarray.DataArray with named dimensions"
        )
        return None
    cells = _numbers(name, data, form, problems)
    coords = {} if data.ndim == 0 or _is_lazy(data) else {name: _coordinate(data)}
    return xr.DataArray(cells, dims=(name,) * data.ndim, coords=coords)


def _plain(value: Any) -> np.ndarray:
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        return _plain(np.asarray(value)) if hasattr(value, "__array__") else _object(value, ())
    if isinstance(value, range) or all(isinstance(v, float) for v in value):
        return np.asarray(value)
    if any(isinstance(v, Sequence | np.ndarray) and not isinstance(v, str | bytes) for v in value):
        return np.asarray(value, dtype=object)
    return _object(value, (len(value),))


def _object(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    cells = np.empty(shape, dtype=object)
    cells[...] = value
    return cells


def _coordinate(data: np.ndarray) -> np.ndarray:
    """Return values as an index: as typed where NumPy has a type for them, else as doubles."""
    if data.dtype != object:
        return data
    if all(isinstance(v, Integral) and abs(int(v)) < 2**63 for v in data.flat):
        return data.astype(np.int64)
    return np.array([rounded(exact(v)) for v in data.flat])


def _is_lazy(value: Any) -> bool:
    return hasattr(value, "dask")


def _numbers(name: str, data: Any, form: Form, problems: list[str]) -> Any:
    if _is_lazy(data):
        if form == "exact":
            problems.append(f"{name} is lazy: compute it first, exact arithmetic works on numbers in memory")
        return data.astype(np.float64)
    if form != "exact" and (data.dtype.kind in "fb" or (data.dtype.kind in "iu" and _fit_doubles(data))):
        return data.astype(np.float64)
    if form == "exact" and data.dtype.kind in "fiu" and data.dtype.itemsize <= 8:
        return data.astype(object)  # Python's floats and integers are exact numbers already
    try:
        cells = [exact(v) for v in data.astype(object).flat]
    except (TypeError, ValueError, ArithmeticError):
        problems.append(f"{name} = {shortened(data.tolist())} is no real number or array of them")
        return data
    if form != "exact":
        cells = [_ROUND[form](v) for v in cells]
    result = np.empty(len(cells), dtype=object if form == "exact" else np.float64)
    result[:] = cells
    return result.reshape(data.shape)


def _fit_doubles(data: np.ndarray) -> bool:
    return not data.size or (int(data.max()) <= 2**53 and int(data.min()) >= -(2**53))
