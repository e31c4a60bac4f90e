"""Draws for i.i.d. units: all bijections between two random halves."""

from __future__ import annotations

import numpy as np

from boundcalc.certification.draws import Batch, Block, Draw

__all__ = ["SPLITS", "exponent", "half_batches", "halves"]

#: Random splits that are averaged: more gain nothing.
SPLITS = 20

#: Up to so many units are one batch; beyond, batches have about ``BATCH`` units.
LARGEST_BATCH = 1_000
BATCH = 360
#: From so many units on, an odd one is left out: a triangle's three pairs then cost more than half a pair adds.
TRIANGLE_BELOW = 30


def half_batches(count: int, *, splits: int, rng: np.random.Generator) -> list[Batch]:
    """Return the draws of every batch: functions of the number of units and the seed alone.

    Parameters
    ----------
    count : int
        Units, at least 2.
    splits : int
        Draws in each batch.
    rng : numpy.random.Generator
        One batch of an even number is halved by ``rng.permutation(count)``, first half against second, once for each
        split. Several batches are cut from one permutation first.
    """
    if count <= LARGEST_BATCH:
        parts = [np.arange(count)]
    else:
        number = round(count / BATCH)
        # Even sizes, all but the last.
        parts = np.split(rng.permutation(count), 2 * (np.arange(1, number) * (count // 2) // number))
    return [Batch(part, part, tuple(halves(part.size, rng=rng) for _ in range(splits))) for part in parts]


def exponent(batches: list[Batch]) -> float:
    """Return N with E h <= (1 - kappa r/c)^N: the pairs of one draw of each batch, a triangle's at their powers."""
    first = [batch.draws[0] for batch in batches]
    return float(sum(sum(b.rows.size for b in draw.blocks) + draw.loose_power * len(draw.loose) for draw in first))


def halves(count: int, *, rng: np.random.Generator) -> Draw:
    """Return one draw: all bijections between two random halves.

    Of a small odd number three units form a triangle whose pairs have power 1/2 each: then E h <= (1 - kappa r/c)^{n/2}
    as well (Finner). Of a larger one a random unit is left out.
    """
    order = rng.permutation(count)
    triangle = count % 2 == 1 and count < TRIANGLE_BELOW
    half = (count - 3 * triangle) // 2
    first, second, third = order[:half], order[half : 2 * half], order[2 * half :]
    loose = third[[[0, 1], [1, 2], [2, 0]]] if triangle else np.empty((0, 2), dtype=np.intp)
    return Draw((Block(first, second),) if half else (), loose)
