"""A finite set of vectors (Massart's lemma), and one matrix in its eigenbasis (spectral theorem)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance
from boundcalc.checker.experiments.worlds.averages import constants, cumulants, uniform
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, root, signs

__all__ = ["FiniteSet", "Matrix"]


@dataclass(frozen=True)
class FiniteSet(Enumerable):
    """Distinct or equal vectors of whole numbers in R^m; lam = m log(1 + 1/k)."""

    m: int = 3
    vectors: int = 4

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return sets of vectors, some of them symmetric about 0, some with a single entry that is not 0."""
        entries = rng.integers(-4, 5, (size, self.vectors, self.m))
        sparse = rng.random(size) < 0.3
        entries[sparse, :, 1:] = 0
        half = self.vectors // 2
        mirrored = rng.random(size) < 0.4
        entries[mirrored, half : 2 * half] = -entries[mirrored, :half]
        return {"entries": entries, "k": rng.integers(1, 60, size)}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the Rademacher average, its log-sum-exp bound and what Massart's lemma is made of."""
        size = len(instances["entries"])
        entries = numbers(instances["entries"], exact=exact)
        sums = entries @ numbers(signs(self.m).T, exact=exact)
        base = 1 + 1 / numbers(instances["k"], exact=exact)
        return {
            "Rad_A": maximum(sums, axis=1).sum(axis=1) / (2**self.m * self.m),
            **cumulants(base, self.m, {"cgf_A": sums / self.m}, uniform(2**self.m, exact=exact), exact=exact),
            **constants(size, exact=exact, card_A=self.vectors, m=self.m, n=2 * self.m),
            "rho_A": root(maximum((entries * entries).sum(axis=2), axis=1), exact=exact),
        }


@dataclass(frozen=True)
class Matrix(Enumerable):
    """A = Q diag(a) Q^T in the plane or in space with a rational rotation Q and whole eigenvalues, and one pair."""

    size: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return eigenvalues, the whole numbers of a rotation (as a quaternion) and a difference of two points."""
        turn = rng.integers(-3, 4, (size, 4))
        turn[:, 0] += 4
        values = rng.integers(0, 4, (size, 3))
        equal = rng.random(size) < 0.2
        values[equal] = values[equal][:, :1]
        return {
            "eigenvalues": values,
            "turn": turn,
            "u": rng.integers(-3, 4, (size, 3)),
            "room": rng.integers(0, 2, (size, 2)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the distance computed from the entries of A, and in the eigenbasis."""
        a, b, c, d = numbers(instances["turn"].T, exact=exact)
        square = a * a + b * b + c * c + d * d
        rows = [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d],
        ]
        basis = np.stack([np.stack([entry / square for entry in row], axis=-1) for row in rows], axis=-2)
        values = numbers(instances["eigenvalues"], exact=exact)
        u = numbers(instances["u"], exact=exact)[:, :, None]
        matrix = (basis * values[:, None, :]) @ np.swapaxes(basis, 1, 2)
        along = (np.swapaxes(basis, 1, 2) @ u)[:, :, 0]
        length = (u[:, :, 0] * u[:, :, 0]).sum(axis=1)
        room = numbers(instances["room"], exact=exact)
        radius = length + room[:, 0]
        radius = np.where(radius == 0, radius + 1, radius)
        return {
            "distance": (np.swapaxes(u, 1, 2) @ matrix @ u)[:, 0, 0],
            "eigen_sum": (values * along * along).sum(axis=1),
            "lam_max": maximum(values, axis=1) + room[:, 1],
            "u_square": length,
            "B": root(radius, exact=exact),
        }
