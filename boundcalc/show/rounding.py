"""Numbers for print, rounded to the side on which a statement stays true."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

__all__ = ["confidence", "failing", "holding", "outwards", "percent", "rounded_up"]

_SIDES = {"<": ROUND_CEILING, ">": ROUND_FLOOR}


def outwards(value: float, relation: str, *, digits: int) -> float:
    """Return a value with a few significant digits: no smaller after ``<=`` or ``<``, no larger after ``>=`` or ``>``.

    The value is taken as the binary fraction that it is; after another relation it is rounded to the nearest.

    >>> outwards(0.123412, "<=", digits=4), outwards(0.123478, ">=", digits=4)
    (0.1235, 0.1234)
    """
    context = Context(prec=digits, rounding=_SIDES.get(relation[0], ROUND_HALF_EVEN))
    return float(context.plus(Decimal(value)))


def rounded_up(value: float, *, digits: int = 4) -> str:
    """Return what something is at most, with a few significant digits.

    >>> rounded_up(0.123412), rounded_up(2.0), rounded_up(float("inf"))
    ('0.1235', '2', 'inf')
    """
    return f"{outwards(value, '<=', digits=digits):.{digits}g}"


def confidence(delta: float) -> str:
    """Return with which probability something holds that fails with delta, in per cent, never more than is promised.

    >>> confidence(0.05), confidence(0.00125), confidence(1e-9)
    ('95 %', '99.87 %', '99.99 %')
    """
    return percent(float(holding(delta)))


def holding(delta: float) -> str:
    """Return the probability with which something holds that fails with delta, never more than it is.

    >>> holding(0.05), holding(0.00125)
    ('0.95', '0.9987')
    """
    return f"{Context(prec=4, rounding=ROUND_FLOOR).subtract(Decimal(1), _as_written(delta)):.4g}"


def failing(delta: float) -> str:
    """Return the probability with which something fails, never less than it is.

    >>> failing(0.05), failing(0.0123412)
    ('0.05', '0.01235')
    """
    return f"{Context(prec=4, rounding=ROUND_CEILING).plus(_as_written(delta)):.4g}"


def _as_written(delta: float) -> Decimal:
    """Return what was meant: 0.1 + 0.2 and 0.3 promise the same."""
    return Decimal(f"{delta:.15g}")


def percent(share: float) -> str:
    """Return a share in per cent, with four digits.

    >>> percent(0.95), percent(0.99875)
    ('95 %', '99.88 %')
    """
    return f"{100 * share:.4g} %"
