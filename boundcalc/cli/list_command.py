"""``boundcalc list``: the catalogue as a table."""

from __future__ import annotations

from argparse import Namespace

from boundcalc.cli.output import TABLES, Output
from boundcalc.show.tables import Table

ARGUMENTS = ("table1",)
ENDINGS = TABLES


def run(args: Namespace) -> Output:
    """Return one row per theorem, or per row of Table 1."""
    if args.table1:
        return _table1()
    from boundcalc.catalogue import REGISTRY

    rows = [(entry.key, entry.number, entry.title, ", ".join(entry.forms)) for entry in REGISTRY.values()]
    notes = ("`boundcalc show KEY` says more; the first form is the default.",)
    entries = [
        {
            "key": entry.key,
            "number": entry.number,
            "title": entry.title,
            "quantity": entry.quantity,
            "forms": {
                name: {"provenance": form.provenance, "status": form.status} for name, form in entry.variants.items()
            },
        }
        for entry in REGISTRY.values()
    ]
    table = Table(("key", "number", "title", "forms"), rows, notes=notes)
    return Output({"entries": entries}, title="Catalogue", shown=(table,))


def _table1() -> Output:
    from boundcalc.catalogue.table1 import COLUMNS, ROWS

    named = [row for row in ROWS if row.work is not None]
    rows = [(str(row.work), *(row.cells[column].mark for column in COLUMNS), ", ".join(row.keys)) for row in named]
    rows.append((f"{len(ROWS) - len(named)} further rows", *("?" for _ in COLUMNS), "none yet"))
    table = Table(
        ("work", *"123456", "entries"),
        rows,
        title="Table 1 of the primary source, as far as it is known to us",
        notes=(
            "Columns: " + ", ".join(f"{place} {column}" for place, column in enumerate(COLUMNS, start=1)) + ".",
            "?: the table's rows and marks did not reach us; yes and no rest on what the works are publicly known for, "
            "with reasons in --json.",
        ),
    )
    records = [
        {"work": row.work, "cells": {name: row.cells[name] for name in COLUMNS}, "keys": row.keys, "note": row.note}
        for row in ROWS
    ]
    return Output({"columns": COLUMNS, "rows": records}, title="Table 1", shown=(table,))
