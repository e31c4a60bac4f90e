"""Families of pair kernels: balls in all of their feature spaces, learnt bandwidths, walks of signs, and views of examples."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import comb
from typing import ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance
from boundcalc.checker.experiments.worlds.averages import constants, rademacher, walk, words_and_chances
from boundcalc.checker.experiments.worlds.matrices import floats, square_root
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, sequences, signs

__all__ = ["Bandwidths", "KernelFamilies", "Views", "Walks"]


@dataclass(frozen=True)
class KernelFamilies(Enumerable):
    """m letters with a feature map for each kernel; the class is the union of the balls in their feature spaces."""

    m: int = 2
    kernels: int = 3
    letters: int = 3

    cost: ClassVar[int] = 8

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return features in the plane for each kernel, the letters' weights and the radius; some kernels are signs."""
        features = rng.integers(-2, 3, (size, self.kernels, self.letters, 2))
        flat = rng.random(size) < 0.4
        features[flat, ..., 1] = 0
        features[flat, ..., 0] = rng.choice([-2, 2], features[flat, ..., 0].shape)
        return {
            "features": features,
            "counts": rng.integers(1, 5, (size, self.letters)),
            "radius": rng.integers(1, 4, size),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the complexity, the expected largest chaos and the largest value of a kernel."""
        size = len(instances["counts"])
        _, words, chance = words_and_chances(instances["counts"], self.m, exact=exact)
        features = numbers(instances["features"], exact=exact)[:, :, words]  # (instances, kernels, words, m, plane)
        own = (features * features).sum(axis=(3, 4))
        length: list[np.ndarray] = []
        chaos: list[np.ndarray] = []
        for sign in signs(self.m):
            total = (features * numbers(sign, exact=exact)[:, None]).sum(axis=3)
            square = (total * total).sum(axis=3)
            length.append(square_root(maximum(square, axis=1), exact=exact))
            chaos.append(maximum(np.abs(square - own), axis=1) / 2)
        radius = numbers(instances["radius"], exact=exact)
        whole = instances["features"]
        largest = np.maximum((whole * whole).sum(axis=3).max(axis=(1, 2)), 1)
        mean = (floats(chance, exact=exact) * sum(length[1:], length[0])).sum(axis=1) / (2**self.m * self.m)
        return {
            "R_M": mean * floats(radius, exact=exact),
            "U_chaos": (chance * sum(chaos[1:], chaos[0])).sum(axis=1) / (2**self.m * self.m),
            "kap": square_root(numbers(largest, exact=exact), exact=exact),
            "radius": radius,
            **constants(size, exact=exact, m=self.m, n=2 * self.m, kernels=self.kernels),
        }


@dataclass(frozen=True)
class Bandwidths(Enumerable):
    """m letters with a squared length in each modality; bandwidths t with exp(-t) = j/4, one modality at a time."""

    m: int = 2
    K: int = 1
    letters: int = 3

    cost: ClassVar[int] = 4

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return squared lengths and the letters' weights; some lengths are far apart."""
        lengths = rng.integers(0, 4, (size, self.K, self.letters))
        lengths[rng.random(size) < 0.5] *= 6
        return {"lengths": lengths, "counts": rng.integers(1, 5, (size, self.letters))}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the complexity and expected largest partial sums of the signs, in the order of the lengths."""
        size = len(instances["counts"])
        _, words, chance = words_and_chances(instances["counts"], self.m, exact=exact)
        base = numbers(np.arange(5), exact=exact) / 4
        values = base[:, None, None, None] ** instances["lengths"]  # 0 to the power 0 is 1: no length at all
        table = np.moveaxis(values, 0, 2).reshape(size, -1, self.letters)
        order = np.argsort(instances["lengths"][:, :, words], axis=-1, kind="stable")
        total = np.zeros(order.shape[:1] + order.shape[2:3], dtype=np.int64)
        for sign in signs(self.m):
            sums = np.cumsum(sign[order], axis=-1)
            total += np.maximum(sums.max(axis=(1, 3)), 0)
        walks = np.array([max(0, *accumulate(map(int, sign))) for sign in signs(self.m)])
        return {
            "R_M": rademacher(table[:, :, words], chance, exact=exact),
            "walks_max": (chance * numbers(total, exact=exact)).sum(axis=1) / 2**self.m,
            **_walk(np.full(size, self.m), exact=exact),
            "walk_max": numbers(np.full(size, walks.sum()), exact=exact) / 2**self.m,
            **constants(size, exact=exact, m=self.m, n=2 * self.m, K=self.K),
        }


def _walk(m: np.ndarray, *, exact: bool) -> Atoms:
    """Return E|S_m| and P(S_m > 0)."""
    ends = [walk(one) for one in m.tolist()]
    ups = [(1 - Fraction(0 if one % 2 else comb(one, one // 2), 2**one)) / 2 for one in m.tolist()]
    kind = object if exact else float
    return {"walk_end": np.array(ends, dtype=kind), "walk_up": np.array(ups, dtype=kind)}


@dataclass(frozen=True)
class Walks(Enumerable):
    """Sums of m signs, by their number alone."""

    longest: int = 400

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return numbers of signs."""
        return {"m": rng.integers(1, self.longest + 1, size)}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the expected absolute sum and the chance that it is positive."""
        m = instances["m"]
        return {**_walk(m, exact=exact), **constants(len(m), exact=exact, m=m, n=2 * m)}


@dataclass(frozen=True)
class Views(Enumerable):
    """n examples with a feature map for each view, a sign for each example and view; the best metric between the views."""

    n: int = 2
    views: int = 2

    cost: ClassVar[int] = 8

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return features in the plane, the largest norms of metric and weights."""
        return {
            "features": rng.integers(-2, 3, (size, self.views, self.n, 2)),
            "limits": rng.integers(1, 5, (size, 2)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the empirical complexity, the expected length of the signed Gram matrices and their mean square."""
        features = numbers(instances["features"], exact=exact)
        gram = features @ np.swapaxes(features, 2, 3)  # (instances, views, examples, examples)
        alpha, beta = numbers(instances["limits"].T, exact=exact)
        size, total, best = len(features), [], []
        for sign in 2 * sequences(2, self.views * self.n) - 1:
            signed = (gram * numbers(sign.reshape(self.views, 1, self.n), exact=exact)).sum(axis=3).reshape(size, -1)
            square = (signed * signed).sum(axis=1)
            # the metric alpha s s^T/||s||^2, of Frobenius norm alpha, along the signed features s
            along = signed * np.where(square == 0, 0 * square, alpha / np.where(square == 0, 1, square))[:, None]
            best.append(square_root((along * signed).sum(axis=1) * square, exact=exact))
            total.append(square_root(square, exact=exact))
        count = len(total)
        return {
            "Rhat_n": sum(best[1:], best[0]) * floats(beta, exact=exact) / (count * self.n),
            "signed_grams": sum(total[1:], total[0]) / count,
            "q_views": (gram * gram).sum(axis=(1, 2, 3)),
            "alpha_A": alpha,
            "beta_u": beta,
            **constants(size, exact=exact, n=self.n),
        }
