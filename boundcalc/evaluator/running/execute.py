"""Run a schedule: block by block in cache, in place where an operand dies, on threads where they gain."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, product
from math import prod
from typing import Any, Literal

import numpy as np

from boundcalc.evaluator.running.kernels import KERNELS
from boundcalc.evaluator.running.outer import OUTER, outer
from boundcalc.evaluator.running.schedule import BOOLEAN_STEPS, Group, Schedule

__all__ = ["TABLE_CELLS", "blocks_of", "execute"]

TABLE_CELLS = 3 << 20  # tables beyond 24 MB are computed piece by piece
_BLOCK = 1 << 15  # cells whose temporaries stay in the second-level cache
_THREADED_BLOCK = 1 << 17  # shorter calls on two threads spend their time handing over the interpreter's lock
_SINGLE_BLOCK = 1 << 20  # a single step has no temporaries
_WORTH_A_THREAD = 0.6e6  # nanoseconds of work that pay for starting a thread
# On operands that broadcast NumPy copies through a buffer unless the inner loop is longer than it: at inner loops of
# this length a small buffer makes such operations two to three times as fast.
_UNBUFFERED, _SMALL_BUFFER = 512, 16
_EVERY = slice(None)

Index = tuple[slice, ...]
Errors = Literal["raise", "ignore"]


def execute(
    plan: Schedule,
    order: Sequence[int],
    inputs: Sequence[np.ndarray],
    out: np.ndarray,
    *,
    dtype: Any,
    errors: Errors,
) -> None:
    """Evaluate into ``out``.

    Parameters
    ----------
    plan : Schedule
        What to do.
    order : sequence of int
        Axes of the plan, outermost first; the arrays have their dimensions in this order.
    inputs : sequence of numpy.ndarray
        Float64 arrays with one dimension for each axis of the plan, of size 1 where they do not vary.
    out : numpy.ndarray
        Array of the plan's full shape.
    dtype : type
        Type of the tables and temporaries.
    errors : {"raise", "ignore"}
        What overflow and underflow in the arithmetic do.

    Raises
    ------
    FloatingPointError
        On overflow or underflow if asked for; ``out`` is then undefined.
    """
    code, root = plan.program.instructions, plan.program.root
    values: list[Any] = [None] * len(code)
    shape_of_constant = (1,) * len(plan.sizes)
    for i, instruction in enumerate(code):
        if instruction.op == "input":
            values[i] = inputs[instruction.param].astype(dtype, copy=False)
        elif instruction.op == "const":
            kind = np.bool_ if isinstance(instruction.param, bool) else dtype
            values[i] = np.full(shape_of_constant, instruction.param, dtype=kind)
    for group in plan.groups:
        _run_group(group, plan, order, values, out, dtype, errors)
    direct = plan.groups and plan.groups[-1].cells == out.size and root in plan.groups[-1].tables
    if not direct:
        with np.errstate(all="ignore"):
            out[...] = values[root]


def _run_group(
    group: Group,
    plan: Schedule,
    order: Sequence[int],
    values: list[Any],
    out: np.ndarray,
    dtype: Any,
    errors: Errors,
) -> None:
    shape = tuple(plan.sizes[axis] if group.axes >> axis & 1 else 1 for axis in order)
    for i in group.tables:
        boolean = plan.program.instructions[i].op in BOOLEAN_STEPS
        whole = i == plan.program.root and group.cells == out.size
        values[i] = out if whole else np.empty(shape, dtype=np.bool_ if boolean else dtype)
    workers = min(_cpus(), int(group.cost / _WORTH_A_THREAD), -(-group.cells // _THREADED_BLOCK))
    multiple = _THREADED_BLOCK if workers > 1 else _BLOCK
    blocks = list(blocks_of(shape, multiple if group.temporaries else _SINGLE_BLOCK))
    workers = min(workers, len(blocks))
    if workers < 2:
        _run_blocks(group, blocks, values, dtype, errors)
        return
    cuts = [len(blocks) * w // workers for w in range(workers + 1)]
    with ThreadPoolExecutor(workers) as pool:
        parts = [blocks[a:b] for a, b in pairwise(cuts)]
        list(pool.map(lambda part: _run_blocks(group, part, values, dtype, errors), parts))


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blocks_of(shape: tuple[int, ...], limit: int) -> Iterator[tuple[Index, tuple[int, ...]]]:
    """Yield index and shape of consecutive blocks of at most about ``limit`` cells."""
    inner, axis = 1, len(shape)
    while axis and inner * shape[axis - 1] <= limit:
        axis -= 1
        inner *= shape[axis]
    if not axis:
        yield (_EVERY,) * len(shape), shape
        return
    axis -= 1
    pieces = -(-shape[axis] // max(1, limit // inner))
    cuts = [shape[axis] * p // pieces for p in range(pieces + 1)]
    tail = (_EVERY,) * (len(shape) - axis - 1)
    for head_cells in product(*(range(size) for size in shape[:axis])):
        head = tuple(slice(i, i + 1) for i in head_cells)
        for a, b in pairwise(cuts):
            yield (*head, slice(a, b), *tail), (*(1,) * axis, b - a, *shape[axis + 1 :])


def _run_blocks(
    group: Group, blocks: list[tuple[Index, tuple[int, ...]]], values: list[Any], dtype: Any, errors: Errors
) -> None:
    biggest = max(prod(shape) for _, shape in blocks)
    scratch = [np.empty(biggest, dtype=np.bool_ if boolean else dtype) for boolean in group.slots]
    outside = [(i, values[i]) for i in (*group.reads, *group.tables)]
    cut = [piece != _EVERY for piece in blocks[0][0]]
    moving = [(i, a) for i, a in outside if any(c and size != 1 for c, size in zip(cut, a.shape, strict=True))]
    still = dict(outside)
    long = bool(blocks[0][1]) and blocks[0][1][-1] >= _UNBUFFERED
    with np.errstate(over=errors, under=errors, divide="ignore", invalid="ignore"):
        if long:
            np.setbufsize(_SMALL_BUFFER)  # of this context: ends with it
        for index, shape in blocks:
            cells = prod(shape)
            slots = [s[:cells].reshape(shape) for s in scratch]
            local = dict(still)
            for i, array in moving:
                local[i] = array[tuple(_EVERY if n == 1 else p for n, p in zip(array.shape, index, strict=True))]
            _run_block(group, local, slots, try_outer=len(group.steps) == 1 or not long)


def _run_block(group: Group, local: dict[int, Any], slots: list[np.ndarray], *, try_outer: bool) -> None:
    for i, op, args, param, slot in group.steps:
        kernel = KERNELS[op]
        operands = [local[a] for a in args]
        if param is not None:
            operands.append(param)
        target = local.get(i) if slot is None else slots[slot]
        if try_outer and op in OUTER and target is not None and outer(op, operands[0], operands[1], target):
            local[i] = target
        elif target is None or not kernel.takes_out:
            local[i] = _kept(kernel.run(*operands), target)
        elif slot is None and group.temporaries and target.strides[-1:] > (target.itemsize,):
            local[i] = _kept(kernel.run(*operands), target)  # one transposing copy is faster than strided arithmetic
        else:
            local[i] = kernel.run(*operands, out=target)


def _kept(result: Any, target: np.ndarray | None) -> Any:
    """Copy a fresh array to where it belongs."""
    if target is None:
        return result
    target[...] = result
    return target
