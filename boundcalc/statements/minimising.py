"""The best value of a free parameter: in closed form where two powers meet, on a grid that a union pays for elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.evaluator.integrals import settled
from boundcalc.language.directions import value_range
from boundcalc.language.domains import contains, describe
from boundcalc.statements.audit import expression, known_domains, seen_in_data
from boundcalc.statements.composing import insert, over
from boundcalc.statements.domain import Domain
from boundcalc.statements.statement import DELTA, AnyStatement

__all__ = ["balance", "grid", "minimised"]


def minimised(
    bound: AnyStatement, name: str, *, values: Sequence[sympy.Expr] | None, price: str, given: Mapping[str, Any]
) -> tuple[AnyStatement, sympy.Expr]:
    """Return a bound at the best value of one of its symbols, and that value; see `boundcalc.bound.Bound.minimise`.

    Raises
    ------
    InvalidInputError
        If there is no such symbol, what is asked does not fit together, no minimiser is known, or it depends on the data
        and no grid pays for it.
    """
    if price not in ("fixed", "grid"):
        raise InvalidInputError(f"price = {price!r} must be 'fixed' or 'grid'", context=str(bound.theorem))
    symbol = bound.symbol(name)
    if symbol == DELTA:
        raise InvalidInputError(
            "delta is how often the bound may fail, not a free parameter", context=str(bound.theorem)
        )
    if price == "grid":
        bound = insert(bound, given) if given else bound
        return _on_a_grid(bound, symbol, values or grid(bound, symbol, None, 0))
    guesses = {one: value for one, value in given.items() if seen_in_data(bound.symbol(one))}
    settled = {one: value for one, value in given.items() if one not in guesses}
    bound = insert(bound, settled) if settled else bound
    trial = insert(bound, guesses) if guesses else bound
    if values is not None:
        best = min(values, key=lambda value: _value(trial, symbol, value))
    else:
        best = balance(trial.expr if not trial.is_lower else -trial.expr, symbol) or _searched(trial, symbol)
    seen = [] if symbol in bound.uniform else seen_in_data(best)
    if seen:
        raise InvalidInputError(
            f"the best {name} is {best}, and {', '.join(seen)} is not known before the data are seen: take price='grid' "
            f"with over=(values fixed in advance)",
            context=str(bound.theorem),
        )
    return insert(bound, {name: best}), best


def balance(expr: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr | None:
    """Return where a x^p + b x^(-q) + rest is smallest, a, b > 0 and p, q > 0; None for expressions of another form.

    >>> x, a, b = sympy.symbols("x a b", positive=True)
    >>> balance(a * x + b / x + 3, x)
    sqrt(b)/sqrt(a)
    """
    terms: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(sympy.expand(expr, log=False, power_base=False)):
        coefficient, moving = term.as_independent(symbol, as_Add=False)
        base, exponent = moving.as_base_exp() if moving != 1 else (symbol, sympy.S.Zero)
        if base != symbol or not exponent.is_Rational:
            return None
        terms[exponent] = terms.get(exponent, sympy.S.Zero) + coefficient
    terms.pop(sympy.S.Zero, None)
    terms = {exponent: coefficient for exponent, coefficient in terms.items() if coefficient != 0}
    if len(terms) != 2 or not min(terms) < 0 < max(terms):
        return None
    up, down = max(terms), min(terms)
    if any(value_range(c, known_domains(c.free_symbols))[0] < 0 for c in terms.values()):
        return None
    return sympy.simplify((-down * terms[down] / (up * terms[up])) ** (1 / (up - down)))


def grid(bound: AnyStatement, symbol: sympy.Symbol, values: Any, points: int) -> list[sympy.Expr]:
    """Return the values to choose among: those listed, or a geometric grid between two ends."""
    if isinstance(values, tuple) and len(values) == 2:
        low, high = (expression(value, "over") for value in values)
        if not (low.is_number and high.is_number and 0 < low < high) or not isinstance(points, int) or points < 2:
            raise InvalidInputError(f"over = {values!r} must be two numbers 0 < low < high, with at least 2 points")
        ratio = math.log(float(high / low)) / (points - 1)
        inner = (Fraction(float(low) * math.exp(ratio * k)).limit_denominator(10**6) for k in range(1, points - 1))
        found = [low, *(sympy.Rational(value.numerator, value.denominator) for value in inner), high]
    elif isinstance(values, Iterable) and not isinstance(values, str):
        found = [expression(value.item() if hasattr(value, "item") else value, "over") for value in values]
    else:
        raise InvalidInputError(
            f"over = {values!r}: give the values of {symbol} to choose among, or (low, high) for a geometric grid",
            context=str(bound.theorem),
        )
    allowed = bound.domain[symbol]
    bad = [
        value for value in found if not value.is_number or not contains(allowed, Fraction(str(sympy.Rational(value))))
    ]
    if not found or bad:
        raise InvalidInputError(
            f"over = {values!r}: {symbol} must be {describe(allowed)}, and there must be a value",
            context=str(bound.theorem),
        )
    return list(dict.fromkeys(found))


def _on_a_grid(
    bound: AnyStatement, symbol: sympy.Symbol, candidates: Sequence[sympy.Expr]
) -> tuple[AnyStatement, sympy.Expr]:
    """Return the best of the bound over fixed values, each of which pays its part of delta."""
    paid = bound if symbol in bound.uniform else over(bound, len(candidates))
    best = sympy.Max if bound.is_lower else sympy.Min
    moving = {short: full for short, full in paid.where.items() if symbol in full.free_symbols}
    values = [paid.raw.xreplace(moving).xreplace({symbol: value}) for value in candidates]
    members = [insert(bound, {symbol.name: value}) for value in candidates]
    left = {s: allowed for s, allowed in paid.domain.items() if s != symbol}
    chosen = replace(
        paid,
        parts=(("complexity", best(*values)),),
        domain=Domain(left),
        where={short: full for short, full in paid.where.items() if short not in moving},
        constraints=tuple(dict.fromkeys(rule for one in members for rule in one.constraints)),
        conditions=tuple(dict.fromkeys(one for member in members for one in member.conditions)),
        uniform=tuple(s for s in paid.uniform if s != symbol),
        proof=None,
    )
    heights = [paid.expr.xreplace({symbol: value}) for value in candidates]
    reached = sympy.Ge if bound.is_lower else sympy.Le
    cases = [(value, reached(one, chosen.expr)) for value, one in zip(candidates, heights, strict=True)]
    return chosen, sympy.Piecewise(*cases[:-1], (candidates[-1], True))


def _value(bound: AnyStatement, symbol: sympy.Symbol, value: sympy.Expr) -> float:
    found = bound.expr.xreplace({symbol: value})
    if found.free_symbols:
        raise InvalidInputError(
            f"which {symbol} is best depends on {', '.join(sorted(s.name for s in found.free_symbols))}: give their values, or "
            "take price='grid'",
            context=str(bound.theorem),
        )
    number = float(settled(found, None, {}).evalf(30))
    return -number if bound.is_lower else number


def _searched(bound: AnyStatement, symbol: sympy.Symbol) -> sympy.Expr:
    """Return about the best value where all other symbols are numbers: every value is valid, so a near one is as well."""
    allowed = bound.domain[symbol]
    low, high = (float(end) if end.is_finite else math.copysign(1e12, float(end)) for end in (allowed.inf, allowed.sup))
    inside = max(low, 1e-12) if low >= 0 else low
    first, last = (math.log(inside), math.log(high)) if low >= 0 else (low, high)

    def at(place: float) -> float:
        number = math.exp(place) if low >= 0 else place
        return _value(bound, symbol, sympy.Float(number, 30))

    grid = np.linspace(first, last, 121)[1:-1]
    heights = [at(place) for place in grid]
    best = int(np.argmin([height if math.isfinite(height) else math.inf for height in heights]))
    left, right = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    for _ in range(60):
        thirds = left + (right - left) / 3, right - (right - left) / 3
        left, right = (left, thirds[1]) if at(thirds[0]) <= at(thirds[1]) else (thirds[0], right)
    number = math.exp((left + right) / 2) if low >= 0 else (left + right) / 2
    found = Fraction(number).limit_denominator(10**9)
    if isinstance(allowed, sympy.Range):
        found = min(
            (Fraction(math.floor(number)), Fraction(math.ceil(number))), key=lambda one: _at_whole(bound, symbol, one)
        )
    return sympy.Rational(found.numerator, found.denominator)


def _at_whole(bound: AnyStatement, symbol: sympy.Symbol, value: Fraction) -> float:
    """Return the bound at a whole value, infinite outside the domain."""
    if not contains(bound.domain[symbol], value):
        return math.inf
    return _value(bound, symbol, sympy.Integer(int(value)))
