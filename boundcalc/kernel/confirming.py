"""A report's verdicts beside the kernel's: PROVED (kernel), refused, or an alarm where the two contradict each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from boundcalc.checker.report import Report
from boundcalc.checker.verdict import confirmed
from boundcalc.kernel.exporting import Exported

__all__ = ["confirm"]


def confirm(report: Report, files: Iterable[Exported]) -> tuple[Report, list[str]]:
    """Return a report whose verdicts know what the kernel accepted, and an alarm for each step that the checker refutes.

    Parameters
    ----------
    report : Report
    files : iterable of Exported
        What the kernel said of the same theorem's steps.

    Returns
    -------
    Report
        ``.kernel`` is true of the verdict on each step that the kernel accepted.
    list of str
        Steps that the checker refutes and the kernel accepts, or the other way round: one of the two is wrong, or speaks of
        another statement.
    """
    asked = {(file.form, file.place): file for file in files}
    rows, alarms = [], []
    for row in report.rows:
        file = asked.get((row.form, row.place))
        if file is not None and file.accepted and row.verdict.refutes:
            alarms.append(f"{file.title}: refuted here ({row.verdict.evidence}), accepted by the kernel")
        elif file is not None and file.refuted and not row.verdict.refutes:
            alarms.append(f"{file.title}: {row.verdict.word} here, refuted by the kernel")
        elif file is not None and file.accepted:
            row = replace(row, verdict=confirmed(row.verdict, file.outcome.axioms))
        rows.append(row)
    return replace(report, rows=tuple(rows)), alarms
