"""Values as JSON and back: one convention for what JSON does not know."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from boundcalc.errors import InvalidInputError

__all__ = ["from_json", "nested_tuples", "plain", "rebuild", "to_json"]


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


def from_json(text: str) -> Any:
    """Return what strict JSON holds; :func:`rebuild` makes typed values of it.

    Raises
    ------
    InvalidInputError
        If the text is no JSON, has NaN or Infinity outside strings, or is nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"it is no JSON (line {error.lineno}, column {error.colno})") from error
    except RecursionError as error:
        raise InvalidInputError("it is nested too deeply") from error


def _refuse(name: str) -> None:
    raise InvalidInputError(f"{name} is no JSON: infinite and missing numbers are the strings 'inf', '-inf' and 'nan'")


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
            raise TypeError(f"{value!r} is no list of {kind}")
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(map(rebuild, kinds, value))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{one.name: rebuild(hints[one.name], value[one.name]) for one in fields(kind)})
    if kind is float:
        value = float(value) if isinstance(value, str) else value
        kind = (int, float)
    if kind is not Any and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
        raise TypeError(f"{value!r} is not of the type {kind}")
    return value


def nested_tuples(value: Any) -> Any:
    """Return nested lists as nested tuples."""
    return tuple(nested_tuples(item) for item in value) if isinstance(value, list) else value
