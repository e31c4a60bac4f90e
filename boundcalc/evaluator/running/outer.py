"""Sums and products of operands on different axes, by a matrix product of rank 2.

``a[:, None] + b`` is ``[a, 1] @ [1; b]``: multiplying by 1 is exact and the sum is rounded once, so the result is
NumPy's (but for the sign of a zero), and a BLAS writes it at the speed of a bare fill.
"""

from __future__ import annotations

from math import prod

import numpy as np

__all__ = ["OUTER", "outer", "worth_an_outer"]

OUTER = frozenset({"add", "sub", "mul"})
_ROWS, _COLUMNS, _CELLS = 4, 16, 1024  # below, the calls cost more than the product gains
_SINGLE_THREADED = 1 << 17  # cells of one matrix; beyond, a BLAS starts threads of its own that get in the way


def worth_an_outer(rows: int, columns: int) -> bool:
    """Return whether a matrix product of this shape beats the plain operation."""
    return rows >= _ROWS and columns >= _COLUMNS and rows * columns >= _CELLS


def outer(op: str, a: np.ndarray, b: np.ndarray, out: np.ndarray) -> bool:
    """Write ``a op b`` into ``out`` if a matrix product can do it.

    Returns
    -------
    bool
        False if nothing was written.
    """
    if out.dtype != np.float64 or a.size == out.size or b.size == out.size or not out.flags.c_contiguous:
        return False
    for first, second, swapped in ((a, b, False), (b, a, True)):
        shape = _as_matrices(first, second, out)
        if shape is not None:
            _multiply(*_factors(op, first, second, shape, swapped), out.reshape(shape))
            return True
    return False


def _as_matrices(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> tuple[int, ...] | None:
    """Return batch axes, rows and columns, if ``left`` spans just the rows and ``right`` just the columns."""
    split = out.ndim
    while split and left.shape[split - 1] == 1:
        split -= 1
    batch = split
    while batch and right.shape[batch - 1] == 1:
        batch -= 1
    columns, rows = prod(out.shape[split:]), prod(out.shape[batch:split])
    complete = prod(right.shape[batch:]) == columns and prod(left.shape[batch:]) == rows
    return (*out.shape[:batch], rows, columns) if complete and worth_an_outer(rows, columns) else None


def _factors(
    op: str, left: np.ndarray, right: np.ndarray, shape: tuple[int, ...], swapped: bool
) -> tuple[np.ndarray, np.ndarray]:
    batch = len(shape) - 2
    high = left.reshape(*left.shape[:batch], shape[-2], 1)
    wide = right.reshape(*right.shape[:batch], 1, shape[-1])
    if op == "mul":  # padded: a product of rank 1 does not take the fast way
        return np.concatenate((high, np.zeros_like(high)), axis=-1), np.concatenate(
            (wide, np.zeros_like(wide)), axis=-2
        )
    if op == "sub":
        high, wide = (-high, wide) if swapped else (high, -wide)
    first = np.concatenate((high, np.ones_like(high)), axis=-1)
    second = np.concatenate((np.ones_like(wide), wide), axis=-2)
    return first, second


def _multiply(first: np.ndarray, second: np.ndarray, out: np.ndarray) -> None:
    rows = max(_ROWS, _SINGLE_THREADED // out.shape[-1])
    for start in range(0, out.shape[-2], rows):
        piece = slice(start, start + rows)
        np.matmul(first[..., piece, :], second, out=out[..., piece, :])
