"""From exact numbers to doubles: the nearest one, and those on either side."""

from __future__ import annotations

from math import inf, isnan, nextafter
from typing import Any

__all__ = ["above", "below", "rounded"]


def rounded(value: Any) -> float:
    """Return the double next to an exact number."""
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def below(value: Any) -> float:
    """Return the largest double that is not above an exact number."""
    near = rounded(value)
    return near if near <= value or isnan(near) else nextafter(near, -inf)


def above(value: Any) -> float:
    """Return the smallest double that is not below an exact number."""
    near = rounded(value)
    return near if near >= value or isnan(near) else nextafter(near, inf)
