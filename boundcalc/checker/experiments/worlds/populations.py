"""Populations and finite classes for the learning worlds: random ones, and ones on which bounds are nearly attained.

A population is a set of letters with whole-number weights. A class is a table of scores, one function per row; function
h * G + g is head h on encoder g, and subset N has the first encoders, then M, then all modalities.
"""

from __future__ import annotations

import numpy as np

from boundcalc.checker.experiments.experiment import Instance

__all__ = ["bernoulli", "memorisers", "random_class"]


def _instance(weights, scores, sizes, *, rho=1, scale=1, slack=0, heads=1, start=0, labels=None) -> Instance:
    scores = np.asarray(scores, dtype=np.int64)
    return {
        "weights": np.asarray(weights, dtype=np.int64),
        "scores": scores,
        "labels": np.ones(scores.shape[1:], dtype=np.int64) if labels is None else labels,
        "heads": np.asarray(heads),
        "encoders": np.asarray(sizes),
        "rho": np.asarray(rho),
        "scale": np.asarray(scale),
        "slack": np.asarray(slack),
        "start": np.asarray(start),
    }


def _cells(letters: int, pairwise: bool) -> np.ndarray:
    """Return the cell of each pair (all equally likely, the same for both orders), or of each example."""
    z = np.arange(letters)
    return (z[:, None] + z[None, :]) % letters if pairwise else z


def random_class(rng: np.random.Generator, *, pairwise: bool, letters: int, slack: bool) -> Instance:
    """Return a random population, two heads on three encoders, and scores around the margin."""
    heads, encoders = 2, 3
    shape = (letters, letters) if pairwise else (letters,)
    rho = int(rng.integers(1, 3))
    group = rng.integers(0, 2, letters)
    labels = np.where(group[:, None] == group[None, :], 1, -1) if pairwise else 2 * group - 1
    return _instance(
        rng.integers(1, 5, letters),
        rng.integers(-rho, rho + 2, (heads * encoders, *shape)),
        [*np.sort(rng.integers(1, encoders + 1, 2)), encoders],
        rho=rho,
        scale=int(rng.integers(1, 4)),
        slack=int(rng.choice([0, 1, 2, 8])) if slack else 0,
        heads=heads,
        start=int(rng.integers(0, heads)) * encoders,
        labels=labels,
    )


def bernoulli(rng: np.random.Generator, *, pairwise: bool, letters: int, opposite: bool) -> Instance:
    """Return one function whose loss is 0 or 1; with ``opposite`` a second one, outside N, whose loss is 1 minus it."""
    wrong = _cells(letters, pairwise) < rng.integers(letters // 2 if opposite else 1, letters)
    scores = [np.where(wrong, 0, 1), np.where(wrong, 1, 0)] if opposite else [np.where(wrong, 0, 1)]
    sizes = {False: (1, 1, 1), True: (1, int(rng.integers(1, 3)), 2)}[opposite]
    return _instance(np.ones(letters), scores, sizes, scale=int(rng.integers(1, 3)))


def memorisers(rng: np.random.Generator, *, pairwise: bool, letters: int, kind: int, first_alone: bool) -> Instance:
    """Return functions that each know one cell.

    Kind 0: function j has loss 1 except on its own cell. Kind 1: on a part of the cells, with its mirror image (loss 0
    except on its own cell). Kind 2: on a part of the cells, behind a first function that has loss 1 on that part only.
    ``first_alone`` puts only the first function into N. Kind 3: as kind 0, behind a first function that is always right.
    """
    cells = _cells(letters, pairwise)
    share = {0: 1.0, 1: 0.5, 2: rng.uniform(0.1, 0.3), 3: 1.0}[kind]
    active = max(1, round(share * letters))
    knows = np.stack([cells == j for j in range(active)])
    rows = {
        0: [*knows],
        1: [*knows, *~knows],
        2: [cells >= active, *knows],
        3: [cells >= 0, *knows],
    }[kind]
    scores = np.stack([np.where(row, 1, 0) for row in rows])
    count = len(scores)
    return _instance(np.ones(letters), scores, (1 if first_alone else count, count, count))
