"""Names that were others before: the old one works for two minor versions, with a warning that says the new one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

__all__ = ["renamed"]

P = ParamSpec("P")
R = TypeVar("R")


def renamed(since: str, **former: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator by which a function takes keyword arguments by their former names as well.

    Parameters
    ----------
    since : str
        The first version with the new names, ``"MAJOR.MINOR"``; the old ones go two minor versions later.
    **former : str
        The new name of each former one.

    Examples
    --------
    >>> @renamed("0.2", axes="ax")
    ... def draw(*, ax=None):
    ...     return ax
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     draw(axes=1)
    1
    >>> print(told[0].message)
    draw: axes= is called ax= since 0.2, and goes with 0.4
    """
    major, minor = since.split(".")

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: Any, **given: Any) -> R:
            for old in former.keys() & given.keys():
                new = former[old]
                if new in given:
                    raise TypeError(f"{function.__name__}: {old}= and {new}= are the same argument")
                told = f"{function.__name__}: {old}= is called {new}= since {since}, and goes with {major}.{int(minor) + 2}"
                warnings.warn(told, DeprecationWarning, stacklevel=2)
                given[new] = given.pop(old)
            return function(*args, **given)

        return called

    return decorate
