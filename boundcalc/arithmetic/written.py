"""Numbers as people write them: read exactly, and bounded before they are built; and how values are shown in messages."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import log10
from typing import Any

__all__ = ["MOST_DIGITS", "shortened", "written"]

#: A number that is written out has no more digits, nor a larger exponent.
MOST_DIGITS = 4000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+/[0-9]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?([0-9]+))?)")
_PLAIN = (int, Fraction, Decimal)
_INFINITE = re.compile(r"[+-]?(?:nan|inf|infinity)")


def written(text: str) -> Fraction | float:
    """Return the number that a text says: a decimal, or a quotient of whole numbers, in plain digits; nan and inf too.

    Raises
    ------
    ValueError, ZeroDivisionError
        If it is no number, or has other digits than 0 to 9, or underscores.
    OverflowError
        If it has thousands of digits, or would have them written out.

    Examples
    --------
    >>> written("0.05"), written("-1/20"), written("inf")
    (Fraction(1, 20), Fraction(-1, 20), inf)
    """
    text = text.strip().lower()
    if len(text) > MOST_DIGITS:
        raise OverflowError("too many digits")
    if _INFINITE.fullmatch(text):
        return float(text)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no number")
    if int(match[1] or 0) > MOST_DIGITS:
        raise OverflowError("too many digits")
    return Fraction(text)


def shortened(value: Any, *, width: int = 60) -> str:
    """Return how a value prints, in one line that is cut where it is long.

    >>> shortened(10**5000), shortened(["a\\nb"])
    ('about 1e5000', "['a\\\\nb']")
    """
    try:
        text = " ".join((str(value) if isinstance(value, _PLAIN) else repr(value)).split())
    except ValueError:  # Python does not write out whole numbers of so many digits
        text = (
            f"about {_power(value)}"
            if isinstance(value, int | Fraction)
            else f"a {type(value).__name__} of long numbers"
        )
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _power(value: int | Fraction) -> str:
    size = log10(abs(value.numerator)) - log10(value.denominator)
    return f"{'-' * (value < 0)}1e{round(size)}"
