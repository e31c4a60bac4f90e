"""Tables for the terminal, for files and for HTML, from one value."""

from __future__ import annotations

import csv
import html
import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Table", "format_number"]


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
        lines += _row(list(self.columns), widths, [False] * len(widths))
        lines.append("  ".join("-" * size for size in widths))
        for row, values in zip(cells, self.rows, strict=True):
            lines += _row(row, widths, [_is_number(value) for value in values])
        for note in self.notes:
            lines += textwrap.wrap(note, width)
        return "\n".join(line.rstrip() for line in lines)

    def _widths(self, cells: list[list[str]], width: int) -> list[int]:
        columns = list(zip(self.columns, *cells, strict=True))
        widths = [max(len(cell) for cell in column) for column in columns]
        least = [max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
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
        """Return the table as an HTML ``table`` element."""
        head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>"
            + "".join(
                f"<td{' class=number' if _is_number(value) else ''}>{html.escape(format_number(value))}</td>"
                for value in row
            )
            + "</tr>"
            for row in self.rows
        )
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        notes = "".join(f"<p class='note'>{html.escape(note)}</p>" for note in self.notes)
        return f"<div class='table'><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{notes}"

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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _row(cells: list[str], widths: list[int], right: list[bool]) -> list[str]:
    wrapped = [textwrap.wrap(cell, max(size, 1)) or [""] for cell, size in zip(cells, widths, strict=True)]
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
