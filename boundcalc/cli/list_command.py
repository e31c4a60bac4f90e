"""``boundcalc list``: the catalogue as a table."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from boundcalc.cli.output import TABLES, Output
from boundcalc.show.tables import Table
from boundcalc.stored import stored_list

if TYPE_CHECKING:
    from boundcalc.catalogue.table1 import Cell

ARGUMENTS = ("table1",)
ENDINGS = TABLES


def run(args: Namespace) -> Output:
    """Return one row per theorem, or per row of Table 1."""
    if args.table1:
        return _table1()
    entries = stored_list()
    if entries is None:
        from boundcalc.catalogue.sheets import catalogue_list

        entries = catalogue_list()
    rows = [(entry["key"], entry["number"], entry["title"], ", ".join(entry["forms"])) for entry in entries]
    notes = ("`boundcalc show KEY` says more; the first form is the default.",)
    table = Table(("key", "number", "title", "forms"), rows, notes=notes)
    return Output({"entries": entries}, title="Catalogue", shown=(table,))


def _table1() -> Output:
    from boundcalc.catalogue.table1 import COLUMNS, ROWS

    def mark(cell: Cell) -> str:
        return f"{cell.mark}*" if cell.remark else cell.mark

    rows = [(row.work, *(mark(row.cells[column]) for column in COLUMNS)) for row in ROWS]
    remarks = [
        f"* {row.work}, {column}: {cell.remark}." for row in ROWS for column, cell in row.cells.items() if cell.remark
    ]
    marks = Table(
        ("work", *"123456"),
        rows,
        title="Table 1 of the primary source",
        notes=(
            "Columns: " + ", ".join(f"{place} {column}" for place, column in enumerate(COLUMNS, start=1)) + ".",
            "The marks are the source's; a star stands where we have a remark of our own:",
            *remarks,
        ),
    )
    keys = Table(("work", "entries"), [(row.work, ", ".join(row.keys)) for row in ROWS], title="What carries each work")
    records = [{"work": row.work, "cells": dict(row.cells), "keys": row.keys, "pages": row.pages} for row in ROWS]
    return Output({"columns": COLUMNS, "rows": records}, title="Table 1", shown=(marks, keys))
