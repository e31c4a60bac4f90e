"""One pilot sample measured for every kind of bound: one split, one loss, one trained metric, its norms, regularised fits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import as_generator
from boundcalc.language.ledger import Ledger, check_delta
from boundcalc.trainer.complexity.norms import Moment, class_radii, largest_norms, matrix_norms, pair_statistics
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.prepare import prepare
from boundcalc.trainer.measure.estimates import CERTIFIED, Entry, Estimates
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.measure.subset import SubsetResult, measure_subset
from boundcalc.trainer.measure.subsets import settings_record
from boundcalc.trainer.risk.losses import Loss, round_up
from boundcalc.trainer.risk.regularised import RegularisedFit, train_regularised
from boundcalc.trainer.risk.structures import FullMatrix

__all__ = ["Pilot", "measure_pilot"]

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Pilot(Frozen):
    """What one pilot sample shows.

    Attributes
    ----------
    result : SubsetResult
        The unregularised metric and its measurements.
    fixed : tuple of Entry
        Radii of the class and exact statistics of the pairs.
    moments : tuple of Moment
        Expectations over the pairs.
    norms : mapping of str to float
        Norms of the trained matrix, rounded up; a norm whose ball does not hold it is missing.
    largest : mapping of str to float
        The largest norms in the class, known before the data are seen.
    regularised : tuple of RegularisedFit
        Empty beyond ``exact_rows`` training rows: they take all pairs.
    delta : float
        Failure probability of each bound on this pilot; ``at`` reads it at another one.
    settings : dict
        What was fixed in advance, as JSON types.
    """

    result: SubsetResult
    fixed: tuple[Entry, ...]
    moments: tuple[Moment, ...]
    norms: Mapping[str, float]
    largest: Mapping[str, float]
    regularised: tuple[RegularisedFit, ...]
    delta: float
    settings: dict[str, Any]

    def at(self, delta: float) -> Pilot:
        """Return the same measurements read at another failure probability of each bound.

        Parameters
        ----------
        delta : float
            In (0, 1).

        Raises
        ------
        InvalidInputError
            If it is not.
        """
        return replace(self, delta=check_delta(delta, context="pilot"))

    @property
    def ledger(self) -> Ledger:
        """How a bound on this pilot splits delta: a quarter for each measured event, the rest for the deviation."""
        events = ["complexity", "constant", *(["sampled pairs"] if self.result.train.sampled else [])]
        shares = dict.fromkeys(events, Fraction(1, 4))
        return Ledger.split(self.delta, {**shares, "deviation": 1 - sum(shares.values())})

    @cached_property
    def estimates(self) -> Estimates:
        """The record of the metric, with radii of the class and statistics of the pairs added."""
        ledger = self.ledger
        record = self.result.at(ledger["complexity"]).estimates
        return record.replace(*self.fixed, *(moment.entry(ledger["constant"]) for moment in self.moments))

    @property
    def loss(self) -> Loss:
        """The loss that was minimised."""
        return self.result.frame.settings.pair_loss

    @property
    def facts(self) -> dict[str, Any]:
        """Data set, split sizes, normalisation, subset and loss."""
        return self.estimates.facts

    @property
    def certified(self) -> bool:
        """Whether the radii were known in advance, so that what follows from them is certified."""
        return self.estimates["B"].status == CERTIFIED

    def loss_range(self, largest_distance: float) -> float:
        """Return the loss range C of a class of metrics whose distances are at most this.

        Parameters
        ----------
        largest_distance : float
            A bound on D over the class, in squared units of the normalised features.
        """
        values = self.estimates.values
        return self.loss.range_length(
            threshold_range=(values["t_min"], values["t_max"]),
            largest_distance=round_up(largest_distance),
            weights=(values["omega_pos"], values["omega_neg"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "estimates": self.estimates.to_dict(),
            "norms": dict(self.norms),
            "largest": dict(self.largest),
            "regularised": [fit.to_dict() for fit in self.regularised],
            "delta": self.delta,
            "settings": self.settings,
        }


def measure_pilot(
    data: ModalityData,
    *,
    subset: str | Iterable[str] | None = None,
    rng: np.random.Generator | int | None = None,
    delta: float = 0.05,
    progress: Progress | None = None,
    **changes: Any,
) -> Pilot:
    """Train one metric and the regularised ones on one split, and measure what every kind of bound needs.

    Parameters
    ----------
    data : ModalityData
    subset : str or iterable of str, optional
        The modalities, such as ``"a+b"``; all of them if not given.
    rng : numpy.random.Generator or int, optional
    delta : float
        Failure probability of each bound, which ``Pilot.at`` changes later; the measurement does not depend on it.
    progress : callable, optional
        Called as ``progress(done, total, message)``.
    **changes
        Fields of :class:`~boundcalc.trainer.measure.settings.Settings`, such as ``loss`` or ``structure``; ``reg`` is not one
        of them here.

    Returns
    -------
    Pilot

    Raises
    ------
    InvalidInputError
        On bad settings or an unknown subset.
    """
    if not isinstance(data, ModalityData):
        raise InvalidInputError(f"data={type(data).__name__}: expected ModalityData")
    known = set(Settings.__dataclass_fields__) - {"reg", "reg_anchor", "delta"}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise InvalidInputError(
            [f"{name}: not a setting here; expected some of {', '.join(sorted(known))}" for name in unknown],
            context="pilot",
        )
    check_delta(delta, context="pilot")
    settings = Settings(**{"structure": "diagonal", **changes})
    report = progress if progress is not None else lambda *_: None
    generator = as_generator(rng)
    chosen = data.names if subset is None else data.parse_subset(subset)
    prepared = prepare(data, settings=settings, rng=generator)
    report(0, 2, "metric")
    result = measure_subset(prepared, chosen, rng=generator)
    report(1, 2, "regularised metrics")
    fits = () if prepared.sampled(prepared.split.train) else train_regularised(prepared, chosen)
    report(2, 2, "done")
    structure, widths = prepared.structure(chosen), prepared.widths(chosen)
    sums, moments = pair_statistics(
        prepared.independent_differences(chosen),
        widths,
        squared_radii=[prepared.squared_radii[name] for name in chosen],
        status=settings.radius_status[0],
    )
    count = Entry("K", len(chosen), "modalities of the subset", why="fixed in advance")
    diagonal = not isinstance(structure, FullMatrix)
    return Pilot(
        result=result,
        fixed=(*class_radii(prepared, chosen), *sums, count),
        moments=moments,
        norms=matrix_norms(structure.matrix(result.array()), widths),
        largest=largest_norms(widths, settings.eig_range[1], diagonal=diagonal),
        regularised=fits,
        delta=delta,
        settings=settings_record(settings),
    )
