"""What the catalogue's entries say, read from files instead of derived: titles, whole sheets, and programs for one point.

The files of ``catalogue/stored`` are written by ``boundcalc.catalogue.sheets`` (``make stored``), and a test derives them
again. They are believed only while the theorems' own files are those that they were written from; otherwise, and for
whatever is not in them, the functions here return None and the caller derives.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

__all__ = [
    "FOLDER", "GROUP", "INDEX", "PATH", "digest", "numbered", "numbers_like", "stored_entry", "stored_key", "stored_list",
]  # fmt: skip

#: The environment variable with folders of theorems of one's own, separated as in PATH.
PATH = "BOUNDCALC_PATH"

#: The group of the entry points by which packages bring theorems.
GROUP = "boundcalc.catalogue"

FOLDER = Path(__file__).parent / "catalogue" / "stored"
INDEX = "index.json"


def stored_list() -> list[dict[str, Any]] | None:
    """Return key, number, title, quantity and forms of every entry, in reading order."""
    index = _index()
    return None if index is None else index["entries"]


def stored_key(name: str) -> str | None:
    """Return the key of an entry by its key or its number, where no theorem of one's own could be meant."""
    if any(entry["key"] == name for entry in stored_list() or ()):
        return name
    from importlib.metadata import entry_points

    own = name.endswith(".json") or os.environ.get(PATH) or entry_points(group=GROUP)
    found = [] if own else numbered(name, numbers_like(name, stored_list() or ()))
    return found[0] if len(found) == 1 else None


def numbers_like(name: str, entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return numbers by key, such as ``Theorem 3.13``, or ``3.13`` where the name begins with a digit."""
    bare = name.strip()[:1].isdigit()
    return {one["key"]: one["number"].split()[-1] if bare else one["number"] for one in entries if one["number"] != "-"}


def numbered(name: str, numbers: Mapping[str, str]) -> list[str]:
    """Return the keys of the entries with this number."""
    return [key for key, number in numbers.items() if number.lower() == name.strip().lower()]


def stored_entry(name: str) -> dict[str, Any] | None:
    """Return the sheet of an entry, its forms under ``forms``, by its key or its number."""
    key = stored_key(name)
    return None if key is None else _read(FOLDER / f"{key}.json")


def digest() -> str:
    """Return what tells whether a file of the catalogue or of the vocabulary has changed."""
    home = FOLDER.parent
    total = hashlib.sha256()
    for path in (home.parent / "symbols.py", *sorted(home.rglob("*.py"))):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()[:16]


@cache
def _index() -> dict[str, Any] | None:
    """Return the index if it can be read and still speaks of these files."""
    index = _read(FOLDER / INDEX)
    return index if index is not None and index["digest"] == digest() else None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
