"""Linear encoders into few dimensions: suprema over low-rank matrices through the eigenvalues of signed moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, with_threshold, words_and_chances
from boundcalc.checker.experiments.worlds.matrices import eigenvalues, floats, square_root, total
from boundcalc.checker.experiments.worlds.numbers import numbers, signs

__all__ = ["EncoderSamples", "Encoders"]


def _moments(u: np.ndarray, rank: int, *, exact: bool) -> dict[str, np.ndarray]:
    """Return, averaged over all signs and per set of m differences u of shape (..., m, d), the suprema and norms."""
    m = u.shape[-2]
    outer = u[..., :, None] * u[..., None, :]
    found: dict[str, Any] = {"top": 0, "nuclear": 0, "frobenius": 0}
    for sign in signs(m):
        signed = (outer * numbers(sign, exact=exact)[:, None, None]).sum(axis=-3)
        values = eigenvalues(signed, exact=exact)
        found["top"] = found["top"] + total(np.maximum(values, 0)[..., :rank], -1)
        found["nuclear"] = found["nuclear"] + total(np.abs(values), -1)
        found["frobenius"] = found["frobenius"] + square_root((signed * signed).sum(axis=(-1, -2)), exact=exact)
    return {name: value / (2**m * m) for name, value in found.items()}


def _vectors(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return whole-number vectors, some of them along one axis."""
    u = rng.integers(-2, 3, shape)
    if rng.random() < 0.4:
        u[..., 1:] = 0
    return u


@dataclass(frozen=True)
class Encoders(Enumerable):
    """Differences u are i.i.d. out of finitely many letters in the plane or in space; ||W||_op <= s, rank <= q."""

    m: int = 2
    letters: int = 2
    d: int = 2
    q: int = 1

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return letters and their weights."""
        u = rng.integers(-2, 3, (size, self.letters, self.d))
        u[rng.random(size) < 0.3, :, 1:] = 0
        same = rng.random(size) < 0.3
        u[same] = u[same][:, :1]
        axes = rng.random(size) < 0.2
        u[axes] = np.eye(self.letters, self.d, dtype=np.int64)
        counts = rng.integers(1, 4, (size, self.letters))
        start = rng.integers(-1, 2, size)
        return {
            "u": u,
            "counts": counts,
            "s": rng.integers(1, 4, size),
            "t": np.stack([start, rng.integers(0, 3, size)], axis=1),
            "room": rng.integers(0, 2, (size, 2)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the complexity over rank-q matrices, and expected Frobenius and nuclear norms."""
        size = len(instances["u"])
        _, words, chance = words_and_chances(instances["counts"], self.m, exact=exact)
        chance = floats(chance, exact=exact)
        found = _moments(numbers(instances["u"], exact=exact)[:, words], self.q, exact=exact)
        s = numbers(instances["s"], exact=exact)
        low, high = numbers(np.cumsum(instances["t"], axis=1).T, exact=exact)
        metric = total(chance * found["top"], 1) * floats(s * s, exact=exact)
        lengths = (np.asarray(instances["u"]) ** 2).sum(axis=2).max(axis=1) + instances["room"][:, 0]
        radius = numbers(np.maximum(lengths, 1), exact=exact)
        return {
            **with_threshold(metric, low, high, self.m, exact=exact),
            **constants(size, exact=exact, q=self.q, d_M=self.d, m=self.m, n=2 * self.m + instances["room"][:, 1]),
            "S_frobenius": total(chance * found["frobenius"], 1),
            "S_nuclear": total(chance * found["nuclear"], 1),
            "s": s,
            "t_min": low,
            "t_max": high,
            "B": square_root(radius, exact=exact),
        }


@dataclass(frozen=True)
class EncoderSamples(SampleSpace):
    """The empirical complexity of m random differences against its expectation; outcomes are all samples."""

    m: int = 1
    letters: int = 3
    d: int = 2
    q: int = 1

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return letters, weights and the range of thresholds; half of the populations have one letter apart from 0."""
        u = _vectors(rng, (self.letters, self.d))
        if rng.random() < 0.5:
            u[0] = 0
            u[1:] = u[1]
        start = int(rng.integers(-1, 2))
        return {
            "u": u,
            "counts": rng.integers(1, 5, self.letters),
            "s": rng.integers(1, 3),
            "t": np.array([start, start + rng.integers(0, 2)]),
            "odd": rng.integers(0, 2),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the complexities and moments on each sample of m letters."""
        _, words, chance = words_and_chances(instance["counts"], self.m, exact=exact)
        u = numbers(instance["u"], exact=exact)[words]
        s = numbers(instance["s"], exact=exact)
        metric = _moments(u, self.q, exact=exact)["top"] * floats(s * s, exact=exact)
        squares = (u * u).sum(axis=2)
        weighted = ((u[..., :, None] * u[..., None, :]) * squares[..., None, None]).sum(axis=1)
        trace = total(square_root(np.maximum(eigenvalues(weighted, exact=exact), 0), exact=exact), -1)
        low, high = numbers(instance["t"], exact=exact)
        mean = total(floats(chance, exact=exact) * metric, 0)
        radius = numbers(max(int((np.asarray(instance["u"]) ** 2).sum(axis=1).max()), 1), exact=exact)
        return {
            "Rhat_metric": metric,
            **with_threshold(mean, low, high, self.m, exact=exact),
            **constants(exact=exact, q=self.q, d_M=self.d, m=self.m, n=2 * self.m + instance["odd"]),
            "u_fourth": (squares * squares).sum(axis=1),
            "u_root_trace": trace,
            "s": s,
            "B": square_root(radius, exact=exact),
        }, chance
