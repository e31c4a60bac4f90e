"""The sides of a program's values: what is certainly above or below the exact value, and what is known of each value.

See `boundcalc.evaluator.sound.directed` for the idea; this is the book-keeping that its rules share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isnan
from typing import NamedTuple

from boundcalc.arithmetic.intervals import ANY, Range, range_of
from boundcalc.evaluator.program.instructions import Bracket, Builder, Instruction, Program

__all__ = ["Known", "Sides", "Term", "margin"]

_EPS = Fraction(1, 1 << 53)
_SLACK = 1 + Fraction(1, 10**6)  # covers products of roundings
_FREE_OF_ROUNDING = frozenset(
    {"input", "const", "neg", "abs", "min", "max", "where", "floor", "ceiling", "sign", "floor_logb", "ceiling_logb"}
    | {"kl_inverse"}  # its sides are proved
)

Term = tuple[int, int]


def margin(count: int, upper: bool) -> float:
    """Return what makes good a count of roundings, as a share of the magnitude: positive for an upper side."""
    share = float((count + 2) * _EPS * _SLACK)
    return share if upper else -share


class Known(NamedTuple):
    """What is known of a value of the plain program."""

    range: Range
    integer: bool


class Sides:
    """Keeps the sides of values; a subclass knows the side of each operation's result."""

    def __init__(
        self,
        program: Program,
        builder: Builder,
        symbols: Sequence[Range],
        integers: Sequence[bool],
        twins: Mapping[int, int],
        careful: bool,
    ) -> None:
        self.builder, self._emit = builder, builder.emit
        self._code, self._twins, self._careful = program.instructions, twins, careful
        self._terms: dict[tuple[int, bool], Term] = {}
        self._free = {i for i, c in enumerate(self._code) if c.op in _FREE_OF_ROUNDING}
        self._known: list[Known] = []
        for c in self._code:
            self._known.append(_what_is_known(c, [self._known[a] for a in c.args], symbols, integers))

    def term(self, i: int, upper: bool) -> Term:
        """Return a side of a value and its count of roundings."""
        key = (i, upper)
        if key not in self._terms:
            term = self._side(i, upper)
            if self._careful and (term[1] or i not in self._free):
                term = self._carefully(i, term, upper)
            self._terms[key] = term
        return self._terms[key]

    def settled(self, i: int, upper: bool, extra: int = 0) -> int:
        """Return a side of a value on which the exact value certainly lies; ``extra`` roundings to spare."""
        index, count = self.term(i, upper)
        return self._settle(index, count + extra, upper, self._sign(i))

    def _settle(self, index: int, count: int, upper: bool, sign: int) -> int:
        if not count:
            return index
        if not sign:
            return self._emit("widen", index, param=margin(count, upper))
        outward = upper is (sign > 0)
        return self._emit("mul", index, self._emit("const", param=1 + margin(count, outward)))

    def _carefully(self, i: int, term: Term, upper: bool) -> Term:
        index = self._emit("widen_all", term[0], param=margin(term[1], upper))
        return self._clamped(i, index, upper), 0

    def _clamped(self, i: int, index: int, upper: bool) -> int:
        """Keep a value's sign: a lower side of what is not negative is not negative."""
        sign = self._sign(i)
        if sign == (-1 if upper else 1):
            return self._emit("min" if upper else "max", index, self._emit("const", param=0.0))
        return index

    def _sign(self, i: int) -> int:
        return self._known[i].range.sign

    def _exact(self, i: int) -> int | None:
        """Return the instruction of a value that is known exactly, else None."""
        low, high = self.term(i, False), self.term(i, True)
        return low[0] if low == high and not low[1] else None

    def _side(self, i: int, upper: bool) -> Term:
        raise NotImplementedError


def _what_is_known(c: Instruction, args: list[Known], symbols: Sequence[Range], integers: Sequence[bool]) -> Known:
    if c.op == "input":
        return Known(symbols[c.param], integers[c.param])
    if c.op == "const":
        if isinstance(c.param, bool):
            return Known(ANY, False)
        low, high = c.param if isinstance(c.param, Bracket) else (c.param, c.param)
        if isnan(low):
            return Known(ANY, False)
        return Known(Range(low, high), low == high and low.is_integer())
    whole = c.op in ("floor", "ceiling") or (c.op in ("add", "sub", "mul", "neg") and all(a.integer for a in args))
    return Known(range_of(c.op, c.param, [a.range for a in args]), whole)
