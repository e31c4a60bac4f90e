"""``certify``: scores of held-out pairs in, a certificate out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.certificate import Certificate
from boundcalc.certification.dependence import signs_of_dependence
from boundcalc.certification.kernels import (
    Derived,
    PairErrors,
    averaged,
    gain_above,
    gain_kernel,
    symmetric,
    verification,
    within,
)
from boundcalc.certification.measured import PairSums, pair_sums
from boundcalc.certification.reading import Request, read_request
from boundcalc.certification.search import LARGEST_KAPPA, Sample, population_bound, risk_bound
from boundcalc.certification.strata import balanced_mix, mix_batches
from boundcalc.errors import InvalidInputError
from boundcalc.show.rounding import failing

__all__ = ["certify", "certify_request"]

Rows = NDArray[np.intp]

#: The own mix is a table of classes by classes.
_MOST_CLASSES = 2_000


def certify(
    *,
    distance: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    embeddings: ArrayLike | None = None,
    metric: str = "sqeuclidean",
    model: Any = None,
    data: Any = None,
    against: Any = None,
    pairs: ArrayLike | None = None,
    y: ArrayLike | None = None,
    threshold: Any = None,
    delta: float = 0.05,
    weights: Any = "balanced",
    groups: ArrayLike | None = None,
    kappa: float | None = None,
    splits: int = SPLITS,
    rng: np.random.Generator | int | None = 0,
    calibration: float | None = None,
    share: float = 1.0,
    running: bool = False,
    quantity: str = "pair_error",
    progress: Callable[[float], None] | None = None,
) -> Certificate:
    """Certify the pair error of a model on new pairs from held-out rows that it has not seen.

    Give exactly one of ``distance``, ``scores``, ``embeddings`` and ``model``.

    Parameters
    ----------
    distance : array_like of shape (n, n)
        Distances of held-out rows, smaller for pairs that are the same. It need not be symmetric: the statement is then
        about ordered pairs. The diagonal is not used.
    scores : array_like of shape (n, n)
        Similarities, larger for pairs that are the same.
    embeddings : array_like of shape (n, d)
        One vector for each held-out row.
    metric : {"sqeuclidean", "cosine"}
        The distance of embeddings: squared Euclidean, or 1 - cosine.
    model, data : object, (X, y)
        A trained model and held-out data: one with ``transform`` (embeddings), with ``predict_proba`` (inner products of
        class probabilities), with ``pair_score`` or ``pair_distance``, a torch module, or a callable of one argument
        (embeddings) or two (scores of aligned rows). A :class:`~boundcalc.trainer.PairwiseMetricLearner` brings its threshold,
        and without ``data`` its own hold-out.
    against : like the source
        A second model on the same rows: what is certified is by how much its error is larger.
    pairs : array_like of int, shape (P, 2)
        Only these pairs of rows count; the source may then also be one number for each pair, shape (P,).
    y : array_like of shape (n,)
        Labels; two rows are the same when their labels are equal. With ``pairs`` also booleans of shape (P,), which say of each
        pair whether it is the same (refused where there are as many rows, whose labels they could be).
    threshold : float, (float, float), mapping or None
        Pairs below it (scores: above it) are called the same; a tie is an error for both kinds of pair. A number must be
        fixed before the held-out rows are looked at; two of them are for the model and for ``against``.
        ``{"fmr": 0.01}`` finds the largest threshold whose false-match rate is certified, ``{"precision": 0.9}`` one
        whose precision is. None: the smallest balanced error on the ``calibration`` rows.
    delta : float
        The statement fails with at most this probability.
    weights : "balanced", "own", (w_pos, w_neg) or None
        "balanced" is the mean of false-non-match and false-match rate over the held-out rows' own pairs; with
        ``calibration`` its weights come from those rows and hold for the population. "own" is the former in any case.
        Numbers are fixed in advance. None is the share of wrong pairs.
    groups : array_like of shape (n,), optional
        The group that each row comes from: groups, not rows, are then independent.
    kappa : float, optional
        In (0, 1), fixed in advance. Default: a function of the risk, searched through by test inversion.
    splits : int
        Random splits that are averaged.
    rng : int, Generator or None
        Draws the splits; fixed in advance.
    calibration : float, optional
        Share of the rows that choose threshold and weights and are not counted.
    share : float
        The part of delta that this model gets: 1/J for each of J models, or any shares fixed in advance that add up to 1.
    running : bool
        Take the largest of the means over the first splits. It needs ``rng=None``, a seed that nobody chose, and one look.
    quantity : {"pair_error", "fmr", "fnmr"}
        What is certified at the threshold: the pair error, or the false-match or false-non-match rate, which has no weights.
    progress : callable, optional
        Called with the share that is done, in [0, 1).

    Returns
    -------
    Certificate

    Raises
    ------
    InvalidInputError
        On bad input, or where the statement asked for would not hold.
    InfeasibleError
        If no threshold reaches the rate that was asked for.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 3, size=200)
    >>> X = rng.normal(size=(200, 5)) + 3.0 * np.eye(3, 5)[y]
    >>> answer = certify(embeddings=X, y=y, threshold=16.0)
    >>> answer.vacuous, answer.error < answer.value < answer.constant
    (False, True)
    """
    request = read_request(**locals())
    if pairs is not None:
        from boundcalc.certification.listed import certify_listed

        return certify_listed(request)
    if isinstance(request.threshold, Mapping):
        from boundcalc.certification.rates import certify_rate

        return certify_rate(request)
    if request.quantity != "pair_error":
        from boundcalc.certification.rates import rate_at

        assert request.distances is not None
        return rate_at(
            request.distances, request.codes, request.threshold, name=request.quantity, delta=request.delta, groups=request.groups,
            fixed=request.fixed, splits=request.splits, rng=request.rng, cautions=signs_of_dependence(request),
        )  # fmt: skip
    return certify_request(request)


def certify_request(request: Request) -> Certificate:
    """Certify the error of one model, or the difference of two."""
    errors = _errors(request, other=False)
    members = request.members
    distances = request.distances
    assert distances is not None
    sums = pair_sums(distances, request.codes, request.threshold, groups=request.groups, progress=request.progress)
    if members is not None and request.weights is None and _labels_are_groups(request.codes, request.groups):
        return _verification(request, errors, members)
    kernel: PairErrors | Derived = errors
    scale, kappa, gap = errors.scale, request.kappa, None
    if request.other is not None:
        second = _errors(request, other=True)
        other = pair_sums(request.other, request.codes, request.other_threshold, groups=request.groups)
        kernel, gap = gain_kernel(errors, second), other
        kappa = LARGEST_KAPPA if kappa is None else kappa
    units = request.codes.size if members is None else len(members)
    between = kernel if members is None else averaged(kernel, members)
    if request.weights is None:
        _same_and_different(sums)
        bound, facts = _mix_bound(request, between, members)
        kind, weights = "mix", (0.5 / sums.share_same, 0.5 / (1.0 - sums.share_same))
    else:
        bound, facts = _population_bound(request, between, units, 1.0 if gap is not None else scale, kappa)
        kind, weights = "transport", request.weights
    error, constant, value = sums.error(weights), sums.constant(weights), bound
    if gap is not None:
        kind = "gain"
        width = 1.0 if request.weights is None else scale
        error, constant = gap.error(weights) - error, 0.0
        value = gain_above(bound, width)
        facts |= {"scale": width}
    return Certificate(
        kind=kind,
        quantity=_quantity(request, kind),
        value=value,
        error=error,
        constant=constant,
        rows=request.codes.size,
        units=units,
        delta=request.delta,
        threshold=distances.sign * request.threshold,
        recipe={**facts, **_words(request, kind)},
        cautions=signs_of_dependence(request),
    )


def _errors(request: Request, *, other: bool) -> PairErrors:
    distances = request.other if other else request.distances
    assert distances is not None
    return PairErrors(
        distances.between,
        request.codes,
        request.other_threshold if other else request.threshold,
        (1.0, 1.0) if request.weights is None else request.weights,
        distances.tie,
    )


def _population_bound(
    request: Request, kernel: Any, units: int, scale: float, kappa: float | None
) -> tuple[float, dict[str, Any]]:
    """Bound the weighted mean over the population by Theorem T."""
    bound, at, sample = population_bound(
        kernel, units, weights=request.weights or (1.0, 1.0), scale=scale, delta=request.delta, kappa=kappa,
        splits=request.splits, rng=request.rng, running=request.running,
    )  # fmt: skip
    return bound, _facts(request, sample, at)


def _mix_bound(request: Request, kernel: Any, members: list[Rows] | None) -> tuple[float, dict[str, Any]]:
    """Bound the mean over the hold-out's own mix of class combinations."""
    codes = request.codes
    if members is not None:
        if any((codes[rows] != codes[rows[0]]).any() for rows in members):
            raise InvalidInputError(
                "weights='balanced' conditions on labels, which here change within a group: give calibration=0.2 (balanced "
                "weights from a share of the groups), numbers, or None",
                context="certify",
            )
        codes = np.array([codes[rows[0]] for rows in members])
    codes = np.unique(codes, return_inverse=True)[1]
    counts = np.bincount(codes)
    if counts.max() < 2:
        raise InvalidInputError("no two groups have the same label: no pair of different groups is the same")
    if not all(one.symmetric for one in (request.distances, request.other) if one is not None):
        kernel = symmetric(kernel)
    if counts.size > _MOST_CLASSES:
        raise InvalidInputError(
            f"y has {counts.size:,} classes: the mix of their combinations is worked out for at most {_MOST_CLASSES:,}; give "
            "groups=y where labels are identities, or weights as numbers"
        )
    drawn = mix_batches(codes, balanced_mix(counts), splits=request.splits, rng=request.rng)
    kappa = LARGEST_KAPPA if request.other is not None and request.kappa is None else request.kappa
    sample = Sample(drawn.batches, kernel, 1.0, drawn.exponent, request.running)
    bound, at = risk_bound(sample, delta=request.delta, kappa=kappa, variance=drawn.variance)
    return min(1.0, bound + drawn.rounding), _facts(request, sample, at)


def _facts(request: Request, sample: Sample, kappa: float) -> dict[str, Any]:
    return {
        "kappa": kappa,
        "exponent": sample.exponent,
        "scale": sample.scale,
        "batches": len(sample.batches),
        "splits": request.splits,
    }


def _labels_are_groups(codes: Rows, groups: Rows | None) -> bool:
    assert groups is not None
    pairs = np.unique(np.column_stack([codes, groups]), axis=0)
    return len(pairs) == np.unique(codes).size == np.unique(groups).size


def _verification(request: Request, errors: PairErrors, members: list[Rows]) -> Certificate:
    """Certify the mean of the non-match rate within groups and the match rate between them, groups being the labels."""
    if request.other is not None:
        raise InvalidInputError("against= with labels that are the groups: no gain is defined across groups")
    inside = within(errors, members)
    distances = request.distances
    assert distances is not None
    sums = pair_sums(distances, request.codes, request.threshold, groups=request.groups)
    bound, facts = _population_bound(request, verification(errors, members), len(members), 1.0, request.kappa)
    return Certificate(
        kind="verification",
        quantity=_quantity(request, "verification"),
        value=bound,
        error=0.5 * float(inside.mean()) + 0.5 * sums.match_rate,
        constant=0.5,
        rows=request.codes.size,
        units=len(members),
        delta=request.delta,
        threshold=distances.sign * request.threshold,
        recipe={**facts, **_words(request, "verification")},
        cautions=signs_of_dependence(request),
    )


def _same_and_different(sums: PairSums) -> None:
    if not (sums.same > 0 and sums.different > 0):
        raise InvalidInputError(
            f"the counted rows have no {'different' if sums.same else 'same'} pair: weights='balanced' needs both kinds"
        )


def _quantity(request: Request, kind: str) -> str:
    name = "balanced pair error" if request.balanced else "pair error"
    if request.weights is not None and not request.balanced and request.weights != (1.0, 1.0):
        name = "weighted pair error"
    return f"gain in {name}" if kind == "gain" else name


_THEOREMS = {
    "transport": "certificates.transport",
    "mix": "certificates.mix",
    "verification": "certificates.transport",
    "gain": "certificates.gain",
}


def _words(request: Request, kind: str) -> dict[str, Any]:
    """Return what the statement says exactly, which theorem it is, and what it consumes."""
    unit = "row" if request.groups is None else "group"
    given = ""
    pair = "two new independent rows" if unit == "row" else "a random row each of two new independent groups"
    if kind == "verification":
        mean = "the mean of the non-match rate within a group (a group with one row counts 1) and the match rate between two"
    elif request.weights is None:
        each = "" if unit == "row" else ", a random row each"
        pair, given = f"pairs of new {unit}s of these classes{each}", ", given their labels"
        mean = (
            "the mean of false-non-match and false-match rate, each averaged over the class combinations as the held-out "
            f"{unit}s have them"
        )
    else:
        mean = (
            "the mean over the population of the pair's weight where it is judged wrongly, with weights "
            f"{request.weights[0]:.4g} (same) and {request.weights[1]:.4g} (different)"
        )
    target = f"{mean}, for {pair}"
    if kind == "gain":
        target = f"how much larger the other model's error is than this one's: {target}"
    ordered = any(one.ordered for one in (request.distances, request.other) if one is not None)
    order = " Pairs are ordered: the scores are not symmetric." if ordered else ""
    if request.distances is not None and request.distances.off_zero:
        order += " Rows are at a distance from themselves (similarities go into scores=); the diagonal is not used."
    statement = (
        f"Bounded is {target}. It fails with probability at most {failing(request.delta)} over the held-out {unit}s{given}; they "
        f"are taken as independent draws of one population, unseen by the model.{order}"
    )
    return {
        "theorem": _THEOREMS[kind],
        "target": target,
        "statement": statement,
        "events": (("the bound fails", request.delta),),
        "fixed": request.fixed,
        "weights": "own mix" if request.weights is None else request.weights,
    }
