"""Is a modality worth adding: its gain certified on the pilot's hold-out rows, expected from so many, or not expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boundcalc.certification.bijections import SPLITS, exponent, half_batches
from boundcalc.certification.deviation import rows_needed
from boundcalc.certification.kernels import gain_above, gain_kernel
from boundcalc.certification.search import LARGEST_KAPPA, Evaluator, Sample
from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.language.ledger import Ledger, check_delta
from boundcalc.planner.moments import NINE_IN_TEN
from boundcalc.planner.trained import Model

__all__ = ["Worth", "rows_for_gain", "steps_in", "worth_of"]

#: Held-out rows whose pairs give the variance of a gain.
_ROWS = 1_500


@dataclass(frozen=True)
class Worth:
    """What adding one modality is worth, in the share of wrongly judged pairs.

    Attributes
    ----------
    modality, to : str
        What is added to which subset.
    gain, low, high : float
        By how much the error is smaller on the pilot's held-out rows, with nine-in-ten limits: an estimate.
    bound : float
        The gain is at least this, for all steps between candidates at once, with probability 1 - delta.
    certified : bool
        Whether the gain is certified to be positive (Holm over all steps between candidates).
    rows : int or None
        Held-out rows from which such a gain would be certified at delta on its own; None where it is not expected: the limits
        leave open whether there is one.
    """

    modality: str
    to: str
    gain: float
    low: float
    high: float
    bound: float
    certified: bool
    rows: int | None

    @property
    def verdict(self) -> str:
        """The answer in words."""
        if self.certified:
            return "certified now"
        return "not expected" if self.rows is None else f"expected from {self.rows:,} held out"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "verdict": self.verdict}


def rows_for_gain(gain: float, *, variance: float, delta: float = 0.05) -> int:
    """Return about how many held-out rows certify that a gain is positive: d > x(1 + d)/m + zeta_1/(1 + d).

    Parameters
    ----------
    gain : float
        d in (0, 1], in the share of wrongly judged pairs.
    variance : float
        zeta_1 of the difference of the two models' errors.
    delta : float

    Raises
    ------
    InfeasibleError
        If the gain is not positive.
    InvalidInputError
        On other bad input.

    Examples
    --------
    >>> rows_for_gain(0.05, variance=0.002)
    131
    """
    if not (gain <= 1 and 0 <= variance <= 1):
        raise InvalidInputError(f"gain = {gain!r}, variance = {variance!r}: expected gain <= 1 and variance in [0, 1]")
    if gain <= 0:
        raise InfeasibleError(f"gain = {gain:g} is not positive: no number of rows can be expected to certify it")
    level = -math.log(check_delta(delta))
    # Certified is that Y = (1 - X)/2 has a mean below 1/2.
    return math.ceil(2.0 * rows_needed(0.5 * gain, level=level, room=0.5 * (1.0 + gain), variance=0.25 * variance))


def steps_in(candidates: Iterable[str], *, modalities: int, searched: int) -> int:
    """Return between how many pairs of candidates one modality makes the difference.

    Parameters
    ----------
    candidates : iterable of str
    modalities : int
        K: where every subset could have been recommended there are K 2^(K-1) - K such pairs.
    searched : int
    """
    if searched == 2**modalities - 1:
        return modalities * 2 ** (modalities - 1) - modalities
    known = {frozenset(label.split("+")) for label in candidates}
    return sum(one - {name} in known for one in known for name in one)


def worth_of(models: Mapping[str, Model], best: str, *, steps: int, delta: float) -> tuple[Worth, ...]:
    """Return what each modality of the recommended subset, and each other one, is worth.

    Parameters
    ----------
    models : mapping of str to Model
        Trained on one split: the recommended subset and its neighbours.
    best : str
    steps : int
        Pairs of candidates between which the comparison could have been made: the price of the choice.
    delta : float
    """
    chosen = set(best.split("+"))
    pairs = [(one, best) if set(one.split("+")) < chosen else (best, one) for one in models if one != best]
    tested = [_compared(models[small], models[large]) for small, large in pairs]
    ledger = Ledger.split(delta, ["gain"]).over("steps", max(steps, len(pairs), 1))
    passed = _holm([one[2] for one in tested], steps=max(steps, len(pairs), 1), delta=delta)
    found = []
    for (small, large), (gain, variance, bound), certified in zip(pairs, tested, passed, strict=True):
        (modality,) = set(large.split("+")) - set(small.split("+"))
        prepared = models[best].prepared
        part = prepared.units(prepared.split.holdout)
        spread = NINE_IN_TEN * math.sqrt(4.0 * variance / part)
        rows = rows_for_gain(gain, variance=variance, delta=delta) if gain > spread else None
        limits = gain - spread, gain + spread
        found.append(Worth(modality, small, gain, *limits, bound(ledger["gain"]), certified, rows))
    return tuple(found)


def _holm(bounds: Sequence[Any], *, steps: int, delta: float) -> list[bool]:
    """Return which gains are positive by Holm's step-down test; steps that were not compared count as failing."""
    passed = [False] * len(bounds)
    while True:
        level = (
            Ledger.split(delta, ["gain"]).over("steps", steps - sum(passed))["gain"] if steps > sum(passed) else delta
        )
        new = [not done and bound(level) > 0 for done, bound in zip(passed, bounds, strict=True)]
        if not any(new):
            return passed
        passed = [done or fresh for done, fresh in zip(passed, new, strict=True)]


def _compared(small: Model, large: Model) -> tuple[float, float, Any]:
    """Return gain, zeta_1 of the difference, and the certified gain as a function of its level."""
    part = large.prepared.split.holdout
    units = large.prepared.units(part)
    kernel = gain_kernel(large.errors(part), small.errors(part))
    between = large.between(part, kernel)
    sample_rows = np.arange(min(units, _ROWS))
    difference = 1.0 - 2.0 * between(sample_rows, sample_rows)
    np.fill_diagonal(difference, 0.0)
    n = sample_rows.size
    gain = float(difference.sum()) / (n * (n - 1))
    sums = difference.sum(axis=1)
    triple = float(sums @ sums - np.square(difference).sum()) / max(n * (n - 1) * (n - 2), 1)
    batches = half_batches(units, splits=SPLITS, rng=np.random.default_rng(0))
    evaluator = Evaluator(Sample(batches, between, 1.0, exponent(batches)))
    log_h = evaluator.log_h(LARGEST_KAPPA)

    def bound(level: float) -> float:
        return gain_above(evaluator.upper(log_h, kappa=LARGEST_KAPPA, log_delta=math.log(level)))

    return gain, max(triple - gain**2, 0.0), bound
