"""The class of thresholds minus weighted distances, over m independent pairs; every supremum by brute force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import (
    constants,
    sign_sum,
    uniform,
    with_threshold,
    words_and_chances,
)
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, root, scaled, sequences, signs

__all__ = ["MetricClass", "MetricSamples", "SignDraws"]


def _grid(weights: int, values: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return all weight vectors of an even grid over [low, high], shape (instances, values**weights, weights)."""
    steps = sequences(values, weights)[None] * (high - low)[:, None, None]
    return np.asarray(low[:, None, None] + steps / (values - 1))


@dataclass(frozen=True)
class MetricClass(Enumerable):
    """Pairs are i.i.d. out of finitely many letters; a letter is the vector of its squared block lengths."""

    m: int = 2
    letters: int = 3
    weights: int = 2
    grid: int = 2

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return feature tables, letter weights, and ranges of metric weights and thresholds (start, length)."""
        features = rng.integers(0, 5, (size, self.letters, self.weights))
        constant = rng.random(size) < 0.3
        features[constant] = features[constant][:, :1, :1]
        single = rng.random(size) < 0.2
        features[single, :, 1:] = 0
        counts = rng.integers(0, 4, (size, self.letters))
        counts[:, 0] += 1
        low = rng.integers(0, 3, size)
        start = rng.integers(-2, 3, size)
        return {
            "features": features,
            "counts": counts,
            "lam": np.stack([low, rng.integers(0, 4, size)], axis=1),
            "t": np.stack([start, rng.integers(0, 4, size)], axis=1),
            "room": rng.integers(0, 2, (size, 2)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the complexity by brute force over grid and threshold ends, and what it is bounded by."""
        size, m, more = len(instances["counts"]), self.m, instances["room"][:, 1]
        weights, words, chance = words_and_chances(instances["counts"], m, exact=exact)
        features = numbers(instances["features"], exact=exact)
        low, high = numbers(np.cumsum(instances["lam"], axis=1).T, exact=exact)
        t_low, t_high = numbers(np.cumsum(instances["t"], axis=1).T, exact=exact)
        chosen = features[:, words]
        scores = -(np.swapaxes(_grid(self.weights, self.grid, low, high), 1, 2))[:, None]
        both = metric = threshold = absolute = 0
        for sign in signs(m):
            sums = (chosen * numbers(sign, exact=exact)[:, None]).sum(axis=2)
            best = maximum((sums[:, :, None, :] @ scores)[:, :, 0, :], axis=2)
            level = np.maximum(t_low * int(sign.sum()), t_high * int(sign.sum()))
            both = both + (chance * (best + level[:, None])).sum(axis=1)
            metric = metric + (chance * best).sum(axis=1)
            threshold = threshold + level
            absolute = absolute + (chance * np.abs(sums).sum(axis=2)).sum(axis=1)
        draws = 2**m
        squares = (features * features * weights[:, :, None]).sum(axis=1)
        chosen_squares = (chosen * chosen).sum(axis=2)
        square = np.max(instances["features"].sum(axis=2), axis=1) + instances["room"][:, 0]
        radius = numbers(np.maximum(square, 1), exact=exact)
        roots = scaled(root(chosen_squares, exact=exact), chance[:, :, None], exact=exact)
        kappa = scaled(root(squares, exact=exact).sum(axis=1), (high - low) / 2, exact=exact)
        kappa = kappa + scaled((t_high - t_low) / 2, 1, exact=exact)
        return {
            "R_M": both / (draws * m),
            "Rad_metric": metric / (draws * m),
            "Rad_threshold": threshold / (draws * m),
            "S_abs": absolute / (draws * m),
            "S_root": scaled(roots.sum(axis=(1, 2)), numbers(1, exact=exact) / m, exact=exact),
            "S_square": m * squares.sum(axis=1),
            "sign_sum": np.broadcast_to(sign_sum(m, exact=exact), (size,)),
            "kappa_M": kappa,
            "kappa_0": kappa,
            "Lam": high - low,
            "lam_min": low,
            "lam_max": high,
            "tau": t_high - t_low,
            "t_min": t_low,
            "t_max": t_high,
            "B": root(radius, exact=exact),
            **constants(size, exact=exact, g_M=self.weights, d_M=self.weights + more, p=self.grid, m=m, n=2 * m + more),
        }


@dataclass(frozen=True)
class MetricSamples(SampleSpace):
    """The empirical complexity of m random pairs against its expectation; outcomes are all samples of m letters."""

    m: int = 1
    letters: int = 4
    weights: int = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return feature tables and letter weights; many pairs are either 0 or of full length on one coordinate."""
        features = rng.integers(0, 4, (self.letters, self.weights))
        if rng.random() < 0.6:
            features = np.zeros((self.letters, self.weights), dtype=np.int64)
            features[np.arange(1, self.letters), rng.integers(0, self.weights, self.letters - 1)] = 1
        counts = rng.integers(1, 7, self.letters)
        counts[0] = rng.integers(1, 4 * self.letters)
        start = int(rng.integers(-1, 2))
        return {
            "features": features,
            "counts": counts,
            "Lam": rng.integers(1, 4),
            "t": np.array([start, start + rng.integers(0, 3)]),
            "odd": rng.integers(0, 2),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the complexities on each sample of m letters."""
        m = self.m
        _, words, chance = words_and_chances(instance["counts"], m, exact=exact)
        features = numbers(instance["features"], exact=exact)
        spread = numbers(instance["Lam"], exact=exact)
        low, high = numbers(instance["t"], exact=exact)
        chosen = features[words]
        absolute = sum(
            np.abs((chosen * numbers(sign, exact=exact)[:, None]).sum(axis=1)).sum(axis=1) for sign in signs(m)
        )
        metric = absolute * spread / (2 * m * 2**m)
        radius = numbers(np.maximum(np.asarray(instance["features"]).sum(axis=1).max(), 1), exact=exact)
        atoms = with_threshold((chance * metric).sum(), low, high, m, exact=exact)
        return {
            **atoms,
            **constants(exact=exact, m=m, n=2 * m + instance["odd"]),
            "Rhat_metric": metric,
            "Rhat": metric + atoms["Rad_threshold"],
            "Lam": spread,
            "lam_min": spread * 0,
            "lam_max": spread,
            "B": root(radius, exact=exact),
        }, chance


@dataclass(frozen=True)
class SignDraws(SampleSpace):
    """S random sign vectors for given pairs: the Monte-Carlo mean against the empirical complexity."""

    m: int = 2
    draws: int = 1
    weights: int = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the features of m pairs; half of them have one weight only, or one and the same row."""
        features = rng.integers(0, 4, (self.m, self.weights))
        if rng.random() < 0.5:
            features[:, 1:] = 0
            features[:, 0] = 1
        return {"features": features, "Lam": rng.integers(1, 4)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the Monte-Carlo mean on each choice of S sign vectors."""
        features = numbers(instance["features"], exact=exact)
        spread = numbers(instance["Lam"], exact=exact)
        sums = numbers(signs(self.m), exact=exact) @ features
        suprema = np.abs(sums).sum(axis=1) * spread / (2 * self.m)
        words = sequences(len(suprema), self.draws)
        chance = uniform(len(words), exact=exact)
        radius = numbers(max(int(np.asarray(instance["features"]).sum(axis=1).max()), 1), exact=exact)
        return {
            "Rhat_mc": suprema[words].sum(axis=1) / self.draws,
            "Rhat_metric": suprema.sum() / len(suprema),
            "W": features.sum() * spread / (2 * self.m),
            **constants(exact=exact, S=self.draws, m=self.m, n=2 * self.m),
            "Lam": spread,
            "B": root(radius, exact=exact),
        }, chance


@dataclass(frozen=True)
class ManyCoordinates(SampleSpace):
    """m pairs, each with probability c/m of full length on a coordinate of its own: m Rhat / W_0 counts them.

    The limit of many coordinates, in which no two pairs share one; the count is binomial, so its tail is exact for any m.
    """

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return numbers of pairs and expected counts."""
        return {"m": rng.choice([20, 60, 120]), "expected": rng.integers(1, 20)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the complexities by the number of pairs that are not 0."""
        m = int(instance["m"])
        count = numbers(np.arange(m + 1), exact=exact)
        hit = numbers(instance["expected"], exact=exact)[()] / m
        ways = [comb(m, k) for k in range(m + 1)]
        chance = np.array([way * hit**k * (1 - hit) ** (m - k) for k, way in enumerate(ways)], dtype=object)
        if not exact:
            chance = chance.astype(float)
        return {
            **dict.fromkeys(("Rhat_metric", "Rhat"), count / (2 * m)),
            **dict.fromkeys(("Rad_metric", "R_M"), np.asarray(hit / 2)),
            **constants(exact=exact, Rad_threshold=0, tau=0, Lam=1, lam_min=0, lam_max=1, B=1, m=m, n=2 * m),
        }, chance
