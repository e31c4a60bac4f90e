"""Steps that hold with high probability: how often do they fail on populations where everything is known?

On small sample spaces every outcome is enumerated, so the failure probability is exact and is compared with delta as a
fraction. On larger ones it is estimated from replicates, with a Clopper-Pearson interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from boundcalc.checker.experiments.claim import TOLERANCE, Claim
from boundcalc.checker.experiments.enumeration import Found
from boundcalc.checker.experiments.experiment import Atoms, Instance, SampleSpace, shown, terms_of
from boundcalc.checker.experiments.worlds.numbers import as_sympy

__all__ = ["CONFIDENCE", "DELTAS", "RARE", "clopper_pearson", "sure_on_outcomes", "tail_of"]

_SMALL = 300  # numbers that describe an instance; larger ones are recomputed exactly only when they violate
#: Error probability of an interval; small, since many intervals are looked at.
CONFIDENCE = 1e-7
_SUSPICIOUS = 3.0  # standard deviations by which a rate exceeds delta before fresh replicates are drawn
#: The failure probability at which it is told by how much a bound is usually kept.
_USUAL = Fraction(1, 20)
#: The failure probabilities that are tried.
DELTAS = tuple(Fraction(k, 1000) for k in range(1, 1000))
#: Those that are tried as well where tails are exact.
RARE = tuple(Fraction(1, 10**k) for k in (4, 5, 6, 9, 12, 30, 60, 100, 200))


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


def _drawn(world: SampleSpace, size: int, effort: float) -> int:
    """Return how many instances are drawn; of a world with thousands of terms each is a size of its own."""
    return size if world.many else max(1, round(effort * min(size, world.most)))


class _Rate(NamedTuple):
    """How often a relation fails on an instance at a delta."""

    instance: Instance
    delta: Fraction
    rate: float

    @property
    def ratio(self) -> float:
        return self.rate / float(self.delta)


def tail_of(
    claim: Claim, world: SampleSpace, *, rng: np.random.Generator, size: int = 40, effort: float = 1.0
) -> Found:
    """Return the failure probability of a relation against delta, split equally over its events."""
    size = _drawn(world, size, effort)
    if world.levels:
        return _tail_at_levels(claim, world, rng=rng, size=size)
    tried_deltas = (DELTAS[::100] if world.many else DELTAS) + (RARE if world.exhaustive else ())
    deltas = np.array([float(delta) for delta in tried_deltas])
    best: _Rate | None = None
    suspects: list[_Rate] = []
    tried = terms = 0
    for instance in world.draw(rng, size):
        atoms, chance = world.outcomes(instance, rng=rng)
        terms = max(terms, terms_of(atoms, claim.names))
        rates = _failure_rates(claim, atoms, chance, deltas / claim.shares)
        tried += 1
        place = int(np.argmax(rates / deltas))
        entry = _Rate(instance, tried_deltas[place], float(rates[place]))
        if best is None or entry.ratio > best.ratio:
            best = entry
        suspicious = entry.ratio > 1 + 1e-9
        if not world.exhaustive:
            # Among replicates the largest ratio is luck at a small delta: what counts is how sure the excess is.
            excess = (rates - deltas) / np.sqrt(deltas * (1 - deltas) / len(chance))
            place = int(np.argmax(excess))
            entry = _Rate(instance, DELTAS[place], float(rates[place]))
            suspicious = excess[place] > _SUSPICIOUS
        suspects += [entry] if suspicious else []
        if len(suspects) >= (1 if world.many else 3):
            break
    for entry in sorted(suspects, key=lambda item: -item.ratio):
        verified = _verify(claim, world, entry, rng)
        if verified is not None:
            return Found(tried, verified, None, entry.ratio)
    if best is None:
        return Found(tried)
    report = _report(world, best.instance, best.delta) | {"failure probability": best.rate}
    if world.exhaustive:
        return Found(tried, None, report, min(best.ratio, 1.0), terms)
    usual = world.outcomes(best.instance, rng=rng)[0]
    report |= _replicated(claim, best.rate, len(chance), usual, _USUAL)
    return Found(tried * len(chance), None, report, terms=terms)


def _replicated(claim: Claim, rate: float, count: int, atoms: Atoms, delta: Fraction) -> dict[str, Any]:
    """Return what replicates say: an interval for the rate, and by how much the relation is usually kept at a delta."""
    interval = clopper_pearson(round(rate * count), count)
    return {"replicates": count, "interval": interval, "median slack": [_median_slack(claim, atoms, delta), str(delta)]}


def _tail_at_levels(claim: Claim, world: SampleSpace, *, rng: np.random.Generator, size: int) -> Found:
    """Return the same for a world whose outcomes carry certificates made at a given share of delta."""
    tried, terms, best, report = 0, 0, -1.0, None
    for instance, level in product(world.draw(rng, size), world.levels):
        share = level / claim.shares
        placed = instance | {"share": np.array([share.numerator, share.denominator])}
        atoms, chance = world.outcomes(placed, rng=rng)
        terms = max(terms, terms_of(atoms, claim.names))
        rate = float(_failure_rates(claim, atoms, chance, np.array([float(share)]), level)[0])
        tried += 1 if world.exhaustive else len(chance)
        known: dict[str, Any] = {"failure probability": rate}
        exceeds = rate > float(level) * (1 + TOLERANCE)
        if not world.exhaustive:
            known = {"failure rate": rate} | _replicated(claim, rate, len(chance), atoms, level)
            exceeds = known["interval"][0] > float(level)
        if exceeds or rate / float(level) > best:
            best, report = rate / float(level), _report(world, placed, level) | known
        if exceeds:
            return Found(tried, report)
    if world.exhaustive:
        return Found(tried, None, report, best, terms)
    return Found(tried, None, report, terms=terms)


def _median_slack(claim: Claim, atoms: Atoms, delta: Fraction) -> float:
    """Return by how much the relation is usually kept: the median of the greater side minus the smaller one."""
    values = {"delta": float(delta), **atoms} | {symbol.name: float(delta) / claim.shares for symbol in claim.events}
    left, right = claim.sides(values)
    return float(np.median(left - right if claim.relation in (">=", ">") else right - left))


def _report(world: SampleSpace, instance: Instance, delta: Fraction) -> dict[str, Any]:
    return shown(world, instance) | {"delta": str(delta)}


def _failure_rates(
    claim: Claim, atoms: Atoms, chance: np.ndarray, shares: np.ndarray, delta: Fraction | None = None
) -> np.ndarray:
    """Return the failure probability for each delta, given the shares of it that the events have."""
    used = {symbol.name for symbol in claim.symbols}
    if missing := used - set(atoms) - {"delta", *(symbol.name for symbol in claim.events)}:
        raise KeyError(min(missing))
    columns, chance = _merged({name: atoms[name] for name in sorted(used & set(atoms))}, chance)
    whole = shares[:, None] * claim.shares if delta is None else float(delta)
    values: dict[str, Any] = {"delta": whole} | {name: value[None] for name, value in columns.items()}
    values |= {symbol.name: shares[:, None] for symbol in claim.events}
    margin, _ = claim.margin(values, (len(shares), len(chance)))
    return np.asarray(((margin < -TOLERANCE) * chance).sum(axis=1))


def _merged(atoms: Atoms, chance: np.ndarray) -> tuple[Atoms, np.ndarray]:
    """Merge the outcomes on which all values agree."""
    chance = np.asarray(chance, dtype=float)
    rows = np.stack([np.broadcast_to(np.asarray(value, dtype=float), chance.shape) for value in atoms.values()], axis=1)
    _, first, group = np.unique(np.round(rows, 12), axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(group.ravel(), weights=chance, minlength=len(first))
    return {name: rows[first, place] for place, name in enumerate(atoms)}, weights


def _verify(claim: Claim, world: SampleSpace, entry: _Rate, rng: np.random.Generator) -> Mapping[str, Any] | None:
    """Confirm that the failure probability exceeds delta: exactly, or by an interval from fresh replicates."""
    report = _report(world, entry.instance, entry.delta)
    if not world.exhaustive:
        fresh, chance = world.outcomes(entry.instance, rng=rng)
        rate = float(_failure_rates(claim, fresh, chance, np.array([float(entry.delta) / claim.shares]))[0])
        low, high = clopper_pearson(round(rate * len(chance)), len(chance))
        return report | {"failure rate": rate, "interval": (low, high)} if low > float(entry.delta) else None
    atoms, chance = world.outcomes(entry.instance, exact=True)
    exact = _exact_failure(claim, atoms, chance, entry.delta)
    return report | {"failure probability": _shown(exact)} if exact > entry.delta else None


def _shown(chance: Any) -> str:
    """Return a probability as a fraction, or in 15 digits where that is long."""
    exact = as_sympy(chance)
    return str(exact) if exact.q < 10**60 else str(exact.evalf(15))


def _exact_failure(claim: Claim, atoms: Atoms, chance: np.ndarray, delta: Fraction) -> Any:
    """Return the exact probability of the outcomes on which the relation fails."""
    fixed = {"delta": delta} | {symbol.name: delta / claim.shares for symbol in claim.events}
    names = [symbol.name for symbol in claim.symbols if symbol.name in atoms]
    columns = [np.broadcast_to(atoms[name], chance.shape) for name in names]
    total: Any = Fraction(0)
    seen: dict[tuple[Any, ...], bool] = {}
    for share, *row in zip(chance, *columns, strict=True):
        key = tuple(row)
        if key not in seen:
            seen[key] = claim.fails_at(fixed | dict(zip(names, row, strict=True)))
        if seen[key]:
            total += share
    return total


def sure_on_outcomes(
    claim: Claim, world: SampleSpace, *, rng: np.random.Generator, size: int = 40, effort: float = 1.0
) -> Found:
    """Try a relation that must hold on every outcome of every instance."""
    tried = terms = 0
    best: tuple[float, Instance | None, int] = (float("inf"), None, 0)
    for instance in world.draw(rng, _drawn(world, size, effort)):
        atoms, chance = world.outcomes(instance)
        terms = max(terms, terms_of(atoms, claim.names))
        margin, scale = claim.margin(atoms, chance.shape)
        margin = np.where((scale < TOLERANCE) | (np.asarray(chance, dtype=float) <= 0), 1.0, margin)
        tried += len(chance)
        place = int(np.nanargmin(margin)) if not np.isnan(margin).all() else 0
        if margin[place] < best[0] - TOLERANCE:
            best = (float(margin[place]), instance, place)
        if margin[place] < -TOLERANCE:
            break
    margin_there, tightest, place = best
    found = Found(tried) if tightest is None else _sure(claim, world, tightest, place, tried, margin_there < -TOLERANCE)
    return replace(found, terms=terms)


def _sure(claim: Claim, world: SampleSpace, instance: Instance, place: int, tried: int, fails: bool) -> Found:
    """Recompute the tightest outcome, exactly where that is not too dear."""
    small = not world.many and sum(np.asarray(value).size for value in instance.values()) < _SMALL
    exact = world.exhaustive and (small or fails)
    atoms, chance = world.outcomes(instance, exact=exact)
    values = {s.name: np.broadcast_to(atoms[s.name], chance.shape)[place] for s in claim.symbols}
    sides = claim.exact_sides(values)
    report = shown(world, instance) | {"outcome": place, "left": str(sides[0]), "right": str(sides[1])}
    # Random samples are the same ones again, in floats: the tolerance decides.
    if claim.fails_at(values) if exact else fails:
        return Found(tried, report)
    less, greater = reversed(sides) if claim.relation in (">=", ">") else sides
    return Found(tried, None, report, float(less / greater) if greater != 0 else float("nan"))
