"""Plans of one expression: rewritten for the axes of a call where that pays, remembered for the next call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import sympy as sp

from boundcalc.evaluator.convert import convert
from boundcalc.evaluator.costs import CostModel
from boundcalc.evaluator.lower import lower
from boundcalc.evaluator.nodes import Node, Pool
from boundcalc.evaluator.program import Program
from boundcalc.evaluator.ranges import symbol_range
from boundcalc.evaluator.rewrite import rewrite
from boundcalc.evaluator.schedule import Schedule, schedule

__all__ = ["Planner"]

_WORTH_REWRITING = 2e6  # nanoseconds of evaluation; below, planning would cost more than it saves
_KEPT = 32


class Planner:
    """Makes the schedules of one expression; the last ones used are kept."""

    def __init__(self, expr: Any, symbols: tuple[sp.Symbol, ...], domains: Mapping[sp.Symbol, sp.Set]) -> None:
        self.pool = Pool()
        self.node: Node = convert(expr, symbols, self.pool)
        self.ranges = [symbol_range(s, domains.get(s)) for s in symbols]
        self._kept: OrderedDict[tuple, Schedule] = OrderedDict()

    def plan(self, masks: tuple[int, ...], sizes: tuple[int, ...]) -> Schedule:
        """Return the schedule for axes of these sizes."""
        key = (masks, sizes)
        found = self._kept.pop(key, None)
        self._kept[key] = found or self._fresh(masks, sizes)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def at_a_point(self) -> Program:
        """Return the program for numbers."""
        return lower(self.node, (0,) * len(self.ranges), ())

    def _fresh(self, masks: tuple[int, ...], sizes: tuple[int, ...]) -> Schedule:
        costs = CostModel(masks, sizes)
        node = self.node
        if costs.total(node) > _WORTH_REWRITING:
            node = rewrite(node, self.pool, self.ranges, costs)
        return schedule(lower(node, masks, sizes), sizes)
