"""What a use case or a command answers: the same content as text, tables, plain data, HTML and, for some, a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from boundcalc.errors import InvalidInputError
from boundcalc.language.files import replacing, write_text
from boundcalc.language.records import to_json
from boundcalc.show.axes import save
from boundcalc.show.html import Markup, join
from boundcalc.show.page import lead, page, picture
from boundcalc.show.tables import Table, page_width

__all__ = ["PICTURES", "Answer", "wrapped"]

#: Endings of the files that a picture can be written to.
PICTURES = (".png", ".pdf", ".svg")


class Answer:
    """The answer to a question, as a value that can be shown.

    A subclass gives what it has: ``sentence`` (the answer in one sentence, shown first), ``tables``, ``to_dict``, and
    ``_picture()`` with ``draws`` set to what the picture shows.

    Attributes
    ----------
    draws : str
        What the picture shows, in words; empty where nothing is drawn.
    one_panel : bool
        Whether the picture can be drawn on axes that are given.
    status : int
        The command's exit status.
    """

    draws: ClassVar[str] = ""
    one_panel: ClassVar[bool] = True
    status: int = 0

    @property
    def title(self) -> str:
        """The heading of the page."""
        return "boundcalc"

    @property
    def sentence(self) -> str:
        """The answer in one sentence; empty where there is none."""
        return ""

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return the tables; short ones for a terminal."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        raise NotImplementedError

    def text(self) -> str:
        """Return what a person reads, at most 80 columns wide: the answer, then the tables."""
        answer = [wrapped(self.sentence)] if self.sentence else []
        return "\n\n".join([*answer, *(table.text() for table in self.tables(short=True))])

    def draw(self, path: Path | str | None = None, *, ax: Any = None) -> Any:
        """Draw what ``draws`` says.

        Parameters
        ----------
        path : str or Path, optional
            A file that ends in .png, .pdf or .svg, to which the picture is written as well.
        ax : matplotlib axes, optional
            Where to draw a picture of one panel; fresh ones if not given.

        Returns
        -------
        matplotlib axes, or an array of them

        Raises
        ------
        InvalidInputError
            If there is nothing to draw, or there are several panels for the axes.
        MissingExtraError
            If matplotlib is not installed.
        """
        if ax is not None and not self.one_panel:
            raise InvalidInputError(f"{self.title}: its picture has several panels, which take no ax")
        axes = self._picture(ax)
        if path is not None:
            save(axes, path)
        return axes

    def _picture(self, ax: Any = None) -> Any:
        """Draw on the axes, or on fresh ones, and return them."""
        raise InvalidInputError(f"{self.title}: there is no picture of this")

    def body(self) -> Any:
        """Return what a page has below its heading."""
        image = picture(self.draw, self.draws) if self.draws else None
        return lead(self.sentence), image, [table.html() for table in self.tables()]

    def page(self) -> str:
        """Return everything as one HTML document."""
        return page(self.title, self.body())

    def write(self, path: Path | str) -> None:
        """Write the answer by the file's ending: .json, .csv (the first table), .html, or a picture.

        Raises
        ------
        InvalidInputError
            If the ending is none of these.
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending in PICTURES:
            with replacing(path) as beside:
                self.draw(beside)
        elif ending == ".json":
            write_text(path, to_json(self.to_dict(), indent=1) + "\n")
        elif ending == ".csv" and self.tables():
            write_text(path, self.tables()[0].csv())
        elif ending == ".html":
            write_text(path, self.page())
        else:
            raise InvalidInputError(
                f"{str(path)!r}: expected a file that ends in .json, .csv, .html or {', '.join(PICTURES)}"
            )

    def _repr_html_(self) -> Markup:
        return join((lead(self.sentence), [table.html() for table in self.tables()]))

    def __str__(self) -> str:
        return self.text()


def wrapped(text: str) -> str:
    """Return a sentence in lines as wide as tables are."""
    return "\n".join(textwrap.wrap(text, page_width()))
