"""Pictures of one bound: its value against a symbol, and the terms that it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.bound import Bound
from boundcalc.deprecation import renamed
from boundcalc.errors import InvalidInputError, require, suggestion
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.report.plots import SPAN, draw_grid, finish, mark_level
from boundcalc.report.ranges import usual_points
from boundcalc.show.axes import PALETTE, new_axes
from boundcalc.show.mathtext import mathtext

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

__all__ = ["plot", "plot_terms"]

_POINTS = 80
_LINES = 4


@renamed("0.2", axes="ax")
def plot(bound: Bound, *, x: str = "n", hue: str | None = None, ax: Axes | None = None, **values: Any) -> Axes:
    """Draw a bound against a symbol, one line for each value of another.

    Parameters
    ----------
    bound : Bound
    x : str
        The symbol on the horizontal axis. Give it several values, or none for its usual range.
    hue : str, optional
        The symbol of the lines; likewise.
    ax : matplotlib axes, optional
        Where to draw; fresh ones if not given.
    **values : number or 1-D array_like
        All other symbols, one value each.

    Returns
    -------
    matplotlib axes
        With what holds without the theorem as a dashed line, where that is one number; beyond it the bound is vacuous.

    Raises
    ------
    InvalidInputError
        For a symbol that the bound has not, values that are missing or outside their domain, an ``x`` with one value, and
        several values of another symbol.

    Examples
    --------
    >>> from boundcalc import theorem
    >>> bound = theorem("zhou2026.margin").bound()
    >>> axes = plot(bound, x="n", hue="rho", rho=[0.5, 1.0], delta=0.05, R_M=0.02, rhat_ramp=0.1)
    >>> len(axes.get_lines())
    3
    """
    require("matplotlib", extra="plot", purpose="drawing")
    several = [x] if hue is None else [x, hue]
    inputs = _inputs(bound, several, values)
    found = bound.evaluate(**inputs).rename(None)
    dims = [name for name in several if name in found.dims]
    if x not in dims:
        raise InvalidInputError(f"the bound does not vary with {x} at these values", context=str(bound.theorem))
    axes = draw_grid(found.transpose(*dims[::-1]), title=_title(bound), label=_label(bound), ax=ax)
    _mark_trivial(bound, found, inputs, axes)
    return axes


@renamed("0.2", axes="ax")
def plot_terms(bound: Bound, *, x: str = "n", ax: Axes | None = None, **values: Any) -> Axes:
    """Draw what a bound is made of against a symbol: its terms one upon the other.

    Parameters
    ----------
    bound : Bound
    x : str
        The symbol on the horizontal axis. Give it several values, or none for its usual range.
    ax : matplotlib axes, optional
        Where to draw; fresh ones if not given.
    **values : number
        All other symbols.

    Returns
    -------
    matplotlib axes
        What adds stands upon 0, what takes away hangs below it; the line is the bound.

    Raises
    ------
    InvalidInputError
        As for `plot`.
    """
    from boundcalc.evaluator import evaluate_grid

    require("matplotlib", extra="plot", purpose="drawing")
    inputs = _inputs(bound, [x], values)
    total = bound.evaluate(**inputs)
    points = np.asarray(inputs[x], dtype=float)
    axes = new_axes() if ax is None else ax
    above, below = np.zeros(points.size), np.zeros(points.size)
    for place, (name, term) in enumerate(bound.terms.items()):
        own = {symbol.name: symbol for symbol in term.free_symbols}
        part = np.broadcast_to(evaluate_grid(term, {key: inputs[key] for key in own}, symbols=own).values, points.shape)
        base = np.where(part >= 0, above, below)
        axes.fill_between(
            points, base, base + part, color=PALETTE[place % len(PALETTE)], alpha=0.75, linewidth=0, label=name
        )
        above, below = above + np.maximum(part, 0), below + np.minimum(part, 0)
    axes.plot(points, np.broadcast_to(total.values, points.shape), color="0.15", linewidth=1.5, label="together")
    _mark_trivial(bound, total, inputs, axes)
    if points.min() > 0 and points.max() / points.min() > SPAN:
        axes.set_xscale("log")
    limits = _limits(above, below, axes)
    return finish(axes, legend={}, xlabel=x, ylabel=_label(bound), title=_title(bound), ylim=limits)


def _inputs(bound: Bound, several: list[str], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values in the order of the picture's axes, usual ones filled in for what varies."""
    if not isinstance(bound, Bound):
        raise InvalidInputError(f"bound = {bound!r} is no bound: give boundcalc.theorem(KEY).bound()")
    for name in several:
        if not isinstance(name, str):
            raise InvalidInputError(
                f"axes are named by text: {name!r} is {type(name).__name__}; the bound has {', '.join(bound.symbols)}",
                context=str(bound.theorem),
            )
        if name not in bound.symbols:
            raise InvalidInputError(
                f"{name!r} is no symbol of this bound{suggestion(name, bound.symbols)}; it has {', '.join(bound.symbols)}",
                context=str(bound.theorem),
            )
    if len(set(several)) < len(several):
        raise InvalidInputError(f"x and hue are both {several[0]}", context=str(bound.theorem))
    counts = dict(zip(several, (_POINTS, _LINES), strict=False))
    usual = {
        name: usual_points(bound.symbols[name], bound.domain[bound.symbols[name]], count)
        for name, count in counts.items()
        if name not in values
    }
    inputs: dict[str, Any] = {name: usual.get(name, values.get(name)) for name in several} | {
        name: value for name, value in values.items() if name not in several
    }
    bound.check_inputs(inputs)
    single = [name for name in several[:1] if np.size(inputs[name]) < 2]
    problems = [f"{name} stands on an axis and needs several values, given {inputs[name]}" for name in single]
    problems += [
        f"{name} has several values: name it as hue, or give it one"
        for name, value in inputs.items()
        if name not in several and name in bound.symbols and np.ndim(value)
    ]
    if problems:
        raise InvalidInputError(problems, context=str(bound.theorem))
    return inputs


def _title(bound: Bound) -> str:
    return f"{bound.theorem} ({bound.form})"


def _label(bound: Bound) -> str:
    """Return the quantity for the vertical axis, in the mathematics that matplotlib knows."""
    typeset = mathtext(f"{expression_latex(bound.quantity)} {RELATIONS[bound.relation]}")
    return typeset or f"{bound.quantity} {bound.relation}"


def _mark_trivial(bound: Bound, found: xarray.DataArray, inputs: dict[str, Any], axes: Axes) -> None:
    """Draw what holds anyway, and shade what says no more, where that is one number and in sight."""
    from boundcalc.evaluator import evaluate_grid

    if bound.trivial is None or any(symbol.name not in inputs for symbol in bound.trivial.free_symbols):
        return
    own = {symbol.name: symbol for symbol in bound.trivial.free_symbols}
    anyway = evaluate_grid(bound.trivial, {name: inputs[name] for name in own}, symbols=own)
    if anyway.ndim:
        return
    level, (low, high) = float(anyway), axes.get_ylim()
    upper = not bound.relation.startswith(">")
    says_no_more = bool((found >= level if upper else found <= level).any())
    far = max(high, level) if upper else min(low, level)
    mark_level(axes, level, label="without the theorem", far=far if says_no_more else None)
    if says_no_more:
        axes.set_ylim(low, high)


def _limits(above: np.ndarray, below: np.ndarray, axes: Axes) -> tuple[float, float]:
    """Return the vertical axis' ends: at tiny samples every bound is huge, so the picture stops at three times the rest."""
    marks = [abs(float(np.asarray(line.get_ydata())[0])) for line in axes.get_lines() if line.get_linestyle() == "--"]
    reach = 3 * max([*marks, np.median(above - below)])
    return max(float(below.min()), -reach) * 1.05, min(float(above.max()), reach) * 1.05
