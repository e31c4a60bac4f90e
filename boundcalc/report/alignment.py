"""Pictures of how regularisers compare on partly aligned data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boundcalc.report.plots import PALETTE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_alignment"]


def draw_alignment(comparison: Any, measure: str, *, title: str = "", axes: Axes | None = None) -> Axes:
    """Draw a measure against the aligned fraction, one line with intervals over seeds for each regulariser.

    Parameters
    ----------
    comparison : Comparison
        From :func:`boundcalc.aligner.compare_regularisers`.
    measure : str
        One of ``comparison.measures``.
    title : str
    axes : matplotlib axes, optional
        Where to draw; fresh ones if not given.
    """
    axes = new_axes() if axes is None else axes
    rows = comparison.summary(measure)
    names = list(dict.fromkeys(row["regulariser"] for row in rows))
    fractions = sorted({row["aligned"] for row in rows})
    for place, name in enumerate(names):
        own = sorted((row for row in rows if row["regulariser"] == name), key=lambda row: row["aligned"])
        # Side by side within each fraction, so that intervals do not hide one another.
        x = [fractions.index(row["aligned"]) + 0.07 * (place - (len(names) - 1) / 2) for row in own]
        half = [row["half_width"] if row["seeds"] > 1 else 0.0 for row in own]
        axes.errorbar(
            x,
            [row["mean"] for row in own],
            half,
            color=PALETTE[place % len(PALETTE)],
            linestyle=":",
            marker="o",
            markersize=4,
            capsize=3,
            label=name,
        )
    axes.set_xticks(range(len(fractions)), [f"{fraction:.3g}" for fraction in fractions])
    axes.set_xlim(-0.5, len(fractions) + 0.1)  # room for the legend beside the last intervals
    axes.set(xlabel="share of training rows that are aligned", ylabel=measure, title=title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, title="regulariser", loc="center right")
    return axes
