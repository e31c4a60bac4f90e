"""Mappings that nobody can change: what a frozen value holds is frozen too, and hashable."""

from __future__ import annotations

import sys
from dataclasses import fields
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

__all__ = ["Frozen", "FrozenDict"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dictionary that cannot be changed; dictionaries and lists inside it are frozen as well.

    It equals a plain dictionary of the same entries, and has a hash where its values have one.

    >>> inside = FrozenDict(a=[1, 2])
    >>> inside, hash(inside) == hash(FrozenDict(a=(1, 2)))
    (FrozenDict({'a': (1, 2)}), True)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__({key: _frozen(value) for key, value in dict(*args, **kwargs).items()})

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be changed; make a dict of it and change that")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse


#: Of what is frozen already, by far the most.
_PLAIN = frozenset({float, int, str, bool, type(None), FrozenDict})


def _frozen(value: Any) -> Any:
    """Return dictionaries, lists and arrays in their unchangeable kind, anything else as it is."""
    if type(value) in _PLAIN:
        return value
    numpy = sys.modules.get("numpy")  # where nobody has loaded it, nothing is an array
    if numpy is not None and type(value) is numpy.ndarray and value.flags.writeable:
        value = value.view()  # the array that was given stays its owner's
        value.flags.writeable = False
    if isinstance(value, dict | MappingProxyType) and not isinstance(value, FrozenDict):
        return FrozenDict(value)
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


class Frozen:
    """Base of frozen dataclasses: the mappings, lists and arrays among their fields are frozen with them.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Names(Frozen):
    ...     of: dict[str, str]
    >>> Names({"n": "size"}).of["n"] = "seize"
    Traceback (most recent call last):
    TypeError: a FrozenDict cannot be changed; make a dict of it and change that
    """

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if (frozen := _frozen(value)) is not value:
                object.__setattr__(self, field.name, frozen)
