"""What a number of rows of one subset offers: the best split into training and hold-out, and what is then expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.search import GUESSED_VARIANCE, LARGEST_KAPPA, typical_weight
from boundcalc.errors import InfeasibleError
from boundcalc.frozen import Frozen
from boundcalc.planner.assured import assurance, expected_bound, spread_of
from boundcalc.planner.evidence import Evidence, Window
from boundcalc.planner.moments import NINE_IN_TEN, Law
from boundcalc.planner.normal import normal_point, normal_share

__all__ = ["MOST", "THRIFT", "Offer", "Question", "Shop", "fewest_planned"]

Array = NDArray[np.float64]

#: More rows than this are not planned.
MOST = 10**9
_SHARES = np.linspace(0.06, 0.94, 67)
#: A certificate this much larger is as good, if it takes fewer rows.
THRIFT = 1e-3
_LEAST_HELD = 8
#: Rows that a model of the classes is fitted to, for each row that calibrates: at least so many.
_FITTED = 1.25
#: How often a design point is corrected; how many standard deviations away, in how many rounds, and between how many it is looked
#: for.
_REPEATS, _FARTHEST, _ROUNDS, _BETWEEN = 5, 8.0, 3, np.linspace(0.0, 1.0, 257)
#: A certificate's expansion is not asked for larger errors, as shares of what is possible.
_ALMOST = 0.999


@dataclass(frozen=True)
class Question:
    """What is asked of the rows to come.

    Attributes
    ----------
    quantity : {"pair_error", "fmr", "fnmr"}
    delta : float
        Of the certificate.
    power : float
        With which probability it should be reached.
    calibration : float
        Share of all rows that calibrate.
    balanced : bool
        Whether pair weights are made from the calibration rows.
    """

    quantity: str = "pair_error"
    delta: float = 0.05
    power: float = 0.9
    calibration: float = 0.2
    balanced: bool = True


@dataclass(frozen=True)
class Offer(Frozen):
    """What to collect of which modalities, how to split it, and what is then expected.

    Attributes
    ----------
    subset : str
    rows, train, holdout, calibration, learnt : int
        All rows; those that are not held out; those that are; of the former, those that calibrate, and those that the model is
        fitted to: a model of the classes to all of them, a metric to the others.
    cost : float
    error : float
        Expected of the model, with the interval ``low`` to ``high`` (nine in ten).
    certificate : float
        Expected of the hold-out.
    reached : float
        The certificate is at most this with probability ``power``.
    constant : float
        What the better constant rule has.
    target : float
        The certificate wanted: the constant rule's error where none was named.
    assurance : float
        Probability that the certificate is at most ``target``: an estimate.
    provable : float
        A lower end of that probability, for every population in which the model has the expected error (the kl certificate).
    terms : mapping of str to float
        What ``reached`` is made of.
    budget : float or None
    promised : float or None
        What is guaranteed before anything is collected.
    """

    subset: str
    rows: int
    train: int
    holdout: int
    calibration: int
    learnt: int
    cost: float
    error: float
    low: float
    high: float
    certificate: float
    reached: float
    constant: float
    target: float
    assurance: float
    provable: float
    terms: Mapping[str, float]
    budget: float | None = None
    promised: float | None = None

    @property
    def binding(self) -> str:
        """Which term most of what can still be won lies in."""
        parts = {name: value for name, value in self.terms.items() if name != ERROR}
        largest = max(parts, key=lambda name: parts[name])
        return largest if parts[largest] > 0.1 * self.terms[ERROR] else ERROR

    @property
    def vacuous(self) -> bool:
        """Whether the certificate is not below the constant rule's error with the probability asked for."""
        return self.reached >= self.constant

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "terms": dict(self.terms), "binding": self.binding, "vacuous": self.vacuous}


ERROR, TRAINING, HELD_OUT, PILOT = "own error", "training", "hold-out", "pilot"


@dataclass(frozen=True)
class Shop(Frozen):
    """What rows of one subset offer.

    Attributes
    ----------
    evidence : Evidence
    question : Question
    window : Window
    weight : float
        The typical pair weight, for which the certificate's kappa is made.
    """

    evidence: Evidence
    question: Question
    window: Window
    weight: float

    @classmethod
    def of(
        cls,
        evidence: Evidence,
        question: Question,
        target: float | None = None,
        *,
        choice: float = 0.0,
        luck: float | None = None,
    ) -> Shop:
        """Return the offers of a subset.

        A rate is tested at the target, ``choice`` is what a choice flatters the error by, ``luck`` as for the window.
        """
        at = target if question.quantity != "pair_error" else None
        plus, minus = evidence.weights.mean(axis=0)
        window = evidence.window(question.quantity, at, luck=luck)
        window = replace(window, error=window.error + choice)
        return cls(evidence, question, window, typical_weight((plus, minus)))

    @cached_property
    def errors(self) -> Array:
        """What each fold shows of the error after training on all its rows."""
        return self.evidence.laws(self.question.quantity).error[:, -1]

    @property
    def fewest(self) -> int:
        """The fewest rows that are planned: the pilot's smallest training part and a few held out."""
        return fewest_planned(self.window.train[0], whole=self.evidence.whole, calibration=self.question.calibration)

    def parts(self, rows: Array, holdout: Array) -> tuple[Array, Array]:
        """Return calibration rows, and rows that the model is fitted to."""
        calibration = np.maximum(np.rint(self.question.calibration * rows), 2.0 if self.question.calibration else 0.0)
        return calibration, rows - holdout - (0.0 if self.evidence.whole else calibration)

    def split(self, rows: Any) -> tuple[Array, Array]:
        """Return the best number of held-out rows for numbers of rows, and what the certificate then stays below.

        Parameters
        ----------
        rows : array_like of int
        """
        n = np.atleast_1d(np.asarray(rows, dtype=float))[:, None]
        calibration, free = self.parts(n, np.zeros(1))
        # Of rows that both calibrate and are fitted to, some must do only the latter.
        least = np.maximum(self.window.train[0], _FITTED * calibration if self.evidence.whole else 0.0)
        shares = np.concatenate([np.rint(_SHARES * n), np.floor(free - least)], axis=1)
        holdout = np.maximum(shares, _LEAST_HELD)
        train = free - holdout
        # A row beyond the pilot's reach is of use in the hold-out only.
        most = np.maximum(self.window.train[-1], least)
        moved = np.maximum(np.floor(train - most), 0.0) if len(self.window.train) > 1 else 0.0
        holdout, train = holdout + moved, train - moved
        reached = self.reached(normal_point(self.question.power), train, holdout, calibration)
        reached = np.where(train >= least, reached, np.inf)
        best = reached.argmin(axis=1)[:, None]
        return tuple(np.take_along_axis(values, best, axis=1)[:, 0] for values in (holdout, reached))  # type: ignore[return-value]

    def expected(self, rows: Any) -> Array:
        """Return the expected certificate of numbers of rows at their best split; inf where there are too few.

        Parameters
        ----------
        rows : array_like of int
        """
        n = np.atleast_1d(np.asarray(rows, dtype=float))
        holdout, reached = self.split(n)
        calibration, train = self.parts(n, holdout)
        return np.where(np.isfinite(reached), self.certificate(train, holdout, calibration)[0], np.inf)

    def error(self, train: Any) -> Array:
        """Return the expected error after training on so many rows: the pilot's, with half a row more misjudged.

        That is the posterior mean under Jeffreys' prior of rare errors. What the pilot shows is right on average, but plans are
        made of pilots that were lucky: unlucky ones reach no target.

        Parameters
        ----------
        train : array_like
        """
        found = self.window.at(train)
        return found.error + self._half_row(found.law)

    def _half_row(self, own: Law) -> Array:
        """Return what half a row adds to an error that is misjudged against all others."""
        return np.minimum(2.0 * own.constant, own.scale) / self.evidence.pilot_rows

    def certificate(
        self, train: Array, holdout: Array, calibration: Array, *, above: Any = 0.0, found: Window | None = None
    ) -> tuple[Array, Array, Array]:
        """Return the expected certificate, its standard deviation for a known error, and the error's standard error.

        Parameters
        ----------
        train, holdout, calibration : ndarray
        above : array_like
            By how much the error is above what is expected. Variances are proportional to it, from what the pilot has seen on: one
            that met few errors knows less of them, not more.
        found : Window, optional
            What is expected after training on so many rows, where it is at hand.
        """
        found = self.window.at(train) if found is None else found
        own, half = found.law, self._half_row(found.law)
        most = half * self.evidence.pilot_rows
        error = np.maximum(found.error + half + above, 0.0)
        # Beyond the pilot's rows variances are still those of the error that it has seen, which the curve is below.
        base = np.maximum(found.error + half, 1e-12)
        grown = error / np.clip(error, base, np.maximum(base, self.errors.mean() + half))
        variance = (own.variance + half * most / 2.0 * own.share**2) * grown
        square = (own.square + half * own.scale * own.share**2) * grown
        uncertain = np.sqrt((found.uncertainty**2 + 2.0 * half**2) * grown)
        mean = np.minimum(_kernel_mean(error, own), _ALMOST * own.scale)
        variance, square = (
            np.minimum(one, mean * (own.scale - mean)) for one in (variance, square)
        )  # there is no more
        rate, level = self.question.quantity != "pair_error", -math.log(self.question.delta)
        bound = expected_bound(
            mean,
            holdout,
            variance=variance,
            scale=own.scale,
            level=level,
            kappa=LARGEST_KAPPA if rate else None,
            guess=GUESSED_VARIANCE * self.weight**2,
        )
        future = np.hypot(spread_of(holdout, variance=variance, square=square) / own.share, found.luck)
        if self.question.balanced:  # weights of a small calibration part differ from one to the next
            share = spread_of(np.maximum(calibration, 2.0), variance=own.mix_variance, square=own.mix_square)
            future = np.hypot(future, (own.drift + 2.0 * level / holdout * own.stretch) * share)
        return error + (bound - mean) / own.share, future, uncertain

    def reached(self, z: Any, train: Array, holdout: Array, calibration: Array) -> Array:
        """Return what the certificate stays below with probability Phi(z), what the pilot leaves open of the error included.

        The certificate is the expected one plus two independent normal deviations, of the pilot and of the rows to come. They
        are taken where they are most probable on reaching the value (the design point of a first-order reliability method),
        and the variances there.

        Parameters
        ----------
        z : array_like
        train, holdout, calibration : ndarray
        """
        above, at = 0.0, self.window.at(train)
        for _ in range(_REPEATS):
            bound, future, uncertain = self.certificate(train, holdout, calibration, above=above, found=at)
            spread = np.maximum(np.hypot(future, uncertain), 1e-12)
            found = bound - above + z * spread
            above = np.maximum(z, 0.0) * uncertain**2 / spread  # luck does not make variances smaller
        return np.maximum(found, self.least(holdout))

    def least(self, holdout: Any) -> Array:
        """Return what rows without any error certify, c (1 - delta^(2/n)).

        Parameters
        ----------
        holdout : array_like
        """
        scale = np.min(self.window.law.scale)
        return np.asarray(-np.expm1(2.0 * math.log(self.question.delta) / holdout) * scale)

    def fewest_rows(self, wanted: float, *, most: int = MOST) -> int | None:
        """Return the fewest rows with which the certificate is at most ``wanted`` with the power asked for.

        Parameters
        ----------
        wanted : float
        most : int
            The most rows there can be.
        """
        low, high = self.fewest, min(most, MOST)
        if high < low or self.split([high])[1][0] > wanted:
            return None
        if self.split([low])[1][0] <= wanted:
            return low
        while high - low > 1:
            grid = np.unique(np.geomspace(low, high, 34).astype(np.int64))
            enough = self.split(grid)[1] <= wanted
            place = int(np.argmax(enough)) if enough.any() else grid.size - 1
            if place == 0 or (int(grid[place - 1]), int(grid[place])) == (low, high):
                low, high = _halved(self, low, high, wanted)
            else:
                low, high = int(grid[place - 1]), int(grid[place])
        return high

    def thrifty(self, rows: int) -> int:
        """Return the fewest rows that are as good as these."""
        found = self.fewest_rows(float(self.split([rows])[1][0]) + THRIFT, most=rows)
        return rows if found is None else found

    def offer(self, rows: int, *, cost: float, target: float | None = None, budget: float | None = None) -> Offer:
        """Return what so many rows offer at their best split.

        Parameters
        ----------
        rows : int
        cost : float
        target : float, optional
        budget : float, optional
        """
        return self.at_split(rows, int(self.split([rows])[0][0]), cost=cost, target=target, budget=budget)

    def at_split(
        self, rows: int, holdout: int, *, cost: float, target: float | None = None, budget: float | None = None
    ) -> Offer:
        """Return what rows offer with a given number of them held out."""
        calibration, learnt = (int(part) for part in self.parts(np.array(float(rows)), np.array(float(holdout))))
        sizes = tuple(np.array(float(part)) for part in (learnt, holdout, calibration))
        bound, future, uncertain = (float(one) for one in self.certificate(*sizes))
        found, z = self.window.at(sizes[0]), normal_point(self.question.power)
        own, reached, error = found.law, float(self.reached(z, *sizes)), float(self.error(sizes[0]))
        wanted = float(own.constant) if target is None else target
        limit = error - max(float(found.error - self.window.error[-1]), 0.0)
        return Offer(
            subset=self.evidence.subset,
            rows=rows,
            train=rows - holdout,
            holdout=holdout,
            calibration=calibration,
            learnt=learnt,
            cost=cost,
            error=error,
            low=max(error - NINE_IN_TEN * uncertain, 0.0),
            high=error + NINE_IN_TEN * uncertain,
            certificate=bound,
            reached=reached,
            constant=float(own.constant),
            target=wanted,
            assurance=float(self.assured(wanted, *sizes)),
            provable=assurance(holdout, **self._provable(error, own, wanted)),
            terms={
                ERROR: limit,
                TRAINING: error - limit,
                HELD_OUT: bound - error + z * future,
                PILOT: reached - bound - z * future,
            },
            budget=budget,
        )

    def assured(self, target: float, train: Array, holdout: Array, calibration: Array) -> Array:
        """Return the probability with which the certificate is at most a target.

        Parameters
        ----------
        target : float
        train, holdout, calibration : ndarray
        """
        low, width = np.full(np.shape(holdout), -_FARTHEST), 2.0 * _FARTHEST
        steps = _BETWEEN.reshape(-1, *(1,) * low.ndim)
        for _ in range(_ROUNDS):
            enough = self.reached(low + width * steps, train, holdout, calibration) <= target
            width /= _BETWEEN.size - 1
            low = low + width * np.maximum(enough.sum(axis=0) - 1, 0)
        return normal_share(low)

    def provable_from(self, offer: Offer) -> int | None:
        """Return the fewest held-out rows for which the power is provable at an offer's error; None if none are.

        Parameters
        ----------
        offer : Offer
        """
        question = self._provable(offer.error, self.window.at(float(offer.learnt)).law, offer.target)
        try:
            return int(assurance.fewest(question.pop("target"), self.question.power, **question))
        except InfeasibleError:
            return None

    def _provable(self, error: float, own: Law, target: float) -> dict[str, Any]:
        """Return what the provable assurance is asked: a rate's target stands for a mean of its kernel."""
        scale = float(own.scale)
        mean = float(_kernel_mean(np.asarray(error), own))
        aim = mean + float(own.share) * (target - error)
        mean, aim = (min(max(value, 0.0), scale) for value in (mean, aim))
        return {"error": mean, "target": aim, "delta": self.question.delta, "scale": scale}


def fewest_planned(train: float, *, whole: bool, calibration: float) -> int:
    """Return the fewest rows that are planned, from the fewest that a model is fitted to."""
    return math.ceil((train + _LEAST_HELD) / (1.0 if whole else 1.0 - calibration)) + 1


def _kernel_mean(error: Array, own: Law) -> Array:
    """Return the mean of what is certified: a rate counts for its share of the pairs, the claim for the others."""
    return error * own.share + (1.0 - own.share) * own.claim


def _halved(shop: Shop, low: int, high: int, wanted: float) -> tuple[int, int]:
    middle = (low + high) // 2
    return (low, middle) if shop.split([middle])[1][0] <= wanted else (middle, high)
