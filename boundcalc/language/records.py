"""Values as JSON and back: one convention for what JSON does not know."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from boundcalc.arithmetic.written import shortened, written
from boundcalc.errors import InvalidInputError

__all__ = ["check_entries", "from_json", "nested_tuples", "plain", "rebuild", "to_json"]


def plain(value: Any) -> Any:
    """Return plain JSON types: frozen values become objects, arrays lists, inf and nan the strings ``inf`` and ``nan``."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(float(value))
    return value if isinstance(value, str | int | None) else str(value)


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return a value as strict JSON: what :func:`plain` makes of it.

    >>> to_json({"bound": math.inf, "at": (1, 0.5)})
    '{"bound": "inf", "at": [1, 0.5]}'
    """
    return json.dumps(plain(value), indent=indent, allow_nan=False, ensure_ascii=False)


def from_json(text: str, *, depth: int = 50, parts: float = math.inf) -> Any:
    """Return what strict JSON holds; :func:`rebuild` makes typed values of it.

    Parameters
    ----------
    text : str
    depth, parts : int
        How deeply lists and objects may be nested, and how many of them there may be.

    Raises
    ------
    InvalidInputError
        If the text is no JSON, has NaN, Infinity or numbers that no double holds, an entry twice, or is too large.
    """
    if not isinstance(text, str):
        raise InvalidInputError(f"{type(text).__name__}: expected the text of a JSON file")
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_whole, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"it is no JSON (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise InvalidInputError("it is nested too deeply") from error
    level, found = [value], 0
    while level := [inner for one in level for inner in _members(one) if isinstance(inner, (list, dict))]:
        depth, found = depth - 1, found + len(level)
        if not depth or found > parts:
            raise InvalidInputError("it is nested too deeply" if not depth else f"it has more than {parts:,} parts")
    return value


def _members(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _refuse(name: str) -> None:
    raise InvalidInputError(f"{name} is no JSON: infinite and missing numbers are the strings 'inf', '-inf' and 'nan'")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise InvalidInputError(f"{shortened(text)} is beyond what a double can hold")
    return value


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ():
        raise InvalidInputError(f"entry {shortened(min(twice))} is given twice")
    return dict(pairs)


def check_entries(record: Any, expected: Iterable[str], *, optional: Iterable[str] = ()) -> None:
    """Refuse an object that lacks entries or has others.

    Raises
    ------
    InvalidInputError
        Naming them.
    TypeError
        If it is no object.
    """
    if not isinstance(record, Mapping):
        raise TypeError(f"{shortened(record)} is no object")
    expected = list(expected)
    unknown = [name for name in record if name not in (*expected, *optional)]
    missing = [name for name in expected if name not in record]
    for word, names in (("unknown", unknown), ("no", missing[:1])):
        if names:
            raise InvalidInputError(
                f"it has {word} entry {', '.join(map(shortened, names[:3]))}{', ...' * (len(names) > 3)}"
            )


def rebuild(kind: Any, value: Any) -> Any:
    """Undo :func:`plain`: return a value of the annotated type, frozen values and tuples inside it too.

    Raises
    ------
    TypeError, KeyError or ValueError
        If the record is not of that type.
    """
    inner, choices = get_args(kind), get_origin(kind) in (Union, UnionType)
    if choices:
        return None if value is None else rebuild(next(one for one in inner if one is not NoneType), value)
    if get_origin(kind) is tuple:
        if not isinstance(value, list) or (inner[-1] is not Ellipsis and len(inner) != len(value)):
            raise TypeError(f"{shortened(value)} is no list of {kind}")
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(map(rebuild, kinds, value))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        check_entries(value, [one.name for one in fields(kind)])
        return kind(**{one.name: rebuild(hints[one.name], value[one.name]) for one in fields(kind)})
    if kind is float:
        value = float(written(value)) if isinstance(value, str) else value
        kind = (int, float)
    if kind is not Any and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
        raise TypeError(f"{shortened(value)} is not of the type {kind}")
    return value


def nested_tuples(value: Any) -> Any:
    """Return nested lists as nested tuples."""
    return tuple(nested_tuples(item) for item in value) if isinstance(value, list) else value
