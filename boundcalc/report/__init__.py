"""Tables, pictures and pages: everything that is looked at. Pictures need the ``plot`` extra."""

from __future__ import annotations

from boundcalc.report.tables import Table, format_number

__all__ = ["Table", "format_number"]
