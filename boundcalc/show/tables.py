"""Tables for the terminal, for files and for HTML, from one value."""

from __future__ import annotations

import csv
import io
import re
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from boundcalc.frozen import Frozen
from boundcalc.show.html import Markup, join, tag

__all__ = ["Table", "format_number", "page_width"]

#: A number that was written out, with what may stand before and after it.
_NUMBER = re.compile(r"[<>=~≤≥]* ?[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?( ?[*%])?")

#: Characters from which on a cell is read rather than compared.
_SENTENCE = 60


def format_number(value: Any, digits: int = 4) -> str:
    """Return a number with a few significant digits; text and None pass through.

    >>> format_number(0.123456), format_number(1234567.0), format_number(None), format_number(12)
    ('0.1235', '1.235e+06', '-', '12')
    """
    if value is None:
        return "-"
    if isinstance(value, bool | str):
        return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else value
    if isinstance(value, int):
        return f"{value:,}" if abs(value) < 10**9 else f"{value:.3e}"
    return f"{float(value):.{digits}g}"


def page_width() -> int:
    """Return how many characters a line of text takes: 80, or fewer where the terminal is narrower."""
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))


_NARROWEST, _WIDEST = 40, 80


@dataclass(frozen=True)
class Table(Frozen):
    """Rows under column headings.

    Attributes
    ----------
    columns : sequence of str
    rows : sequence of sequences
        Numbers, text, booleans or None.
    title : str
    notes : sequence of str
        Lines below the table.
    style : str
        The class of the HTML table; by default chosen from what is in it.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    notes: Sequence[str] = ()
    style: str = ""

    def text(self, *, width: int | None = None) -> str:
        """Return the table as plain text at most ``width`` columns wide; the widest text columns are wrapped.

        Parameters
        ----------
        width : int, optional
            Characters in a line, by default 80 or what a narrower terminal has; a single long word may exceed it.

        Returns
        -------
        str
        """
        width = width or page_width()
        cells = [[format_number(value) for value in row] for row in self.rows]
        widths = self._widths(cells, width)
        lines = textwrap.wrap(self.title, width)
        if width < _WIDEST and sum(widths) + 2 * (len(widths) - 1) > width:  # too many columns: each row a paragraph
            for row in cells:
                told = "; ".join(f"{name} {cell}" for name, cell in zip(self.columns, row, strict=True) if cell != "-")
                lines += textwrap.wrap(told, width, initial_indent="- ", subsequent_indent="  ")
        else:
            lines += _row(list(self.columns), widths, self._numeric())
            lines.append("  ".join("-" * size for size in widths))
            for row in cells:
                lines += _row(row, widths, self._numeric())
        for note in self.notes:
            lines += textwrap.wrap(note, width)
        return "\n".join(line.rstrip() for line in lines)

    def _numeric(self) -> list[bool]:
        """Tell which columns hold mostly numbers, and single words elsewhere."""
        columns = [[row[place] for row in self.rows if row[place] is not None] for place in range(len(self.columns))]
        return [
            2 * sum(map(_is_number, column)) > len(column)
            and not any(" " in str(v) for v in column if not _is_number(v))
            for column in columns
        ]

    def _widths(self, cells: list[list[str]], width: int) -> list[int]:
        columns = list(zip(self.columns, *cells, strict=True))
        widths = [max(len(cell) for cell in column) for column in columns]
        for split in (str.split, _Wrapper.pieces):  # names are broken only where spaces do not suffice
            least = [max(len(word) for cell in column for word in (split(cell) or [""])) for column in columns]
            while sum(widths) + 2 * (len(widths) - 1) > width:
                slack = [size - small for size, small in zip(widths, least, strict=True)]
                if max(slack) <= 0:
                    break
                widest = max(range(len(widths)), key=lambda place: (slack[place] > 0, widths[place]))
                widths[widest] -= 1
        return widths

    def head(self, count: int) -> Table:
        """Return the first and last rows, ``count`` in all, with a note that says what was left out.

        Parameters
        ----------
        count : int

        Returns
        -------
        Table
            This one, if it has no more rows.
        """
        if len(self.rows) <= count:
            return self
        kept = [*self.rows[: count // 2], ["..."] * len(self.columns), *self.rows[-(count - count // 2) :]]
        note = f"{len(self.rows) - count:,} of {len(self.rows):,} rows are not shown; --out FILE.csv and --json have them all."
        return Table(self.columns, kept, self.title, (*self.notes, note))

    def html(self) -> Markup:
        """Return the table as HTML; one that holds sentences becomes a list of cards on a narrow screen."""
        kinds = ["number" if numeric else None for numeric in self._numeric()]
        head = [tag("th", name, scope="col", class_=kind) for name, kind in zip(self.columns, kinds, strict=True)]
        body = [
            tag(
                "tr",
                [
                    tag("td", _breakable(value), data_column=name, class_=kind)
                    for name, kind, value in zip(self.columns, kinds, row, strict=True)
                ],
            )
            for row in self.rows
        ]
        prose = any(isinstance(value, str) and len(value) > _SENTENCE for row in self.rows for value in row)
        table = tag("table", tag("thead", tag("tr", head)), tag("tbody", body))
        caption = tag("p", tag("strong", self.title), class_="caption") if self.title else None
        shown = tag("div", caption, tag("div", table), class_=f"table {self.style or 'prose' * prose}".rstrip())
        return join((shown, [tag("p", note, class_="note") for note in self.notes]))

    def csv(self) -> str:
        """Return the table as CSV with full precision."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(map(_harmless, self.columns))
        writer.writerows([[_harmless("" if value is None else value) for value in row] for row in self.rows])
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        return self.html()

    def __str__(self) -> str:
        return self.text()


#: What a formula begins with, in wide letters too.
_FORMULA = tuple("=+-@＝＋－＠")


def _harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe in front."""
    begins = isinstance(value, str) and value.lstrip()[:1] in _FORMULA and len(value.strip()) > 1
    return f"'{value}" if begins and not _is_number(value) else value


class _Wrapper(textwrap.TextWrapper):
    """Breaks lines at spaces, and names that are longer than a line after their +, _ and dots."""

    _BREAK = r"(?<=\w[+_])(?<!\de[+])(?=\w)|(?<=[a-z0-9]\.)(?=[a-z])"

    def __init__(self, width: int) -> None:
        super().__init__(width=width, break_on_hyphens=False)

    @classmethod
    def pieces(cls, text: str) -> list[str]:
        return [piece for piece in re.split(rf"\s+|{cls._BREAK}", text) if piece]

    @classmethod
    def cut(cls, text: str) -> list[str]:
        return re.split(cls._BREAK, text)

    def _split(self, text: str) -> list[str]:
        words = re.split(r"(\s+)", text)
        return [one for word in words for one in (self.cut(word) if len(word) > self.width else [word]) if one]


def _breakable(value: Any) -> Markup:
    """Return a cell in which a browser may break names where the terminal does."""
    if isinstance(value, Markup):
        return value
    return join(_Wrapper.cut(format_number(value)), tag("wbr"))


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _row(cells: list[str], widths: list[int], right: list[bool]) -> list[str]:
    wrapped = [_Wrapper(width=max(size, 1)).wrap(cell) or [""] for cell, size in zip(cells, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    rows = []
    for line in range(height):
        parts = [lines[line] if line < len(lines) else "" for lines in wrapped]
        rows.append(
            "  ".join(
                part.rjust(size) if flush else part.ljust(size)
                for part, size, flush in zip(parts, widths, right, strict=True)
            )
        )
    return rows
