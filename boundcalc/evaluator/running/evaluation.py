"""Carry out a request: within memory, and with care for the cells where doubles leave their range on the way.

Whether a cell is one of them is decided by its own operations, so that its value does not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from boundcalc.evaluator.program.instructions import Program
from boundcalc.evaluator.program.planning import Planner
from boundcalc.evaluator.running.execute import TABLE_CELLS, blocks_of, execute
from boundcalc.evaluator.running.kernels import KERNELS
from boundcalc.evaluator.running.layout import Layout, loop_order
from boundcalc.evaluator.running.schedule import Schedule, schedule

__all__ = ["evaluate"]

_DOUBLES_ONLY = frozenset(
    {"gamma", "binomial", "kl", "kl_inverse_beyond"}
)  # would round a wider argument to the nearest double
_SCALING = frozenset({"mul", "div", "recip", "square", "widen", "powi", "powr", "power"})
_MAY_LEAVE = _SCALING | {"add", "sub", "widen_large", "exp"}  # sums and exp only at the upper end
_WIDER = np.finfo(np.longdouble).maxexp > np.finfo(np.float64).maxexp
_PIECE = 1 << 15  # cells that are looked at together when one of them is in question


def evaluate(planner: Planner, where: Layout, arrays: Sequence[np.ndarray], out: np.ndarray | None) -> np.ndarray:
    """Evaluate on arrays into ``out``, or into a new array whose axes lie in memory as they were computed."""
    plan = planner.plan(where)
    order = loop_order(plan.program, where, out)
    result = where.fresh(order) if out is None else out
    if result.size:
        arranged = [where.arrange(a, order) for a in arrays]
        _fill(planner, plan, order, arranged, where.arrange(result, order))
    return result


def _fill(planner: Planner, plan: Schedule, order: tuple[int, ...], arrays: list[np.ndarray], out: np.ndarray) -> None:
    axis = plan.axis_of_tables() if plan.table_cells > TABLE_CELLS else None
    if axis is not None:
        _fill_halves(planner, plan, order, axis, arrays, out)
        return
    try:
        execute(plan, order, arrays, out, dtype=np.float64, errors="raise")
    except FloatingPointError:  # a product left the range of doubles on the way; the result need not
        pieces = list(blocks_of(out.shape, _PIECE))
        if len(pieces) == 1:
            _mend(planner, plan, order, arrays, out)
            return
        for index, shape in pieces:
            parts = [
                a[tuple(slice(None) if n == 1 else p for n, p in zip(a.shape, index, strict=True))] for a in arrays
            ]
            sizes = tuple(shape[order.index(axis)] for axis in range(len(shape)))
            _fill(planner, plan.with_sizes(sizes), order, parts, out[index])


def _mend(planner: Planner, plan: Schedule, order: tuple[int, ...], arrays: list[np.ndarray], out: np.ndarray) -> None:
    """Evaluate, and once more where a cell left the range: in extended precision, where the counts of roundings hold as well."""
    execute(plan, order, arrays, out, dtype=np.float64, errors="ignore")
    program = planner.program()
    columns = [np.broadcast_to(a, out.shape).ravel() for a in arrays]
    lost = _leaving(program, columns, out.size, np.float64, np.longdouble if _WIDER else None)
    if not lost.any():
        return
    columns = [column[lost] for column in columns]
    wide = _in_columns(program, columns, int(lost.sum()), np.longdouble)
    with np.errstate(all="ignore"):
        values = wide.astype(np.float64)
        if planner.side is not None:
            upper = planner.side == "upper"
            values = np.where(
                values < wide if upper else values > wide, np.nextafter(values, np.inf if upper else -np.inf), values
            )
            _settle(planner, columns, values)
    out[lost.reshape(out.shape)] = values


def _settle(planner: Planner, columns: list[np.ndarray], values: np.ndarray) -> None:
    """Settle every single value of the cells that extended precision does not save either."""
    program = planner.program()
    if _DOUBLES_ONLY & {i.op for i in program.instructions}:
        lost = np.ones(values.size, dtype=bool)
    else:
        lost = _leaving(program, columns, values.size, np.longdouble)
    if lost.any():
        rest = [column[lost] for column in columns]
        values[lost] = _in_columns(planner.program(careful=True), rest, int(lost.sum()), np.float64)


def _in_columns(program: Program, columns: list[np.ndarray], cells: int, dtype: Any) -> np.ndarray:
    """Evaluate where every argument has a value for each cell."""
    values = np.empty(cells, dtype=dtype)
    plan = schedule(program.on_axes((1,) * len(columns)), values.shape)
    execute(plan, (0,), columns, values, dtype=dtype, errors="ignore")
    return values


def _leaving(program: Program, columns: list[np.ndarray], cells: int, dtype: Any, wider: Any = None) -> np.ndarray:
    """Return the cells in which an operation leaves the range of normal numbers.

    With a wider type: only where its result is another one, which never happens without the processor's notice (so that a cell
    alone is told apart as well), and else leaves the result as accurate as any.
    """
    lost, least = np.zeros(cells, dtype=bool), np.finfo(dtype).smallest_normal
    values: list[np.ndarray] = []
    with np.errstate(all="ignore"):
        for op, args, parameter, _ in program.instructions:
            if op == "input":
                values.append(columns[parameter].astype(dtype, copy=False))
                continue
            if op == "const":
                values.append(np.array([parameter], dtype=np.bool_ if isinstance(parameter, bool) else dtype))
                continue
            operands, more = [values[a] for a in args], () if parameter is None else (parameter,)
            value = KERNELS[op].run(*operands, *more)
            values.append(value)
            if op not in _MAY_LEAVE:
                continue
            outside = np.isinf(value) | (np.abs(value) < least if op in _SCALING else False)
            if wider is None:
                by_zero = np.logical_or.reduce(np.broadcast_arrays(*(x == 0 for x in operands)))
                lost |= outside & ~((value == 0) & by_zero)
            elif outside.any():
                lost |= outside & (value != KERNELS[op].run(*(x.astype(wider) for x in operands), *more))
    return lost


def _fill_halves(
    planner: Planner,
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
        _fill(planner, plan.with_sizes(sizes), order, parts, out[index])
