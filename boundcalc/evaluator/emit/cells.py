"""Small arrays: the straight-line program as generated NumPy code, which costs a call of each operation and nothing else.

It carries out the operations of `boundcalc.evaluator.running.execute` on whole arrays, so that the bits are the same;
what depends on numbers alone it carries out as `boundcalc.evaluator.emit.scalar` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from threading import local
from typing import Any, NamedTuple

import numpy as np

from boundcalc.evaluator.emit.scalar import HELPERS, boxed_and_risky, in_box, in_range, scalar
from boundcalc.evaluator.emit.source import SHARED, literal, written
from boundcalc.evaluator.program.instructions import Instruction, Program
from boundcalc.evaluator.running.kernels import KERNELS

__all__ = ["LARGEST", "Cells"]

LARGEST = 3 << 17  # cells; beyond, blocks in cache and in place are faster
_LARGEST_COLUMN = 1 << 15  # the same where an argument fills the grid: then all operations do
_KEPT = 32  # kinds of calls: which arguments are arrays
_MOST = 32  # arrays that NumPy 2.0 broadcasts at once
_DOUBLE = np.dtype(np.float64)
_NUMBERS = {int, np.float64, np.int64}
_OPERATORS = {name: text for name, text in SHARED.items() if name not in ("lt", "le", "square")}
_SCOPE: dict[str, Any] = {
    **HELPERS,
    **{f"{op}_": kernel.run for op, kernel in KERNELS.items()},
    "floor": lambda x: float(np.floor(x)),  # no integer, which arrays would take for an object
    "ceil": lambda x: float(np.ceil(x)),
}


class _Careful(local):
    """For each thread a context in which leaving the range of doubles raises: entering it costs less than making one."""

    def __init__(self) -> None:
        self.run = Context().run
        self.run(lambda: np.seterr(over="raise", under="raise", divide="ignore", invalid="ignore"))


_careful = _Careful()


class _Code(NamedTuple):
    """What one kind of call runs, and which of its arguments are arrays."""

    run: Callable[..., Any]
    arrays: tuple[int, ...]


class Cells:
    """A function of numbers and float64 arrays; it returns None for others, and where blocks or wider numbers are called for.

    Parameters
    ----------
    program : Program
        What to compute.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._bare = program.instructions[program.root].op in ("input", "const")
        self._known: dict[tuple[type, ...], _Code] = {}

    def __call__(self, arguments: Sequence[Any]) -> np.ndarray | None:
        """Evaluate."""
        kinds = tuple(map(type, arguments))
        code = self._known.get(kinds) or self._made(kinds)
        if code is None:
            return self._with_floats(arguments) if _NUMBERS & set(kinds) else None
        arrays = [arguments[i] for i in code.arrays]
        for a in arrays:
            if a.dtype is not _DOUBLE or (a.ndim and min(a.strides) < 0):
                return None
            if not a.ndim:
                return self._with_floats(arguments)
        try:
            frame = np.broadcast(*arrays)
            if not 0 < frame.size <= LARGEST:
                return None
            if frame.size > _LARGEST_COLUMN and any(a.size == frame.size for a in arrays):
                return None
            value = _careful.run(code.run, *arguments)
        except (ArithmeticError, ValueError, RuntimeError):
            return None
        if value is None:
            return None
        fresh = type(value) is np.ndarray and value.shape == frame.shape and not self._bare
        return value if fresh else np.array(np.broadcast_to(value, frame.shape))

    def _with_floats(self, arguments: Sequence[Any]) -> np.ndarray | None:
        single = [type(a) in _NUMBERS or (type(a) is np.ndarray and not a.ndim) for a in arguments]
        try:
            return self([float(a) if one else a for a, one in zip(arguments, single, strict=True)])
        except OverflowError:
            return None

    def _made(self, kinds: tuple[type, ...]) -> _Code | None:
        arrays = tuple(i for i, kind in enumerate(kinds) if kind is np.ndarray)
        if len(arrays) > _MOST or not {float, np.ndarray}.issuperset(kinds):
            return None
        if len(self._known) >= _KEPT:
            self._known.clear()
        code = self._known[kinds] = _Code(_compiled(self._program, arrays, len(kinds)), arrays)
        return code


def _compiled(program: Program, arrays: Sequence[int], arity: int) -> Callable[..., Any]:
    """Return the program with arrays at these places; its value is None where a number is out of range."""
    program = program.on_axes([int(i in arrays) for i in range(arity)])
    boxed, risky = boxed_and_risky(program)
    names = [f"a{i}" for i in range(arity)]
    parameters: list[Any] = []

    def express(c: Instruction, args: list[str]) -> str:
        if c.op in ("input", "const"):
            return names[c.param] if c.op == "input" else literal(c.param)
        if not c.axes:
            return scalar(c, args)
        if c.op in _OPERATORS:
            return _OPERATORS[c.op].format(*args)
        if c.param is not None:
            parameters.append(c.param)
            args = [*args, f"p[{len(parameters) - 1}]"]
        return f"{c.op}_({', '.join(args)})"

    body, texts = written(program, express, "{} = {}", risky)
    tests = [in_box(a) if i in boxed else f"{a} == {a}" for i, a in enumerate(names) if i not in arrays]
    tests += [in_range(texts[i]) for i in sorted(risky)]
    lines = [
        f"def cells({', '.join(names)}):",
        *body,
        f"return {texts[program.root]} if {' and '.join(tests) or True} else None",
    ]
    scope = _SCOPE | {"p": parameters}
    exec(compile("\n    ".join(lines), "<bound on small arrays>", "exec"), scope)
    return scope["cells"]
