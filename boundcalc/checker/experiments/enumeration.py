"""Enumeration: a step on thousands of random small instances, then a hill climb towards the tightest.

Floats find; exact arithmetic decides. For an inequality the climb lowers the relative margin (greater - less) /
(|less| + |greater|); it ends below 0 for a false step, and the ratio of the two sides that it reaches says how much
room a true one leaves.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.experiments.experiment import Enumerable, Instance, shown
from boundcalc.checker.experiments.worlds.numbers import as_sympy
from boundcalc.checker.inequality.evaluate import on_arrays, sign_of
from boundcalc.frozen import Frozen

__all__ = ["Found", "enumerate_world", "relative_margin", "violated"]

_TOLERANCE = 1e-9
_ATTAINED = 1e-12  # the two sides are equal (or the relation fails): nothing is left to climb


@dataclass(frozen=True)
class Found(Frozen):
    """What an enumeration found.

    Attributes
    ----------
    instances : int
        How many were tried.
    violation : mapping or None
        An instance on which the relation fails, exactly, with the world and the values of both sides.
    tightest : mapping or None
        The instance with the smallest margin, verified exactly.
    ratio : float
        Smaller side over greater side on it.
    """

    instances: int
    violation: Mapping[str, Any] | None
    tightest: Mapping[str, Any] | None
    ratio: float


def relative_margin(left: np.ndarray, relation: str, right: np.ndarray) -> np.ndarray:
    """Return how far the relation is from failing, in [-1, 1]; NaN where a side is undefined."""
    scale = np.abs(left) + np.abs(right)
    with np.errstate(all="ignore"):
        gap = (right - left) / np.where(scale > 0, scale, 1)
    if relation in ("<=", "<"):
        return np.asarray(gap)
    return np.asarray(-gap if relation in (">=", ">") else -np.abs(gap))


def violated(expr_gap: int | None, relation: str) -> bool:
    """Return whether the sign of right - left contradicts the relation."""
    if expr_gap is None:
        return False
    return {
        "<=": expr_gap < 0,
        ">=": expr_gap > 0,
        "<": expr_gap <= 0,
        ">": expr_gap >= 0,
        "=": expr_gap != 0,
    }[relation]


def enumerate_world(
    left: sympy.Expr,
    relation: str,
    right: sympy.Expr,
    world: Enumerable,
    *,
    rng: np.random.Generator,
    size: int = 2000,
    rounds: int = 5,
    deadline: float = float("inf"),
) -> Found:
    """Try a relation on a world's instances."""
    size = max(60, size // world.cost)
    instances = world.draw(rng, size)
    tried = size
    margins = _margins(left, relation, right, world, instances)
    for _ in range(rounds):
        if np.nanmin(margins, initial=1.0) < _ATTAINED or time.monotonic() > deadline:
            break
        best = _order(margins, relation)[: max(8, size // 40)]
        children = _offspring(world, instances, best, rng, size // 5)
        tried += len(next(iter(children.values())))
        instances = {name: np.concatenate([instances[name][best], children[name]]) for name in children}
        margins = np.concatenate([margins[best], _margins(left, relation, right, world, children)])
    return _verified(left, relation, right, world, instances, margins, tried)


def _margins(left, relation, right, world: Enumerable, instances: Instance) -> np.ndarray:
    values = world.atoms(instances)
    count = len(next(iter(instances.values())))
    sides = [np.broadcast_to(on_arrays(side, values), (count,)) for side in (left, right)]
    margin = relative_margin(sides[0], relation, sides[1])
    # Both sides 0 says nothing about tightness.
    return np.where((np.abs(sides[0]) + np.abs(sides[1]) < _TOLERANCE), 1.0, margin)


def _order(margins: np.ndarray, relation: str) -> np.ndarray:
    return np.argsort(np.where(np.isnan(margins), np.inf, margins), kind="stable")


def _offspring(
    world: Enumerable, instances: Instance, best: np.ndarray, rng: np.random.Generator, size: int
) -> Instance:
    """Return copies of the best instances with some entries redrawn."""
    fresh = world.draw(rng, size)
    parents = rng.choice(best, size)
    rate = rng.choice([0.05, 0.2, 0.5], size)
    children = {}
    for name, values in fresh.items():
        keep = rng.random(values.shape) >= rate.reshape(-1, *[1] * (values.ndim - 1))
        children[name] = np.where(keep, instances[name][parents], values)
    return children


def _verified(left, relation, right, world, instances, margins, tried) -> Found:
    """Recompute the tightest instances exactly."""
    order = _order(margins, relation)
    tightest: dict[str, Any] | None = None
    ratio = float("nan")
    for place in order[:3]:
        if tightest is not None and not margins[place] < -_ATTAINED:
            break
        instance = {name: values[place] for name, values in instances.items()}
        exact = world.one(instance)
        point = {symbol: exact[symbol.name] for symbol in left.free_symbols | right.free_symbols}
        sign = sign_of(right - left, point)
        sides = [as_sympy_value(side, point) for side in (left, right)]
        report = shown(world, instance) | {
            "left": str(sides[0]),
            "right": str(sides[1]),
        }
        if violated(sign, relation):
            return Found(tried, report, None, float("nan"))
        if tightest is None:
            tightest = report
            ratio = _ratio(sides, relation)
    return Found(tried, None, tightest, ratio)


def as_sympy_value(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any]) -> Any:
    """Return the value of a side: a fraction where it is rational, else 15 digits."""
    value = expr.subs({symbol: as_sympy(item) for symbol, item in point.items()}, simultaneous=True)
    return value if value.is_Rational else value.evalf(15)


def _ratio(sides: list[Any], relation: str) -> float:
    less, greater = (sides[1], sides[0]) if relation in (">=", ">") else (sides[0], sides[1])
    try:
        return float(less / greater) if greater != 0 else float("nan")
    except TypeError:
        return float("nan")
