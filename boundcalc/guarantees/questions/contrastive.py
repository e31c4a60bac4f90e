"""What a contrastive loss says of a classifier by the classes' means."""

from __future__ import annotations

from typing import Any

import numpy as np

from boundcalc.catalogue import theorem
from boundcalc.guarantees.questions.sample import Array, Codes, Found, Sample, class_means, named_values
from boundcalc.language.ledger import Ledger
from boundcalc.show.tables import Table

__all__ = ["answer", "triplet_losses"]

_LAMS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
#: Scale of the encoder, fixed in advance.
_SCALE = 1.2


def answer(sample: Sample, *, target: float, delta: float, rng: np.random.Generator, **_: Any) -> Found:
    """Certify the loss of the mean classifier from contrastive losses, for one encoder and for all linear ones."""
    entry = theorem("saunshi2019.mean_classifier")
    rows = sample.joined(sample.blocks)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)
    means = class_means(rows[: sample.half], sample.labels[: sample.half])
    means = means[np.isfinite(means).all(axis=1)]
    axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[2][: max(1, len(means) - 1)]
    code, labels = _SCALE * rows[sample.half :] @ axes.T, sample.asked
    classes, n_t = np.unique(labels), max(1, len(labels) // 5)
    largest = 1 + 2 * _SCALE**2
    losses = triplet_losses(code, labels, classes, n_t, largest, rng)
    seen: dict[str, Any] = {"tau_c": 1 / len(classes), "Lhat_un": float(losses.mean())}
    share = Ledger.split(delta, ["triplets"]).over("values of lam", len(_LAMS))
    one, single = entry.bound("pac_bayes"), {**seen, "B_l": largest, "KL": 0, "delta": share["triplets"]}
    every = {**seen, "s": _SCALE, "B_x": 1, "q": len(axes), "delta": delta}
    sure = float(one.evaluate(n_t=n_t, lam=list(_LAMS), **single).min())
    uniform = float(entry.bound().evaluate(n_t=n_t, **every))
    observed = _mean_classifier(code, labels, classes)
    said = (
        f"A contrastive loss of {seen['Lhat_un']:.3g} over {n_t:,} triplets certifies a loss of {sure:.3g} for the mean classifier "
        f"of two labels drawn at random ({observed:.3g} observed; an encoder of zeros has 1), for this one encoder; for all linear "
        f"encoders at once {uniform:.3g}."
    )
    sizes = (
        ("one encoder, fixed before", sure, _least(one, target, [{**single, "lam": lam} for lam in _LAMS])),
        ("all linear encoders", uniform, _least(entry.bound(), target, [every])),
    )
    notes = (f"Triplets for {target:g} at this contrastive loss; - where no number of them suffices.",)
    inputs = named_values(
        sample.title,
        ("Lhat_un", "tau_c", "B_x"),
        L_sup=(observed, "loss of the mean classifier over two different labels"),
        Lhat_un=(seen["Lhat_un"], "mean contrastive loss of independent triplets of rows the encoder has not seen"),
        tau_c=(seen["tau_c"], "labels are drawn with equal chances, by design"),
        B_x=(1.0, "rows are scaled to length 1"),
    )
    return said, (Table(("encoders", "certified", "triplets"), sizes, notes=notes),), inputs


def _least(bound: Any, target: float, choices: list[dict[str, float]]) -> int | None:
    """Return the smallest number of triplets among choices fixed in advance, if one of them reaches the target."""
    found = [bound.solve_for("n_t", target=target, **choice) for choice in choices]
    sizes = [int(one.values) for one in found if bool(one.feasible)]
    return min(sizes, default=None)


def triplet_losses(
    code: Array, labels: Codes, classes: Codes, n_t: int, largest: float, rng: np.random.Generator
) -> Array:
    """Return hinge losses of triplets with labels drawn with equal chances, no row used twice.

    Where a label has run out of rows the largest loss stands, so that the mean is never below that of independent triplets.
    """
    left = {one: list(rng.permutation(np.flatnonzero(labels == one))) for one in classes}
    losses = np.full(n_t, largest)
    for place, (positive, negative) in enumerate(rng.choice(classes, (n_t, 2))):
        if len(left[positive]) >= 2 + (positive == negative) and left[negative]:
            x, same, other = left[positive].pop(), left[positive].pop(), left[negative].pop()
            losses[place] = max(0.0, 1 - code[x] @ (code[same] - code[other]))
    return losses


def _mean_classifier(code: Array, labels: Codes, classes: Codes) -> float:
    """Return the mean loss of the classes' means, over two different labels."""
    centre = {one: code[labels == one].mean(axis=0) for one in classes}
    each = [
        np.maximum(1 - code[labels == one] @ (centre[one] - centre[two]), 0).mean()
        for one in classes
        for two in classes
        if one != two
    ]
    return float(np.mean(each))
