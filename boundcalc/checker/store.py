"""Verdicts kept between runs: by the content of what was checked and the version of the checker, in the user's cache folder.

The folder is ``$BOUNDCALC_CACHE``, or ``boundcalc`` below ``$XDG_CACHE_HOME`` (``~/.cache``). A verdict of another version of the
checker's sources, or of another SymPy, solver or FLINT, has another name and is not found.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sympy

import boundcalc
from boundcalc.checker.verdict import Verdict, Word, restored
from boundcalc.language.files import write_text
from boundcalc.statements.derivation import Step

__all__ = ["Memory", "Store", "content_of", "folder", "identity"]

#: What a verdict rests on: everything below the theorems, and the packages that do the work.
_SOURCES = ("checker", "arithmetic", "language", "statements", "symbols.py")
_PACKAGES = ("sympy", "python-flint", "z3-solver", "cvc5", "numpy", "scipy", "mpmath")


def folder() -> Path:
    """Return the folder of stored verdicts; it need not exist."""
    own = os.environ.get("BOUNDCALC_CACHE")
    if own:
        return Path(own) / "verdicts"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "boundcalc" / "verdicts"


@cache
def identity() -> str:
    """Return a hash of the checker's own sources and of the versions of what it calls."""
    digest = hashlib.sha256()
    base = Path(boundcalc.__file__).parent
    for name in _SOURCES:
        place = base / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.relative_to(base).as_posix().encode() + b"\0" + path.read_bytes())
    for package in _PACKAGES:
        try:
            digest.update(f"{package} {version(package)}\0".encode())
        except PackageNotFoundError:
            digest.update(f"{package} is missing\0".encode())
    return digest.hexdigest()


class Store:
    """Verdicts in a folder, one file each.

    Parameters
    ----------
    place : pathlib.Path, optional
        ``folder()`` if not given.
    fresh : bool
        Find nothing that was kept before now.
    """

    def __init__(self, place: Path | None = None, *, fresh: bool = False) -> None:
        self.place, self.since = place or folder(), time.time() if fresh else 0.0

    def get(self, content: str, *, seconds: float = math.inf) -> Verdict | None:
        """Return the verdict on this content, or None; a file that cannot be read is none.

        What was left open is found only by those who would not spend more seconds on it than were spent.
        """
        path = self._path(content)
        try:
            record = json.loads(path.read_text("utf-8")) if path.stat().st_mtime >= self.since else {}
            if record["content"] != content or record["identity"] != identity():
                return None
            found = restored(record["verdict"])
            return None if found.word is Word.UNSETTLED and record["seconds"] < seconds else found
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, content: str, verdict: Verdict, *, seconds: float = 0.0) -> None:
        """Keep a verdict, found in so many seconds at most; a folder that cannot be written to keeps nothing."""
        record = {"content": content, "identity": identity(), "seconds": seconds, "verdict": verdict.to_json()}
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            write_text(self._path(content), json.dumps(record))
        except OSError:
            return

    def _path(self, content: str) -> Path:
        name = hashlib.sha256(f"{identity()}\0{content}".encode()).hexdigest()
        return self.place / f"{name}.json"


@dataclass
class Memory:
    """Verdicts found in this run, and those kept from earlier ones."""

    known: dict[Any, Verdict]
    store: Store | None = None

    def recall(self, key: Any, content: str | None, seconds: float, compute: Callable[[], Verdict]) -> Verdict:
        """Return the verdict on what has this key in the run and this content between runs (None: not to be kept)."""
        if key not in self.known:
            kept = self.store.get(content, seconds=seconds) if self.store and content else None
            if kept is None:
                kept = compute()
                if self.store and content:
                    self.store.put(content, kept, seconds=seconds)
            self.known[key] = kept
        return self.known[key]


def content_of(steps: Sequence[Step], domains: Mapping[sympy.Symbol, sympy.Set], *more: Any) -> str | None:
    """Return what the verdict on steps depends on, as text.

    None if it depends on more: on a theorem that a step applies or cites, or on an experiment that is an object.
    """
    for step in steps:
        if step.applies is not None or (step.cites and step.experiment is None) or " at 0x" in repr(step.experiment):
            return None
    where = sorted((sympy.srepr(symbol), sympy.srepr(allowed)) for symbol, allowed in domains.items())
    return repr([*map(_content, steps), where, *more])


def _content(step: Step) -> list[Any]:
    given = sorted((sympy.srepr(symbol), sympy.srepr(value)) for symbol, value in step.definitions.items())
    sides = [sympy.srepr(step.left), step.relation, sympy.srepr(step.right)]
    return [*sides, step.kind, step.cites, given, repr(step.experiment), [repr(event) for event in step.events]]
