"""New rows against stored ones: given the stored rows, how often each new row is misjudged is one i.i.d. number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boundcalc.certification.certificate import Certificate
from boundcalc.certification.sources import numbers
from boundcalc.certification.values import gallery_bound
from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems
from boundcalc.show.rounding import failing
from boundcalc.trainer.data.labels import encode_labels
from boundcalc.trainer.data.prepare import balanced_weights

__all__ = ["certify_gallery"]


def certify_gallery(
    *,
    distance: ArrayLike,
    y: ArrayLike,
    stored: ArrayLike,
    threshold: float,
    delta: float = 0.05,
    weights: Any = "balanced",
    tie: float = 0.0,
) -> Certificate:
    """Certify how often a new row is misjudged against the stored rows, by betting.

    Parameters
    ----------
    distance : array_like of shape (n, N)
        Of held-out rows with stored ones.
    y : array_like of shape (n,)
        Labels of the held-out rows.
    stored : array_like of shape (N,)
        Labels of the stored rows: training and calibration rows.
    threshold : float
        Fixed before the held-out rows are looked at; a tie is an error.
    delta : float
    weights : "balanced", (w_pos, w_neg) or None
        "balanced": those of the stored rows.
    tie : float
        Distances this close to the threshold count as ties.

    Returns
    -------
    Certificate

    Examples
    --------
    >>> import numpy as np
    >>> y, stored = np.arange(300) % 3, np.arange(30) % 3
    >>> found = certify_gallery(distance=abs(y[:, None] - stored) * 1.0, y=y, stored=stored, threshold=0.5)
    >>> found.error, found.vacuous
    (0.0, False)
    """
    problems = Problems("gallery")
    matrix = numbers("distance", distance, ndim=2)
    labels, kinds, codes = encode_labels(y, problems)
    old, old_kinds, old_codes = encode_labels(stored, problems)
    problems.number("threshold", threshold)
    problems.number("delta", delta, low=0, high=1, open_low=True, open_high=True)
    problems.raise_if_any()
    if matrix.shape != (labels.size, old.size) or not labels.size or not old.size:
        raise InvalidInputError(f"distance has shape {matrix.shape}: expected ({labels.size}, {old.size}), y by stored")
    if isinstance(weights, str) and weights == "balanced":
        weights = balanced_weights(old_codes)
    positive, negative = (1.0, 1.0) if weights is None else weights
    for name, weight in (("w_pos", positive), ("w_neg", negative)):
        problems.number(name, weight, low=0)
    problems.require(max(positive, negative) > 0, "weights: one must be above 0")
    problems.raise_if_any()
    same = kinds[codes][:, None] == old_kinds[old_codes]
    wrong = np.where(same, positive * (matrix >= threshold - tie), negative * (matrix <= threshold + tie))
    shares = np.append(np.bincount(old_codes) / old.size, 0.0)  # a new row may have a label that no stored one has
    cap = float((positive * shares + negative * (1.0 - shares)).max()) * (1.0 + 1e-12)
    misjudged = np.minimum(wrong.mean(axis=1), cap)
    alike = same.mean(axis=1)
    return Certificate(
        kind="gallery",
        quantity=f"{'pair error' if weights is None else 'weighted pair error'} against the stored rows",
        value=gallery_bound(misjudged, delta=delta, cap=cap),
        error=float(misjudged.mean()),
        constant=float(min(positive * alike.mean(), negative * (1.0 - alike.mean()))),
        rows=labels.size,
        units=labels.size,
        delta=delta,
        threshold=threshold,
        recipe={
            "theorem": "certificates.gallery",
            "statement": f"Bounded is the mean weight of wrongly judged pairs of one new row with the {old.size:,} stored rows, "
            f"with weights {positive:.4g} (same) and {negative:.4g} (different). It fails with probability at most "
            f"{failing(delta)} over the held-out rows, which are taken as independent draws of one population.",
            "events": (("the bound fails", delta),),
            "fixed": (f"the stored rows and the threshold {threshold:.6g}", f"delta = {delta:g}"),
            "exponent": labels.size / 2.0,
            "scale": cap,
            "weights": (positive, negative),
        },
    )
