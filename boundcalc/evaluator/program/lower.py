"""From nodes to a straight-line program for arrays with given axes.

In sums, products, minima and maxima operands on the same axes are combined first, then the pair whose
union of axes spans the fewest cells. Below floor, ceiling and relations the expression is taken literally:
one division at the end, so that n/3 is the correctly rounded quotient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from boundcalc.arithmetic.nodes import BOOLEAN, Node, Pool
from boundcalc.arithmetic.numbers import enclosed
from boundcalc.arithmetic.rounding import above, below, rounded
from boundcalc.evaluator.program.costs import fold_order, spanned
from boundcalc.evaluator.program.instructions import Bracket, Builder, Program

__all__ = ["Lowering", "lower"]

_ONE = Fraction(1)
_LITERAL_BELOW = frozenset({"floor", "ceiling", "lt", "le", "eq", "ne"})


#: Terms of a sum from which on it is halved, so that its program is not as deep as it is long.
_MANY = 40


def lower(root: Node, input_axes: Sequence[int], sizes: Sequence[int], *, brackets: bool = False) -> Program:
    """Return the program of a node.

    Parameters
    ----------
    root : Node
        Expression, rewritten or not.
    input_axes : sequence of int
        For each argument the bit mask of the axes along which it varies.
    sizes : sequence of int
        Number of cells along each axis.
    brackets : bool
        Leave constants that are no doubles as the two doubles around them, for sound rounding.
    """
    builder = Builder(input_axes)
    index = Lowering(builder, sizes, brackets=brackets).value(root, literal=False)
    return Program(tuple(builder.instructions), index)


class Lowering:
    """Emits the instructions of nodes into a builder."""

    def __init__(self, builder: Builder, sizes: Sequence[int], *, brackets: bool = False) -> None:
        self._brackets = brackets
        self._builder, self._emit = builder, builder.emit
        self._known: dict[tuple[int, bool], int] = {}
        self._cells = cache(lambda mask: spanned(mask, sizes))

    def value(self, node: Node, *, literal: bool) -> int:
        """Return the instruction that holds a node's value."""
        key = (id(node), literal)
        if key not in self._known:
            self._known[key] = self._fresh(node, literal)
        return self._known[key]

    def _fresh(self, node: Node, literal: bool) -> int:
        op = node.op
        if node.support == 0 and op not in BOOLEAN:
            return self._constant(constant(node), node)
        if op == "symbol":
            return self._emit("input", param=node.value)
        if op in ("true", "false"):
            return self._emit("const", param=op == "true")
        if op == "add":
            return self._positive(self._sum([self._signed(a, literal) for a in node.args]))
        if op == "mul":
            return self._positive(self._signed(node, literal))
        if op == "pow":
            index, inverted = self._power(node, literal)
            return self._emit("recip", index) if inverted else index
        return self._function(node, literal or op in _LITERAL_BELOW)

    def _function(self, node: Node, literal: bool) -> int:
        if node.op in ("floor", "ceiling") and node.args[0].op == "logb":
            log = node.args[0]
            return self._emit(f"{node.op}_logb", self.value(log.args[0], literal=literal), param=log.value)
        args = [self.value(a, literal=literal) for a in node.args]
        if node.op in ("min", "max", "and", "or"):
            return self._fold(args, lambda a, b: self._emit(node.op, a, b), int)
        if node.op == "select":
            return self._select(args)
        return self._emit(node.op, *args, param=node.value)

    def _select(self, args: list[int]) -> int:
        result = args[-1]
        for condition, value in zip(args[-3::-2], args[-2::-2], strict=True):
            result = self._emit("where", condition, value, result)
        return result

    def _constant(self, value: Any, node: Node | None = None) -> int:
        """Emit a number: a Fraction, or a big float, which is the value of a node or of its negative."""
        if not self._brackets:
            return self._emit("const", param=rounded(value))
        bracket = _bracket(value, node)
        return self._emit("const", param=bracket.low if bracket.low == bracket.high else bracket)

    def _fold(self, items: list[Any], join: Callable[[Any, Any], Any], index: Callable[[Any], int]) -> Any:
        """Combine items pairwise, always the pair whose result spans the fewest cells; very many of them in halves."""
        items = list(items)
        if len(items) > _MANY:
            half = len(items) // 2
            return join(self._fold(items[:half], join, index), self._fold(items[half:], join, index))
        masks = [self._builder.axes(index(item)) for item in items]
        for i, j, _ in fold_order(masks, self._cells):
            second = items.pop(j)
            items[i] = join(items[i], second)
        return items[0]

    def _positive(self, signed: tuple[int, bool]) -> int:
        index, positive = signed
        return index if positive else self._emit("neg", index)

    def _signed(self, node: Node, literal: bool) -> tuple[int, bool]:
        """Return a term without its sign, and whether the sign is plus."""
        if node.op == "number" and isinstance(node.value, Fraction):
            return self._constant(abs(node.value)), node.value >= 0
        if node.op != "mul":
            return self.value(node, literal=literal), True
        return self._literal_product(node) if literal else self._product(node)

    def _sum(self, terms: list[tuple[int, bool]]) -> tuple[int, bool]:
        def join(a: tuple[int, bool], b: tuple[int, bool]) -> tuple[int, bool]:
            if a[1] == b[1]:
                return self._emit("add", a[0], b[0]), a[1]
            first, second = (a, b) if a[1] else (b, a)
            return self._emit("sub", first[0], second[0]), True

        return self._fold(terms, join, lambda term: term[0])

    def _product(self, node: Node) -> tuple[int, bool]:
        """Multiply; all factors without symbols are one correctly rounded constant."""
        items = [self._factor(f, False) for f in node.args if f.support]
        fixed = [f for f in node.args if not f.support]
        whole = Pool().mul(*fixed)
        scale = constant(whole)
        if abs(scale) != 1:
            items.append((self._constant(abs(scale), whole), False))
        index, inverted = self._fold(items, self._join_factors, lambda item: item[0])
        return self._emit("recip", index) if inverted else index, not scale < 0

    def _join_factors(self, a: tuple[int, bool], b: tuple[int, bool]) -> tuple[int, bool]:
        if a[1] == b[1]:
            return self._emit("mul", a[0], b[0]), a[1]
        above, below = (a[0], b[0]) if b[1] else (b[0], a[0])
        union = self._builder.axes(above) | self._builder.axes(below)
        if self._cells(union) > 2 * self._cells(self._builder.axes(below)):  # a reciprocal on fewer cells is cheaper
            return self._emit("mul", above, self._emit("recip", below)), False
        return self._emit("div", above, below), False

    def _literal_product(self, node: Node) -> tuple[int, bool]:
        """Multiply numerators, multiply denominators, divide once."""
        scale = math.prod(
            (f.value for f in node.args if isinstance(f.value, Fraction) and f.op == "number"), start=_ONE
        )
        items = [self._factor(f, True) for f in node.args if f.op != "number"]
        items += [(self._constant(c), below) for c, below in _parts(abs(scale)) if c != 1]
        above, below = ([i for i, inverted in items if inverted is low] for low in (False, True))
        product = [self._fold(part, self._times, int) for part in (above, below) if part]
        if not below:
            return product[0], scale >= 0
        return self._emit("div", *product) if above else self._emit("recip", *product), scale >= 0

    def _times(self, a: int, b: int) -> int:
        return self._emit("mul", a, b)

    def _factor(self, node: Node, literal: bool) -> tuple[int, bool]:
        return self._power(node, literal) if node.op == "pow" else (self.value(node, literal=literal), False)

    def _power(self, node: Node, literal: bool) -> tuple[int, bool]:
        """Return a power with a positive exponent, and whether its reciprocal is meant."""
        exponent = node.value
        if not isinstance(exponent, Fraction):
            raise TypeError(exponent)
        base = self.value(node.args[0], literal=literal)
        return self._positive_power(base, abs(exponent)), exponent < 0

    def _positive_power(self, base: int, exponent: Fraction) -> int:
        if exponent == 1:
            return base
        if exponent.denominator == 2 and exponent < 4:
            root = self._emit("sqrt", base)
            whole = exponent.numerator // 2
            return self._emit("mul", self._positive_power(base, Fraction(whole)), root) if whole else root
        if exponent.denominator != 1:
            return self._emit("powr", base, param=exponent)
        if exponent == 2:
            return self._emit("square", base)
        if exponent == 3:
            return self._emit("mul", base, self._emit("square", base))
        if exponent == 4:
            return self._emit("square", self._emit("square", base))
        return self._emit("powi", base, param=int(exponent))


def constant(node: Node) -> Any:
    """Return the value of a node without symbols: a Fraction, or a big float of mpmath."""
    if isinstance(node.value, Fraction) and node.op == "number":
        return node.value
    from boundcalc.arithmetic.precise import MpArithmetic
    from boundcalc.arithmetic.walk import walk

    return walk(node, (), MpArithmetic(40))


def _parts(scale: Fraction) -> tuple[tuple[Fraction, bool], tuple[Fraction, bool]]:
    """Split a scale into what multiplies and what divides; a dyadic scale only multiplies, exactly."""
    if scale.denominator & (scale.denominator - 1) == 0:
        return (scale, False), (Fraction(1), True)
    return (Fraction(scale.numerator), False), (Fraction(scale.denominator), True)


def _bracket(value: Any, node: Node | None) -> Bracket:
    """Return the doubles around a constant."""
    if node is None or isinstance(value, Fraction):
        return Bracket(below(value), above(value))
    near = rounded(value)
    if not math.isfinite(near):
        return Bracket(near, near)
    low, high = enclosed(node, 128)
    if (value > 0) is not (low > 0):
        low, high = -high, -low
    return Bracket(below(low), above(high))
