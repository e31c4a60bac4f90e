"""Cross-modal matching with a finite class: the score of item a against item b', and whether the two belong together.

A letter is an item with all its modalities. f(z, z') scores one modality of z against another of z': matched on the
diagonal, drawn independently off it. Everything else is learning from n draws with the kernel of the match risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Instance, Outcomes, Rng
from boundcalc.checker.experiments.worlds.averages import product_law, rademacher, ramp
from boundcalc.checker.experiments.worlds.learning import Learning
from boundcalc.checker.experiments.worlds.numbers import numbers, sequences, signs
from boundcalc.checker.experiments.worlds.populations import random_class

__all__ = ["Matching"]


@dataclass(frozen=True)
class Matching(Learning):
    """The kernel is (omega_pos/2)(loss(z, z) + loss(z', z')) + omega_neg loss(z, z'), the loss a ramp times a scale.

    ``shattered``: the class holds all labellings of the matched items, or of the others, on which the loss is 0 or scale.
    """

    weighted: bool = True
    shattered: bool = False

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return random populations and classes, or shattered ones."""
        if self.shattered:
            instance = self._labellings(rng, matched=number % 2 == 0)
        else:
            instance = random_class(rng, pairwise=True, letters={2: 4, 3: 3}.get(self.n, 2), slack=self.slack)
        if self.unit_range:
            instance["scale"] = np.asarray(1)
        return instance | {"spoken": np.asarray(number % 5 > 0), "omega": rng.integers(1, 4, 2)}

    def _labellings(self, rng: np.random.Generator, *, matched: bool) -> Instance:
        letters = (4 if self.n < 4 else 3) if matched else (3 if self.n < 4 else 2)
        instance = random_class(rng, pairwise=True, letters=letters, slack=False)
        own = np.eye(letters, dtype=bool)
        free = own if matched else ~own
        rows = (signs(int(free.sum())) + 1) // 2
        table = np.zeros((len(rows), letters, letters), dtype=np.int64)
        table[:, free] = rows if matched else rows - 1
        ones = {"heads": np.asarray(1), "rho": np.asarray(1), "start": np.asarray(0)}
        return instance | ones | {"scores": table, "encoders": np.full(3, len(table))}

    def _tables(self, instance: Instance, *, exact: bool) -> dict[str, Any]:
        t = super()._tables(instance, exact=exact)
        scores = numbers(instance["scores"], exact=exact)
        positive, negative = t["omega"]

        def kernel(matched: np.ndarray, apart: np.ndarray) -> np.ndarray:
            own = np.diagonal(matched, axis1=1, axis2=2)
            return positive * (own[:, :, None] + own[:, None, :]) / 2 + negative * apart

        one = numbers(np.ones(scores.shape, dtype=np.int64), exact=exact)
        loss = t["scale"] * kernel(ramp(scores, t["rho"]), ramp(-scores, t["rho"]))
        count = len(scores)
        wrong = kernel(np.where(scores <= 0, one, 0 * one), np.where(scores >= 0, one, 0 * one))
        return t | {
            "loss": loss,
            "flat": loss.reshape(count, -1),
            "mistakes": wrong,
            "wrong": wrong.reshape(count, -1),
            "matched": np.diagonal(scores, axis1=1, axis2=2),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return match risks and errors, deviations and complexities on each sample."""
        atoms, chance = super().outcomes(instance, exact=exact, rng=rng)
        del atoms["err_weighted"]  # the kernel has the weights already
        if self.context == "single":
            t = self._tables(instance, exact=exact)
            words, _ = self._samples(t["weights"], rng)
            first = int(instance["start"])
            seen = self._empirical(t["mistakes"], words)[first]
            error = np.asarray((t["mistakes"][first].ravel() * t["cell"]).sum())
            return atoms | {"err_match": error, "rhat_holdout": seen, "dev_f": error - seen, "n_h": atoms["n"]}, chance
        return atoms | {f"{name}_match": atoms.pop(f"{name}_M") for name in ("err", "r", "rhat")}, chance

    def _expectations(self, t: Any, members: Any, risk: Any, *, exact: bool, rng: Rng) -> Atoms:
        """Return the complexity as the larger of that over matched and that over unmatched items."""
        found = super()._expectations(t, members, risk, exact=exact, rng=rng)
        words = sequences(len(t["weights"]), self.m)
        chance = product_law(t["weights"], words)
        matched = rademacher(t["matched"][members["M"]][:, words], chance, exact=exact)
        return found | {
            "R_M": max(found["R_M"], matched),
            "Rad_apart": found["R_M"],
            "L": t["scale"] / t["rho"],
            "C": t["scale"],
            "c": t["omega"].sum() * t["scale"],
        }
