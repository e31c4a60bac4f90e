"""``boundcalc explore KEY...``: one HTML file with a slider for each symbol and a curve for each bound."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from boundcalc.cli.output import Output
from boundcalc.cli.values import add_settings, parse_settings
from boundcalc.errors import InvalidInputError

if TYPE_CHECKING:
    from boundcalc.bound import Bound

ENDINGS = (".html",)
PAGE = "boundcalc-explorer.html"


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "keys",
        nargs="+",
        metavar="KEY[:FORM]",
        help="a key or number, such as zhou2026.risk_gap or 'Theorem 3.13:paper'; KEY:all takes every form",
    )
    add_settings(parser, help="where a slider stands at first")
    parser.set_defaults(out=PAGE)  # a page is what the command is for


def run(args: Namespace) -> Output:
    """Make the page."""
    from boundcalc.report.explorer import explorer_page

    bounds = _bounds(args.keys)
    start = parse_settings(args.settings)
    lists = [name for name, value in start.items() if isinstance(value, list)]
    if lists:
        raise InvalidInputError(f"a slider stands at one value: give {', '.join(lists)} one, not a list or range")
    named = [f"{bound.theorem} ({bound.form})" for bound in bounds]
    return Output(
        "\n".join([f"an explorer of {len(bounds)} bound{'s' * (len(bounds) > 1)}:", *(f"  {name}" for name in named)])
        + f"\nopen {args.out} in a browser",
        {"bounds": [{"key": bound.theorem.key, "form": bound.form} for bound in bounds], "file": args.out},
        document=explorer_page(bounds, start=start),
    )


def _bounds(keys: list[str]) -> list[Bound]:
    """Return each bound once, in the order asked for."""
    from boundcalc.catalogue import theorem

    wanted: dict[tuple[str, str], Bound] = {}
    for name in keys:
        key, _, form = name.partition(":")
        entry = theorem(key)
        for one in entry.forms if form == "all" else (form or entry.forms[0],):
            wanted[entry.key, one] = entry.bound(one)
    return list(wanted.values())
