"""Collect every bad argument before raising, so that one error lists them all."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError

__all__ = ["Problems", "as_generator", "why_unreadable"]


class Problems:
    """A list of complaints about arguments that is raised at once."""

    def __init__(self, context: str) -> None:
        self.context = context
        self.found: list[str] = []

    def add(self, problem: str) -> None:
        """Note one problem."""
        self.found.append(problem)

    def require(self, holds: bool, problem: str) -> bool:
        """Note the problem unless the condition holds; return the condition."""
        if not holds:
            self.found.append(problem)
        return bool(holds)

    def number(self, name: str, value: Any, *, low: float = -math.inf, high: float = math.inf, open_low: bool = False,
               open_high: bool = False) -> bool:  # fmt: skip
        """Note a problem unless ``value`` is a finite real number in the given range."""
        allowed = f"a finite number in {'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
            return self.require(False, f"{name}={value!r}: expected {allowed}")
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            return self.require(False, f"{name}={shortened(value)}: expected {allowed}")
        inside = bool(math.isfinite(value) and low <= value <= high)
        inside = inside and not (open_low and value == low) and not (open_high and value == high)
        return self.require(inside, f"{name}={value!r}: expected {allowed}")

    def integer(self, name: str, value: Any, *, low: int, why: str = "") -> bool:
        """Note a problem unless ``value`` is an integer that is at least ``low``."""
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        return self.require(whole and value >= low, f"{name}={value!r}: expected an integer >= {low}{why}")

    def one_of(self, name: str, value: Any, allowed: Iterable[str]) -> bool:
        """Note a problem unless ``value`` is one of the allowed words."""
        words = tuple(allowed)
        known = isinstance(value, str) and value in words
        return self.require(known, f"{name}={value!r}: expected one of {', '.join(words)}")

    def raise_if_any(self) -> None:
        """Raise the collected problems.

        Raises
        ------
        InvalidInputError
            If there is at least one.
        """
        if self.found:
            raise InvalidInputError(self.found, context=self.context)


def why_unreadable(error: Exception) -> str:
    """Say in plain words why a JSON record could not be read."""
    if isinstance(error, InvalidInputError):
        return str(error)
    if isinstance(error, KeyError):
        return f"it has no entry {error.args[0]!r}"
    return "its entries are not of the kind expected"


def as_generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return a Generator for a Generator, a seed or nothing (fresh entropy)."""
    if isinstance(rng, (bool, float, np.random.RandomState)):
        raise InvalidInputError(f"rng={rng!r}: expected a numpy.random.Generator, a non-negative integer seed or None")
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"rng={rng!r}: expected a numpy.random.Generator, a non-negative integer seed or None"
        ) from error
