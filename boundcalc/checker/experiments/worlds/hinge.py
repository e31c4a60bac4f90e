"""Training with the weighted hinge loss, read through the ramp loss at margin 1: the pair error of a planned model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Rng
from boundcalc.checker.experiments.worlds.averages import minimiser
from boundcalc.checker.experiments.worlds.learning import Context, Learning
from boundcalc.checker.experiments.worlds.numbers import numbers

__all__ = ["HingeLearning"]


@dataclass(frozen=True)
class HingeLearning(Learning):
    """Learning on weighted pairs; the minimiser is that of the hinge risk, deviations of f are those of the ramp risk."""

    context: Context = "future"
    unit_range: bool = True
    weighted: bool = True

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a random population and class, at margin 1."""
        return {**super().instance(rng, number), "rho": 1}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return hinge risks of the minimiser and of f_0, and deviations of the ramp risk, on each sample."""
        atoms, chance = super().outcomes(instance, exact=exact)
        t = self._tables(instance, exact=exact)
        shape = t["loss"].shape
        hinge = np.maximum(0, 1 - t["scores"] * numbers(instance["labels"], exact=exact).ravel()) * t["weight"]
        risk = (hinge * t["cell"]).sum(axis=1)
        words, _ = self._samples(t["weights"], rng)
        empirical = self._empirical(hinge.reshape(shape), words)
        members = t["encoder"] < t["M"]
        slack = t["scale"] * int(instance["slack"]) / 8
        error = (t["wrong"] * (t["cell"] * t["weight"])).sum(axis=1)
        chosen, smallest = minimiser(empirical, error, members, slack)
        first = int(instance["start"])
        fixed = empirical[first] - risk[first]
        spread = hinge.max() - hinge.min()
        atoms |= {
            "err_weighted": error[chosen],
            "rhat_0": empirical[first],
            "r_0": np.asarray(risk[first]),
            "dev_fixed": fixed,
            "dev_ramp": atoms["dev_minus"],
            "dev_future": atoms["dev_minus"] + fixed,
            "eps_opt": empirical[chosen, np.arange(empirical.shape[1])] - smallest,
            "L": np.asarray(t["omega"].max()),
            "C": np.asarray(spread if spread > 0 else t["omega"].max()),
        }
        return atoms, chance
