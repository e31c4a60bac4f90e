"""Sides of minima, maxima and case distinctions; see `boundcalc.evaluator.sound.directed`."""

from __future__ import annotations

from boundcalc.evaluator.program.instructions import Instruction
from boundcalc.evaluator.sound.sides import Sides, Term

__all__ = ["ChoiceSides"]

Truth = tuple[int, int]


class ChoiceSides(Sides):
    """The rules of choices, one method for each instruction; a condition has two: when it surely holds, and may hold."""

    def _min(self, i: int, c: Instruction, upper: bool) -> Term:
        (a, j), (b, k) = (self.term(o, upper) for o in c.args)
        return self._emit(c.op, a, b), max(j, k)

    _max = _min

    def _where(self, i: int, c: Instruction, upper: bool) -> Term:
        surely, perhaps = self._truth(c.args[0])
        (a, j), (b, k) = (self.term(o, upper) for o in c.args[1:])
        if surely == perhaps:
            return self._emit("where", surely, a, b), max(j, k)
        either = self._emit("max" if upper else "min", a, b)
        return self._emit("where", surely, a, self._emit("where", perhaps, either, b)), max(j, k)

    def _truth(self, i: int) -> Truth:
        """Return when a condition surely holds, and when it may."""
        c = self._code[i]
        if c.op == "const":
            index = self._emit("const", param=c.param)
            return index, index
        if c.op == "not":
            surely, perhaps = self._truth(c.args[0])
            return self._emit("not", perhaps), self._emit("not", surely)
        if c.op in ("and", "or"):
            (s, p), (t, q) = map(self._truth, c.args)
            return self._emit(c.op, s, t), self._emit(c.op, p, q)
        return self._relation(c)

    def _relation(self, c: Instruction) -> Truth:
        exact = [self._exact(a) for a in c.args]
        if None not in exact:
            index = self._emit(c.op, *(x for x in exact if x is not None))
            return index, index
        (a, top), (b, roof) = ((self.settled(o, False), self.settled(o, True)) for o in c.args)
        if c.op in ("lt", "le"):
            return self._emit(c.op, top, b), self._emit(c.op, a, roof)
        meet = self._emit("and", self._emit("le", a, roof), self._emit("le", b, top))
        apart = self._emit("not", meet)
        never, always = self._emit("const", param=False), self._emit("const", param=True)
        return (never, meet) if c.op == "eq" else (apart, always)
