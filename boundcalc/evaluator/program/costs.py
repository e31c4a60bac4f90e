"""What an expression costs on given axes: cells times nanoseconds, each shared subexpression once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

from boundcalc.arithmetic.nodes import Node, topological
from boundcalc.evaluator.running.kernels import KERNELS

__all__ = ["CostModel", "fold_order", "spanned"]

_FREE = frozenset({"symbol", "number", "constant", "true", "false"})


def spanned(mask: int, sizes: Sequence[int]) -> int:
    """Return the number of cells that the axes in a mask span."""
    cells, axis = 1, 0
    while mask:
        if mask & 1:
            cells *= sizes[axis]
        mask, axis = mask >> 1, axis + 1
    return cells


class CostModel:
    """Costs on the axes of one call.

    Parameters
    ----------
    input_axes : sequence of int
        For each argument the bit mask of the axes along which it varies.
    sizes : sequence of int
        Number of cells along each axis.
    """

    def __init__(self, input_axes: Sequence[int], sizes: Sequence[int]) -> None:
        self._input_axes, self._sizes = tuple(input_axes), tuple(sizes)
        self._masks: dict[int, int] = {}
        self._cells: dict[int, int] = {}
        self._own: dict[Node, float] = {}

    def mask(self, node: Node) -> int:
        """Return the axes along which a node varies."""
        support = node.support
        found = self._masks.get(support)
        if found is None:
            found = 0
            for i, axes in enumerate(self._input_axes):
                if support >> i & 1:
                    found |= axes
            self._masks[support] = found
        return found

    def cells(self, mask: int) -> int:
        """Return the number of cells that a mask spans."""
        found = self._cells.get(mask)
        if found is None:
            found = self._cells[mask] = spanned(mask, self._sizes)
        return found

    def total(self, node: Node) -> float:
        """Return the cost of a node with all it needs."""
        return sum(self.own(n) for n in topological(node))

    def own(self, node: Node) -> float:
        """Return the cost of a node's own operation."""
        cost = self._own.get(node)
        if cost is None:
            cost = self._own[node] = self._fresh(node)
        return cost

    def _fresh(self, node: Node) -> float:
        if node.op in _FREE or not node.support:
            return 0.0
        if node.op in ("add", "mul", "min", "max", "and", "or"):
            return self._folded(node)
        cells = self.cells(self.mask(node))
        if node.op == "pow":
            return cells * _power_cost(node.value)
        if node.op == "select":
            return cells * KERNELS["where"].cost * (len(node.args) // 2)
        return cells * KERNELS[node.op].cost

    def _folded(self, node: Node) -> float:
        masks = [self.mask(a) for a in node.args]
        return KERNELS[node.op].cost * sum(self.cells(joined) for _, _, joined in fold_order(masks, self.cells))


def _power_cost(exponent: Any) -> float:
    magnitude = abs(Fraction(exponent))
    inverse = KERNELS["recip"].cost if exponent < 0 else 0.0
    if magnitude == 1:
        return inverse
    if magnitude.denominator == 2:
        return inverse + KERNELS["sqrt"].cost + KERNELS["mul"].cost * (magnitude > 1)
    if magnitude.denominator == 1 and magnitude <= 4:
        return inverse + KERNELS["square"].cost * (1 + (magnitude > 2))
    return inverse + KERNELS["powi" if magnitude.denominator == 1 else "powr"].cost


def fold_order(masks: Sequence[int], cells: Any) -> list[tuple[int, int, int]]:
    """Return the pairs to combine, always the pair whose union spans the fewest cells.

    Each entry is (position of the first, position of the second, union); the result takes the first's position
    in the list, the second is removed from it.
    """
    left, order = list(masks), []
    while len(left) > 1:
        places: dict[int, list[int]] = {}  # of each mask the first two: no later one comes before them
        for place, mask in enumerate(left):
            if len(found := places.setdefault(mask, [])) < 2:
                found.append(place)
        pairs = [(found[0], found[1]) for found in places.values() if len(found) == 2]
        pairs += [(min(a[0], b[0]), max(a[0], b[0])) for a, b in combinations(places.values(), 2)]
        _, i, j = min((cells(left[i] | left[j]), i, j) for i, j in pairs)
        union = left[i] | left[j]
        order.append((i, j, union))
        left[i] = union
        del left[j]
    return order
