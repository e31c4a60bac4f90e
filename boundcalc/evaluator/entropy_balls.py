"""Enclosures of binary relative entropy and of its inverse by Arb balls.

Both are monotone where that matters, so the ends of the arguments give the ends of the value. At a point the inverse is
found by Newton's iteration and then caught between two numbers whose relative entropies are certainly on its two sides.
"""

from __future__ import annotations

from typing import Any

__all__ = ["kl_ball", "kl_inverse_ball"]

_GUARD = 30  # bits beyond those asked for


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
