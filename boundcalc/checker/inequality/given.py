"""Constraints of a case put to use: solved where they are linear, or contradicted by the claim's negation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from boundcalc.checker.inequality.cases import Case, Extent
from boundcalc.checker.inequality.enclosure import number_ends, sure
from boundcalc.symbols import Constraint

__all__ = ["contrapositives", "folded"]

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


def folded(case: Case) -> Case:
    """Return the case with its linear constraints in the box; those that cannot be solved are kept as facts.

    A fact on one variable narrows its range; v <= c(others), with c in the range of v, is v = low + (c - low) share.
    """
    waiting, kept = list(case.facts), []
    while waiting:
        fact = waiting.pop(0)
        ways = [found for v in sorted(fact.symbols & set(case.box), key=str) if (found := _solved(case, fact, v))]
        if not ways:
            kept.append(fact)
            continue
        values, box = min(ways, key=lambda way: sympy.count_ops(case.gap.xreplace(way[0])))
        sides = (case.sides[0].xreplace(values), case.sides[1].xreplace(values))
        case = replace(case, gap=case.gap.xreplace(values), sides=sides, box=box)
        waiting, kept = ([_inserted(f, values) for f in facts] for facts in (waiting, kept))
    return replace(case, facts=tuple(kept))


def _inserted(fact: Constraint, values: dict) -> Constraint:
    return Constraint(fact.lower.xreplace(values), fact.upper.xreplace(values), fact.strict)


def _solved(case: Case, fact: Constraint, v: sympy.Symbol) -> tuple[dict, dict] | None:
    """Return values for v and the new box."""
    gap = sympy.expand(fact.upper - fact.lower)
    factor = gap.coeff(v, 1)
    rest = sympy.expand(gap - factor * v)
    if factor == 0 or rest.has(v) or factor.has(v):
        return None
    positive = sure(factor, ">", case.box)
    if not positive and not sure(-factor, ">", case.box):
        return None
    place, own = sympy.factor_terms(-rest / factor), case.box[v]
    if place.is_number:
        narrowed = _narrowed(own, place, fact.strict, positive)
        return ({}, {**case.box, v: narrowed}) if narrowed is not None and narrowed != own else None
    others = {symbol: item for symbol, item in case.box.items() if symbol != v}
    if own.integer and not fact.strict and not (place in others and others[place].integer):
        own = replace(own, integer=False)
    end = own.low if not positive else own.high
    if not (own.low == -sympy.oo or sure(place - own.low, ">=", others)):
        return None
    if not (own.high == sympy.oo or sure(own.high - place, ">=", others)):
        return None
    known = {"positive": True} if fact.strict else {"nonnegative": True}
    share = sympy.Dummy(f"{v.name}_share", **known)
    top = ONE if end.is_finite else sympy.oo
    value = place + (end - place) * share if end.is_finite else place + (share if positive else -share)
    closed = not (own.high_open if positive else own.low_open)
    return {v: value}, {**others, share: Extent(ZERO, top, fact.strict, not (closed and end.is_finite))}


def _narrowed(own: Extent, place: sympy.Expr, strict: bool, below: bool) -> Extent | None:
    """Return a range cut at a number: outwards to a rational where that is irrational."""
    ends = (place, place) if place.is_Rational else number_ends(place)
    if below:
        end = ends[0]
        if own.integer:
            end, strict = sympy.Integer(-((-end.p) // end.q)) + (1 if strict and place.is_Integer else 0), False
        return replace(own, low=end, low_open=strict and place.is_Rational) if end >= own.low else own
    end = ends[1]
    if own.integer:
        end, strict = sympy.Integer(end.p // end.q) - (1 if strict and place.is_Integer else 0), False
    return replace(own, high=end, high_open=strict and place.is_Rational) if end <= own.high else own


def contrapositives(case: Case) -> Iterator[Case]:
    """Yield cases that prove this one: the claim's negation, solved for a variable, contradicts a constraint."""
    gap = sympy.expand(case.gap)
    for v, own in case.box.items():
        factor = gap.coeff(v, 1)
        rest = sympy.expand(gap - factor * v)
        if factor == 0 or factor.has(v) or rest.has(v):
            continue
        if not factor.is_Rational and not any(sure(s * factor, ">", case.box) for s in (1, -1)):
            continue
        whole = own.integer and factor.is_Integer and rest.is_integer
        below = Extent(ONE if whole else ZERO, sympy.oo, not (whole or case.strict), True, False)
        t = sympy.Dummy("t", positive=True if below.low_open or whole else None, nonnegative=True)
        value = (-rest - t) / factor
        others = {symbol: item for symbol, item in case.box.items() if symbol != v}
        for fact in case.facts:
            against = sympy.expand((fact.lower - fact.upper).xreplace({v: value}))
            yield Case((against, ZERO), against, not fact.strict, {**others, t: below})
