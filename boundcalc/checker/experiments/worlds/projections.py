"""Modalities that go missing: classes of subsets, their inclusion, minimal risks, and the refuted claim's witnesses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance
from boundcalc.checker.experiments.worlds.averages import constants, rademacher, uniform
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, root, scaled, sequences

__all__ = ["Claim", "Projections"]


@dataclass(frozen=True)
class Projections(Enumerable):
    """Scores t - sum_k a_k v_ik over a grid of weights; a missing modality contributes 0, and 0 is in the grid.

    M has all modalities, N the first ones. The classes are tables of scores on the m pairs, one per choice of weights
    and threshold; forgetting a modality is done on the data, so that inclusion is found, not assumed.
    """

    m: int = 2
    modalities: int = 2
    kept: int = 1
    grid: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return squared distances per modality; in some instances the modalities outside N are constant."""
        features = rng.integers(0, 4, (size, self.m, self.modalities))
        constant = rng.random(size) < 0.3
        constant[0] = True
        features[constant, :, self.kept :] = 0
        return {
            "features": features,
            "labels": rng.choice([-1, 1], (size, self.m)),
            "top": rng.integers(1, 4, size),
            "t": rng.integers(0, 3, (size, 2)),
            "slack": rng.integers(0, 3, size),
        }

    def classes(self, instance: Instance) -> dict[str, set[tuple]]:
        """Return the score tables of N's class, of N's class written through M, and of M's class, for one instance."""
        stacked = {name: np.asarray(value)[None] for name, value in instance.items()}
        return {name: {tuple(row) for row in scores[0]} for name, scores in self._scores(stacked, exact=True).items()}

    def _scores(self, instances: Instance, *, exact: bool) -> dict[str, np.ndarray]:
        features = numbers(instances["features"], exact=exact)
        top = numbers(instances["top"], exact=exact)
        weights = (
            numbers(sequences(self.grid, self.modalities), exact=exact)[None] * top[:, None, None] / (self.grid - 1)
        )
        low = np.min(instances["t"], axis=1)
        ends = np.stack([low, np.max(instances["t"], axis=1)], axis=1)
        t = numbers(ends, exact=exact)

        def scores(seen: np.ndarray) -> np.ndarray:
            distance = weights @ np.swapaxes(seen, 1, 2)
            return np.asarray(np.concatenate([t[:, None, :1] - distance, t[:, None, 1:] - distance], axis=1))

        keep = np.arange(self.modalities) < self.kept
        only_n = features.copy()
        only_n[:, :, ~keep] = only_n[:, :, ~keep] * 0
        through_m = features * 1
        return {"N": scores(only_n), "N via M": scores(through_m * keep.astype(int)), "M": scores(features)}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the classes' Rademacher averages and smallest empirical hinge risks."""
        size = len(instances["top"])
        scores = self._scores(instances, exact=exact)
        labels = numbers(instances["labels"], exact=exact)[:, None, :]
        slack = numbers(instances["slack"], exact=exact) / 4
        result = constants(size, exact=exact, m=self.m, n=2 * self.m)
        for name, symbol in (("N", "R_N"), ("N via M", "R_N_via_M"), ("M", "R_M")):
            result[symbol] = rademacher(scores[name][:, :, None], uniform(1, exact=exact), exact=exact)
        # What is known of a minimiser is often more than what it misses.
        loose = instances["slack"] == 2
        for name in ("M", "N"):
            risks = np.maximum(0, 1 - labels * scores[name]).sum(axis=2) / self.m
            smallest = np.minimum.reduce(risks, axis=1)
            worst = maximum(np.where(risks <= (smallest + slack)[:, None], risks, -1), axis=1)
            result |= {
                f"infhat_{name}": smallest,
                f"rhat_{name}": worst,
                f"eps_opt_{name}": np.where(loose, slack, worst - smallest),
            }
        result["eps_opt"] = result["eps_opt_M"]
        return result


@dataclass(frozen=True)
class Claim(Enumerable):
    """The claim rhat_N - rhat_M >= c (R_M - R_N) > 0 on n examples; R is the dimension formula (Massart on the vertices).

    Kind "constant": the modalities outside N are constant on the support. Kind "separated": N separates all pairs with
    margin, so its hinge risk is 0. In both, rhat_N = rhat_M although M has more weights than N. Any other kind alternates.
    """

    n: int = 4
    modalities: int = 2
    kept: int = 1
    grid: int = 3
    kind: str = "both"

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return points per modality, class labels, and 1/c."""
        kind = {"constant": 0, "separated": 1}.get(self.kind, 2) * np.ones(size, dtype=np.int64)
        kind = np.where(kind == 2, np.arange(size) % 2, kind)
        labels = rng.integers(0, 2, (size, self.n))
        labels[:, 0], labels[:, 1] = 0, 1
        points = rng.integers(0, 3, (size, self.n, self.modalities))
        constant = kind == 0
        points[constant, :, self.kept :] = 1
        points[~constant, :, 0] = 2 * labels[~constant]
        return {
            "points": points,
            "labels": labels,
            "inverse_c": rng.choice([1, 10, 10**3, 10**6], size),
            "separated": kind,
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the smallest empirical hinge risks over a grid of weights in [0, 1] and thresholds in {1, 2}, and R."""
        import sympy

        size = len(instances["labels"])
        points = numbers(instances["points"], exact=exact)
        squares = (points[:, :, None] - points[:, None]) ** 2
        signed = np.where(instances["labels"][:, :, None] == instances["labels"][:, None], 1, -1)
        off = ~np.eye(self.n, dtype=bool)
        weights = numbers(sequences(self.grid, self.modalities), exact=exact) / (self.grid - 1)
        m = self.n // 2
        result: dict[str, Any] = {}
        for name, count in (("M", self.modalities), ("N", self.kept)):
            seen = squares * (np.arange(self.modalities) < count)
            distance = seen[:, :, :, None, :] @ weights.T
            distance = distance[:, :, :, 0, :]
            risks = [
                np.maximum(numbers(0, exact=exact)[()], 1 - signed[..., None] * (t - distance))[:, off].sum(axis=1)
                / int(off.sum())
                for t in (1, 2)
            ]
            result[f"rhat_{name}"] = np.minimum.reduce(np.concatenate(risks, axis=1), axis=1)
            result |= constants(size, exact=exact, **{f"g_{name}": count, f"d_{name}": count})
        radius = numbers(
            np.maximum((np.asarray(squares, dtype=float)).sum(axis=3).reshape(size, -1).max(axis=1), 1), exact=exact
        )
        for name, count in (("M", self.modalities), ("N", self.kept)):
            if exact:
                shape = sympy.sqrt(2 * count * sympy.log(self.grid) / m) / 2
                share = 1 / (2 * sympy.sqrt(m))
                result[f"R_{name}"] = scaled(radius, shape, exact=True) + share
            else:
                result[f"R_{name}"] = radius / 2 * np.sqrt(2 * count * np.log(self.grid) / m) + 1 / (2 * np.sqrt(m))
        class_ = constants(size, exact=exact, Lam=1, lam_max=1, lam_min=0, tau=1, t_min=1, t_max=2)
        sizes = constants(size, exact=exact, p=self.grid, m=m, n=self.n)
        result |= class_ | sizes | {"B": root(radius, exact=exact)}
        return result | {"c_claim": 1 / numbers(instances["inverse_c"], exact=exact)}
