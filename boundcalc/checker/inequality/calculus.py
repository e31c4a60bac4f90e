"""Proof of a case by calculus: ranges cut at 0, small integers one by one, the rest by `Monotone`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import sympy

from boundcalc.checker.inequality.cases import Case, Extent
from boundcalc.checker.inequality.elementary import (
    by_divergence,
    forms,
    in_exponents,
    plain,
    relaxed,
    without_binomials,
)
from boundcalc.checker.inequality.given import contrapositives, folded
from boundcalc.checker.inequality.identity import ROUNDING, sign_at
from boundcalc.checker.inequality.jensen import by_jensen, means, tangents
from boundcalc.checker.inequality.limits import worked
from boundcalc.checker.inequality.monotone import Monotone
from boundcalc.checker.inequality.system import System
from boundcalc.checker.verdict import Proof

__all__ = ["by_calculus"]

_PEELED = (1, 0, 4, 16)  # what holds from the second integer on is easier than what holds from the first
_DEPTHS = ((1, 2), (3,), (4,), (6,), (9,))
_DEPTHS_ALONE = ((2,), (4,), (6,), (9,))  # of one variable derivatives are cheap


def by_calculus(case: Case, *, deadline: float, solvers: Callable[[System, float], bool]) -> Proof | None:
    """Return a proof of a case without Min, Max and Abs."""
    if not case.strict and case.gap.is_integer and case.gap.has(sympy.floor, sympy.ceiling):
        case = replace(case, gap=case.gap + 1, strict=True)  # whole numbers: >= 0 is > -1
    for smaller in without_binomials(case):
        proof = by_calculus(smaller, deadline=deadline, solvers=solvers)
        if proof is not None:
            return Proof("binomials", f"{case.gap} has the sign of a function above {smaller.gap}", (proof,))
    for smaller in by_divergence(case):
        proof = by_calculus(smaller, deadline=deadline, solvers=solvers)
        if proof is not None:
            return Proof("divergence", f"{case.gap} is above {smaller.gap}", (proof,))
    case = folded(case)
    if case.facts:
        for other in contrapositives(case):
            proof = by_calculus(other, deadline=deadline, solvers=solvers)
            if proof is not None:
                return Proof("contradiction", f"{case.gap} < 0 with {other.gap} <= 0", (proof,))
    for other in in_exponents(case):
        proof = by_calculus(other, deadline=deadline, solvers=solvers)
        if proof is not None:
            return Proof("exponents", f"{case.gap} is {other.gap}", (proof,))
    by_weights = by_jensen(plain(case.gap), case)
    if by_weights is not None:
        return by_weights
    original, case = case, relaxed(case)
    for first in _PEELED:
        search = Monotone(deadline, solvers)
        peeled = _peel(original, case, first)
        if peeled is None:
            continue
        rest, small = peeled
        gap = plain(rest.gap)
        found = [*forms(rest), *tangents(gap, rest), *means(gap, rest)]
        finer = [form for form in forms(rest, fine=True) if form not in found]
        steps = _DEPTHS_ALONE if len(rest.box) == 1 else _DEPTHS
        if len(rest.box) == 1 and not case.strict:
            ((v, own),) = rest.box.items()
            for h in dict.fromkeys((gap, *found)):
                pieces = None if h.has(*ROUNDING) else search.by_pieces(h, v, own)
                if pieces is not None:
                    return Proof("cases", f"{h}", (small, pieces)) if small else pieces
        for depth, h in (pair for depths, some in product(steps, (found, finer)) for pair in product(depths, some)):
            proof = _on_pieces(h, rest, search, depth)
            if proof is not None:
                return Proof("cases", f"{h}", (small, proof)) if small else proof
        if worked() > deadline or not _single_integer(case):
            break
    return None


def _single_integer(case: Case) -> bool:
    return len(case.box) == 1 and all(own.integer and own.low.is_finite for own in case.box.values())


def _peel(original: Case, case: Case, first: int) -> tuple[Case, Proof | None] | None:
    """Prove the first integers of a single range by enclosures, and return the case of the others."""
    if not first:
        return case, None
    if not _single_integer(original):
        return None
    ((symbol, own),) = original.box.items()
    values = [own.low + step for step in range(first)]
    if own.high < values[-1] + 1:
        return None
    for value in values:
        sign = sign_at(original.gap, {symbol: value})
        if sign is None or sign < 0 or (original.strict and sign == 0):
            return None
    rest = {**case.box, symbol: Extent(values[-1] + 1, own.high, integer=True)}
    smaller = Case(case.sides, case.gap, case.strict, rest, case.facts)
    return smaller, Proof("points", f"{original.gap} at {symbol.name} = {values[0]}, ..., {values[-1]}")


def _on_pieces(h: sympy.Expr, case: Case, search: Monotone, depth: int) -> Proof | None:
    """Prove a function on every piece of the box, and where the relation is strict on the faces that belong to it."""
    parts = []
    for value, box in _pieces(h, case):
        proof = search.proof(value, box, strict=case.strict, depth=depth)
        if proof is None:
            return None
        parts.append(proof)
    if not parts:  # steps: where they are says more than pieces do
        return None
    return parts[0] if len(parts) == 1 else Proof("pieces", str(h), tuple(parts))


def _pieces(h: sympy.Expr, case: Case) -> Iterator[tuple[sympy.Expr, dict[sympy.Symbol, Extent]]]:
    """Yield the function on boxes whose variables do not change their sign, open; with the closed faces of strict claims."""
    if h.has(*ROUNDING):
        return
    options = []
    for v, own in case.box.items():
        if v not in h.free_symbols:
            continue
        found: list[tuple[sympy.Expr, dict]] = []
        t = sympy.Dummy(v.name, positive=True)
        if own.high > 0:
            found.append((t, {t: Extent(max(own.low, sympy.Integer(0)), own.high, True, True)}))
        if own.low < 0:
            s = sympy.Dummy(v.name, positive=True)
            found.append((-s, {s: Extent(max(-own.high, sympy.Integer(0)), -own.low, True, True)}))
        if case.strict:
            closed = [
                e for e, is_open in ((own.low, own.low_open), (own.high, own.high_open)) if e.is_finite and not is_open
            ]
            closed += [sympy.Integer(0)] if own.low < 0 < own.high else []
            found += [(end, {}) for end in dict.fromkeys(closed)]
        options.append((v, found))
    for choice in product(*(found for _, found in options)):
        values = {v: value for (v, _), (value, _) in zip(options, choice, strict=True)}
        box = {symbol: own for _, fresh in choice for symbol, own in fresh.items()}
        yield h.subs(values, simultaneous=True), box
