"""Upper ends found by inverting a test: a bet against the mean of new scores, and rates that are ratios of two means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Instance, Replicated
from boundcalc.checker.experiments.worlds.averages import product_law
from boundcalc.checker.experiments.worlds.numbers import sequences
from boundcalc.checker.experiments.worlds.pair_samples import transport_value

__all__ = ["Gallery", "Rates"]

_LEVELS = (Fraction(1, 2), Fraction(1, 5), Fraction(4, 5), Fraction(19, 20), Fraction(1, 20))
_THETAS = (0.1, 0.4, 0.7, 0.95)


def _upper_end(kept: Callable[[np.ndarray], np.ndarray], size: int, rounds: int = 30) -> np.ndarray:
    """Return the largest value in [0, 1] that is kept, where what is kept is an interval from 0 on."""
    low, high = np.zeros(size), np.ones(size)
    for _ in range(rounds):
        middle = (low + high) / 2
        inside = kept(middle)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high


@dataclass(frozen=True)
class Gallery(Replicated):
    """New rows against stored ones: n i.i.d. scores in {0, 1, 2}/2, and the wealth of a mixture of bets on their mean."""

    n: int = 6
    replicates: int = 4000
    levels: ClassVar[tuple[Fraction, ...]] = _LEVELS

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return laws of three scores and the range."""
        return {"weights": rng.integers(1, 8, 3), "C": rng.integers(1, 4)}

    def simulate(self, instance: Instance, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return the mean score and the largest mean at which the wealth stays below 1/delta."""
        weights = instance["weights"] / instance["weights"].sum()
        scores = rng.choice(3, (self.replicates, self.n), p=weights) / 2
        limit = int(instance["share"][1]) / int(instance["share"][0])

        def kept(mean: np.ndarray) -> np.ndarray:
            mean = np.minimum(mean, 1 - 1e-12)[:, None]
            wealth = [np.prod(1 + theta * (mean - scores) / (1 - mean), axis=1) for theta in _THETAS]
            return np.asarray(np.mean(wealth, axis=0) < limit)

        return {
            "r_gallery": float(instance["C"]) * (weights @ np.arange(3)) / 2,
            "C": instance["C"],
            "mu_bet": _upper_end(kept, self.replicates),
        }


@dataclass(frozen=True)
class Rates(Replicated):
    """A fixed threshold on a distance of two labelled letters; the rates of its errors and the ends of their tests.

    Y(u) is 1 for an error, 0 for what is right and u where the rate does not speak: it has mean u just when the
    rate is u.
    """

    kind: str = "fmr"
    rows: int = 4
    labels: int = 2
    letters: int = 2
    replicates: int = 3000
    levels: ClassVar[tuple[Fraction, ...]] = _LEVELS

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the joint law of label and letter, which letters match, and kappa."""
        match = rng.integers(0, 2, (self.letters, self.letters))
        if self.kind == "fdr" and rng.integers(0, 2):
            match[:] = 1
        law = rng.integers(1, 6, (self.labels, self.letters))
        # Where the rate speaks of nearly all pairs and kappa is large the level is nearly attained.
        law[0] *= int(rng.choice([1, 12, 40] if self.kind == "fnmr" else [1, 12]))
        kappa = max(int(rng.integers(5, 99)), 98 * int(rng.integers(0, 3) > 0))
        return {"law": law, "match": np.maximum(match, match.T), "kappa": kappa}

    def simulate(self, instance: Instance, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return the true rate and the largest value that the e-value of the rows does not reject."""
        law = instance["law"].reshape(-1) / instance["law"].sum()
        kinds = np.arange(len(law))
        rows = sequences(kinds.size, self.rows)
        label, letter = kinds // self.letters, kinds % self.letters
        same = label[:, None] == label[None, :]
        match = instance["match"][letter[:, None], letter[None, :]].astype(bool)
        chance = law[:, None] * law[None, :]
        kappa, half = float(instance["kappa"]) / 100, self.rows // 2
        limit = int(instance["share"][1]) / int(instance["share"][0])
        hit, base = self._events(same, match)

        def kept(u: np.ndarray) -> np.ndarray:
            table, level = np.where(hit, 1.0, np.where(base, 0.0, u[:, None, None])), u
            factors = 1 - kappa * table
            place = np.arange(len(rows))
            first, second = rows[:, :half], rows[:, half:]
            block = factors[place[:, None, None], first[:, :, None], second[:, None, :]]
            return np.asarray(-half * (transport_value(block) + np.log(1 - kappa * level)) < np.log(limit))

        truth = (chance * hit).sum() / (chance * base).sum() if (chance * base).sum() > 0 else 0.0
        drawn = rng.choice(len(rows), self.replicates, p=product_law(law, rows))
        return {self.kind: truth, "u_test": _upper_end(kept, len(rows))[drawn]}

    def _events(self, same: np.ndarray, match: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which pairs are errors of this kind, and out of which pairs."""
        if self.kind == "fmr":
            return ~same & match, ~same
        if self.kind == "fnmr":
            return same & ~match, same
        return ~same & match, match
