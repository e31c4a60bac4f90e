"""A report's verdicts beside the kernel's: PROVED (kernel), refused, or an alarm where the two contradict each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from boundcalc.checker.report import Report
from boundcalc.checker.verdict import confirmed
from boundcalc.kernel.exporting import Exported

__all__ = ["confirm"]


def confirm(report: Report, files: Iterable[Exported]) -> list[str]:
    """Mark the steps whose proofs the kernel accepted, and return an alarm for each that the checker refutes.

    Parameters
    ----------
    report : Report
        Its rows are replaced by rows whose verdict has ``.kernel`` true where the kernel accepted the step.
    files : iterable of Exported
        What the kernel said of the same theorem's steps.

    Returns
    -------
    list of str
        Steps that the checker refutes and the kernel accepts: one of the two speaks of another statement.
    """
    accepted = {(file.form, file.place): file for file in files if file.accepted}
    alarms = []
    for place, row in enumerate(report.rows):
        file = accepted.get((row.form, row.place))
        if file is None:
            continue
        if row.verdict.refutes:
            alarms.append(f"{file.title}: refuted here ({row.verdict.evidence}), accepted by the kernel")
        else:
            report.rows[place] = replace(row, verdict=confirmed(row.verdict, file.outcome.axioms))
    return alarms
