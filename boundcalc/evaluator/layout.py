"""From arrays that broadcast to the axes that matter: which argument varies where, and in which order to loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Layout", "layout"]

_LONG_ENOUGH = 256  # an innermost axis of this length needs no longer one in its place


class Layout(NamedTuple):
    """Axes of one call.

    Attributes
    ----------
    shape : tuple of int
        Broadcast shape.
    order : tuple of int
        Axes of more than one cell, outermost first.
    masks : tuple of int
        For each argument the axes (as positions in ``order``) along which it varies.
    """

    shape: tuple[int, ...]
    order: tuple[int, ...]
    masks: tuple[int, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Cells along each axis in loop order."""
        return tuple(self.shape[axis] for axis in self.order)

    def resized(self, position: int, size: int) -> Layout:
        """Return the same axes with another number of cells along one of them (a position in ``order``)."""
        shape = list(self.shape)
        shape[self.order[position]] = size
        return self._replace(shape=tuple(shape))

    def arrange(self, array: np.ndarray) -> np.ndarray:
        """Return an argument or the output as a view whose dimensions are the axes in loop order."""
        lead = len(self.shape) - array.ndim
        full = array.reshape((1,) * lead + array.shape)
        rest = tuple(axis for axis in range(len(self.shape)) if axis not in self.order)
        return full.transpose(self.order + rest)[(...,) + (0,) * len(rest)]

    def fresh(self) -> tuple[np.ndarray, np.ndarray]:
        """Return a new output of the broadcast shape, contiguous in loop order, and its arranged view."""
        arranged = np.empty(self.sizes)
        rest = tuple(axis for axis in range(len(self.shape)) if axis not in self.order)
        spread = arranged.reshape(self.sizes + (1,) * len(rest))
        return spread.transpose(np.argsort(self.order + rest)), arranged


def layout(shapes: Sequence[tuple[int, ...]], out: np.ndarray | None) -> Layout:
    """Return the axes of a call; the output decides the loop order, or the longest axis goes innermost."""
    shape = np.broadcast_shapes(*shapes, () if out is None else out.shape)
    axes = [axis for axis, size in enumerate(shape) if size != 1]
    if out is not None:
        axes.sort(key=lambda axis: -abs(out.strides[axis]))
    elif axes and shape[axes[-1]] < _LONG_ENOUGH:
        longest = max(axes, key=lambda axis: (shape[axis], axis))
        axes.remove(longest)
        axes.append(longest)
    position = {axis: i for i, axis in enumerate(axes)}
    masks = tuple(
        sum(1 << position[axis] for axis in axes if axis >= len(shape) - len(s) and s[axis - len(shape)] != 1)
        for s in shapes
    )
    return Layout(shape, tuple(axes), masks)
