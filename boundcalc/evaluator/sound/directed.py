"""Sound rounding: from a program to one whose result is never on the wrong side of the exact value.

Each value is followed on the sides that are needed: an upper side u with a count k such that the exact value
is at most u + k eps |u| (eps = 2**-53), a lower side likewise. Counts grow by one for each rounding and are made
good ("settled") only where signs differ or a function needs it, so that most operations cost what they cost
without. A result on more axes than its operands is not widened itself: they are (of two factors one), by one rounding
more.

If a product under- or overflows on the way, relative counts say nothing; the caller then runs the program in extended
precision, whose range is wider and whose roundings are smaller, or if that does not do either, the `careful`
program, in which every single value is settled, by a multiple of eps and of the smallest double.

The library functions (NumPy's, SciPy's, the C library's) are taken to keep what `boundcalc.arithmetic.promises` says of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from boundcalc.arithmetic.intervals import Range
from boundcalc.arithmetic.promises import roundings
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.program.instructions import Bracket, Builder, Instruction, Program
from boundcalc.evaluator.sound.arithmetic import ArithmeticSides
from boundcalc.evaluator.sound.choices import ChoiceSides
from boundcalc.evaluator.sound.sides import Term, margin

__all__ = ["make_sound"]

_TINY = 1e-305  # below, a library function may have left the range where its error is relative
_FUNCTIONS = frozenset({"log", "logb", "exp", "powi", "power", "powr", "gamma", "binomial", "loggamma", "kl"})
_RISING = frozenset({"log", "logb", "exp"})
_MAY_LEAVE = _FUNCTIONS - {"log", "logb", "loggamma"}  # the normal range, where their error is no longer relative
_MAY_CHANGE_SIGN = frozenset({"log", "logb", "powi"})  # by what makes them sound
_EXACT_RISING = frozenset({"floor", "ceiling", "sign", "floor_logb", "ceiling_logb"})


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


class Directed(ArithmeticSides, ChoiceSides):
    """Follows the sides of values from operands to results: here the result itself and the functions."""

    def _side(self, i: int, upper: bool) -> Term:
        c = self._code[i]
        if c.op == "input":
            return self._emit("input", param=self._twins.get(c.param, c.param) if upper else c.param), 0
        if c.op == "const":
            bracket = c.param if isinstance(c.param, Bracket) else Bracket(c.param, c.param)
            return self._emit("const", param=bracket.high if upper else bracket.low), 0
        if c.op in _EXACT_RISING:
            return self._rounded(c, upper), 0
        if c.op in _FUNCTIONS:
            index, count = self._function(c, upper)
            return (self._clamped(i, index, upper) if c.op in _MAY_CHANGE_SIGN else index), count
        rule = getattr(self, f"_{c.op}", None)
        if rule is None:
            raise InvalidInputError(f"sound rounding of {c.op} is not available")
        term: Term = rule(i, c, upper)
        return term

    def result(self, i: int, upper: bool) -> int:
        """Return the settled side of the program's value, widening smaller operands rather than a larger result."""
        c = self._code[i]
        if self._careful or any(self._code[a].axes == c.axes for a in c.args):
            return self.settled(i, upper)
        if c.op in ("add", "sub"):
            a = self.settled(c.args[0], upper, extra=1)
            b = self.settled(c.args[1], upper is (c.op == "add"), extra=1)
            return self._emit(c.op, a, b)
        if c.op in ("mul", "div") and self._sign(c.args[0]) and self._sign(c.args[1]):
            (x, j), (y, k) = self._factors(c, upper)
            outward = upper is (self._sign(c.args[1]) > 0)
            return self._emit(c.op, self._settle(x, j + k + 1, outward, self._sign(c.args[0])), y)
        return self.settled(i, upper)

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
        count = roundings(c.op)
        if c.op in _RISING:
            index = self._emit(c.op, self._argument(c, upper), param=c.param)
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

    def _loggamma(self, c: Instruction, upper: bool) -> int:
        """Rising from 2 on; what it may be off near its zero there is a share of 1, which is added."""
        if self._known[c.args[0]].range.low < 2:
            raise InvalidInputError("sound rounding of loggamma needs an argument that is at least 2")
        value = self._emit("loggamma", self.settled(c.args[0], upper))
        slack = self._emit("const", param=margin(roundings("loggamma"), upper))
        moved = self._emit("add", value, slack)
        return moved if upper else self._emit("max", moved, self._emit("const", param=0.0))

    def _kl(self, c: Instruction, upper: bool) -> int:
        """Largest at a corner, smallest (0 on the diagonal) at the corner next to it."""
        (q, roof), (p, top) = ([self._in_unit(a, side) for side in (False, True)] for a in c.args)
        if q == roof and p == top:
            return self._emit("kl", q, p)
        left, right = self._emit("kl", q, top), self._emit("kl", roof, p)
        if upper:
            return self._emit("max", left, right)
        beyond = self._emit("where", self._emit("lt", top, q), left, self._emit("const", param=0.0))
        return self._emit("where", self._emit("lt", roof, p), right, beyond)

    def _kl_inverse(self, i: int, c: Instruction, upper: bool) -> Term:
        q, a = self._in_unit(c.args[0], upper), self._inside(c.args[1], upper, 0.0)
        return self._emit("kl_inverse_beyond", q, a, param=upper), 0

    def _in_unit(self, a: int, upper: bool) -> int:
        """Return a side, cut at 0 and 1 if only rounding takes it beyond."""
        index, bottom = self._inside(a, upper, 0.0), self.settled(a, False)
        if not upper or index == bottom:
            return index
        one = self._emit("const", param=1.0)
        return self._emit("where", self._emit("lt", one, bottom), index, self._emit("min", index, one))

    def _only_exact(self, c: Instruction, upper: bool) -> int:
        operands = [self._exact(a) for a in c.args]
        if None in operands:
            raise InvalidInputError(f"sound rounding of {c.op} needs an argument without rounding")
        return self._emit(c.op, *(o for o in operands if o is not None))

    _gamma = _binomial = _only_exact
