"""A straight-line program: numbered instructions, each with the argument axes it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Bracket", "Builder", "Instruction", "Program", "own_axes"]


class Bracket(NamedTuple):
    """A constant that is no double: the doubles around it."""

    low: float
    high: float


class Instruction(NamedTuple):
    """``values[i] = op(*(values[a] for a in args), param)``; ``input`` and ``const`` read ``param``."""

    op: str
    args: tuple[int, ...]
    param: Any
    axes: int


class Program(NamedTuple):
    """Instructions in an order in which operands come first; the last one named by ``root`` is the result."""

    instructions: tuple[Instruction, ...]
    root: int

    def on_axes(self, masks: Sequence[int]) -> Program:
        """Return the same program for arguments along these axes."""
        code: list[Instruction] = []
        for c in self.instructions:
            axes = masks[c.param] if c.op == "input" else 0
            for a in c.args:
                axes |= code[a].axes
            code.append(c._replace(axes=axes))
        return self._replace(instructions=tuple(code))


def own_axes(arity: int, twins: Mapping[int, int]) -> list[int]:
    """Return the masks of arguments of which each has an axis of its own, twins a common one."""
    masks = [1 << i for i in range(arity)]
    for below, above in twins.items():
        masks[above] = masks[below]
    return masks


class Builder:
    """Collects instructions, equal ones once.

    Parameters
    ----------
    input_axes : sequence of int
        For each argument the bit mask of the axes along which it varies.
    """

    def __init__(self, input_axes: Sequence[int]) -> None:
        self._axes = tuple(input_axes)
        self._known: dict[tuple, int] = {}
        self.instructions: list[Instruction] = []

    def axes(self, index: int) -> int:
        """Return the axes mask of an instruction."""
        return self.instructions[index].axes

    def emit(self, op: str, *args: int, param: Any = None) -> int:
        """Return the number of an instruction, new or known."""
        key = (op, args, type(param), repr(param))
        index = self._known.get(key)
        if index is None:
            index = self._known[key] = len(self.instructions)
            mask = self._axes[param] if op == "input" and isinstance(param, int) else 0
            for a in args:
                mask |= self.instructions[a].axes
            self.instructions.append(Instruction(op, args, param, mask))
        return index
