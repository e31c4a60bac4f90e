"""Norm balls of matrices: suprema of linear forms are dual norms of signed second moments, over all signs and samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, with_threshold, words_and_chances
from boundcalc.checker.experiments.worlds.matrices import eigenvalues, floats, square_root, total
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, signs

__all__ = ["Norm", "NormBall", "NormSamples"]

Norm = Literal["frobenius", "maximum", "operator", "column", "group", "fourth", "kernel"]
"""The dual norm: of a Frobenius, entrywise l1, trace, l(2,1), group (l1 or l(4/3) over modalities) or kernel ball.

Modalities are the first coordinate and the others; the kernel is the sum over them of squared inner products.
"""


def _blocks(d: int) -> list[slice]:
    return [slice(0, 1), slice(1, d)] if d > 1 else [slice(0, 1)]


def _dual_norms(u: np.ndarray, norm: Norm, *, exact: bool) -> dict[str, np.ndarray]:
    """Return means over all signs of (1/m) times the dual norms, for differences u of shape (..., m, d)."""
    m, d = u.shape[-2:]
    outer = u[..., :, None] * u[..., None, :]
    wanted = ("frobenius", norm) if norm != "frobenius" else ("frobenius",)
    found: dict[str, Any] = dict.fromkeys(wanted, 0)
    for sign in signs(m):
        signed = (outer * numbers(sign, exact=exact)[:, None, None]).sum(axis=-3)
        for name in wanted:
            found[name] = found[name] + _dual_norm(signed, name, d, exact=exact)
    return {name: value / (2**m * m) for name, value in found.items()}


def _dual_norm(signed: np.ndarray, norm: str, d: int, *, exact: bool) -> np.ndarray:
    squares = signed * signed
    if norm == "maximum":
        return floats(maximum(np.abs(signed).reshape(*signed.shape[:-2], d * d), axis=-1), exact=exact)
    if norm == "operator":
        return np.asarray(np.maximum.reduce(np.abs(eigenvalues(signed, exact=exact)), axis=-1))
    if norm == "column":
        return square_root(maximum(squares.sum(axis=-1), axis=-1), exact=exact)
    parts = [squares[..., block, block].sum(axis=(-1, -2)) for block in _blocks(d)]
    if norm == "group":
        return square_root(np.maximum.reduce(np.stack(parts), axis=0), exact=exact)
    if norm == "fourth":
        return square_root(square_root(sum(part * part for part in parts), exact=exact), exact=exact)
    return square_root(sum(parts) if norm == "kernel" else squares.sum(axis=(-1, -2)), exact=exact)


def _radii(u: np.ndarray, room: np.ndarray, *, exact: bool) -> Atoms:
    """Return pair radii of whole-number letters u of shape (..., letters, d): their largest lengths, and some room."""
    d = u.shape[-1]
    squares = u * u
    parts = np.stack([squares[..., block].sum(axis=-1) for block in _blocks(d)])
    lengths = {
        "B": squares.sum(axis=-1).max(axis=-1) + room,
        "b_k": squares.max(axis=(-1, -2)),
        "B_k": parts.max(axis=(0, -1)),
        "kap": np.square(parts).sum(axis=0).max(axis=-1) + room,
    }
    return {
        name: square_root(numbers(np.maximum(value, 1), exact=exact), exact=exact) for name, value in lengths.items()
    }


def _largest_distance(u: np.ndarray, norm: Norm, *, exact: bool) -> np.ndarray:
    """Return, per set of letters, the largest <A, uu^T> over some positive semidefinite A of norm 1."""
    squares = u * u
    length = squares.sum(axis=-1)
    parts = [squares[..., block].sum(axis=-1) for block in _blocks(u.shape[-1])]
    if norm == "maximum":
        found = maximum((squares * squares).reshape(len(u), -1), axis=-1)
    elif norm == "column":
        sums = np.abs(u).sum(axis=-1)
        found = maximum(length * length * length / np.where(sums > 0, sums * sums, 1), axis=-1)
    elif norm in ("group", "fourth"):  # both are attained, or nearly, on one modality
        found = maximum(np.concatenate(parts, axis=-1), axis=-1) ** 2
    elif norm == "kernel":
        found = maximum(np.asarray(sum(part * part for part in parts)), axis=-1)
    else:
        found = maximum(length * length, axis=-1)
    return square_root(found, exact=exact)


def _range(u: np.ndarray, norm: Norm, radius: np.ndarray, ends: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return the length of the hinge loss's range over the letters, both labels, and metrics (or forms) of the ball."""
    distance = floats(radius, exact=exact) * _largest_distance(u, norm, exact=exact)
    low, high = (floats(end, exact=exact) for end in ends)
    lowest, highest = low - distance, high + (distance if norm == "kernel" else 0)
    return np.asarray(1 + np.maximum(np.maximum(lowest, -lowest), np.maximum(highest, -highest)))


@dataclass(frozen=True)
class NormBall(Enumerable):
    """Differences are i.i.d. out of finitely many letters; matrices have norm at most the radius."""

    norm: Norm = "frobenius"
    m: int = 2
    letters: int = 2
    d: int = 2

    cost: ClassVar[int] = 4

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return letters, their weights, the ball's radius, thresholds, and room in the radii."""
        u = rng.integers(-2, 3, (size, self.letters, self.d))
        same = rng.random(size) < 0.3
        u[same] = u[same][:, :1]
        axes = rng.random(size) < 0.4
        u[axes] = np.eye(self.letters, self.d, dtype=np.int64)[rng.permutation(self.letters)]
        u[rng.random(size) < 0.3, :, 1:] = 0
        start = rng.integers(-2, 2, size)
        return {
            "u": u,
            "counts": rng.integers(1, 4, (size, self.letters)),
            "radius": rng.integers(1, 4, size),
            "t": np.stack([start, rng.integers(0, 3, size)], axis=1),
            "room": rng.integers(0, 2, (size, 2)) * (rng.random(size) < 0.4)[:, None],
            "lam": rng.integers(1, 25, size),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the complexity, expected dual norms, and the radii that bound them."""
        size = len(instances["u"])
        weights, words, chance = words_and_chances(instances["counts"], self.m, exact=exact)
        chance = floats(chance, exact=exact)
        u = numbers(instances["u"], exact=exact)
        found = _dual_norms(u[:, words], self.norm, exact=exact)
        means = {f"S_{name}": total(chance * value, 1) for name, value in found.items()}
        radius = numbers(instances["radius"], exact=exact)
        low, high = numbers(np.cumsum(instances["t"], axis=1).T, exact=exact)
        metric = means[f"S_{self.norm}"] * floats(radius, exact=exact)
        squares = u * u
        parts = [squares[..., block].sum(axis=-1) for block in _blocks(self.d)]
        lengths = squares.sum(axis=-1)
        ranges = _range(u, self.norm, radius, np.stack([low, high]), exact=exact)
        return {
            **means,
            **_radii(instances["u"], instances["room"][:, 0], exact=exact),
            **with_threshold(metric, low, high, self.m, exact=exact),
            **constants(
                size, exact=exact, d_M=self.d, K=len(parts), L=1, m=self.m, n=2 * self.m + instances["room"][:, 1]
            ),
            "p_group": constants(size, exact=exact, four=4)["four"] / 3,
            "u4_mean": (weights * lengths * lengths).sum(axis=1),
            "k_mean": (weights * sum(part * part for part in parts)).sum(axis=1),
            "C": ranges,
            "lam": numbers(instances["lam"], exact=exact) / 4,
            "radius": radius,
            "t_min": low,
            "t_max": high,
        }


@dataclass(frozen=True)
class NormSamples(SampleSpace):
    """The empirical complexity of m random differences against its expectation; outcomes are all samples."""

    norm: Norm = "frobenius"
    m: int = 1
    letters: int = 3
    d: int = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return letters, weights and the ball's radius; half of the populations have one letter apart from 0."""
        u = rng.integers(-2, 3, (self.letters, self.d))
        if number % 2:
            u[0] = 0
            u[1:] = np.eye(self.letters - 1, self.d, dtype=np.int64) if number % 4 == 1 else u[1:2]
        start = int(rng.integers(-1, 2))
        return {
            "u": u,
            "counts": rng.integers(1, 5, self.letters),
            "radius": rng.integers(1, 3),
            "t": np.array([start, start + rng.integers(0, 2)]),
            "odd": rng.integers(0, 2),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the complexities and moments on each sample of m letters."""
        _, words, chance = words_and_chances(instance["counts"], self.m, exact=exact)
        u = numbers(instance["u"], exact=exact)[words]
        radius = numbers(instance["radius"], exact=exact)
        metric = _dual_norms(u, self.norm, exact=exact)[self.norm] * floats(radius, exact=exact)
        squares = u * u
        lengths = squares.sum(axis=2)
        parts = np.stack([squares[..., block].sum(axis=-1) for block in _blocks(self.d)])
        fourth = (parts * parts).sum(axis=2)
        weighted = ((u[..., :, None] * u[..., None, :]) * lengths[..., None, None]).sum(axis=1)
        low, high = numbers(instance["t"], exact=exact)
        mean = total(floats(chance, exact=exact) * metric, 0)
        return {
            **_radii(np.asarray(instance["u"]), np.asarray(0), exact=exact),
            "Rhat_metric": metric,
            **with_threshold(mean, low, high, self.m, exact=exact),
            **constants(exact=exact, d_M=self.d, K=len(parts), L=1, m=self.m, n=2 * self.m + instance["odd"]),
            "u_fourth": (lengths * lengths).sum(axis=1),
            "u_operator": np.maximum.reduce(eigenvalues(weighted, exact=exact), axis=-1),
            "u_coordinate": maximum((squares * squares).sum(axis=1), axis=1),
            "u_column": maximum((squares * lengths[..., None]).sum(axis=1), axis=1),
            "u_group": maximum(fourth, axis=0),
            "gram_trace": fourth.sum(axis=0),
            "radius": radius,
        }, chance
