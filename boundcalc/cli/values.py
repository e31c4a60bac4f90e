"""Values on the command line: ``0.05``, ``1/20``, ``a,b,c``, ``lo:hi:log:k`` and ``lo:hi:lin:k``.

>>> parse("delta", "0.05"), parse("n", "100:10000:log:3"), parse("g_M", "1,2,4")
('0.05', [100, 1000, 10000], [1, 2, 4])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from boundcalc.arithmetic.written import shortened, written
from boundcalc.errors import InvalidInputError

if TYPE_CHECKING:
    from boundcalc.bound import Bound

__all__ = ["parse", "parse_settings", "single", "unused_settings"]


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """Return name and value of each ``name=value``, all mistakes at once.

    Raises
    ------
    InvalidInputError
        If a setting has no ``=``, is given twice, or its value cannot be read.
    """
    values: dict[str, Any] = {}
    problems = []
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals or not name:
            problems.append(f"--set {setting!r} is not of the form name=value")
        elif name in values:
            problems.append(f"{name} is given twice")
        else:
            try:
                values[name] = parse(name, text.strip())
            except InvalidInputError as error:
                problems += error.problems
    if problems:
        raise InvalidInputError(problems)
    return values


def single(values: dict[str, Any], *, what: str) -> dict[str, Any]:
    """Return values that are one number each.

    Raises
    ------
    InvalidInputError
        If one is a list or a range; ``what`` says why it must not be.
    """
    lists = [name for name, value in values.items() if isinstance(value, list)]
    if lists:
        raise InvalidInputError(f"{what}: give {', '.join(lists)} one value, not a list or range")
    return values


def unused_settings(bound: Bound, inputs: dict[str, Any]) -> list[str]:
    """Return the names that a bound does not use, their values checked: somebody meant something by them.

    Raises
    ------
    InvalidInputError
        If a value is impossible for its symbol.
    """
    from boundcalc.statements.validation import check_values
    from boundcalc.symbols import DOMAINS, VOCABULARY

    unused = [name for name in inputs if name not in bound.symbols]
    known = [name for name in unused if name in VOCABULARY]
    check_values(
        {name: inputs[name] for name in known},
        required=known,
        domain=DOMAINS,
        constraints=(),
        notes={},
        context="--set",
    )
    return unused


def parse(name: str, text: str) -> Any:
    """Return a number (as text, so that it is read exactly) or a list of numbers.

    Raises
    ------
    InvalidInputError
        If the text is not a number, a list or a range.
    """
    if ":" in text:
        return _range(name, text)
    if "," in text:
        return [_number(name, part) for part in text.split(",")]
    _number(name, text)
    return text


def _number(name: str, text: str) -> int | float:
    try:
        exact = written(text)  # nan and inf are turned down later, with the symbol's allowed set
        return int(exact) if isinstance(exact, Fraction) and exact.denominator == 1 else float(exact)
    except OverflowError:
        raise InvalidInputError(f"{name} = {shortened(text)} is beyond what a double can hold") from None
    except (ValueError, ZeroDivisionError):
        raise InvalidInputError(
            f"{name} = {shortened(text)} is not a number, a list a,b,c or a range lo:hi:log:k or lo:hi:lin:k"
        ) from None


def _range(name: str, text: str) -> list[int | float]:
    parts = text.split(":")
    shape = f"{name} = {shortened(text)} is not a range lo:hi:log:k or lo:hi:lin:k"
    if len(parts) != 4 or parts[2] not in ("log", "lin"):
        raise InvalidInputError(shape)
    low, high = (float(_number(name, part)) for part in parts[:2])
    count = _number(name, parts[3])
    if not isinstance(count, int) or not 2 <= count <= 10**7:
        raise InvalidInputError(f"{shape}: k must be an integer from 2 to 10000000")
    if not low < high:
        raise InvalidInputError(f"{shape}: lo = {parts[0][:40]} must be below hi = {parts[1][:40]}")
    if parts[2] == "log" and low <= 0:
        raise InvalidInputError(f"{shape}: lo = {parts[0]} must be > 0 on a log scale")
    return _rounded(name, _points(low, high, count, parts[2]))


def _points(low: float, high: float, count: int, scale: str) -> list[float]:
    import numpy as np

    points = np.geomspace(low, high, count) if scale == "log" else np.linspace(low, high, count)
    return [float(value) for value in points]


def _rounded(name: str, values: Sequence[float]) -> list[int | float]:
    """Return integers, each once, for integer symbols."""
    from boundcalc.symbols import VOCABULARY

    if name in VOCABULARY and VOCABULARY[name].is_integer:
        return sorted({round(value) for value in values})
    return list(values)
