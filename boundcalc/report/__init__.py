"""Tables, pictures and pages: everything that is looked at. Pictures need the ``plot`` extra."""

from __future__ import annotations

from boundcalc.report.plots import draw_grid
from boundcalc.report.proofs import plot_proof, plot_sides
from boundcalc.report.tables import Table, format_number

__all__ = ["Table", "draw_grid", "format_number", "plot_proof", "plot_sides"]
