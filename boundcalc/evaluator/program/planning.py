"""Plans of one expression: rewritten for the axes of a call where that pays, remembered for the next call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from math import inf, prod
from threading import Lock
from typing import Any, Literal, NamedTuple

import numpy as np
import sympy as sp

from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.intervals import Range
from boundcalc.arithmetic.nodes import Node, Pool
from boundcalc.evaluator.program.costs import CostModel
from boundcalc.evaluator.program.instructions import Program
from boundcalc.evaluator.program.lower import lower
from boundcalc.evaluator.program.rewrite import rewrite
from boundcalc.evaluator.running.layout import Layout, layout
from boundcalc.evaluator.running.schedule import Schedule, schedule
from boundcalc.evaluator.sound.directed import make_sound
from boundcalc.language.domains import symbol_range

__all__ = ["Planner", "Request", "Side"]

_WORTH_REWRITING = 2e6  # nanoseconds of evaluation; below, planning would cost more than it saves
_WORTH_A_LOOK = 1 << 17  # cells of a grid from which a look at all arguments pays
_KEPT = 32


Side = Literal["upper", "lower"]


class Request(NamedTuple):
    """What a plan depends on."""

    where: Layout
    ranges: tuple[Range, ...]
    careful: bool = False


class Planner:
    """Makes the schedules of one expression; the last ones used are kept.

    Parameters
    ----------
    expr : sympy.Expr
        Expression.
    symbols : tuple of sympy.Symbol
        Arguments.
    domains : mapping from symbol to sympy.Set
        What is known of them.
    side : {"upper", "lower"} or None
        Sound rounding.
    twins : mapping from int to int
        See `boundcalc.evaluator.sound.directed.make_sound`.
    """

    def __init__(
        self,
        expr: Any,
        symbols: tuple[sp.Symbol, ...],
        domains: Mapping[sp.Symbol, sp.Set],
        side: Side | None = None,
        twins: Mapping[int, int] | None = None,
    ) -> None:
        self._pool = Pool()
        self._node: Node = convert(expr, symbols, self._pool)
        self._ranges = [symbol_range(s, domains.get(s)) for s in symbols]
        self._integers = [bool(s.is_integer) for s in symbols]
        self.side, self._twins = side, dict(twins or {})
        self._kept: OrderedDict[tuple, Schedule] = OrderedDict()
        self._lock = Lock()  # of the plans kept and of the pool, which rewriting adds to

    def request(self, arrays: Sequence[np.ndarray]) -> Request:
        """Return what a plan for these arguments depends on: their axes, and on large grids what they span."""
        where = layout([a.shape for a in arrays])
        cells, given = prod(where.shape), sum(a.size for a in arrays)
        worth = cells >= max(1, _WORTH_A_LOOK) and given * 8 <= cells
        return Request(where, self._spanned_by(arrays) if worth else tuple(self._ranges))

    def plan(self, request: Request) -> Schedule:
        """Return the schedule for a request."""
        key = (request.where.masks, request.where.sizes, request.ranges, request.careful)
        with self._lock:
            known = self._kept.pop(key, None)
            plan = self._kept[key] = known or self._fresh(request)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return plan

    def at_a_point(self) -> Program:
        """Return the program for numbers."""
        return self._lowered(self._node, Request(Layout((), (), (0,) * len(self._ranges)), tuple(self._ranges)))

    def _spanned_by(self, arrays: Sequence[np.ndarray]) -> tuple[Range, ...]:
        """Return where the arguments lie in this call, which tells more signs than their domains do."""
        seen = [self._seen(a, r) for a, r in zip(arrays, self._ranges, strict=True)]
        for below, above in self._twins.items():
            seen[below] = Range(min(seen[below].low, seen[above].low), max(seen[below].high, seen[above].high))
        return tuple(seen)

    @staticmethod
    def _seen(array: np.ndarray, declared: Range) -> Range:
        low, high = float(array.min()), float(array.max())
        return Range(low, high) if -inf < low <= high < inf else declared

    def _fresh(self, request: Request) -> Schedule:
        masks, sizes = request.where.masks, request.where.sizes
        costs = CostModel(masks, sizes)
        node = self._node
        if costs.total(node) > _WORTH_REWRITING:
            node = rewrite(node, self._pool, request.ranges, costs)
        return schedule(self._lowered(node, request), sizes)

    def _lowered(self, node: Node, request: Request) -> Program:
        masks, sizes = request.where.masks, request.where.sizes
        if self.side is None:
            return lower(node, masks, sizes)
        return make_sound(
            lower(node, masks, sizes, brackets=True),
            masks,
            request.ranges,
            self._integers,
            upper=self.side == "upper",
            twins=self._twins,
            careful=request.careful,
        )
