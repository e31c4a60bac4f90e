"""``boundcalc show KEY``: one theorem in full."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output

if TYPE_CHECKING:
    from boundcalc.bound import Bound
    from boundcalc.theorems import Theorem

ENDINGS = (".json", ".html")


def configure(parser: ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "key", metavar="KEY", help="a key such as zhou2026.risk_gap, or a number such as 'Theorem 3.13'"
    )
    parser.add_argument("--form", metavar="F", help="the form whose steps are shown (default: the first)")


def run(args: Namespace) -> Output:
    """Return statement, symbols, steps and remarks."""
    from boundcalc.catalogue import theorem

    entry = theorem(args.key)
    bound = entry.bound(args.form)
    return Output(
        _text(entry, bound),
        _data(entry, bound),
        document=lambda: _page(entry, args.form),
    )


def _page(entry: Theorem, form: str | None) -> str:
    """Return the typeset page: of the form that was asked for, or of all."""
    from boundcalc.report.theorem_page import theorem_page

    return theorem_page(entry, forms=None if form is None else [form])


def _text(entry: Theorem, bound: Bound) -> str:
    from boundcalc.language.domains import describe
    from boundcalc.show.tables import Table
    from boundcalc.symbols import VOCABULARY

    form = entry.form(bound.form)
    wrap = textwrap.TextWrapper(width=80, initial_indent="  ", subsequent_indent="    ")
    lines = [str(entry), "", *textwrap.wrap(entry.claim, 80), ""]
    lines += ["bounds    " + entry.quantity]
    lines += [
        f"source    {line}" if not place else f"          {line}"
        for place, line in enumerate(textwrap.wrap(str(entry.source), 70))
    ]
    for name, other in entry.variants.items():
        marker = "*" if name == bound.form else " "
        lines.append(f"form {marker}    {name} ({other.provenance}, {other.status})")
    where = ", ".join(f"{short} = {full}" for short, full in bound.where.items())
    lines += ["", f"{bound.quantity} {bound.relation}"]
    lines += [f"    {part.subs(bound.shares, simultaneous=True)}    [{label}]" for label, part in bound.parts]
    lines += [f"where {where}"] * bool(where)
    if bound.events:
        lines += ["", "with probability at least 1 - delta; delta is shared equally by"]
        lines += [line for event in bound.events for line in wrap.wrap(f"- {event}: {event.statement}")]
    lines += ["", "assumptions", *(line for text in bound.assumptions for line in wrap.wrap("- " + text))]
    rows = [
        (name, VOCABULARY[name].meaning if name in VOCABULARY else "", describe(bound.domain[symbol]))
        for name, symbol in bound.symbols.items()
    ]
    lines += ["", Table(("symbol", "meaning", "domain"), rows).text(), "", "steps"]
    for number, step in enumerate(form.derivation.steps, start=1):
        cites = f" [{step.cites}]" if step.cites else ""
        lines += textwrap.wrap(f"{number}. {step}", 80, subsequent_indent="     ", break_long_words=False)
        lines += textwrap.wrap(
            f"{step.kind}: {step.because}{cites}", 80, initial_indent="     ", subsequent_indent="     "
        )
    remarks = (*entry.remarks, *form.remarks)
    lines += ["", "remarks", *(line for text in remarks for line in wrap.wrap("- " + text))] if remarks else []
    return "\n".join(lines)


def _data(entry: Theorem, bound: Bound) -> dict[str, Any]:
    form = entry.form(bound.form)
    return {
        "key": entry.key,
        "number": entry.number,
        "title": entry.title,
        "claim": entry.claim,
        "form": bound.form,
        "forms": list(entry.forms),
        "provenance": str(form.provenance),
        "status": str(form.status),
        "source": str(entry.source),
        "quantity": str(bound.quantity),
        "relation": bound.relation,
        "expr": str(bound.expr),
        "latex": bound.to_latex(),
        "symbols": list(bound.symbols),
        "assumptions": list(bound.assumptions),
        "events": [{"name": str(event), "statement": event.statement} for event in bound.events],
        "steps": [
            {
                "left": str(step.left),
                "relation": step.relation,
                "right": str(step.right),
                "kind": step.kind,
                "because": step.because,
                "cites": step.cites,
            }
            for step in form.derivation.steps
        ],
        "remarks": [*entry.remarks, *form.remarks],
    }
