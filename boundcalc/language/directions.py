"""In which direction an expression moves with a symbol, read off its structure and the symbols' domains.

The answer is ``unknown`` rather than wrong: every rule below is a sufficient condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Literal

import sympy

from boundcalc.arithmetic.convert import convert
from boundcalc.arithmetic.intervals import ANY, Range, ranges_of
from boundcalc.arithmetic.nodes import Node, Pool
from boundcalc.language.domains import symbol_range
from boundcalc.language.entropy import kl, kl_inverse

__all__ = ["Direction", "direction", "falls_from", "outermost", "value_interval", "value_range"]

Direction = Literal["constant", "rises", "falls", "unknown"]
Domains = Mapping[sympy.Symbol, sympy.Set]

_FLIP: dict[Direction, Direction] = {"rises": "falls", "falls": "rises", "constant": "constant", "unknown": "unknown"}
_MONOTONE = (sympy.log, sympy.exp, sympy.floor, sympy.ceiling)


def direction(
    expr: sympy.Expr,
    symbol: sympy.Symbol,
    *,
    domains: Domains,
    where: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> Direction:
    """Return how ``expr`` moves when ``symbol`` grows and all else is fixed (weakly: ``rises`` may include flat parts).

    Parameters
    ----------
    expr : sympy.Expr
    symbol : sympy.Symbol
    domains : mapping of sympy.Symbol to sympy.Set
        The values that symbols may take; symbols that are absent are bounded by their SymPy assumptions.
    where : mapping, optional
        Abbreviations such as ``m = floor(n/2)`` that occur in ``expr``; ``symbol`` may hide inside them.
    """
    parts = [_direction(expr, symbol, domains)]
    for short, full in (where or {}).items():
        if short in expr.free_symbols and symbol in full.free_symbols:
            parts.append(_chain(_direction(expr, short, domains), _direction(full, symbol, domains)))
    return _combine(parts)


def _chain(outer: Direction, inner: Direction) -> Direction:
    if "constant" in (outer, inner):
        return "constant"
    if "unknown" in (outer, inner):
        return "unknown"
    return inner if outer == "rises" else _FLIP[inner]


def _combine(parts: Iterable[Direction]) -> Direction:
    moving = set(parts) - {"constant"}
    if not moving:
        return "constant"
    return moving.pop() if len(moving) == 1 else "unknown"


def _direction(expr: sympy.Expr, symbol: sympy.Symbol, domains: Domains) -> Direction:
    if symbol not in expr.free_symbols:
        return "constant"
    if expr == symbol:
        return "rises"
    if isinstance(expr, sympy.Add | sympy.Min | sympy.Max):
        return _combine(_direction(part, symbol, domains) for part in expr.args)
    if isinstance(expr, sympy.Mul):
        return _product_direction(expr, symbol, domains)
    if isinstance(expr, sympy.Pow):
        return _power_direction(expr, symbol, domains)
    if isinstance(expr, _MONOTONE) and len(expr.args) == 1:
        return _direction(expr.args[0], symbol, domains)
    if isinstance(expr, sympy.Sum | sympy.Integral) and all(len(limit) == 3 for limit in expr.limits):
        return _total_direction(expr, symbol, domains)
    if isinstance(expr, kl_inverse):
        return _combine(_direction(arg, symbol, domains) for arg in expr.args)
    if isinstance(expr, kl):
        return _divergence_direction(expr, symbol, domains)
    return "unknown"


def _total_direction(expr: sympy.Sum | sympy.Integral, symbol: sympy.Symbol, domains: Domains) -> Direction:
    """Return how a sum or an integral moves: with what is summed, and with limits between which that has one sign."""
    inside, (x, low, high) = outermost(expr)
    within = {**domains, x: _between(low, high, domains)}
    height = value_range(inside, within)
    above = _signed(_direction(high, symbol, domains), height)
    below = _FLIP[_signed(_direction(low, symbol, domains), height)]
    return _combine((_direction(inside, symbol, within), above, below))


def outermost(expr: sympy.Sum | sympy.Integral) -> tuple[sympy.Expr, sympy.Tuple]:
    """Return what is summed or integrated last, and between which limits: of one variable, what the others leave."""
    *inner, last = expr.limits
    return expr.func(expr.function, *inner) if inner else expr.function, last


def _between(low: sympy.Expr, high: sympy.Expr, domains: Domains) -> sympy.Set:
    ends = value_range(low, domains)[0], value_range(high, domains)[1]
    return sympy.Interval(*(sympy.sympify(end) for end in ends))


def _product_direction(expr: sympy.Mul, symbol: sympy.Symbol, domains: Domains) -> Direction:
    if _is_perspective(expr, symbol, domains):
        return "rises"
    parts: list[Direction] = []
    for position, factor in enumerate(expr.args):
        if symbol in factor.free_symbols:
            others = sympy.Mul(*(arg for place, arg in enumerate(expr.args) if place != position))
            parts.append(_signed(_direction(factor, symbol, domains), value_range(others, domains)))
    return _combine(parts)


def _is_perspective(expr: sympy.Mul, symbol: sympy.Symbol, domains: Domains) -> bool:
    """Whether a product is a nonnegative multiple of c kl_inverse(u/c, a), which rises in c.

    For kl_inverse is concave in q and nonnegative at q = 0: its derivative by c, f - q f', is at least f(0).
    """
    rest, moving = expr.as_independent(symbol, as_Add=False)
    inverse = moving / symbol
    if not isinstance(inverse, kl_inverse) or value_range(symbol, domains)[0] < 0 or value_range(rest, domains)[0] < 0:
        return False
    q, a = inverse.args
    return symbol not in (q * symbol).free_symbols and _direction(a, symbol, domains) in ("constant", "rises")


def _power_direction(expr: sympy.Pow, symbol: sympy.Symbol, domains: Domains) -> Direction:
    base, exponent = expr.args
    if symbol in exponent.free_symbols:
        if symbol in base.free_symbols or value_range(base, domains)[0] < 1:
            return "unknown"
        return _direction(exponent, symbol, domains)
    inner = _direction(base, symbol, domains)
    low, high = value_range(base, domains)
    if low >= 0:
        return _signed(inner, value_range(exponent, domains))
    if exponent.is_integer and exponent.is_positive:
        return inner if exponent.is_odd else (_FLIP[inner] if high <= 0 else "unknown")
    return "unknown"


def _divergence_direction(expr: kl, symbol: sympy.Symbol, domains: Domains) -> Direction:
    """Return how a relative entropy moves: it grows as its arguments part, so their order must be known."""
    q, p = (value_range(arg, domains) for arg in expr.args)
    first, second = (_direction(arg, symbol, domains) for arg in expr.args)
    apart = _combine((_FLIP[first], second))
    return apart if q[1] <= p[0] else _FLIP[apart] if p[1] <= q[0] else "unknown"


def falls_from(
    expr: sympy.Expr,
    symbol: sympy.Symbol,
    *,
    domains: Domains,
    where: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> tuple[sympy.Expr, ...] | None:
    """Return values of ``symbol`` such that ``expr`` falls beyond all of them; None where no rule says so.

    A logarithm that meets a power rises up to its maximum and falls from there on.

    >>> n = sympy.Symbol("n", positive=True)
    >>> falls_from(sympy.log(n) / n, n, domains={})
    (E,)

    Parameters
    ----------
    expr, symbol, domains, where
        As for `direction`; of what is rounded down ``floor(symbol/k)`` is followed, from 1 on.
    """
    if direction(expr, symbol, domains=domains, where=where) in ("falls", "constant"):
        return ()
    inserted = expr.xreplace({s: full for s, full in (where or {}).items() if symbol in full.free_symbols})
    floors = [part for part in inserted.atoms(sympy.floor) if symbol in part.free_symbols]
    if not floors:
        return _turns(inserted, symbol, domains)
    whole, blocks = sympy.Dummy("whole", integer=True, positive=True), symbol / floors[0].args[0]
    inside = inserted.xreplace({floors[0]: whole})
    if symbol in inside.free_symbols or not (blocks.is_Integer and blocks > 0):
        return None
    found = _turns(inside, whole, {**domains, whole: sympy.Range(1, sympy.oo)})
    return None if found is None else tuple(blocks * sympy.ceiling(turn) for turn in found)


def _turns(expr: sympy.Expr, symbol: sympy.Symbol, domains: Domains) -> tuple[sympy.Expr, ...] | None:
    if _direction(expr, symbol, domains) in ("falls", "constant"):
        return ()
    if isinstance(expr, sympy.Add | sympy.Min | sympy.Max | kl_inverse):
        found = [_turns(part, symbol, domains) for part in expr.args]
        return None if None in found else tuple(dict.fromkeys(turn for turns in found for turn in turns or ()))
    if isinstance(expr, _MONOTONE) and len(expr.args) == 1:
        return _turns(expr.args[0], symbol, domains)
    scale, moving = expr.as_independent(symbol, as_Add=False)
    if value_range(scale, domains)[0] < 0:
        return None
    factors = sympy.Mul.make_args(moving)
    idle = [one for one in factors if _falls_alone(one, symbol, domains)]
    if idle and len(idle) < len(factors) and value_range(moving / sympy.Mul(*idle), domains)[0] >= 0:
        return _turns(moving / sympy.Mul(*idle), symbol, domains)
    powers = dict(factor.as_base_exp() for factor in factors)
    fall = -powers.pop(symbol, sympy.S.Zero)
    if not fall.is_Rational:
        return None
    if all(isinstance(base, sympy.log) or base.is_number for base in powers):
        return _product_turns(powers, fall, symbol, domains)
    if len(powers) != 1 or fall < 0:
        return None
    (base, power), *_ = powers.items()
    if not (power.is_Rational and power > 0):
        return None
    if power.is_Integer and power != 1 and value_range(base, domains)[0] < 0:
        return None  # a root is taken where its base is nonnegative, a square anywhere
    inside = sympy.expand(base * symbol ** (-fall / power), log=False, power_base=False)
    return None if inside == expr else _turns(inside, symbol, domains)


def _falls_alone(factor: sympy.Expr, symbol: sympy.Symbol, domains: Domains) -> bool:
    """Return whether a factor that is no power of the symbol is never negative and never rises."""
    base, _ = factor.as_base_exp()
    apart = base != symbol and not base.is_number and value_range(factor, domains)[0] >= 0
    return apart and _direction(factor, symbol, domains) == "falls"


def _product_turns(
    powers: Mapping[sympy.Expr, sympy.Expr], fall: sympy.Rational, symbol: sympy.Symbol, domains: Domains
) -> tuple[sympy.Expr, ...] | None:
    """Return from where n^-q log(s)^p log(log(t))^r exp(-c n^a) falls, for s and t of the form b n^k + lower powers.

    For L = log(s) the factors' derivatives, times n over the factor, are at most p k/L, r k/(L log(L)) <= r k/L where L >= e,
    and -a c n^a. The last one outweighs all where it does so with L = 1; without it each logarithm has its part of q.
    """
    logs = {base: power for base, power in powers.items() if isinstance(base, sympy.log)}
    degrees = {base: _degree(base, symbol, domains) for base in logs}
    if not all(power.is_Rational and power > 0 for power in logs.values()) or None in degrees.values():
        return None
    rises = {base: power * degrees[base][0] for base, power in logs.items()}  # type: ignore[index]
    turns = []
    decays = sympy.Add(*(sympy.log(base) * power for base, power in powers.items() if base not in logs))
    if decays != 0:
        rate, growing = decays.as_independent(symbol, as_Add=False)
        grown, power = growing.as_base_exp()
        if grown != symbol or not (power.is_Rational and power > 0 and rate.is_negative):
            return None
        turns.append(sympy.powsimp(((sum(rises.values()) - sympy.Min(fall, 0)) / (-power * rate)) ** (1 / power)))
    elif fall <= 0:
        return None
    for base, rise in rises.items():
        degree, factor = degrees[base]  # type: ignore[misc]
        level = sympy.S.One if decays != 0 else rise * len(rises) / fall
        level = sympy.Max(sympy.E, level) if isinstance(base.args[0], sympy.log) else level
        turns.append(sympy.powsimp(sympy.exp(level / degree) * factor ** (-1 / degree)))
    return tuple(turns)


def _degree(base: sympy.log, symbol: sympy.Symbol, domains: Domains) -> tuple[sympy.Rational, sympy.Expr] | None:
    """Return k and b where a logarithm, or one in a logarithm, is taken of b n^k + lower powers, none of them negative."""
    inner = sympy.expand(base.args[0].args[0] if isinstance(base.args[0], sympy.log) else base.args[0])
    parts = [part.as_independent(symbol, as_Add=False) for part in sympy.Add.make_args(inner)]
    degrees = [grown.as_base_exp()[1] if grown != 1 else sympy.S.Zero for _, grown in parts]
    plain = all(
        grown == symbol**degree and degree.is_Rational and degree >= 0 and value_range(factor, domains)[0] >= 0
        for (factor, grown), degree in zip(parts, degrees, strict=True)
    )
    if not plain or (degree := max(degrees)) == 0:
        return None
    return degree, parts[degrees.index(degree)][0]


def _signed(inner: Direction, factor: tuple[float, float]) -> Direction:
    low, high = factor
    if low >= 0:
        return inner
    return _FLIP[inner] if high <= 0 else ("constant" if inner == "constant" else "unknown")


def value_range(expr: sympy.Expr, domains: Domains) -> tuple[float, float]:
    """Return an interval that holds every value of ``expr`` on the domains (closed, in floats, possibly unbounded).

    Ends that are no floats are rounded outwards, so that a sign read off them is certain.
    """
    found = value_interval(expr, domains)
    return found.low, found.high


def _is_area(part: sympy.Expr, domains: Domains) -> bool:
    """Return whether an integral, between limits in order, is of what is never negative."""
    if not isinstance(part, sympy.Integral) or not all(len(limit) == 3 for limit in part.limits):
        return False
    inside, (x, low, high) = outermost(part)
    return value_range(inside, {**domains, x: _between(low, high, domains)})[0] >= 0


def value_interval(expr: sympy.Expr, domains: Domains) -> Range:
    """Return the same with what is known of the ends: an open one is not attained."""
    symbols = sorted(expr.free_symbols, key=str)
    ranges = [symbol_range(symbol, domains.get(symbol)) for symbol in symbols]
    pool = Pool()

    def unknown(part: sympy.Expr) -> Node:
        """Take a function that the arithmetic does not know for a further symbol."""
        ranges.append(Range(0.0, inf) if part.is_nonnegative or _is_area(part, domains) else ANY)
        return pool.make("symbol", value=len(ranges) - 1)

    node = convert(expr, symbols, pool, unknown=unknown)
    found: Range = ranges_of(node, ranges)[id(node)]
    return found
