"""Where each subexpression can lie, from the assumptions and domains of the symbols: what licenses a rewrite.

Ends are widened by a hair where they are rounded, so that a sign is only claimed if it holds for the
exact value. An infinite argument is outside every domain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import sympy as sp

from boundcalc.evaluator.nodes import Node, topological

__all__ = ["ANY", "Range", "range_of", "ranges_of", "symbol_range"]

_INF = math.inf
_CONSTANTS = {"pi": math.pi, "e": math.e, "euler": 0.5772156649015329}


class Range(NamedTuple):
    """An interval of reals; an open end is not attained."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    @property
    def positive(self) -> bool:
        """Whether all values are > 0."""
        return self.low > 0 or (self.low == 0 and self.low_open)

    @property
    def nonnegative(self) -> bool:
        """Whether all values are >= 0."""
        return self.low >= 0

    @property
    def negative(self) -> bool:
        """Whether all values are < 0."""
        return self.high < 0 or (self.high == 0 and self.high_open)

    @property
    def nonpositive(self) -> bool:
        """Whether all values are <= 0."""
        return self.high <= 0

    @property
    def sign(self) -> int:
        """1 for values >= 0, -1 for values <= 0, 0 if both can occur."""
        return 1 if self.nonnegative else -1 if self.nonpositive else 0


ANY = Range(-_INF, _INF)


def symbol_range(symbol: sp.Symbol, domain: sp.Set | None) -> Range:
    """Return where a symbol lies, by its assumptions and a set."""
    low, high, low_open, high_open = ANY
    if symbol.is_nonnegative:
        low, low_open = 0.0, bool(symbol.is_positive)
    if symbol.is_nonpositive:
        high, high_open = 0.0, bool(symbol.is_negative)
    if symbol.is_integer and symbol.is_positive:
        low, low_open = 1.0, False
    if domain is not None and domain is not sp.S.EmptySet:
        bottom, top = float(domain.inf), float(domain.sup)
        if bottom >= low:
            low, low_open = bottom, (low_open and bottom == low) or domain.contains(domain.inf) is sp.false
        if top <= high:
            high, high_open = top, (high_open and top == high) or domain.contains(domain.sup) is sp.false
    return Range(low, high, low_open, high_open)


def ranges_of(root: Node, symbols: Sequence[Range], known: dict[int, Range] | None = None) -> dict[int, Range]:
    """Return the range of every subexpression by the node's id; ``known`` is filled in place."""
    known = {} if known is None else known
    for node in topological(root):
        if id(node) not in known:
            known[id(node)] = _range(node, [known[id(a)] for a in node.args], symbols)
    return known


def _range(node: Node, args: list[Range], symbols: Sequence[Range]) -> Range:
    return symbols[node.value] if node.op == "symbol" else range_of(node.op, node.value, args)


def range_of(op: str, value: Any, args: list[Range]) -> Range:
    """Return where the result of an operation of a node or of a program lies."""
    if op == "number":
        return _number(value)
    if op == "constant":
        exact = _CONSTANTS.get(str(value))
        return ANY if exact is None else _wide(exact, exact)
    if op in ("pow", "powi", "powr"):
        return _pow(args[0], Fraction(value))
    rule = _RULES.get(op)
    return rule(args) if rule else ANY


def _number(value: Fraction) -> Range:
    try:
        near = float(value)
    except OverflowError:
        return Range(1.0, _INF) if value > 0 else Range(-_INF, -1.0)
    if near == 0 and value:
        return Range(0.0, 1e-300, True) if value > 0 else Range(-1e-300, 0.0, False, True)
    return Range(near, near) if Fraction(near) == value else _wide(near, near)


def _wide(low: float, high: float, low_open: bool = False, high_open: bool = False) -> Range:
    return Range(_down(low), _up(high), low_open and _down(low) == low, high_open and _up(high) == high)


def _down(x: float) -> float:
    return x if math.isinf(x) or x == int(x) else x - 1e-12 * abs(x)


def _up(x: float) -> float:
    return -_down(-x)


def _add(args: list[Range]) -> Range:
    low, high = sum(a.low for a in args), sum(a.high for a in args)
    if math.isnan(low) or math.isnan(high):
        return ANY
    return _wide(low, high, any(a.low_open for a in args), any(a.high_open for a in args))


def _negate(a: Range) -> Range:
    return Range(-a.high, -a.low, a.high_open, a.low_open)


def _mul(args: list[Range]) -> Range:
    """Multiply: by magnitudes if every sign is known, else by the extreme products."""
    result = Range(1.0, 1.0)
    for a in args:
        if result.sign and a.sign:
            first, second = (r if r.nonnegative else _negate(r) for r in (result, a))
            product = _times(first, second)
            result = product if result.sign == a.sign else _negate(product)
        else:
            ends = [_product(x, y) for x in result[:2] for y in a[:2]]
            result = _wide(min(ends), max(ends))
    return result


def _times(a: Range, b: Range) -> Range:
    low_open = a.positive and b.positive if a.low == 0 or b.low == 0 else a.low_open or b.low_open
    return _wide(_product(a.low, b.low), _product(a.high, b.high), low_open, a.high_open or b.high_open)


def _product(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def _pow(a: Range, exponent: Fraction) -> Range:
    if exponent < 0:
        return _reciprocal(_pow(a, -exponent))
    if exponent.denominator == 1 and not a.nonnegative:
        if exponent % 2:
            return _wide(_power(a.low, exponent), _power(a.high, exponent), a.low_open, a.high_open)
        a = a if a.sign else Range(0.0, max(-a.low, a.high))
        a = _negate(a) if a.nonpositive else a
    base = Range(max(a.low, 0.0), max(a.high, 0.0), a.low_open and a.low >= 0, a.high_open)
    return _wide(_power(base.low, exponent), _power(base.high, exponent), base.low_open, base.high_open)


def _power(x: float, exponent: Fraction) -> float:
    try:
        return x**exponent.numerator if exponent.denominator == 1 else x ** float(exponent)
    except OverflowError:
        return math.copysign(_INF, x) if exponent.numerator % 2 else _INF


def _reciprocal(a: Range) -> Range:
    if a.nonnegative:
        low = 0.0 if a.high == _INF else 1 / a.high if a.high else _INF
        return _wide(low, 1 / a.low if a.low else _INF, a.high_open or a.high == _INF, a.low_open)
    return _negate(_reciprocal(_negate(a))) if a.nonpositive else ANY


def _increasing(function: Callable[[float], float]) -> Callable[[list[Range]], Range]:
    def rule(args: list[Range]) -> Range:
        low, high, low_open, high_open = args[0]
        return _wide(_total(function, low, -_INF), _total(function, high, _INF), low_open, high_open)

    return rule


def _total(function: Callable[[float], float], x: float, otherwise: float) -> float:
    try:
        return function(x)
    except (ValueError, OverflowError):
        return otherwise


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -_INF


def _whole(function: Callable[[float], int]) -> Callable[[list[Range]], Range]:
    def rule(args: list[Range]) -> Range:
        low, high = (x if math.isinf(x) else float(function(x)) for x in args[0][:2])
        return Range(low, high)

    return rule


def _exp(args: list[Range]) -> Range:
    low, high = (_total(math.exp, x, _INF) for x in args[0][:2])
    return _wide(low, high, low == 0 or args[0].low_open, args[0].high_open)


def _extreme(pick: Callable[..., float]) -> Callable[[list[Range]], Range]:
    def rule(args: list[Range]) -> Range:
        low, high = pick(a.low for a in args), pick(a.high for a in args)
        at_low = [a.low_open for a in args if a.low == low]
        at_high = [a.high_open for a in args if a.high == high]
        every, some = (all, any) if pick is min else (any, all)
        return Range(low, high, every(at_low), some(at_high))

    return rule


def _select(args: list[Range]) -> Range:
    values = [*args[1:-1:2], args[-1]]
    low, high = min(a.low for a in values), max(a.high for a in values)
    low_open = all(a.low_open for a in values if a.low == low)
    return Range(low, high, low_open, all(a.high_open for a in values if a.high == high))


def _abs(args: list[Range]) -> Range:
    a = args[0]
    if a.sign:
        return a if a.nonnegative else _negate(a)
    return Range(0.0, max(-a.low, a.high))


def _lambertw(args: list[Range]) -> Range:
    return Range(0.0, _INF, args[0].low_open) if args[0].nonnegative else ANY


_RULES: dict[str, Callable[[list[Range]], Range]] = {
    "add": _add,
    "sub": lambda args: _add([args[0], _negate(args[1])]),
    "neg": lambda args: _negate(args[0]),
    "div": lambda args: _mul([args[0], _reciprocal(args[1])]),
    "recip": lambda args: _reciprocal(args[0]),
    "square": lambda args: _pow(args[0], Fraction(2)),
    "sqrt": lambda args: _pow(args[0], Fraction(1, 2)),
    "where": lambda args: _select(args),
    "mul": _mul,
    "exp": _exp,
    "log": _increasing(_log),
    "logb": lambda args: Range(0.0, _INF) if args[0].low >= 1 else ANY,
    "erf": _increasing(math.erf),
    "erfc": lambda args: Range(0.0, 2.0, True),
    "tanh": _increasing(math.tanh),
    "atan": _increasing(math.atan),
    "floor": _whole(math.floor),
    "ceiling": _whole(math.ceil),
    **dict.fromkeys(("floor_logb", "ceiling_logb"), lambda args: Range(0.0, _INF) if args[0].low >= 1 else ANY),
    "min": _extreme(min),
    "max": _extreme(max),
    "abs": _abs,
    "sign": lambda args: Range(-float(not args[0].nonnegative), float(not args[0].nonpositive)),
    "select": _select,
    "lambertw": _lambertw,
    "sin": lambda args: Range(-1.0, 1.0),
    "cos": lambda args: Range(-1.0, 1.0),
}
