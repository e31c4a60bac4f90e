"""The cross-covariance of two modalities: singular vectors of a perturbed matrix, and samples with wrong partners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, uniform
from boundcalc.checker.experiments.worlds.matrices import floats, square_root
from boundcalc.checker.experiments.worlds.numbers import numbers

__all__ = ["MismatchedPairs", "PerturbedMatrix"]

_REPLICATES = 2000


@dataclass(frozen=True)
class PerturbedMatrix(Enumerable):
    """(1 - p) S with S of rank one in the plane, along the first axes, and a perturbation of it."""

    cost: ClassVar[int] = 4

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return the singular value, the share of wrong pairs in eighths, and the perturbation."""
        noise = rng.integers(-6, 7, (size, 2, 2))
        noise[(noise == 0).all(axis=(1, 2)), 1, 0] = 1
        return {"s_r": rng.integers(1, 30, size), "wrong": rng.integers(0, 8, size), "noise": noise}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the sine of the angle between the first left singular vectors, and the perturbation's operator norm."""
        signal, wrong = numbers(instances["s_r"], exact=exact), numbers(instances["wrong"], exact=exact) / 8
        noise = numbers(instances["noise"], exact=exact)
        matrix = noise + ((1 - wrong) * signal)[:, None, None] * numbers(np.diag([1, 0]), exact=exact)
        square = matrix @ np.swapaxes(matrix, 1, 2)
        gap, off = square[:, 0, 0] - square[:, 1, 1], 2 * square[:, 0, 1]
        whole = square_root(gap * gap + off * off, exact=exact)
        cosine = np.where(whole == 0, 0 * whole, floats(gap, exact=exact) / np.where(whole == 0, whole + 1, whole))
        trace = (noise * noise).sum(axis=(1, 2))
        det = noise[:, 0, 0] * noise[:, 1, 1] - noise[:, 0, 1] * noise[:, 1, 0]
        root = square_root(trace * trace - 4 * det * det, exact=exact)
        sine = (1 - cosine) / 2
        return {
            "sin_theta": square_root(np.where(sine < 0, 0 * sine, sine), exact=exact),
            "E_op": square_root((floats(trace, exact=exact) + root) / 2, exact=exact),
            "s_hat": square_root((floats(square[:, 0, 0] + square[:, 1, 1], exact=exact) + whole) / 2, exact=exact),
            "s_r": signal,
            "p_mis": wrong,
            **constants(len(signal), exact=exact, r=1),
        }


@dataclass(frozen=True)
class MismatchedPairs(SampleSpace):
    """n pairs x = sigma (c_i, +-e), xt = sigma c'_i with random signs; the first n p_mis of them have independent partners."""

    n: int = 40

    exhaustive: ClassVar[bool] = False

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return two letters of both modalities in the plane, the first one's noise, and the number of wrong pairs."""
        return [
            {
                "core": np.stack([np.diag(rng.integers(1, 6, 2)) for _ in range(2)]),
                "noise": np.asarray(rng.integers(1, 6)),
                "wrong": np.asarray(int(rng.integers(0, self.n // 2)) * (number % 3 > 0)),
            }
            for number in range(min(size, 8))
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the sampling error of the cross-covariance and the angle of its singular vectors, on random samples."""
        rng = np.random.default_rng(0) if rng is None else rng
        core, noise = np.asarray(instance["core"], dtype=float), float(instance["noise"])
        rows = [[*core[0, letter], sign * noise] for letter in (0, 1) for sign in (1, -1)]
        a, b = np.array(rows), core[1].repeat(2, axis=0)
        other = np.arange(self.n) < int(instance["wrong"])
        letters, signs = rng.integers(0, 4, (2, _REPLICATES, self.n)), rng.choice([-1, 1], (2, _REPLICATES, self.n))
        partner, turned = (np.where(other, one[1], one[0]) for one in (letters, signs))
        mean = np.einsum("rni,rnj->rij", a[letters[0]] * signs[0][..., None], b[partner] * turned[..., None]) / self.n
        true, share = a.T @ b / 4, float(other.mean())
        left, values, _ = np.linalg.svd(true)
        found, seen, _ = np.linalg.svd(mean)
        outside = left[:, 2:].T @ found[:, :, :2]
        radii = [float((one**2).sum(axis=1).max()) for one in (a, b)]
        spread = [np.linalg.norm(one.T @ one / 4, 2) for one in (a, b)]
        atoms = {
            "E_op": np.linalg.norm(mean - (1 - share) * true, 2, axis=(1, 2)),
            "sin_theta": np.sqrt((outside**2).sum(axis=(1, 2))),
            "s_hat": seen[:, 1],
            "s_r": values[1],
            "p_mis": share,
            "B_a": np.sqrt(radii[0]),
            "B_b": np.sqrt(radii[1]),
            "v": max(radii[1] * spread[0], radii[0] * spread[1]),
            **constants(exact=False, r=2, d_a=3, d_b=2, n=self.n),
        }
        return {name: np.asarray(value) for name, value in atoms.items()}, uniform(_REPLICATES, exact=False)
