"""Learning a pairwise metric from a few dozen examples: a finite population, a grid of weights, random samples.

Population risks are exact (sums over all pairs of points); samples are drawn, and expectations and complexities over m
independent pairs are means over drawn pairs and signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Rng
from boundcalc.checker.experiments.worlds.averages import over_pairs_of_counts
from boundcalc.checker.experiments.worlds.learning import Learning
from boundcalc.checker.experiments.worlds.numbers import sequences

__all__ = ["SampledMetric"]

_REPLICATES = 4000


@dataclass(frozen=True)
class SampledMetric(Learning):
    """Two modalities, weights 0, 1 or 2 for each, thresholds 1 and 3; N has the first modality only."""

    n: int = 24
    exhaustive: ClassVar[bool] = False
    most: ClassVar[int] = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population of ten points in two classes."""
        group = np.arange(10) % 2
        points = rng.integers(0, 3, (10, 2)) + 2 * group[:, None] * rng.integers(0, 2, 2)
        squares = (points[:, None] - points[None, :]) ** 2
        weights = sequences(3, 2)[:, ::-1]  # those without the second modality come first
        thresholds = np.array([1, 3])
        scores = thresholds[:, None, None, None] - (squares @ weights.T).transpose(2, 0, 1)[None]
        count = len(weights)
        return {
            "weights": np.ones(10, dtype=np.int64),
            "scores": scores.reshape(2 * count, 10, 10),
            "labels": np.where(group[:, None] == group[None, :], 1, -1),
            "heads": np.asarray(2),
            "encoders": np.array([3, count, count]),
            "rho": np.asarray(1),
            "scale": np.asarray(1),
            "slack": np.asarray(0),
            "start": np.asarray(int(rng.integers(0, count))),
            "spoken": np.asarray(1),
            "omega": np.array([1, 1]),
        }

    def _samples(self, weights: np.ndarray, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
        """Return random samples instead of all."""
        rng = np.random.default_rng(0) if rng is None else rng
        return rng.integers(0, len(weights), (_REPLICATES, self.n)), np.full(_REPLICATES, 1 / _REPLICATES)

    def _empirical(self, loss: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Return the empirical risk of each function on each sample, from counts of letters."""
        letters = loss.shape[-1]
        counts = (words[:, :, None] == np.arange(letters)).sum(axis=1)
        return over_pairs_of_counts(loss, counts, self.n)

    def _terms(self, cell: np.ndarray, rng: Rng) -> tuple[np.ndarray, np.ndarray, Sequence[np.ndarray]]:
        """Return random choices of m independent pairs, and random signs for them."""
        rng = np.random.default_rng(0) if rng is None else rng
        words = rng.integers(0, len(cell), (_REPLICATES, self.m))
        drawn = [rng.choice([-1, 1], words.shape) for _ in range(2)]
        return words, np.full(_REPLICATES, 1 / _REPLICATES), drawn
