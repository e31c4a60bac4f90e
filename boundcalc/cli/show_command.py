"""``boundcalc show KEY``: one theorem in full."""

from __future__ import annotations

import textwrap
from argparse import Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from boundcalc.cli.output import Output
from boundcalc.show.tables import Table, page_width
from boundcalc.stored import stored_entry

ARGUMENTS = ("KEY", "form")
ENDINGS = (".json", ".html")
_NOT_SHOWN = ("point", "variants")


def run(args: Namespace) -> Output:
    """Return statement, symbols, steps and remarks; the page shows the form that was asked for, or all."""
    sheet = _sheet(args.key, args.form)
    said = {name: value for name, value in sheet.items() if name not in _NOT_SHOWN}
    return Output(said, said=_text(sheet), document=lambda: _page(args))


def _sheet(key: str, form: str | None) -> Mapping[str, Any]:
    """Return the sheet of a form: as it is stored, or derived."""
    entry = stored_entry(key)
    if entry is None or (form is not None and form not in entry["variants"]):
        from boundcalc.catalogue import theorem
        from boundcalc.catalogue.sheets import sheet

        return sheet(theorem(key), form)
    return entry | entry["variants"][form or entry["forms"][0]]


def _page(args: Namespace) -> str:
    from boundcalc.catalogue import theorem
    from boundcalc.report.theorem_page import theorem_page

    return theorem_page(theorem(args.key), forms=None if args.form is None else [args.form])


def _text(sheet: Mapping[str, Any]) -> str:
    lines = [*_wrapped(sheet["heading"]), "", *_wrapped(sheet["claim"]), ""]
    lines += _wrapped(f"bounds    {sheet['bounds']}", 10) + _wrapped(f"source    {sheet['source']}", 10)
    lines += [
        f"form {'*' if name == sheet['form'] else ' '}    {name} ({other['provenance']}, {other['status']})"
        for name, other in sheet["variants"].items()
    ]
    where = ", ".join(f"{short} = {full}" for short, full in sheet["where"].items())
    lines += ["", f"{sheet['quantity']} {sheet['relation']}"]
    lines += [line for label, part in sheet["parts"] for line in _wrapped(f"    {part}    [{label}]", 8)]
    lines += _wrapped(f"where {where}", 6) * bool(where)
    if sheet["events"]:
        shared = _listed(f"{event['name']}: {event['statement']}" for event in sheet["events"])
        lines += ["", *_wrapped("with probability at least 1 - delta; delta is shared equally by"), *shared]
    lines += ["", "assumptions", *_listed(sheet["assumptions"])]
    rows = [(name, *about) for name, about in sheet["about"].items()]
    lines += ["", Table(("symbol", "meaning", "domain"), rows).text(), "", "steps"]
    for number, step in enumerate(sheet["steps"], start=1):
        cites = f" [{step['cites']}]" if step["cites"] else ""
        lines += _wrapped(f"{number}. {step['says']}", 5) + _wrapped(
            f"     {step['kind']}: {step['because']}{cites}", 5
        )
    return "\n".join([*lines, *(["", "remarks", *_listed(sheet["remarks"])] if sheet["remarks"] else [])])


def _listed(lines: Iterable[str]) -> list[str]:
    return [part for line in lines for part in _wrapped(f"  - {line}", 4)]


def _wrapped(text: str, indent: int = 0) -> list[str]:
    """Return a text in lines as wide as the terminal; only what alone is longer than a line, a formula say, is broken."""
    return textwrap.wrap(text, page_width(), subsequent_indent=" " * indent, break_on_hyphens=False)
