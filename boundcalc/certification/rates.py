r"""False-match rate, false-non-match rate, precision and F1 at a threshold, and thresholds that reach a rate.

A rate is a ratio of two means over pairs; that it is at most u is the same as E Y <= y_0 for some Y in [0, 1] on pairs, so
(h_Y)/(1 - kappa y_0)^N is an e-value where the rate is u. It does not fall in u while kappa stays: u is bounded by bisection.

A threshold for a false-match rate: Y grows with t, so where the first threshold with a worse rate fails, all later ones do:
each is tested at the full delta, and the largest found that passes is kept (fixed sequence testing, by bisection). A
threshold for a precision starts where the calibration rows give most evidence and goes up from there, until the first that
fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.arithmetic.entropy_points import kl_at
from boundcalc.certification.bijections import SPLITS, exponent, half_batches
from boundcalc.certification.certificate import Certificate
from boundcalc.certification.dependence import signs_of_dependence
from boundcalc.certification.draws import Batch, Kernel
from boundcalc.certification.kernels import QUANTITIES, PairErrors, averaged, members_of, within
from boundcalc.certification.measured import PairSums, pair_sums
from boundcalc.certification.reading import Request
from boundcalc.certification.search import LARGEST_KAPPA, Sample, risk_bound
from boundcalc.certification.sources import Distances
from boundcalc.errors import InfeasibleError
from boundcalc.show.rounding import failing, outwards

__all__ = ["RateKernel", "certify_rate", "rate_bound"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Rows whose distances are tried as thresholds, and how many thresholds are tried for a precision.
_CANDIDATE_ROWS = 1_000
_STEPS = 100


@dataclass(frozen=True)
class RateKernel:
    """Y for one rate: its mean is at most ``claim`` exactly where the rate is at most ``rate``.

    Attributes
    ----------
    distances : Distances
    codes : ndarray of int
    threshold : float
    name : {"fmr", "fnmr", "precision", "f1"}
    rate : float
        The rate claimed: an upper end for the first two, a lower one for the others.
    """

    distances: Distances
    codes: Rows
    threshold: float
    name: str
    rate: float

    @property
    def claim(self) -> float:
        """y_0."""
        if self.name == "f1":
            loss = 1.0 - self.rate
            return 2.0 * loss / (1.0 + loss)
        return 1.0 - self.rate if self.name == "precision" else self.rate

    @property
    def levels(self) -> Array:
        """All values of Y."""
        return np.unique([0.0, self.claim, 1.0])

    def __call__(self, rows: Rows, others: Rows) -> Array:
        """Return Y of rows with rows."""
        between = self.distances.between(rows, others)
        same = self.codes[rows][:, None] == self.codes[others]
        matched = between <= self.threshold + self.distances.tie
        missed = between >= self.threshold - self.distances.tie
        if self.name == "fmr":
            return np.where(same, self.claim, matched)
        if self.name == "fnmr":
            return np.where(same, missed, self.claim)
        if self.name == "precision":
            called = between <= self.threshold - self.distances.tie
            return np.where(same, np.where(called, 0.0, self.claim), np.where(matched, 1.0, self.claim))
        return np.where(same, missed, np.where(matched, 1.0, self.claim))


def rate_bound(
    distances: Distances,
    codes: Rows,
    threshold: float,
    *,
    name: str,
    delta: float,
    members: list[Rows] | None = None,
    splits: int = SPLITS,
    rng: np.random.Generator,
) -> float:
    """Return the bound of a rate at a threshold fixed in advance: an upper one, of precision and F1 a lower one.

    Parameters
    ----------
    distances : Distances
    codes : ndarray of int, shape (n,)
    threshold : float
    name : {"fmr", "fnmr", "precision", "f1"}
    delta : float
        In (0, 1).
    members : list of ndarray of int, optional
        The rows of each group.
    splits : int
    rng : numpy.random.Generator
    """
    units = codes.size if members is None else len(members)
    batches = half_batches(units, splits=splits, rng=rng)
    lower = name in ("precision", "f1")
    # The end that passes needs no test: a rate is at most 1, and at least 0.
    passes, fails = (0.0, 1.0) if lower else (1.0, 0.0)
    while abs(passes - fails) > 1e-4 * max(passes, fails):
        middle = 0.5 * (passes + fails)
        if _passes(RateKernel(distances, codes, threshold, name, middle), batches, members, delta):
            passes = middle
        else:
            fails = middle
    return passes


def rate_at(
    distances: Distances,
    codes: Rows,
    threshold: float,
    *,
    name: str,
    delta: float,
    groups: Rows | None,
    fixed: tuple[str, ...],
    at: str = "",
    splits: int = SPLITS,
    rng: np.random.Generator,
    cautions: tuple[str, ...] = (),
) -> Certificate:
    """Certify a rate at a threshold fixed in advance.

    Parameters
    ----------
    distances : Distances
    codes, groups : ndarray of int, shape (n,)
    threshold : float
    name : {"fmr", "fnmr"}
    delta : float
    fixed : tuple of str
        What was fixed in advance, in words.
    at : str
        What is to be said of the threshold.
    splits : int
    rng : numpy.random.Generator
    cautions : tuple of str
    """
    members = None if groups is None else members_of(groups)
    value = rate_bound(distances, codes, threshold, name=name, delta=delta, members=members, splits=splits, rng=rng)
    sums = pair_sums(distances, codes, threshold, groups=groups)
    whose, wrong = ("different", "called the same") if name == "fmr" else ("same", "missed")
    statement = (
        f"Bounded is the share of {whose} pairs that are {wrong}, at the threshold{at}. It fails with probability at most "
        f"{failing(delta)} over the held-out {'rows' if groups is None else 'groups'}, which are independent draws of one "
        "population."
    )
    units = codes.size if members is None else len(members)
    recipe = {
        "theorem": "certificates.error_rates",
        "statement": statement,
        "events": (("the bound fails", delta),),
        "fixed": fixed,
        "kappa": LARGEST_KAPPA,
        "scale": 1.0,
        "exponent": float(units // 2),
        "splits": splits,
    }
    return Certificate(
        kind="rate",
        quantity=QUANTITIES[name],
        value=value,
        error=sums.match_rate if name == "fmr" else sums.non_match_rate,
        constant=1.0,
        rows=int(codes.size),
        units=int(units),
        delta=delta,
        threshold=float(distances.sign * threshold),
        recipe=recipe,
        cautions=cautions,
    )


def _passes(
    kernel: RateKernel, batches: list[Batch], members: list[Rows] | None, delta: float, kappa: float = LARGEST_KAPPA
) -> bool:
    """Whether the claim of a kernel is certified: worse rates are rejected at delta."""
    if not 0.0 < kernel.claim < 1.0:
        return False
    between: Kernel = kernel if members is None else averaged(kernel, members)
    sample = Sample(batches, between, 1.0, exponent(batches))
    return risk_bound(sample, delta=delta, kappa=kappa)[0] <= kernel.claim


def certify_rate(request: Request) -> Certificate:
    """Find a threshold whose false-match rate or precision is certified.

    Raises
    ------
    InfeasibleError
        If no threshold passes.
    """
    ((name, rate),) = request.threshold.items()
    distances, members = request.distances, request.members
    assert distances is not None
    units = request.codes.size if members is None else len(members)
    batches = half_batches(units, splits=request.splits, rng=request.rng)
    kappa = LARGEST_KAPPA if request.kappa is None else request.kappa

    def passes(threshold: float) -> bool:
        kernel = RateKernel(distances, request.codes, threshold, name, rate)
        return _passes(kernel, batches, members, request.delta, kappa)

    threshold = _largest(request, passes) if name == "fmr" else _last(_upwards(request, rate), passes)
    if threshold is None:
        raise InfeasibleError(_why_none(request, name, rate, units), context="certify")
    sums = pair_sums(distances, request.codes, threshold, groups=request.groups)
    return _rate_certificate(request, name, rate, threshold, sums, units, pairs=exponent(batches), kappa=kappa)


def _why_none(request: Request, name: str, rate: float, units: int) -> str:
    """Say what is in the way of a rate: too few rows even without an error, or what is measured at the first threshold."""
    distances, unit = request.distances, "rows" if request.members is None else "groups"
    assert distances is not None
    loss, level = (rate if name == "fmr" else 1.0 - rate), 2.0 * math.log(1.0 / request.delta)
    said = f"threshold={{{name!r}: {rate:g}}}: no threshold can be certified on {units:,} {unit}; "
    first = float(_different(request)[0] if name == "fmr" else _upwards(request, rate)[0])
    sums = pair_sums(distances, request.codes, first, groups=request.groups)
    counted, most = sums.matched + sums.same - sums.missed, sums.same
    if name == "fmr":
        counted = most = sums.different
    if not most:
        return f"{said}no pair that counts is {'different' if name == 'fmr' else 'the same'}"

    def needed(found: float, counted: float) -> str:
        return f"{math.ceil(level / kl_at(found, loss) * (sums.same + sums.different) / counted):,} {unit} (estimated)"

    if units < level / loss:
        return f"{said}even without an error it takes about {needed(0.0, most)}"
    said += f"at {distances.sign * first:.6g}, the first that was tried, "
    if not counted:
        return f"{said}no pair is called the same"
    found = sums.matched / counted
    said += f"it is measured {found if name == 'fmr' else 1.0 - found:.3g}, "
    if found >= loss:
        return f"{said}and no number of {unit} would do there"
    return f"{said}which takes about {needed(found, counted)}"


def _different(request: Request) -> Array:
    """Return the distances of different pairs among some rows, rising."""
    rows = np.arange(min(request.codes.size, _CANDIDATE_ROWS))
    codes = request.codes[rows]
    assert request.distances is not None
    return np.unique(request.distances.between(rows, rows)[codes[:, None] != codes])


def _largest(request: Request, passes: Callable[[float], bool]) -> float | None:
    """Return the largest distance of a different pair, among those of some rows, that passes."""
    tried = _different(request)
    low, high = -1, tried.size
    while high - low > 1:
        middle = (low + high) // 2
        if passes(float(tried[middle])):
            low = middle
        else:
            high = middle
    return None if low < 0 else float(tried[low])


def _upwards(request: Request, rate: float) -> Array:
    """Return thresholds from where the calibration rows give most evidence of a precision upwards."""
    assert request.calibration is not None
    distances, same, stands = request.calibration.off_diagonal()
    order = np.argsort(distances, kind="stable")
    distances, evidence = distances[order], np.cumsum((stands * np.where(same, 1.0 - rate, -rate))[order])
    above = distances[int(np.argmax(evidence)) :]
    return np.unique(above[np.linspace(0, above.size - 1, _STEPS).astype(int)])


def _last(thresholds: Array, passes: Callable[[float], bool]) -> float | None:
    """Return the last threshold before the first that fails."""
    last = None
    for threshold in thresholds:
        if not passes(float(threshold)):
            break
        last = float(threshold)
    return last


def _missed(request: Request, threshold: float, sums: PairSums) -> float:
    """Return the measured share of same pairs that are missed; where labels are the groups, of pairs within a group."""
    if sums.same or request.members is None or request.distances is None:
        return sums.non_match_rate
    distances = request.distances
    errors = PairErrors(distances.between, request.codes, threshold, (1.0, 0.0), distances.tie)
    return float(within(errors, request.members).mean())


def _rate_certificate(
    request: Request,
    name: str,
    rate: float,
    threshold: float,
    sums: PairSums,
    units: int,
    *,
    pairs: float,
    kappa: float,
) -> Certificate:
    false_discoveries = sums.matched / max(sums.matched + sums.same - sums.missed, 1.0)
    fmr = name == "fmr"
    assert request.distances is not None
    shown, missed = float(request.distances.sign * threshold), _missed(request, threshold, sums)
    # A stricter threshold has no larger false-match rate; of a precision only the very threshold is certified.
    said = f"{outwards(shown, '>=' if request.distances.sign > 0 else '<=', digits=6):.6g}" if fmr else repr(shown)
    unit, drawn = "row", "the population"
    if request.groups is not None:
        unit, drawn = "group", "pairs of a random row each of two new independent groups"
    what = (
        "the share of different pairs that are called the same"
        if fmr
        else "the share of same pairs among those called the same"
    )
    order = (
        "of which no looser one passes more easily"
        if fmr
        else "from one that the calibration rows chose to looser ones"
    )
    recipe: dict[str, Any] = {
        "theorem": "certificates.error_rates",
        "statement": f"Bounded is {what}, over {drawn}, at the threshold {said}: thresholds, {order}, were tested at delta "
        f"each, and the last that passed was kept. It fails with probability at most {failing(request.delta)} over the held-out "
        f"{unit}s, which are taken as independent draws of one population, unseen by the model. Same pairs missed there: "
        f"{100 * missed:.3g} % (measured, not certified).",
        "events": (("a threshold with a worse rate passes", request.delta),),
        "fixed": (*request.fixed, f"the rate {rate:g}"),
        "kappa": kappa,
        "scale": 1.0,
        "exponent": pairs,
        "splits": request.splits,
        "non_match_rate": missed,
        "match_rate": sums.match_rate,
    }
    return Certificate(
        kind="match_rate" if fmr else "precision",
        quantity=QUANTITIES["fmr"] if fmr else "precision",
        value=rate,
        error=sums.match_rate if fmr else 1.0 - false_discoveries,
        constant=1.0 - missed if fmr else sums.share_same,
        rows=request.codes.size,
        units=units,
        delta=request.delta,
        threshold=shown,
        recipe=recipe,
        cautions=signs_of_dependence(request),
    )
