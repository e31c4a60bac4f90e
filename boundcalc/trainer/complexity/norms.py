"""Norms of a trained metric, and what bounds of norm balls need to know of pairs and of the class.

A norm measured on the trained matrix is no radius that was fixed in advance: a bound over a ball of that radius needs a
grid of radii that was, with delta shared out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.complexity.bernstein import BoundedMean
from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.measure.estimates import Entry
from boundcalc.trainer.risk.losses import round_up

__all__ = ["NORMS", "Moment", "class_radii", "largest_norms", "matrix_norms", "pair_statistics"]

Array = NDArray[np.float64]

#: The norms that are measured; ``kernel`` is the Frobenius norm of the modalities' own blocks.
NORMS = ("frobenius", "l1", "trace", "l21", "group", "kernel")
_ULPS = 1 << 14  # sums of d^2 terms and eigenvalues are right to far better than this


def _blocks(widths: Sequence[int]) -> list[slice]:
    ends = np.cumsum([0, *widths])
    return [slice(a, b) for a, b in pairwise(ends.tolist())]


def matrix_norms(matrix: Array, widths: Sequence[int]) -> dict[str, float]:
    """Return the norms of a symmetric positive semidefinite matrix, rounded up.

    ``group`` and ``kernel`` are missing when the matrix has entries across modalities: it is in no such ball.

    Parameters
    ----------
    matrix : ndarray of shape (d, d)
    widths : sequence of int
        Columns of each modality.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in matrix_norms(np.diag([3.0, 4.0]), [1, 1]).items()}
    {'frobenius': 5.0, 'l1': 7.0, 'trace': 7.0, 'l21': 7.0, 'group': 7.0, 'kernel': 5.0}
    """
    found = {
        "frobenius": float(np.linalg.norm(matrix)),
        "l1": float(np.abs(matrix).sum()),
        "trace": float(np.abs(np.linalg.eigvalsh(matrix)).sum()),
        "l21": float(np.linalg.norm(matrix, axis=0).sum()),
    }
    blocks = [matrix[block, block] for block in _blocks(widths)]
    if np.count_nonzero(matrix) == sum(int(np.count_nonzero(block)) for block in blocks):
        lengths = [float(np.linalg.norm(block)) for block in blocks]
        found |= {"group": sum(lengths), "kernel": math.hypot(*lengths)}
    return {name: round_up(value, ulps=_ULPS) for name, value in found.items()}


def largest_norms(widths: Sequence[int], lam_max: float, *, diagonal: bool) -> dict[str, float]:
    """Return the largest norms of a metric with eigenvalues in [0, lam_max], known before the data are seen.

    Parameters
    ----------
    widths : sequence of int
        Columns of each modality.
    lam_max : float
    diagonal : bool
        Whether the metric is diagonal.
    """
    d = sum(widths)
    lengths = [math.sqrt(width) for width in widths]
    found = {
        "frobenius": math.sqrt(d),
        "l1": float(d) if diagonal else d * math.sqrt(d),
        "trace": float(d),
        "l21": float(d),
        "group": sum(lengths),
        "kernel": math.sqrt(d),
    }
    return {name: round_up(lam_max * value, ulps=_ULPS) for name, value in found.items()}


def class_radii(prepared: Prepared, subset: Sequence[str]) -> list[Entry]:
    """Return the pair radii that the balls' bounds need beside B, known from the normalisation."""
    squares = [prepared.squared_radii[name] for name in subset]
    status, why = prepared.settings.radius_status
    longest = min(round_up(math.sqrt(max(squares))), round_up(math.sqrt(prepared.squared_radius(subset)), ulps=1))
    inputs = math.sqrt(len(subset)) if prepared.settings.normalise != "none" else math.sqrt(sum(squares))
    kernel = round_up(math.sqrt(sum(square * square for square in squares)))
    patterns = 2 ** len(subset) if prepared.data.mask.any() else 1
    return [
        Entry("b_k", longest, "largest coordinate of a pair difference", status, why),
        Entry("B_k", longest, "largest pair radius of a single modality", status, why),
        Entry("kap", kernel, "root of the largest value of the multi-view kernel", status, why),
        Entry("x_radius", round_up(inputs), "radius of a ball that holds all inputs", status, why),
        Entry("labels", int(prepared.data.classes.size) * patterns, "labels, times patterns of missing modalities",
              why="known from the data's description"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """An expectation over pairs, measured once and bounded at any delta.

    Attributes
    ----------
    name, meaning : str
    mean : BoundedMean or None
        None on a single pair.
    largest : float
        What the values never exceed.
    status : {"certified", "estimated"}
        That of ``largest``.
    """

    name: str
    meaning: str
    mean: BoundedMean | None
    largest: float
    status: str

    def entry(self, delta: float) -> Entry:
        """Return its upper value; one event at ``delta``, unless the largest value is smaller."""
        upper = math.inf if self.mean is None else self.mean.upper(delta)
        value, events = (upper, ((self.name, delta),)) if upper < self.largest else (self.largest, ())
        why = "empirical Bernstein" if events else "worst case"
        return Entry(self.name, round_up(float(value), ulps=64), self.meaning, self.status, why, events)


def pair_statistics(
    differences: Array, widths: Sequence[int], *, squared_radii: Sequence[float], status: str
) -> tuple[list[Entry], tuple[Moment, ...]]:
    """Return sums over the independent pairs, and two expectations.

    Parameters
    ----------
    differences : ndarray of shape (m, d)
    widths : sequence of int
        Columns of each modality.
    squared_radii : sequence of float
        Squared pair radius of each modality.
    status : {"certified", "estimated"}
        Whether the radii were known in advance.
    """
    squares = np.square(differences)
    lengths = squares.sum(axis=1)
    parts = np.stack([squares[:, block].sum(axis=1) for block in _blocks(widths)], axis=1)
    weighted = (differences * lengths[:, None]).T @ differences
    eigenvalues = np.maximum(np.linalg.eigvalsh(weighted), 0.0)
    kernel = np.square(parts).sum(axis=1)
    exact = "all independent pairs, rounded up"
    # Eigenvalues are right to d ulp of the largest; roots of the smallest could lose half of the digits.
    slack = float(eigenvalues.max(initial=0.0)) * (len(eigenvalues) + len(lengths)) * 1e-15
    sums = {
        "u_fourth": (float(np.square(lengths).sum()), "sum of ||u||^4"),
        "u_operator": (float(eigenvalues.max(initial=0.0)) + slack, "largest eigenvalue of sum ||u||^2 uu^T"),
        "u_root_trace": (float(np.sqrt(eigenvalues + slack).sum()), "trace of the root of sum ||u||^2 uu^T"),
        "u_coordinate": (float(np.square(squares).sum(axis=0).max()), "largest sum of u_j^4"),
        "u_column": (float((squares * lengths[:, None]).sum(axis=0).max()), "largest sum of u_j^2 ||u||^2"),
        "u_group": (float(np.square(parts).sum(axis=0).max()), "largest sum of a modality's ||u||^4"),
        "gram_trace": (float(kernel.sum()), "trace of the multi-view kernel's Gram matrix"),
    }
    entries = [Entry(name, round_up(value, ulps=_ULPS), meaning, why=exact) for name, (value, meaning) in sums.items()]
    means = (
        ("u4_mean", np.square(lengths), sum(squared_radii) ** 2, "expected ||u||^4"),
        ("k_mean", kernel, sum(square * square for square in squared_radii), "expected value of the multi-view kernel"),
    )
    moments = tuple(
        Moment(name, meaning, BoundedMean.of(values, span=largest) if values.size > 1 else None, largest, status)
        for name, values, largest, meaning in means
    )
    return entries, moments
