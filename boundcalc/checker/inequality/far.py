"""Points where claims fail that hold nearly everywhere: far out, next to the ends, where sides touch, given exactly."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

import mpmath
import sympy

from boundcalc.checker.inequality.cases import Extent
from boundcalc.checker.inequality.enclosure import Power, number_ends
from boundcalc.checker.inequality.exactly import fails, power_of_ten
from boundcalc.checker.inequality.identity import ROUNDING
from boundcalc.checker.inequality.limits import worked
from boundcalc.checker.inequality.monotone import Monotone
from boundcalc.checker.inequality.places import recognised
from boundcalc.checker.inequality.problem import Inequality, of_integers

__all__ = ["far_witness", "narrow_witness", "touching_witness"]

#: Exponents of ten: how far out, and how close to an end.
_FAR = (2, 3, 4, 6, 9, 12, 20, 40, 80, 160, 300, 500, 1000, 3000, 10**4, 10**6, 10**9, 10**13, 10**19, 10**25)
_CLOSE = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 24, 40, 80, 160, 400, 1000, 10**4, 10**6, 10**9, 10**13, 10**19, 10**25)
_ENOUGH, _LISTED = 700, 300
Point = Mapping[sympy.Symbol, Any]


def far_witness(problem: Inequality, deadline: float) -> dict[sympy.Symbol, Any] | None:
    """Return a point far out, next to an end or of round numbers at which the claim fails."""
    numbers = sorted(problem.left.atoms(sympy.Rational) | problem.right.atoms(sympy.Rational), key=abs)[:6]
    options = {symbol: list(_values(allowed, numbers)) for symbol, allowed in problem.domain.items()}
    for point in _points(options):
        if worked() > deadline:
            return None
        if fails(problem, point):
            return _nearer(problem, dict(point), deadline)
    return None


def _values(allowed: sympy.Set, numbers: list[sympy.Expr]) -> Iterator[sympy.Expr]:
    """Yield numbers of a set: its ends and round numbers first, then ever closer to an end or further out."""
    if isinstance(allowed, sympy.FiniteSet):
        yield from allowed.args
        return
    if isinstance(allowed, sympy.Union):
        for part in allowed.args:
            yield from _values(part, numbers)
        return
    low, high = allowed.inf, allowed.sup
    whole = of_integers(allowed)
    finite = low.is_finite and high.is_finite
    if whole and finite and high - low < _LISTED:
        yield from (low + step for step in range(int(high - low) + 1))
        return
    yield from (end for end in (low, high) if end.is_finite)
    if whole:
        start = low if low.is_finite else high if high.is_finite else sympy.Integer(0)
        yield from (start + (step if low.is_finite or not high.is_finite else -step) for step in range(1, 13))
        yield from (number + step for number in numbers for step in (0, 1, -1) if number.is_Integer)
    elif finite:
        width = high - low
        yield from (
            low + width * share for share in map(sympy.Rational, ("1/2", "1/3", "2/3", "1/4", "3/4", "1/10", "9/10"))
        )
        for k in _CLOSE:
            small = power_of_ten(-k)
            if not isinstance(small, Power):
                yield from (low + width * small, high - width * small)
            elif low.is_zero:
                yield small
    else:
        base = low if low.is_finite else high if high.is_finite else sympy.Integer(0)
        ways = (1,) if low.is_finite else (-1,) if high.is_finite else (1, -1)
        yield from (base + way * step for way in ways for step in map(sympy.Rational, (1, 2, "1/2", 3, 5, "1/10", 10)))
        for k, way in product(_CLOSE, ways):
            small = power_of_ten(-k)
            if not isinstance(small, Power):
                yield base + way * small
            elif base.is_zero:
                yield Power(-k, way)
    if not whole:
        for number in numbers:
            yield number
            yield from (number + way * power_of_ten(-k) for k in (3, 6, 9, 12, 15) for way in (1, -1))
    if not high.is_finite:
        yield from map(power_of_ten, _FAR)
    if not low.is_finite:
        yield from (Power(k, -1) if k > 400 else -power_of_ten(k) for k in _FAR)


def _points(options: dict[sympy.Symbol, list]) -> Iterator[Point]:
    """Yield points: every value of one symbol with typical ones of the others, equal and nearly equal ones, and a mixture."""
    symbols = list(options)
    if len(symbols) == 1:
        yield from ({symbols[0]: value} for value in options[symbols[0]])
        return
    rng = random.Random(0)
    typical = [{s: values[min(place, len(values) - 1)] for s, values in options.items()} for place in (2, 1, 4)]
    for base in typical:
        for symbol in symbols:
            yield from ({**base, symbol: value} for value in options[symbol])
    for place in range(max(map(len, options.values()))):
        yield {s: values[min(place, len(values) - 1)] for s, values in options.items()}
    close = [power_of_ten(-k) for k in (2, 3, 4, 5, 6, 7, 8, 10, 14, 20)]
    for x, y in combinations(symbols, 2):
        middle = [value for value in options[x][:8] if getattr(value, "is_Rational", False)]
        for value, step, sign in product(middle, close, (1, -1)):
            yield {**typical[0], x: value, y: value + sign * step}
            yield {**typical[0], x: value - sign * step, y: value + sign * step}
    for _ in range(_ENOUGH):
        yield {s: rng.choice(values) for s, values in options.items()}


def _nearer(problem: Inequality, point: dict, deadline: float) -> dict[sympy.Symbol, Any]:
    """Return a witness with smaller exponents, where there is one."""
    for symbol, value in list(point.items()):
        if isinstance(value, Power):
            exponent, sign = value.exponent, value.sign
        elif value.is_Rational and max(abs(value.p), value.q) >= 10**6:
            exponent, sign = len(str(abs(value.p))) - len(str(value.q)), -1 if value < 0 else 1
        else:
            continue

        good, bad = exponent, 0
        while abs(good - bad) > 1 and worked() < deadline:
            middle = (good + bad) // 2
            trial = {**point, symbol: Power(middle, sign) if abs(middle) > 400 else sign * power_of_ten(middle)}
            if fails(problem, trial):
                good, point = middle, trial
            else:
                bad = middle
    return point


def narrow_witness(problem: Inequality, deadline: float) -> dict[sympy.Symbol, Any] | None:
    """Return a point where a function of one symbol is smallest or bends, to 18 digits or exactly, if the claim fails there."""
    if len(problem.domain) != 1:
        return None
    (symbol,) = problem.domain
    search = Monotone(deadline, lambda system, seconds: False)
    kinks = [node.args[0] for node in problem.gap.atoms(sympy.Abs)]
    kinks += [node.args[0] - other for node in problem.gap.atoms(sympy.Min, sympy.Max) for other in node.args[1:]]
    for crossing in kinks or [problem.gap.diff(symbol)]:
        found = None if crossing.has(*ROUNDING, sympy.Derivative) else _crossing(problem, search, crossing, deadline)
        if found is not None:
            return found
    return None


def _crossing(
    problem: Inequality, search: Monotone, slope: sympy.Expr, deadline: float
) -> dict[sympy.Symbol, Any] | None:
    """Return a point where a function of the symbol changes its sign, if the claim fails there."""
    ((symbol, allowed),) = problem.domain.items()
    whole = of_integers(allowed)
    for part in allowed.args if isinstance(allowed, sympy.Union) else (allowed,):
        if isinstance(part, sympy.FiniteSet):
            continue
        exact = [] if whole else search.roots(slope, symbol, {symbol: _extent(part)})
        for low, high in search.changes(slope, symbol, _extent(part)):
            ends = [sympy.Rational(e.numerator, e.denominator) for e in (low, high)]
            tried = [*recognised(low, high), *exact, *ends]
            if whole:
                tried = [sympy.floor(ends[0]) + step for step in (0, 1, -1)]
            for value in tried:
                if worked() > deadline:
                    return None
                if fails(problem, {symbol: value}):
                    return {symbol: value}
    return None


def touching_witness(problem: Inequality, near: Mapping | None, deadline: float) -> dict[sympy.Symbol, Any] | None:
    """Return a point next to a given one where the gap is smallest on the edge of a constraint, or inside, if the claim fails.

    Lagrange's equations are solved to forty digits; what is a hair outside is pulled inside along the edge's gradient.
    """
    symbols = list(problem.domain)
    if not near or len(symbols) < 2 or problem.gap.has(*ROUNDING, sympy.Min, sympy.Max) or not problem.constraints:
        return None
    multiplier = sympy.Dummy("multiplier")
    for rule in problem.constraints:
        edge = rule.upper - rule.lower
        steep = [edge.diff(symbol) for symbol in symbols]
        equations = [(problem.gap - multiplier * edge).diff(symbol) for symbol in symbols] + [edge]
        weight = sympy.Add(*(problem.gap.diff(s) * g for s, g in zip(symbols, steep, strict=True)))
        try:
            place = {symbol: float(near[symbol]) for symbol in symbols}
            start = [*place.values(), complex((weight / sympy.Add(*(g * g for g in steep))).evalf(subs=place)).real]
            with mpmath.workdps(40):
                found = mpmath.findroot(sympy.lambdify([*symbols, multiplier], equations, "mpmath"), start)
            exact = {s: sympy.Rational(mpmath.nstr(value, 30)) for s, value in zip(symbols, found, strict=False)}
        except (ValueError, ZeroDivisionError, TypeError, NameError, OverflowError):
            continue  # no edge is there, or it is not smooth
        for pull in (0, sympy.Rational(1, 10**24), sympy.Rational(1, 10**18)):
            moved = {
                s: v + pull * sympy.Rational(str(g.evalf(20, subs=exact)))
                for (s, v), g in zip(exact.items(), steep, strict=True)
            }
            if worked() < deadline and fails(problem, moved):
                return moved
    return None


def _extent(part: sympy.Set) -> Extent:
    low, high = (
        end if end.is_Rational or end.is_infinite else number_ends(end)[place]
        for place, end in ((1, part.inf), (0, part.sup))
    )
    return Extent(low, high, True, True)
