"""Order a program for execution: one group of steps for each set of axes, temporaries in reused slots.

A value depends only on values with the same axes or fewer, so groups run from few axes to many. Within a
group only what later groups read becomes a table; all else lives in slots of one block's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from boundcalc.evaluator.program.costs import spanned
from boundcalc.evaluator.program.instructions import Program
from boundcalc.evaluator.running.kernels import KERNELS

__all__ = ["BOOLEAN_STEPS", "Group", "Schedule", "Step", "schedule"]

BOOLEAN_STEPS = frozenset({"lt", "le", "eq", "ne", "and", "or", "not"})
_LEAVES = ("input", "const")


class Step(NamedTuple):
    """The instruction at position ``number`` of the program.

    ``slot`` is None where the value goes to a table, to the output or to a fresh array.
    """

    number: int
    op: str
    args: tuple[int, ...]
    param: Any
    slot: int | None


@dataclass(frozen=True)
class Group:
    """The steps on one set of axes.

    Attributes
    ----------
    axes : int
        Mask of the axes.
    cells : int
        Number of cells they span.
    steps : tuple of Step
        In order.
    reads : tuple of int
        Values of other groups, inputs and constants that the steps read.
    tables : tuple of int
        Values that other groups read, or the result.
    slots : tuple of bool
        One entry for each slot: whether it holds truth values.
    cost : float
        Estimated nanoseconds.
    """

    axes: int
    cells: int
    steps: tuple[Step, ...]
    reads: tuple[int, ...]
    tables: tuple[int, ...]
    slots: tuple[bool, ...]
    cost: float

    @property
    def temporaries(self) -> bool:
        """Whether there is more than one step."""
        return len(self.steps) > 1


@dataclass(frozen=True)
class Schedule:
    """Groups in execution order, for axes of these sizes."""

    program: Program
    sizes: tuple[int, ...]
    groups: tuple[Group, ...]

    @property
    def table_cells(self) -> int:
        """Number of cells of all tables but the result."""
        return sum(g.cells * self._tables(g) for g in self.groups)

    def axis_of_tables(self) -> int | None:
        """Return the axis along which most of the tables' cells lie, None if no table has an axis to cut."""
        shares = [
            sum(g.cells * self._tables(g) for g in self.groups if g.axes >> axis & 1) if size > 1 else 0
            for axis, size in enumerate(self.sizes)
        ]
        return max(range(len(shares)), key=lambda axis: (shares[axis], self.sizes[axis])) if any(shares) else None

    def _tables(self, group: Group) -> int:
        return len([t for t in group.tables if t != self.program.root])

    def with_sizes(self, sizes: tuple[int, ...]) -> Schedule:
        """Return the same plan for other numbers of cells along its axes."""
        return self if sizes == self.sizes else schedule(self.program, sizes)


def schedule(program: Program, sizes: Sequence[int]) -> Schedule:
    """Return the execution order of a program."""
    readers = _readers(program)
    masks = {i.axes for i in program.instructions if i.op not in _LEAVES}
    order = sorted(masks, key=lambda mask: (mask.bit_count(), spanned(mask, sizes), mask))
    groups = tuple(_group(program, mask, readers, spanned(mask, sizes)) for mask in order)
    return Schedule(program, tuple(sizes), groups)


def _readers(program: Program) -> list[list[int]]:
    readers: list[list[int]] = [[] for _ in program.instructions]
    for index, instruction in enumerate(program.instructions):
        for a in instruction.args:
            readers[a].append(index)
    return readers


def _group(program: Program, mask: int, readers: list[list[int]], cells: int) -> Group:
    code = program.instructions
    inside = [i for i, c in enumerate(code) if c.axes == mask and c.op not in _LEAVES]
    members = set(inside)
    tables = tuple(i for i in inside if i == program.root or any(r not in members for r in readers[i]))
    reads = tuple(dict.fromkeys(a for i in inside for a in code[i].args if a not in members))
    steps, slots = _allocate(program, inside, set(tables), readers)
    cost = cells * sum(KERNELS[code[i].op].cost for i in inside)
    return Group(mask, cells, steps, reads, tables, slots, cost)


def _allocate(
    program: Program, inside: list[int], tables: set[int], readers: list[list[int]]
) -> tuple[tuple[Step, ...], tuple[bool, ...]]:
    """Give each temporary a slot; an operand that dies hands its slot to the result where that may overwrite it."""
    code = program.instructions
    last = {i: max(readers[i], default=i) for i in inside}
    kinds: list[bool] = []
    free: list[int] = []
    slot_of: dict[int, int] = {}
    steps = []
    for i in inside:
        op, args = code[i].op, code[i].args
        dying = [slot_of[a] for a in dict.fromkeys(args) if a in slot_of and last[a] == i]
        slot = None
        if i not in tables and KERNELS[op].takes_out:
            boolean = op in BOOLEAN_STEPS
            writable = [slot_of[a] for a in KERNELS[op].overwritable(args) if a in slot_of and last[a] == i]
            slot = next((s for s in [*writable, *free] if kinds[s] == boolean), None)
            if slot is None:
                slot = len(kinds)
                kinds.append(boolean)
            slot_of[i] = slot
        free = [s for s in [*free, *dying] if s != slot]
        steps.append(Step(i, op, args, code[i].param, slot))
    return tuple(steps), tuple(kinds)
