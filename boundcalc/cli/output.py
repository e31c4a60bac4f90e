"""How an answer reaches the user: text or JSON on the terminal, files by their endings."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boundcalc.errors import visible
from boundcalc.frozen import Frozen
from boundcalc.language.records import to_json
from boundcalc.show.answer import PICTURES, Answer
from boundcalc.show.tables import Table

__all__ = ["DRAWN", "TABLES", "Output", "show"]

#: Endings of what a command with tables writes, and of what one with a picture writes.
TABLES = (".json", ".csv", ".html")
DRAWN = (*TABLES, *PICTURES)


@dataclass(frozen=True)
class Output(Frozen, Answer):
    """The answer of a command that is no use case of its own.

    Attributes
    ----------
    said : str
        What a person reads; the tables if empty.
    data : dict
        The same as plain data.
    shown : sequence of Table
    parts : sequence
        What a page has below the tables.
    picture : callable, optional
        Draws to a path.
    document : callable, optional
        Makes the whole page.
    """

    data: dict[str, Any]
    title: str = "boundcalc"
    said: str = ""
    shown: Sequence[Table] = ()
    parts: Sequence[Any] = ()
    picture: Callable[[Any], None] | None = None
    document: Callable[[], str] | None = None
    status: int = 0

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return the tables."""
        return self.shown

    def text(self) -> str:
        """Return what a person reads."""
        return self.said or super().text()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return self.data

    def draw(self, path: Path | str | None = None, *, ax: Any = None) -> Any:
        """Write the picture."""
        return super().draw(path, ax=ax) if self.picture is None else self.picture(path)

    def body(self) -> Any:
        """Return what a page has below its heading."""
        return super().body(), self.parts

    def page(self) -> str:
        """Return the document."""
        return super().page() if self.document is None else self.document()


def show(answer: Answer, args: Namespace) -> int:
    """Write an answer to the files that were named, print it as asked for, be they written or not, and return the exit status."""
    written: list[str] = []
    try:
        for name in (args.out, getattr(args, "figure", None)):
            if name:
                answer.write(name)
                written.append(name)
    finally:
        if args.json:
            said = to_json(answer.to_dict(), indent=1)
        else:
            said = "\n\n".join([answer.text(), *(f"written: {name}" for name in written)])
        print(visible(said))
    return answer.status
