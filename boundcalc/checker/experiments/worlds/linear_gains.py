"""Linear encoders: a modality of pure noise beside the true one, and modalities that share their first one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import numbers, sequences, signs

__all__ = ["NoiseModality", "SharedModalities"]


@dataclass(frozen=True)
class NoiseModality(SampleSpace):
    """y = b x_1 + noise, x_2 independent of both, all signs; M has both modalities, N the first, and latent dimension is 1."""

    n: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return the slope and the scale of the noise."""
        return [{"slope": rng.integers(1, 4, 1), "noise": rng.integers(1, 4, 1)} for _ in range(min(size, 4))]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the quality gap of the least-squares encoders of M and of N on each sample."""
        letters = signs(3)
        slope, noise = (numbers(instance[name], exact=exact)[0] for name in ("slope", "noise"))
        _, words, chance = words_and_chances(np.ones(len(letters), dtype=int), self.n, exact=exact)
        first, second, off = numbers(letters[words].transpose(2, 0, 1), exact=exact)
        y = slope * first + noise * off
        alone = (first * y).sum(axis=1) / self.n
        cross = (first * second).sum(axis=1) / self.n
        other = (second * y).sum(axis=1) / self.n
        det = 1 - cross * cross
        unique = det != 0
        safe = np.where(unique, det, 1 + 0 * det)
        lean = np.where(unique, (other - cross * alone) / safe, 0 * det)
        main = np.where(unique, (alone - cross * other) / safe, alone)
        length = main * main + lean * lean
        # the best head on a_1 x_1 + a_2 x_2 leaves slope^2 a_2^2/(a_1^2 + a_2^2); on a_1 x_1 nothing, unless a_1 = 0
        whole = slope * slope
        lost = np.where(length == 0, whole, whole * lean * lean / np.where(length == 0, 1 + length, length))
        return {"gamma": lost - np.where(alone == 0, whole, 0 * alone), **constants(exact=exact, n=self.n)}, chance


@dataclass(frozen=True)
class SharedModalities(Enumerable):
    """Four modalities of one sign each, the first mixed into the others; least squares over all 16 outcomes."""

    cost: ClassVar[int] = 4

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return the weights beta, the share w in quarters, and which modalities besides the first the subset has."""
        return {
            "beta": rng.integers(-4, 5, (size, 4)),
            "w": rng.integers(0, 5, size),
            "has": rng.integers(0, 2, (size, 3)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the mean squared error of the best linear prediction, by projecting on one modality after the other."""
        beta, share = numbers(instances["beta"], exact=exact), numbers(instances["w"], exact=exact) / 4
        pure = numbers(2 * sequences(2, 4).T - 1, exact=exact)
        mixed = [np.broadcast_to(pure[0], (len(beta), 16))]
        mixed += [(1 - share)[:, None] * row + share[:, None] * pure[0] for row in pure[1:]]
        left = sum((beta[:, j, None] * mixed[j] for j in range(1, 4)), beta[:, :1] * mixed[0])
        basis: list[np.ndarray] = []
        for j, row in enumerate(mixed):
            for other in basis:
                row = row - _along(row, other)
            basis.append(row if j == 0 else row * instances["has"][:, j - 1, None])
            left = left - _along(left, basis[-1])
        absent = 1 - instances["has"]
        return {
            "mse": (left * left).sum(axis=1) / 16,
            "w_shared": share,
            "missing": (absent * beta[:, 1:] * beta[:, 1:]).sum(axis=1),
        }


def _along(vector: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the projection of vectors on others, row by row; on 0 it is 0."""
    square = (other * other).sum(axis=1)
    factor = (vector * other).sum(axis=1) / np.where(square == 0, 1 + square, square)
    return np.asarray(factor[:, None] * other)
