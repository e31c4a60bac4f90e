"""Uniformly random splits and independent pairs, both drawn without looking at the data.

Stratified splits would make the parts dependent, so the splits are uniform. The pairing of the training examples into
disjoint pairs is one random permutation: with i.i.d. examples the pairs are then i.i.d. as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems

__all__ = ["Split", "draw_pairs", "draw_split"]


@dataclass(frozen=True)
class Split(Frozen):
    """Row numbers of the three parts: ``calibration``, ``holdout`` and ``train``."""

    calibration: NDArray[np.intp]
    holdout: NDArray[np.intp]
    train: NDArray[np.intp]


def draw_split(
    n: int, *, rng: np.random.Generator, calibration: float = 0.2, holdout: float = 0.2, min_train: int = 4
) -> Split:
    """Split n rows uniformly at random into calibration, hold-out and training parts.

    Parameters
    ----------
    n : int
        Number of rows.
    rng : numpy.random.Generator
        Source of the one permutation that is drawn.
    calibration, holdout : float
        Shares in [0, 1). A positive share gets at least two rows; 0 leaves the part empty.
    min_train : int
        Fewest training rows.

    Raises
    ------
    InvalidInputError
        If the shares leave fewer than ``min_train`` rows for training.
    """
    problems = Problems("split")
    problems.number("calibration", calibration, low=0, high=1, open_high=True)
    problems.number("holdout", holdout, low=0, high=1, open_high=True)
    problems.raise_if_any()
    first = max(2, round(calibration * n)) if calibration > 0 else 0
    second = max(2, round(holdout * n)) if holdout > 0 else 0
    problems.require(
        n - first - second >= min_train,
        f"n={n} rows with calibration={calibration:g} and holdout={holdout:g} leave {n - first - second} for training: "
        f"expected at least {min_train}",
    )
    problems.raise_if_any()
    order = rng.permutation(n)
    return Split(order[:first], order[first : first + second], order[first + second :])


def draw_pairs(n: int, *, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return floor(n/2) disjoint pairs of row numbers, shape (m, 2), by one random permutation."""
    m = n // 2
    order = rng.permutation(n)[: 2 * m]
    return order.reshape(2, m).T.copy()
