"""Where one bound overtakes another: the curve on which two are equal, found cell by cell.

>>> import boundcalc as bc
>>> first, second = (bc.theorem("zhou2026.fixed_model").bound(form) for form in ("sharp", "relative"))
>>> found = crossing(first, second, "n_h", "rhat_holdout", over=[100, 1000], within=(0.001, 0.5), C=1, delta=0.05)
>>> found.curve.dims
('n_h',)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.bound import Bound
from boundcalc.deprecation import renamed
from boundcalc.errors import CompositionError, InvalidInputError
from boundcalc.report.plots import fit_scales, new_axes

__all__ = ["Crossing", "crossing"]


@dataclass(frozen=True)
class Crossing:
    """The curve on which two bounds are equal.

    Attributes
    ----------
    first, second : Bound
    curve : xarray.DataArray
        For each value of the first symbol, where in the second the smaller bound changes: the last value at which the order
        is that of the lower end. NaN where it does not change on the range.
    below : xarray.DataArray of bool
        Whether the first bound is the smaller one at the lower end of the range.
    """

    first: Bound
    second: Bound
    curve: Any
    below: Any

    @renamed("0.2", axes="ax")
    def plot(self, ax: Any = None) -> Any:
        """Draw the curve; needs matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        axes = new_axes(width=6.0, height=4.0) if ax is None else ax
        (name,) = self.curve.dims
        axes.plot(self.curve[name], self.curve.values, color="#000000")
        axes.set(xlabel=name, ylabel=self.curve.name)
        fit_scales(axes, self.curve[name].values, self.curve.values)
        axes.set_title(
            f"{self.first.theorem} ({self.first.form}) = {self.second.theorem} ({self.second.form})", fontsize=9
        )
        return axes


def crossing(A: Bound, B: Bound, x: str, y: str, *, over: Any, within: Any, **values: Any) -> Crossing:
    """Return the curve in two symbols on which two bounds of one quantity are equal.

    Parameters
    ----------
    A, B : Bound
        Of the same quantity, from the same side.
    x, y : str
        The symbols; for each value of ``x`` the crossing is sought in ``y``.
    over : 1-D array_like
        The values of ``x``.
    within : (low, high)
        The range of ``y``, searched on a grid (a logarithmic one where it is positive) and then by halving.
    **values : number
        All other symbols of the two.

    Returns
    -------
    Crossing
        With ``curve`` and ``plot()``.

    Raises
    ------
    CompositionError
        If they bound different quantities or from different sides.
    InvalidInputError
        If a symbol is none of theirs, a value is missing or bad, or the range is empty.
    """
    if not isinstance(A, Bound) or not isinstance(B, Bound):
        raise InvalidInputError("A and B must be bounds", context="crossing")
    if (A.quantity, A.relation[0]) != (B.quantity, B.relation[0]):
        raise CompositionError(
            f"{A.quantity} {A.relation} ... and {B.quantity} {B.relation} ... do not cross", context="crossing"
        )
    symbols = {**A.symbols, **B.symbols}
    unknown = [name for name in (x, y) if name not in symbols]
    low, high = within
    if unknown or not low < high:
        raise InvalidInputError(
            [f"{name!r} is no symbol of either bound" for name in unknown] or f"within = {within!r} must be low < high",
            context="crossing",
        )
    whole = bool(symbols[y].is_integer)
    points = np.geomspace(low, high, 201) if low > 0 else np.linspace(low, high, 201)
    grid = np.unique(np.round(points).astype(np.int64)) if whole else points

    compiled = [
        (bound, bound.compile(x, y, **{name: values[name] for name in bound.symbols if name in values}))
        for bound in (A, B)
    ]

    def gap(column: Any, at: Any) -> np.ndarray:
        """Return A - B at pairs of values, the shape of both."""
        parts = []
        for bound, f in compiled:
            given = {**values, x: column, y: at}
            bound.check_inputs(
                {name: np.ravel(np.asarray(given[name])) if name in (x, y) else given[name] for name in bound.symbols}
            )
            parts.append(f(np.asarray(column, dtype=float), np.asarray(at, dtype=float)))
        return np.asarray(np.subtract(*np.broadcast_arrays(*parts)))

    columns = np.asarray(over)
    signs = gap(columns[:, None], grid[None, :]) <= 0
    found = np.full(columns.shape, np.nan)
    for place, row in enumerate(signs):
        changes = np.flatnonzero(row != row[0])
        if changes.size:
            left, right = grid[changes[0] - 1], grid[changes[0]]
            found[place] = _halved(lambda at, c=columns[place]: bool(gap(c, at) <= 0), left, right, row[0], whole)
    import xarray

    curve = xarray.DataArray(found, {x: columns}, (x,), name=y)
    return Crossing(A, B, curve, xarray.DataArray(signs[:, 0], {x: columns}, (x,)))


def _halved(holds: Any, left: Any, right: Any, first: bool, whole: bool) -> float:
    """Return the last place at which something is as at the left end."""
    for _ in range(200):
        middle = (left + right) // 2 if whole else (left + right) / 2
        if middle in (left, right):
            break
        left, right = (middle, right) if holds(middle) == first else (left, middle)
    return float(left)
