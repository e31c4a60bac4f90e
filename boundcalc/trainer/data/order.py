"""Rows that are named: frames whose rows are in another order are put in one, and frames of other rows are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boundcalc.errors import InvalidInputError

__all__ = ["aligned"]


def aligned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays, frames and series with all that have an index in the order of the first.

    Parameters
    ----------
    values : mapping of str to array_like or None

    Raises
    ------
    InvalidInputError
        If two of them name other rows, or a name stands for several rows that are in another order.
    """
    named = {name: value for name, value in values.items() if hasattr(value, "index") and hasattr(value, "reindex")}
    found = dict(values)
    if len(named) < 2:
        return found
    first, index = next((name, value.index) for name, value in named.items())
    for name, value in named.items():
        if value.index.equals(index):
            continue
        both = value.index.is_unique and index.is_unique and len(index) == len(value.index)
        if not both or not index.isin(value.index).all():
            odd = next((row for row in value.index if row not in index), None)
            why = (
                f"row {odd!r} is not in {first.strip()}"
                if odd is not None
                else "its rows are others, or not named one by one"
            )
            raise InvalidInputError(
                f"the rows of {name.strip()} and of {first.strip()} are named differently ({why}): give all the same index, or "
                "arrays (.to_numpy()) whose rows are in the same order"
            )
        found[name] = value.reindex(index)
    return found
