"""One page that a reviewer could attach to a paper: the answer, tables, pictures, assumptions, verdicts, versions."""

from __future__ import annotations

import html
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

from boundcalc.catalogue import theorem
from boundcalc.report.demo import Found, closing_sentence, demo_table, draw_demo
from boundcalc.report.planning import plan_sentence, plan_tables, save_plan
from boundcalc.show.page import answer_html, picture
from boundcalc.show.tables import Table

if TYPE_CHECKING:
    from boundcalc.checker.report import Report
    from boundcalc.planner.budget import Plan
    from boundcalc.planner.learning_curve import PowerLaw
    from boundcalc.planner.worth import Worth
    from boundcalc.trainer import Measurements

__all__ = ["USED", "document", "plain", "verdict_table", "versions"]

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

_PACKAGES = (
    "boundcalc",
    "sympy",
    "numpy",
    "scipy",
    "mpmath",
    "xarray",
    "scikit-learn",
    "python-flint",
    "z3-solver",
    "cvc5",
)


def document(
    measured: Measurements,
    found: Found,
    plan: Plan,
    *,
    delta: float,
    seed: int,
    worth: Sequence[Worth] = (),
    curve: PowerLaw | None = None,
    reports: Sequence[Report] = (),
) -> list[str]:
    """Return the page's parts as HTML.

    Parameters
    ----------
    measured : Measurements
    found : mapping
        The guarantees of every subset, from ``all_guarantees``.
    plan : Plan
    delta : float
    seed : int
        Of the random split and of the checker.
    worth : sequence of Worth
    curve : PowerLaw, optional
    reports : sequence of Report
        What the checker says of the theorems in ``USED``; empty where it was not run.
    """
    parts = [
        _section("The answer", [answer_html(closing_sentence(measured, found)), answer_html(plan_sentence(plan))]),
        _section(
            "What the sample at hand guarantees",
            [
                picture(
                    lambda path: draw_demo(measured, found, path, delta=delta), "guarantees against the number of rows"
                ),
                demo_table(measured, found, delta=delta).html(),
            ],
        ),
        _section(
            "What a budget would guarantee beforehand",
            [
                picture(lambda path: save_plan(plan, path, curve=curve), "guarantee against cost, and its terms"),
                *(table.html() for table in plan_tables(plan, worth=worth, curve=curve)),
            ],
        ),
        _section("What it rests on", _assumptions()),
        _section(
            "What is certified, what is estimated, and why",
            [
                _fold(f"{label}: {_counted(result.estimates)}", result.estimates._repr_html_())
                for label, result in measured.items()
            ],
        ),
    ]
    if reports:
        folded = [_fold(f"{report.subject}: {report.word}", report.html()) for report in reports]
        parts.append(_section("The proofs", [verdict_table(reports).html(), *folded]))
    parts.append(_section("How to repeat this", [_settings(measured, seed, delta).html(), versions().html()]))
    return parts


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


def versions() -> Table:
    """Return the versions of what computed the page."""
    rows = [("Python", platform.python_version())]
    for name in _PACKAGES:
        try:
            rows.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            rows.append((name, "not installed"))
    return Table(("package", "version"), rows, title="Versions")


def _settings(measured: Measurements, seed: int, delta: float) -> Table:
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


def _assumptions() -> list[str]:
    items: dict[str, list[str]] = {}
    for key in USED:
        entry = theorem(key)
        for assumption in entry.assumptions:
            items.setdefault(assumption, []).append(entry.number if entry.number != "-" else entry.title)
    lines = "".join(
        f"<li>{html.escape(assumption)} <span class='note'>({html.escape(', '.join(who))})</span></li>"
        for assumption, who in items.items()
    )
    limits = "".join(
        f"<li>{html.escape(text)}</li>"
        for text in (
            "gamma, Lhat_M and Delta cannot be observed: Theorem 3.13 is shown as the excess over gamma, Theorem 3.14 with "
            "Lhat_M <= rhat_M, Theorem 3.20 as the Delta that it would need.",
            "A guarantee is vacuous (*) when it is not below both the range of the loss and what the best constant rule reaches.",
            "The constant rule's values on the hold-out part, learning curves and gains are estimates.",
        )
    )
    return [f"<ul>{lines}</ul>", f"<ul>{limits}</ul>"]


def _counted(estimates: Any) -> str:
    states = [entry.status for entry in estimates if entry.symbol]
    return f"{states.count('certified')} values certified, {states.count('estimated')} estimated"


def _section(title: str, parts: Iterable[str]) -> str:
    return f"<section><h2>{html.escape(title)}</h2>{''.join(parts)}</section>"


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{html.escape(title)}</summary><div class='table'>{body}</div></details>"


def plain(measured: Measurements, found: Found, plan: Plan, reports: Sequence[Report]) -> Mapping[str, Any]:
    """Return the page's content as plain data."""
    return {
        "summary": [closing_sentence(measured, found), plan_sentence(plan)],
        "facts": measured.facts,
        "settings": measured.settings,
        "guarantees": {label: [one.to_dict() for one in kinds.values()] for label, kinds in found.items()},
        "plan": plan.to_dict(),
        "verdicts": {report.subject: {form: str(word) for form, word in report.forms.items()} for report in reports},
        "versions": dict(versions().rows),  # type: ignore[arg-type]
    }
