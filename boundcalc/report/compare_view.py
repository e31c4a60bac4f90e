"""Rival bounds beside each other: as a sentence, a table, plain data and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from boundcalc.catalogue import REGISTRY, theorem
from boundcalc.certification.files import CALIBRATION, HOLDOUT
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.certified import Certified, certified, twins
from boundcalc.guarantees.comparison import Rival, Rivals, check_keys, compare_pilot, compare_values
from boundcalc.report.certificates import certificate_sentence, certificate_tables
from boundcalc.report.plots import finish
from boundcalc.report.training import Reporter, loaded
from boundcalc.show.answer import Answer, wrapped
from boundcalc.show.axes import PALETTE, new_axes
from boundcalc.show.rounding import outwards
from boundcalc.show.tables import Table, format_number
from boundcalc.trainer import Measurements, ModalityData, measure_pilot
from boundcalc.trainer.data.cautions import cautions, units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Contest", "compare", "comparison_sentence", "comparison_table", "draw_comparison"]

#: Colour and line of each entry, so that panels and pictures agree: the primary source in black, stability in orange,
#: norm balls in the other colours.
_LOOK = {
    "zhou2026.metric_complexity": (PALETTE[6], "-"),
    "zhou2026.latent_encoders": (PALETTE[6], "--"),
    "comparators.stability": (PALETTE[1], ":"),
    "comparators.source_stability": (PALETTE[1], "-"),
    "comparators.frobenius_ball": (PALETTE[0], "-"),
    "comparators.trace_ball": (PALETTE[0], ":"),
    "comparators.kernel_ball": (PALETTE[5], "-"),
    "comparators.group_ball": (PALETTE[2], "-"),
    "comparators.l1_ball": (PALETTE[3], "-"),
    "comparators.l21_ball": (PALETTE[3], "--"),
    "comparators.robustness": (PALETTE[4], "-"),
}
_MOST = 10**8


def comparison_table(comparison: Rivals) -> Table:
    """Return one row for each bound, smallest first, at most 80 columns wide.

    Parameters
    ----------
    comparison : Rivals

    Returns
    -------
    Table
    """
    rows = [
        (
            rival.key,
            format_number(rival.value) + ("*" if rival.vacuous else "") + ("" if rival.certified else " (est.)"),
            ", ".join(f"{name} {format_number(value, 3)}" for name, value in list(rival.constants.items())[:2]),
            _size(rival.informative_from),
        )
        for rival in comparison.rivals
    ]
    return Table(
        ("bound", "risk <=", "constants", "speaks from"),
        rows,
        title=f"{comparison.title}: n = {comparison.n:,}, delta = {comparison.delta:g}, "
        f"{'constant rule' if comparison.facts else 'loss range'} {format_number(comparison.trivial)}",
        notes=_notes(comparison),
    )


def _size(n: int | None) -> str:
    """Return a sample size in full, or rounded up to three digits."""
    if n is None:
        return "never"
    if n < 10**6:
        return f"{n:,}"
    return f"{outwards(n, '<=', digits=3):.2e}"


def _notes(comparison: Rivals) -> list[str]:
    notes = [
        "Each holds with probability at least 1 - delta on its own. * vacuous: it says no more than the constant rule, or "
        "the range of the loss, does."
    ]
    if any(not rival.certified for rival in comparison.rivals):
        reasons = dict.fromkeys(rival.why for rival in comparison.rivals if not rival.certified)
        notes.append("(est.) not certified: " + "; ".join(reasons) + ".")
    if comparison.facts:
        notes.append(
            f"Speaks from: training {units(comparison.facts)} from which it says more, if empirical risks and certified constants "
            "stay what they are."
        )
    else:
        notes.append(
            "Values as given: one radius for all balls, and one C, which has to cover the losses of each class."
        )
    crossings = [f"from n = {item.n:,} on {item.key} instead of {item.before}" for item in comparison.crossings]
    notes.append("Smallest: " + (", ".join(crossings) if crossings else f"{comparison.tightest.key} at every n") + ".")
    return [*notes, *cautions(comparison.facts)]


def comparison_sentence(comparison: Rivals) -> str:
    """Return in one sentence which bound is the smallest, and from how many rows on one says something.

    Parameters
    ----------
    comparison : Rivals

    Returns
    -------
    str
    """
    best = comparison.tightest
    sentence = f"At {comparison.n:,} {units(comparison.facts)} {best.key} is the smallest, {format_number(best.value)}"
    if not best.vacuous:
        return sentence + f", below the {format_number(best.reach)} that holds anyway."
    known = [(rival.informative_from, rival.key) for rival in comparison.rivals if rival.informative_from is not None]
    if not known:
        return sentence + ", and none says more than what holds anyway, at any n."
    n, key = min(known)
    return (
        sentence
        + f", which says nothing yet; the first to say something is {key}, from {n:,} {units(comparison.facts)} on."
    )


@dataclass(frozen=True)
class Contest(Answer):
    """Rival bounds on one risk, smallest first.

    Attributes
    ----------
    rivals : Rivals
    asked : tuple of str
        The keys that were asked for; empty for all.
    certificates : tuple of Certified
        What the held-out rows certify of the trained metric; empty where there are none.
    """

    rivals: Rivals
    asked: tuple[str, ...] = ()
    certificates: tuple[Certified, ...] = ()
    draws: ClassVar[str] = "bounds on the risk against the number of rows"
    one_panel: ClassVar[bool] = False

    @property
    def title(self) -> str:
        """The heading."""
        return f"Rival bounds: {self.rivals.title}"

    @property
    def sentence(self) -> str:
        """What the held-out rows certify, which bound is the smallest, and from how many rows on one says something."""
        said = certificate_sentence(self.certificates, delta=self.rivals.delta)
        of_class = comparison_sentence(self.rivals)
        return f"{said} Of whole classes: {of_class}" if said else of_class

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return what is certified, the bounds and, where there is room, what each assumes."""
        values = comparison_table(self.rivals)
        rows = [(rival.key, "; ".join(rival.assumptions), rival.why) for rival in self.rivals.rivals]
        assumed = Table(("bound", "assumes", "how it was obtained"), rows, title="What each assumes")
        lines = certificate_tables(self.certificates, delta=self.rivals.delta)
        return (*lines, values) if short else (*lines, values, assumed)

    def text(self) -> str:
        """Return the answer, the table, and what is not compared although it was asked for or nearly applies."""
        near = ("needs", "the ", "there", "0 ")
        absent = self.rivals.absent.items()
        needing = [f"{key}: {why}" for key, why in absent if self.asked or why.startswith(near)]
        left_out = [wrapped("not compared: " + "; ".join(needing))] if needing else []
        return "\n\n".join([super().text(), *left_out])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        rivals = self.rivals
        grid = rivals.grid(most=_MOST, steps=60)
        return {
            "title": rivals.title,
            "n": rivals.n,
            "delta": rivals.delta,
            "trivial": rivals.trivial,
            "facts": dict(rivals.facts),
            "bounds": [_rival_data(rival) for rival in rivals.rivals],
            "tightest": rivals.tightest.key,
            "crossings": [vars(item) for item in rivals.crossings],
            "not compared": dict(rivals.absent),
            "curves": {"n": grid, **{rival.key: rival.at(grid) for rival in rivals.rivals}},
            "certificates": [line.to_dict() for line in self.certificates],
            "summary": self.sentence,
        }

    def _picture(self, ax: Any = None) -> Any:
        """Draw the bounds against n."""
        return draw_comparison(self.rivals)


def compare(
    data: ModalityData | str | Path | None = None,
    *,
    keys: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    subset: Any = None,
    delta: float = 0.05,
    radii: str = "grid",
    rng: Any = 0,
    pair_weights: Any = "balanced",
    groups: Any = None,
    holdout: float = HOLDOUT,
    calibration: float = CALIBRATION,
    progress: Reporter | None = None,
    **settings: Any,
) -> Contest:
    """Put rival bounds on one risk beside each other: on a pilot sample, or at given values.

    Parameters
    ----------
    data : ModalityData, str or Path, optional
        The pilot sample, or what :func:`boundcalc.datasets.load` takes.
    keys : sequence of str
        Entries of the catalogue; all that apply if empty.
    values : mapping of str to number, optional
        In place of data: a value for each symbol.
    subset : str or iterable of str, optional
        The modalities, such as ``"a+b"``; all of them if not given.
    delta : float
        Each bound fails with at most this probability.
    radii : {"grid", "measured"}
        Radii fixed in advance and paid for, or the trained metric's own norms, marked as estimated.
    rng : int or numpy.random.Generator
    pair_weights : {"balanced"}, (float, float) or None
    groups : str or array_like of shape (n,), optional
        What each row belongs to, as for :func:`boundcalc.train`.
    holdout, calibration : float
        As for :func:`boundcalc.train`.
    progress : callable, optional
        From the name of a task to a callback ``(done, total, message)``.
    **settings
        Fields of :class:`boundcalc.trainer.Settings`, such as ``loss`` or ``structure``.

    Returns
    -------
    Contest

    Raises
    ------
    InvalidInputError
        On keys that cannot be compared, bad settings, or both or neither of data and values.
    """
    if (data is None) == (values is None):
        raise InvalidInputError("give either data or values, not both", context="compare")
    if values is not None:
        return Contest(compare_values({"delta": delta, **values}, keys=keys), tuple(keys))
    check_keys(keys)
    report = None if progress is None else progress("training")
    given, (rng, again) = loaded(data, groups), twins(rng)
    fit = {"subset": subset, "delta": delta, "rng": rng, "pair_weights": pair_weights, **settings}
    fit |= {"holdout": holdout, "calibration": calibration}
    pilot = measure_pilot(given, progress=report, **fit)
    measured = Measurements({pilot.result.label: pilot.result}, pilot.facts, pilot.settings)
    lines = certified(given, measured, delta=delta, rng=again)
    return Contest(compare_pilot(pilot, keys=keys, radii=radii), tuple(keys), lines)


def _rival_data(rival: Rival) -> dict[str, Any]:
    own = ("key", "value", "vacuous", "certified", "why", "constants", "informative_from", "assumptions")
    return {
        **{name: getattr(rival, name) for name in own},
        "title": rival.name,
        "source": str(theorem(rival.key).source),
        "holds_anyway": rival.reach,
        "expr": str(rival.members[0][0].expr),
    }


def draw_comparison(comparisons: Rivals | Sequence[Rivals], *, height: float = 4.6) -> Any:
    """Draw bounds against n, one panel for each comparison: the smallest highlighted, the vacuous region shaded.

    Parameters
    ----------
    comparisons : Rivals, or sequence of Rivals
    height : float
        Of the figure, in inches.

    Returns
    -------
    matplotlib axes, or an array of them for several comparisons
    """
    panels = [comparisons] if isinstance(comparisons, Rivals) else list(comparisons)
    axes = new_axes(width=4.0 * len(panels) + 2.6, height=height, columns=len(panels))
    each = np.atleast_1d(axes)
    lowest = min(float(np.min([r.at([_MOST])[0] for r in panel.rivals] + [panel.trivial])) for panel in panels)
    for panel, one in zip(panels, each, strict=True):
        _panel(panel, one, lowest)
    each[0].set_ylabel("bound on the risk")
    handles: dict[str, Any] = {}
    for one in each:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    order = {theorem(key).title: place for place, key in enumerate(REGISTRY)}
    labels = sorted(handles, key=lambda label: order.get(label, len(order)))
    place = {"frameon": False, "fontsize": 8, "loc": "center left", "bbox_to_anchor": (1.01, 0.5)}
    each[-1].legend([handles[label] for label in labels], labels, **place)
    return axes


def _panel(comparison: Rivals, axes: Axes, lowest: float) -> None:
    grid = comparison.grid(most=_MOST, steps=160)
    curves = {rival.key: rival.at(grid).astype(float) for rival in comparison.rivals}
    order = [*REGISTRY, *(rival.key for rival in comparison.rivals if rival.key not in REGISTRY)]
    envelope = np.min(list(curves.values()), axis=0)
    axes.plot(
        grid, envelope, color="#000000", linewidth=5, alpha=0.2, solid_capstyle="round", label="smallest at this n"
    )
    top = 200.0 * max(comparison.trivial, lowest) if np.isfinite(comparison.trivial) else float(envelope.max()) * 10
    for rival in sorted(comparison.rivals, key=lambda rival: order.index(rival.key)):
        color, style = _LOOK.get(rival.key, (PALETTE[order.index(rival.key) % len(PALETTE)], "-."))
        axes.plot(grid, curves[rival.key], style, color=color, linewidth=1.4, label=rival.name)
    if np.isfinite(comparison.trivial):
        axes.axhspan(comparison.trivial, top, color="#888888", alpha=0.15, linewidth=0, label="vacuous")
        axes.axhline(comparison.trivial, color="#555555", linewidth=0.8)
    axes.axvline(comparison.n, color="#555555", linewidth=0.8, linestyle=":", label="rows at hand")
    for crossing in comparison.crossings:
        if grid[0] <= crossing.n <= grid[-1]:
            height = float(comparison[crossing.key].at([crossing.n])[0])
            axes.plot([crossing.n], [height], "o", color="#000000", markersize=4, label="another becomes the smallest")
    axes.set(xscale="log", yscale="log", xlim=(grid[0], grid[-1]), ylim=(lowest / 1.5, top), xlabel="training rows n")
    beyond = [rival.name for rival in comparison.rivals if curves[rival.key].min() > top]
    if beyond:
        text = "off the scale: " + ", ".join(beyond)
        axes.text(0.98, 0.98, text, transform=axes.transAxes, ha="right", va="top", fontsize=7)
    axes.set_title(comparison.title, fontsize=10)
    finish(axes)
