"""Cells of examples: losses that vary little within pairs of cells, frequencies of cells, and covers of a ball."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import factorial, prod
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, law, over_pairs, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import numbers, root, sequences

__all__ = ["CellCounts", "Cells", "CoveredBall"]


@dataclass(frozen=True)
class Cells(SampleSpace):
    """n letters in cells, a few pair losses; what is returned may depend on the sample: the worst of them."""

    n: int = 2
    letters: int = 4
    cells: int = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return cells, letter weights and tables of pair losses; some with one letter per cell, some with equal losses."""
        cell = np.concatenate([np.arange(self.cells), rng.integers(0, self.cells, self.letters - self.cells)])
        coarse = rng.integers(0, 5, (2, self.cells, self.cells))
        loss = coarse[:, cell][:, :, cell] + rng.integers(0, 2, (2, self.letters, self.letters)) * (number % 2)
        if number % 3 == 0:  # the diagonal of the V-statistic matters most
            loss = np.stack([4 * np.eye(self.letters, dtype=np.int64), loss[1]])
        if number % 5 == 0:
            loss = np.stack([4 * (coarse[0] > 2)[cell][:, cell], 4 * (1 - np.eye(self.letters, dtype=np.int64))])
        return {"cell": cell, "loss": loss, "counts": rng.integers(1, 7, self.letters)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return risks of the worst loss, its oscillation and the distance of the cells' frequencies, on each sample."""
        cell, table = np.asarray(instance["cell"]), numbers(instance["loss"], exact=exact)
        weights, words, chance = words_and_chances(instance["counts"], self.n, exact=exact)
        population = (table * weights[:, None] * weights).sum(axis=(1, 2))
        empirical = over_pairs(table, words)
        worst = np.argmax(population[:, None] - empirical, axis=0)
        oscillation = np.array([self._oscillation(one, cell) for one in table])
        member = numbers(cell[:, None] == np.arange(self.cells), exact=exact)
        frequency = member[words].sum(axis=1) / self.n
        spread = table.max() - table.min()
        one = numbers(1, exact=exact)[()]
        return {
            "r_M": population[worst],
            "rhat_M": empirical[worst, np.arange(len(words))],
            "eps_osc": oscillation[worst],
            "cell_distance": np.abs(frequency - (weights[:, None] * member).sum(axis=0)).sum(axis=1),
            "C": spread if spread > 0 else one,
            **constants(exact=exact, kc=self.cells, n=self.n),
        }, chance

    def _oscillation(self, loss: np.ndarray, cell: np.ndarray) -> Any:
        """Return the largest difference of two losses whose pairs lie in the same pair of cells."""
        parts = [loss[np.ix_(cell == a, cell == b)] for a in range(self.cells) for b in range(self.cells)]
        return max(part.max() - part.min() for part in parts)


@dataclass(frozen=True)
class CellCounts(SampleSpace):
    """Only the counts of the cells: outcomes are all ways to share n examples among them, with their probabilities."""

    cells: int = 2
    n: int = 30

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the cells' weights."""
        return {"weights": rng.integers(1, 5, self.cells)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the distance of frequencies from probabilities for each way to share."""
        weights = law(instance["weights"], exact=exact)
        counts = np.array([row for row in sequences(self.n + 1, self.cells) if row.sum() == self.n])
        chance = np.array(
            [
                factorial(self.n)
                // prod(factorial(int(k)) for k in row)
                * prod(w ** int(k) for w, k in zip(weights, row, strict=True))
                for row in counts
            ],
            dtype=object if exact else float,
        )
        frequency = numbers(counts, exact=exact) / self.n
        return {
            "cell_distance": np.abs(frequency - weights).sum(axis=1),
            **constants(exact=exact, kc=self.cells, n=self.n),
        }, chance


@dataclass(frozen=True)
class CoveredBall(Enumerable):
    """Whole-number points of a ball, covered greedily by balls around some of them; metrics lam_max times a projection."""

    d: int = 1

    cost: ClassVar[int] = 20

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return radii of the ball and of the cover, numbers of labels, and scales of metric and loss."""
        return {
            "reach": rng.integers(1, 7 if self.d == 1 else 4, size),
            "cover": rng.integers(1, 4, size),
            "labels": rng.integers(1, 4, size),
            "scales": rng.integers(1, 4, (size, 2)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the number of cells and the largest change of a loss within a pair of them."""
        found = [
            self._covered(int(reach), int(cover))
            for reach, cover in zip(instances["reach"], instances["cover"], strict=True)
        ]
        cells, change, square = (np.array(values) for values in zip(*found, strict=True))
        lam, scale = numbers(instances["scales"].T, exact=exact)
        labels = numbers(instances["labels"], exact=exact)
        return {
            "kc": labels * numbers(cells, exact=exact),
            "eps_osc": scale * lam * numbers(change, exact=exact),
            "labels": labels,
            "cover": numbers(instances["cover"], exact=exact),
            "x_radius": numbers(instances["reach"], exact=exact),
            "lam_max": lam,
            "lam_min": lam * 0,
            "L": scale,
            "B": root(numbers(square, exact=exact), exact=exact),
            "d_M": numbers(np.full(len(cells), self.d), exact=exact),
        }

    def _covered(self, reach: int, cover: int) -> tuple[int, int, int]:
        """Return the number of cells, the largest change of a squared distance within pairs of them, and B^2."""
        axis = np.arange(-reach, reach + 1)
        points = np.stack(np.meshgrid(*[axis] * self.d, indexing="ij"), axis=-1).reshape(-1, self.d)
        points = points[(points**2).sum(axis=1) <= reach**2]
        points = points[np.argsort(-(points**2).sum(axis=1), kind="stable")]
        centres: list[np.ndarray] = []
        cell = np.empty(len(points), dtype=np.intp)
        for place, point in enumerate(points):
            near = [k for k, centre in enumerate(centres) if ((point - centre) ** 2).sum() <= cover**2]
            if not near:
                near = [len(centres)]
                centres.append(point)
            cell[place] = near[0]
        squares = ((points[:, None] - points[None, :]) ** 2).sum(axis=2)
        kinds = cell[:, None] * len(centres) + cell[None, :]
        largest, smallest = np.zeros(len(centres) ** 2), np.full(len(centres) ** 2, np.inf)
        np.maximum.at(largest, kinds.ravel(), squares.ravel())
        np.minimum.at(smallest, kinds.ravel(), squares.ravel())
        return len(centres), int((largest - smallest)[np.isfinite(smallest)].max()), int(max(squares.max(), 1))
