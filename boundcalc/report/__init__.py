"""Tables, pictures and pages: everything that is looked at. Pictures need the ``plot`` extra."""

from __future__ import annotations

from boundcalc.report.alignment import draw_comparison
from boundcalc.report.plots import draw_grid
from boundcalc.report.tables import Table, format_number

__all__ = ["Table", "draw_comparison", "draw_grid", "format_number"]
