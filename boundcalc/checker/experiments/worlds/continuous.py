"""Learning a metric on continuous populations whose risks are known: uniform on a sphere, and Gaussian.

A class is a grid of weights and thresholds that contains the corners of its box, so its Rademacher average is that of
the whole box: a linear form is largest at a corner. The loss is the ramp at margin rho, scaled or not.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, product
from math import comb, erf, exp, factorial, pi, sqrt
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Instance, Replicated
from boundcalc.checker.experiments.worlds.averages import ramp, walk
from boundcalc.checker.experiments.worlds.numbers import signs

__all__ = ["ContinuousMetric", "GaussianMetric", "SphereMetric", "SpherePairs"]

_REPLICATES = 4000


@dataclass(frozen=True)
class ContinuousMetric(Replicated):
    """n examples; scores t - sum_k a_k v_k on pairs, v_k squared distances; deviations of r from rhat over all pairs.

    Expected suprema over m independent pairs (``Edev_m``, ``Rad_loss``) are means over replicates; risks and ``R_M``
    are exact.
    """

    n: int = 16
    most: ClassVar[int] = 2

    @property
    def m(self) -> int:
        """The number of independent pairs."""
        return self.n // 2

    @abstractmethod
    def examples(self, instance: Instance, shape: tuple[int, ...], rng: np.random.Generator) -> tuple:
        """Return points, shape (*shape, d), and labels +1 or -1."""

    @abstractmethod
    def squares(self, points: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return v_k for pairs of points, shape (..., number of weights)."""

    @abstractmethod
    def expected(self, instance: Instance, weights: tuple[int, ...], t: float, rho: float) -> tuple[float, float]:
        """Return the population ramp risk and error of one function."""

    @abstractmethod
    def spread(self, instance: Instance, m: int) -> float:
        """Return sum_k E|sum_i sigma_i v_ik| over m independent pairs."""

    def functions(self, instance: Instance) -> list[tuple[tuple[int, ...], int]]:
        """Return weights and threshold of each function of the class, in quarters."""
        grid = list(product((0, 2, 4), repeat=self.weights))
        return [(weights, int(t)) for weights in grid for t in instance["t"]]

    #: The number of weights.
    weights: ClassVar[int] = 1

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population with thresholds, margin and scale of the loss; the first speaks of the worst f, then of the ERM."""
        low = rng.integers(1, 4)
        return {"t": [low, low + rng.integers(1, 9)], "rho": rng.integers(1, 3), "spoken": 1 - number}

    def simulate(self, instance: Instance, rng: np.random.Generator) -> Atoms:
        """Return risks, errors, deviations and complexities on each replicate."""
        rho = float(instance["rho"])
        members = self.functions(instance)
        known = np.array([self.expected(instance, weights, t / 4, rho) for weights, t in members])
        risk, error = known[:, 0], known[:, 1]
        points, labels = self.examples(instance, (_REPLICATES, self.n), rng)
        left, right = np.triu_indices(self.n, 1)
        values = self.squares(points[:, left], points[:, right])
        similar = labels[:, left] * labels[:, right]
        empirical = np.stack([_ramp(values, similar, f, rho).mean(axis=1) for f in members])
        deviation = risk[:, None] - empirical
        worst = np.argmax(deviation if int(instance["spoken"]) else -empirical, axis=0)
        columns = np.arange(_REPLICATES)
        own = self._pairs(instance, members, risk, rho, rng)
        levels = instance["t"] / 4
        centre = (float(levels[1]) - float(levels[0])) / (2 * self.m) * float(walk(self.m))
        return own | {
            "r_M": risk[worst],
            "rhat_M": empirical[worst, columns],
            "rhat_ramp": empirical[worst, columns],
            "err_M": error[worst],
            "dev_minus": deviation.max(axis=0),
            "dev_f": deviation[len(members) // 2],
            "rhat_0": empirical[len(members) // 2],
            "Phi_n": deviation.max(axis=0),
            "EPhi_n": deviation.max(axis=0).mean(),
            "Edev_n": deviation.max(axis=0).mean(),
            "R_M": self.spread(instance, self.m) / (2 * self.m) + centre,
            "rho": rho,
            "L": 1 / rho,
            "C": 1,
            "c": 1,
            "n": self.n,
            "m": self.m,
        }

    def _pairs(self, instance, members, risk, rho: float, rng: np.random.Generator) -> Atoms:
        """Return expected suprema over m independent pairs, as means over replicates."""
        points, labels = self.examples(instance, (_REPLICATES, 2 * self.m), rng)
        values = self.squares(points[:, : self.m], points[:, self.m :])
        similar = labels[:, : self.m] * labels[:, self.m :]
        sign = rng.choice([-1, 1], similar.shape)
        loss = np.stack([_ramp(values, similar, f, rho) for f in members])
        below = (risk[:, None] - loss.mean(axis=2)).max(axis=0).mean()
        return {"Edev_m": below, "EPhi_m": below, "Rad_loss": (loss * sign).mean(axis=2).max(axis=0).mean()}


def _ramp(values: np.ndarray, similar: np.ndarray, function: tuple[tuple[int, ...], int], rho: float) -> np.ndarray:
    weights, t = function
    score = t / 4 - values @ (np.asarray(weights) / 4)
    return ramp(similar * score, rho)


@dataclass(frozen=True)
class SphereMetric(ContinuousMetric):
    """Points uniform on the unit sphere in three dimensions, one weight; fair labels that say nothing of the points.

    The squared distance of two points is uniform on [0, 4] (Archimedes), so risks are rational numbers.
    """

    def examples(self, instance: Instance, shape: tuple[int, ...], rng: np.random.Generator) -> tuple:
        """Return unit vectors and labels."""
        points = rng.standard_normal((*shape, 3))
        return points / np.linalg.norm(points, axis=-1, keepdims=True), rng.choice([-1, 1], shape)

    def squares(self, points: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the squared distance."""
        return np.square(points - others).sum(axis=-1, keepdims=True)

    def expected(self, instance: Instance, weights: tuple[int, ...], t: float, rho: float) -> tuple[float, float]:
        """Return the integrals of the ramp and of the error over a uniform distance."""
        top = 4 * Fraction(weights[0], 4)
        level, width = Fraction(t), Fraction(rho)
        if top == 0:
            # The score is t > 0: right on similar pairs up to the margin, wrong on the others.
            return float((max(Fraction(0), 1 - level / width) + 1) / 2), 0.5

        def excess(q: Fraction) -> Fraction:
            """Return E (D - q)_+ for D uniform on [0, top]."""
            return top / 2 - q if q <= 0 else max(Fraction(0), top - q) ** 2 / (2 * top)

        similar = (excess(level - width) - excess(level)) / width
        different = 1 - (excess(level) - excess(level + width)) / width
        # Labels that say nothing are missed half of the time.
        return float((similar + different) / 2), 0.5

    def spread(self, instance: Instance, m: int) -> float:
        """Return the mean absolute value of a sum of m variables that are uniform on [-4, 4]."""
        return float(4 * uniform_walk(m))


@lru_cache(maxsize=64)
def uniform_walk(m: int) -> Fraction:
    """Return E|U_1 + ... + U_m| for independent U_i uniform on [-1, 1].

    >>> uniform_walk(1), uniform_walk(2)
    (Fraction(1, 2), Fraction(2, 3))
    """
    total = sum((-1) ** k * comb(m, k) * (m - 2 * k) ** (m + 1) for k in range((m + 1) // 2))
    return Fraction(2 * total, 2**m * factorial(m + 1))


@dataclass(frozen=True)
class SpherePairs(Replicated):
    """The complexity of m pairs of points of the sphere, given them, against its exact expectation (one weight)."""

    m: int = 8
    most: ClassVar[int] = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the width of the box of weights and the range of thresholds."""
        return {"Lam": rng.integers(1, 4), "t": [0, rng.integers(0, 3)]}

    def simulate(self, instance: Instance, rng: np.random.Generator) -> Atoms:
        """Return the empirical complexity over all signs for each replicate."""
        sphere = SphereMetric(2 * self.m)
        points, _ = sphere.examples({}, (_REPLICATES, 2 * self.m), rng)
        values = sphere.squares(points[:, : self.m], points[:, self.m :])[..., 0]
        spread, tau = float(instance["Lam"]), float(instance["t"][1] - instance["t"][0])
        metric = spread / (2 * self.m) * np.abs(values @ signs(self.m).T).mean(axis=1)
        mean = spread / (2 * self.m) * sphere.spread({}, self.m)
        share = tau / (2 * self.m) * float(walk(self.m))
        return {
            "Rhat_metric": metric,
            "Rhat": metric + share,
            "Rad_metric": mean,
            "R_M": mean + share,
            "Rad_threshold": share,
            "sign_sum": walk(self.m),
            "Lam": spread,
            "lam_min": 0,
            "lam_max": spread,
            "tau": tau,
            "B": 2,
            "m": self.m,
            "n": 2 * self.m,
        }


@dataclass(frozen=True)
class GaussianMetric(ContinuousMetric):
    """Two Gaussian classes with unit variance: the first coordinate's mean depends on the class, the second is noise.

    Two modalities of one coordinate each. Risks are integrals over the first coordinate of a closed form in the
    second, complexities integrals of a characteristic function; both to 1e-9. Distances have no bound: the ramp loss is
    bounded all the same.
    """

    weights: ClassVar[int] = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population with the distance of the class means, in quarters."""
        return {**super().instance(rng, number), "apart": rng.integers(0, 9)}

    def examples(self, instance: Instance, shape: tuple[int, ...], rng: np.random.Generator) -> tuple:
        """Return points in the plane and fair labels; the class means are ``apart``/4 from each other."""
        labels = rng.choice([-1, 1], shape)
        points = rng.standard_normal((*shape, 2))
        points[..., 0] += labels * float(instance["apart"]) / 8
        return points, labels

    def squares(self, points: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the squared difference of each coordinate."""
        return np.square(points - others)

    def expected(self, instance: Instance, weights: tuple[int, ...], t: float, rho: float) -> tuple[float, float]:
        """Return the risk and the error, half from similar pairs and half from others."""
        return _gaussian_risks(int(instance["apart"]), weights, t, rho)

    def spread(self, instance: Instance, m: int) -> float:
        """Return the sum over both coordinates."""
        return _folded(int(instance["apart"]), m) + _folded(0, m)


@lru_cache(maxsize=512)
def _gaussian_risks(apart: int, weights: tuple[int, ...], t: float, rho: float) -> tuple[float, float]:
    first, second = (weight / 4 for weight in weights)

    def excess(q: float) -> float:
        """Return E (second u^2 - q)_+ for u Gaussian with variance 2."""
        if q <= 0 or second == 0:
            return max(2 * second - q, 0.0)
        z = sqrt(q / second / 2)
        tail = 1 - erf(z / sqrt(2))
        return 2 * second * (2 * z * exp(-z * z / 2) / sqrt(2 * pi) + tail) - q * tail

    def above(q: float) -> float:
        """Return P(second u^2 >= q)."""
        if q <= 0:
            return 1.0
        return 0.0 if second == 0 else 1 - erf(sqrt(q / second) / 2)

    def ramp(c: float) -> float:
        return (excess(c - rho) - excess(c)) / rho

    kinks = [t - rho, t, t + rho]
    similar = _mean_over(lambda u: ramp(t - first * u * u), 0.0, first, kinks)
    other = _mean_over(lambda u: 1 - ramp(t + rho - first * u * u), apart / 4, first, kinks)
    missed = _mean_over(lambda u: above(t - first * u * u), 0.0, first, kinks)
    confused = _mean_over(lambda u: 1 - above(t - first * u * u), apart / 4, first, kinks)
    return (similar + other) / 2, (missed + confused) / 2


def _mean_over(function: Callable[[float], float], mean: float, weight: float, kinks: list[float]) -> float:
    """Return the expectation over a Gaussian with variance 2, split where the function has kinks."""
    from scipy.integrate import quad

    roots = [sqrt(level / weight) for level in kinks if weight > 0 and level > 0]
    ends = sorted({mean - 13.0, mean + 13.0, mean, *roots, *(-root for root in roots)})
    ends = [end for end in ends if mean - 13 <= end <= mean + 13]
    scale = 1 / sqrt(4 * pi)
    return float(
        sum(
            quad(lambda u: function(u) * scale * exp(-((u - mean) ** 2) / 4), low, high, epsabs=1e-11, epsrel=1e-11)[0]
            for low, high in pairwise(ends)
        )
    )


@lru_cache(maxsize=64)
def _folded(apart: int, m: int) -> float:
    """Return E|sum_i sigma_i u_i^2| for m independent pairs: (2/pi) times the integral of (1 - cf(s)) / s^2."""
    from scipy.integrate import quad

    shift = (apart / 4) ** 2

    def rest(s: float) -> float:
        if s < 1e-5:
            # E (sum)^2 / 2 = m E u^4 / 2, with u Gaussian of variance 2 and mean 0 or apart/4.
            return m * (12 + (12 + 12 * shift + shift**2)) / 4
        scale = 1 - 4j * s
        central = scale**-0.5
        value = 0.5 * (central + central * np.exp(1j * s * shift / scale))
        return float((1 - value.real**m) / s**2)

    near = sum(
        quad(rest, low, high, epsabs=1e-12, epsrel=1e-11, limit=400)[0]
        for low, high in ((0, 0.02), (0.02, 0.1), (0.1, 0.5), (0.5, 3), (3, 30))
    )
    far = quad(lambda x: rest(1 / x) / x**2, 0, 1 / 30, epsabs=1e-12, epsrel=1e-11, limit=400)[0]
    return 2 / pi * (near + far)
