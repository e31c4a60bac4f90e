"""Classes on m independent pairs: symmetrisation, contraction, exponential moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance
from boundcalc.checker.experiments.worlds.averages import constants, cumulants, rademacher, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers

__all__ = ["AbsolutePairs", "IndependentPairs", "TwoSidedPairs"]


@dataclass(frozen=True)
class IndependentPairs(Enumerable):
    """m i.i.d. pairs out of finitely many cells, each with a label; a finite class of scores; a Lipschitz loss per cell.

    The loss of a cell is linear, a hinge, an absolute value or a clipped hinge, of slope L.
    """

    m: int = 2
    cells: int = 3
    functions: int = 4

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return populations, scores and losses; some classes have one function per cell that is singled out there."""
        scores = rng.integers(-3, 4, (size, self.functions, self.cells))
        single = rng.random(size) < 0.3
        eye = 2 * np.eye(self.functions, self.cells, dtype=np.int64)
        scores[single] = eye * rng.choice([-1, 1], (single.sum(), 1, 1))
        scores[rng.random(size) < 0.15, 1:] = 0
        weights = rng.integers(0, 5, (size, self.cells))
        weights[:, 0] += 1
        weights[rng.random(size) < 0.4] = 1
        kinds = rng.integers(0, 4, (size, self.cells))
        same = rng.random(size) < 0.5
        kinds[same] = kinds[same][:, :1]
        sides = rng.choice([-1, 1], (size, self.cells))
        sides[same] = sides[same][:, :1]
        return {
            "weights": weights,
            "scores": scores,
            "kinds": kinds,
            "sides": sides,
            "knees": rng.integers(-2, 3, (size, self.cells)),
            "slope": rng.integers(1, 4, size),
            "k": rng.integers(1, 60, size),
            "odd": rng.integers(0, 2, size),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return complexities of scores and losses, expected deviations and exponential moments over m pairs."""
        size = len(instances["weights"])
        weights, words, chance = words_and_chances(instances["weights"], self.m, exact=exact)
        scores = numbers(instances["scores"], exact=exact)
        slope = numbers(instances["slope"], exact=exact)
        loss = self._loss(instances, scores, slope, exact=exact)
        risk = (loss * weights[:, None, :]).sum(axis=2)[:, :, None]
        mean = loss[:, :, words].sum(axis=3) / self.m

        def expect(values: np.ndarray) -> np.ndarray:
            return (chance * values).sum(axis=1)

        base = 1 + 1 / numbers(instances["k"], exact=exact)
        supremum = maximum(mean, axis=1)
        ranges = maximum(maximum(loss, axis=2) + maximum(-loss, axis=2), axis=1)
        ghost, signed = self._ghosts(instances, loss, exact=exact)
        return {
            **dict.fromkeys(("R_M", "R_N", "R_full"), rademacher(scores[:, :, words], chance, exact=exact)),
            **cumulants(base, self.m, {"cgf_m": supremum}, chance, exact=exact),
            **constants(size, exact=exact, m=self.m, n=2 * self.m + instances["odd"]),
            "Rad_loss": rademacher(loss[:, :, words], chance, exact=exact),
            "Edev_m": expect(maximum(risk - mean, axis=1)),
            "Edev_plus": expect(maximum(mean - risk, axis=1)),
            "Edev_ghost": ghost,
            "Edev_signed": signed,
            "EPhi_m": expect(maximum(risk - mean, axis=1) + maximum(mean - risk, axis=1))
            if self._two_sided
            else expect(supremum),
            "c": ranges,
            "L": slope,
            "C": maximum(loss.reshape(size, -1), axis=1) + maximum(-loss.reshape(size, -1), axis=1),
        }

    #: Whether EPhi_m is the expected supremum over two functions of deviations of both signs.
    _two_sided = False

    def _loss(self, instances: Instance, scores: np.ndarray, slope: np.ndarray, *, exact: bool) -> np.ndarray:
        kinds = instances["kinds"][:, None, :]
        knees = numbers(instances["knees"], exact=exact)[:, None, :]
        agreement = scores * numbers(instances["sides"], exact=exact)[:, None, :]
        hinge = np.maximum(knees - agreement, 0)
        shapes = (agreement, hinge, np.abs(scores - knees), np.minimum(hinge, 2))
        shape = np.where(
            kinds == 0, shapes[0], np.where(kinds == 1, shapes[1], np.where(kinds == 2, shapes[2], shapes[3]))
        )
        return np.asarray(shape * slope[:, None, None])

    def _ghosts(self, instances: Instance, loss: np.ndarray, *, exact: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the expected supremum of differences to a second sample, without and with random signs."""
        _, words, chance = words_and_chances(instances["weights"], 2 * self.m, exact=exact)
        difference = loss[:, :, words[:, : self.m]] - loss[:, :, words[:, self.m :]]
        plain = (chance * maximum(difference.sum(axis=3), axis=1)).sum(axis=1) / self.m
        return plain, rademacher(difference, chance, exact=exact)


@dataclass(frozen=True)
class AbsolutePairs(IndependentPairs):
    """The same classes, with absolute values under the suprema."""

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the expected largest absolute deviation, and the complexity with absolute value."""
        weights, words, chance = words_and_chances(instances["weights"], self.m, exact=exact)
        scores, slope = (numbers(instances[name], exact=exact) for name in ("scores", "slope"))
        loss = self._loss(instances, scores, slope, exact=exact)
        drawn = loss[:, :, words]
        deviation = np.abs((loss * weights[:, None, :]).sum(axis=2)[:, :, None] - drawn.sum(axis=3) / self.m)
        return {
            "Edev_abs": (chance * maximum(deviation, axis=1)).sum(axis=1),
            "Rad_abs": rademacher(np.concatenate([drawn, -drawn], axis=1), chance, exact=exact),
            **constants(len(weights), exact=exact, m=self.m, n=2 * self.m),
        }


@dataclass(frozen=True)
class TwoSidedPairs(IndependentPairs):
    """The same, with Phi the supremum over f and f' of (r - rhat)(f) + (rhat - r)(f')."""

    _two_sided = True
