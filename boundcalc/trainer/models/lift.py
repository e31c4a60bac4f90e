"""Columns that are no linear functions of a row, after which a linear model of the classes bends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.records import check_entries, rebuild

__all__ = ["Lift"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lift(Frozen):
    """Columns beside those of a row x: bent ones, arsinh(3 x), which heavy tails do not move far, and a bump at each landmark.

    Attributes
    ----------
    scale : ndarray of shape (d,)
        What the columns are multiplied by first; 0 for those that are left out.
    landmarks : ndarray of shape (m, d)
        Centres of the bumps exp(-|x - l|^2 / reach), on scaled columns.
    reach : float
    """

    scale: Array
    landmarks: Array
    reach: float

    @property
    def width(self) -> int:
        """How many columns there are in all, those of the row included."""
        return 2 * self.scale.size + len(self.landmarks)

    def __call__(self, x: Array, there: NDArray[np.bool_] | None = None) -> Array:
        """Return rows of shape (n, d) and their further columns, shape (n, 2 d + m).

        Of columns that are not ``there``, shape (n, d), x is 0; distances to landmarks are those over the others, scaled up.
        """
        scaled = x * self.scale
        sizes, up = np.square(self.landmarks).sum(axis=1), 1.0
        if there is not None:
            used = there & (self.scale > 0)
            sizes = used @ np.square(self.landmarks).T
            up = (np.count_nonzero(self.scale) / np.maximum(used.sum(axis=1), 1))[:, None]
        gaps = np.square(scaled).sum(axis=1)[:, None] + sizes
        gaps -= 2.0 * scaled @ self.landmarks.T
        bumps = np.exp(np.minimum(-up * gaps / self.reach, 0.0))
        return np.concatenate([x, np.arcsinh(3.0 * scaled), bumps], axis=1)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Lift:
        """Read what a model keeps of it.

        Parameters
        ----------
        record : mapping of str to value

        Raises
        ------
        InvalidInputError
            If the record contradicts itself.
        """
        check_entries(record, cls.__dataclass_fields__)
        scale, reach = np.array(record["scale"], dtype=float), rebuild(float, record["reach"])
        landmarks = np.array(record["landmarks"] or np.empty((0, scale.size)), dtype=float)
        fits = scale.ndim == 1 and landmarks.ndim == 2 and landmarks.shape[1] == scale.size and reach > 0
        if not fits or not all(np.isfinite(one).all() for one in (scale, landmarks, reach)):
            raise InvalidInputError(f"lift of {scale.size} columns, landmarks {landmarks.shape}: its parts do not fit")
        return cls(scale, landmarks, reach)
