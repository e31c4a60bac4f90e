"""The class of all functions with values 0 and 1 on many equally likely cells: as rich as a class can be.

Everything is a sum over cells, so numbers of independent terms far beyond enumeration have exact values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import binomial, walk
from boundcalc.checker.experiments.worlds.numbers import numbers

__all__ = ["Shattered", "ShatteredSamples"]


def _complexities(terms: int, cells: int) -> tuple[Fraction, Fraction]:
    """Return the Rademacher complexity and the expected largest deviation (the same on both sides)."""
    law = binomial(terms, Fraction(1, cells))
    rademacher = cells * sum(chance * walk(k) for k, chance in enumerate(law)) / (2 * terms)
    deviation = cells * sum(
        chance * max(Fraction(1, cells) - Fraction(k, terms), Fraction(0)) for k, chance in enumerate(law)
    )
    return Fraction(rademacher), Fraction(deviation)


@dataclass(frozen=True)
class Shattered(Enumerable):
    """Losses are the scores themselves; m runs up to 30, the number of cells to 300."""

    cost: ClassVar[int] = 20

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return numbers of pairs and of cells."""
        return {"m": rng.integers(1, 31, size), "cells": rng.integers(1, 301, size)}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return complexities and expected deviations."""
        pairs = list(zip(instances["m"].tolist(), instances["cells"].tolist(), strict=True))
        found = np.empty((2, len(pairs)), dtype=object)
        found.T[:] = [_complexities(m, cells) for m, cells in pairs]
        values = found if exact else found.astype(float)
        one = numbers(np.ones(len(pairs)), exact=exact)
        m = numbers(instances["m"], exact=exact)
        return {
            **dict.fromkeys(("R_M", "R_N", "R_full", "Rad_loss"), values[0]),
            **dict.fromkeys(("Edev_m", "Edev_plus", "EPhi_m"), values[1]),
            "Edev_ghost": values[0] * 2,
            "Edev_signed": values[0] * 2,
            "cgf_m": values[1],
            **dict.fromkeys(("lam", "c", "L", "C"), one),
            "m": m,
            "n": 2 * m,
        }


@dataclass(frozen=True)
class ShatteredSamples(SampleSpace):
    """n single examples on many cells; the largest deviation depends on how many different cells were met."""

    two_sided: bool = False
    most: ClassVar[int] = 8

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return numbers of examples and of cells."""
        return {"n": rng.choice([5, 10, 20, 40]), "cells": rng.choice([100, 1000])}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return deviations by the number of different cells, when no two examples share one or some do."""
        n, cells = int(instance["n"]), int(instance["cells"])
        law = [Fraction(1)] + [Fraction(0)] * n
        for _ in range(n):
            law = [(law[k] * k + (law[k - 1] * (cells - k + 1) if k else 0)) / Fraction(cells) for k in range(n + 1)]
        # Met cells carry too much empirical weight (as n <= cells), all others none: that is their mass.
        deviation = [1 - Fraction(k, cells) for k in range(n + 1)]
        rademacher, expected = _complexities(n, cells)
        kind = object if exact else float
        sides = 2 if self.two_sided else 1
        risk = Fraction(0)
        fixed = {
            **dict.fromkeys(("R_M", "R_full", "Rad_loss"), rademacher),
            **dict.fromkeys(("Edev_m", "Edev_plus"), expected),
            "EPhi_m": expected * sides,
            **dict.fromkeys(("L", "C"), Fraction(1)),
            **dict.fromkeys(("n", "m"), Fraction(n)),
            **dict.fromkeys(("r_star", "rhat_star", "eta_M", "eta_N", "eta_star_N"), risk),
            **dict.fromkeys(("gamma", "r_M", "rhat_M", "Lhat_M"), risk),
            **dict.fromkeys(("r_N", "excess_M", "excess_N", "eps_opt"), risk),
        }
        atoms = {name: np.array(value, dtype=kind) for name, value in fixed.items()}
        atoms |= {name: np.array(deviation, dtype=kind) for name in ("dev_minus", "dev_plus")}
        atoms |= {name: np.array([sides * item for item in deviation], dtype=kind) for name in ("Phi_n", "Phi_m")}
        return atoms, np.array(law, dtype=kind)
