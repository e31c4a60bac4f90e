"""What the held-out rows certify of trained subsets: pair errors, what a modality gains, new rows against stored ones."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.certificate import Certificate
from boundcalc.certification.certifying import certify_request
from boundcalc.certification.foreign import contender
from boundcalc.certification.kernels import PairErrors, members_of
from boundcalc.certification.measured import pair_sums
from boundcalc.certification.rates import rate_bound
from boundcalc.certification.reading import Request
from boundcalc.certification.sources import Distances, of_trained
from boundcalc.certification.values import gallery_bound
from boundcalc.language.arguments import as_generator
from boundcalc.language.ledger import Ledger, check_delta
from boundcalc.show.rounding import failing
from boundcalc.trainer.data.prepare import Prepared, prepare
from boundcalc.trainer.measure.settings import Settings
from boundcalc.trainer.models.pair_model import what_is_used

if TYPE_CHECKING:
    from boundcalc.trainer import Measurements, ModalityData, SubsetResult

__all__ = ["FAVOURITE", "Certified", "Used", "certified", "question", "twins"]

#: The share of delta for the subset that the training part favours; the others have the rest in equal parts.
FAVOURITE = Fraction(7, 10)


@dataclass(frozen=True)
class Certified:
    """One certificate of a trained subset.

    Attributes
    ----------
    subset : str
    certificate : Certificate
    against : str
        The subset that a gain is over.
    """

    subset: str
    certificate: Certificate
    against: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: subset, kind, error, bound, constant, rows, delta, vacuous, theorem, and the statement."""
        record = {"subset": self.subset, **self.certificate.to_dict()}
        return record | {"against": self.against} if self.against else record


def twins(rng: Any) -> tuple[np.random.Generator, np.random.Generator]:
    """Return two generators that draw the same: one to train with, one that finds the split again.

    Parameters
    ----------
    rng : int, numpy.random.Generator or None
    """
    first = as_generator(rng)
    return first, copy.deepcopy(first)


@dataclass(frozen=True)
class Used:
    """What is certified of a subset: distances of rows by their numbers, the threshold, the error expected, and what it is."""

    distances: Callable[[NDArray[np.intp]], Distances]
    threshold: float
    expected: float
    said: str

    @classmethod
    def of(cls, prepared: Prepared, result: SubsetResult, model: Any) -> Used:
        """Take the subset's own metric or model, or fit someone else's."""
        if model is not None:
            found = contender(model, prepared, result.modalities)
            name = getattr(model, "__name__", type(model).__name__)
            said = f"{name} on {result.label} (training part) with its threshold (calibration part)"
            return cls(found.distances, found.threshold, found.error, said)
        kind = what_is_used(prepared.structure(result.modalities).name, result.model)
        part = "training part" if result.model is None else "training and calibration part"

        def distances(rows: NDArray[np.intp]) -> Distances:
            return of_trained(prepared, result.modalities, result.array(), rows, result.model)

        said = f"the {kind} on {result.label} with its threshold ({part})"
        return cls(distances, result.decision, result.expected_error, said)


def certified(
    data: ModalityData, measured: Measurements, *, delta: float, rng: Any, model: Any = None
) -> tuple[Certified, ...]:
    """Certify the trained subsets by the rows that were held out of their training.

    All lines of kind "transport" hold together with probability at least 1 - delta: most of it is paid for the subset with
    the smallest error on the training part. The gains (an order fixed on the training part, stopped at the first that
    fails), the gallery and the rate that a threshold was chosen for are statements of their own, each at delta.

    Parameters
    ----------
    data : ModalityData
        The data that the subsets were trained on.
    measured : Measurements
    delta : float
    rng : int or numpy.random.Generator
        The seed of the training: it draws the same split again.
    model : object or class, optional
        Someone else's model, fitted to each subset in place of what was measured: see :mod:`boundcalc.certification.foreign`.

    Returns
    -------
    tuple of Certified
        Empty where nothing was held out, or where seed or data are not those of the training.

    Raises
    ------
    InvalidInputError
        If delta is not in (0, 1).
    """
    check_delta(delta)
    prepared = prepare(data, settings=Settings.from_dict(measured.settings), rng=as_generator(rng))
    if prepared.fingerprint != measured.facts["fingerprint"] or not _pairs_of_both_kinds(prepared):
        return ()
    used = {label: Used.of(prepared, result, model) for label, result in measured.items()}
    order = sorted(measured, key=lambda label: (used[label].expected, measured[label].d))
    transports = _transports(prepared, used, order, delta=delta)
    gains = _gains(prepared, measured, used, order, delta=delta)
    gallery = _gallery(prepared, order[0], used[order[0]], delta=delta)
    rates = [] if model is not None else _rates(prepared, order[0], used[order[0]], delta=delta)
    return (*transports, *gains, gallery, *rates)


def _pairs_of_both_kinds(prepared: Prepared) -> bool:
    """Whether the held-out rows have similar and dissimilar pairs."""
    part = prepared.split.holdout
    return part.size > 1 and 0 < prepared.similar_share(part) < 1


def question(
    prepared: Prepared,
    one: Used,
    other: Used | None = None,
    *,
    weights: tuple[float, float] | None,
    delta: float,
    fixed: tuple[str, ...],
    by_class: bool = False,
) -> Request:
    """Return the question about a trained metric (and another one): thresholds and weights are other parts' work."""
    part = prepared.split.holdout
    return Request(
        distances=one.distances(part),
        other=None if other is None else other.distances(part),
        codes=prepared.data.codes[part],
        groups=np.unique(prepared.data.codes[part], return_inverse=True)[1] if by_class else _groups(prepared, part),
        threshold=one.threshold,
        other_threshold=np.nan if other is None else other.threshold,
        weights=weights,
        balanced=prepared.settings.pair_weights == "balanced" and weights != (1.0, 1.0),
        fixed=fixed,
        delta=delta,
        kappa=None,
        splits=SPLITS,
        rng=np.random.default_rng(0),
        calibration=None,
        listed=None,
    )


def _groups(prepared: Prepared, part: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return the groups of a part's rows, numbered anew."""
    groups = prepared.data.groups
    return None if groups is None else np.unique(groups[part], return_inverse=True)[1]


def _quantity(prepared: Prepared) -> str:
    weights = prepared.settings.pair_weights
    return (
        "balanced pair error" if weights == "balanced" else "pair error" if weights is None else "weighted pair error"
    )


def _fixed(prepared: Prepared, used: Used) -> tuple[str, ...]:
    plus, minus = prepared.weights
    return (
        used.said,
        f"the weights {plus:.4g} of similar and {minus:.4g} of dissimilar pairs, and the normalisation (calibration part)",
        "the seed of the splits, which have not seen the held-out rows",
    )


def _transports(prepared: Prepared, used: Mapping[str, Used], order: list[str], *, delta: float) -> Iterator[Certified]:
    """Certify every subset at its share of delta."""
    rest = (1 - FAVOURITE) / max(1, len(order) - 1)
    parts = (
        {label: FAVOURITE if label == order[0] else rest for label in order}
        if len(order) > 1
        else {order[0]: Fraction(1)}
    )
    ledger = Ledger.split(delta, ["certificate"]).over("subsets", parts)
    for label in order:
        asked = question(
            prepared,
            used[label],
            weights=prepared.weights,
            delta=ledger[f"certificate[{label}]"],
            fixed=_fixed(prepared, used[label]),
        )
        yield Certified(label, certify_request(asked))


def _gains(
    prepared: Prepared, measured: Measurements, used: Mapping[str, Used], order: list[str], *, delta: float
) -> Iterator[Certified]:
    """Compare the favourite with the subsets inside it, the worst on the training part first; stop at a failure."""
    best = order[0]
    inside = [label for label in reversed(order) if set(measured[label].modalities) < set(measured[best].modalities)]
    told = f"the order of the comparisons: {', '.join(inside)}; they end at the first that certifies nothing"
    for label in inside:
        fixed = (*_fixed(prepared, used[best]), told)
        asked = question(prepared, used[best], used[label], weights=(1.0, 1.0), delta=delta, fixed=fixed)
        found = certify_request(asked)
        yield Certified(
            best, replace(found, quantity=f"gain of {best} over {label} in the share of wrong pairs"), label
        )
        if found.vacuous:
            return


def _rates(prepared: Prepared, subset: str, used: Used, *, delta: float) -> Iterator[Certified]:
    """Bound the rate that the threshold was chosen for, where it was for one."""
    part, groups = prepared.split.holdout, _groups(prepared, prepared.split.holdout)
    codes, distances = prepared.data.codes[part], used.distances(part)
    members = None if groups is None else members_of(groups)
    for name, rate in (prepared.settings.threshold_for or {}).items():
        value = rate_bound(
            distances, codes, used.threshold, name=name, delta=delta, members=members, rng=np.random.default_rng(0)
        )
        sums = pair_sums(distances, codes, used.threshold, groups=groups)
        whose, wrong = ("different", "called the same") if name == "fmr" else ("same", "missed")
        statement = (
            f"Bounded is the share of {whose} pairs that are {wrong}, at the threshold with the rate {rate:g} on folds of the rows "
            f"that are not held out. It fails with probability at most {failing(delta)} over the held-out "
            f"{'rows' if groups is None else 'groups'}, which are independent draws of one population."
        )
        units = part.size if members is None else len(members)
        recipe = {
            "theorem": "certificates.error_rates",
            "statement": statement,
            "events": (("the bound fails", delta),),
            "fixed": _fixed(prepared, used),
            "scale": 1.0,
            "exponent": float(units // 2),
        }
        yield Certified(
            subset,
            Certificate(
                kind="rate",
                quantity="false-match rate" if name == "fmr" else "false-non-match rate",
                value=value,
                error=sums.match_rate if name == "fmr" else sums.non_match_rate,
                constant=1.0,
                rows=int(part.size),
                units=int(units),
                delta=delta,
                threshold=used.threshold,
                recipe=recipe,
            ),
        )


def _gallery(prepared: Prepared, subset: str, used: Used, *, delta: float) -> Certified:
    """Bound how often a new row is misjudged against the stored rows of training and calibration."""
    stored = np.concatenate([prepared.split.train, prepared.split.calibration])
    part = prepared.split.holdout
    both = np.concatenate([part, stored])
    distances = used.distances(both)
    errors = PairErrors(distances.between, prepared.data.codes[both], used.threshold, prepared.weights, distances.tie)
    new, old = np.arange(part.size), np.arange(part.size, both.size)
    shares = np.concatenate([errors(block, old).mean(axis=1) for block in np.array_split(new, 1 + new.size // 512)])
    if (groups := _groups(prepared, part)) is not None:
        shares = np.bincount(groups, weights=shares) / np.bincount(groups)
    codes = prepared.data.codes
    common = np.unique(codes[stored], return_counts=True)[1] / stored.size
    plus, minus = prepared.weights
    cap = max(minus, float((plus * common + minus * (1 - common)).max()))
    value = gallery_bound(np.minimum(shares * errors.scale, cap), delta=delta, cap=cap)
    alike = float((codes[part][:, None] == codes[stored]).mean())
    new_row = "a new row" if groups is None else "a random row of a new group"
    statement = (
        f"Bounded is how often, on average, {new_row} is misjudged against these {stored.size:,} stored rows, with the stated "
        f"weights. It fails with probability at most {failing(delta)} over the held-out {'rows' if groups is None else 'groups'}, "
        "which are independent draws of one population."
    )
    recipe = {
        "theorem": "certificates.gallery",
        "statement": statement,
        "events": (("the bound fails", delta),),
        "fixed": (*_fixed(prepared, used), f"the {stored.size:,} stored rows (training and calibration part)"),
        "scale": cap,
        "exponent": float(shares.size),
    }
    return Certified(
        subset,
        Certificate(
            kind="gallery",
            quantity=f"{_quantity(prepared)} against the {stored.size:,} stored rows",
            value=value,
            error=float(shares.mean()) * errors.scale,
            constant=min(plus * alike, minus * (1 - alike)),
            rows=int(part.size),
            units=int(shares.size),
            delta=delta,
            threshold=used.threshold,
            recipe=recipe,
        ),
    )
