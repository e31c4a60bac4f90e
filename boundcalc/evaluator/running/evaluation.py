"""Carry out a request: within memory, and with care where doubles leave their range on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boundcalc.evaluator.program.planning import Planner, Request
from boundcalc.evaluator.running.execute import TABLE_CELLS, execute
from boundcalc.evaluator.running.layout import loop_order
from boundcalc.evaluator.running.schedule import Schedule

__all__ = ["evaluate"]

_DOUBLES_ONLY = frozenset(
    {"gamma", "binomial", "kl", "kl_inverse_beyond"}
)  # would round a wider argument to the nearest double


def evaluate(planner: Planner, request: Request, arrays: Sequence[np.ndarray], out: np.ndarray | None) -> np.ndarray:
    """Evaluate on arrays into ``out``, or into a new array whose axes lie in memory as they were computed."""
    where = request.where
    plan = planner.plan(request)
    order = loop_order(plan.program, where, out)
    result = where.fresh(order) if out is None else out
    if result.size:
        arranged = [where.arrange(a, order) for a in arrays]
        _fill(planner, request, plan, order, arranged, where.arrange(result, order))
    return result


def _fill(
    planner: Planner,
    request: Request,
    plan: Schedule,
    order: tuple[int, ...],
    arrays: list[np.ndarray],
    out: np.ndarray,
) -> None:
    axis = plan.axis_of_tables() if plan.table_cells > TABLE_CELLS else None
    if axis is not None:
        _fill_halves(planner, request, plan, order, axis, arrays, out)
        return
    try:
        execute(plan, order, arrays, out, dtype=np.float64, errors="raise")
    except FloatingPointError:  # a product left the range of doubles on the way; the result need not
        if planner.side is None:
            execute(plan, order, arrays, out, dtype=np.longdouble, errors="ignore")
        else:
            _fill_soundly(planner, request, plan, order, arrays, out)


def _fill_soundly(
    planner: Planner,
    request: Request,
    plan: Schedule,
    order: tuple[int, ...],
    arrays: list[np.ndarray],
    out: np.ndarray,
) -> None:
    """Evaluate in a wider range, where the counts of roundings hold as well, or settle every single value."""
    wide = np.empty(out.shape, dtype=np.longdouble)
    try:
        if _DOUBLES_ONLY & {i.op for i in plan.program.instructions}:
            raise FloatingPointError
        execute(plan, order, arrays, wide, dtype=np.longdouble, errors="raise")
    except FloatingPointError:
        careful = planner.plan(request._replace(careful=True)).with_sizes(plan.sizes)
        execute(careful, order, arrays, out, dtype=np.float64, errors="ignore")
    else:
        _round_outward(wide, planner.side == "upper", out)


def _round_outward(wide: np.ndarray, upper: bool, out: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        out[...] = wide
        inside = out < wide if upper else out > wide
        out[inside] = np.nextafter(out[inside], np.inf if upper else -np.inf)


def _fill_halves(
    planner: Planner,
    request: Request,
    plan: Schedule,
    order: tuple[int, ...],
    axis: int,
    arrays: list[np.ndarray],
    out: np.ndarray,
) -> None:
    """Evaluate piece by piece along an axis of the tables, so that they do not outgrow their share of memory."""
    size = plan.sizes[axis]
    head = (slice(None),) * order.index(axis)
    for piece in (slice(0, size // 2), slice(size // 2, size)):
        index = (*head, piece)
        parts = [a[index] if a.shape[len(head)] != 1 else a for a in arrays]
        sizes = (*plan.sizes[:axis], piece.stop - piece.start, *plan.sizes[axis + 1 :])
        _fill(planner, request, plan.with_sizes(sizes), order, parts, out[index])
