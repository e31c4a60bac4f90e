"""The sign of a function near the end of an interval, from the leading term of its expansion.

Near t -> 0+ a function is a sum of monomials t^p L^q exp(G), where L = log(1/t) and G is a sum of monomials that tend to
infinity, with exact coefficients, and a remainder smaller than a known monomial. Sums, products, real powers,
exponentials and logarithms of such sums are such sums (Hardy's logarithmico-exponential functions of height one), and
what is dropped is bounded by the remainder; so the first coefficient that is certainly not 0 has the sign of the function
for all small t.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cmp_to_key

import sympy

from boundcalc.checker.inequality.identity import logarithms, sign_at

__all__ = ["NoExpansion", "leading", "sign_near"]

_TERMS = 9
ZERO, ONE = Fraction(0), Fraction(1)
_STIRLING = (Fraction(1, 12), Fraction(-1, 360), Fraction(1, 1260))
_DIGAMMA = (Fraction(-1, 12), Fraction(1, 120), Fraction(-1, 252))


class NoExpansion(Exception):
    """The function has no expansion in this scale, or too many terms cancel."""


@dataclass(frozen=True)
class Monomial:
    """``t^p L^q exp(growth)``; growth is a tuple of (p, q, coefficient), fastest first."""

    p: Fraction = ZERO
    q: Fraction = ZERO
    growth: tuple[tuple[Fraction, Fraction, sympy.Expr], ...] = ()

    def times(self, other: Monomial) -> Monomial:
        return Monomial(self.p + other.p, self.q + other.q, _joined(self.growth, other.growth))

    def power(self, exponent: Fraction) -> Monomial:
        growth = tuple((p, q, c * sympy.Rational(exponent.numerator, exponent.denominator)) for p, q, c in self.growth)
        return Monomial(self.p * exponent, self.q * exponent, growth)


def _joined(one: tuple, other: tuple) -> tuple:
    total: dict[tuple[Fraction, Fraction], sympy.Expr] = {}
    for p, q, c in (*one, *other):
        total[p, q] = total.get((p, q), sympy.Integer(0)) + c
    kept = [(p, q, c) for (p, q), c in total.items() if _sign(c)]
    return tuple(sorted(kept, key=lambda item: (item[0], -item[1])))


def _sign(c: sympy.Expr) -> int:
    """Return the exact sign of a coefficient."""
    if c.is_Rational:
        return (c.p > 0) - (c.p < 0)
    sign = sign_at(logarithms(c), {}, bits=(64, 192, 768))
    if sign is None:
        raise NoExpansion(f"the sign of {c} is not known")
    return sign


def _larger(a: Monomial, b: Monomial) -> int:
    """Compare sizes as t -> 0+."""
    if a.growth != b.growth:
        difference = _joined(a.growth, tuple((p, q, -c) for p, q, c in b.growth))
        if difference:
            return _sign(difference[0][2])
    return (b.p > a.p) - (b.p < a.p) or (a.q > b.q) - (a.q < b.q)


_BY_SIZE = cmp_to_key(_larger)


@dataclass(frozen=True)
class Expansion:
    """Terms from the largest on, and a monomial that bounds the rest (None: there is no rest)."""

    terms: tuple[tuple[Monomial, sympy.Expr], ...]
    rest: Monomial | None = None

    def __add__(self, other: Expansion) -> Expansion:
        total: dict[Monomial, sympy.Expr] = {}
        for monomial, c in (*self.terms, *other.terms):
            total[monomial] = total.get(monomial, sympy.Integer(0)) + c
        return _cut(total, [rest for rest in (self.rest, other.rest) if rest is not None])

    def __mul__(self, other: Expansion) -> Expansion:
        total: dict[Monomial, sympy.Expr] = {}
        for one, c in self.terms:
            for two, d in other.terms:
                key = one.times(two)
                total[key] = total.get(key, sympy.Integer(0)) + c * d
        rests = [self.rest.times(other.terms[0][0])] if self.rest and other.terms else []
        rests += [other.rest.times(self.terms[0][0])] if other.rest and self.terms else []
        rests += [self.rest.times(other.rest)] if self.rest and other.rest else []
        return _cut(total, rests)

    def scaled(self, factor: sympy.Expr) -> Expansion:
        return Expansion(tuple((m, c * factor) for m, c in self.terms), self.rest)

    def lead(self) -> tuple[Monomial, sympy.Expr]:
        if not self.terms:
            raise NoExpansion("everything that was kept cancels")
        return self.terms[0]


def _cut(total: dict[Monomial, sympy.Expr], rests: list[Monomial]) -> Expansion:
    """Sort, drop zeros and what the remainder covers, keep a few terms."""
    kept = [(monomial, c) for monomial, c in total.items() if _sign(c)]
    kept.sort(key=lambda item: _BY_SIZE(item[0]), reverse=True)
    rest = max(rests, key=_BY_SIZE) if rests else None
    if rest is not None:
        kept = [(monomial, c) for monomial, c in kept if _larger(monomial, rest) > 0]
    if len(kept) > _TERMS:
        dropped = kept[_TERMS][0]
        rest = dropped if rest is None or _larger(dropped, rest) > 0 else rest
        kept = kept[:_TERMS]
    return Expansion(tuple(kept), rest)


def _constant(c: sympy.Expr) -> Expansion:
    return Expansion(((Monomial(), c),) if _sign(c) else ())


_ONE = Expansion(((Monomial(), sympy.Integer(1)),))


def _series(u: Expansion, coefficient: Callable[[int], sympy.Expr]) -> Expansion:
    """Return the sum of coefficient(k) u^k of a u that tends to 0; the sum converges near 0."""
    total, power = _constant(coefficient(0)), _ONE
    lead = u.terms[0][0] if u.terms else u.rest
    if lead is None:
        return total
    if _larger(lead, Monomial()) >= 0:
        raise NoExpansion("a term that does not tend to 0")
    for k in range(1, _TERMS + 1):
        power = power * u
        total = total + power.scaled(coefficient(k))
    return total + Expansion((), lead.power(Fraction(_TERMS + 1)))


def _split_lead(s: Expansion) -> tuple[Monomial, sympy.Expr, Expansion]:
    """Return monomial, coefficient and u with s = c M (1 + u)."""
    monomial, c = s.lead()
    inverse = Expansion(((monomial.power(Fraction(-1)), 1 / c),))
    return monomial, c, inverse * Expansion(s.terms[1:], s.rest)


def _log(s: Expansion) -> Expansion:
    monomial, c, u = _split_lead(s)
    if _sign(c) <= 0 or monomial.q:
        raise NoExpansion("logarithm outside the scale")
    parts = {Monomial(): logarithms(sympy.log(c))}
    parts[Monomial(ZERO, ONE)] = -sympy.Rational(monomial.p.numerator, monomial.p.denominator)
    for p, q, own in monomial.growth:
        parts[Monomial(p, q)] = parts.get(Monomial(p, q), sympy.Integer(0)) + own
    return _cut(parts, []) + _series(u, lambda k: sympy.Rational((-1) ** (k + 1), k) if k else sympy.Integer(0))


def _exp(s: Expansion) -> Expansion:
    if s.rest is not None and _larger(s.rest, Monomial()) >= 0:
        raise NoExpansion("an exponent known too roughly")
    monomial, factor, small = Monomial(), sympy.Integer(1), []
    for own, c in s.terms:
        side = _larger(own, Monomial())
        if side < 0:
            small.append((own, c))
        elif side == 0:
            factor = factor * sympy.exp(c)
        elif own.growth or (own.p == 0 and own.q < 1):
            raise NoExpansion("an exponential outside the scale")
        elif (own.p, own.q) == (0, 1):
            if not c.is_Rational:
                raise NoExpansion("an irrational power")
            monomial = monomial.times(Monomial(-Fraction(int(c.p), int(c.q))))
        else:
            monomial = monomial.times(Monomial(growth=((own.p, own.q, c),)))
    head = Expansion(((monomial, factor),))
    return head * _series(Expansion(tuple(small), s.rest), lambda k: 1 / sympy.factorial(k))


def _power(s: Expansion, exponent: sympy.Rational) -> Expansion:
    if exponent.is_Integer and 0 <= exponent <= 4:
        result = _ONE
        for _ in range(int(exponent)):
            result = result * s
        return result
    monomial, c, u = _split_lead(s)
    if not exponent.is_Integer and _sign(c) <= 0:
        raise NoExpansion("root of a negative number")
    head = Expansion(((monomial.power(Fraction(int(exponent.p), int(exponent.q))), c**exponent),))
    return head * _series(u, lambda k: sympy.binomial(exponent, k))


def _asymptotic(x: Expansion, kind: str) -> Expansion:
    """Return log gamma or digamma of something that tends to infinity (Stirling's series)."""
    if _larger(x.lead()[0], Monomial()) <= 0 or _sign(x.lead()[1]) <= 0:
        raise NoExpansion("a gamma function away from infinity")
    half, numbers = sympy.Rational(1, 2), _STIRLING if kind == "loggamma" else _DIGAMMA
    if kind == "loggamma":
        total = (x + _constant(-half)) * _log(x) + x.scaled(sympy.Integer(-1)) + _constant(sympy.log(2 * sympy.pi) / 2)
        first = -1
    else:
        total, first = _log(x) + _power(x, sympy.Integer(-1)).scaled(-half), -2
    for place, number in enumerate(numbers):
        exponent = sympy.Integer(first - 2 * place)
        total = total + _power(x, exponent).scaled(sympy.Rational(number.numerator, number.denominator))
    last = x.lead()[0].power(Fraction(first - 2 * len(numbers)))
    return total + Expansion((), last)


def leading(expr: sympy.Expr, t: sympy.Symbol) -> Expansion:
    """Return the expansion of an expression as t -> 0+.

    Raises
    ------
    NoExpansion
        If it has none in this scale.
    """
    if not expr.has(t):
        return _constant(expr)
    if expr == t:
        return Expansion(((Monomial(ONE), sympy.Integer(1)),))
    if isinstance(expr, sympy.Add | sympy.Mul):
        first, *others = (leading(arg, t) for arg in expr.args)
        for other in others:
            first = first + other if isinstance(expr, sympy.Add) else first * other
        return first
    if isinstance(expr, sympy.exp):
        return _exp(leading(expr.args[0], t))
    if isinstance(expr, sympy.log):
        inner = expr.args[0]
        if isinstance(inner, sympy.gamma | sympy.factorial):
            return _asymptotic(leading(inner.args[0] + isinstance(inner, sympy.factorial), t), "loggamma")
        return _log(leading(inner, t))
    if isinstance(expr, sympy.Pow):
        base, exponent = expr.args
        if exponent.is_Rational:
            return _power(leading(base, t), exponent)
        return _exp(leading(exponent, t) * _log(leading(base, t)))
    if isinstance(expr, sympy.loggamma):
        return _asymptotic(leading(expr.args[0], t), "loggamma")
    if isinstance(expr, sympy.polygamma) and expr.args[0] == 0:
        return _asymptotic(leading(expr.args[1], t), "digamma")
    raise NoExpansion(f"{expr.func.__name__} has no expansion here")


def sign_near(expr: sympy.Expr, v: sympy.Symbol, end: sympy.Expr, side: int) -> int | None:
    """Return the sign of an expression of v next to an end of its range, from above it (side 1) or from below; None if open."""
    t = sympy.Dummy("t", positive=True)
    value = end + side * t if end.is_finite else (1 / t if end == sympy.oo else -1 / t)
    try:
        found = leading(logarithms(expr.subs(v, value)), t)
        return _sign(found.lead()[1])
    except (NoExpansion, RecursionError):
        return None
