"""The search for a point where a claim fails: random and extreme points, a descent, and exact confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.experiments.worlds.numbers import as_sympy
from boundcalc.checker.inequality.evaluate import on_arrays
from boundcalc.checker.inequality.exactly import fails, inside, undefined_at
from boundcalc.checker.inequality.limits import worked
from boundcalc.checker.inequality.problem import Inequality
from boundcalc.frozen import Frozen
from boundcalc.language.domains import contains

__all__ = ["Hunt", "hunt", "tidied"]

#: Powers of ten that a search reaches; further out points are given as powers (`boundcalc.checker.inequality.far`).
_NEAR = 7.0


@dataclass(frozen=True)
class Hunt(Frozen):
    """What the search found.

    Attributes
    ----------
    witness : mapping of sympy.Symbol to Fraction, or None
        A point of the domain at which the relation fails.
    undefined : mapping or None
        A point of the domain at which a side is no real number.
    margin : float
        The smallest relative margin seen.
    closest : mapping or None
        Where.
    """

    witness: Mapping[sympy.Symbol, Any] | None
    undefined: Mapping[sympy.Symbol, Any] | None
    margin: float
    closest: Mapping[sympy.Symbol, Any] | None
    points: int


def hunt(
    problem: Inequality, *, rng: np.random.Generator, seconds: float = 1.0, size: int = 4000, reach: float = _NEAR
) -> Hunt:
    """Search for a counterexample among numbers up to about ten to the power of ``reach``, and down to its inverse."""
    deadline = worked() + seconds
    symbols = list(problem.domain)
    if not symbols:
        return _constant(problem)
    tried, best = 0, np.inf
    closest: Mapping[sympy.Symbol, Any] | None = None
    undefined: Mapping[sympy.Symbol, Any] | None = None
    points = _drawn(problem, rng, size, reach)
    for round_number in range(12):
        points = _feasible(problem, _repaired(problem, points, rng))
        if not len(points[symbols[0]]):
            points = _drawn(problem, rng, size, reach)
            continue
        tried += len(points[symbols[0]])
        margin = _margin(problem, points)
        undefined = undefined or _undefined(problem, points, margin)
        order = np.argsort(np.where(np.isnan(margin), np.inf, margin), kind="stable")
        place = order[0]
        if margin[place] < best:
            best, closest = float(margin[place]), {s: values[place] for s, values in points.items()}
        for candidate in order[:6]:
            threshold = 1e-7 if problem.strict else -1e-10 if problem.relation == "=" else 1e-12
            suspicious = margin[candidate] < threshold
            if not suspicious:
                break
            point = {s: _rational(values[candidate]) for s, values in points.items()}
            if fails(problem, point):
                return Hunt(tidied(problem, point), undefined, best, closest, tried)
        if worked() > deadline or (round_number >= 6 and best > 0.5):
            break
        points = _children(problem, {s: values[order[:60]] for s, values in points.items()}, rng, size // 2, reach)
    return Hunt(None, undefined, best, closest, tried)


def _constant(problem: Inequality) -> Hunt:
    failed = fails(problem, {})
    whole = not any(undefined_at(side, {}) for side in (problem.left, problem.right))
    return Hunt({} if failed else None, None if whole else {}, -1.0 if failed else 1.0, {}, 1)


# ---------------------------------------------------------------------- sampling


def _drawn(problem: Inequality, rng: np.random.Generator, size: int, reach: float) -> dict:
    """Return points; some have a number that occurs in the claim, since that is where a claim may just fail."""
    written = problem.left.atoms(sympy.Rational) | problem.right.atoms(sympy.Rational)
    numbers = np.array(sorted({abs(float(number)) for number in written} | {0.0}))
    points = {}
    for symbol, allowed in problem.domain.items():
        values = _sample(allowed, rng, size, reach)
        guess = rng.choice(numbers, size)
        points[symbol] = np.where((rng.random(size) < 0.05) & contains(allowed, guess), guess, values)
    return points


def _sample(allowed: sympy.Set, rng: np.random.Generator, size: int, reach: float = _NEAR) -> np.ndarray:
    """Return values of a set, with its ends and extremes well represented."""
    match allowed:
        case sympy.FiniteSet():
            return rng.choice([float(item) for item in allowed], size)
        case sympy.Union():
            parts = [_sample(part, rng, size, reach) for part in allowed.args]
            return np.choose(rng.integers(0, len(parts), size), parts)
    low, high = float(allowed.inf), float(allowed.sup)
    integer = isinstance(allowed, sympy.Range) or allowed in (sympy.S.Integers, sympy.S.Naturals, sympy.S.Naturals0)
    if integer:
        return _integers(low, high, rng, size, reach)
    if np.isfinite(low) and np.isfinite(high):
        edge = 10.0 ** -rng.uniform(0, reach + 2, size)
        unit = np.choose(rng.integers(0, 4, size), [rng.random(size), edge, 1 - edge, rng.integers(0, 11, size) / 10])
        return low + (high - low) * unit
    spread = 10.0 ** np.where(
        rng.random(size) < 0.7, rng.uniform(-2, 2, size), rng.uniform(-reach - 1, reach + 1, size)
    )
    spread = np.where(rng.random(size) < 0.2, np.round(spread), spread)
    if np.isfinite(low):
        return low + spread
    if np.isfinite(high):
        return high - spread
    return spread * rng.choice([-1, 1], size)


def _integers(low: float, high: float, rng: np.random.Generator, size: int, reach: float) -> np.ndarray:
    small = rng.integers(0, 9, size).astype(float)
    large = np.round(10.0 ** rng.uniform(0, reach, size))
    step = np.where(rng.random(size) < 0.6, small, large)
    if np.isfinite(low):
        values = low + step
        return np.minimum(values, high) if np.isfinite(high) else values
    return high - step if np.isfinite(high) else step * rng.choice([-1, 1], size)


def _children(problem: Inequality, parents: dict, rng: np.random.Generator, size: int, reach: float) -> dict:
    count = len(next(iter(parents.values())))
    chosen = rng.integers(0, count, size)
    scale = 10.0 ** -rng.uniform(0, 4, size)
    result = {}
    for symbol, values in parents.items():
        allowed = problem.domain[symbol]
        start = values[chosen]
        moved = start * (1 + scale * rng.standard_normal(size))
        low, high = float(allowed.inf), float(allowed.sup)
        if np.isfinite(high) and np.isfinite(low) and high > low:
            unit = np.clip((start - low) / (high - low), 1e-12, 1 - 1e-12)
            odds = unit / (1 - unit) * np.exp(scale * 3 * rng.standard_normal(size))
            moved = low + (high - low) * odds / (1 + odds)
        if allowed.is_subset(sympy.S.Integers):
            moved = np.round(np.where(rng.random(size) < 0.5, start + rng.integers(-2, 3, size), moved))
        moved = np.where(rng.random(size) < 0.15, _sample(allowed, rng, size, reach), moved)
        result[symbol] = np.where(rng.random(size) < 0.4, start, np.clip(moved, low, high))
    return result


def _repaired(problem: Inequality, points: dict, rng: np.random.Generator) -> dict:
    """Pull symbols to where simple constraints (one symbol at most another) hold."""
    points = dict(points)
    for _ in range(2):
        for rule in problem.constraints:
            low, high = rule.lower, rule.upper
            if low.is_Symbol and high.is_Symbol:
                bad = points[low] > points[high]
                pulled = points[high] - (points[low] - points[high]) * 0
                share = np.where(rng.random(len(bad)) < 0.5, 1.0, rng.random(len(bad)))
                down = np.where(points[high] > 0, pulled * share, pulled)
                if problem.domain[low].is_subset(sympy.S.Integers):
                    down = np.floor(down)
                points[low] = np.where(bad, np.maximum(down, float(problem.domain[low].inf)), points[low])
    return points


def _feasible(problem: Inequality, points: dict) -> dict:
    keep = np.ones(len(next(iter(points.values()))), dtype=bool)
    for symbol, values in points.items():
        keep &= contains(problem.domain[symbol], values)
    named = {symbol.name: values for symbol, values in points.items()}
    for rule in problem.constraints:
        gap = np.broadcast_to(on_arrays(rule.upper - rule.lower, named), keep.shape)
        with np.errstate(invalid="ignore"):
            keep &= gap > 0 if rule.strict else gap >= 0
    return {symbol: values[keep] for symbol, values in points.items()}


# ---------------------------------------------------------------------- judging


def _margin(problem: Inequality, points: dict) -> np.ndarray:
    named = {symbol.name: values for symbol, values in points.items()}
    count = len(next(iter(points.values())))
    left, right = (np.broadcast_to(on_arrays(side, named), (count,)) for side in (problem.left, problem.right))
    with np.errstate(all="ignore"):
        scale = np.abs(left) + np.abs(right)
        gap = np.where(scale > 0, (right - left) / np.where(scale > 0, scale, 1), 0.0)
    if problem.relation == "=":
        return -np.abs(gap)
    return np.asarray(-gap if problem.relation in (">=", ">") else gap)


def _rational(value: float) -> Fraction:
    return Fraction(int(value)) if float(value).is_integer() else Fraction(repr(float(value)))


def _undefined(problem: Inequality, points: dict, margin: np.ndarray) -> Mapping[sympy.Symbol, Any] | None:
    """Return a point of the domain at which a side has no real value, confirmed exactly."""
    for place in np.flatnonzero(np.isnan(margin))[:4]:
        point = {symbol: as_sympy(_rational(values[place])) for symbol, values in points.items()}
        if inside(problem, point) and any(undefined_at(side, point) for side in (problem.left, problem.right)):
            return point
    return None


def tidied(problem: Inequality, point: dict[sympy.Symbol, Fraction]) -> dict[sympy.Symbol, Any]:
    """Return a witness with rounder numbers, as long as it remains one."""
    for symbol, value in list(point.items()):
        for simpler in _simpler(value):
            trial = point | {symbol: simpler}
            if simpler != value and fails(problem, trial):
                point = trial
                break
    return {symbol: as_sympy(value) for symbol, value in point.items()}


def _simpler(value: Fraction) -> list[Fraction]:
    candidates = [Fraction(1), Fraction(0), Fraction(2), Fraction(1, 2), Fraction(3), Fraction(1, 10), Fraction(9, 10)]
    candidates += [value.limit_denominator(bound) for bound in (1, 10, 100, 10**4)]
    if value:
        digits = 2 - len(str(int(abs(value)))) if abs(value) >= 1 else 3
        candidates.append(Fraction(round(value, digits)))
    return candidates
