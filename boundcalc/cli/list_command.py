"""``boundcalc list``: the catalogue as a table."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from boundcalc.cli.output import Output

ENDINGS = (".json", ".csv", ".html")


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments (none)."""


def run(args: Namespace) -> Output:
    """Return one row per theorem."""
    from boundcalc.catalogue import REGISTRY
    from boundcalc.report.tables import Table

    rows = [(entry.key, entry.number, entry.title, ", ".join(entry.forms)) for entry in REGISTRY.values()]
    table = Table(
        ("key", "number", "title", "forms"),
        rows,
        notes=("`boundcalc show KEY` says more; the first form is the default.",),
    )
    entries = [
        {
            "key": entry.key,
            "number": entry.number,
            "title": entry.title,
            "quantity": entry.quantity,
            "forms": {
                name: {"provenance": str(form.provenance), "status": str(form.status)}
                for name, form in entry.variants.items()
            },
        }
        for entry in REGISTRY.values()
    ]
    return Output(table.text(), {"entries": entries}, title="Catalogue", tables=(table,))
