"""Public names that are loaded when they are first used, so that importing a package stays quick."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(package: str, where: Mapping[str, str], *, modules: Collection[str] = ()) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package that loads its public names on first use.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    where : mapping of str to str
        For each name the submodule that defines it.
    modules : collection of str
        Submodules that are public names themselves.

    Returns
    -------
    callable
        It takes a name and returns the object, or raises AttributeError.
    """

    def __getattr__(name: str) -> Any:
        if name in where:
            home = where[name]
            return getattr(import_module(home if home.startswith("boundcalc.") else f"{package}.{home}"), name)
        if name in modules:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__
