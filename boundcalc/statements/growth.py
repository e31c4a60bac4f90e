"""How an expression grows with one symbol: a few terms c n^a log(n)^b loglog(n)^c, largest first, found rule by rule.

No limit is asked of SymPy, so that every answer comes at once, and what no rule covers is refused.

>>> n = sympy.Symbol("n", positive=True)
>>> growth(sympy.log(n) / sympy.sqrt(n + 1), n).leading(n)
log(n)/sqrt(n)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.entropy import kl_inverse

__all__ = ["Growth", "Scale", "growth", "scale_expression"]

#: The powers of n, log(n) and log(log(n)).
Scale = tuple[sympy.Expr, sympy.Expr, sympy.Expr]

_ONE: Scale = (sympy.S.Zero,) * 3
_NEVER: Scale = (-sympy.oo, sympy.S.Zero, sympy.S.Zero)
_DEPTH = 4


@dataclass(frozen=True)
class Growth(Frozen):
    """A sum of terms, largest first, up to something of the order ``rest``.

    Attributes
    ----------
    terms : mapping of Scale to sympy.Expr
        The coefficient of each, not zero.
    rest : Scale, optional
        What was left out is at most of this order; None where nothing was.
    """

    terms: Mapping[Scale, sympy.Expr]
    rest: Scale | None = None

    @property
    def scale(self) -> Scale:
        """The order of the largest term.

        Raises
        ------
        InvalidInputError
            If all known terms cancel.
        """
        if not self.terms:
            raise InvalidInputError("its leading terms cancel: it vanishes faster than is followed here")
        return next(iter(self.terms))

    @property
    def coefficient(self) -> sympy.Expr:
        """The coefficient of the largest term."""
        return self.terms[self.scale]

    def leading(self, symbol: sympy.Symbol) -> sympy.Expr:
        """Return the largest term."""
        return self.coefficient * scale_expression(self.scale, symbol)

    def __add__(self, other: Growth) -> Growth:
        both = dict(self.terms)
        for scale, coefficient in other.terms.items():
            both[scale] = both.get(scale, sympy.S.Zero) + coefficient
        return _made(both, _larger(self.rest, other.rest))

    def __mul__(self, other: Growth) -> Growth:
        found: dict[Scale, sympy.Expr] = {}
        for one, first in self.terms.items():
            for two, second in other.terms.items():
                found[_times(one, two)] = found.get(_times(one, two), sympy.S.Zero) + first * second
        rests = [_times(a.rest, b.scale) for a, b in ((self, other), (other, self)) if a.rest is not None and b.terms]
        if self.rest is not None and other.rest is not None:
            rests.append(_times(self.rest, other.rest))
        return _made(found, max(rests, default=None))

    def power(self, exponent: sympy.Expr) -> Growth:
        """Return the growth of a power with a fixed exponent."""
        scale, coefficient = self.scale, self.coefficient
        if not exponent.is_integer and _negative(coefficient):
            raise InvalidInputError("what a root is taken of is negative far out")
        lead = _made({_scaled(scale, exponent): coefficient**exponent}, None)
        terms = max(_DEPTH, int(exponent) + 1) if exponent.is_Integer and exponent > 0 else _DEPTH
        return lead * self._composed(lambda k: sympy.binomial(exponent, k), terms)

    def _composed(self, coefficient_of, terms: int = _DEPTH) -> Growth:
        """Return sum_k a_k u^k, where this is its leading term times 1 + u."""
        small = self * _made({_scaled(self.scale, sympy.S.NegativeOne): 1 / self.coefficient}, None)
        u = _made({scale: c for scale, c in small.terms.items() if scale != _ONE}, small.rest)
        return _series(u, coefficient_of, terms)

    def log(self) -> Growth:
        """Return the growth of the logarithm."""
        power, logs, loglogs = self.scale
        if loglogs != 0 or (logs != 0 and power == 0 and loglogs != 0):
            raise InvalidInputError("a third iterated logarithm is not followed here")
        if _negative(self.coefficient):
            raise InvalidInputError("what a logarithm is taken of is negative far out")
        found = {
            _ONE: sympy.log(self.coefficient),
            (_ONE[0], sympy.S.One, _ONE[0]): power,
            (*_ONE[:2], sympy.S.One): logs,
        }
        return _made(found, None) + self._composed(
            lambda k: sympy.S.Zero if k == 0 else sympy.Rational((-1) ** (k + 1), k)
        )

    def exp(self) -> Growth:
        """Return the growth of the exponential: of at most c log(n), or of what tends to minus infinity."""
        log_scale = (_ONE[0], sympy.S.One, _ONE[0])
        loglog_scale = (*_ONE[:2], sympy.S.One)
        exact = {scale: self.terms.get(scale, sympy.S.Zero) for scale in (log_scale, loglog_scale, _ONE)}
        if self.terms and self.scale > log_scale:
            if not _negative(self.coefficient):
                raise InvalidInputError("it grows faster than any power")
            return Growth({}, _NEVER)
        if self.rest is not None and self.rest >= _ONE:
            raise InvalidInputError("the terms of an exponent are not known well enough")
        small = _made({s: c for s, c in self.terms.items() if s not in exact}, self.rest)
        lead = _made({(exact[log_scale], exact[loglog_scale], sympy.S.Zero): sympy.exp(exact[_ONE])}, None)
        if any(scale >= _ONE for scale in small.terms):
            raise InvalidInputError("it does not grow like powers and logarithms")
        return lead * _series(small, lambda k: 1 / sympy.factorial(k))


def scale_expression(scale: Scale, symbol: sympy.Symbol) -> sympy.Expr:
    """Return n^a log(n)^b loglog(n)^c.

    Parameters
    ----------
    scale : Scale
    symbol : sympy.Symbol
    """
    power, logs, loglogs = scale
    return symbol**power * sympy.log(symbol) ** logs * sympy.log(sympy.log(symbol)) ** loglogs


def growth(expr: sympy.Expr, symbol: sympy.Symbol) -> Growth:
    """Return how an expression grows as a symbol does, all others fixed; floors and ceilings may move by 1.

    Parameters
    ----------
    expr : sympy.Expr
        Roots and logarithms in it are taken to be defined.
    symbol : sympy.Symbol

    Raises
    ------
    InvalidInputError
        If no rule covers it, or it is not like powers and logarithms.
    """
    try:
        return _growth(expr, symbol)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{expr} is not known to grow or to vanish like a power of {symbol} with logarithms: {error}"
        ) from error


def _growth(expr: sympy.Expr, symbol: sympy.Symbol) -> Growth:
    if symbol not in expr.free_symbols:
        return _made({_ONE: expr}, None)
    if expr == symbol:
        return Growth({(sympy.S.One, sympy.S.Zero, sympy.S.Zero): sympy.S.One})
    parts = [_growth(arg, symbol) for arg in expr.args] if not isinstance(expr, sympy.Pow) else []
    match expr:
        case sympy.Add():
            return reduce(Growth.__add__, parts)
        case sympy.Mul():
            return reduce(Growth.__mul__, parts)
        case sympy.Pow() if symbol not in expr.exp.free_symbols:
            return _growth(expr.base, symbol).power(expr.exp)
        case sympy.Pow():
            return (_growth(expr.exp, symbol) * _growth(sympy.log(expr.base), symbol)).exp()
        case sympy.exp():
            return parts[0].exp()
        case sympy.log() if len(parts) == 1:
            return parts[0].log()
        case sympy.floor() | sympy.ceiling():
            if parts[0].scale <= _ONE:
                raise InvalidInputError(f"{expr} jumps in the limit")
            return parts[0] + Growth({}, _ONE)
        case sympy.Min() | sympy.Max():
            return reduce(lambda a, b: _extreme(a, b, type(expr)), parts)
        case sympy.Abs():
            return parts[0] * _made({_ONE: sympy.sign(parts[0].coefficient)}, None)
        case sympy.binomial() if expr.args[1].is_Integer:
            return _growth(sympy.expand_func(expr), symbol)
        case sympy.tanh() | sympy.sinh() | sympy.cosh():
            return _growth(expr.rewrite(sympy.exp), symbol)
        case kl_inverse():
            return _inverse_growth(expr, parts, symbol)
    raise InvalidInputError(f"no rule for {type(expr).__name__}")


def _inverse_growth(expr: sympy.Expr, parts: list[Growth], symbol: sympy.Symbol) -> Growth:
    """Return the growth of an upper entropy inverse by its first terms."""
    q, a = parts
    if a.terms and a.scale > _ONE:
        return Growth({_ONE: sympy.S.One}, _NEVER) if _positive(a.coefficient) else Growth({}, None)
    far_q, far_a = (part.terms.get(_ONE, sympy.S.Zero) for part in parts)
    if far_a == 0:
        if symbol in expr.args[0].free_symbols:
            raise InvalidInputError("its argument q moves while a vanishes")
        small = a.power(sympy.Integer(2) if far_q == 0 else sympy.Rational(3, 2))
        return _growth(expr.expansion(), symbol) + Growth({}, small.scale)
    if far_q in (0, 1) and q.terms.keys() != {_ONE}:
        raise InvalidInputError("its argument q tends to 0 or 1")
    there = expr.func(far_q, far_a)
    found = _made({_ONE: there}, None)
    for place, part in ((1, q), (2, a)):
        rest = _made({s: c for s, c in part.terms.items() if s != _ONE}, part.rest)
        if rest.terms or rest.rest:
            small = rest.power(sympy.Integer(2)) if rest.terms else rest
            found = (
                found
                + _made({_ONE: there.fdiff(place)}, None) * rest
                + Growth({}, (small.terms and small.scale) or small.rest)
            )
    return found


def _extreme(first: Growth, second: Growth, kind: type) -> Growth:
    """Return which of two is the smaller or larger far out."""
    gap = first + second * _made({_ONE: sympy.S.NegativeOne}, None)
    if not gap.terms:
        return Growth({}, gap.rest) + (first if gap.rest is None else _made(first.terms, _larger(first.rest, gap.rest)))
    least = first if (kind is sympy.Min) == _negative(gap.coefficient) else second
    if _negative(gap.coefficient) or _positive(gap.coefficient):
        return least
    scales = {part.scale: part.coefficient for part in (first, second) if part.terms}
    if len(scales) == 1 and first.terms and second.terms:
        chosen = kind(first.coefficient, second.coefficient)
        rests = [
            scale for part in (first, second) for scale in (*list(part.terms)[1:2], part.rest) if scale is not None
        ]
        return _made({first.scale: chosen}, max(rests, default=None))
    raise InvalidInputError(f"the sign of {gap.coefficient} decides, and is not known")


def _series(u: Growth, coefficient_of, terms: int = _DEPTH) -> Growth:
    """Return sum_k a_k u^k for a u that vanishes."""
    found, power = Growth({}), Growth({_ONE: sympy.S.One})
    for k in range(terms):
        found = found + power * _made({_ONE: sympy.sympify(coefficient_of(k))}, None)
        power = power * u
    left = (power.terms and power.scale) or power.rest
    return found + Growth({}, left) if left and coefficient_of(terms) != 0 else found


def _made(terms: Mapping[Scale, sympy.Expr], rest: Scale | None) -> Growth:
    """Return a growth with its terms in order, zeros and what the rest drowns left out."""
    kept = {scale: c for scale, c in terms.items() if (rest is None or scale > rest) and not _zero(c)}
    ordered = sorted(kept, reverse=True)
    if len(ordered) > 2 * _DEPTH:
        rest = ordered[2 * _DEPTH]
        ordered = ordered[: 2 * _DEPTH]
    return Growth({scale: kept[scale] for scale in ordered}, rest)


def _larger(first: Scale | None, second: Scale | None) -> Scale | None:
    return max((rest for rest in (first, second) if rest is not None), default=None)


def _times(first: Scale, second: Scale) -> Scale:
    return (first[0] + second[0], first[1] + second[1], first[2] + second[2])


def _scaled(scale: Scale, factor: sympy.Expr) -> Scale:
    found = (scale[0] * factor, scale[1] * factor, scale[2] * factor)
    if not all(power.is_Rational for power in found):
        raise InvalidInputError(f"its power {found[0]} is no fixed rational number")
    return found


def _zero(coefficient: sympy.Expr) -> bool:
    """Return whether a coefficient is 0 for all values of its symbols: exactly, or to 30 digits at two points."""
    if coefficient == 0 or coefficient.is_zero:
        return True
    if not isinstance(coefficient, sympy.Add):
        return False
    if sympy.expand(coefficient) == 0:
        return True
    return all(
        abs(value) < sympy.Float("1e-30", 40) * size for value, size in map(lambda k: _at(coefficient, k), (0, 1))
    )


def _at(coefficient: sympy.Add, place: int) -> tuple[sympy.Expr, sympy.Expr]:
    """Return a sum's value at a point, and that of its terms' absolute values."""
    point = {
        s: sympy.Rational(7 * k + 5 + 31 * place, 3 * k + 16)
        for k, s in enumerate(sorted(coefficient.free_symbols, key=str))
    }
    terms = [term.xreplace(point).evalf(50) for term in coefficient.args]
    return sympy.Add(*terms), sympy.Add(1, *(abs(term) for term in terms))


def _negative(coefficient: sympy.Expr) -> bool:
    return bool(coefficient.is_negative) or (coefficient.is_negative is None and _all_signs(coefficient, -1))


def _positive(coefficient: sympy.Expr) -> bool:
    return bool(coefficient.is_positive) or (coefficient.is_positive is None and _all_signs(coefficient, 1))


def _all_signs(coefficient: sympy.Expr, sign: int) -> bool:
    """Return whether the terms of an expanded sum all have one sign."""
    terms = sympy.Add.make_args(sympy.expand(coefficient))
    return all((term * sign).is_positive for term in terms)
