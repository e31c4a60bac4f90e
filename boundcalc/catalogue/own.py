"""Where theorems of one's own are found: in a file, in the folders of BOUNDCALC_PATH, and in installed packages.

A package brings a catalogue by an entry point of the group ``boundcalc.catalogue``: a mapping from keys to theorems.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path

from boundcalc.catalogue.files import load
from boundcalc.errors import InvalidInputError
from boundcalc.stored import GROUP, PATH
from boundcalc.theorems import Theorem

__all__ = ["GROUP", "PATH", "find", "is_file_name"]


def is_file_name(name: str) -> bool:
    """Return whether a name is that of a theorem's file.

    Parameters
    ----------
    name : str
    """
    return name.endswith(".json")


def find(name: str) -> Theorem | None:
    """Return a theorem of one's own by its file or key, or None.

    Parameters
    ----------
    name : str

    Raises
    ------
    InvalidInputError
        If its file cannot be read, or a package's catalogue is no mapping to theorems.
    """
    if is_file_name(name):
        return load(name)
    for folder in filter(None, os.environ.get(PATH, "").split(os.pathsep)):
        found = load(folder) if Path(folder).is_dir() else {}
        if name in found:
            return found[name]
    for point in entry_points(group=GROUP):
        brought = point.load()
        if not isinstance(brought, Mapping) or not all(isinstance(one, Theorem) for one in brought.values()):
            raise InvalidInputError(
                f"the entry point {point.name!r} of {GROUP} must be a mapping from keys to theorems"
            )
        if name in brought:
            return brought[name]
    return None
