"""A list of pairs: rows that recur make pairs dependent, which Finner's lemma pays for by the largest weighted degree."""

from __future__ import annotations

import numpy as np

from boundcalc.certification.certificate import Certificate
from boundcalc.certification.reading import Request
from boundcalc.certification.values import kl_bound
from boundcalc.errors import InvalidInputError
from boundcalc.show.rounding import failing

__all__ = ["certify_listed"]


def certify_listed(request: Request) -> Certificate:
    """Certify the weighted error over a list of pairs of independent rows (the kl form of Finner's lemma)."""
    listed = request.listed
    assert listed is not None
    same, different = listed.same, ~listed.same
    missed, matched = (
        listed.distances >= request.threshold - listed.tie,
        listed.distances <= request.threshold + listed.tie,
    )
    wrong = np.where(same, missed, matched)
    if request.weights is None:
        if not (same.any() and different.any()):
            raise InvalidInputError("pairs of one kind only: weights='balanced' needs both kinds")
        weight = np.where(same, 0.5 / same.sum(), 0.5 / different.sum())
    else:
        weight = np.where(same, *request.weights).astype(float)
    scale = float(weight.sum())
    weight = weight / scale
    degree = np.bincount(listed.pairs.ravel(), weights=np.repeat(weight, 2))
    pairs = float(1.0 / degree.max()) * (1.0 - 1e-12)
    error = float(weight @ wrong)
    total = 1.0 if request.weights is None else scale / same.size
    value = kl_bound(error, pairs=pairs, delta=request.delta)
    constant = min(float(weight @ same), float(weight @ different))
    mean = "the mean of false-non-match and false-match rate" if request.weights is None else "the weighted mean error"
    return Certificate(
        kind="listed",
        quantity="balanced pair error" if request.weights is None else "pair error",
        value=value * total,
        error=error * total,
        constant=constant * total,
        rows=request.codes.size,
        units=request.codes.size,
        delta=request.delta,
        threshold=listed.sign * request.threshold,
        recipe={
            "theorem": "certificates.mix",
            "statement": f"Bounded is {mean} over a list like this one: the same {same.size:,} pairs of new rows. It fails with "
            f"probability at most {failing(request.delta)} over the rows, which are taken as independent; pairs that share rows "
            f"count as {pairs:.4g} independent ones.",
            "events": (("the bound fails", request.delta),),
            "fixed": request.fixed,
            "kappa": None,
            "exponent": pairs,
            "scale": total,
            "weights": "own mix" if request.weights is None else request.weights,
        },
    )
