"""Constraints on one symbol become part of its domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import sympy

from boundcalc.checker.inequality.cases import Extent
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.identity import sign_at
from boundcalc.checker.inequality.problem import Inequality, of_integers
from boundcalc.symbols import Constraint

__all__ = ["Contradiction", "narrowed"]

_LARGEST = 8  # degrees of polynomials whose roots are isolated


class Contradiction(Exception):
    """Constraints on one symbol leave it no value."""


def narrowed(problem: Inequality) -> Inequality:
    """Return the claim with constraints on one symbol solved, and folded into its domain; they remain where a root is irrational.

    Raises
    ------
    Contradiction
        If a symbol is left without a value.
    """
    domain, rules = dict(problem.domain), []
    said: dict[sympy.Symbol, list[str]] = {}
    box = {symbol: Extent(allowed.inf, allowed.sup, *_open_ends(allowed)) for symbol, allowed in domain.items()}
    for rule in (_unwrapped(part, box) for whole in problem.constraints for part in _split(whole)):
        gap = sympy.expand(rule.upper - rule.lower)
        if not gap.free_symbols:
            rules.append(rule)
            continue
        for symbol, limit, side in ((rule.lower, rule.upper, 1), (rule.upper, rule.lower, -1)):
            if symbol in domain and limit.is_number and not limit.is_Rational:
                domain[symbol] = _ending(domain[symbol], limit, side, rule.strict)
        if len(gap.free_symbols) > 1 or not gap.is_polynomial(*gap.free_symbols):
            rules.append(rule)
            continue
        (symbol,) = gap.free_symbols
        poly = sympy.Poly(gap, symbol)
        if poly.degree() > _LARGEST or not all(c.is_Rational for c in poly.all_coeffs()):
            rules.append(rule)
            continue
        said.setdefault(symbol, []).append(str(rule))
        allowed, exact = _where(poly, rule)
        domain[symbol] = _cut(domain[symbol], allowed)
        if domain[symbol].is_empty:
            raise Contradiction(f"{' and '.join(said[symbol])} leave no value of {symbol} in its domain")
        if not exact:
            rules.append(rule)
    return replace(problem, domain=domain, constraints=tuple(rules))


def _ending(allowed: sympy.Set, limit: sympy.Expr, side: int, is_open: bool) -> sympy.Set:
    """Cut an interval above (side 1) or below an irrational number, which remains a constraint: where points are looked for."""
    if not isinstance(allowed, sympy.Interval):
        return allowed
    ends = {1: allowed.sup, -1: allowed.inf}
    past = [
        1 if end == sympy.oo else -1 if end == -sympy.oo else sign_at(end - limit, {}) for end in (ends[1], ends[-1])
    ]
    if past != [1, -1]:
        return allowed
    if side > 0:
        return sympy.Interval(allowed.inf, limit, allowed.left_open, is_open)
    return sympy.Interval(limit, allowed.sup, is_open, allowed.right_open)


def _split(rule: Constraint) -> list[Constraint]:
    """Return the constraints that |u| <= c, max(u, v) <= c or c <= min(u, v) stands for."""
    lower, upper = rule.lower, rule.upper
    if isinstance(lower, sympy.Abs):
        return [Constraint(side * lower.args[0], upper, rule.strict) for side in (1, -1)]
    if isinstance(lower, sympy.Max):
        return [Constraint(part, upper, rule.strict) for part in lower.args]
    if isinstance(upper, sympy.Min):
        return [Constraint(lower, part, rule.strict) for part in upper.args]
    return [rule]


def _open_ends(allowed: sympy.Set) -> tuple[bool, bool]:
    return (allowed.left_open, allowed.right_open) if isinstance(allowed, sympy.Interval) else (False, False)


def _unwrapped(rule: Constraint, box: Mapping[sympy.Symbol, Extent]) -> Constraint:
    """Return a constraint on one symbol solved for it as far as functions are inverted: log(1/D) <= 10 is exp(-10) <= D."""
    moving, fixed, less = rule.lower, rule.upper, True
    if not fixed.is_number:
        moving, fixed, less = rule.upper, rule.lower, False
    if not fixed.is_number or len(moving.free_symbols) != 1:
        return rule
    while not moving.is_Symbol:
        step = _inverted(moving, fixed, box)
        if step is None:
            break
        moving, fixed, rises = step
        less = less == rises
    return Constraint(moving, fixed, rule.strict) if less else Constraint(fixed, moving, rule.strict)


def _inverted(
    moving: sympy.Expr, fixed: sympy.Expr, box: Mapping[sympy.Symbol, Extent]
) -> tuple[sympy.Expr, sympy.Expr, bool] | None:
    """Return u, g(c) for f(u) compared with c, where f has the inverse g on the box, and whether f rises."""
    if isinstance(moving, sympy.log):
        return (moving.args[0], sympy.exp(fixed), True) if sure(moving.args[0], ">", box) else None
    if isinstance(moving, sympy.exp):
        return (moving.args[0], sympy.log(fixed), True) if sure(fixed, ">", {}) else None
    if isinstance(moving, sympy.Add | sympy.Mul):
        number, rest = moving.as_independent(*moving.free_symbols, as_Add=isinstance(moving, sympy.Add))
        if isinstance(moving, sympy.Add):
            return (rest, fixed - number, True) if number != 0 else None
        rises = sure(number, ">", {})
        return (rest, fixed / number, rises) if number != 1 and (rises or sure(-number, ">", {})) else None
    if isinstance(moving, sympy.Pow) and moving.exp.is_Rational and not moving.is_polynomial(*moving.free_symbols):
        if sure(moving.base, ">", box) and sure(fixed, ">", {}):
            return moving.base, fixed ** (1 / moving.exp), bool(moving.exp > 0)
    return None


def _where(poly: sympy.Poly, rule: Constraint) -> tuple[sympy.Set, bool]:
    """Return where a polynomial is >= 0 (> 0), outwards to rationals, and whether that is exact."""
    found = poly.intervals(eps=sympy.Rational(1, 10**12), sqf=False) if poly.degree() > 0 else []
    roots = sorted((sympy.Rational(low), sympy.Rational(high)) for (low, high), _ in found)
    exact = all(low == high for low, high in roots)
    ends = [(-sympy.oo, -sympy.oo), *roots, (sympy.oo, sympy.oo)]
    pieces: list[sympy.Set] = []
    for (low, after), (before, high) in pairwise(ends):
        middle = _between(after, before)
        if poly.eval(middle) > 0:
            is_open = rule.strict
            pieces.append(sympy.Interval(low, high, is_open and low == after, is_open and high == before))
    if not rule.strict:
        pieces += [sympy.FiniteSet(low) if low == high else sympy.Interval(low, high) for low, high in roots]
    return sympy.Union(*pieces), exact


def _between(low: sympy.Expr, high: sympy.Expr) -> sympy.Expr:
    if low == -sympy.oo:
        return sympy.Integer(0) if high == sympy.oo else high - 1
    return low + 1 if high == sympy.oo else (low + high) / 2


def _cut(allowed: sympy.Set, inside: sympy.Set) -> sympy.Set:
    """Intersect; a set of integers stays a union of ranges."""
    whole = of_integers(allowed)
    if not whole or isinstance(allowed, sympy.FiniteSet):
        return allowed.intersect(inside)
    parts = inside.args if isinstance(inside, sympy.Union) else (inside,)
    low, high = (allowed.inf, allowed.sup)
    found = [found for part in parts for found in _integers(part, low, high)]
    return sympy.Union(*found) if found else sympy.S.EmptySet


def _integers(part: sympy.Set, low: sympy.Expr, high: sympy.Expr) -> Iterator[sympy.Set]:
    if part.is_empty:
        return
    if isinstance(part, sympy.FiniteSet):
        yield from (sympy.FiniteSet(item) for item in part.args if item.is_Integer and low <= item <= high)
        return
    first, last = max(sympy.ceiling(part.inf), low), min(sympy.floor(part.sup), high)
    first += 1 if first == part.inf and part.left_open and first.is_finite else 0
    last -= 1 if last == part.sup and part.right_open and last.is_finite else 0
    if first <= last:
        yield sympy.FiniteSet(first) if first == last else sympy.Range(first, last + 1)
