"""Each entry as plain data: what ``boundcalc show`` prints, and for one point a program that needs no algebra.

``python -m boundcalc.catalogue.sheets`` (``make stored``) writes them where `boundcalc.stored` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Rational
from pathlib import Path
from typing import Any

import sympy

from boundcalc.bound import Bound
from boundcalc.catalogue.registry import REGISTRY
from boundcalc.evaluator.points import written_instruction
from boundcalc.evaluator.program.instructions import Program
from boundcalc.evaluator.program.planning import Planner
from boundcalc.language.domains import describe, parts_of, symbol_range
from boundcalc.language.records import plain, to_json
from boundcalc.statements.points import comparisons
from boundcalc.stored import FOLDER, INDEX, digest
from boundcalc.symbols import known
from boundcalc.theorems import Theorem

__all__ = ["catalogue_list", "files", "sheet"]

#: Characters of what stands on one line of a stored file.
_WIDTH = 160
_STEP = ("left", "relation", "right", "kind", "because", "cites")


def catalogue_list() -> list[dict[str, Any]]:
    """Return key, number, title, quantity and forms of every entry, in reading order."""
    return [
        {
            "key": entry.key,
            "number": entry.number,
            "title": entry.title,
            "quantity": entry.quantity,
            "forms": _variants(entry),
        }
        for entry in REGISTRY.values()
    ]


def sheet(entry: Theorem, form: str | None = None) -> dict[str, Any]:
    """Return what is to be said of a form, all of it text, numbers and lists."""
    return plain(_of_all_forms(entry) | {"variants": _variants(entry)} | _of_form(entry, entry.bound(form)))


def files() -> Iterator[tuple[str, str]]:
    """Yield name and text of every stored file."""
    for key, entry in REGISTRY.items():
        bounds = {name: entry.bound(name) for name in entry.forms}
        variants = {name: _of_form(entry, bound) | {"point": _point(bound)} for name, bound in bounds.items()}
        yield f"{key}.json", _folded(plain(_of_all_forms(entry) | {"variants": variants}))
    yield INDEX, _folded(plain({"digest": digest(), "entries": catalogue_list()}))


def _folded(value: Any, depth: int = 0) -> str:
    """Return plain data as JSON, each part on one line where it is short: a change of an entry is then a change of few lines."""
    text = to_json(value)
    if len(text) <= _WIDTH or not isinstance(value, dict | list):
        return text
    if isinstance(value, dict):
        ends, parts = "{}", [f"{to_json(name)}: {_folded(part, depth + 1)}" for name, part in value.items()]
    else:
        ends, parts = "[]", [_folded(part, depth + 1) for part in value]
    inner = "\n" + " " * (depth + 1)
    return f"{ends[0]}{inner}{f',{inner}'.join(parts)}{inner[:-1]}{ends[1]}"


def _variants(entry: Theorem) -> dict[str, Any]:
    return {name: {"provenance": one.provenance, "status": one.status} for name, one in entry.variants.items()}


def _of_all_forms(entry: Theorem) -> dict[str, Any]:
    return {
        "key": entry.key,
        "number": entry.number,
        "title": entry.title,
        "heading": str(entry),
        "claim": entry.claim,
        "bounds": entry.quantity,
        "source": str(entry.source),
        "assumptions": entry.assumptions,
        "forms": entry.forms,
    }


def _of_form(entry: Theorem, bound: Bound) -> dict[str, Any]:
    form = entry.form(bound.form)
    about = {
        name: ("" if (row := known(symbol)) is None else row.meaning, describe(bound.domain[symbol]))
        for name, symbol in bound.symbols.items()
    }
    return {
        "form": bound.form,
        "provenance": form.provenance,
        "status": form.status,
        "quantity": bound.quantity,
        "relation": bound.relation,
        "expr": bound.expr,
        "latex": bound.to_latex(),
        "parts": [(label, part.subs(bound.shares, simultaneous=True)) for label, part in bound.parts],
        "where": bound.where,
        "symbols": list(bound.symbols),
        "about": about,
        "events": [{"name": str(event), "statement": event.statement} for event in bound.events],
        "steps": [
            {"says": str(step)} | {name: getattr(step, name) for name in _STEP} for step in form.derivation.steps
        ],
        "remarks": [*entry.remarks, *form.remarks],
    }


def _point(bound: Bound) -> dict[str, Any] | None:
    """Return what evaluates a bound at one point (see `boundcalc.evaluator.points`); None where that would say too little."""
    symbols = tuple(bound.symbols.values())
    about = {symbol.name: _allowed(symbol, bound.domain[symbol]) for symbol in symbols}
    rules = comparisons(bound)
    if rules is None or not all(about.values()):
        return None
    trivial = bound.trivial if bound.trivial is not None and bound.trivial.free_symbols <= set(symbols) else None
    return {
        "symbols": about,
        "ties": [(str(rule.lower), "<" if rule.strict else "<=", str(rule.upper)) for rule in rules],
        "program": _written(Planner(bound.expr, symbols, bound.domain, "upper").lowered()),
        "trivial": trivial,
        "anyway": None if trivial is None else _written(Planner(trivial, symbols, {}).program()),
        "why_not_certified": bound.why_not_certified,
    }


def _written(program: Program) -> dict[str, Any]:
    return {"code": [written_instruction(one) for one in program.instructions], "root": program.root}


def _allowed(symbol: sympy.Symbol, domain: sympy.Set) -> dict[str, Any] | None:
    """Return a symbol's domain, its ends as text, and what the evaluator knows of it; None where text does not say all."""
    parts = parts_of(domain)
    ends = [end for part in parts for end in part.exact[:2]]
    if not all(isinstance(end, Rational | float) for end in ends):
        return None
    return {
        "parts": [(str(low), str(high), *opened) for low, high, *opened in (part.exact for part in parts)],
        "whole": any(part.whole for part in parts),
        "integer": bool(symbol.is_integer),
        "range": symbol_range(symbol, domain),
    }


def main(folder: Path = FOLDER) -> None:
    """Write the files, and remove those of entries that are no more."""
    folder.mkdir(exist_ok=True)
    made = dict(files())
    for path in folder.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (folder / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
