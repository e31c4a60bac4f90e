"""Enumeration: a step on thousands of random small instances, then a hill climb towards the tightest.

Floats find; exact arithmetic decides. For an inequality the climb lowers the relative margin (greater - less) /
(|less| + |greater|); it ends below 0 for a false step, and the ratio of the two sides that it reaches says how much
room a true one leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from boundcalc.checker.experiments.claim import TOLERANCE, Claim
from boundcalc.checker.experiments.experiment import Enumerable, Instance, shown, terms_of
from boundcalc.frozen import Frozen

__all__ = ["Found", "enumerate_world"]

_ATTAINED = 1e-12  # the two sides are equal (or the relation fails): nothing is left to climb


@dataclass(frozen=True)
class Found(Frozen):
    """What a world showed.

    Attributes
    ----------
    instances : int
        How many were tried.
    violation : mapping or None
        An instance on which the relation fails, exactly, with the world and the values of both sides; for a step of high
        probability one on which its failure probability exceeds delta.
    tightest : mapping or None
        The instance with the smallest margin (or with the failure probability closest to delta).
    ratio : float
        Smaller side over greater side on it, or failure probability over delta; NaN where that says nothing.
    terms : int
        The largest number of independent terms that was tried (0 where there are none).
    share : float
        The smallest share of delta that a world gave an event itself (1 where none did).
    """

    instances: int
    violation: Mapping[str, Any] | None = None
    tightest: Mapping[str, Any] | None = None
    ratio: float = float("nan")
    terms: int = 0
    share: float = 1.0


def enumerate_world(
    claim: Claim,
    world: Enumerable,
    *,
    rng: np.random.Generator,
    size: int = 2000,
    rounds: int = 5,
    effort: float = 1.0,
) -> Found:
    """Try a relation on a world's instances, on so many of the usual number."""
    size = max(60, int(effort * (size // world.cost)))
    instances = world.draw(rng, size)
    tried = size
    margins = _margins(claim, world, instances)
    for _ in range(rounds):
        if np.nanmin(margins, initial=1.0) < _ATTAINED:
            break
        best = _order(margins)[: max(8, size // 40)]
        children = _offspring(world, instances, best, rng, size // 5)
        tried += _count(children)
        instances = {name: np.concatenate([instances[name][best], children[name]]) for name in children}
        margins = np.concatenate([margins[best], _margins(claim, world, children)])
    atoms = world.atoms(instances)
    shares = [float(np.min(atoms[event.name])) for event in claim.events if event.name in atoms]
    found = _verified(claim, world, instances, margins, tried)
    return replace(found, terms=terms_of(atoms, claim.names), share=min(shares, default=1.0))


def _count(instances: Instance) -> int:
    return len(next(iter(instances.values())))


def _margins(claim: Claim, world: Enumerable, instances: Instance) -> np.ndarray:
    margin, scale = claim.margin(world.atoms(instances), (_count(instances),))
    return np.where(scale < TOLERANCE, 1.0, margin)  # both sides 0 says nothing about tightness


def _order(margins: np.ndarray) -> np.ndarray:
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


def _verified(claim: Claim, world: Enumerable, instances: Instance, margins: np.ndarray, tried: int) -> Found:
    """Recompute the tightest instances exactly."""
    first, *others = _order(margins)[:3]
    found = Found(tried)
    for place in (first, *(place for place in others if margins[place] < -_ATTAINED)):
        instance = {name: values[place] for name, values in instances.items()}
        exact = world.one(instance)
        sides = claim.exact_sides(exact)
        report = shown(world, instance) | {"left": str(sides[0]), "right": str(sides[1])}
        if claim.fails_at(exact):
            return Found(tried, report)
        found = Found(tried, None, report, claim.ratio(sides)) if found.tightest is None else found
    return found
