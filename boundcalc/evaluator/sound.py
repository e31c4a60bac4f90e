"""Sound rounding: from a program to one whose result is never on the wrong side of the exact value.

Each value is followed on the sides that are needed: an upper side u with a count k such that the exact value
is at most u + k eps |u| (eps = 2**-53), a lower side likewise. Counts grow by one for each rounding and are made
good ("settled") only where signs differ or a function needs it, so that most operations cost what they cost
without. A result on more axes than its operands is not widened itself: its operands are, by one rounding more.

If a product under- or overflows on the way, relative counts say nothing; the caller then runs the program in extended
precision, whose range is wider and whose roundings are smaller, or if that does not do either, the `careful`
program, in which every single value is settled, by a multiple of eps and of the smallest double.

The library functions (NumPy's, SciPy's, the C library's) are assumed to be within the bounds of `_FUNCTION_ROUNDINGS`;
measured, they are within a quarter of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, inf
from typing import Any

from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.lower import Bracket
from boundcalc.evaluator.program import Builder, Instruction, Program
from boundcalc.evaluator.ranges import Range
from boundcalc.evaluator.sides import Sides, Term, margin

__all__ = ["make_sound"]

_TINY = 1e-305  # below, a library function may have left the range where its error is relative
_FUNCTION_ROUNDINGS = {
    "log": 8,
    "logb": 16,
    "exp": 8,
    "erf": 16,
    "erfc": 64,
    "tanh": 16,
    "atan": 16,
    "sin": 16,
    "cos": 16,
    "lambertw": 32,
    "powi": 8,
    "power": 8,
    "powr": 24,
    "gamma": 64,
    "binomial": 256,
}
_RISING = frozenset({"log", "logb", "exp", "erf", "tanh", "atan"})
_MAY_LEAVE = frozenset(  # the normal range, where their error is no longer relative
    {"exp", "erf", "erfc", "tanh", "atan", "sin", "lambertw", "gamma", "binomial", "power", "powi", "powr"}
)
_MAY_CHANGE_SIGN = frozenset({"log", "logb", "lambertw", "erf", "tanh", "atan", "powi"})  # by what makes them sound
_EXACT_RISING = frozenset({"floor", "ceiling", "sign", "floor_logb", "ceiling_logb"})

Truth = tuple[int, int]


def make_sound(
    program: Program,
    input_axes: Sequence[int],
    symbols: Sequence[Range],
    integers: Sequence[bool],
    *,
    upper: bool,
    twins: Mapping[int, int],
    careful: bool,
) -> Program:
    """Return the program of an upper or a lower bound.

    Parameters
    ----------
    program : Program
        Lowered with brackets for constants that are no doubles.
    input_axes, symbols, integers : sequence
        For each argument its axes, its range and whether it is an integer.
    upper : bool
        The side.
    twins : mapping from int to int
        Arguments that are no doubles come as two: below the exact value, and at this position, above.
    careful : bool
        Settle every value.
    """
    directed = Directed(program, Builder(input_axes), symbols, integers, twins, careful)
    root = directed.result(program.root, upper)
    return Program(tuple(directed.builder.instructions), root)


class Directed(Sides):
    """Follows the sides of values from operands to results."""

    def _side(self, i: int, upper: bool) -> Term:
        c = self._code[i]
        if c.op == "input":
            return self._emit("input", param=self._twins.get(c.param, c.param) if upper else c.param), 0
        if c.op == "const":
            bracket = c.param if isinstance(c.param, Bracket) else Bracket(c.param, c.param)
            return self._emit("const", param=bracket.high if upper else bracket.low), 0
        if c.op in _EXACT_RISING:
            return self._rounded(c, upper), 0
        if c.op in _FUNCTION_ROUNDINGS:
            index, count = self._function(c, upper)
            return (self._clamped(i, index, upper) if c.op in _MAY_CHANGE_SIGN else index), count
        rule = getattr(self, f"_{c.op}", None)
        if rule is None:
            raise InvalidInputError(f"sound rounding of {c.op} is not available")
        term: Term = rule(i, c, upper)
        return term

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
            (x, j), (y, k) = self._toward(a, upper, self._sign(b)), self._toward(b, upper, self._sign(a))
            exact = any(_is_power_of_two(self._code[o].param) for o in (a, b) if self._code[o].op == "const")
            if exact and all(self._known[o].integer for o in (a, b) if self._code[o].op != "const"):
                self._free.add(i)
            return self._emit("mul", x, y), j + k + (not exact)
        return self._extreme("mul", self._ends(a), self._ends(b), upper), 1

    def _toward(self, i: int, upper: bool, other_sign: int) -> Term:
        """Return the side of a factor that moves a product up (or down), given the other factor's sign."""
        return self.term(i, upper is (other_sign > 0))

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
            (x, j) = self._toward(a, upper, self._sign(b))
            (y, k) = self.term(b, upper is not (self._sign(a) > 0))
            return self._emit("div", x, y), j + k + 1
        return self._quotient_of_any_sign(self._ends(a), b, upper), 1

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
        if upper or index == top:
            return index
        end = self._emit("const", param=least)
        return self._emit("where", self._emit("lt", top, end), index, self._emit("max", index, end))

    # functions

    def _rounded(self, c: Instruction, upper: bool) -> int:
        """Floor and the like: exact on what is known exactly, also on integer / integer (see `_quotient`)."""
        a = c.args[0]
        inner = self._code[a]
        if c.op in ("floor", "ceiling") and inner.op == "div" and all(self._known[o].integer for o in inner.args):
            x, y = (self._exact(o) for o in inner.args)
            if x is not None and y is not None and self._code[inner.args[1]].op == "const":
                return self._quotient(c, x, y, upper)
        return self._emit(c.op, self.settled(a, upper), param=c.param)

    def _quotient(self, c: Instruction, x: int, y: int, upper: bool) -> int:
        """Round a quotient of integers: below 2**53 its rounded value is whole only if it is, so nothing is lost."""
        index = self._emit(c.op, self._emit("div", x, y))
        divisor = self.builder.instructions[y].param
        return self._emit("widen_large", index, param=margin(int(divisor) + 2, upper))

    def _function(self, c: Instruction, upper: bool) -> Term:
        count = _FUNCTION_ROUNDINGS[c.op]
        if c.op in _RISING:
            index = self._emit(c.op, self._argument(c, upper), param=c.param)
        elif c.op == "erfc":
            index = self._emit("erfc", self.settled(c.args[0], not upper))
        else:
            index = getattr(self, f"_{c.op}")(c, upper)
        return (self._kept_away(index, upper) if c.op in _MAY_LEAVE else index), count

    def _argument(self, c: Instruction, upper: bool) -> int:
        """Return the side of a rising function's argument."""
        if c.op not in ("log", "logb") or self._sign(c.args[0]) > 0:
            return self.settled(c.args[0], upper)
        return self._inside(c.args[0], upper, 0.0)

    def _kept_away(self, index: int, upper: bool) -> int:
        """Replace magnitudes too small for a relative error by a safe end."""
        return self._emit("above_tiny" if upper else "below_tiny", index, param=_TINY)

    def _powi(self, c: Instruction, upper: bool) -> int:
        a = c.args[0]
        if self._sign(a) > 0 or c.param % 2:
            return self._emit("powi", self.settled(a, upper), param=c.param)
        index, count = self._magnitude(a, upper)
        return self._emit("powi", self._settle(index, count, upper, 1), param=c.param)

    def _powr(self, c: Instruction, upper: bool) -> int:
        return self._emit("powr", self._inside(c.args[0], upper, 0.0), param=c.param)

    def _power(self, c: Instruction, upper: bool) -> int:
        base = list(dict.fromkeys(self._inside(c.args[0], side, 0.0) for side in (False, True)))
        return self._extreme("power", base, self._ends(c.args[1]), upper)

    def _lambertw(self, c: Instruction, upper: bool) -> int:
        rising = c.param == 0
        side = self.settled(c.args[0], upper is rising)
        value = self._emit("lambertw", side, param=c.param)
        if self._exact(c.args[0]) is not None or upper is rising:
            return value
        edge = self._emit("const", param=-0.36787944117144233)  # the double below -1/e: rounding left the domain
        return self._emit("where", self._emit("le", side, edge), self._emit("const", param=-1.0), value)

    def _wave(self, c: Instruction, upper: bool) -> int:
        """Sine and cosine move no faster than their argument."""
        low, high = self.settled(c.args[0], False), self.settled(c.args[0], True)
        value = self._emit(c.op, high if upper else low)
        if low == high:
            return value
        spread = self._emit("widen_all", self._emit("sub", high, low), param=margin(0, True))
        return self._emit("add" if upper else "sub", value, spread)

    _sin = _cos = _wave

    def _only_exact(self, c: Instruction, upper: bool) -> int:
        operands = [self._exact(a) for a in c.args]
        if None in operands:
            raise InvalidInputError(f"sound rounding of {c.op} needs an argument without rounding")
        return self._emit(c.op, *(o for o in operands if o is not None))

    _gamma = _binomial = _only_exact

    # choices

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


def _is_power_of_two(value: Any) -> bool:
    return isinstance(value, float) and value != 0 and abs(value.as_integer_ratio()[0]).bit_count() == 1
