"""How regularisers compare on partly aligned data: tables of means with intervals over seeds, a plan, and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from boundcalc.deprecation import renamed
from boundcalc.frozen import Frozen
from boundcalc.report.plots import finish
from boundcalc.show.answer import Answer
from boundcalc.show.axes import PALETTE, new_axes
from boundcalc.show.rounding import confidence
from boundcalc.show.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from boundcalc.aligner import Comparison

__all__ = ["Alignment", "draw_alignment"]

_SHOWN = ("recall@", "mAP", "knn", "logistic", "match_error")


@dataclass(frozen=True)
class Alignment(Frozen, Answer):
    """Regularisers of aligned encoders beside each other.

    Attributes
    ----------
    comparison : Comparison
        From :func:`boundcalc.aligner.compare_regularisers`; what is done, where it was interrupted.
    needed : mapping
        How many aligned pairs would certify a match error below the target, from
        :func:`boundcalc.guarantees.of_match.pairs_needed`.
    status : int
        130 where it was interrupted.
    """

    comparison: Comparison
    needed: Mapping[str, Any]
    status: int = 0
    draws: ClassVar[str] = "recall across modalities against the aligned share"

    @property
    def title(self) -> str:
        """The heading."""
        return f"Aligned encoders on {self.comparison.facts['data']}"

    @property
    def sentence(self) -> str:
        """How many aligned pairs would do."""
        n, inputs, target = self.needed["n"], self.needed["inputs"], self.needed["target"]
        said = f"n = {n:,} aligned pairs" if n is not None else f"no number of aligned pairs ({self.needed['reason']})"
        return (
            f"Planned: if encoders with spectral norm <= 1 reach an empirical ramp match risk of {target / 2:g} at margin "
            f"{inputs['rho']:g}, {said} certify a match error below {target:g} with probability {confidence(inputs['delta'])} "
            "(rows in the unit ball; zhou2026.match_error)."
        )

    @property
    def measures(self) -> list[str]:
        """The measures that are shown."""
        return [name for name in self.comparison.measures if name.startswith(_SHOWN)]

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return the main measures, then gains, directions, and what is left with modalities missing."""
        cells: dict[tuple[float, str], dict[str, str]] = {}
        for measure in self.measures:
            for row in self.comparison.summary(measure):
                cell = cells.setdefault((row["aligned"], row["regulariser"]), {})
                cell[measure] = _with_interval(row["mean"], row["half_width"], row["seeds"])
                if row["base"]:
                    cell[f"gain {measure}"] = _with_interval(row["gain"], row["gain_half_width"], row["seeds"]) + (
                        f" ({row['claim']})" if row["claim"] else ""
                    )
        main = [name for name in self.measures if not any(part in name for part in (">", " only ", " seen"))]
        fractions, names = dict.fromkeys(part for part, _ in cells), dict.fromkeys(name for _, name in cells)
        other = [f"gain {main[0]}"] * (len(names) > 1) + [name for name in self.measures if name not in main]
        notes = [
            "mean ± half-width of the 95 % interval over seeds, corrected for splits that overlap (Nadeau, Bengio 2003).",
            "gain: difference to none (contrastive) or cca (closed form) on the same seeds, intervals for all settings together; "
            "it is called transport only where the control (product plan, or softmax without marginals) is exceeded too.",
            "knn, logistic: accuracy on fused latents; match_error: half the missed matches plus half the wrong ones, on test "
            "rows.",
        ]
        notes += ["Interrupted: only finished runs are shown."] if self.status else []
        notes += [str(self.comparison.facts["note"])] if self.comparison.facts.get("note") else []
        notes += [f"{said[0].upper()}{said[1:]}." for said in self.comparison.facts.get("cautions", ())]
        rows = [(f"{part:g}", name, *(cell.get(one, "") for one in main)) for (part, name), cell in cells.items()]
        tables = [Table(("aligned", "regulariser", *main), rows, title=self.title, notes=notes)]
        if other:
            rows = [
                (f"{part:g}", measure, *(cells.get((part, name), {}).get(measure, "") for name in names))
                for part in fractions
                for measure in other
            ]
            title = "Gain, by direction, and with modalities missing"
            tables.append(Table(("aligned", "measure", *names), rows, title=title))
        return tables

    def to_dict(self) -> dict[str, Any]:
        """Return every run, the means over seeds, and the plan."""
        return {
            **vars(self.comparison),
            "summary": {name: self.comparison.summary(name) for name in self.measures},
            "plan": self.needed,
        }

    def _picture(self, ax: Any = None) -> Any:
        """Draw recall at k against the aligned share."""
        recall = f"recall@{self.comparison.facts['k']}"
        title = f"{self.comparison.facts['data']}: retrieval across modalities"
        return draw_alignment(self.comparison, recall, title=title, ax=ax)


def _with_interval(mean: float, half: float, seeds: int) -> str:
    return f"{mean:.3f}" if seeds < 2 else f"{mean:.3f}±{half:.3f}"


@renamed("0.2", axes="ax")
def draw_alignment(comparison: Any, measure: str, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw a measure against the aligned fraction, one line with intervals over seeds for each regulariser.

    Parameters
    ----------
    comparison : Comparison
        From :func:`boundcalc.aligner.compare_regularisers`.
    measure : str
        One of ``comparison.measures``.
    title : str
    ax : matplotlib axes, optional
        Where to draw; fresh ones if not given.
    """
    axes = new_axes() if ax is None else ax
    rows = comparison.summary(measure)
    names = list(dict.fromkeys(row["regulariser"] for row in rows))
    fractions = sorted({row["aligned"] for row in rows})
    for place, name in enumerate(names):
        own = sorted((row for row in rows if row["regulariser"] == name), key=lambda row: row["aligned"])
        # Side by side within each fraction, so that intervals do not hide one another.
        x = [fractions.index(row["aligned"]) + 0.07 * (place - (len(names) - 1) / 2) for row in own]
        half = [row["half_width"] if row["seeds"] > 1 else 0.0 for row in own]
        style: dict[str, Any] = {
            "color": PALETTE[place % len(PALETTE)],
            "linestyle": ":",
            "marker": "o",
            "markersize": 4,
            "capsize": 3,
        }
        axes.errorbar(x, [row["mean"] for row in own], half, label=name, **style)
    axes.set_xticks(range(len(fractions)), [f"{fraction:.3g}" for fraction in fractions])
    axes.set_xlim(-0.5, len(fractions) + 0.1)  # room for the legend beside the last intervals
    legend = {"title": "regulariser", "loc": "center right"}
    return finish(axes, legend=legend, xlabel="share of training rows that are aligned", ylabel=measure, title=title)
