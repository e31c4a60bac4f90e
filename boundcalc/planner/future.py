"""Carry a plan out: train on the planned part of some rows and certify on the rest, on resampled pilots or on rows that came."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.looks import certify_looks
from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import as_generator
from boundcalc.planner.offers import Offer, Question, Shop
from boundcalc.planner.trained import Model, coarser, train_on
from boundcalc.show.rounding import rounded_up
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.splits import Split
from boundcalc.trainer.measure.parallel import in_parallel
from boundcalc.trainer.measure.settings import Settings

__all__ = [
    "Carried",
    "Collected",
    "Schedule",
    "certify_collected",
    "checked_arrivals",
    "schedule",
    "simulate",
]

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Carried:
    """How often a plan met its target on the pilot's own rows.

    Attributes
    ----------
    values : tuple of float
        Certificates, rising; inf where a sample could not be trained on.
    target : float
    train : int
        Rows (or groups) that models were trained on.
    fall : float
        By how much certificates are expected to fall from there to the training rows of the plan: it is taken off the values.
    """

    values: tuple[float, ...]
    target: float
    train: int
    fall: float

    @property
    def met(self) -> float:
        """The share of runs whose certificate was at most the target."""
        return float(np.mean(np.array(self.values) <= self.target))

    def quantile(self, power: float) -> float:
        """Return the certificate that so many of the runs stayed below."""
        return float(np.quantile(self.values, power, method="higher"))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"runs": len(self.values), "met": self.met, **vars(self), "values": list(self.values)}


def simulate(
    data: ModalityData,
    shop: Shop,
    offer: Offer,
    *,
    settings: Settings,
    runs: int,
    rng: Any = 0,
    n_jobs: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> Carried:
    """Resample the pilot, collect as planned, train and certify, and count how often the target was met.

    In each run a random half of the pilot's rows (or groups) is the population that the rows to hold out are drawn from. A half
    differs from the whole as much as the whole does from the population, so that what the pilot leaves open counts as it does in
    the assurance. A model is trained on rows of the other half, none twice, as copies in several folds mislead the choice of
    models; where they are fewer than planned, the expected fall of the certificate up to the planned number is taken off.

    Parameters
    ----------
    data : ModalityData
    shop : Shop
        Of the offer's subset.
    offer : Offer
    settings : Settings
    runs : int
    rng : int or numpy.random.Generator
    n_jobs : int
    progress : callable, optional

    Raises
    ------
    InvalidInputError
        If ``runs`` is no number of runs.
    """
    if isinstance(runs, bool) or not isinstance(runs, (int, np.integer)) or runs < 1:
        raise InvalidInputError(f"simulate = {runs!r}: expected a number of runs >= 1")
    settings = coarser(settings)
    report, values = progress or (lambda *_: None), []
    within = _within(offer, data.units - data.units // 2)
    fall = _expected(shop, within) - _expected(shop, offer)
    jobs = [(data, within, shop.question, settings, child) for child in as_generator(rng).spawn(runs)]
    found = (_one_run(*job) for job in jobs) if n_jobs == 1 else in_parallel(_one_run, jobs, n_jobs=n_jobs)
    for value in found:
        values.append(max(value - fall, float(shop.least(offer.holdout))))
        report(len(values), runs, "runs")
    return Carried(tuple(sorted(values)), offer.target, within.train, fall)


def _within(offer: Offer, most: int) -> Offer:
    """Return an offer with as many rows held out, and so many to train on at most."""
    if offer.train <= most:
        return offer
    calibration = min(offer.calibration, max(2, round(offer.calibration * most / offer.train)))
    learnt = most - (offer.train - offer.learnt and calibration)
    return replace(offer, rows=most + offer.holdout, train=most, calibration=calibration, learnt=learnt)


def _expected(shop: Shop, offer: Offer) -> float:
    sizes = (np.array(float(part)) for part in (offer.learnt, offer.holdout, offer.calibration))
    return float(shop.certificate(*sizes)[0])


def _one_run(
    data: ModalityData, offer: Offer, question: Question, settings: Settings, rng: np.random.Generator
) -> float:
    order = rng.permutation(data.units)
    drawn = rng.choice(order[: data.units // 2], offer.holdout)
    sample = data.take_units(np.concatenate([order[order.size - offer.train :], drawn]))
    split = planned_split(sample, np.arange(offer.rows), offer)
    try:
        model = train_on(sample, tuple(offer.subset.split("+")), split=split, settings=settings, rng=rng)
    except InvalidInputError:
        return float("inf")
    return model.certificate(split.holdout, question=question, rng=rng)


def planned_split(data: ModalityData, order: Rows, offer: Offer) -> Split:
    """Return the rows of units in this order that calibrate, are held out, and train."""
    units = order[: offer.calibration], order[offer.train :], order[offer.calibration : offer.train]
    return Split(*(data.rows_of(part) for part in units))


#: Looks while the planned hold-out rows arrive, and fewest rows between two of them.
_LOOKS, _FEWEST = 10, 20


@dataclass(frozen=True)
class Schedule:
    """Rows that arrive: the first train, the others are looked at in batches until the target is certified.

    Attributes
    ----------
    train, batch : int
        Rows before the first look, and between two looks.
    expected : float
        Rows in all until the target is certified, on average over the looks that are planned for.
    most : int or None
        Rows in all with which it is certified with probability ``power``.
    """

    train: int
    batch: int
    expected: float
    most: int | None

    @property
    def last(self) -> int:
        """Rows in all at the last look that is planned for."""
        return self.train + 4 * _LOOKS * self.batch


def batch_of(holdout: int) -> int:
    """Return how many rows, an even number, lie between two looks."""
    return max(_FEWEST, 2 * math.ceil(holdout / _LOOKS / 2))


def schedule(shop: Shop, offer: Offer) -> Schedule:
    """Return about how many rows a plan takes if it stops as soon as its target is certified (estimated).

    Parameters
    ----------
    shop : Shop
    offer : Offer
        At its split: the same rows train.
    """
    batch = batch_of(offer.holdout)
    held = batch * np.arange(1, 4 * _LOOKS + 1)
    sizes = np.array(float(offer.learnt)), held.astype(float), np.array(float(offer.calibration))
    stopped = np.maximum.accumulate(shop.assured(offer.target, *sizes))
    enough = stopped >= shop.question.power
    expected = offer.train + batch * (1.0 + float(np.sum(1.0 - stopped)))
    return Schedule(offer.train, batch, expected, offer.train + int(held[np.argmax(enough)]) if enough.any() else None)


@dataclass(frozen=True)
class Collected:
    """What rows that came so far certify.

    Attributes
    ----------
    rows, train : int
        All rows (or groups) so far, and those that train.
    batch : int
        Rows between two looks.
    looks : tuple of (int, float)
        Rows in all at each look, and the certificate there; all hold at once.
    target, error : float
        The target, and the measured error (nan before the first look).
    unit : str
        What is counted: "rows" or "groups".
    """

    rows: int
    train: int
    batch: int
    looks: tuple[tuple[int, float], ...]
    target: float
    error: float
    unit: str = "rows"

    @property
    def met_at(self) -> int | None:
        """Rows at the first look that certified the target."""
        return next((rows for rows, value in self.looks if value <= self.target), None)

    @property
    def sentence(self) -> str:
        """What to do now."""
        if self.met_at is not None:
            least = rounded_up(min(value for _, value in self.looks))
            return (
                f"Stop: after {self.met_at:,} {self.unit} at most {self.target:g} was certified, valid at every look; "
                f"all looks together certify at most {least}."
            )
        if not self.looks:
            return f"Go on: {self.rows:,} {self.unit} came, the first look is at {self.train + self.batch:,}."
        rows, value = self.looks[-1]
        return (
            f"Go on: after {rows:,} {self.unit} at most {rounded_up(value)} is certified (measured {self.error:.3g}); "
            f"the next look is at {rows + self.batch:,} {self.unit}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        error = None if math.isnan(self.error) else self.error
        return {
            **vars(self),
            "looks": list(self.looks),
            "error": error,
            "met_at": self.met_at,
            "sentence": self.sentence,
        }


def checked_arrivals(data: ModalityData, names: Iterable[str], question: Question) -> ModalityData:
    """Return rows that came, refused where they have none of some modalities or something else than an error is planned.

    Raises
    ------
    InvalidInputError
        If so.
    """
    missing = [name for name in names if name not in data.names]
    if missing or question.quantity != "pair_error":
        told = f"no modality {', '.join(missing)}" if missing else "only the pair error is certified at every look"
        raise InvalidInputError(told, context="collected rows")
    return data


def certify_collected(
    data: ModalityData, offer: Offer, *, question: Question, settings: Settings, rng: Any = 0
) -> Collected:
    """Train on the first rows that came, as planned, and certify at every look at the others.

    Parameters
    ----------
    data : ModalityData
        The rows so far, in the order in which they came; at least the modalities of the plan.
    offer : Offer
        Its training rows, split, target and batches were fixed by the pilot.
    question : Question
        About the pair error.
    settings : Settings
    rng : int or numpy.random.Generator

    Raises
    ------
    InvalidInputError
        If the rows are not those of such a plan.
    """
    subset = tuple(offer.subset.split("+"))
    checked_arrivals(data, subset, question)
    batch = batch_of(offer.holdout)
    count, unit = max(data.units - offer.train, 0) // batch, "rows" if data.groups is None else "groups"
    if not count:
        return Collected(data.units, offer.train, batch, (), offer.target, math.nan, unit)
    order = np.arange(data.n)
    if data.groups is not None:  # in the order of their first rows
        order = data.groups[np.sort(np.unique(data.groups, return_index=True)[1])]
    split = planned_split(data, order, offer)
    generator = as_generator(rng)
    model = train_on(data, subset, split=split, settings=settings, rng=generator)
    parts = [data.rows_of(order[offer.train + k * batch : offer.train + (k + 1) * batch]) for k in range(count)]
    groups = [None if data.groups is None else data.groups[part] for part in parts]
    found = certify_looks(
        (
            {"distance": _cautious(model, part), "y": data.codes[part], "groups": own}
            for part, own in zip(parts, groups, strict=True)
        ),
        threshold=model.threshold, weights=model.prepared.weights, delta=question.delta, splits=SPLITS, rng=generator,
    )  # fmt: skip
    looks = tuple((offer.train + one.units, one.value) for one in found)
    return Collected(data.units, offer.train, batch, looks, offer.target, found[-1].error, unit)


def _cautious(model: Model, part: Rows) -> NDArray[np.float64]:
    """Return distances of rows with rows; those that rounding leaves undecided are ties, which are wrong for both kinds."""
    distances, everyone = model.distances(part), np.arange(part.size)
    found = distances.between(everyone, everyone)
    near = np.abs(found - model.threshold) <= distances.tie
    return np.where(near, model.threshold, found) if near.any() else found
