"""Plans of one expression: one program for all calls, ordered for the axes of each, remembered for the next call.

The program is made as if every argument had an axis of its own, so that the operations of a cell, and with them the bits
of its value, do not depend on the grid that it sits in; which of them are shared between cells does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Literal

import numpy as np
import sympy as sp

from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.nodes import Node, Pool
from boundcalc.evaluator.program.costs import CostModel
from boundcalc.evaluator.program.instructions import Program, own_axes
from boundcalc.evaluator.program.lower import lower
from boundcalc.evaluator.program.rewrite import rewrite
from boundcalc.evaluator.running.layout import Layout, layout
from boundcalc.evaluator.running.schedule import Schedule, schedule
from boundcalc.evaluator.sound.directed import make_sound
from boundcalc.language.domains import symbol_range

__all__ = ["Planner", "Side"]

#: Cells along the axis that every argument is given when the program is made: enough for few operations on many axes to pay.
_TYPICAL = 100
_KEPT = 32


Side = Literal["upper", "lower"]


class Planner:
    """Makes the program of one expression and its schedules; the last ones used are kept.

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
        self._masks = own_axes(len(symbols), self._twins)
        self._programs: dict[bool, Program] = {}
        self._kept: OrderedDict[tuple, Schedule] = OrderedDict()
        self._lock = Lock()  # of the plans kept and of the pool, which rewriting adds to

    def request(self, arrays: Sequence[np.ndarray]) -> Layout:
        """Return what a plan for these arguments depends on."""
        return layout([a.shape for a in arrays])

    def plan(self, request: Layout) -> Schedule:
        """Return the schedule for a request."""
        masks, sizes = key = request.masks, request.sizes
        with self._lock:
            known = self._kept.pop(key, None)
            plan = self._kept[key] = known or schedule(self._made(False).on_axes(masks), sizes)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return plan

    def program(self, *, careful: bool = False) -> Program:
        """Return the program, each argument on an axis of its own; careful, every single value is settled."""
        with self._lock:
            return self._made(careful)

    def _made(self, careful: bool) -> Program:
        if careful not in self._programs:
            self._programs[careful] = self._fresh(careful)
        return self._programs[careful]

    def _fresh(self, careful: bool) -> Program:
        program = self.lowered()
        if self.side is None:
            return program
        return make_sound(
            program,
            self._masks,
            self._ranges,
            self._integers,
            upper=self.side == "upper",
            twins=self._twins,
            careful=careful,
        )

    def lowered(self) -> Program:
        """Return the program before it is made sound, its constants then in brackets."""
        sizes = (_TYPICAL,) * len(self._masks)
        node = rewrite(self._node, self._pool, self._ranges, CostModel(self._masks, sizes))
        return lower(node, self._masks, sizes, brackets=self.side is not None)
