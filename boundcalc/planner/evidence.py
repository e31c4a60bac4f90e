"""What a pilot shows of one subset: errors of its folds at several numbers of training rows, and what they lead one to expect."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.written import shortened
from boundcalc.certification.kernels import QUANTITIES
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems
from boundcalc.language.records import check_entries, rebuild
from boundcalc.planner.assured import spread_of
from boundcalc.planner.learning_curve import PowerLaw, fit_power_law
from boundcalc.planner.moments import PRODUCTS, Law, law
from boundcalc.trainer.measure.settings import Settings

__all__ = ["FOLDS", "MOST_HELD", "REACH", "Evidence", "Window", "fewest_trained", "in_folds", "read_evidence"]

Array = NDArray[np.float64]

#: A plan trains on at most so many times the rows that the pilot trained on, and at least so many times those of the curve's first
#: point, if that is no more than so many parts of them: with fewer, models differ too much from one sample to the next.
REACH, LEAST = 4.0, 2.0
FOLDS, _GRID = 4, 24
#: The least share of the variance between folds that is put down to the models: four folds tell little.
_SEEN = 0.2
#: How much of a subset's deviation between models is that of all subsets.
_ALIKE = 0.75
#: Held-out rows of a fold whose pairs are looked at; the others would tell little more.
MOST_HELD = 2_000


@dataclass(frozen=True)
class Window(Frozen):
    """What is expected of a model at numbers of training rows within a pilot's reach.

    Attributes
    ----------
    train : ndarray
        Rising numbers of training rows; beyond the last nothing falls any more.
    error, uncertainty : ndarray
        The curve there, and its standard error.
    luck : ndarray
        Standard deviation of the error between models that are trained on different rows.
    law : Law
        Of the kernel there.
    """

    train: Array
    error: Array
    uncertainty: Array
    luck: Array
    law: Law

    def at(self, train: Any) -> Window:
        """Return what is expected after training on so many rows; no more than at the ends outside.

        Parameters
        ----------
        train : array_like
        """
        n, logs = np.asarray(train, dtype=float), np.log(self.train)
        at = np.log(np.maximum(n, 1.0))
        left = np.clip(np.searchsorted(logs, at) - 1, 0, max(logs.size - 2, 0))
        right = np.minimum(left + 1, logs.size - 1)
        share = np.clip((at - logs[left]) / np.maximum(logs[right] - logs[left], 1e-300), 0.0, 1.0)

        def between(values: Array) -> Array:
            return values[left] * (1.0 - share) + values[right] * share

        return Window(n, between(self.error), between(self.uncertainty), between(self.luck), self.law.mapped(between))


@dataclass(frozen=True)
class Evidence(Frozen):
    """What a pilot shows of one subset.

    Attributes
    ----------
    subset : str
    sizes : tuple of int
        Rows that models are fitted to, rising.
    moments : ndarray of shape (folds, sizes, 15)
        As from ``pair_moments``.
    weights : ndarray of shape (folds, 2)
    rows : int
        Held-out rows of a fold.
    pilot_rows : int
        All rows that were held out once.
    whole : bool
        Whether models are fitted to all rows that are not held out; a metric is not to those that calibrate.
    noise : ndarray of shape (folds, sizes, 3), optional
        Sampling variance, over the fold's rows, of the difference of each quantity from that at the last size.
    """

    subset: str
    sizes: tuple[int, ...]
    moments: Array
    weights: Array
    rows: int
    pilot_rows: int
    whole: bool = False
    noise: Array | None = None

    @property
    def reach(self) -> int:
        """The most training rows that are planned with."""
        return int(REACH * self.sizes[-1]) if len(self.sizes) > 2 else self.sizes[-1]

    def laws(self, quantity: str, at: float | None = None) -> Law:
        """Return the law of a quantity in each fold at each size."""
        return law(self.moments, weights=self.weights[:, None, :], rows=self.rows, quantity=quantity, at=at)

    def curve(self, quantity: str) -> PowerLaw | None:
        """Fit r0 + a n^-b to the folds' errors; None where there are fewer than three sizes."""
        if len(self.sizes) < 3:
            return None
        return _fitted(self.sizes, self.laws(quantity).error.tobytes())

    @property
    def first(self) -> float:
        """The fewest training rows that are planned with."""
        return fewest_trained(self.sizes)

    def luck(self, quantity: str) -> float | None:
        """Return the deviation of errors between models of n rows, times the root of n over the error; None without a curve.

        Parameters
        ----------
        quantity : {"pair_error", "fmr", "fnmr"}
        """
        if len(self.sizes) < 3:
            return None
        # In a fold all sizes meet the same held-out rows, so that the models' own variance, v/n, is what differences show: the
        # parts are nested, so that it is v/n - v/n' for two of them; what the rows of a fold add by chance is taken off. Models of
        # fewer rows than are planned with differ far more than that.
        error, sizes = self.laws(quantity).error, np.array(self.sizes, dtype=float)
        near = np.flatnonzero(sizes[:-1] >= min(self.first, sizes[-2]))
        apart = float((error[:, near] - error[:, -1:]).var(axis=0, ddof=1).sum())
        if self.noise is not None:
            chance = self.noise[:, near, list(QUANTITIES).index(quantity)].mean(axis=0).sum()
            apart = max(apart - float(chance), _SEEN * apart)
        return math.sqrt(apart / float((1.0 / sizes[near] - 1.0 / sizes[-1]).sum()) / self._typical(error))

    def _typical(self, error: Array) -> float:
        """Return the mean error on all training rows, at least that of one row that is misjudged against the others."""
        return max(float(error[:, -1].mean()), 1.0 / self.pilot_rows)

    def window(self, quantity: str, at: float | None = None, *, luck: float | None = None) -> Window:
        """Return what is expected within the pilot's reach.

        Parameters
        ----------
        quantity : {"pair_error", "fmr", "fnmr"}
        at : float, optional
            For a rate: the claim that is tested.
        luck : float, optional
            That of all subsets: four folds can hardly tell this one's from it.
        """
        found, curve = self.laws(quantity, at), self.curve(quantity)
        first = self.first
        train = np.geomspace(first, self.reach, _GRID) if curve else np.array([self.sizes[-1]], dtype=float)

        def between(values: Array) -> Array:
            values = np.broadcast_to(values, found.error.shape).mean(axis=0)
            return np.interp(np.log(train), np.log(self.sizes), values)

        kernel = found.mapped(between)
        # What the pilot leaves open of the error of one model: each of its rows was held out once, with those of its fold.
        folds = len(self.weights)
        own = spread_of(self.rows, variance=kernel.variance, square=kernel.square) / kernel.share / np.sqrt(folds)
        # Where nothing was misjudged, one more row could have been, against each of the others.
        own = np.maximum(own, 2.0 * kernel.constant / self.pilot_rows)
        if curve is None:
            return Window(train, found.error[:, -1:].mean(axis=0), own, np.zeros(1), kernel)
        refits = curve.refits
        values = refits[:, :1] + refits[:, 1:2] * train ** -refits[:, 2:]
        alone = self.luck(quantity) or 0.0
        v = (alone if luck is None else _ALIKE * luck + (1.0 - _ALIKE) * alone) ** 2 * self._typical(found.error)
        pilot = in_folds(v / self.sizes[-1], v / self.pilot_rows, folds)  # luck of the pilot's models, which share rows
        uncertainty = np.sqrt(own**2 + values.var(axis=0) + pilot)
        return Window(train, curve(train), uncertainty, np.sqrt(v / train), kernel)


def fewest_trained(sizes: Sequence[int]) -> float:
    """Return the fewest training rows that are planned with, from the numbers of rows that models are fitted to."""
    return max(sizes[0], min(LEAST * sizes[0], sizes[-1] / LEAST)) if len(sizes) > 2 else sizes[-1]


def read_evidence(record: Any, facts: Mapping[str, Any], settings: Settings) -> Evidence:
    """Return what is said of one subset, refused where it contradicts itself or the pilot."""
    check_entries(record, Evidence.__dataclass_fields__)
    kinds = {"subset": str, "sizes": tuple[int, ...], "rows": int, "pilot_rows": int, "whole": bool}
    found = Evidence(
        **{name: rebuild(kind, record[name]) for name, kind in kinds.items()},
        moments=np.array(record["moments"], dtype=float),
        weights=np.array(record["weights"], dtype=float),
        noise=None if record["noise"] is None else np.array(record["noise"], dtype=float),
    )
    names, sizes, weights = found.subset.split("+"), found.sizes, found.weights
    problems = Problems(f"evidence of {shortened(found.subset)}")
    problems.require(bool(names) and names == [name for name in facts["dims"] if name in names], "no such subset")
    problems.require(
        bool(sizes) and list(sizes) == sorted(set(sizes)) and sizes[0] >= 1 and sizes[-1] <= facts["rows"],
        f"sizes {shortened(sizes)} must be rising numbers from 1 to {facts['rows']}",
    )
    problems.require(found.whole == settings.fits_model, f"whole = {found.whole} is not the settings'")
    held = 2 <= found.rows <= min(MOST_HELD, found.pilot_rows) and found.pilot_rows <= facts["rows"]
    problems.require(held, f"{found.rows} and {found.pilot_rows} held-out rows of {facts['rows']}")
    shaped = weights.ndim == 2 and weights.shape[1] == 2 and found.moments.shape == (len(weights), len(sizes), 15)
    problems.require(shaped and 0 < len(weights) <= FOLDS, f"moments of shape {found.moments.shape}")
    fits = found.noise is None or (
        found.noise.shape == (len(weights), len(sizes), 3) and bool((found.noise >= 0).all())
    )
    problems.require(
        fits and (found.noise is None or bool(np.isfinite(found.noise).all())), "noise: expected variances"
    )
    problems.raise_if_any()
    problems.require(
        all(map(settings.weighs, weights.tolist())), f"weights {shortened(weights.tolist())} are not the settings'"
    )
    a, b, s = np.moveaxis(found.moments[..., :3], -1, 0)
    # A missed pair is a same one, a matched pair a different one, and what is so of two pairs is so of the first.
    nested = [(0, a), (a, s), (0, b), (b, 1 - s)]
    for product, (first, second) in zip(np.moveaxis(found.moments[..., 3:], -1, 0), 2 * PRODUCTS, strict=True):
        nested += [(0, product), (product, (a, b, s)[first]), (product, (a, b, s)[second])]
    problems.require(
        all(bool((low <= high + 1e-9).all()) for low, high in nested),
        "its moments must be in [0, 1], and none contradict another",
    )
    problems.raise_if_any()
    return found


@lru_cache(maxsize=1024)
def _fitted(sizes: tuple[int, ...], errors: bytes) -> PowerLaw:
    """Return the curve through the folds' errors, which tables and pictures of a plan ask for again."""
    return fit_power_law(sizes, np.frombuffer(errors).reshape(-1, len(sizes)), rng=0)


def in_folds(part: Any, everything: Any, folds: int) -> Any:
    """Return the variance of a mean over folds whose parts are drawn from the same rows, of one part's and of all rows'."""
    return everything + (part - everything) / folds
