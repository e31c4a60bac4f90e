"""``boundcalc show KEY``: one theorem in full."""

from __future__ import annotations

import textwrap
from argparse import Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output
from boundcalc.show.tables import Table

if TYPE_CHECKING:
    from boundcalc.bound import Bound
    from boundcalc.theorems import Theorem

ARGUMENTS = ("KEY", "form")
ENDINGS = (".json", ".html")


def run(args: Namespace) -> Output:
    """Return statement, symbols, steps and remarks; the page shows the form that was asked for, or all."""
    from boundcalc.catalogue import theorem
    from boundcalc.report.theorem_page import theorem_page

    entry = theorem(args.key)
    bound = entry.bound(args.form)
    forms = None if args.form is None else [args.form]
    return Output(_data(entry, bound), said=_text(entry, bound), document=lambda: theorem_page(entry, forms=forms))


def _text(entry: Theorem, bound: Bound) -> str:
    from boundcalc.language.domains import describe
    from boundcalc.symbols import known

    form = entry.form(bound.form)
    lines = [str(entry), "", *textwrap.wrap(entry.claim, 80), "", "bounds    " + entry.quantity]
    lines += textwrap.wrap(f"source    {entry.source}", 80, subsequent_indent=" " * 10)
    lines += [
        f"form {'*' if name == bound.form else ' '}    {name} ({other.provenance}, {other.status})"
        for name, other in entry.variants.items()
    ]
    where = ", ".join(f"{short} = {full}" for short, full in bound.where.items())
    lines += ["", f"{bound.quantity} {bound.relation}"]
    lines += [f"    {part.subs(bound.shares, simultaneous=True)}    [{label}]" for label, part in bound.parts]
    lines += [f"where {where}"] * bool(where)
    if bound.events:
        shared = _listed(f"{event}: {event.statement}" for event in bound.events)
        lines += ["", "with probability at least 1 - delta; delta is shared equally by", *shared]
    lines += ["", "assumptions", *_listed(bound.assumptions)]
    rows = [
        (name, about.meaning if (about := known(symbol)) is not None else "", describe(bound.domain[symbol]))
        for name, symbol in bound.symbols.items()
    ]
    lines += ["", Table(("symbol", "meaning", "domain"), rows).text(), "", "steps"]
    for number, step in enumerate(form.derivation.steps, start=1):
        cites = f" [{step.cites}]" if step.cites else ""
        lines += textwrap.wrap(f"{number}. {step}", 80, subsequent_indent="     ", break_long_words=False)
        lines += textwrap.wrap(f"     {step.kind}: {step.because}{cites}", 80, subsequent_indent="     ")
    remarks = (*entry.remarks, *form.remarks)
    return "\n".join([*lines, *(["", "remarks", *_listed(remarks)] if remarks else [])])


def _listed(lines: Iterable[str]) -> list[str]:
    return [part for line in lines for part in textwrap.wrap(f"  - {line}", 80, subsequent_indent="    ")]


def _data(entry: Theorem, bound: Bound) -> dict[str, Any]:
    form = entry.form(bound.form)
    steps = ("left", "relation", "right", "kind", "because", "cites")
    return {
        "key": entry.key,
        "number": entry.number,
        "title": entry.title,
        "claim": entry.claim,
        "form": bound.form,
        "forms": entry.forms,
        "provenance": form.provenance,
        "status": form.status,
        "source": str(entry.source),
        "quantity": bound.quantity,
        "relation": bound.relation,
        "expr": bound.expr,
        "latex": bound.to_latex(),
        "symbols": list(bound.symbols),
        "assumptions": bound.assumptions,
        "events": [{"name": str(event), "statement": event.statement} for event in bound.events],
        "steps": [{name: getattr(step, name) for name in steps} for step in form.derivation.steps],
        "remarks": [*entry.remarks, *form.remarks],
    }
