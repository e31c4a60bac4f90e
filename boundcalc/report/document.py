"""One page that a reviewer could attach to a paper: the answer, tables, pictures, assumptions, verdicts, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boundcalc.catalogue import theorem
from boundcalc.environment import versions
from boundcalc.errors import InvalidInputError, require
from boundcalc.guarantees.certified import certified, twins
from boundcalc.planner.study import Study
from boundcalc.report.planning import Proposal, plan, read_measured
from boundcalc.report.sample import Assessment, assess
from boundcalc.report.training import Reporter, loaded, train
from boundcalc.show.answer import Answer, wrapped
from boundcalc.show.html import Markup, fold, items, join, section, tag
from boundcalc.show.page import lead, picture
from boundcalc.show.tables import Table
from boundcalc.trainer import Measurements, ModalityData

if TYPE_CHECKING:
    from boundcalc.checker.report import Report

__all__ = ["USED", "Dossier", "make_report", "verdict_table"]

#: The theorems that the page's numbers rest on.
USED = (
    "zhou2026.uniform_deviation",
    "zhou2026.margin",
    "zhou2026.risk_gap",
    "zhou2026.latent_quality",
    "zhou2026.metric_complexity",
    "zhou2026.risk_reduction",
    "zhou2026.nonpositive_gap",
    "zhou2026.fixed_model",
    "zhou2026.ex_ante",
)

#: What a plan is asked beyond the training.
_PLANNED = ("costs", "target", "budgets", "power", "quantity", "modalities", "curve", "simulate", "collected")


@dataclass(frozen=True)
class Dossier(Answer):
    """One page that a reviewer could attach to a paper.

    Attributes
    ----------
    sample : Assessment
        What the sample at hand guarantees.
    proposal : Proposal
        What more rows are expected to certify.
    reports : tuple of Report
        What the checker says of the theorems in ``USED``; empty where it was not run.
    seed : object
        Of the random split and of the checker.
    """

    sample: Assessment
    proposal: Proposal
    reports: tuple[Report, ...]
    seed: Any

    @property
    def title(self) -> str:
        """The heading."""
        return f"boundcalc report: {self.sample.measured.facts['data']}"

    def text(self) -> str:
        """Return the answers and the verdicts."""
        verdicts = [verdict_table(self.reports).text()] if self.reports else []
        return "\n\n".join([*map(wrapped, self._answers), *verdicts])

    @property
    def _answers(self) -> list[str]:
        return [self.sample.sentence, self.proposal.sentence]

    def to_dict(self) -> dict[str, Any]:
        """Return the page's content as plain data."""
        measured, found = self.sample.measured, self.sample.found
        return {
            "summary": self._answers,
            "facts": measured.facts,
            "settings": measured.settings,
            "guarantees": {label: [one.to_dict() for one in kinds.values()] for label, kinds in found.items()},
            "certificates": [line.to_dict() for line in self.sample.certificates],
            "plan": {name: value for name, value in self.proposal.to_dict().items() if name != "study"},
            "verdicts": {report.subject: report.forms for report in self.reports},
            "versions": versions(),
        }

    def body(self) -> Any:
        """Return the page's sections."""
        yield section("The answer", map(lead, self._answers))
        for title, answer in (
            ("What the sample at hand guarantees", self.sample),
            ("What more rows are expected to certify", self.proposal),
        ):
            yield section(title, picture(answer.draw, answer.draws), [table.html() for table in answer.tables()])
        yield section("What it rests on", _assumptions(), items(_LIMITS))
        estimates = [(label, result.estimates) for label, result in self.sample.measured.items()]
        yield section(
            "What is certified, what is estimated, and why",
            [fold(f"{label}: {_counted(one)}", one._repr_html_()) for label, one in estimates],
        )
        if self.reports:
            folded = [fold(f"{report.subject}: {report.word}", report.html()) for report in self.reports]
            yield section("The proofs", verdict_table(self.reports).html(), folded)
        settings = _settings(self.sample.measured, self.seed, self.sample.delta)
        yield section(
            "How to repeat this",
            settings.html(),
            Table(("package", "version"), list(versions().items()), title="Versions").html(),
        )

    def _repr_html_(self) -> Markup:
        return join(self.body())


def make_report(
    data: ModalityData | str | Path,
    *,
    delta: float = 0.05,
    rng: Any = 0,
    check_proofs: bool = True,
    progress: Reporter | None = None,
    measured: Measurements | str | Path | None = None,
    resume: str | Path | None = None,
    subsets: Any = "all",
    n_jobs: int = 1,
    **planning: Any,
) -> Dossier:
    """Train, evaluate, plan and check, and put it on one page.

    Parameters
    ----------
    data : ModalityData, str or Path
        The pilot, or what :func:`boundcalc.datasets.load` takes.
    delta : float
        Each kind of guarantee fails with at most this probability.
    rng : int or numpy.random.Generator
        Of the split and of the checker.
    check_proofs : bool
        Whether the theorems that the page rests on are checked, which takes a few minutes.
    progress : callable, optional
        From the name of a task to a callback ``(done, total, message)``.
    measured : Measurements, str or Path, optional
        What was measured on the data, or the file that ``Measurements.to_json`` wrote: nothing is trained then.
    resume : str or Path, optional
        As for :func:`boundcalc.train`.
    subsets : {"all"} or str or sequence
    n_jobs : int
    **planning
        As for :func:`boundcalc.plan`; settings of the training among them.

    Returns
    -------
    Dossier
        ``write("page.html")`` writes it.

    Raises
    ------
    InvalidInputError
        On bad input, before anything is trained where that can be told.
    MissingExtraError
        If proofs are to be checked without python-flint.
    """
    if check_proofs:
        require("flint", extra="rigor", purpose="checking the proofs (left out with --no-check, check_proofs=False)")
    _, again = twins(rng)
    given = loaded(data, planning.pop("groups", None))
    shared: dict[str, Any] = {"delta": delta, "rng": rng, "progress": progress}
    if measured is None:
        settings = {name: value for name, value in planning.items() if name not in _PLANNED}
        proposal = plan(given, subsets=subsets, n_jobs=n_jobs, **shared, **planning)
        found = train(given, subsets=subsets, n_jobs=n_jobs, resume=resume, **shared, **settings).measured
    else:
        known = read_measured(measured, given)
        if isinstance(known, Study):
            raise InvalidInputError(
                "a plan's study has no trained subsets: a report needs what `boundcalc train` writes"
            )
        found = known.at(delta)
        proposal = plan(given, measured=found, n_jobs=n_jobs, **shared, **planning)
    lines = certified(given, found, delta=delta, rng=again)
    sample = replace(assess(found, delta=delta), certificates=lines)
    return Dossier(sample, proposal, _checked(rng, progress) if check_proofs else (), rng)


def _checked(rng: Any, progress: Reporter | None) -> tuple[Report, ...]:
    """Check the theorems that the page rests on."""
    from boundcalc.checker import check

    show = (lambda *_: None) if progress is None else progress("checking")
    memory: dict[Any, Any] = {}
    reports = []
    for number, key in enumerate(USED):
        show(number, len(USED), key)
        reports.append(check(theorem(key), rng=rng, memory=memory))
        if not reports[-1].complete:
            raise KeyboardInterrupt
    show(len(USED), len(USED), "")
    return tuple(reports)


def verdict_table(reports: Iterable[Report]) -> Table:
    """Return one row for each form: its weakest step's word, and how many steps have which."""
    rows: list[tuple[Any, ...]] = []
    for report in reports:
        for form, word in report.forms.items():
            words = [str(row.verdict.word) for row in report if row.form == form and row.counts]
            counts = ", ".join(f"{words.count(one)} {one}" for one in dict.fromkeys(words))
            rows.append((report.subject, form, str(word), counts, report.status.get(form, "holds")))
    return Table(
        ("theorem", "form", "verdict", "steps", "catalogue says"),
        rows,
        title="The weakest step is the theorem's verdict",
        notes=(
            "PROVED: by algebra, two solvers, or interval arithmetic. CITED: rests on the literature. SUPPORTED: enumerated or "
            "simulated without a violation. REFUTED: with a witness.",
        ),
    )


def _settings(measured: Measurements, seed: Any, delta: float) -> Table:
    facts, settings = measured.facts, measured.settings
    rows: list[tuple[str, Any]] = [
        ("data", facts["data"]),
        ("fingerprint of data, settings and split", facts["fingerprint"]),
    ]
    rows += [("seed", str(seed)), ("delta", f"{delta:g}")]
    rows += [(name, _setting(value)) for name, value in settings.items() if value is not None and name != "delta"]
    rows += [("note", facts["note"])] if facts.get("note") else []
    return Table(("setting", "value"), rows, title="Data and settings")


def _setting(value: Any) -> str:
    """Return a setting in words: the loss is a mapping of its name and parameters."""
    if isinstance(value, Mapping):
        own = [f"{name} = {part}" for name, part in value.items() if name != "name"]
        return ", ".join([str(value.get("name", "")), *own])
    return str(value)


def _assumptions() -> Markup:
    found: dict[str, list[str]] = {}
    for key in USED:
        entry = theorem(key)
        for assumption in entry.assumptions:
            found.setdefault(assumption, []).append(entry.number if entry.number != "-" else entry.title)
    return items(
        [assumption, " ", tag("span", f"({', '.join(who)})", class_="note")] for assumption, who in found.items()
    )


_LIMITS = (
    "gamma, Lhat_M and Delta cannot be observed: Theorem 3.13 is shown as the excess over gamma, Theorem 3.14 with "
    "Lhat_M <= rhat_M, Theorem 3.20 as the Delta that it would need.",
    "A guarantee is vacuous (*) when it is not below both the range of the loss and what the best constant rule reaches.",
    "The constant rule's values on the hold-out part, learning curves and gains are estimates.",
)


def _counted(estimates: Any) -> str:
    states = [entry.status for entry in estimates if entry.symbol]
    return f"{states.count('certified')} values certified, {states.count('estimated')} estimated"
