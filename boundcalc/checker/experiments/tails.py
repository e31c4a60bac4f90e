"""Steps that hold with high probability: how often do they fail on populations where everything is known?

On small sample spaces every outcome is enumerated, so the failure probability is exact and is compared with delta as a
fraction. On larger ones it is estimated from replicates, with a Clopper-Pearson interval.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.experiments.enumeration import as_sympy_value, relative_margin, violated
from boundcalc.checker.experiments.experiment import Atoms, Instance, SampleSpace, shown
from boundcalc.checker.inequality.evaluate import on_arrays, sign_of
from boundcalc.frozen import Frozen

__all__ = ["CONFIDENCE", "DELTAS", "Tail", "clopper_pearson", "sure_on_outcomes", "tail_of"]

_TOLERANCE = 1e-9
_SMALL = 300  # numbers that describe an instance; larger ones are recomputed exactly only when they violate
#: Error probability of an interval; small, since many intervals are looked at.
CONFIDENCE = 1e-7
_SUSPICIOUS = 3.0  # standard deviations by which a rate exceeds delta before fresh replicates are drawn
#: The failure probability at which it is told by how much a bound is usually kept.
_USUAL = Fraction(1, 20)
#: The failure probabilities that are tried.
DELTAS = tuple(Fraction(k, 1000) for k in range(1, 1000))


@dataclass(frozen=True)
class Tail(Frozen):
    """How a high-probability step fared.

    Attributes
    ----------
    instances : int
        Populations tried.
    violation : mapping or None
        Where its failure probability exceeds delta.
    tightest : mapping or None
        Where the failure probability came closest to delta.
    ratio : float
        Failure probability over delta there.
    """

    instances: int
    violation: Mapping[str, Any] | None
    tightest: Mapping[str, Any] | None
    ratio: float


def clopper_pearson(failures: int, trials: int, *, error: float = CONFIDENCE) -> tuple[float, float]:
    """Return an interval that holds a failure probability except with probability ``error``.

    >>> low, high = clopper_pearson(0, 1000, error=0.05)
    >>> low, round(high, 4)
    (0.0, 0.0037)
    """
    from scipy.stats import beta

    low = float(beta.ppf(error / 2, failures, trials - failures + 1)) if failures else 0.0
    high = float(beta.ppf(1 - error / 2, failures + 1, trials - failures)) if failures < trials else 1.0
    return low, high


def tail_of(
    left: sympy.Expr,
    relation: str,
    right: sympy.Expr,
    world: SampleSpace,
    events: Sequence[sympy.Symbol],
    *,
    rng: np.random.Generator,
    size: int = 40,
    deadline: float = float("inf"),
) -> Tail:
    """Return the failure probability of a relation against delta, split equally over its events."""
    if world.levels:
        return _tail_at_levels(left, relation, right, world, events, rng=rng, size=size, deadline=deadline)
    deltas = np.array([float(delta) for delta in DELTAS])
    best: tuple[float, Instance, int, float] | None = None
    suspects: list[tuple[float, Instance, int, float]] = []
    tried = 0
    for instance in world.draw(rng, size):
        atoms, chance = world.outcomes(instance, rng=rng)
        rates = _failure_rates(left, relation, right, atoms, chance, events, deltas / max(1, len(events)))
        tried += 1
        ratios = rates / deltas
        place = int(np.argmax(ratios))
        entry = (float(ratios[place]), instance, place, float(rates[place]))
        if best is None or entry[0] > best[0]:
            best = entry
        suspicious = entry[0] > 1 + 1e-9
        if not world.exhaustive:
            # Among replicates the largest ratio is luck at a small delta: what counts is how sure the excess is.
            excess = (rates - deltas) / np.sqrt(deltas * (1 - deltas) / len(chance))
            place = int(np.argmax(excess))
            entry = (float(ratios[place]), instance, place, float(rates[place]))
            suspicious = excess[place] > _SUSPICIOUS
        if suspicious:
            suspects.append(entry)
            if len(suspects) >= 3:
                break
        if time.monotonic() > deadline:
            break
    for entry in sorted(suspects, key=lambda item: -item[0]):
        verified = _verify(left, relation, right, world, events, entry, rng)
        if verified is not None:
            return Tail(tried, verified, None, entry[0])
    if best is None:
        return Tail(tried, None, None, float("nan"))
    ratio, instance, place, rate = best
    report = _report(world, instance, DELTAS[place]) | {"failure probability": rate}
    if not world.exhaustive:
        replicates = len(chance)
        interval = clopper_pearson(round(rate * replicates), replicates)
        slack = _median_slack(left, relation, right, world.outcomes(instance, rng=rng)[0], events, _USUAL)
        report |= {"replicates": replicates, "interval": interval, "median slack": [slack, str(_USUAL)]}
        return Tail(tried * replicates, None, report, float("nan"))
    return Tail(tried, None, report, min(ratio, 1.0))


def _tail_at_levels(left, relation, right, world, events, *, rng, size, deadline) -> Tail:
    """Return the same for a world whose outcomes carry certificates made at a given share of delta."""
    number = max(1, len(events))
    tried, best, report = 0, -1.0, None
    for instance in world.draw(rng, size):
        for level in world.levels:
            share = level / number
            placed = instance | {"share": np.array([share.numerator, share.denominator])}
            atoms, chance = world.outcomes(placed, rng=rng)
            rate = float(
                _failure_rates(left, relation, right, atoms, chance, events, np.array([float(share)]), level)[0]
            )
            tried += len(chance)
            interval = clopper_pearson(round(rate * len(chance)), len(chance))
            exceeds = interval[0] > float(level)
            if exceeds or rate / float(level) > best:
                best = rate / float(level)
                report = _report(world, placed, level) | {
                    "failure rate": rate,
                    "replicates": len(chance),
                    "interval": interval,
                    "median slack": [_median_slack(left, relation, right, atoms, events, level), str(level)],
                }
            if exceeds:
                return Tail(tried, report, None, float("nan"))
            if time.monotonic() > deadline:
                return Tail(tried, None, report, float("nan"))
    return Tail(tried, None, report, float("nan"))


def _median_slack(left, relation, right, atoms: Atoms, events, delta: Fraction) -> float:
    """Return by how much the relation is usually kept: the median of the greater side minus the smaller one."""
    values = dict(atoms) | {symbol.name: np.asarray(float(delta) / max(1, len(events))) for symbol in events}
    values.setdefault("delta", np.asarray(float(delta)))
    gap = on_arrays(right - left, values)
    return float(np.median(-gap if relation in (">=", ">") else gap))


def _report(world: SampleSpace, instance: Instance, delta: Fraction) -> dict[str, Any]:
    return shown(world, instance) | {"delta": str(delta)}


def _failure_rates(left, relation, right, atoms: Atoms, chance, events, shares, delta=None) -> np.ndarray:
    """Return the failure probability for each delta, given the shares of it that the events have."""
    used = {symbol.name for symbol in left.free_symbols | right.free_symbols}
    columns, chance = _merged({name: atoms[name] for name in sorted(used & set(atoms))}, chance)
    values = {name: value[None] for name, value in columns.items()}
    values |= {symbol.name: shares[:, None] for symbol in events}
    values.setdefault("delta", shares[:, None] * max(1, len(events)))
    if delta is not None:
        values["delta"] = np.array([[float(delta)]])
    sides = [on_arrays(side, values) for side in (left, right)]
    margin = relative_margin(np.asarray(sides[0]), relation, np.asarray(sides[1]))
    margin = np.broadcast_to(margin, (len(shares), len(chance)))
    fails = margin < -_TOLERANCE
    return np.asarray((fails * np.asarray(chance, dtype=float)).sum(axis=1))


def _merged(atoms: Atoms, chance: np.ndarray) -> tuple[Atoms, np.ndarray]:
    """Merge the outcomes on which all values agree."""
    chance = np.asarray(chance, dtype=float)
    rows = np.stack([np.broadcast_to(np.asarray(value, dtype=float), chance.shape) for value in atoms.values()], axis=1)
    _, first, group = np.unique(np.round(rows, 12), axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(group.ravel(), weights=chance, minlength=len(first))
    return {name: rows[first, place] for place, name in enumerate(atoms)}, weights


def _verify(left, relation, right, world, events, entry, rng) -> Mapping[str, Any] | None:
    """Confirm that the failure probability exceeds delta: exactly, or by an interval from fresh replicates."""
    _, instance, place, _ = entry
    delta = DELTAS[place]
    report = _report(world, instance, delta)
    if not world.exhaustive:
        fresh, chance = world.outcomes(instance, rng=rng)
        again = _failure_rates(
            left, relation, right, fresh, chance, events, np.array([float(delta) / max(1, len(events))])
        )
        low, high = clopper_pearson(round(float(again[0]) * len(chance)), len(chance))
        return report | {"failure rate": float(again[0]), "interval": (low, high)} if low > float(delta) else None
    atoms, chance = world.outcomes(instance, exact=True)
    exact = _exact_failure(left, relation, right, atoms, chance, events, delta)
    return report | {"failure probability": str(exact)} if exact > delta else None


def _exact_failure(left, relation, right, atoms: Atoms, chance, events, delta: Fraction) -> Any:
    """Return the exact probability of the outcomes on which the relation fails."""
    names = [symbol.name for symbol in left.free_symbols | right.free_symbols]
    fixed = {symbol.name: delta / max(1, len(events)) for symbol in events} | {"delta": delta}
    columns = {name: np.broadcast_to(atoms[name], chance.shape) for name in names if name in atoms}
    total: Any = Fraction(0)
    seen: dict[tuple, bool] = {}
    for place, share in enumerate(chance):
        row = {name: column[place] for name, column in columns.items()}
        key = tuple(row.values())
        if key not in seen:
            values = fixed | row
            point = {symbol: values[symbol.name] for symbol in left.free_symbols | right.free_symbols}
            seen[key] = violated(sign_of(right - left, point), relation)
        if seen[key]:
            total += share
    return total


def sure_on_outcomes(
    left: sympy.Expr,
    relation: str,
    right: sympy.Expr,
    world: SampleSpace,
    *,
    rng: np.random.Generator,
    size: int = 40,
    deadline: float = float("inf"),
) -> Tail:
    """Try a relation that must hold on every outcome of every instance."""
    tried = 0
    best: tuple[float, Instance | None, int] = (float("inf"), None, 0)
    for instance in world.draw(rng, size):
        atoms, chance = world.outcomes(instance)
        sides = [np.broadcast_to(on_arrays(side, atoms), chance.shape) for side in (left, right)]
        margin = relative_margin(sides[0], relation, sides[1])
        zero = np.abs(sides[0]) + np.abs(sides[1]) < _TOLERANCE
        margin = np.where(zero | (np.asarray(chance, dtype=float) <= 0), 1.0, margin)
        tried += len(chance)
        place = int(np.nanargmin(margin)) if not np.isnan(margin).all() else 0
        if margin[place] < best[0] - _TOLERANCE:
            best = (float(margin[place]), instance, place)
        if margin[place] < -_TOLERANCE or time.monotonic() > deadline:
            break
    _, tightest, place = best
    if tightest is None:
        return Tail(tried, None, None, float("nan"))
    small = sum(np.asarray(value).size for value in tightest.values()) < _SMALL
    fails = best[0] < -_TOLERANCE
    exact = world.exhaustive and (small or fails)
    return _sure_report(left, relation, right, world, tightest, place, tried, exact=exact, fails=fails)


def _sure_report(left, relation, right, world, instance, place, tried, *, exact: bool, fails: bool) -> Tail:
    atoms, chance = world.outcomes(instance, exact=exact)
    point = {s: np.broadcast_to(atoms[s.name], chance.shape)[place] for s in left.free_symbols | right.free_symbols}
    sides = [as_sympy_value(side, point) for side in (left, right)]
    report = shown(world, instance) | {
        "outcome": place,
        "left": str(sides[0]),
        "right": str(sides[1]),
    }
    # Random samples are the same ones again, in floats: the tolerance decides.
    if violated(sign_of(right - left, point), relation) if exact else fails:
        return Tail(tried, report, None, float("nan"))
    less, greater = (sides[1], sides[0]) if relation in (">=", ">") else (sides[0], sides[1])
    return Tail(tried, None, report, float(less / greater) if greater != 0 else float("nan"))
