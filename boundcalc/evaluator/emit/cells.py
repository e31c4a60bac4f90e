"""Small arrays: the straight-line program as generated NumPy code, which costs a call of each operation and nothing else.

It carries out the operations of `boundcalc.evaluator.running.execute` on whole arrays, so that the bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from boundcalc.evaluator.emit.source import SHARED, literal, written
from boundcalc.evaluator.program.instructions import Instruction, Program
from boundcalc.evaluator.running.kernels import KERNELS

__all__ = ["LARGEST", "cells_function"]

LARGEST = 1 << 17  # cells; beyond, blocks in cache and in place are faster
_LARGEST_COLUMN = 1 << 15  # the same where an argument fills the grid: then all operations do
_MOST = 32  # arrays that NumPy 2.0 broadcasts at once
_DOUBLE, _number = np.dtype(np.float64), np.float64
_OPERATORS = {name: text for name, text in SHARED.items() if name not in ("lt", "le", "square")}


def cells_function(program: Program, arity: int) -> Callable[[Sequence[Any]], np.ndarray | None]:
    """Return a function of floats and float64 arrays; it returns None for others, and where blocks or wider numbers are called for.

    Parameters
    ----------
    program : Program
        What to compute.
    arity : int
        Number of arguments.
    """
    names = [f"a{i}" for i in range(arity)]
    parameters: list[Any] = []

    def express(c: Instruction, args: list[str]) -> str:
        if c.op in ("input", "const"):
            return names[c.param] if c.op == "input" else literal(c.param)
        if c.op in _OPERATORS:
            return _OPERATORS[c.op].format(*args)
        if c.param is not None:
            parameters.append(c.param)
            args = [*args, f"p[{len(parameters) - 1}]"]
        return f"{c.op}_({', '.join(args)})"

    body, texts = written(program, express, "{} = {}")
    lines = [f"def cells({', '.join(names)}):", *(f"    {line}" for line in body), f"    return {texts[program.root]}"]
    scope: dict[str, Any] = {"p": parameters, "inf": np.inf, "nan": np.nan} | {
        f"{op}_": one.run for op, one in KERNELS.items()
    }
    exec(compile("\n".join(lines), "<bound on small arrays>", "exec"), scope)
    return _Cells(scope["cells"], program.instructions[program.root].op in ("input", "const"))


class _Cells:
    def __init__(self, code: Callable[..., Any], bare: bool) -> None:
        self._code, self._bare = code, bare

    def __call__(self, arguments: Sequence[Any]) -> np.ndarray | None:
        if not 0 < len(arguments) <= _MOST:
            return None
        taken: list[Any] = []
        for a in arguments:
            if type(a) is float:
                taken.append(_number(a))
            elif type(a) is np.ndarray and a.dtype is _DOUBLE and not (a.ndim and min(a.strides) < 0):
                taken.append(a if a.ndim else a[()])
            else:
                return None
        try:
            frame = np.broadcast(*taken)
            if not 0 < frame.size <= LARGEST:
                return None
            if frame.size > _LARGEST_COLUMN and any(a.size == frame.size for a in taken):
                return None
            with np.errstate(over="raise", under="raise", divide="ignore", invalid="ignore"):
                value = self._code(*taken)
        except (FloatingPointError, ValueError):
            return None
        fresh = type(value) is np.ndarray and value.shape == frame.shape and not self._bare
        return value if fresh else np.array(np.broadcast_to(value, frame.shape))
