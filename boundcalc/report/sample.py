"""What the theorems say of the trained subsets of a sample: sentence, table and picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from boundcalc.frozen import Frozen
from boundcalc.guarantees.account import readings
from boundcalc.guarantees.certified import Certified
from boundcalc.guarantees.of_subset import Guarantee, all_guarantees, margin_curve, risk_curves
from boundcalc.report.certificates import certificate_sentence, certificate_tables, draw_certificates
from boundcalc.report.plots import finish, mark_level
from boundcalc.report.training import Reporter, held_out_risk, tested_sentence, trained_on
from boundcalc.show.answer import Answer
from boundcalc.show.axes import PALETTE, new_axes
from boundcalc.show.rounding import holding, outwards, rounded_up
from boundcalc.show.tables import Table
from boundcalc.trainer import Measurements, ModalityData
from boundcalc.trainer.data.cautions import cautions, caveat, units

__all__ = ["Assessment", "assess"]

Found = Mapping[str, Mapping[str, Guarantee]]

_ROWS = {
    "risk of the model": "certificate on the risk",
    "excess of the risk gap over gamma": "Theorem 3.13, excess over gamma",
    "latent quality": "Theorem 3.14, with Lhat <= rhat",
    "complexity": "Theorem 3.18, R_M at this n",
    "Delta needed": "Theorem 3.20, Delta it needs",
    "pair error": "margin bound on the pair error",
}


@dataclass(frozen=True)
class Assessment(Frozen, Answer):
    """What the theorems say of the trained subsets of a sample, each kind of guarantee for all subsets at once.

    Attributes
    ----------
    measured : Measurements
    found : mapping
        For each subset its guarantees by name.
    delta : float
        Failure probability of each kind of guarantee.
    certificates : tuple of Certified
        What the held-out rows certify; empty where there are none.
    """

    measured: Measurements
    found: Mapping[str, Mapping[str, Guarantee]]
    delta: float
    certificates: tuple[Certified, ...] = ()
    draws: ClassVar[str] = "errors with their certificates, and guarantees against the number of rows"
    one_panel: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """The heading."""
        return f"What {self.measured.facts['data']} guarantees"

    @property
    def sentence(self) -> str:
        """What was learnt."""
        said = certificate_sentence(self.certificates, delta=self.delta)
        of_class = _sentence(self.measured, self.found)
        answer = f"{said} Of the whole class: {of_class}" if said else of_class
        return answer + caveat(self.measured.facts)

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return one table with a column for each subset: what was measured, then what is guaranteed."""
        certified = certificate_tables(self.certificates, delta=self.delta)
        return (*certified, _table(self.measured, self.found, delta=self.delta))

    def to_dict(self) -> dict[str, Any]:
        """Return estimates and guarantees by subset."""
        return {
            "facts": self.measured.facts,
            "delta": self.delta,
            "subsets": {
                label: {**result.to_dict(), "guarantees": [one.to_dict() for one in self.found[label].values()]}
                for label, result in readings(self.measured, delta=self.delta).items()
            },
            "certificates": [line.to_dict() for line in self.certificates],
            "summary": self.sentence,
        }

    def _picture(self, ax: Any = None) -> Any:
        """Draw each subset's error with its certificate, then what the theorems on whole classes say against training rows."""
        panels = new_axes(width=16 if self.certificates else 11, height=4.8, columns=3 if self.certificates else 2)
        if self.certificates:
            draw_certificates(self.certificates, delta=self.delta, axes=panels[0])
        _draw(self.measured, self.found, delta=self.delta, axes=panels[-2:])
        return panels


def assess(
    data: ModalityData | Measurements | str | Path,
    *,
    delta: float = 0.05,
    progress: Reporter | None = None,
    **settings: Any,
) -> Assessment:
    """Return what the theorems guarantee for the sample at hand, on every subset of its modalities.

    Parameters
    ----------
    data : ModalityData, str, Path or Measurements
        A data set to train on, or what was measured already.
    delta : float
        Each kind of guarantee fails on some subset with at most this probability.
    progress : callable, optional
        From the name of a task to a callback ``(done, total, message)``.
    **settings
        As for :func:`boundcalc.train`; none where nothing is trained.

    Returns
    -------
    Assessment

    Raises
    ------
    InvalidInputError
        On bad settings.
    """
    training = trained_on(data, delta=delta, progress=progress, **settings)
    found = all_guarantees(training.measured, delta=delta)
    return Assessment(training.measured, found, delta, training.certificates)


def _table(measured: Measurements, found: Found, *, delta: float) -> Table:
    labels, results = list(measured), list(readings(measured, delta=delta).values())
    columns = [found[label] for label in labels]
    rows: list[list[Any]] = [
        ["MEASURED", *[""] * len(labels)],
        ["features d", *(result.d for result in results)],
        ["empirical risk", *(result.estimates["rhat_M"].value for result in results)],
        ["  the constant rule's", *(result.trivial_risk for result in results)],
        ["held-out risk", *(held_out_risk(result) for result in results)],
        ["held-out pair error", *(result.weighted_holdout_error for result in results)],
        ["  the constant rule's", *(result.weighted_trivial_holdout_error for result in results)],
        ["kappa, plug-in (estimated)", *(result.kappa.plug_in for result in results)],
        ["kappa, certified", *(rounded_up(result.kappa.certified) for result in results)],
        ["kappa, worst case", *(rounded_up(result.kappa.worst_case) for result in results)],
        ["GUARANTEED (* vacuous)", *[""] * len(labels)],
    ]
    for name, title in _ROWS.items():
        rows.append([title, *(_marked(column[name]) for column in columns)])
    rows.append(["ROWS FROM WHICH IT SAYS MORE", *[""] * len(labels)])
    for name in ("pair error", "risk of the model", "excess of the risk gap over gamma", "latent quality"):
        rows.append([_ROWS[name], *(_rows_needed(column[name]) for column in columns)])
    facts = measured.facts
    title = (
        f"{facts['data']}: {facts['rows']:,} rows = {facts['train_rows']:,} training + {facts['holdout_rows']:,} hold-out + "
        f"{facts['calibration_rows']:,} calibration"
    )
    return Table(("", *labels), rows, title=title, notes=_notes(measured, delta, columns))


def _marked(guarantee: Guarantee) -> str:
    return rounded_up(guarantee.value) + ("*" if guarantee.vacuous else "") + ("" if guarantee.certified else " (est.)")


def _rows_needed(guarantee: Guarantee) -> str:
    """Return a number of rows with three digits, never too few."""
    if guarantee.informative_from is None:
        return "never"
    return f"{outwards(guarantee.informative_from, '<=', digits=3):.2e}"


def _notes(measured: Measurements, delta: float, columns: Sequence[Mapping[str, Guarantee]]) -> list[str]:
    first = next(iter(measured.values()))
    weights = (first.estimates["omega_pos"].value, first.estimates["omega_neg"].value)
    notes = [
        f"Each row of guarantees holds for all {len(measured)} subsets at once with probability at least {holding(delta)}, so "
        "one may choose among them."
    ]
    if weights != (1.0, 1.0):
        notes.append(
            f"Similar pairs weigh {weights[0]:.3g}, dissimilar ones {weights[1]:.3g} (fixed on the calibration part), in "
            "risks and in pair errors."
        )
    notes.append("* vacuous: it says no more than the constant rule, or the range of the loss, does.")
    notes.append(
        f"Rows from which: if empirical risk and certified kappa stay what they are; training {units(measured.facts)}, without "
        "the splits."
    )
    if any(not guarantee.certified for column in columns for guarantee in column.values()):
        notes.append("(est.): an input is estimated, so the value is not certified.")
    return [*notes, *cautions(measured.facts)]


def _sentence(measured: Measurements, found: Found) -> str:
    first, unit = next(iter(measured.values())), units(measured.facts)
    rows = first.train.rows
    errors = {label: found[label]["pair error"] for label in measured}
    tested = tested_sentence(measured)
    speaking = [label for label, guarantee in errors.items() if not guarantee.vacuous]
    if speaking:
        strongest = min(speaking, key=lambda label: errors[label].value)
        return (
            f"{tested}; guaranteed at {rows:,} training {unit} is a pair error of at most {errors[strongest].value:.3f} "
            f"with {strongest}."
        )
    known = {
        label: guarantee.informative_from
        for label, guarantee in errors.items()
        if guarantee.informative_from is not None
    }
    if not known:
        return f"{tested}, but no number of {unit} makes the margin bound say more than the constant rule here."
    label = min(known, key=lambda one: known[one] or 0)
    return (
        f"{tested}, but {rows:,} training {unit} guarantee nothing yet: the margin bound says more than the constant rule "
        f"from {known[label]:,} {unit} on, with {label}."
    )


def _draw(measured: Measurements, found: Found, *, delta: float, axes: Any) -> None:
    """Draw the margin bound of each subset, and the others of the largest, against the number of training rows."""
    left, right = axes
    rows, count = next(iter(measured.values())).train.rows, len(measured)
    n = np.unique(np.geomspace(max(2, rows / 4), 1e10, 160).astype(np.int64)).tolist()
    shown = dict(list(measured.items())[:7])
    for label, result in shown.items():
        _draw_line(left, n, margin_curve(result, n, delta=delta, subsets=count), label, found[label]["pair error"])
    trivial = next(iter(shown.values())).weighted_trivial_error
    _finish(left, rows, trivial, "pair error", "Margin bound on the pair error")
    largest = measured[max(measured, key=lambda label: measured[label].d)]
    names = ("risk of the model", "excess of the risk gap over gamma", "latent quality")
    for name, (label, curve) in zip(names, risk_curves(largest, n, delta=delta, subsets=count).items(), strict=True):
        _draw_line(right, n, curve, label, found[largest.label][name])
    trivial = found[largest.label][names[0]].trivial or 0.0
    _finish(right, rows, trivial, "risk", f"The other bounds, {largest.label}")


def _draw_line(axes: Any, n: list[int], curve: np.ndarray, label: str, one: Guarantee) -> None:
    color = PALETTE[len(axes.get_legend_handles_labels()[0]) % len(PALETTE)]
    spoken = "never says more" if one.informative_from is None else f"from {one.informative_from:,} rows"
    axes.plot(n, curve, color=color, label=f"{label} ({spoken})")
    if one.informative_from is not None and one.trivial is not None and one.informative_from <= n[-1]:
        axes.plot([one.informative_from], [one.trivial], "o", color=color)


def _finish(axes: Any, rows: int, trivial: float, ylabel: str, title: str) -> None:
    mark_level(axes, trivial, far=1e6)
    axes.axvline(rows, color="0.35", linestyle=":", linewidth=1)
    place = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "bottom", "ha": "right"}
    axes.annotate(f" n = {rows:,}", (rows, 0.02), color="0.35", **place)
    limits = {"xscale": "log", "ylim": (0, 4 * trivial)}
    finish(axes, legend={"fontsize": 8}, xlabel="training rows n", ylabel=ylabel, title=title, **limits)
