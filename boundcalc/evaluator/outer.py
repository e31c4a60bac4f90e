"""Sums and products of operands on different axes, by a matrix product of rank 2 or 1.

``a[:, None] + b`` is ``[a, 1] @ [1; b]``: multiplying by 1 is exact and the sum is rounded once, so the result is
NumPy's (but for the sign of a zero), and a BLAS writes it at the speed of a bare fill.
"""

from __future__ import annotations

import numpy as np

__all__ = ["OUTER", "outer", "worth_an_outer"]

OUTER = frozenset({"add", "sub", "mul"})
_ROWS, _COLUMNS, _CELLS = 4, 16, 1024  # below, the calls cost more than the product gains


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
    return _write(op, a, b, out, swapped=False) or _write(op, b, a, out, swapped=True)


def _write(op: str, left: np.ndarray, right: np.ndarray, out: np.ndarray, *, swapped: bool) -> bool:
    """Write with the innermost axes those of ``right``."""
    split = out.ndim
    while split and left.shape[split - 1] == 1:
        split -= 1
    batch = split
    while batch and right.shape[batch - 1] == 1:
        batch -= 1
    columns = out[(0,) * split].size
    rows = out[(0,) * batch].size // columns
    if right[(0,) * batch].size != columns or left[(0,) * batch].size != rows or not worth_an_outer(rows, columns):
        return False
    high = left.reshape(*left.shape[:batch], rows, 1)
    wide = right.reshape(*right.shape[:batch], 1, columns)
    target = out.reshape(*out.shape[:batch], rows, columns)
    if op == "mul":
        np.matmul(high, wide, out=target)
        return True
    ones = np.ones_like(high), np.ones_like(wide)
    signs = (1, 1) if op == "add" else (-1, 1) if swapped else (1, -1)
    first = np.concatenate((high if signs[0] > 0 else -high, ones[0]), axis=-1)
    second = np.concatenate((ones[1], wide if signs[1] > 0 else -wide), axis=-2)
    np.matmul(first, second, out=target)
    return True
