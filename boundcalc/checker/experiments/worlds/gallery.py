"""Upper ends found by inverting a test: a bet against the mean of new scores, and rates that are ratios of two means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Replicated, Rng
from boundcalc.checker.experiments.worlds.averages import constants
from boundcalc.checker.experiments.worlds.many import Certified, ones_law, share_of
from boundcalc.checker.experiments.worlds.numbers import numbers

__all__ = ["Gallery", "ManyScores", "Rates"]

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


def _poor(bets: list[np.ndarray], limit: float) -> np.ndarray:
    """Return whether the mean of the bets' wealth, given by logarithms, stays below a limit."""
    return np.asarray(np.logaddexp.reduce(bets) - np.log(len(bets)) < limit)


@dataclass(frozen=True)
class Gallery(Replicated):
    """New rows against stored ones: n i.i.d. scores in {0, 1, 2}/2, and the wealth of a mixture of bets on their mean."""

    n: int = 6
    replicates: int = 4000
    levels: ClassVar[tuple[Fraction, ...]] = _LEVELS
    most: ClassVar[int] = 8

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return laws of three scores and the range."""
        return {"weights": rng.integers(1, 8, 3), "C": rng.integers(1, 4)}

    def simulate(self, instance: Instance, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return the mean score and the largest mean at which the wealth stays below 1/delta."""
        weights, scores = instance["weights"] / instance["weights"].sum(), np.arange(3) / 2
        limit = -np.log(float(share_of(instance)))
        seen, drawn = np.unique(rng.multinomial(self.n, weights, self.replicates), axis=0, return_inverse=True)

        def kept(mean: np.ndarray) -> np.ndarray:
            mean = np.minimum(mean, 1 - 1e-12)[:, None]
            bets = [(seen * np.log1p(theta * (mean - scores) / (1 - mean))).sum(axis=1) for theta in _THETAS]
            return _poor(bets, limit)

        return {
            "r_gallery": float(instance["C"]) * (weights @ scores),
            "C": instance["C"],
            "mu_bet": _upper_end(kept, len(seen))[drawn.ravel()],
        }


@dataclass(frozen=True)
class ManyScores(Certified):
    """Thousands of new rows with scores 0 and 1: the wealth knows them by the number of ones."""

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the mean score and the largest mean at which the wealth stays below 1/delta, by the number of ones."""
        m, eighths = int(instance["m"]), int(instance["eighths"])
        ones, limit = np.arange(m + 1), -np.log(float(share_of(instance)))

        def kept(mean: np.ndarray) -> np.ndarray:
            mean = np.minimum(mean, 1 - 1e-12)
            bets = [ones * np.log(1 - theta) + (m - ones) * np.log1p(theta * mean / (1 - mean)) for theta in _THETAS]
            return _poor(bets, limit)

        return {
            "r_gallery": numbers(eighths, exact=exact)[()] / 8,
            "mu_bet": _upper_end(kept, m + 1),
            **constants(exact=exact, C=1, m=m),
        }, ones_law(m, eighths, exact=exact)


def _transport(factors: np.ndarray, first: np.ndarray, second: np.ndarray, rounds: int = 60) -> np.ndarray:
    """Return min over couplings P of sum P (-log A) + KL(P || a b) for positive A and laws a, b of kinds of rows.

    Rows of one kind are alike, so that this is the transport value of the rows themselves, up to log m.
    """
    rows, columns = np.ones_like(first), np.ones_like(second)
    for _ in range(rounds):
        rows = 1 / np.einsum("...ij,...j->...i", factors, second * columns)
        columns = 1 / np.einsum("...ij,...i->...j", factors, first * rows)
    return np.asarray((first * np.log(rows) + second * np.log(columns)).sum(axis=-1))


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
    most: ClassVar[int] = 6

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
        label, letter = kinds // self.letters, kinds % self.letters
        same = label[:, None] == label[None, :]
        match = instance["match"][letter[:, None], letter[None, :]].astype(bool)
        chance = law[:, None] * law[None, :]
        kappa, half = float(instance["kappa"]) / 100, self.rows // 2
        limit = -np.log(float(share_of(instance)))
        hit, base = self._events(same, match)
        counts = rng.multinomial(half, law, (self.replicates, 2)).reshape(self.replicates, -1)
        seen, drawn = np.unique(counts, axis=0, return_inverse=True)
        first, second = seen[:, : law.size] / half, seen[:, law.size :] / half

        def kept(u: np.ndarray) -> np.ndarray:
            factors = 1 - kappa * np.where(hit, 1.0, np.where(base, 0.0, u[:, None, None]))
            return np.asarray(-half * (_transport(factors, first, second) + np.log(1 - kappa * u)) < limit)

        truth = (chance * hit).sum() / (chance * base).sum() if (chance * base).sum() > 0 else 0.0
        return {self.kind: truth, "u_test": _upper_end(kept, len(seen))[drawn.ravel()], "n_h": self.rows}

    def _events(self, same: np.ndarray, match: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return which pairs are errors of this kind, and out of which pairs."""
        if self.kind == "fmr":
            return ~same & match, ~same
        if self.kind == "fnmr":
            return same & ~match, same
        return ~same & match, match
