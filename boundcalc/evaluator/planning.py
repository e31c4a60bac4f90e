"""Plans of one expression: rewritten for the axes of a call where that pays, remembered for the next call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Literal

import sympy as sp

from boundcalc.evaluator.convert import convert
from boundcalc.evaluator.costs import CostModel
from boundcalc.evaluator.lower import lower
from boundcalc.evaluator.nodes import Node, Pool
from boundcalc.evaluator.program import Program
from boundcalc.evaluator.ranges import symbol_range
from boundcalc.evaluator.rewrite import rewrite
from boundcalc.evaluator.schedule import Schedule, schedule
from boundcalc.evaluator.sound import make_sound

__all__ = ["Planner", "Side"]

_WORTH_REWRITING = 2e6  # nanoseconds of evaluation; below, planning would cost more than it saves
_KEPT = 32


Side = Literal["upper", "lower"]


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
        See `boundcalc.evaluator.sound.make_sound`.
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
        self._side, self._twins = side, dict(twins or {})
        self._kept: OrderedDict[tuple, Schedule] = OrderedDict()

    def plan(self, masks: tuple[int, ...], sizes: tuple[int, ...], *, careful: bool = False) -> Schedule:
        """Return the schedule for axes of these sizes; ``careful`` for sound rounding where products left the range."""
        key = (masks, sizes, careful)
        found = self._kept.pop(key, None)
        self._kept[key] = found or self._fresh(masks, sizes, careful)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def at_a_point(self) -> Program:
        """Return the program for numbers."""
        return self._lowered(self._node, (0,) * len(self._ranges), (), careful=False)

    def _fresh(self, masks: tuple[int, ...], sizes: tuple[int, ...], careful: bool) -> Schedule:
        costs = CostModel(masks, sizes)
        node = self._node
        if costs.total(node) > _WORTH_REWRITING:
            node = rewrite(node, self._pool, self._ranges, costs)
        return schedule(self._lowered(node, masks, sizes, careful), sizes)

    def _lowered(self, node: Node, masks: tuple[int, ...], sizes: tuple[int, ...], careful: bool) -> Program:
        if self._side is None:
            return lower(node, masks, sizes)
        return make_sound(
            lower(node, masks, sizes, brackets=True),
            masks,
            self._ranges,
            self._integers,
            upper=self._side == "upper",
            twins=self._twins,
            careful=careful,
        )
