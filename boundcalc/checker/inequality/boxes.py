"""Branch and bound on balls: a box is cut until the gap's sign is certain on every piece."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from boundcalc.arithmetic import intervals
from boundcalc.arithmetic.balls import ArbEnds
from boundcalc.arithmetic.intervals import IntervalArithmetic, Undefined, value_on
from boundcalc.checker.inequality.cases import Case, Extent, cleared
from boundcalc.checker.inequality.limits import worked
from boundcalc.frozen import Frozen

__all__ = ["Cover", "by_boxes"]

#: Beyond this an unbounded range is covered through 1/x.
_FAR = 64


@dataclass(frozen=True)
class Cover(Frozen):
    """What branch and bound achieved.

    Attributes
    ----------
    proved : bool
    boxes : int
        How many were looked at.
    left_over : dict or None
        The box with the smallest lower bound that is still open.
    margin : float
        That bound.
    """

    proved: bool
    boxes: int
    left_over: dict[str, tuple[float, float]] | None = None
    margin: float = 0.0


def by_boxes(case: Case, *, seconds: float, most: int = 20_000) -> Cover:
    """Prove a case by covering its box; constraints discard boxes on which they certainly fail.

    Raises
    ------
    MissingExtraError
        If python-flint is not installed.
    """
    balls = IntervalArithmetic(ArbEnds(), strict=True)
    deadline = worked() + seconds
    total = 0
    for piece in _compact(case):
        cover = _cover(piece, balls, deadline, most)
        total += cover.boxes
        if not cover.proved:
            return Cover(False, total, cover.left_over, cover.margin)
    return Cover(True, total)


def _compact(case: Case) -> list[Case]:
    """Split unbounded ranges: a bounded part, and a far part written in 1/x."""
    from dataclasses import replace

    from boundcalc.symbols import Constraint

    pieces = [case]
    for symbol, own in case.box.items():
        if own.low.is_finite and own.high.is_finite:
            continue
        found = []
        for piece in pieces:
            for insert, fresh in _parts(symbol, own):
                box = {name: value for name, value in piece.box.items() if name != symbol} | fresh
                facts = tuple(
                    Constraint(f.lower.subs(symbol, insert), f.upper.subs(symbol, insert), f.strict)
                    for f in piece.facts
                )
                gap = piece.gap.subs(symbol, insert)
                found.append(replace(piece, gap=gap, box=box, facts=facts))
        pieces = found
    return [replace(piece, gap=cleared(piece.gap, piece.box)) for piece in pieces]


def _parts(symbol: sympy.Symbol, own: Extent) -> list[tuple[sympy.Expr, dict[sympy.Symbol, Extent]]]:
    far = sympy.Rational(1, _FAR)
    zero = sympy.Integer(0)
    inverse = sympy.Dummy(f"1/{symbol.name}", positive=True)
    if own.low.is_finite:
        edge = max(own.low + _FAR, sympy.Integer(_FAR))
        near = {symbol: Extent(own.low, edge, own.low_open, False, own.integer)}
        return [(symbol, near), (1 / inverse, {inverse: Extent(zero, 1 / edge, True)})]
    if own.high.is_finite:
        edge = min(own.high - _FAR, -sympy.Integer(_FAR))
        near = {symbol: Extent(edge, own.high, False, own.high_open, own.integer)}
        return [(symbol, near), (-1 / inverse, {inverse: Extent(zero, -1 / edge, True)})]
    middle = {symbol: Extent(-sympy.Integer(_FAR), sympy.Integer(_FAR), integer=own.integer)}
    return [
        (symbol, middle),
        (1 / inverse, {inverse: Extent(zero, far, True)}),
        (-1 / inverse, {inverse: Extent(zero, far, True)}),
    ]


def _cover(case: Case, balls: IntervalArithmetic, deadline: float, most: int) -> Cover:
    symbols = list(case.box)
    start = tuple((_end(balls, own.low, False), _end(balls, own.high, True)) for own in case.box.values())
    slopes = _slopes(case)
    queue: list[tuple[float, int, Any]] = []
    counter = 0

    def look(box: tuple) -> None:
        nonlocal counter
        counter += 1
        named = {symbol: intervals.Range(*side) for symbol, side in zip(symbols, box, strict=True)}
        if _excluded(case, named, balls):
            return
        low = _lower(case.gap, named, balls)
        if low is not None and slopes and not _enough(low, case):
            low = _by_slopes(case.gap, slopes, named, balls, low)
        if low is None or not _enough(low, case):
            heapq.heappush(queue, (float("-inf") if low is None else _number(low), counter, box))

    look(start)
    while queue:
        bound, _, box = heapq.heappop(queue)
        halves = _halves(box, [case.box[symbol] for symbol in symbols], balls)
        if counter > most or worked() > deadline or halves is None:
            shown = {s.name: (_number(low), _number(high)) for s, (low, high) in zip(symbols, box, strict=True)}
            return Cover(False, counter, shown, bound)
        for half in halves:
            look(half)
    return Cover(True, counter)


def _end(balls: IntervalArithmetic, end: sympy.Expr, up: bool) -> Any:
    if not end.is_finite:
        return balls.ends.inf if end.is_positive else -balls.ends.inf
    return balls.ends.rational(Fraction(int(end.p), int(end.q)), up)


def _number(value: Any) -> float:
    return float(value) if value.is_finite() else float("inf") if value > 0 else float("-inf")


def _enough(low: Any, case: Case) -> bool:
    return bool(low > 0 or (low >= 0 and not case.strict))


def _lower(gap: sympy.Expr, box: dict, balls: IntervalArithmetic) -> Any | None:
    try:
        return value_on(gap, box, balls).low
    except Undefined:
        return None


def _slopes(case: Case) -> dict[sympy.Symbol, sympy.Expr]:
    """Return the gap's derivatives, where it has them everywhere."""
    return {} if case.gap.has(*_KINKED) else {symbol: case.gap.diff(symbol) for symbol in case.box}


def _by_slopes(gap: sympy.Expr, slopes: dict, box: dict, balls: IntervalArithmetic, plain: Any) -> Any:
    """Return a lower bound by derivatives: the gap at the end it rises from, or its middle less what it can fall from there."""
    start, drop = dict(box), balls.zero
    for symbol, slope in slopes.items():
        try:
            own = value_on(slope, box, balls)
        except Undefined:
            continue
        low, high = box[symbol][:2]
        if own.sign:
            end = low if own.sign > 0 else high
            start[symbol] = intervals.Range(end, end)
        elif own.low.is_finite() and own.high.is_finite():
            middle = ((low + high) / 2).mid()
            start[symbol] = intervals.Range(middle, middle)
            drop = balls.add(drop, balls.mul(own, intervals.Range((low - middle).lower(), (high - middle).upper())))
    try:
        return max(plain, balls.add(value_on(gap, start, balls), drop).low)
    except Undefined:
        return plain


_KINKED = (sympy.Min, sympy.Max, sympy.Abs, sympy.floor, sympy.ceiling, sympy.sign, sympy.Piecewise)


def _excluded(case: Case, box: dict, balls: IntervalArithmetic) -> bool:
    for fact in case.facts:
        try:
            high = value_on(fact.upper - fact.lower, box, balls).high
        except Undefined:
            continue
        if high < 0 or (high <= 0 and fact.strict):
            return True
    return False


def _halves(box: tuple, ranges: list[Extent], balls: IntervalArithmetic) -> list[tuple] | None:
    """Cut the box across its widest side (relative to the whole range); integer sides are cut between integers."""
    widths = []
    for (low, high), own in zip(box, ranges, strict=True):
        whole = float(own.high - own.low) or 1.0
        widths.append(0.0 if own.integer and not high - low >= 1 else float(high - low) / whole)
    place = max(range(len(box)), key=widths.__getitem__, default=None)
    if place is None or widths[place] < 1e-13:
        return None
    low, high = box[place]
    if ranges[place].integer:
        middle = ((low + high) / 2).floor().lower()
        parts = [(low, middle), ((middle + 1).lower(), high)]
    else:
        middle = ((low + high) / 2).mid()
        parts = [(low, middle), (middle, high)]
    return [(*box[:place], part, *box[place + 1 :]) for part in parts]
