"""Metric structures from coarse to fine: one weight per modality, per block, per coordinate, or a full matrix.

All parameters live in a box: weights in [lam_min, lam_max], or the symmetric matrices with eigenvalues there. A
structure knows how to minimise a linear form over its box (the Frank-Wolfe step that certifies an optimum) and how to
project onto it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError

__all__ = ["FullMatrix", "GroupedWeights", "Structure", "make_structure"]

Array = NDArray[np.float64]
STRUCTURES = ("modality", "blocks", "diagonal", "full")


@dataclass(frozen=True)
class Structure(ABC):
    """A class of metrics on d coordinates.

    Attributes
    ----------
    name : {"modality", "blocks", "diagonal", "full"}
    d : int
        Number of coordinates.
    """

    name: str
    d: int

    @property
    @abstractmethod
    def granularity(self) -> int:
        """Number of free weights g (d for a full matrix)."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of the parameters: (g,) or (d, d)."""

    @abstractmethod
    def operator(self, params: Array) -> Array:
        """Return the metric on coordinates: weights of shape (d,) or the matrix of shape (d, d)."""

    @abstractmethod
    def pull_back(self, gradient: Array) -> Array:
        """Return the gradient with respect to the parameters from that with respect to ``operator``."""

    @abstractmethod
    def linear_minimum(self, gradient: Array, low: float, high: float) -> float:
        """Return min over the box of <gradient, params>."""

    @abstractmethod
    def project(self, params: Array, low: float, high: float) -> Array:
        """Return the nearest point of the box."""

    @abstractmethod
    def constant(self, value: float) -> Array:
        """Return the parameters of ``value`` times the identity."""

    def matrix(self, params: Array) -> Array:
        """Return the metric as a symmetric (d, d) matrix."""
        operator = self.operator(params)
        return np.diag(operator) if operator.ndim == 1 else operator


@dataclass(frozen=True)
class GroupedWeights(Structure):
    """One weight per group of coordinates; ``groups`` holds the group number of each coordinate, shape (d,)."""

    groups: tuple[int, ...] = ()

    @property
    def granularity(self) -> int:
        """Number of groups."""
        return max(self.groups) + 1

    @property
    def shape(self) -> tuple[int, ...]:
        """(g,)."""
        return (self.granularity,)

    @property
    def _index(self) -> NDArray[np.intp]:
        return np.asarray(self.groups, dtype=np.intp)

    def operator(self, params: Array) -> Array:
        """Return one weight per coordinate."""
        return params[self._index]

    def pull_back(self, gradient: Array) -> Array:
        """Sum the gradient within each group."""
        return np.asarray(np.bincount(self._index, weights=gradient, minlength=self.granularity), dtype=float)

    def squared_parts(self, differences: Array) -> Array:
        """Return v_ik, the squared norm of each pair difference on each group, shape (m, g).

        Parameters
        ----------
        differences : ndarray of shape (m, d)
        """
        squares = np.square(differences)
        if self.granularity == self.d:
            order = np.argsort(self._index)
            return squares if np.array_equal(order, np.arange(self.d)) else squares[:, order]
        parts = np.zeros((differences.shape[0], self.granularity))
        for group in range(self.granularity):
            parts[:, group] = squares[:, self._index == group].sum(axis=1)
        return parts

    def linear_minimum(self, gradient: Array, low: float, high: float) -> float:
        """Take the lower end of the box where the gradient is positive, the upper end elsewhere."""
        return float(np.where(gradient > 0, low, high) @ gradient)

    def project(self, params: Array, low: float, high: float) -> Array:
        """Clip each weight."""
        return np.clip(params, low, high)

    def constant(self, value: float) -> Array:
        """Return equal weights."""
        return np.full(self.granularity, float(value))


@dataclass(frozen=True)
class FullMatrix(Structure):
    """A symmetric matrix with eigenvalues in [lam_min, lam_max]."""

    @property
    def granularity(self) -> int:
        """The dimension d."""
        return self.d

    @property
    def shape(self) -> tuple[int, ...]:
        """(d, d)."""
        return (self.d, self.d)

    def operator(self, params: Array) -> Array:
        """Return the matrix itself."""
        return params

    def pull_back(self, gradient: Array) -> Array:
        """Return the symmetric part."""
        return 0.5 * (gradient + gradient.T)

    def linear_minimum(self, gradient: Array, low: float, high: float) -> float:
        """Sum eigenvalues of the gradient, the positive ones times ``low``, the others times ``high``."""
        values = np.linalg.eigvalsh(gradient)
        return float(np.where(values > 0, low, high) @ values)

    def project(self, params: Array, low: float, high: float) -> Array:
        """Clip the eigenvalues."""
        values, vectors = np.linalg.eigh(0.5 * (params + params.T))
        projected = (vectors * np.clip(values, low, high)) @ vectors.T
        return 0.5 * (projected + projected.T)

    def constant(self, value: float) -> Array:
        """Return a multiple of the identity."""
        return float(value) * np.eye(self.d)


def make_structure(
    structure: str, *, dims: Mapping[str, int], blocks: Mapping[str, Sequence[Any]] | int | None = None
) -> Structure:
    """Return the structure of that name on the modalities given.

    Parameters
    ----------
    structure : {"modality", "blocks", "diagonal", "full"}
    dims : mapping of str to int
        Number of features of each modality, in order.
    blocks : int or mapping of str to sequence, optional
        For ``blocks``, fixed in advance: a number of consecutive columns per block, or for each modality one block
        label per column. Default: pairs of consecutive columns.
    """
    if structure not in STRUCTURES:
        raise InvalidInputError(f"structure={structure!r}: expected one of {', '.join(STRUCTURES)}")
    d = sum(dims.values())
    if structure == "full":
        return FullMatrix("full", d)
    groups: list[int] = []
    for name, width in dims.items():
        first = max(groups) + 1 if groups else 0
        if structure == "modality":
            labels: Sequence[Any] = [0] * width
        elif structure == "diagonal":
            labels = range(width)
        elif isinstance(blocks, Mapping):
            if name not in blocks or len(blocks[name]) != width:
                raise InvalidInputError(
                    f"blocks of modality {name!r}: expected one block label for each of {width} columns"
                )
            labels = list(blocks[name])
        else:
            size = 2 if blocks is None else blocks
            if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
                raise InvalidInputError(
                    f"blocks={blocks!r}: expected a positive number of columns or a mapping of labels"
                )
            labels = [column // size for column in range(width)]
        numbers = {label: k for k, label in enumerate(dict.fromkeys(labels))}
        groups.extend(first + numbers[label] for label in labels)
    return GroupedWeights(structure, d, tuple(groups))
