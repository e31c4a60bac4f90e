"""From pilot to future model: certificates on a pilot, a choice among candidates, a future sample, training, true risk.

Everything that a planner does is simulated, with the trainer's own certificate of the complexity constant. Candidate j
sees feature j only; the features are independent copies given the label, so all candidates are equally good and every
difference between them is luck, which the choice then exploits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Instance, Outcomes, Replicated, Rng
from boundcalc.checker.experiments.worlds.averages import constants, over_pairs_of_counts, walk
from boundcalc.checker.experiments.worlds.many import Certified, ones_law, share_of
from boundcalc.checker.experiments.worlds.numbers import numbers, root

__all__ = ["ManyPilotPairs", "Pilot"]

_REPLICATES = 2000


@dataclass(frozen=True)
class Pilot(Replicated):
    """J candidates with one binary feature each; scores 1/2 - a |x - x'| with a = 0, 1/2 or 1; hinge loss.

    A label is +1 or -1 with equal chances; a feature is 1 with a chance that depends on the label. The pilot gives
    each candidate's hold-out risk of a fixed f_0 and its certified kappa. Chosen is the candidate with the smallest
    guarantee, and of two sample sizes the larger one if its hold-out risk is below the average.
    """

    most: ClassVar[int] = 4
    levels: ClassVar[tuple[Fraction, ...]] = (Fraction(1, 20), Fraction(3, 10), Fraction(9, 10))

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return hundreds of equal candidates, a rare feature, an easy one with a large pilot, or random numbers of them."""
        known = [
            {"J": 300, "ones": [15, 85], "n_h": 20, "pairs": 60, "sizes": [10**6, 2 * 10**6], "start": 2},
            {"J": 20, "ones": [1, 2], "n_h": 8, "pairs": 200, "sizes": [30, 61], "start": 0},
            {"J": 1, "ones": [10, 90], "n_h": 12, "pairs": 1000, "sizes": [40, 41], "start": 2},
        ]
        if number < len(known):
            return known[number]
        return {
            "J": rng.integers(2, 60),
            "ones": rng.integers(1, 100, 2),
            "n_h": rng.integers(2, 30),
            "pairs": rng.integers(4, 400),
            "sizes": np.sort(rng.integers(2, 200, 2)),
            "start": rng.integers(0, 3),
        }

    def simulate(self, instance: Instance, rng: np.random.Generator) -> Atoms:
        """Return certificates, the future model's true risk and error, and the class's constants on each replicate.

        ``instance["share"]`` is the share of delta of each event, as numerator and denominator.
        """
        ones = np.asarray(instance["ones"]) / 100
        cell = np.array([(1 - ones[0]) / 2, ones[0] / 2, (1 - ones[1]) / 2, ones[1] / 2])
        loss, wrong = _tables()
        risk, error = (np.einsum("a,fab,b->f", cell, table, cell) for table in (loss, wrong))
        first = int(instance["start"])
        span = float(loss.max() - loss.min())

        holdout = self._counts(int(instance["n_h"]), int(instance["J"]), ones, rng)
        seen = over_pairs_of_counts(loss[first : first + 1], holdout, int(instance["n_h"]))[0]
        differs = float(2 * (cell[1] + cell[3]) * (cell[0] + cell[2]))
        certified = self._certified(instance, differs, rng)

        small, large = (int(item) for item in instance["sizes"])
        guarantee = seen + 2 * certified / np.sqrt(small // 2)
        best = np.argmin(guarantee, axis=1)
        rows = np.arange(_REPLICATES)
        n = np.where(seen[rows, best] < risk[first], large, small)

        future = np.where(
            (n == large)[:, None],
            self._counts(large, 1, ones, rng)[:, 0],
            self._counts(small, 1, ones, rng)[:, 0],
        )
        fitted = over_pairs_of_counts(loss, future, n)
        # Among equally good minimisers an adversary returns the one with the largest risk.
        chosen = np.argmax(np.where(fitted <= fitted.min(axis=0) + 1e-12, risk[:, None], -1.0), axis=0)
        constant = np.sqrt(differs) / 2
        atoms: dict[str, Any] = {
            "rhat_holdout": seen[rows, best],
            "r_0": risk[first],
            "dev_f": risk[first] - seen[rows, best],
            "kappa_M": certified[rows, best],
            "kappa_0": constant,
            "r_future": risk[chosen],
            "err_weighted": error[chosen],
            "eps_opt": 0,
            "L": 1,
            "C": span,
            "J": instance["J"],
            "pairs": instance["pairs"],
            "n_h": instance["n_h"],
            "n": n,
            "m": n // 2,
        }
        if small < 1000:
            both = {size: _rademacher(size // 2, differs) for size in (small, large)}
            atoms["R_M"] = np.where(n == large, both[large], both[small])
        return atoms

    def _counts(self, n: int, candidates: int, ones: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return how many of n examples fall into each cell (label, feature), shape (replicates, candidates, 4)."""
        positive = rng.binomial(n, 0.5, (_REPLICATES, 1))
        shape = (_REPLICATES, candidates)
        high = [rng.binomial(np.broadcast_to(count, shape), ones[y]) for y, count in ((0, n - positive), (1, positive))]
        return np.stack([n - positive - high[0], high[0], positive - high[1], high[1]], axis=-1)

    def _certified(self, instance: Instance, differs: float, rng: np.random.Generator) -> np.ndarray:
        """Return each candidate's constant, certified by the trainer on independent pilot pairs at its share of delta."""
        pairs, candidates = int(instance["pairs"]), int(instance["J"])
        numerator, denominator = (int(item) for item in instance["share"])
        half = pairs // 2
        hits = [rng.binomial(size, differs, (_REPLICATES, candidates)) for size in (half, pairs - half)]
        code = hits[0] * (pairs + 1) + hits[1]
        distinct, place = np.unique(code, return_inverse=True)
        delta = numerator / denominator / candidates
        values = [_measured(pairs, *divmod(item, pairs + 1)).at(delta).certified for item in distinct.tolist()]
        return np.asarray(values)[place].reshape(code.shape)


def _measured(pairs: int, ahead: int, behind: int) -> Any:
    """Return what the trainer measures of one binary feature that differs on so many pairs of either half."""
    from boundcalc.trainer.complexity.kappa import measure_kappa
    from boundcalc.trainer.risk.structures import GroupedWeights

    differences, half = np.zeros((pairs, 1)), pairs // 2
    differences[:ahead] = 1
    differences[half : half + behind] = 1
    return measure_kappa(
        differences,
        GroupedWeights("modality", 1, (0,)),
        eig_range=(0.0, 1.0),
        threshold_range=(0.5, 0.5),
        squared_radii=(1.0,),
        widths=(1,),
    )


@lru_cache(maxsize=8)
def _measurements(pairs: int) -> tuple[Any, ...]:
    """Return them by the number of pairs of the second half on which the feature differs.

    With a single weight the first half, which chooses the weights' proportions, changes nothing.
    """
    return tuple(_measured(pairs, pairs // 4, behind) for behind in range(pairs - pairs // 2 + 1))


@dataclass(frozen=True)
class ManyPilotPairs(Certified):
    """A pilot of thousands of pairs and one binary feature, which differs with a chance of so many eighths."""

    most: ClassVar[int] = 3

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the certified constant by the number of pairs of the second half that differ, and the true one."""
        m, eighths, share = int(instance["m"]), int(instance["eighths"]), share_of(instance)
        certified = [one.at(float(share)).certified for one in _measurements(m)]
        return {
            "kappa_M": np.array([Fraction(item) for item in certified], dtype=object) if exact else np.array(certified),
            "kappa_0": root(numbers(eighths, exact=exact)[None] / 8, exact=exact)[0] / 2,
            **constants(exact=exact, pairs=m),
        }, ones_law(len(certified) - 1, eighths, exact=exact)


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Return the hinge loss and the error of each function on pairs of cells (label, feature)."""
    label, feature = np.array([-1, -1, 1, 1]), np.array([0, 1, 0, 1])
    similar = label[:, None] * label[None, :]
    apart = np.abs(feature[:, None] - feature[None, :])
    score = 0.5 - np.array([0, 0.5, 1])[:, None, None] * apart
    return np.maximum(0, 1 - similar * score), (similar * score <= 0).astype(float)


def _rademacher(m: int, differs: float) -> float:
    """Return E|sum_i sigma_i v_i|/(2m) for independent v_i that are 1 with the given chance, else 0."""
    total = 0.0
    for active in range(m + 1):
        total += comb(m, active) * differs**active * (1 - differs) ** (m - active) * float(walk(active))
    return total / (2 * m)
