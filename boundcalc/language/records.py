"""Values as JSON and back: one convention for what JSON does not know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

__all__ = ["nested_tuples", "plain", "unplain"]


def plain(value: Any) -> Any:
    """Return plain JSON types: frozen values become objects, arrays lists, inf and nan the strings ``inf`` and ``nan``."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.tolist())
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def unplain(value: Any) -> Any:
    """Undo :func:`plain` in a record of numbers: its strings are numbers."""
    if isinstance(value, dict):
        return {key: unplain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unplain(item) for item in value]
    return float(value) if isinstance(value, str) else value


def nested_tuples(value: Any) -> Any:
    """Return nested lists as nested tuples."""
    return tuple(nested_tuples(item) for item in value) if isinstance(value, list) else value
