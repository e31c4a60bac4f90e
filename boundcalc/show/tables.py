"""Tables for the terminal, for files and for HTML, from one value."""

from __future__ import annotations

import csv
import html
import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Table", "format_number"]

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


@dataclass(frozen=True)
class Table:
    """Rows under column headings.

    Attributes
    ----------
    columns : sequence of str
    rows : sequence of sequences
        Numbers, text, booleans or None.
    title : str
    notes : sequence of str
        Lines below the table.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    notes: Sequence[str] = ()

    def text(self, *, width: int = 80) -> str:
        """Return the table as plain text at most ``width`` columns wide; the widest text columns are wrapped.

        Parameters
        ----------
        width : int
            Characters in a line; a single long word may exceed it.

        Returns
        -------
        str
        """
        cells = [[format_number(value) for value in row] for row in self.rows]
        widths = self._widths(cells, width)
        lines = [self.title] * bool(self.title)
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

    def html(self) -> str:
        """Return the table as HTML; one that holds sentences becomes a list of cards on a narrow screen."""
        kinds = ["class=number" if numeric else "" for numeric in self._numeric()]
        names = [html.escape(name, quote=True) for name in self.columns]
        head = "".join(f"<th scope=col {kind}>{name}</th>" for name, kind in zip(names, kinds, strict=True))
        body = "".join(
            "<tr>"
            + "".join(
                f"<td data-column='{name}' {kind}>{_breakable(format_number(value))}</td>"
                for name, kind, value in zip(names, kinds, row, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        caption = f"<p class=caption><strong>{html.escape(self.title)}</strong></p>" if self.title else ""
        notes = "".join(f"<p class='note'>{html.escape(note)}</p>" for note in self.notes)
        prose = any(isinstance(value, str) and len(value) > _SENTENCE for row in self.rows for value in row)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div class='table{' prose' if prose else ''}'>{caption}<div>{table}</div></div>{notes}"

    def csv(self) -> str:
        """Return the table as CSV with full precision."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([["" if value is None else value for value in row] for row in self.rows])
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        return self.html()

    def __str__(self) -> str:
        return self.text()


class _Wrapper(textwrap.TextWrapper):
    """Breaks lines at spaces, and names after their +, _ and dots."""

    _BREAK = r"(?<=\w[+_])(?<!\de[+])(?=\w)|(?<=[a-z0-9]\.)(?=[a-z])"
    wordsep_simple_re = re.compile(rf"(\s+)|{_BREAK}")

    def __init__(self, width: int) -> None:
        super().__init__(width=width, break_on_hyphens=False)

    @classmethod
    def pieces(cls, text: str) -> list[str]:
        return [piece for piece in re.split(rf"\s+|{cls._BREAK}", text) if piece]

    def _split(self, text: str) -> list[str]:
        return [piece for piece in self.wordsep_simple_re.split(text) if piece]


def _breakable(text: str) -> str:
    """Return escaped text in which a browser may break names where the terminal does."""
    return re.sub(_Wrapper._BREAK, "<wbr>", html.escape(text))


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
