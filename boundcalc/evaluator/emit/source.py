"""From a program to lines of source code: what every language shares."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

from boundcalc.evaluator.program.instructions import Instruction, Program

__all__ = ["REPEATING", "SHARED", "literal", "written"]

_DEEP = 20  # brackets within brackets, at most

#: Operations that are written alike.
SHARED = {
    "add": "({}+{})",
    "sub": "({}-{})",
    "mul": "({}*{})",
    "div": "({}/{})",
    "neg": "(-{})",
    "recip": "(1.0/{})",
    "square": "({0}*{0})",
    "lt": "({}<{})",
    "le": "({}<={})",
}
#: Operations whose text may hold an operand twice, which is then given a name.
REPEATING = frozenset({"square", "min", "max"})


def written(
    program: Program, express: Callable[[Instruction, list[str]], str], declare: str, named: Collection[int] = ()
) -> tuple[list[str], list[str]]:
    """Return the declarations, and for each instruction what it is called: a name where it is used again, or its text.

    Parameters
    ----------
    program : Program
    express : callable
        From an instruction and the texts of its operands to its own.
    declare : str
        How a name is given to a text, such as ``"{} = {}"``.
    named : collection of int
        Instructions that need a name.
    """
    code = program.instructions
    uses = [0] * len(code)
    for c in code:
        for a in c.args:
            uses[a] += 2 if c.op in REPEATING else 1
    lines: list[str] = []
    texts: list[str] = []
    depths: list[int] = []
    for i, c in enumerate(code):
        text, depth = express(c, [texts[a] for a in c.args]), 1 + max((depths[a] for a in c.args), default=0)
        if c.op not in ("input", "const") and (uses[i] > 1 or i in named or depth >= _DEEP):
            lines.append(declare.format(f"v{i}", text))
            text, depth = f"v{i}", 1
        texts.append(text)
        depths.append(depth)
    return lines, texts


def literal(value: Any) -> str:
    """Return a constant as Python writes it."""
    if isinstance(value, bool) or math.isfinite(value):
        return repr(value) if isinstance(value, bool) or value >= 0 else f"({value!r})"
    return "nan" if value != value else "inf" if value > 0 else "(-inf)"
