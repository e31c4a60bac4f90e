"""Text and single missing values become numbers by a map that the calibration part alone has fixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen

__all__ = ["Encoding"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Encoding(Frozen):
    """How the columns of one modality are read.

    Attributes
    ----------
    filled : ndarray of shape (d,)
        What takes the place of a missing number: the mean of the calibration rows that have one, 0 where none has.
    values : mapping of int to tuple of float
        For each column of text the numbers of the texts that the calibration part has; each becomes a column of zeros and
        ones, and all are 0 for any other text and for none.
    """

    filled: Array
    values: Mapping[int, tuple[float, ...]]

    @classmethod
    def fit(cls, rows: Array, text: Mapping[int, tuple[str, ...]]) -> Encoding:
        """Fit on rows of the calibration part that have the modality, shape (c, d)."""
        known = ~np.isnan(rows)
        filled = (np.where(known, rows, 0.0) / np.maximum(known.sum(axis=0), 1)).sum(
            axis=0
        )  # a sum of values may overflow
        return cls(filled, {k: tuple(np.unique(rows[known[:, k], k]).tolist()) or (0.0,) for k in text})

    def apply(self, block: Array) -> Array:
        """Return numbers only, shape (n, columns)."""
        numbers = np.where(np.isnan(block), self.filled, block)
        if not self.values:
            return numbers
        columns = range(block.shape[1])
        return np.column_stack([
            (block[:, [k]] == np.asarray(self.values[k])).astype(float) if k in self.values else numbers[:, k] for k in columns
        ])  # fmt: skip
