r"""Rademacher complexity of a metric class on given pairs, and certified upper values of its expectation.

For weights in [lam_min, lam_max] the empirical complexity is exactly (Lam/(2m)) sum_k E|sum_i sigma_i v_ik|, for
symmetric matrices with eigenvalues there (Lam/(2m)) E||sum_i sigma_i u_i u_i^T||_* (Zhou, Zhang, Liu 2026,
Theorem 3.18, in its exact form); the threshold adds ((t_max - t_min)/(2m)) E|sum_i sigma_i|.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.language.ledger import check_delta
from boundcalc.trainer.complexity.khinchin import mean_absolute_sign_sum, mean_absolute_sum
from boundcalc.trainer.risk.losses import round_up
from boundcalc.trainer.risk.structures import FullMatrix, GroupedWeights, Structure

__all__ = ["Complexity", "UpperValue", "class_values", "measure_complexity", "monte_carlo", "threshold_share"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class UpperValue:
    """One value of a complexity: how it was obtained, whether it is certified, and the delta it used."""

    name: str
    bounds: str
    value: float
    certified: bool
    delta: float
    why: str


@dataclass(frozen=True)
class Complexity:
    """Empirical complexity of one class on m pairs, from every side.

    Attributes
    ----------
    m : int
        Number of independent pairs.
    metric : float
        High-accuracy value without the threshold's share (Monte-Carlo mean for a full matrix and m > 12).
    metric_lower, metric_upper : float
        Certified interval of it; uses no delta.
    share : float
        Exact share of the threshold.
    khinchin : float
        Upper end of the sandwich, (Lam/(2m)) sum_k sqrt(sum_i v_ik^2) or its trace form; with the factor 1/sqrt(2)
        the lower end (weights only).
    half : float
        (Lam/2) B^2, which the metric part of no pair exceeds.
    effective, vertices : float
        min(g, m) or the like, with worst case half sqrt(effective/m); log of the number of vertices of the box.
    draws : int
        S, Monte-Carlo draws of the signs.
    monte_carlo, monte_carlo_range, monte_carlo_allowance : float
        The average over the draws (metric part; None without draws), the range W of one, and what rounding may add.
    delta : float
        Failure probability at which ``monte_carlo_upper``, ``data`` and ``self_bounding`` are read, each.
    method : str
        How the value was obtained.
    """

    m: int
    metric: float
    metric_lower: float
    metric_upper: float
    share: float
    khinchin: float
    half: float
    effective: float
    vertices: float
    draws: int
    monte_carlo: float | None
    monte_carlo_range: float
    monte_carlo_allowance: float
    delta: float
    method: str

    def at(self, delta: float) -> Complexity:
        """Return the same measurement read at another failure probability.

        Parameters
        ----------
        delta : float
            In (0, 1).

        Raises
        ------
        InvalidInputError
            If it is not.
        """
        return replace(self, delta=check_delta(delta))

    @property
    def worst_case(self) -> float:
        """Upper value of the expected complexity for every data set, threshold's share included."""
        return round_up(_finite(self.half * min(1.0, math.sqrt(self.effective / self.m))) + self.share)

    @property
    def massart(self) -> float:
        """The same by Massart's lemma; inf for a full matrix, whose box has infinitely many vertices."""
        spread = self.half * math.sqrt(2 * self.vertices / self.m) if self.half > 0 else 0.0
        return round_up(spread + self.share)

    @property
    def monte_carlo_upper(self) -> float:
        """Average over the draws plus confidence term plus rounding (metric part): certified; inf without draws."""
        if self.monte_carlo is None:
            return math.inf
        term = self.monte_carlo_range * math.sqrt(math.log(1 / self.delta) / (2 * self.draws))
        return self.monte_carlo + self.monte_carlo_allowance + term

    @property
    def data(self) -> float:
        """Upper value of the expected complexity by bounded differences, threshold's share included."""
        deviation = _finite(self.half * math.sqrt(math.log(1 / self.delta) / (2 * self.m)))
        return round_up(self.metric_upper + self.share + deviation)

    @property
    def self_bounding(self) -> float:
        """Upper value of the expected complexity, threshold's share included (Boucheron, Lugosi, Massart 2003).

        The deviation of a self-bounding function with 0 <= Z - Z_i <= half/m.
        """
        half, x = self.half, math.log(1 / self.delta)
        if half == 0.0 or not math.isfinite(half):
            deviation = 0.0 if half == 0.0 else math.inf
        else:
            deviation = half / self.m * (x + math.sqrt(x * x + 2 * x * self.m * self.metric_upper / half))
        return round_up(self.metric_upper + self.share + deviation)

    @property
    def empirical(self) -> float:
        """Empirical complexity with the threshold's share, high accuracy."""
        return self.metric + self.share

    @property
    def empirical_upper(self) -> float:
        """Certified upper value of the empirical complexity; uses no delta."""
        return round_up(self.metric_upper + self.share)

    @property
    def upper(self) -> float:
        """Certified upper value of the expected complexity at ``delta``: self-bounding, or the worst case if smaller.

        The choice is fixed in advance: only one of the two is random, so no union is paid.
        """
        return min(self.self_bounding, self.worst_case)

    def table(self) -> tuple[UpperValue, ...]:
        """Return all values, certified ones first and the tightest first among them."""
        rows = [
            UpperValue("interval", "Rhat", self.empirical_upper, True, 0.0, f"{self.method}, rounded outward"),
            UpperValue(
                "khinchin", "Rhat", round_up(self.khinchin + self.share), True, 0.0, "Khinchin (second moments)"
            ),
            UpperValue("self_bounding", "R_M", self.self_bounding, True, self.delta, "self-bounding concentration"),
            UpperValue("data", "R_M", self.data, True, self.delta, "bounded differences"),
            UpperValue("worst_case", "R_M", self.worst_case, True, 0.0, "Khinchin at the worst data"),
            UpperValue("massart", "R_M", self.massart, True, 0.0, "Massart over the vertices of the box"),
        ]
        if self.monte_carlo is not None:
            why = f"{self.draws} draws plus confidence term"
            upper = self.monte_carlo_upper + self.share
            rows.append(UpperValue("monte_carlo_upper", "Rhat", upper, True, self.delta, why))
            rows.append(
                UpperValue(
                    "monte_carlo", "Rhat", self.monte_carlo + self.share, False, 0.0, f"mean of {self.draws} draws"
                )
            )
        rows.append(UpperValue("value", "Rhat", self.empirical, False, 0.0, f"{self.method}, high accuracy"))
        # The spectral box has infinitely many vertices: Massart's lemma says nothing there.
        rows = [row for row in rows if row.name != "massart" or row.value < math.inf]
        return tuple(sorted(rows, key=lambda row: (not row.certified, row.value)))


def threshold_share(m: int, threshold_range: tuple[float, float]) -> float:
    """Return ((t_max - t_min)/(2m)) E|sum sigma_i|, the exact share of the threshold.

    Examples
    --------
    >>> threshold_share(4, (0.0, 2.0))
    0.375
    """
    return (threshold_range[1] - threshold_range[0]) / (2 * m) * mean_absolute_sign_sum(m)


def class_values(
    m: int, structure: Structure, *, eig_range: tuple[float, float], threshold_range: tuple[float, float], radius: float
) -> dict[str, float]:
    """Return what of a :class:`Complexity` depends on the class and on m alone."""
    weights = isinstance(structure, GroupedWeights)
    return {
        "share": round_up(threshold_share(m, threshold_range), ulps=1),
        "half": 0.5 * (eig_range[1] - eig_range[0]) * radius**2,
        "effective": float(structure.granularity if weights else min(structure.d, m)),
        "vertices": structure.granularity * math.log(2.0) if weights else math.inf,
    }


def measure_complexity(
    differences: Array,
    structure: Structure,
    *,
    eig_range: tuple[float, float],
    threshold_range: tuple[float, float],
    radius: float,
    delta: float = 0.05,
    draws: int = 0,
    rng: np.random.Generator | None = None,
) -> Complexity:
    """Measure the empirical Rademacher complexity on m independent pairs.

    Parameters
    ----------
    differences : ndarray of shape (m, d)
        u_i = x_i - x'_i, zeros where a modality is missing.
    structure : Structure
    eig_range, threshold_range : tuple of float
    radius : float
        B, known in advance: no admissible pair is further apart.
    delta : float
        Failure probability at which each random upper value is read; the measurement does not depend on it.
    draws : int
        Monte-Carlo draws (0: none; a full matrix on more than 12 pairs takes at least 100).
    rng : numpy.random.Generator, optional
        Needed for draws.

    Returns
    -------
    Complexity
    """
    m = differences.shape[0]
    if m < 1:
        raise InvalidInputError(f"m={m} pairs: expected at least one")
    check_delta(delta)
    span = eig_range[1] - eig_range[0]
    scale = span / (2 * m)
    squares = np.square(differences).sum(axis=1)
    largest = scale * float(squares.sum()) * (1 + (m + structure.d) * 2e-16)
    if isinstance(structure, GroupedWeights):
        parts = structure.squared_parts(differences)
        means = mean_absolute_sum(parts)
        value, low, high = (scale * float(x.sum()) for x in (means.value, means.lower, means.upper))
        khinchin = scale * float(_root_sums(parts).sum())
        method = "/".join(sorted(set(means.method)))
    elif isinstance(structure, FullMatrix):
        khinchin = scale * _nuclear(differences * np.sqrt(squares)[:, None])
        low, high = scale * math.sqrt(0.5 * float(np.square(squares).sum())) * (1 - 1e-12), khinchin
        if m <= 12:
            value = scale * _enumerate_nuclear(differences)
            low, high, method = value * (1 - 1e-11), value * (1 + 1e-11), "enumeration"
        else:
            draws, method = max(draws, 100), "trace bound"
            value = math.nan
    else:
        raise InvalidInputError(f"structure={structure!r}: expected grouped weights or a full matrix")
    rounding = 1 + (m + structure.d + 16) * np.finfo(float).eps
    high = float(min(high, khinchin, largest) * rounding)
    mean, allowance = math.nan, 0.0
    if draws:
        if rng is None:
            raise InvalidInputError("rng=None: expected a numpy.random.Generator for Monte-Carlo draws")
        mean, allowance = monte_carlo(differences, structure, draws=draws, rng=rng)
        mean, allowance = scale * mean, scale * allowance
        value = mean if math.isnan(value) else value
    return Complexity(
        m=m,
        metric=float(min(max(value, low), high)),
        metric_lower=float(low / rounding),
        metric_upper=high,
        khinchin=float(khinchin * rounding),
        **class_values(m, structure, eig_range=eig_range, threshold_range=threshold_range, radius=radius),
        draws=draws,
        monte_carlo=mean if draws else None,
        monte_carlo_range=largest,
        monte_carlo_allowance=allowance,
        delta=delta,
        method=method,
    )


def _finite(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _root_sums(parts: Array) -> Array:
    """sqrt(sum_i v_ik^2) per column, at any scale."""
    largest = parts.max(axis=0)
    safe = np.where(largest > 0, largest, 1.0)
    return largest * np.sqrt(np.square(parts / safe).sum(axis=0))


def _nuclear(matrix: Array) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False).sum())


def _enumerate_nuclear(differences: Array) -> float:
    m = differences.shape[0]
    total = 0.0
    # sigma and -sigma give the same norm: the last sign is fixed.
    for pattern in range(2 ** (m - 1)):
        signs = np.where((pattern >> np.arange(m)) & 1, 1.0, -1.0)
        total += float(np.abs(np.linalg.eigvalsh((differences.T * signs) @ differences)).sum())
    return total / 2 ** (m - 1)


def monte_carlo(
    differences: Array, structure: Structure, *, draws: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the mean over draws of sum_k |sum_i sigma_i v_ik| (or the nuclear norm), and its rounding allowance.

    Products of signs with the values are taken in single precision in blocks; the allowance covers that.

    Parameters
    ----------
    differences : ndarray of shape (m, d)
    draws : int
    rng : numpy.random.Generator
    """
    m = differences.shape[0]
    if isinstance(structure, GroupedWeights):
        parts = structure.squared_parts(differences)
        largest = float(parts.max(initial=0.0))
        if largest == 0.0:
            return 0.0, 0.0
        single = (parts / largest).astype(np.float32)
        rows, total = 4096, 0.0
        for start in range(0, draws, 256):
            count = min(256, draws - start)
            sums = np.zeros((count, parts.shape[1]))
            for i in range(0, m, rows):
                block = single[i : i + rows]
                bits = rng.integers(0, 2, size=(count, block.shape[0]), dtype=np.int8)
                sums += (bits.astype(np.float32) * 2 - 1) @ block
            total += float(np.abs(sums).sum())
        allowance = (min(m, rows) + 4) * 2.0**-23 * float((parts / largest).sum())
        return total / draws * largest, allowance * largest
    total = 0.0
    for _ in range(draws):
        signs = rng.integers(0, 2, size=m) * 2.0 - 1.0
        total += float(np.abs(np.linalg.eigvalsh((differences.T * signs) @ differences)).sum())
    return total / draws, 1e-12 * float(np.square(differences).sum())
