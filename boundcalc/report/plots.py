"""A bound against its axes. Needs the ``plot`` extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.deprecation import renamed
from boundcalc.errors import InvalidInputError
from boundcalc.show.axes import PALETTE, new_axes

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

__all__ = ["SPAN", "count_axis", "draw_grid", "finish", "fit_scales", "mark_level"]

#: Values that span more than this factor are drawn on a logarithmic scale.
SPAN = 30.0


def finish(axes: Axes, *, legend: dict[str, Any] | None = None, **properties: Any) -> Axes:
    """Set the axes' properties, a pale grid and, where asked for, a legend without a frame."""
    axes.set(**properties)
    axes.grid(alpha=0.25)
    if legend is not None:
        axes.legend(frameon=False, **legend)
    return axes


def count_axis(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with few ticks and counts written out."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}" if n < 1e6 else f"{n:.0e}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def mark_level(axes: Axes, level: float, *, label: str = "constant rule", far: float | None = None) -> None:
    """Draw what holds anyway as a dashed line; shade what says no more, as far as asked for."""
    axes.axhline(level, color="0.35", linestyle="--", linewidth=1, label=label)
    if far is not None:
        axes.axhspan(level, far, color="0.5", alpha=0.1, linewidth=0)


@renamed("0.2", axes="ax")
def draw_grid(values: xarray.DataArray, *, title: str = "", label: str = "bound", ax: Axes | None = None) -> Axes:
    """Draw a bound against its longest axis, one line for each value of a second axis.

    Parameters
    ----------
    values : xarray.DataArray
        One or two named axes; further axes of length 1 are dropped.
    title, label : str
        Heading and the vertical axis' label.
    ax : matplotlib axes, optional
        Where to draw; fresh ones if not given.

    Raises
    ------
    InvalidInputError
        If there is no axis to draw against, or more than two.
    """
    values = values.squeeze()
    values = values.where(np.abs(values) < 1e150)  # matplotlib's axes overflow near the largest double
    if not 1 <= values.ndim <= 2:
        raise InvalidInputError(f"a picture needs one or two axes of several values, given {values.ndim}")
    x = max(values.dims, key=lambda name: values.sizes[name])
    values = values.isel({x: np.abs(values[x].values) < 1e150})
    others = [name for name in values.dims if name != x]
    axes = new_axes() if ax is None else ax
    lines = (
        [(None, values)] if not others else [(item, values.sel({others[0]: item})) for item in values[others[0]].values]
    )
    for place, (item, line) in enumerate(lines):
        name = None if item is None else f"{others[0]} = {item:.6g}"
        style = ("-", "--", ":", "-.")[place // len(PALETTE) % 4]
        axes.plot(line[x], line, style, color=PALETTE[place % len(PALETTE)], marker="o", markersize=3, label=name)
    fit_scales(axes, values[x].values, np.asarray(values))
    legend = _legend_place(len(lines)) if others else None
    return finish(axes, legend=legend, xlabel=str(x), ylabel=label, title=title)


def _legend_place(lines: int) -> dict[str, Any]:
    """Return where the legend goes: beside the picture when there are many lines."""
    return {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if lines > 5 else {}


def fit_scales(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    """Choose a logarithmic scale where values are positive and span more than `SPAN`."""
    even = x.size > 2 and np.allclose(np.diff(x), np.diff(x)[0], rtol=0.01)
    if x.min() > 0 and x.max() / x.min() > SPAN and not even:
        axes.set_xscale("log")
    seen = y[np.isfinite(y)]
    if seen.size and seen.min() > 0 and seen.max() / seen.min() > SPAN and not even:
        axes.set_yscale("log")
