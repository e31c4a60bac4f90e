"""From arrays that broadcast to the axes that matter: which argument varies where, and in which order to loop."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from boundcalc.evaluator.program.instructions import Program
from boundcalc.evaluator.running.outer import OUTER, worth_an_outer

__all__ = ["Layout", "layout", "loop_order"]

_LONG_ENOUGH = 512  # an innermost axis of this length needs no longer one in its place
_WORTH_TRANSPOSING = 8  # operations on all axes that pay for writing an output against its order


class Layout(NamedTuple):
    """Axes of one call.

    Attributes
    ----------
    shape : tuple of int
        Broadcast shape.
    axes : tuple of int
        Positions in ``shape`` of the axes with more than one cell; all else speaks of these axes.
    masks : tuple of int
        For each argument the axes along which it varies.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    masks: tuple[int, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Cells along each axis."""
        return tuple(self.shape[axis] for axis in self.axes)

    def arrange(self, array: np.ndarray, order: Sequence[int]) -> np.ndarray:
        """Return an argument or the output as a view with the axes in loop order."""
        full = array.reshape((1,) * (len(self.shape) - array.ndim) + array.shape)
        rest = tuple(axis for axis in range(len(self.shape)) if axis not in self.axes)
        return full.transpose(*(self.axes[i] for i in order), *rest)[(...,) + (0,) * len(rest)]

    def fresh(self, order: Sequence[int]) -> np.ndarray:
        """Return a new output of the broadcast shape, contiguous in loop order."""
        rest = [axis for axis in range(len(self.shape)) if axis not in self.axes]
        placed = [self.axes[i] for i in order] + rest
        return np.empty([self.shape[axis] for axis in placed]).transpose(np.argsort(placed))


def layout(shapes: Sequence[tuple[int, ...]]) -> Layout:
    """Return the axes of arguments of these shapes."""
    shape = np.broadcast_shapes(*shapes)
    axes = tuple(axis for axis, size in enumerate(shape) if size != 1)
    masks = tuple(
        sum(1 << i for i, axis in enumerate(axes) if axis >= len(shape) - len(s) and s[axis - len(shape)] != 1)
        for s in shapes
    )
    return Layout(shape, axes, masks)


def loop_order(program: Program, where: Layout, out: np.ndarray | None) -> tuple[int, ...]:
    """Return the axes outermost first: as the output lies in memory, or as the last operation runs fastest."""
    axes = range(len(where.axes))
    if out is None:
        return tuple(_for_outer(program, where.sizes) or _longest_last(list(axes), where.sizes))
    order = sorted(axes, key=lambda i: -abs(out.strides[where.axes[i]]))
    full = [c for c in program.instructions if c.axes == (1 << len(axes)) - 1]
    return tuple(_longest_last(order, where.sizes) if len(full) >= _WORTH_TRANSPOSING else order)


def _longest_last(order: list[int], sizes: Sequence[int]) -> list[int]:
    if not order or sizes[order[-1]] >= _LONG_ENOUGH:
        return order
    longest = max(order, key=lambda i: sizes[i])
    return [i for i in order if i != longest] + [longest]


def _for_outer(program: Program, sizes: Sequence[int]) -> list[int] | None:
    """Return shared axes first, then those of one operand, then those of the other, if that makes outer sums."""
    root = program.instructions[program.root]
    if root.op not in OUTER:
        return None
    first, second = (program.instructions[a].axes for a in root.args)
    groups = [
        [i for i in range(len(sizes)) if (first >> i & 1, second >> i & 1) == key] for key in ((1, 1), (1, 0), (0, 1))
    ]
    rows, columns = (prod(sizes[i] for i in group) for group in groups[1:])
    if rows > columns:
        groups[1:], (rows, columns) = groups[:0:-1], (columns, rows)
    complete = sum(map(len, groups)) == len(sizes)
    return [i for group in groups for i in group] if complete and worth_an_outer(rows, columns) else None
