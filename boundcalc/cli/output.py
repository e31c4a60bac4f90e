"""What a command returns, and how it reaches the user: text or JSON on the terminal, a file by its ending."""

from __future__ import annotations

import json
import math
import os
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen

if TYPE_CHECKING:
    from boundcalc.show.tables import Table

__all__ = ["Output", "Part", "check_path", "show", "write"]

#: A piece of HTML, or what makes it when a page is written.
Part = str | Callable[[], str]


@dataclass(frozen=True)
class Output(Frozen):
    """A command's result.

    Attributes
    ----------
    text : str
        What a person reads.
    data : dict
        The same as one JSON object.
    title : str
        Heading of the HTML page.
    tables : tuple of Table
        For CSV (the first) and HTML (all).
    lead, body : tuple of str or callable
        HTML parts that go before and after the tables; what is costly to make is a callable that returns one.
    figure : callable, optional
        Draws the result: ``figure(path)``.
    document : str or callable
        A whole HTML page, in place of one made from title, parts and tables; a callable returns one when it is written.
    status : int
        The exit status.
    """

    text: str
    data: dict[str, Any]
    title: str = "boundcalc"
    tables: tuple[Table, ...] = ()
    lead: tuple[Part, ...] = ()
    body: tuple[Part, ...] = ()
    figure: Callable[[Path], None] | None = None
    document: Part = ""
    status: int = field(default=0)


def show(output: Output, args: Namespace) -> int:
    """Print a result as the user asked for, write it if asked to, and return the exit status."""
    if args.out:
        write(output, Path(args.out))
    if args.json:
        print(to_json(output.data))
    else:
        print(output.text)
        if args.out:
            print(f"\nwritten: {args.out}")
    return output.status


def check_path(name: str, endings: tuple[str, ...], *, option: str = "--out") -> None:
    """Refuse a file that cannot be written, before any work is done.

    Raises
    ------
    InvalidInputError
        If the command cannot write that ending, or the folder does not exist or is not writable.
    """
    path = Path(name)
    ending = path.suffix.lower()
    if endings and ending not in endings:
        raise InvalidInputError(
            f"{option} {name!r}: this command writes {', '.join(endings)}, not {ending or 'no ending'!r}"
        )
    if not path.parent.is_dir():
        raise InvalidInputError(f"{option} {name!r}: the folder {path.parent} does not exist")
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InvalidInputError(f"{option} {name!r} cannot be written: choose another file")


def write(output: Output, path: Path) -> None:
    """Write a result by the file's ending, which ``check_path`` has passed."""
    match path.suffix.lower():
        case ".json":
            path.write_text(to_json(output.data) + "\n", encoding="utf-8")
        case ".csv":
            path.write_text(output.tables[0].csv(), encoding="utf-8")
        case ".html" if output.document:
            path.write_text(_made(output.document), encoding="utf-8")
        case ".html":
            from boundcalc.show.page import page

            parts = (*output.lead, *(table.html() for table in output.tables), *output.body)
            path.write_text(page(output.title, map(_made, parts)), encoding="utf-8")
        case ".png" if output.figure is not None:
            output.figure(path)


def _made(part: Part) -> str:
    return part if isinstance(part, str) else part()


def to_json(data: dict[str, Any]) -> str:
    """Return one JSON object; numbers that JSON cannot hold become null."""
    return json.dumps(_plain(data), indent=1, allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)
