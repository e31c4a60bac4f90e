"""The smallest sample size that meets a target, by bisection on the exact function, floor included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.domains import describe
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
    goal = target if hasattr(target, "dims") else xr.DataArray(np.asarray(target, dtype=float), _axes("target", target))
    if not bool(np.isfinite(goal).all()):
        raise InvalidInputError(f"target = {target} must be finite", context=bound.theorem.key)

    def meets(n: xarray.DataArray) -> xarray.DataArray:
        return bound.evaluate(sound=True, **{name: n}, **others) <= goal

    least = int(bound.domain[name].inf)
    shape = bound.evaluate(**{name: least}, **others) + 0 * goal
    low = xr.zeros_like(shape, dtype=np.int64) + least
    high = xr.full_like(low, LARGEST)
    _require_feasible(bound, meets(high), name, others)
    high = xr.where(meets(low), low, high)
    while bool((high > low).any()):
        middle = low + (high - low) // 2
        good = meets(middle)
        high = xr.where(good, middle, high)
        low = xr.where(good, low, np.minimum(middle + 1, high))
    high.name = f"smallest {name} ({describe(bound.domain[name])})"
    return high


def _axes(name: str, value: Any) -> dict[str, np.ndarray] | None:
    return {name: np.asarray(value, dtype=float)} if np.ndim(value) == 1 else None


def _require_feasible(bound: Bound, feasible: xarray.DataArray, name: str, others: dict[str, Any]) -> None:
    if bool(feasible.all()):
        return
    floor = bound.evaluate(**{name: LARGEST}, **others)
    raise InfeasibleError(
        f"no {name} up to 2**53 meets the target in {int((~feasible).sum())} of {feasible.size} cells; "
        f"the bound stays above {float(floor.min()):.6g}: raise the target above that, or lower what does not vanish",
        context=bound.theorem.key,
    )
