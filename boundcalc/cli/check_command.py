"""``boundcalc check [KEY|--all]``: which steps hold, and how we know."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from itertools import starmap
from typing import TYPE_CHECKING, Any

from boundcalc.cli.output import Output
from boundcalc.cli.progress import reporter
from boundcalc.errors import InvalidInputError
from boundcalc.show.tables import Table

if TYPE_CHECKING:
    from boundcalc.checker.report import Report
    from boundcalc.checker.store import Store
    from boundcalc.theorems import Theorem

ARGUMENTS = ("KEY?", "all", "form?", "seconds", "seed", "processes", "scheduler", "fresh", "kernel", "export_coq")
ENDINGS = (".json", ".html")
EPILOG = (
    "PROVED: by an exact method, or by two solvers that agree. CITED: rests on the literature alone. SUPPORTED: tried "
    "by enumeration or simulation without a violation. UNSETTLED: none of these, with the reason. REFUTED: with a "
    "counterexample (in full with --json). A theorem has the word of its weakest step. The same seed gives the same "
    "report unless time runs out. Verdicts are kept in $BOUNDCALC_CACHE (or the user's cache folder) by the content of "
    "what was checked and the version of the checker, open ones with the seconds that they had; --fresh checks all "
    "again. Exit status: 1 when the outcome is not "
    "what the catalogue says, 2 on bad input, 130 when interrupted."
)


def run(args: Namespace) -> Output:
    """Check one theorem or all; exit status 1 when something that is said to hold is refuted (or the reverse)."""
    from boundcalc import catalogue

    if args.all == bool(args.key):
        raise InvalidInputError("give a KEY or --all, one of the two")
    if args.all and args.form:
        raise InvalidInputError("--form goes with a KEY")
    entries = list(catalogue.REGISTRY.values()) if args.all else [catalogue.theorem(args.key)]
    if args.kernel or args.export_coq:
        from boundcalc.kernel.coqc import HINT, available

        if not available():
            raise InvalidInputError(HINT)
    reports = _reports(entries, args)
    said: list[str] = []
    alarms: list[str] = []
    if args.kernel or args.export_coq:
        reports, said, alarms = _kernel(entries, reports, args)
    return _output(reports, whole=args.all, expected=len(entries), said=said, alarms=alarms)


def _kernel(
    entries: list[Theorem], reports: list[Report], args: Namespace
) -> tuple[list[Report], list[str], list[str]]:
    """Ask the kernel, and return reports that mark what it accepts, what is said, and the alarms."""
    from boundcalc.kernel import confirm, export

    files, marked, alarms = [], [], []
    for entry, report in zip(entries, reports, strict=False):
        found = export(entry, args.export_coq, form=args.form, fresh=args.fresh)
        files += found
        report, raised = confirm(report, found)
        marked.append(report)
        alarms += raised
    refused = [
        f"not accepted by the kernel: {file.title} ({file.outcome.reason})" for file in files if not file.accepted
    ]
    axioms = sorted({axiom for file in files for axiom in file.outcome.axioms})
    accepted = f"kernel: {len(files) - len(refused)} of {len(files)} closed-form steps accepted"
    return marked, [accepted, f"axioms used: {', '.join(axioms) or 'none'}", *refused], alarms


def _reports(entries: list[Theorem], args: Namespace) -> list[Report]:
    """Check theorem after theorem, several at a time where that is possible; an interruption keeps what was found."""
    from boundcalc.checker.store import Store
    from boundcalc.trainer.measure.parallel import in_parallel

    alone = len(entries) == 1 or args.processes == 1 or not find_spec("joblib")
    jobs = _jobs(entries, args, Store(fresh=args.fresh), 1 if alone else args.processes)
    reports: list[Report] = []
    told = reporter("checking") if len(entries) > 1 else None
    with suppress(KeyboardInterrupt):
        if told is not None:
            told(0, len(entries), "the first steps")
        for report in starmap(_checked, jobs) if alone else in_parallel(_checked, jobs, n_jobs=args.processes):
            reports.append(report)
            if told is not None:
                told(len(reports), len(entries), f"{report.subject}: {report.word}")
            if not report.complete:
                break
    return reports


def _jobs(entries: list[Theorem], args: Namespace, store: Store, processes: int) -> Iterator[tuple[Any, ...]]:
    """Yield what each entry is checked with; time that is left over goes to those that come later."""
    end = None if args.seconds is None else time.monotonic() + args.seconds
    several = processes if processes > 0 else os.cpu_count() or 1
    memory: dict[Any, Any] = {}
    for number, entry in enumerate(entries):
        share = several / max(several, len(entries) - number)
        left = None if end is None else max(1.0, (end - time.monotonic()) * share)
        shown = (memory, _progress(entry) if len(entries) == 1 else None) if processes == 1 else ()
        yield (entry if processes == 1 else entry.key, args.form, left, args.seed, store, *shown)


def _checked(
    entry: Theorem | str,
    form: str | None,
    budget: float | None,
    seed: int,
    store: Store,
    memory: Any = None,
    progress: Any = None,
) -> Report:
    """Check a theorem; other processes get the key of a catalogue's one."""
    from boundcalc import catalogue
    from boundcalc.checker import check

    entry = catalogue.REGISTRY[entry] if isinstance(entry, str) else entry
    return check(entry, form=form, budget=budget, rng=seed, progress=progress, memory=memory, store=store)


def _progress(entry: Theorem) -> Any:
    if not sys.stderr.isatty():
        return None

    def show(row: Any) -> None:
        line = f"\r{entry.key}: {row.form} {row.place} {row.verdict.word}"
        print(line[:79].ljust(79), end="", file=sys.stderr, flush=True)

    return show


def _output(
    reports: list[Report], *, whole: bool, expected: int, said: Sequence[str] = (), alarms: Sequence[str] = ()
) -> Output:
    complete = len(reports) == expected and all(report.complete for report in reports)
    surprises = [f"{report.subject} ({form})" for report in reports for form in report.surprises]
    rows = [
        (report.subject, form, str(word), report.status.get(form, "holds"))
        for report in reports
        for form, word in report.forms.items()
    ]
    notes = [f"not as the catalogue says: {', '.join(surprises)}"] if surprises else []
    notes += [f"ALARM: {alarm}" for alarm in alarms]
    kept = "steps that were settled are kept for the next run"
    notes += [] if complete else [f"interrupted: what is shown was checked, the rest was not; {kept}"]
    table = Table(("theorem", "form", "verdict", "catalogue"), rows, title="Verdicts", notes=notes)
    theorems = [report.to_json() for report in reports]
    texts = [report.text() for report in reports] + (
        ["\n".join([*said, *(f"ALARM: {one}" for one in alarms)])] if said else []
    )
    kernel = {"kernel": {"said": list(said), "alarms": list(alarms)}} if said else {}
    return Output(
        {"complete": complete, "surprises": surprises, "theorems": theorems, **kernel}
        if whole
        else {**theorems[0], **kernel},
        title="Checked: " + ("the catalogue" if whole else reports[0].subject),
        said="\n\n".join([table.text(), *texts] if whole else texts),
        shown=(table,),
        parts=[report.html() for report in reports],
        status=130 if not complete else 1 if surprises or alarms else 0,
    )
