"""How well fixed encoders tell which items of two modalities belong together: transport certificates of cross-modal errors.

An item has a row in either modality, D_ij is the distance of item i's first row to item j's second. Items are i.i.d., so the
mean over pairs of items of a kernel made of D_ii, D_jj, D_ij, D_ji is what Theorem T bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.certification.bijections import SPLITS
from boundcalc.certification.certificate import Certificate
from boundcalc.certification.kernels import Derived
from boundcalc.certification.search import population_bound
from boundcalc.certification.sources import numbers
from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems, as_generator
from boundcalc.show.rounding import failing

__all__ = ["certify_matching", "confusion"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

_QUANTITIES = {
    "match_error": "weighted error of calling items of two modalities a match",
    "false_match_rate": "share of foreign items that are called a match",
    "miss_rate": "share of partners that are not called a match",
    "recall": "share of queries whose partner is not the nearest of {k} items",
}


def certify_matching(
    *,
    distance: ArrayLike,
    quantity: str = "match_error",
    threshold: float | None = None,
    weights: tuple[float, float] = (0.5, 0.5),
    k: int = 2,
    delta: float = 0.05,
    tie: float = 0.0,
    kappa: float | None = None,
    splits: int = SPLITS,
    rng: Any = 0,
) -> Certificate:
    """Certify errors of cross-modal matching on new items, from held-out items whose partners are known.

    Parameters
    ----------
    distance : array_like of shape (n, n)
        Of item i's row in the first modality to item j's in the second; n >= 4 items that encoders, threshold and their
        settings have not seen.
    quantity : {"match_error", "false_match_rate", "miss_rate", "recall"}
        "match_error" is w_pos times the miss rate plus w_neg times the false-match rate. "recall" is 1 - recall@1 among k
        items, the mean over both directions; it needs no threshold.
    threshold : float, optional
        A pair is called a match below it; a tie is an error of either kind. Fixed before these items are looked at.
    weights : (w_pos, w_neg)
        Of the match error; fixed in advance.
    k : int
        Items that a query is looked up among, its partner one of them; at least 2.
    delta : float
    tie : float
        Distances this close count as ties.
    kappa, splits, rng :
        As for :func:`boundcalc.certify`.

    Returns
    -------
    Certificate
        ``needed(target)`` estimates how many held-out items a smaller value takes.

    Raises
    ------
    InvalidInputError
        On bad input.

    Notes
    -----
    A query misses its partner among k items if one of the k - 1 others is as near: at most k - 1 times the chance that one
    random other item is (union bound), which is a mean over pairs of items.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> distance = np.square(x[:, None] - x - 0.01).sum(axis=2)
    >>> found = certify_matching(distance=distance, threshold=0.05)
    >>> found.vacuous, found.value < 0.05
    (False, True)
    """
    problems = Problems("certify_matching")
    problems.one_of("quantity", quantity, tuple(_QUANTITIES))
    problems.require(
        quantity == "recall" or threshold is not None, f"quantity={quantity!r} needs a threshold, fixed in advance"
    )
    if threshold is not None:
        problems.number("threshold", threshold)
    problems.number("delta", delta, low=0, high=1, open_low=True, open_high=True)
    problems.number("tie", tie, low=0)
    problems.integer("k", k, low=2)
    problems.integer("splits", splits, low=1)
    if kappa is not None:
        problems.number("kappa", kappa, low=0, high=1, open_low=True, open_high=True)
    if problems.require(len(weights) == 2, f"weights={weights!r}: expected (w_pos, w_neg)"):
        for name, value in zip(("w_pos", "w_neg"), weights, strict=True):
            problems.number(f"weights: {name}", value, low=0, open_low=True)
    problems.raise_if_any()
    table = numbers("distance", distance, ndim=2)
    n = len(table)
    if table.shape != (n, n) or n < 4:
        raise InvalidInputError(
            f"distance has shape {table.shape}: expected (n, n), n >= 4 items", context="certify_matching"
        )
    positive, negative = {"match_error": weights, "false_match_rate": (0.0, 1.0), "miss_rate": (1.0, 0.0)}.get(
        quantity, (1.0, 1.0)
    )
    scale, constant = float(positive + negative), float(min(weights) if quantity == "match_error" else 1.0)
    if quantity == "recall":
        kernel, scale, constant = confusion(table, tie), float(k - 1), 1.0 - 1.0 / k
    else:
        kernel = _wrong(table, float(threshold), tie, positive / scale, negative / scale)  # type: ignore[arg-type]
    bound, at, sample = population_bound(
        kernel, n, weights=(scale, scale), scale=scale, delta=delta, kappa=kappa, splits=splits, rng=as_generator(rng)
    )
    everything = kernel(np.arange(n), np.arange(n))
    measured = scale * float(everything.sum() - np.trace(everything)) / (n * (n - 1))
    fixed = "the encoders" if quantity == "recall" else f"the encoders and the threshold {threshold:.6g}"
    counted = ", as k - 1 times the chance that one other item is as near" if quantity == "recall" else ""
    return Certificate(
        kind="transport",
        quantity=_QUANTITIES[quantity].format(k=k),
        value=min(1.0, bound) if quantity == "recall" else bound,
        error=measured,
        constant=constant,
        rows=n,
        units=n,
        delta=delta,
        threshold=threshold,
        recipe={
            "theorem": "certificates.transport",
            "statement": f"Bounded is the {_QUANTITIES[quantity].format(k=k)}, for new items of the same population{counted}. "
            f"It fails with probability at most {failing(delta)} over the held-out items, which are taken as independent draws "
            "of one population, unseen by the encoders.",
            "events": (("the bound fails", delta),),
            "fixed": (fixed, f"delta = {delta:g}"),
            "kappa": at,
            "scale": scale,
            "exponent": sample.exponent,
            "splits": splits,
        },
    )


def _wrong(table: Array, threshold: float, tie: float, positive: float, negative: float) -> Derived:
    """Return the kernel w_pos (miss_i + miss_j)/2 + w_neg (match_ij + match_ji)/2."""
    miss = np.diagonal(table) >= threshold - tie

    def kernel(rows: Rows, others: Rows) -> Array:
        match = (table[rows[:, None], others] <= threshold + tie) * 0.5 + 0.5 * (
            table[others[:, None], rows].T <= threshold + tie
        )
        return positive * 0.5 * (miss[rows][:, None] + 1.0 * miss[others]) + negative * match

    halves = np.arange(3) / 2.0
    return Derived(kernel, np.unique(positive * halves[:, None] + negative * halves))


def confusion(table: Array, tie: float = 0.0) -> Derived:
    """Return the share, of the four queries of two items, that find the other item as near as their partner."""
    own = np.diagonal(table) + tie

    def kernel(rows: Rows, others: Rows) -> Array:
        there, back = table[rows[:, None], others], table[others[:, None], rows].T
        left, right = own[rows][:, None], own[others]
        return 0.25 * np.sum([there <= left, back <= left, there <= right, back <= right], axis=0)

    return Derived(kernel, np.arange(5) / 4.0)
