"""Tables, pictures and pages: everything that is looked at. Pictures need the ``plot`` extra."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from boundcalc.report.plots import draw_grid
from boundcalc.report.proofs import plot_proof, plot_sides
from boundcalc.report.tables import Table, format_number

if TYPE_CHECKING:
    from boundcalc.report.planning import draw_plan, draw_terms, plan_sentence, plan_tables

__all__ = [
    "Table",
    "draw_grid",
    "draw_plan",
    "draw_terms",
    "format_number",
    "plan_sentence",
    "plan_tables",
    "plot_proof",
    "plot_sides",
]

#: What draws things that are made of theorems, loaded on first use.
_LATER = {
    "draw_plan": "planning",
    "draw_terms": "planning",
    "plan_sentence": "planning",
    "plan_tables": "planning",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"boundcalc.report.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
