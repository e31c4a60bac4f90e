"""All pairs where the user's arrays live: NumPy, PyTorch, CuPy, JAX, or whatever else speaks the array API standard.

Sums over pairs stay on the device; what comes back is a number, a gradient or a vector. They are those of
`boundcalc.trainer.risk.pairs.AllPairs` up to the order of the sums.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.errors import InvalidInputError
from boundcalc.trainer.risk.losses import Loss, hinge_window
from boundcalc.trainer.risk.pair_blocks import PairRisk, Totals
from boundcalc.trainer.risk.pairs import DifferencePairs, similar_pairs, spread_pairs

__all__ = ["DeviceMatrix", "DevicePairs", "elsewhere", "namespace_of", "to_numpy"]

Array = NDArray[np.float64]
_ROWS, _COLUMNS = 2048, 8192


def namespace_of(array: Any) -> Any:
    """Return the functions that go with an array: its own namespace, or the module that it comes from (PyTorch).

    Raises
    ------
    InvalidInputError
        If it is no array of numbers.
    """
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    xp = sys.modules.get(type(array).__module__.partition(".")[0])
    if not all(hasattr(xp, name) for name in ("asarray", "matmul", "where", "float64")):
        raise InvalidInputError(f"{type(array).__name__}: expected an array of NumPy, PyTorch, CuPy, JAX or the like")
    return xp


def to_numpy(array: Any) -> Any:
    """Return an array of any device as one of NumPy's."""
    for step in ("detach", "cpu", "get"):
        array = getattr(array, step)() if hasattr(array, step) else array
    return np.asarray(array)


def elsewhere(array: Any) -> bool:
    """Return whether this is an array that is not NumPy's."""
    return hasattr(array, "device") and not isinstance(array, np.ndarray | np.generic)


class _Device:
    """Where an array lives, and how numbers get there."""

    def __init__(self, array: Any) -> None:
        self.xp, self.place = namespace_of(array), array.device

    def put(self, array: Any, dtype: Any = None) -> Any:
        """Return numbers as an array of the device, doubles if not said otherwise.

        Raises
        ------
        InvalidInputError
            If there are no doubles on it.
        """
        dtype = self.xp.float64 if dtype is None else dtype
        moved = self.xp.asarray(array, dtype=dtype, device=self.place)
        if moved.dtype != dtype:
            raise InvalidInputError("the arrays' device has no float64: enable it (jax_enable_x64), or use NumPy")
        return moved


class DeviceMatrix:
    """The matrix max(1 - kappa K/c - slack, least) on the device of K; it multiplies vectors of NumPy from either side.

    Parameters
    ----------
    kernel : array of shape (m, m)
        K, in [0, c].
    share : float
        kappa/c.
    slack, least : float
    """

    __array_ufunc__ = None  # NumPy leaves the products to us

    def __init__(self, kernel: Any, *, share: float, slack: float, least: float) -> None:
        self._device = _Device(kernel)
        matrix = 1.0 - share * self._device.put(kernel) - slack
        self._matrix = self._device.xp.where(matrix < least, least + 0.0 * matrix, matrix)
        self.shape = tuple(kernel.shape)

    def min(self) -> float:
        """Return the least entry."""
        return float(self._device.xp.min(self._matrix))

    def __matmul__(self, vector: Array) -> Array:
        return np.asarray(to_numpy(self._matrix @ self._device.put(vector)))

    def __rmatmul__(self, vector: Array) -> Array:
        return np.asarray(to_numpy(self._device.put(vector) @ self._matrix))


class DevicePairs(DifferencePairs):
    """All unordered pairs of n rows of any array API, for the same solver.

    Parameters
    ----------
    rows : array of shape (n, d)
        Complete rows; a missing modality needs `AllPairs`.
    codes : array of int, shape (n,)
        Class numbers; two rows are similar when they are equal.

    Examples
    --------
    >>> from boundcalc.trainer.risk.losses import Hinge
    >>> pairs = DevicePairs(np.array([[0.0], [1.0], [3.0]]), np.array([0, 0, 1]))
    >>> risk = pairs.evaluate(np.ones(1), 2.5, loss=Hinge())
    >>> round(risk.value, 12), risk.gradient.round(12)
    (0.0, array([0.]))
    """

    def __init__(self, rows: Any, codes: Any) -> None:
        self._device = _Device(rows)
        self._rows = self._device.put(rows)
        n, self.d = self._rows.shape
        self._rows = self._rows - self._device.xp.mean(self._rows, axis=0)
        self._codes = self._device.put(codes, self._device.xp.int64)
        self.n_similar = similar_pairs(to_numpy(codes))
        self.n_dissimilar = n * (n - 1) // 2 - self.n_similar
        norms = self._device.xp.sum(self._rows * self._rows, axis=1)
        self.squared_radius = float(self._device.xp.max(norms)) * (1 + 1e-12)
        self.depth = n + self.d

    def _blocks(self, operator: Array, threshold: float) -> Iterator[tuple[slice, slice, Any, Any, Any]]:
        """Yield rows, columns, margins, whether similar, and whether above the diagonal: each pair of rows twice."""
        x, a = self._rows, self._device.put(operator)
        moved = x * a if operator.ndim == 1 else x @ a
        squares, n = self._device.xp.sum(moved * x, axis=1), x.shape[0]
        number = self._device.put(np.arange(n), self._codes.dtype)
        for i in range(0, n, _ROWS):
            for j in range(0, n, _COLUMNS):
                rows, columns = slice(i, min(i + _ROWS, n)), slice(j, min(j + _COLUMNS, n))
                crossed = moved[rows, :] @ x[columns, :].T
                distances = squares[rows][:, None] + squares[columns][None, :] - 2.0 * crossed
                similar = self._codes[rows][:, None] == self._codes[columns][None, :]
                above = number[rows][:, None] < number[columns][None, :]
                z = self._device.xp.where(similar, threshold - distances, distances - threshold)
                yield rows, columns, z, similar, above

    def margins(self, operator: Array, threshold: float) -> Iterator[tuple[Array, bool]]:
        """Yield margins of all pairs, block by block, as NumPy's."""
        for _, _, z, similar, above in self._blocks(operator, threshold):
            values, same, kept = map(to_numpy, (z, similar, above))
            for kind in (True, False):
                yield values[kept & (same == kind)], kind

    def sample(self, count: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return pairs of each row with rows at evenly spread distances in the given order, shape (S, d)."""
        rows, codes = to_numpy(self._rows), to_numpy(self._codes)
        left, right = spread_pairs(len(codes), count)
        return rows[left] - rows[right], codes[left] == codes[right]

    def evaluate(
        self,
        operator: Array,
        threshold: float,
        *,
        loss: Loss,
        weights: tuple[float, float] = (1.0, 1.0),
        gradient: bool = True,
    ) -> PairRisk:
        """Return the weighted mean loss over all pairs, with its gradient if asked for; hinges and the logistic loss.

        Raises
        ------
        InvalidInputError
            For any other loss.
        """
        xp, x, totals, shares = self._device.xp, self._rows, Totals(), []
        number = self._device.put(np.arange(x.shape[0]), self._codes.dtype)
        for rows, columns, z, similar, _ in self._blocks(operator, threshold):
            one, other = xp.ones_like(z), number[rows][:, None] != number[columns][None, :]
            weight = xp.where(other, xp.where(similar, weights[0] * one, weights[1] * one), 0.0 * one)
            values, slopes, slack = _losses(xp, loss, z)
            totals.value += float(xp.sum(weight * values))
            if gradient:
                totals.slack += float(xp.sum(weight * slack))
                c = weight * xp.where(similar, -slopes, slopes)
                by_row = xp.sum(c, axis=1)
                totals.threshold -= float(xp.sum(by_row))
                # sum_ij c_ij (x_i - x_j)(x_i - x_j)' over ordered pairs is twice X' (diag(C 1) X - C X)
                shares.append((rows, by_row[:, None] * x[rows, :] - c @ x[columns, :]))
        scale = 0.5 / self.count
        if not gradient:
            return PairRisk(totals.value * scale, 0.0, None, 0.0)
        if operator.ndim == 1:
            parts = [xp.sum(x[rows, :] * share, axis=0) for rows, share in shares]
        else:
            parts = [x[rows, :].T @ share for rows, share in shares]
        found = np.sum([to_numpy(part) for part in parts], axis=0) * 2.0
        return PairRisk(totals.value * scale, totals.slack * scale, found * scale, totals.threshold * scale)


def _losses(xp: Any, loss: Loss, z: Any) -> tuple[Any, Any, Any]:
    """Return values, slopes, and values less supporting lines, of a block of margins."""
    one = xp.ones_like(z)
    if loss.name == "logistic":
        decay = xp.exp(-xp.abs(z))
        slopes = -xp.where(z >= 0, decay, one) / (1.0 + decay)
        return xp.log1p(decay) + xp.where(z < 0, -z, 0.0 * one), slopes, 0.0 * one
    margin, width = hinge_window(loss)
    u = margin + 0.5 * width - z
    share = xp.clip(u / width, 0.0, 1.0) if width else xp.where(u > 0, one, 0.0 * one)
    slack = 0.5 * width * (share - share * share) if loss.surrogate_of_kink else 0.0 * one
    return share * (u - 0.5 * width * share), -share, slack
