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

LARGEST = 1 << 15  # cells; beyond, blocks in cache and in place are faster
_MOST = 32  # arrays that NumPy 2.0 broadcasts at once
_OPERATORS = {name: text for name, text in SHARED.items() if name not in ("lt", "le", "square")}


def cells_function(program: Program, arity: int) -> Callable[[Sequence[np.ndarray]], np.ndarray | None]:
    """Return a function of float64 arrays that broadcast; it returns None where blocks, or wider numbers, are called for.

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

    def __call__(self, arrays: Sequence[np.ndarray]) -> np.ndarray | None:
        if not 0 < len(arrays) <= _MOST:
            return None
        frame = np.broadcast(*arrays)
        if not 0 < frame.size <= LARGEST:
            return None
        try:
            with np.errstate(over="raise", under="raise", divide="ignore", invalid="ignore"):
                value = self._code(*[a if a.ndim else a[()] for a in arrays])
        except FloatingPointError:
            return None
        fresh = type(value) is np.ndarray and value.shape == frame.shape and not self._bare
        return value if fresh else np.array(np.broadcast_to(value, frame.shape))
