"""The smallest sample size that meets a target, by bisection on the exact function, floor included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.errors import InfeasibleError, InvalidInputError

if TYPE_CHECKING:
    import xarray

    from boundcalc.bound import Bound

__all__ = ["LARGEST", "minimal_n"]

#: Sample sizes beyond this are no answer: floats cannot tell neighbouring integers apart.
LARGEST = 2**53


def minimal_n(bound: Bound, *, target: Any, name: str = "n", **others: Any) -> xarray.DataArray:
    """Return the smallest integer for which an upper bound is at most the target.

    Parameters
    ----------
    bound : Bound
        An upper bound that never rises in ``name``.
    target : scalar, 1-D array_like or xarray.DataArray
        What the bound should not exceed; an array becomes the axis ``target``.
    name : str
        The integer symbol that is free.
    **others : scalar, 1-D array_like or xarray.DataArray
        All other symbols, as for ``Bound.evaluate``.

    Returns
    -------
    xarray.DataArray of int64
        In every cell the bound, rounded outwards, meets the target at the answer and misses it one below.

    Raises
    ------
    InfeasibleError
        If no sample size up to 2**53 meets the target in some cell; the message names the nearest target.
    InvalidInputError
        If the bound is not an upper bound that falls in ``name``, or an input is bad.
    """
    import xarray as xr

    if bound.relation != "<=" or bound.direction(name) != "falls":
        raise InvalidInputError(
            f"{name} cannot be solved for: {bound.quantity} {bound.relation} ... {bound.direction(name)} in {name}",
            context=bound.theorem.key,
        )
    from boundcalc.evaluator import compile_expression
    from boundcalc.evaluator.inputs import labelled

    checked = bound.check_inputs({**others, name: int(bound.domain[name].inf)})
    checked.pop(name)
    values = labelled({**checked, "target": target})
    grid = xr.broadcast(*xr.align(*values, join="exact", copy=False))
    cells = [np.ravel(array.values) for array in grid]
    if not np.isfinite(cells[-1]).all():
        raise InvalidInputError(f"target = {target} must be finite", context=bound.theorem.key)
    arguments = tuple(bound.symbols[key] for key in (name, *checked))
    upper = compile_expression(bound.expr, arguments, domains=bound.domain, side="upper")

    def meets(n: np.ndarray) -> np.ndarray:
        return np.asarray(upper(n.astype(float), *cells[:-1])) <= cells[-1]

    low = np.full(cells[-1].shape, int(bound.domain[name].inf), dtype=np.int64)
    high = np.full_like(low, LARGEST)
    _require_feasible(bound, meets(high), upper(high.astype(float), *cells[:-1]), name)
    high = np.where(meets(low), low, high)
    while (high > low).any():
        middle = low + (high - low) // 2
        good = meets(middle)
        high = np.where(good, middle, high)
        low = np.where(good, low, np.minimum(middle + 1, high))
    return grid[-1].copy(data=high.reshape(grid[-1].shape)).rename(f"smallest {name}").drop_attrs()


def _require_feasible(bound: Bound, feasible: np.ndarray, floor: np.ndarray, name: str) -> None:
    if feasible.all():
        return
    raise InfeasibleError(
        f"no {name} up to 2**53 meets the target in {int((~feasible).sum())} of {feasible.size} cells; "
        f"the bound stays above {float(np.min(floor)):.6g}: raise the target above that, or lower what does not vanish",
        context=bound.theorem.key,
    )
