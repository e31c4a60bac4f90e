"""A stored bound at one point, soundly rounded, without SymPy: the program is data, and what may be given is checked.

It gives the double that `Bound.evaluate(..., sound=True)` gives, since the same program is made sound and run in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from boundcalc.arithmetic.intervals import Range
from boundcalc.arithmetic.rounding import above, below, rounded
from boundcalc.evaluator.program.instructions import Bracket, Instruction, Program, own_axes
from boundcalc.evaluator.running.execute import execute
from boundcalc.evaluator.running.schedule import schedule
from boundcalc.evaluator.sound.directed import make_sound

__all__ = ["PointValue", "value_at", "written_instruction"]


class PointValue(NamedTuple):
    """A bound's value, and whether it is vacuous (None where that cannot be told)."""

    value: float
    vacuous: bool | None


def value_at(point: Mapping[str, Any], numbers: Mapping[str, Fraction | float], *, lower: bool) -> PointValue | None:
    """Return a stored bound's value at numbers for all of its symbols.

    Parameters
    ----------
    point : mapping
        Symbols, ties, programs (see `boundcalc.catalogue.sheets`).
    numbers : mapping of str to Fraction or float
        What is given, exactly.
    lower : bool
        Whether it is a lower bound.

    Returns
    -------
    PointValue or None
        None if a symbol has no value or a value is not allowed, if a name is not the bound's, or if doubles leave their range
        on the way: the evaluator then has more to say.
    """
    symbols = point["symbols"]
    if numbers.keys() != symbols.keys() or not all(_allowed(numbers[name], about) for name, about in symbols.items()):
        return None
    if not all(_holds(tie, numbers) for tie in point["ties"]):
        return None
    given = [numbers[name] for name in symbols]
    lows, highs = [below(x) for x in given], [above(x) for x in given]
    inexact = [i for i, (low, high) in enumerate(zip(lows, highs, strict=True)) if low != high]
    about = [*symbols.values(), *(symbols[list(symbols)[i]] for i in inexact)]
    twins = {i: len(given) + k for k, i in enumerate(inexact)}
    axes = own_axes(len(about), twins)
    sound = make_sound(
        _program(point["program"]).on_axes(axes),
        axes,
        [_range(one) for one in about],
        [one["integer"] for one in about],
        upper=not lower,
        twins=twins,
        careful=False,
    )
    try:
        value = _run(sound, [*lows, *(highs[i] for i in inexact)])
        anyway = None if point["anyway"] is None else _run(_program(point["anyway"]), [rounded(x) for x in given])
    except FloatingPointError:
        return None
    if value != value:
        return None
    return PointValue(value, None if anyway is None else (value <= anyway if lower else value >= anyway))


def _allowed(value: Fraction | float, about: Mapping[str, Any]) -> bool:
    """Return whether an exact number lies in a symbol's domain and among the doubles."""
    if not isinstance(value, Fraction) or not (isfinite(near := rounded(value)) and (near or not value)):
        return False
    if about["whole"] and value.denominator != 1:
        return False
    return any(_within(value, *part) for part in about["parts"])


def _within(value: Fraction, low: str, high: str, low_open: bool, high_open: bool) -> bool:
    least, most = _end(low), _end(high)
    return (value > least if low_open else value >= least) and (value < most if high_open else value <= most)


def _end(text: str) -> Fraction | float:
    return float(text) if text.endswith("inf") else Fraction(text)


def _holds(tie: Sequence[str], numbers: Mapping[str, Any]) -> bool:
    low, relation, high = tie
    least, most = (numbers[side] if side in numbers else Fraction(side) for side in (low, high))
    return least < most if relation == "<" else least <= most


def _range(about: Mapping[str, Any]) -> Range:
    low, high, low_open, high_open = about["range"]
    return Range(float(low), float(high), low_open, high_open)


def _run(program: Program, numbers: Sequence[float]) -> float:
    out = np.empty(())
    plan = schedule(program.on_axes((0,) * len(numbers)), ())
    execute(plan, (), [np.array(x) for x in numbers], out, dtype=np.float64, errors="raise")
    return float(out)


_WHOLE = frozenset({"input", "powi", "logb", "floor_logb", "ceiling_logb"})


def written_instruction(c: Instruction) -> str:
    """Return an instruction as text: its operation, its operands, its parameter.

    >>> written_instruction(Instruction("const", (), 0.5, 0)), written_instruction(Instruction("mul", (0, 1), None, 0))
    ('const 0.5', 'mul 0 1')
    """
    parameter = c.param if isinstance(c.param, Bracket) else () if c.param is None else (c.param,)
    return " ".join([c.op, *map(str, c.args), *(repr(x) if isinstance(x, float) else str(x) for x in parameter)])


def _program(data: Mapping[str, Any]) -> Program:
    return Program(tuple(map(_instruction, data["code"])), data["root"])


def _instruction(text: str) -> Instruction:
    op, *words = text.split()
    if op == "const":
        return Instruction(op, (), _constant(words), 0)
    last = words.pop() if op in _WHOLE or op == "powr" else None
    parameter = None if last is None else Fraction(last) if op == "powr" else int(last)
    return Instruction(op, tuple(map(int, words)), parameter, 0)


def _constant(words: Sequence[str]) -> Any:
    if words[0] in ("True", "False"):
        return words[0] == "True"
    return Bracket(*map(float, words)) if len(words) == 2 else float(words[0])
