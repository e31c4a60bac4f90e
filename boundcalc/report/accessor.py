"""``grid.boundcalc``: what a grid of a bound's values answers. Registered with xarray when a bound is evaluated on axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from boundcalc.catalogue import theorem
from boundcalc.deprecation import renamed
from boundcalc.errors import InvalidInputError
from boundcalc.report.plots import draw_grid
from boundcalc.show.axes import save

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from boundcalc.theorems import Theorem

__all__ = ["GridAccessor"]


@xr.register_dataarray_accessor("boundcalc")
class GridAccessor:
    """What a grid from ``Bound.evaluate`` answers, also after it was written to a file and read again.

    Parameters
    ----------
    grid : xarray.DataArray
        Values of one bound on named axes, with the name and attributes that ``Bound.evaluate`` gave them.

    Raises
    ------
    AttributeError
        If the array does not say which way its values bound, as other arrays do not.

    Examples
    --------
    >>> import boundcalc as bc
    >>> bound = bc.theorem("zhou2026.risk_gap").bound()
    >>> grid = bound.evaluate(n=[100, 1000, 10000], delta=[0.05, 0.1], L=1, C=1, R_M=0.1, gamma=0, eps_opt=0)
    >>> grid.boundcalc.first(0.5, dim="n").values
    array([10000.,  1000.])
    >>> grid.boundcalc.theorem.key
    'zhou2026.risk_gap'
    """

    def __init__(self, grid: xr.DataArray) -> None:
        if grid.attrs.get("relation") not in ("<=", "<", ">=", ">", "="):
            raise AttributeError(
                "grid.boundcalc goes with arrays from Bound.evaluate, which have an attribute `relation`"
            )
        self._grid = grid

    @property
    def theorem(self) -> Theorem:
        """The theorem of the catalogue whose bound it is."""
        return theorem(str(self._grid.name))

    def first(self, target: float, dim: str = "n") -> xr.DataArray:
        """Return from which value on an axis the bound keeps a target, as far as the axis goes.

        Parameters
        ----------
        target : float
            What an upper bound must not exceed, or a lower bound not fall below.
        dim : str
            An axis whose values rise. Between its values nothing is said: ``minimal_n`` answers to the unit.

        Returns
        -------
        xarray.DataArray
            On the other axes; nan where the last value of the axis does not keep the target.

        Raises
        ------
        InvalidInputError
            For a target that is no finite number, an axis that there is not, or one that does not rise.
        """
        grid = self._grid
        if isinstance(target, bool) or not isinstance(target, (int, float, np.number)) or not np.isfinite(target):
            raise InvalidInputError(f"target = {target!r} must be a finite number")
        if dim not in grid.indexes:
            raise InvalidInputError(
                f"dim = {dim!r} is none of the axes: {', '.join(map(str, grid.indexes)) or 'there are none'}"
            )
        axis = grid[dim]
        if not bool((axis.diff(dim) > 0).all()):
            raise InvalidInputError(f"dim = {dim!r}: its values must rise")
        kept = grid >= target if grid.attrs["relation"] in (">=", ">") else grid <= target
        onwards = kept.isel({dim: slice(None, None, -1)}).astype(int).cumprod(dim).sum(dim)
        place = (axis.size - onwards).clip(max=axis.size - 1)
        return axis.astype(float)[place].where(onwards > 0).drop_vars(dim).rename(dim)

    @renamed("0.2", axes="ax")
    def draw(self, path: Path | str | None = None, *, ax: Axes | None = None) -> Axes:
        """Draw the bound against its longest axis, one line for each value of a second one.

        Parameters
        ----------
        path : str or Path, optional
            Also write the picture there.
        ax : matplotlib axes, optional
            Where to draw; fresh ones if not given.

        Returns
        -------
        matplotlib axes

        Raises
        ------
        InvalidInputError
            If there is no axis of several values, or more than two.
        MissingExtraError
            Without matplotlib.
        """
        grid = self._grid
        axes = draw_grid(grid, title=str(grid.name or ""), label=str(grid.attrs.get("quantity", "bound")), ax=ax)
        if path is not None:
            save(axes, path)
        return axes
