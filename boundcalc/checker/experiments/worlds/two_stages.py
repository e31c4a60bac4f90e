"""Two stages: a connection from the first to the second modality is learnt without labels, a hypothesis on both with labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, rademacher, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers

__all__ = ["TwoStages"]

_LEVELS = 3  # of the second modality


@dataclass(frozen=True)
class TwoStages(SampleSpace):
    """Letters (x, y, z) with x of 2 and y of 3 values; three hypotheses h(x, y) and three connections g(x); loss L |h - z|."""

    n: int = 2
    n_u: int = 2

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return letters with weights, hypotheses and connections, and the loss's slope; some with opposite hypotheses."""
        found = []
        for number in range(size):
            h = rng.integers(-2, 3, (3, 2, _LEVELS))
            if number % 3 == 0:
                h[1] = -h[0]
            found.append(
                {
                    "letters": np.stack([rng.integers(0, top, 3) for top in (2, _LEVELS, 2)], axis=1),
                    "counts": rng.integers(1, 5, 3),
                    "h": h,
                    "g": rng.integers(0, _LEVELS, (3, 2)),
                    "slope": np.asarray(rng.integers(1, 3)),
                }
            )
        return found

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return risks of the two trained stages, deviations and complexities on each pair of samples."""
        x, y, z = np.asarray(instance["letters"]).T
        h, g = numbers(instance["h"], exact=exact), np.asarray(instance["g"])
        slope = numbers(instance["slope"], exact=exact)
        shares, words, chance = words_and_chances(instance["counts"], self.n + self.n_u, exact=exact)
        score = h[:, x, y]
        loss = slope * np.abs(score - z)
        apart = numbers(np.abs(g[:, x] - y), exact=exact)
        labelled, unlabelled = words[:, : self.n], words[:, self.n :]
        stages = {}
        for name, table, drawn in (("h", loss, labelled), ("g", apart, unlabelled)):
            risk = (table * shares).sum(axis=1)
            empirical = table[:, drawn].sum(axis=2) / drawn.shape[1]
            best = int(np.argmin(risk))
            phi = maximum(risk[:, None] - empirical, axis=0) + empirical[best] - risk[best]
            stages[name] = risk, np.argmin(empirical, axis=0), phi, (chance * phi).sum()
        risk, chosen, phi_h, expected_h = stages["h"]
        far, connected, phi_g, expected_g = stages["g"]
        predicted = (slope * np.abs(h[:, x[None], g[:, x]] - z) * shares).sum(axis=2)  # (hypotheses, connections)
        steps = np.abs(h[:, :, :, None] - h[:, :, None, :]) / np.maximum(
            np.abs(np.subtract.outer(*[np.arange(_LEVELS)] * 2)), 1
        )
        _, words_h, chance_h = words_and_chances(instance["counts"], self.n, exact=exact)
        _, words_g, chance_g = words_and_chances(instance["counts"], self.n_u, exact=exact)
        return {
            "r_two": predicted[chosen, connected],
            "r_multi": risk[chosen],
            "r_best": risk.min(),
            "dist": far[connected],
            "conn": far.min(),
            "Phi_h": phi_h,
            "Phi_g": phi_g,
            "Edev_h": expected_h,
            "Edev_g": expected_g,
            "R_H": rademacher(score[:, words_h], chance_h, exact=exact),
            "R_G": rademacher(apart[:, words_g], chance_g, exact=exact),
            "L": slope,
            "Lam_y": steps.max(),
            "C": loss.max() - loss.min(),
            "D_y": apart.max() - apart.min(),
            **constants(exact=exact, n=self.n, n_u=self.n_u),
        }, chance
