"""How far next to an end of a range is a function of one variable positive? Certified, by its leading term there.

Where the function is smooth: the first derivative that is not 0 keeps its sign as far as an enclosure says. Elsewhere, with
t the distance, the function is a sum of terms t^a log(t)^j g(t) with g bounded by an enclosure; divided by the leading power
every other t^b log(t)^j lies between 0 and its value at the far end, once that is so near that the product rises.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import sympy

from boundcalc.checker.inequality.cases import Extent
from boundcalc.checker.inequality.enclosure import number_ends, sure
from boundcalc.checker.inequality.identity import logarithms, sign_at

__all__ = ["positive_next_to"]

_ORDERS, _HALVINGS, _MOST, _PIECES = 7, 40, 200, 16
ZERO, ONE = sympy.Integer(0), sympy.Integer(1)
Term = tuple[sympy.Expr, int, sympy.Expr]  # t^a, log(t)^j, and what they are multiplied with


def positive_next_to(
    h: sympy.Expr, v: sympy.Symbol, end: sympy.Rational, side: int, reach: sympy.Rational
) -> sympy.Rational | None:
    """Return a distance up to which h > 0 on a side (1: above) of an end, the end itself left out; None if none was found."""
    smooth = _by_derivatives(h, v, end, side, reach)
    return _by_terms(h, v, end, side, reach) if smooth is None else smooth


def _by_derivatives(h, v, end, side, reach) -> sympy.Rational | None:
    slope = h
    for order in range(_ORDERS):
        sign = sign_at(slope, {v: end})
        if sign is None or sign * side**order < 0:
            return None
        if sign:
            for near in _distances(reach):
                steps = [end + side * near * k / _PIECES for k in range(_PIECES + 1)]
                if all(sure(sign * slope, ">", {v: Extent(*sorted(ends))}) for ends in pairwise(steps)):
                    return near
            return None
        slope = slope.diff(v)
    return None


def _distances(reach: sympy.Rational) -> Iterator[sympy.Rational]:
    yield from (reach / 2**k for k in range(1, _HALVINGS))


def _by_terms(h, v, end, side, reach) -> sympy.Rational | None:
    t = sympy.Dummy("t", positive=True)
    near = {t: Extent(ZERO, reach, True)}
    placed = sympy.expand_power_base(h.xreplace({v: end + side * t}), force=True)
    # Powers and logarithms of products are split: of what is positive up to there.
    if any(not sure(p.base, ">", near) for p in placed.atoms(sympy.Pow) if not p.exp.is_Integer and p.base != sympy.E):
        return None
    flat, slopes = _without_logarithms(logarithms(placed, lambda part: sure(part, ">", near)), t)
    terms = [_term(term, t) for term in sympy.Add.make_args(sympy.expand(flat))]
    if len(terms) > _MOST or any(term is None for term in terms):
        return None
    lead = _leading([term for term in terms if term is not None])
    if lead is None:
        return None
    for distance in _distances(min(reach, sympy.Rational(1, 3))):
        bounded = _bounded([term for term in terms if term is not None], lead, distance)
        ranges = {mark: _slope_range(inner, t, distance) for mark, inner in slopes.items()}
        if bounded is None or any(own is None for own in ranges.values()):
            continue
        whole, box = bounded
        if sure(whole, ">", {**box, **ranges, t: Extent(ZERO, distance)}):
            return distance
    return None


_LOG = sympy.Dummy("log_t", negative=True)


def _without_logarithms(expr: sympy.Expr, t: sympy.Symbol) -> tuple[sympy.Expr, dict[sympy.Symbol, sympy.Expr]]:
    """Write log t as a symbol, and log(c + t g) as log c + (t g/c) mark, with a mark for log(x)/(x - 1) at x = 1 + t g/c."""
    slopes: dict[sympy.Symbol, sympy.Expr] = {}

    def written(node: sympy.Expr) -> sympy.Expr:
        inner = node.args[0]
        start = inner.subs(t, 0)
        if inner == t:
            return _LOG
        if not inner.has(t) or not start.is_number or not sure(start, ">", {}):
            return node
        ratio = sympy.expand(inner / start)
        mark = next((m for m, known in slopes.items() if known == ratio), None) or sympy.Dummy("slope", positive=True)
        slopes[mark] = ratio
        return sympy.log(start) + mark * sympy.expand(ratio - 1)

    return expr.replace(lambda node: isinstance(node, sympy.log), written), slopes


def _slope_range(ratio: sympy.Expr, t: sympy.Symbol, distance: sympy.Rational) -> Extent | None:
    """Return where log(x)/(x - 1) lies up to there, which is between 1 and 1/x."""
    inside, found = {t: Extent(ZERO, distance)}, None
    for small in (sympy.Rational(1, 2), sympy.Rational(1, 16), sympy.Rational(1, 256)):
        if sure(ratio - 1 + small, ">", inside) and sure(1 + small - ratio, ">", inside):
            found = Extent(1 / (1 + small), 1 / (1 - small))
    return found


def _term(term: sympy.Expr, t: sympy.Symbol) -> Term | None:
    power, logs, rest = ZERO, 0, ONE
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if base == t and exponent.is_number:
            power += exponent
        elif base == _LOG and exponent.is_Integer:
            logs += int(exponent)
        elif factor.has(_LOG, sympy.log(t)):
            return None
        else:
            rest *= factor
    return power, logs, rest


def _leading(terms: list[Term]) -> tuple[sympy.Expr, int] | None:
    """Return the smallest power, and with it the largest power of the logarithm."""
    power = terms[0][0]
    for other, _, _ in terms:
        sign = sign_at(other - power, {})
        if sign is None:
            return None
        power = other if sign < 0 else power
    return power, max(logs for other, logs, _ in terms if sign_at(other - power, {}) == 0)


def _bounded(terms: list[Term], lead: tuple[sympy.Expr, int], distance: sympy.Rational) -> tuple | None:
    """Return the sum divided by the leading t^a |log t|^j, with a symbol for each other one, and these symbols' ranges."""
    box: dict[sympy.Symbol, Extent] = {}
    total = ZERO
    for power, logs, rest in terms:
        above, more = power - lead[0], logs - lead[1]
        sign = (-1) ** logs
        if sign_at(above, {}) == 0 and more == 0:
            total += sign * rest
            continue
        # t^b |log t|^j rises up to exp(-j/b)
        if more > 0 and not sure(-sympy.log(distance) * above - more, ">", {}):
            return None
        mark = sympy.Dummy("small", nonnegative=True)
        box[mark] = Extent(ZERO, number_ends(distance**above * (-sympy.log(distance)) ** more)[1])
        total += sign * rest * mark
    return total, box
