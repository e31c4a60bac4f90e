"""Binary relative entropy and its inverse of single numbers: plain floats, mpmath's, and Arb balls.

`boundcalc.arithmetic.entropy` says what they are and why Newton's iteration runs in s = log((1-q)/(1-p)).
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["kl_at", "kl_ball", "kl_inverse_at", "kl_inverse_ball", "kl_inverse_precisely", "kl_precisely"]

_GUARD = 30  # bits beyond those asked for


def kl_at(q: float, p: float) -> float:
    """Return kl(q, p) of two numbers; needs nothing but ``math``."""
    if not (0 <= q <= 1 and 0 <= p <= 1):
        raise ValueError(f"kl({q}, {p}) is not defined")
    if p == 0 or p == 1:
        return 0.0 if p == q else math.inf

    def term(weight: float, other: float, d: float) -> float:
        if not weight:
            return d
        if abs(d) > 0.5 * weight:
            quotient = other / weight
            plain = 1e-290 < quotient < math.inf
            return d - weight * (math.log(quotient) if plain else math.log(other) - math.log(weight))
        x = d / weight
        r = x / (2 + x)
        total = 0.0
        for k in range(16, -1, -1):
            total = total * r * r + 1 / (2 * k + 3)
        return weight * (r * (x - 2 * r * r * total))

    return term(q, p, p - q) + term(1 - q, 1 - p, q - p)


def kl_inverse_at(q: float, a: float) -> float:
    """Return the largest p with kl(q, p) <= a for two numbers; needs nothing but ``math``."""
    if not (0 <= q <= 1 and a >= 0):
        raise ValueError(f"kl_inverse({q}, {a}) is not defined")
    if q == 1 or a == 0:
        return q
    if q < 1e-200 and a < 1e-200:
        return kl_inverse_at(q * 2.0**500, a * 2.0**500) * 2.0**-500
    r, a = 1 - q, min(a, 1000.0)
    root, third = math.sqrt(2 * q * r) * math.sqrt(a), 2 / 3 * a
    if a <= 1e-11 * min(q, r):
        return q + (root + third * (r - q))
    s = (root + third - 0.5 * third * q) / r
    for _ in range(3):
        d = -r * math.expm1(-s)
        s -= (r * s - q * math.log1p(d / max(q, 1e-290)) - a) * ((q + d) / d)
    return min(q - r * math.expm1(-s), 1.0)


def kl_precisely(context: Any, q: Any, p: Any) -> Any:
    """Return kl(q, p) of two numbers of an mpmath context to its precision; NaN outside the unit square.

    >>> from mpmath import mp
    >>> print(kl_precisely(mp, mp.mpf(1) / 2, mp.mpf(3) / 4))
    0.14384103622589
    """
    if not (0 <= q <= 1 and 0 <= p <= 1):
        return context.nan
    if p in (0, 1):
        return context.mpf(0) if p == q else context.inf
    if p == q:
        return context.mpf(0)
    lost = 2 * max(context.mag(q) if q else 0, context.mag(p)) - 2 * context.mag(p - q)
    with context.workprec(context.prec + max(lost, 0) + _GUARD):
        first = q * context.log(q / p) if q else 0
        value = first + ((1 - q) * (context.log1p(-q) - context.log1p(-p)) if q < 1 else 0)
    return +value


def kl_inverse_precisely(context: Any, q: Any, a: Any) -> Any:
    """Return kl_inverse(q, a) of two numbers of an mpmath context to its precision; NaN outside the domain.

    Newton's iteration in s = log((1-q)/(1-p)), in which the equation is convex: from above the root it falls to it.

    >>> from mpmath import mp
    >>> print(kl_inverse_precisely(mp, mp.mpf(0), mp.log(2)))
    0.5
    """
    if not (0 <= q <= 1 and a >= 0):
        return context.nan
    if q == 1 or a == 0:
        return +q
    if a == context.inf:
        return context.mpf(1)
    lost = max(context.mag(min(q, 1 - q)) - context.mag(a), 0) if q else 0
    if lost > 2 * (context.prec + _GUARD):
        return q + context.sqrt(2 * q * (1 - q) * a) + 2 * (1 - 2 * q) * a / 3
    with context.workprec(context.prec + lost + _GUARD):
        r = 1 - q
        s = a / r + context.sqrt(2 * q * a / r)
        step = s
        while step > context.ldexp(s, 15 - context.prec):
            d = -r * context.expm1(-s)
            step = (r * s - (q * context.log1p(d / q) if q else 0) - a) * (q + d) / d
            s -= step
        value = q - r * context.expm1(-s)
    return +value


def kl_ball(q: Any, p: Any) -> Any:
    """Return a ball that holds kl(q, p) for all q and p of two balls within [0, 1]; NaN if one lies outside."""
    if not (_meets_unit(q) and _meets_unit(p)):
        return _like(q).nan()
    (ql, qh), (pl, ph) = _unit(q), _unit(p)
    # The function is convex and 0 on the diagonal: largest at a corner, smallest at the corner next to the diagonal.
    high = _kl(ql, ph).max(_kl(qh, pl))
    low = _kl(qh, pl) if qh < pl else _kl(ql, ph) if ph < ql else _like(q)(0)
    return low.union(high)


def kl_inverse_ball(q: Any, a: Any) -> Any:
    """Return a ball that holds kl_inverse(q, a) for all q and a of two balls; NaN if one lies outside the domain.

    >>> from flint import arb
    >>> ball = kl_inverse_ball(arb("0.25"), arb(2))
    >>> ball.contains(arb("0.966799560479214623")) or bool(abs(ball - arb("0.966799560479214623")) < 1e-15)
    True
    """
    if not _meets_unit(q) or a < 0 or a.is_nan():
        return _like(q).nan()
    (ql, qh), (al, ah) = _unit(q), (a.lower(), a.upper())
    low = _root(ql, al if al > 0 else _like(q)(0))
    return low if ql == qh and al == ah else low.union(_root(qh, ah))


def _like(x: Any) -> Any:
    return type(x)


def _meets_unit(x: Any) -> bool:
    return not (x.is_nan() or x < 0 or x > 1)


def _unit(x: Any) -> tuple[Any, Any]:
    """Return the ends of a ball, cut at 0 and 1."""
    low, high = x.lower(), x.upper()
    return (low if low > 0 else _like(x)(0)), (high if high < 1 else _like(x)(1))


def _magnitude(x: Any) -> int:
    """Return the e with 2^(e-1) <= |x| < 2^e for an exact number other than 0."""
    mantissa, exponent = x.mid().man_exp()
    return int(abs(mantissa)).bit_length() + int(exponent)


def _kl(q: Any, p: Any) -> Any:
    """Enclose kl at a point, with as many more bits as the two terms lose to each other."""
    from flint import ctx

    if q == p:
        return _like(q)(0)
    if p == 0 or p == 1:
        return _like(q).pos_inf()
    if q == 0 or q == 1:
        return -(-p).log1p() if q == 0 else -p.log()
    lost = 2 * max(0, max(map(_magnitude, (q, p))) - _magnitude(p - q))
    with ctx.workprec(ctx.prec + lost + _GUARD):
        return q * (q / p).log() + (1 - q) * ((1 - q) / (1 - p)).log()


def _root(q: Any, a: Any) -> Any:
    """Enclose the inverse at a point; the unknown is s = log((1-q)/(1-p))."""
    from flint import ctx

    if q == 1 or not a.is_finite():
        return _like(q)(1)
    if a == 0:
        return q
    if q == 0:
        return -(-a).expm1()
    wanted, lost = ctx.prec, max(0, _magnitude(q) - _magnitude(a))
    if lost > 2 * (wanted + _GUARD):  # then q is as good: kl(q, p) >= (p-q)^2/(2p)
        return q.union(q + (2 * q * a).sqrt() + 2 * a)
    with ctx.workprec(wanted + lost + _GUARD):
        r = 1 - q

        def excess(s: Any) -> tuple[Any, Any]:
            d = -r * (-s).expm1()
            return r * s - q * (d / q).log1p() - a, d / (q + d)

        s = (a / r + (2 * q * a / r).sqrt()).mid()
        least = _like(q)(2) ** (-wanted - 10)
        while True:
            value, slope = excess(s)
            step = (value / slope).mid()
            s = (s - step).mid()
            if not abs(step) > s * least:
                break
        margin = abs(step) + s * least
        while not (excess(s - margin)[0] <= 0 and excess(s + margin)[0] >= 0):
            margin *= 2
        s = (s - margin).union(s + margin)
        return q - r * (-s).expm1()
