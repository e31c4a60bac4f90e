"""Sides of sums, products, quotients, squares, magnitudes and square roots; see `boundcalc.evaluator.sound.directed`."""

from __future__ import annotations

from math import ceil, inf
from typing import Any

from boundcalc.evaluator.program.instructions import Instruction
from boundcalc.evaluator.sound.sides import Sides, Term, margin

__all__ = ["ArithmeticSides"]


class ArithmeticSides(Sides):
    """The rules of arithmetic, one method for each instruction."""

    # sums

    def _add(self, i: int, c: Instruction, upper: bool) -> Term:
        return self._sum(i, c, upper, upper, self._sign(c.args[1]))

    def _sub(self, i: int, c: Instruction, upper: bool) -> Term:
        return self._sum(i, c, upper, not upper, -self._sign(c.args[1]))

    def _sum(self, i: int, c: Instruction, upper: bool, second_upper: bool, second_sign: int) -> Term:
        if self._sign(c.args[0]) * second_sign > 0:
            (a, j), (b, k) = self.term(c.args[0], upper), self.term(c.args[1], second_upper)
            return self._emit(c.op, a, b), max(j, k) + 1
        a, b = self.settled(c.args[0], upper), self.settled(c.args[1], second_upper)
        index = self._emit(c.op, a, b)
        if self._sign(i):
            return self._clamped(i, self._emit("widen", index, param=margin(1, upper)), upper), 0
        return index, 1

    def _neg(self, i: int, c: Instruction, upper: bool) -> Term:
        index, count = self.term(c.args[0], not upper)
        return self._emit("neg", index), count

    # products

    def _mul(self, i: int, c: Instruction, upper: bool) -> Term:
        a, b = c.args
        if self._sign(a) and self._sign(b):
            (x, j), (y, k) = self._factors(c, upper)
            exact = any(_is_power_of_two(self._code[o].param) for o in (a, b) if self._code[o].op == "const")
            if exact and all(self._known[o].integer for o in (a, b) if self._code[o].op != "const"):
                self._free.add(i)
            return self._emit("mul", x, y), j + k + (not exact)
        return self._extreme("mul", self._towards(a, b, upper), self._towards(b, a, upper), upper), 1

    def _towards(self, i: int, other: int, upper: bool) -> list[int]:
        """Return the ends of a factor at which a product may be extreme: one, where the other factor has a known sign."""
        sign = self._sign(other)
        return [self.settled(i, upper is (sign > 0))] if sign else self._ends(i)

    def _factors(self, c: Instruction, upper: bool) -> tuple[Term, Term]:
        """Return the sides of two operands of known sign that move their product or quotient up (or down)."""
        a, b = c.args
        along = upper if c.op == "mul" else not upper
        return self.term(a, upper is (self._sign(b) > 0)), self.term(b, along is (self._sign(a) > 0))

    def _ends(self, i: int) -> list[int]:
        return list(dict.fromkeys((self.settled(i, False), self.settled(i, True))))

    def _extreme(self, op: str, first: list[int], second: list[int], upper: bool) -> int:
        results = [self._emit(op, x, y) for x in first for y in second]
        index = results[0]
        for other in results[1:]:
            index = self._emit("max" if upper else "min", index, other)
        return index

    def _div(self, i: int, c: Instruction, upper: bool) -> Term:
        a, b = c.args
        if self._sign(a) and self._sign(b):
            (x, j), (y, k) = self._factors(c, upper)
            return self._emit("div", x, y), j + k + 1
        return self._quotient_of_any_sign(self._towards(a, b, upper), b, upper), 1

    def _recip(self, i: int, c: Instruction, upper: bool) -> Term:
        if self._sign(c.args[0]):
            index, count = self.term(c.args[0], not upper)
            return self._emit("recip", index), count + 1
        return self._quotient_of_any_sign([self._emit("const", param=1.0)], c.args[0], upper), 1

    def _quotient_of_any_sign(self, above: list[int], below: int, upper: bool) -> int:
        """Divide; nothing is known where the divisor may be 0 only by rounding."""
        ends = self._ends(below)
        value = self._extreme("div", above, ends, upper)
        if len(ends) == 1:
            return value
        zero, infinite = self._emit("const", param=0.0), self._emit("const", param=inf if upper else -inf)
        around = self._emit("and", self._emit("le", ends[0], zero), self._emit("le", zero, ends[1]))
        return self._emit("where", around, infinite, value)

    def _square(self, i: int, c: Instruction, upper: bool) -> Term:
        a = c.args[0]
        exact = self._exact(a)
        if exact is not None:
            return self._emit("square", exact), 1
        index, count = self._magnitude(a, upper)
        return self._emit("square", index), 2 * count + 1

    def _abs(self, i: int, c: Instruction, upper: bool) -> Term:
        exact = self._exact(c.args[0])
        return (self._emit("abs", exact), 0) if exact is not None else self._magnitude(c.args[0], upper)

    def _magnitude(self, a: int, upper: bool) -> Term:
        """Return a side of |a|."""
        sign = self._sign(a)
        if sign:
            index, count = self.term(a, upper is (sign > 0))
            return (index if sign > 0 else self._emit("neg", index)), count
        low, high = self.settled(a, False), self.settled(a, True)
        if upper:
            return self._emit("max", self._emit("neg", low), high), 0
        inside = self._emit("max", low, self._emit("neg", high))
        return self._emit("max", inside, self._emit("const", param=0.0)), 0

    def _sqrt(self, i: int, c: Instruction, upper: bool) -> Term:
        a = c.args[0]
        if self._sign(a) > 0:
            index, count = self.term(a, upper)
            return self._emit("sqrt", index), ceil(count / 2) + 1
        return self._emit("sqrt", self._inside(a, upper, 0.0)), 1

    def _inside(self, a: int, upper: bool, least: float) -> int:
        """Return a side, cut at the end of the domain if only rounding takes it out."""
        index, top = self.settled(a, upper), self.settled(a, True)
        if index == top:
            return index
        end = self._emit("const", param=least)
        return self._emit("where", self._emit("lt", top, end), index, self._emit("max", index, end))


def _is_power_of_two(value: Any) -> bool:
    return isinstance(value, float) and value != 0 and abs(value.as_integer_ratio()[0]).bit_count() == 1
