"""Regularised learning of one metric weight, solved exactly: the minimiser, its stability and its risks on every sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, words_and_chances
from boundcalc.checker.experiments.worlds.matrices import square_root
from boundcalc.checker.experiments.worlds.numbers import numbers

__all__ = ["Regularised"]


@dataclass(frozen=True)
class Regularised(SampleSpace):
    """n letters on a line, hinge loss at a fixed threshold, one weight a >= 0, penalty mu (a - a_0)^2.

    The objective is piecewise quadratic, so its minimiser on every sample is found piece by piece, exactly. What is
    returned is a weight beside it; ``eps_opt`` says by how much its objective is larger.
    """

    n: int = 2
    letters: int = 3
    source: bool = False

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return letters with labels, the loss's scale, threshold, penalty, source weight and the step beside the optimum."""
        x, y = rng.integers(0, 4, self.letters), rng.integers(0, 2, self.letters)
        if number % 3 == 0:  # far apart, and a strong penalty: no loss ever reaches 0
            x, y = np.arange(self.letters) % 2, np.arange(self.letters) % 3 // 2
        strong = number % 3 == 0
        return {
            "x": x,
            "y": y,
            "counts": rng.integers(1, 5, self.letters),
            "scale": rng.integers(1, 3),
            "t": rng.integers(-1, 3),
            "mu": rng.integers(4, 9) if strong else rng.integers(1, 9),
            "mu_parts": 1 if strong else 4,
            "a_0": int(rng.integers(1, 3) if self.source else 0),
            "beside": rng.integers(0, 3) * (number % 2),
            "room": rng.integers(0, 2) * (number % 4 == 3),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return risks of the returned weight, the minimiser's deviation, and its exact stability, on each sample."""
        world = _World(instance, exact=exact)
        letters, n = self.letters, self.n
        weights, words, chance = words_and_chances(instance["counts"], n, exact=exact)
        counts = (words[:, :, None] == np.arange(letters)).sum(axis=1)
        ordered = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(letters, dtype=np.int64)
        share = numbers(ordered.reshape(len(words), -1), exact=exact) / (n * (n - 1))
        pairs = (weights[:, None] * weights[None, :]).ravel()
        best = world.minimiser(share)
        returned = best + numbers(instance["beside"], exact=exact) / 8
        own, other = world.loss(best), world.loss(returned)
        deviation = (own * pairs).sum(axis=1) - (own * share).sum(axis=1)
        risk, empirical = (other * pairs).sum(axis=1), (other * share).sum(axis=1)
        excess = empirical + world.penalty(returned) - (own * share).sum(axis=1) - world.penalty(best)
        radius = numbers(max(int((np.ptp(np.asarray(instance["x"])) ** 2) + instance["room"]), 1), exact=exact)
        atoms: dict[str, Any] = {
            "r_M": risk,
            "rhat_M": empirical,
            "dev_model": deviation,
            "Edev_model": (chance * deviation).sum(),
            "Er_model": (chance * (own * pairs).sum(axis=1)).sum(),
            "Erhat_model": (chance * (own * share).sum(axis=1)).sum(),
            "r_source": (world.loss(world.source[None])[0] * pairs).sum(),
            "eps_opt": excess,
            "beta": self._stability(own, words),
            "C": own.max(),
            "ell_0": world.loss(world.source[None]).max(),
            "L": world.scale,
            "mu": world.mu,
            "B": square_root(radius, exact=exact),
            **constants(exact=exact, n=n),
        }
        return {name: np.asarray(value) for name, value in atoms.items()}, chance

    def _stability(self, losses: np.ndarray, words: np.ndarray) -> Any:
        """Return the largest change of a pair's loss over all samples and replacements of one example."""
        place = self.letters ** np.arange(self.n - 1, -1, -1)
        index = words @ place
        largest: Any = 0
        for spot in range(self.n):
            for letter in range(self.letters):
                changed = index + (letter - words[:, spot]) * place[spot]
                largest = max(largest, np.abs(losses[changed] - losses).max())
        return largest


class _World:
    """One instance: squared differences and labels of all pairs of letters, loss, penalty, minimiser."""

    def __init__(self, instance: Instance, *, exact: bool) -> None:
        x, y = np.asarray(instance["x"]), np.asarray(instance["y"])
        self.squares = numbers(((x[:, None] - x[None, :]) ** 2).ravel(), exact=exact)
        self.signs = np.where((y[:, None] == y[None, :]).ravel(), 1, -1)
        self.scale = numbers(instance["scale"], exact=exact)[()]
        self.t = numbers(instance["t"], exact=exact)[()]
        self.mu = numbers(instance["mu"], exact=exact)[()] / int(instance["mu_parts"])
        self.source = numbers(instance["a_0"], exact=exact)

    def loss(self, weight: np.ndarray) -> np.ndarray:
        """Return the loss of each pair, shape (samples, pairs)."""
        score = self.t - np.asarray(weight)[:, None] * self.squares
        return np.asarray(self.scale * np.maximum(0, 1 - self.signs * score))

    def penalty(self, weight: np.ndarray) -> np.ndarray:
        return np.asarray(self.mu * (weight - self.source) ** 2)

    def minimiser(self, share: np.ndarray) -> np.ndarray:
        """Return the exact minimiser for each sample: the best of the best points of all pieces."""
        apart = self.squares > 0
        kinks = (self.t - self.signs[apart]) / self.squares[apart]
        start = self.t * 0
        ends = sorted({start, *(kink for kink in kinks.tolist() if kink > 0)})
        best, value = None, None
        for low, high in zip(ends, [*ends[1:], None], strict=True):
            middle = low + 1 if high is None else (low + high) / 2
            active = 1 - self.signs * (self.t - middle * self.squares) > 0
            slope = (share * (self.scale * self.signs * self.squares * active)).sum(axis=1)
            point = np.maximum(self.source - slope / (2 * self.mu), low)
            point = point if high is None else np.minimum(point, high)
            objective = (self.loss(point) * share).sum(axis=1) + self.penalty(point)
            if best is None:
                best, value = point, objective
            else:
                better = objective < value
                best, value = np.where(better, point, best), np.where(better, objective, value)
        assert best is not None
        return np.asarray(best)
