"""A claim as experiments try it: its two sides in floats, which find, and exactly, which decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.experiments.worlds.numbers import as_sympy
from boundcalc.checker.inequality.evaluate import sign_of
from boundcalc.evaluator import compile_expression

__all__ = ["TOLERANCE", "Claim", "violated"]

#: Floats that differ by less, relative to their sizes, may be equal.
TOLERANCE = 1e-9


def violated(sign: int | None, relation: str) -> bool:
    """Return whether the sign of right - left contradicts the relation."""
    if sign is None:
        return False
    return {"<=": sign < 0, ">=": sign > 0, "<": sign <= 0, ">": sign >= 0, "=": sign != 0}[relation]


@dataclass(frozen=True)
class Claim:
    """``left relation right``; the events' symbols stand for their shares of delta."""

    left: sympy.Expr
    relation: str
    right: sympy.Expr
    events: tuple[sympy.Symbol, ...] = ()

    @cached_property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """The symbols of both sides, in a fixed order."""
        return tuple(sorted(self.left.free_symbols | self.right.free_symbols, key=str))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The symbols' names."""
        return tuple(symbol.name for symbol in self.symbols)

    @property
    def shares(self) -> int:
        """Among how many events delta is split."""
        return max(1, len(self.events))

    def sides(self, values: Mapping[str, Any], shape: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides on arrays given by symbol name, NaN where undefined; KeyError if a symbol has none."""
        known = [np.asarray(values[symbol.name], dtype=float) for symbol in self.symbols]
        with np.errstate(all="ignore"):
            left, right = (compile_expression(side, self.symbols)(*known) for side in (self.left, self.right))
        return np.broadcast_to(left, shape or np.shape(left)), np.broadcast_to(right, shape or np.shape(right))

    def margin(self, values: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Return how far the relation is from failing, in [-1, 1] and NaN where a side is undefined, and the sides' size."""
        left, right = self.sides(values, shape)
        scale = np.abs(left) + np.abs(right)
        with np.errstate(all="ignore"):
            gap = (right - left) / np.where(scale > 0, scale, 1)
        kept = gap if self.relation in ("<=", "<") else -gap if self.relation in (">=", ">") else -np.abs(gap)
        return np.asarray(kept), scale

    def fails_at(self, values: Mapping[str, Any]) -> bool:
        """Return whether the relation certainly fails at exact values by symbol name."""
        point = {symbol: values[symbol.name] for symbol in self.symbols}
        return violated(sign_of(self.right - self.left, point), self.relation)

    def exact_sides(self, values: Mapping[str, Any]) -> list[Any]:
        """Return both sides at exact values: a fraction where one is rational and short, else 15 digits."""
        point = {symbol: as_sympy(values[symbol.name]) for symbol in self.symbols}
        sides = (side.subs(point, simultaneous=True) for side in (self.left, self.right))
        return [value if value.is_Rational and value.q < 10**60 else value.evalf(15) for value in sides]

    def ratio(self, sides: list[Any]) -> float:
        """Return the smaller side, as the relation has it, over the greater one; NaN where that says nothing."""
        less, greater = reversed(sides) if self.relation in (">=", ">") else sides
        try:
            return float(less / greater) if greater != 0 else float("nan")
        except TypeError:
            return float("nan")
