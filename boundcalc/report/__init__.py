"""Tables, pictures and pages: everything that is looked at. Pictures need the ``plot`` extra."""

from __future__ import annotations

from boundcalc.lazy import lazy_names
from boundcalc.report.plots import draw_grid
from boundcalc.show.tables import Table, format_number

#: What is made of theorems, loaded on first use: tables and pictures do not need the catalogue.
_LATER = {
    "Assessment": "sample",
    "Contest": "compare_view",
    "Dossier": "document",
    "Proposal": "planning",
    "Training": "training",
    "SideBySide": "side_by_side",
    "ask": "boundcalc.guarantees.questions.asking",
    "assess": "sample",
    "bench": "side_by_side",
    "compare": "compare_view",
    "compare_pilot": "boundcalc.guarantees.comparison",
    "compare_values": "boundcalc.guarantees.comparison",
    "comparison_sentence": "compare_view",
    "comparison_table": "compare_view",
    "draw_alignment": "alignment",
    "draw_comparison": "compare_view",
    "draw_plan": "plan_pictures",
    "explorer_page": "explorer",
    "make_report": "document",
    "plan": "planning",
    "plan_sentence": "plan_words",
    "plan_tables": "plan_words",
    "plot": "pictures",
    "plot_proof": "proofs",
    "plot_sides": "proofs",
    "plot_terms": "pictures",
    "train": "training",
}

__all__ = ["Table", "draw_grid", "format_number", *_LATER]

__getattr__ = lazy_names(__name__, _LATER)
