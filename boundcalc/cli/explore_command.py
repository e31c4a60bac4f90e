"""``boundcalc explore KEY...``: one HTML file with a slider for each symbol and a curve for each bound."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from boundcalc.cli.output import Output
from boundcalc.cli.values import single

if TYPE_CHECKING:
    from boundcalc.bound import Bound

ARGUMENTS = ("KEYS:FORM", "set one")
ENDINGS = (".html",)
PAGE = "boundcalc-explorer.html"  # a page is what the command is for


def run(args: Namespace) -> Output:
    """Make the page."""
    from boundcalc.report.explorer import explorer_page

    bounds = _bounds(args.keys)
    page = explorer_page(bounds, start=single(args.settings, what="a slider stands at one value"))
    named = [f"  {bound.theorem} ({bound.form})" for bound in bounds]
    head = f"an explorer of {len(bounds)} bound{'s' * (len(bounds) > 1)}:"
    return Output(
        {"bounds": [{"key": bound.theorem.key, "form": bound.form} for bound in bounds], "file": args.out},
        said="\n".join([head, *named, f"open {args.out} in a browser"]),
        document=lambda: page,
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
