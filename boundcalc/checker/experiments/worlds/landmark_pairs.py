"""Landmark pairs of a good similarity: each gives every input a bounded score, and their mean classifies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import binomial, constants, law
from boundcalc.checker.experiments.worlds.numbers import numbers

__all__ = ["LandmarkPairs", "ManyLandmarkPairs"]


@dataclass(frozen=True)
class LandmarkPairs(SampleSpace):
    """Three inputs and two letters of landmark pairs, and the weighted similarity times the label of each input to each letter."""

    d_L: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return weights of inputs and landmark pairs, similarities, twice the margin, and room; some at the ends of ranges."""
        found = []
        for number in range(size):
            table = rng.integers(-2, 3, (3, 2))
            if number % 2:
                table = 2 * rng.choice([-1, 1], (3, 2))
            found.append(
                {
                    "inputs": rng.integers(1, 5, 3),
                    "counts": rng.integers(1, 9, 2),
                    "table": table,
                    "margin": np.asarray(rng.integers(1, 5)),
                    "room": np.asarray(rng.integers(1, 4)),
                }
            )
        return found

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the error at half the margin, and the share of inputs that the mean puts there, on each draw of landmarks."""
        shares = law(instance["counts"], exact=exact)
        often = np.arange(self.d_L + 1)
        chance = np.array(binomial(self.d_L, shares[1]), dtype=object if exact else float)
        table = numbers(instance["table"], exact=exact)
        inputs = law(instance["inputs"], exact=exact)[:, None]
        margin = numbers(instance["margin"], exact=exact) / 2
        good = ((table * shares).sum(axis=1) >= margin)[:, None]
        low = (table[:, :1] * (self.d_L - often) + table[:, 1:] * often) / self.d_L < margin / 2
        none, room = 0 * inputs, numbers(instance["room"], exact=exact)
        shortfall = np.maximum(margin + room - table, 0)
        far = np.where(good & low, inputs, none).sum(axis=0)
        return {
            "err_half": np.where(low, inputs, none).sum(axis=0),
            "far": far,
            "E_far": (chance * far).sum(),
            "eps_good": np.where(good, none, inputs).sum(),
            "gamma_K": margin,
            "room": room,
            "r_0": (shortfall * shares * inputs).sum(),
            "C": shortfall.max() - shortfall.min(),
            "B_w": np.abs(table).max() + (numbers(1, exact=exact) if not np.abs(table).max() else 0),
            **constants(exact=exact, d_L=self.d_L),
        }, chance


@dataclass(frozen=True)
class ManyLandmarkPairs(LandmarkPairs):
    """The same with thousands of landmark pairs."""

    d_L: int = 2000
    many: ClassVar[bool] = True
    most: ClassVar[int] = 4

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return a few instances: exact tails of so many pairs are dear."""
        return super().draw(rng, min(size, self.most))
