"""How many pairs it takes to certify a matching: pairs to train on, rows without a partner, and pairs held out. Estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.aligner.estimator import AlignedEncoders
from boundcalc.aligner.inputs import read_examples, read_mask
from boundcalc.certification.matching import confusion
from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.planner.assured import assurance, spread_of
from boundcalc.planner.learning_curve import fit_power_law
from boundcalc.planner.moments import NINE_IN_TEN, law, pair_moments
from boundcalc.show.answer import Answer
from boundcalc.show.rounding import confidence
from boundcalc.show.tables import Table
from boundcalc.trainer.data.modalities import ModalityData
from boundcalc.trainer.data.normalise import Normaliser

__all__ = ["MatchPlan", "PairsOffer", "plan_alignment", "plan_matching"]

Rows = NDArray[np.intp]
Progress = Callable[[float, int, str], None]

_SHARES = (1 / 3, 2 / 3, 1.0)
_FURTHER = (2, 4, 8)


@dataclass(frozen=True)
class PairsOffer(Frozen):
    """What so many pairs would do.

    Attributes
    ----------
    train : int
        Aligned pairs that encoders are fitted on.
    unaligned : int
        Rows of each modality without a partner (the fewest) that they are fitted on as well.
    error, uncertainty : float
        The bounded error, 1 - recall@1 among k or more, and its standard error.
    holdout : int or None
        Further pairs, held out, whose certificate meets the target with the power wanted; None where no number is expected to.
    measured : bool
        False: read off a power law beyond the pairs at hand.
    """

    train: int
    unaligned: int
    error: float
    uncertainty: float
    holdout: int | None
    measured: bool


@dataclass(frozen=True)
class MatchPlan(Frozen, Answer):
    """Numbers of pairs beside each other, from :func:`plan_matching`.

    Attributes
    ----------
    offers : tuple of PairsOffer
    target, power, delta : float
    k : int
    """

    offers: tuple[PairsOffer, ...]
    target: float
    power: float
    delta: float
    k: int

    @property
    def best(self) -> PairsOffer | None:
        """The offer of fewest pairs in all; None where none meets the target."""
        possible = [one for one in self.offers if one.holdout is not None]
        return min(possible, key=lambda one: one.train + (one.holdout or 0), default=None)

    @property
    def title(self) -> str:
        """The heading."""
        return f"Pairs for a matching certificate of {self.target:g}"

    @property
    def sentence(self) -> str:
        """What is needed; an estimate."""
        aim = f"at most {self.target:g} of the queries miss their partner among {self.k} ({confidence(self.delta)})"
        if self.best is None:
            return f"No number of pairs that was looked at is expected to certify that {aim}."
        train, holdout = self.best.train, self.best.holdout
        return (
            f"Planned: {train:,} aligned pairs to train on, with {self.best.unaligned:,} rows without a partner, and {holdout:,} "
            f"further pairs to hold out certify that {aim}, with probability {100 * self.power:g} % "
            f"(estimated{'' if self.best.measured else ', read off a power law'})."
        )

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return all offers."""
        rows = [
            (one.train, one.unaligned, f"{one.error:.3f} ± {one.uncertainty:.3f}", one.holdout, "" if one.measured else "power law")
            for one in self.offers
        ]  # fmt: skip
        return [Table(("train", "unaligned", "error", "hold out", "read off"), rows, title=self.title)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return vars(self) | {"offers": [vars(one) for one in self.offers], "sentence": self.sentence}


def plan_matching(
    model: Any,
    X: Any,
    aligned: ArrayLike,
    *,
    target: float,
    k: int = 2,
    power: float = 0.9,
    delta: float = 0.05,
    unaligned: Sequence[float] = (0.5, 1.0),
    folds: int = 4,
    rng: Any = 0,
    progress: Progress | None = None,
) -> MatchPlan:
    """Estimate how many aligned pairs certify the retrieval of partners, by refits to a part of those at hand.

    Encoders are fitted to a third, two thirds and all of the pairs outside each fold, with shares of the rows without a
    partner; the pairs of the fold say how often a query finds another item as near as its partner. For each of them
    :func:`boundcalc.planner.assurance` says how many held-out pairs the transport certificate takes
    (:func:`boundcalc.certification.certify_matching`, ``quantity="recall"``); a power law says what more pairs would do.

    Parameters
    ----------
    model : AlignedEncoders
        Its settings; copies are fitted.
    X, aligned :
        As for :meth:`boundcalc.aligner.AlignedEncoders.fit`; two modalities.
    target : float
        In (0, 1): the share of queries that may miss their partner among k items.
    k : int
        Items that a query is looked up among, at least 2.
    power, delta : float
        Probability that the certificate meets the target, in [0.5, 1), and that it fails.
    unaligned : sequence of float
        Shares of the rows without a partner, in [0, 1].
    folds : int
        At least 2, of at least three pairs each.
    rng : Generator or int
    progress : callable, optional
        Called with (done, all, what), in pairs that encoders are fitted to.

    Returns
    -------
    MatchPlan

    Raises
    ------
    InvalidInputError
        On bad arguments, or fewer pairs than folds take.

    Examples
    --------
    >>> import numpy as np
    >>> from boundcalc.aligner import AlignedEncoders, planted_latent
    >>> X, _ = planted_latent(300, rng=0)
    >>> plan = plan_matching(AlignedEncoders(method="cca", random_state=0), X, np.arange(300) < 60, target=0.1)
    >>> plan.best.train <= 60, plan.best.holdout > 30
    (True, True)
    """
    problems = Problems("plan_matching")
    problems.number("target", target, low=0, high=1, open_low=True, open_high=True)
    problems.number("delta", delta, low=0, high=1, open_low=True, open_high=True)
    problems.number("power", power, low=0.5, high=1, open_high=True)
    problems.integer("k", k, low=2)
    problems.integer("folds", folds, low=2)
    for share in unaligned:
        problems.number("unaligned", share, low=0, high=1)
    problems.require(len(unaligned) > 0, "unaligned is empty: expected at least one share")
    problems.raise_if_any()
    examples = read_examples(X, aligned, None, flat=getattr(model, "encoders", None) is None)
    pairs = examples.aligned[(examples.aligned >= 0).all(axis=1)]
    if len(examples.blocks) != 2 or len(pairs) < 3 * folds:
        raise InvalidInputError(
            f"{len(examples.blocks)} modalities with {len(pairs)} aligned pairs: expected two, and at least {3 * folds} pairs "
            f"for {folds} folds",
            context="plan_matching",
        )
    generator = as_generator(rng)
    order, seed = generator.permutation(len(pairs)), int(generator.integers(2**31))
    loose = [
        generator.permutation(np.setdiff1d(np.arange(len(block)), pairs[:, side]))
        for side, block in enumerate(examples.blocks.values())
    ]
    trial = _Trial(
        model, examples.blocks, pairs, order, tuple(loose), folds, seed, _counted(progress, len(unaligned) * folds)
    )
    aim = _Aim(float(target), float(power), float(delta), int(k))
    offers = [offer for rest in unaligned for offer in _offers(trial, aim, rest)]
    return MatchPlan(tuple(offers), aim.target, aim.power, aim.delta, aim.k)


@dataclass(frozen=True)
class _Aim:
    """What is to be certified, and how surely."""

    target: float
    power: float
    delta: float
    k: int

    def offer(self, known: Mapping[str, float], train: int, unaligned: int, *, measured: bool) -> PairsOffer:
        """Return what pairs would do whose kernel has an error with its uncertainty, a variance and a mean square."""
        try:
            holdout = int(assurance.fewest(self.target / (self.k - 1), self.power, delta=self.delta, **known))
        except InfeasibleError:
            holdout = None
        error, unsure = ((self.k - 1) * known[name] for name in ("error", "uncertainty"))
        return PairsOffer(train, unaligned, error, unsure, holdout, measured)


@dataclass(frozen=True)
class _Trial(Frozen):
    """Pairs at hand in random order, cut into folds, and the rows of each modality without a partner."""

    model: Any
    blocks: Mapping[str, NDArray[np.float64]]
    pairs: NDArray[np.intp]
    order: Rows
    loose: tuple[Rows, ...]
    folds: int
    seed: int
    tell: Callable[[float, str], None]

    def count(self, share: float) -> int:
        """Return how many pairs a share of those outside a fold is, the same for every fold."""
        size = len(self.pairs)
        return max(2, round(share * (size - -(-size // self.folds))))

    def moments(self, share: float, rest: float) -> NDArray[np.float64]:
        """Return the moments of the kernel on each fold, of encoders fitted to a share of the other pairs."""
        return np.stack([self._told(share, rest, held) for held in np.array_split(self.order, self.folds)])

    def _told(self, share: float, rest: float, held: Rows) -> NDArray[np.float64]:
        found = self._missed(share, rest, held)
        self.tell(share, f"{self.count(share):,} pairs")
        return found

    def _missed(self, share: float, rest: float, held: Rows) -> NDArray[np.float64]:
        from sklearn.base import clone

        kept = self.pairs[np.setdiff1d(self.order, held, assume_unique=True)[: self.count(share)]]
        rows = {
            name: block[np.concatenate([kept[:, side], self.loose[side][: round(rest * len(self.loose[side]))]])]
            for side, (name, block) in enumerate(self.blocks.items())
        }
        fitted = clone(self.model).set_params(random_state=self.seed)
        fitted.fit(rows, np.repeat(np.arange(len(kept))[:, None], 2, axis=1))
        ends = [{name: block[self.pairs[held, side]]} for side, (name, block) in enumerate(self.blocks.items())]
        everything = np.arange(held.size)
        kernel = confusion(-fitted.similarity(*ends))(everything, everything)
        return pair_moments(kernel, np.zeros_like(kernel), np.zeros_like(kernel))


def _counted(progress: Progress | None, times: int) -> Callable[[float, str], None]:
    """Return what is called after each fit with the share of the pairs that it took, of so many fits to each share."""
    done, total, report = 0.0, round(times * sum(_SHARES)), progress or (lambda *_: None)
    report(0, total, "start")

    def tell(share: float, what: str) -> None:
        nonlocal done
        done += share
        report(round(done, 6), total, what)

    return tell


def _offers(trial: _Trial, aim: _Aim, rest: float) -> Iterator[PairsOffer]:
    """Yield what parts of the pairs do with a share of the rows without a partner, and what more pairs would."""
    size = len(trial.pairs)
    unaligned = min(round(rest * len(one)) for one in trial.loose)
    curve, sizes = [], [trial.count(share) for share in _SHARES]
    for share, train in zip(_SHARES, sizes, strict=True):
        found = trial.moments(share, rest)
        curve.append(found[:, 0])
        one = law(found.mean(axis=0), weights=np.array([1.0, 0.0]), rows=size)
        error, variance, square = (float(part) for part in (one.error, one.variance, one.square))
        # Pairs of items are met within folds only.
        unsure = float(spread_of(size, variance=variance, square=square * trial.folds))
        known = {"error": min(error, 1.0), "variance": variance, "square": square, "uncertainty": unsure}
        yield aim.offer(known, train, unaligned, measured=True)
    further = fit_power_law(sizes, np.stack(curve, axis=1), rng=trial.seed)
    for train in (times * size for times in _FURTHER):
        ahead, (low, high) = float(further(train)), further.interval(train)
        fewer = min(ahead / max(error, 1e-12), 1.0)  # rarer errors vary less, about as their number does
        spread = float(high - low) / (2.0 * NINE_IN_TEN)
        there = {
            "error": min(ahead, 1.0),
            "variance": variance * fewer,
            "square": square * fewer,
            "uncertainty": spread,
        }
        yield aim.offer(there, train, unaligned, measured=False)


def plan_alignment(
    data: ModalityData,
    *,
    target: float,
    share: float = 1.0,
    aligned_rows: ArrayLike | None = None,
    k: int = 2,
    delta: float = 0.05,
    rng: int = 0,
    progress: Progress | None = None,
    **settings: Any,
) -> MatchPlan:
    """Plan with the rows of a data set: those that are known to be aligned, or a share of them by lot.

    Parameters
    ----------
    data : ModalityData
        Columns are centred and scaled on all rows: what is planned is an estimate, the certificate comes later.
    target, k, delta
        As for :func:`plan_matching`.
    share : float
        In (0, 1], of the complete rows, where ``aligned_rows`` is not given.
    aligned_rows : array_like of bool, shape (n,), optional
        Rows of which all modalities belong together; what is missing in one is passed over.
    rng : int
    progress : callable, optional
        As for :func:`plan_matching`.
    **settings
        Of :class:`boundcalc.aligner.AlignedEncoders`.

    Raises
    ------
    InvalidInputError
        As for :func:`plan_matching`.
    """
    generator = np.random.default_rng(rng)
    whole = np.flatnonzero(data.present.all(axis=1))
    if aligned_rows is None:
        whole = generator.permutation(whole)[: round(share * whole.size)]
    else:
        whole = whole[read_mask("aligned_rows", aligned_rows, data.n)[whole]]
    here = {name: np.asarray(data.present[:, place]) for place, name in enumerate(data.names)}
    normaliser = Normaliser.fit(data.arrays, here, nonnegative=data.nonnegative)
    rows = {name: normaliser.apply(name, block, here[name])[here[name]] for name, block in data.arrays.items()}
    pairs = np.column_stack([np.cumsum(here[name])[whole] - 1 for name in rows])
    model = AlignedEncoders(random_state=rng, **settings)
    return plan_matching(model, rows, pairs, target=target, k=k, delta=delta, rng=generator, progress=progress)
