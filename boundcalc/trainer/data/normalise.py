"""Preprocessing whose pair radius is known before the data are seen.

Centre and scale are fitted on the calibration part, which is used for nothing else; each row of each modality is then
scaled to unit norm or projected onto the unit ball. Conditionally on the calibration part the whole map is fixed in
advance, and two rows of one modality are at most 2 apart (sqrt(2) if all features are nonnegative).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen

__all__ = ["Normaliser", "project_rows", "unit_rows"]

Kind = Literal["auto", "unit", "ball", "none"]
_PIECE = 1 << 20  # numbers
KINDS: tuple[str, ...] = ("auto", "unit", "ball", "none")


def _row_norms(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean norms, shape (n, 1), without overflow or underflow at any scale."""
    largest = np.abs(block).max(axis=1, keepdims=True)
    safe = np.where(largest > 0, largest, 1.0)
    # A subnormal divisor would overflow the quotient of nothing: quotients are at most 1 by construction.
    return safe * np.sqrt(np.square(block / safe).sum(axis=1, keepdims=True)) * (largest > 0)


def _shrink(d: int) -> float:
    # Rounding must not push a row out of the ball: the norm is computed to within (d/2 + 3) ulp.
    return 1.0 - (d + 8) * np.finfo(float).eps


def unit_rows(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale each row to unit norm (never above 1, rounding included); zero rows stay zero.

    Parameters
    ----------
    block : ndarray of shape (n, d)
    """
    largest = np.abs(block).max(axis=1, keepdims=True)
    scaled = block / np.where(largest > 0, largest, 1.0)
    norms = np.sqrt(np.square(scaled).sum(axis=1, keepdims=True))
    return scaled / np.where(norms > 0, norms, 1.0) * _shrink(block.shape[1])


def project_rows(block: NDArray[np.float64], *, radius: float = 1.0) -> NDArray[np.float64]:
    """Divide by ``radius``, then project each row onto the unit ball (norm never above 1, rounding included)."""
    scaled = block / radius
    outside = _row_norms(scaled) > 1.0 - (block.shape[1] + 8) * np.finfo(float).eps
    return np.where(outside, unit_rows(scaled), scaled)


@dataclass(frozen=True)
class Normaliser(Frozen):
    """A map of raw modalities to rows in the unit ball, fixed once it has been fitted.

    Attributes
    ----------
    kinds : mapping of str to {"unit", "ball", "none"}
    centre, scale : mapping of str to ndarray of shape (d_k,)
    nonnegative : bool
        Declared in advance; then nothing is centred and the radius is sqrt(2) instead of 2.
    """

    kinds: Mapping[str, str]
    centre: Mapping[str, NDArray[np.float64]]
    scale: Mapping[str, NDArray[np.float64]]
    nonnegative: bool = False

    @classmethod
    def fit(
        cls,
        arrays: Mapping[str, NDArray[np.float64]],
        present: Mapping[str, NDArray[np.bool_]],
        *,
        kind: str = "auto",
        standardise: bool = True,
        nonnegative: bool = False,
    ) -> Normaliser:
        """Fit centre and scale on the rows given (the calibration part), then fix the map.

        Parameters
        ----------
        arrays : mapping of str to ndarray of shape (c, d_k)
            May have no rows; then nothing is centred or scaled.
        present : mapping of str to ndarray of bool, shape (c,)
        kind : {"auto", "unit", "ball", "none"}
            ``auto`` projects modalities of one feature onto the ball and scales the others to unit norm: a
            unit row of one feature would keep its sign only.
        """
        kinds: dict[str, str] = {}
        centre: dict[str, NDArray[np.float64]] = {}
        scale: dict[str, NDArray[np.float64]] = {}
        for name, block in arrays.items():
            d = block.shape[1]
            kinds[name] = ("ball" if d == 1 else "unit") if kind == "auto" else kind
            rows = block[present[name]]
            if standardise and rows.shape[0] >= 2:
                centre[name], scale[name] = _location_scale(rows, centred=not nonnegative)
            else:
                centre[name], scale[name] = np.zeros(d), np.ones(d)
        return cls(kinds, centre, scale, nonnegative)

    def squared_radius(self, name: str) -> float:
        """Squared pair radius of one modality, known in advance (inf without normalisation)."""
        if self.kinds[name] == "none":
            return float("inf")
        return 2.0 if self.nonnegative else 4.0

    def apply(self, name: str, block: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Map rows of one modality, shape (n, d_k); rows of a missing modality come out as zeros."""
        with np.errstate(over="ignore"):
            # Dividing each term first keeps differences of huge numbers finite.
            moved = block / self.scale[name] - self.centre[name] / self.scale[name]
        moved = np.clip(moved, -1e300, 1e300)
        if self.kinds[name] == "unit":
            moved = unit_rows(moved)
        elif self.kinds[name] == "ball":
            moved = project_rows(moved, radius=float(np.sqrt(block.shape[1])))
        return np.where(present[:, None], moved, 0.0)


def _location_scale(rows: NDArray[np.float64], *, centred: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation per column at any scale, some columns at a time; constant columns get a harmless scale."""
    step = max(2, _PIECE // rows.shape[0])
    parts = [_of_columns(rows[:, k : k + step].astype(np.float64), centred) for k in range(0, rows.shape[1], step)]
    return np.concatenate([centre for centre, _ in parts]), np.concatenate([scale for _, scale in parts])


def _of_columns(rows: NDArray[np.float64], centred: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    largest = np.abs(rows).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)
    relative = rows / unit
    mean = relative.mean(axis=0) if centred else np.zeros(rows.shape[1])
    deviation = np.sqrt(np.square(relative - mean).mean(axis=0))
    # A column that is constant on the calibration part is centred and left at its own magnitude; so is one of numbers so
    # small that their deviation is none.
    varies = (deviation > 1e-13) & (deviation * unit > 0)
    return mean * unit, np.where(varies, deviation, 1.0) * unit
