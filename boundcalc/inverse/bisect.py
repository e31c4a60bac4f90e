"""Vectorised searches for the last value of a parameter at which a monotone predicate holds.

Both searches keep, in every lane, one end that fails and one that passes, and stop when they are neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST", "first_integer", "first_number"]

#: Integers beyond this are no answer: doubles cannot tell neighbours apart.
LARGEST = 2**53

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: ``excess(value, lanes)``: positive where the value misses the target, for the given lanes.
Excess = Callable[[Floats, Integers], Floats]


def first_integer(
    excess: Excess,
    fails: Floats,
    passes: Floats,
    *,
    power: float,
    over: Floats | None = None,
    under: Floats | None = None,
) -> Floats:
    """Return in each lane the passing integer next to a failing one.

    Parameters
    ----------
    excess : callable
        Nonincreasing on the way from ``fails`` to ``passes``, up to rounding.
    fails, passes : ndarray of float64
        One integer, at most 2^53, in each lane that misses the target, and one that meets it; either may be the larger.
    power : {-0.5, 0.5, 1.0}
        The excess is nearly linear in ``value**power``: the probes aim by that.
    over, under : ndarray of float64, optional
        The excess at ``fails`` and at ``passes``, where it is known already.

    Returns
    -------
    ndarray of float64
        An integer that passes, whose neighbour on the side of ``fails`` does not.
    """
    answers = passes.astype(float)
    lanes: Integers = np.arange(passes.size)
    low, high = fails.astype(float), answers.copy()
    over = excess(low, lanes) if over is None else over
    under = excess(high, lanes) if under is None else under
    # The last two probes, whichever side they are on: a line through them converges fast.
    before, last, was, now = low.copy(), high.copy(), over, under
    turn = 0
    while True:
        left = np.abs(high - low) > 1
        count = np.count_nonzero(left)
        if not count or (count <= _FEW * left.size and left.size > _SMALL):
            answers[lanes] = high
            kept = np.flatnonzero(left)
            lanes = lanes[kept]
            low, high, before, last, was, now = (column[kept] for column in (low, high, before, last, was, now))
            if not lanes.size:
                return answers
        turn += 1
        probe = _midpoint(low, high) if turn % _BISECT == 0 else _aim(before, last, was, now, low, high, power)
        value = excess(probe, lanes)
        good = value <= 0
        np.copyto(high, probe, where=good)
        np.copyto(low, probe, where=~good)
        before, last, was, now = last, probe, now, value


#: Every so many turns the bracket is halved, which bounds their number whatever the excess.
_BISECT = 4

#: Settled lanes are carried along until no more than this share is left, and where there are few lanes: it takes time to
#: copy the others and to plan for their number.
_FEW, _SMALL = 0.25, 2048


@np.errstate(all="ignore")
def _midpoint(low: Floats, high: Floats) -> Floats:
    """Return an integer strictly between, near the geometric mean (plain where the ends are close or differ in sign)."""
    plain = (np.abs(high - low) < 64) | (low * high <= 0)
    mean = np.where(plain, low + 0.5 * (high - low), np.copysign(np.sqrt(low * high), low))
    return _between(np.floor(mean), low, high)


@np.errstate(all="ignore")
def _aim(one: Floats, two: Floats, first: Floats, second: Floats, low: Floats, high: Floats, power: float) -> Floats:
    """Return an integer strictly inside the bracket, near where a straight line in value**power crosses zero."""
    end = _raised(two, power)
    crossing = end - (_raised(one, power) - end) * (second / (first - second))
    if power != 1.0:
        crossing = np.copysign(np.square(crossing), crossing)
    if power < 0:
        crossing = 1 / crossing
    inside = (crossing - low) * (crossing - high) <= np.abs(high - low)  # also an end and a hair beyond it
    if not inside.all():
        crossing = np.where(inside, crossing, _midpoint(low, high))
    return _between(np.where(high > low, np.ceil(crossing), np.floor(crossing)), low, high)


def _raised(value: Floats, power: float) -> Floats:
    raised = value if power == 1.0 else np.sqrt(value)
    return 1 / raised if power < 0 else raised


def _between(probe: Floats, low: Floats, high: Floats) -> Floats:
    return np.maximum(np.minimum(low, high) + 1, np.minimum(probe, np.maximum(low, high) - 1))


def first_number(excess: Excess, fails: Floats, passes: Floats, near: Floats | None = None) -> Floats:
    """Return in each lane the passing double next to a failing one, by bisection over the doubles themselves.

    Parameters
    ----------
    excess : callable
        As for ``first_integer``.
    fails, passes : ndarray of float64
        Finite ends; one misses the target, the other meets it.
    near : ndarray of float64, optional
        Where the answer is nearly, where that is known; nan elsewhere.
    """
    bad, good = _ordered(fails), _ordered(passes)
    if near is not None and near.size * _LADDER.size <= _AT_ONCE:
        bad, good = _narrowed(excess, bad, good, near)
    while True:
        lanes = np.flatnonzero(np.abs(good - bad) > 1)
        if not lanes.size:
            return _doubles(good)
        middle = (bad[lanes] >> 1) + (good[lanes] >> 1) + (bad[lanes] & good[lanes] & 1)
        meets = excess(_doubles(middle), lanes) <= 0
        good[lanes[meets]], bad[lanes[~meets]] = middle[meets], middle[~meets]


#: Doubles away from a near answer that are tried at once: all next to it, and some up to a relative 2^-12.
_DENSE = np.arange(-96, 97)
_FAR_STEPS = 2 ** np.arange(7, 41)
_LADDER: Integers = np.concatenate((-_FAR_STEPS[::-1], _DENSE, _FAR_STEPS)).astype(np.int64)
_AT_ONCE = 1 << 18


def _narrowed(excess: Excess, bad: Integers, good: Integers, near: Floats) -> tuple[Integers, Integers]:
    """Return closer ends: neighbours where the answer is as near as rounding lets it be."""
    low, high = np.minimum(bad, good), np.maximum(bad, good)
    known = np.isfinite(near)
    centre: Integers = np.clip(_ordered(np.where(known, near, 0.0)), low, high)
    forward = np.where(good > bad, 1, -1)
    points: Integers = np.clip(centre[:, None] + forward[:, None] * _LADDER, low[:, None], high[:, None])
    lanes = np.repeat(np.arange(bad.size), _LADDER.size)
    meets = (excess(_doubles(points.ravel()), lanes) <= 0).reshape(points.shape)
    first, every = meets.argmax(axis=1), np.arange(bad.size)
    passed = meets.any(axis=1)
    before = np.where(passed, first - 1, _LADDER.size - 1)
    good = np.where(known & passed, points[every, first], good)
    return np.where(known & (before >= 0), points[every, before], bad), good


def _ordered(values: Floats) -> Integers:
    """Return integers in the order of the doubles, neighbours for neighbours."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64).copy()
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _doubles(ordered: Integers) -> Floats:
    return np.where(ordered < 0, np.int64(-(2**63)) - ordered, ordered).view(np.float64)
