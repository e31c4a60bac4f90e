"""Our model beside others, as a table and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from boundcalc.certification.foreign import imported
from boundcalc.guarantees.contest import Standing, contest
from boundcalc.report.training import Reporter, loaded
from boundcalc.show.answer import Answer
from boundcalc.show.axes import PALETTE, new_axes
from boundcalc.show.rounding import confidence, rounded_up
from boundcalc.show.tables import Table
from boundcalc.trainer import ModalityData

__all__ = ["SideBySide", "bench"]


@dataclass(frozen=True)
class SideBySide(Answer):
    """How our model and others did on the same rows.

    Attributes
    ----------
    data : str
    standings : tuple of Standing
        The smallest error first.
    splits : int
    delta : float
    """

    data: str
    standings: tuple[Standing, ...]
    splits: int
    delta: float
    draws: ClassVar[str] = "held-out errors with their intervals and certificates"

    @property
    def title(self) -> str:
        """The heading."""
        return f"Side by side on {self.data}"

    @property
    def sentence(self) -> str:
        """Who errs least, and how we do."""
        best = self.standings[0]
        ours = next(one for one in self.standings if one.name == "boundcalc")
        said = f"{best.name} errs least on the held-out pairs ({best.error:.3f})"
        beside = "" if best is ours else f", boundcalc {ours.error:.3f}"
        bound = f"boundcalc's error is at most {rounded_up(ours.certificate)} ({confidence(self.delta)})"
        return f"{said}{beside}; {bound}{', which says no more than a constant rule' * ours.vacuous}."

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return one row for each contender."""
        names = ("model", "error", "+-", "certified", "AUC", "mAP", "recall@1", "seconds")
        rows = [
            (one.name, one.error, one.half_width, _certified(one), one.auc, one.mean_precision, one.recall, one.seconds)
            for one in self.standings
        ]
        notes = [
            f"error: weighted share of wrong held-out pairs, balanced; mean of {self.splits} random split"
            f"{'s' * (self.splits > 1)}, with the half width of its normal 95 % interval (estimated). All are fitted to the rows "
            "that are not held out, their thresholds chosen by the same folds of them; seconds for both.",
            f"certified: upper bounds on the first split, which hold all at once with probability {confidence(self.delta)}, so "
            f"that each pays for the {len(self.standings)} of them; * says no more than a constant rule, which has "
            f"{self.standings[0].constant:.4g} there.",
            *(f"{one.name}: {one.about}." for one in self.standings if one.about),
        ]
        return (Table(names, rows, title=self.title, notes=notes),)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "data": self.data, "splits": self.splits, "delta": self.delta, "summary": self.sentence,
            "standings": [one.to_dict() for one in self.standings],
        }  # fmt: skip

    def _picture(self, ax: Any = None) -> Any:
        """Draw each error with its interval, and its certificate."""
        shown = [one for one in self.standings if np.isfinite(one.error)][::-1]
        axes, places = new_axes(height=1.6 + 0.4 * len(shown)) if ax is None else ax, np.arange(len(shown))
        errors = [one.error for one in shown]
        axes.errorbar(
            errors, places, xerr=[one.half_width for one in shown], fmt="o", color=PALETTE[0], label="held-out error"
        )
        axes.plot([one.certificate for one in shown], places, "|", ms=14, color=PALETTE[1], label="certified")
        axes.axvline(shown[0].constant, color="0.5", lw=1, ls="--", label="constant rule")
        axes.set_yticks(places, [one.name for one in shown])
        axes.set_xlabel("balanced pair error")
        axes.set_xlim(left=0)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False, fontsize=8)
        return axes


def _certified(one: Standing) -> str | None:
    return None if np.isnan(one.certificate) else rounded_up(one.certificate) + "*" * one.vacuous


def bench(
    data: ModalityData | str | Path,
    *,
    models: Mapping[str, Any] | None = None,
    splits: int = 3,
    delta: float = 0.05,
    rng: Any = 0,
    groups: Any = None,
    progress: Reporter | None = None,
    **settings: Any,
) -> SideBySide:
    """Compare our model with Euclidean distance, scikit-learn's NCA and LDA, a logistic pair score and metric-learn's models.

    Parameters
    ----------
    data : ModalityData, str or Path
        Data, or what :func:`boundcalc.datasets.load` takes.
    models : mapping of str to object, class or "module:object", optional
        Further models, as for :func:`boundcalc.train`.
    splits : int
        Random splits that are averaged.
    delta : float
        The certificates hold all at once with probability at least 1 - delta.
    rng : int or numpy.random.Generator
    groups : str or array_like of shape (n,), optional
        As for :func:`boundcalc.train`.
    progress : callable, optional
        From the name of a task to a callback ``(done, total, message)``.
    **settings
        ``holdout``, ``calibration``, and settings of our model such as ``structure``.

    Returns
    -------
    SideBySide

    Raises
    ------
    InvalidInputError
        On bad data or settings, or where a model that was given fails.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(120) % 3
    >>> data = ModalityData({"a": rng.normal(size=(120, 4)) + 3.0 * np.eye(3, 4)[y]}, y)
    >>> answer = bench(data, splits=1)
    >>> {"boundcalc", "NCA", "LDA"} <= {one.name for one in answer.standings}
    True
    """
    given = loaded(data, groups)
    named = {name: imported(one) if isinstance(one, str) else one for name, one in (models or {}).items()}
    report = None if progress is None else progress("side by side")
    standings = contest(given, models=named, splits=splits, delta=delta, rng=rng, progress=report, **settings)
    return SideBySide(given.name or "the data", standings, splits, delta)
