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
    fails: Integers,
    passes: Integers,
    *,
    power: float,
    over: Floats | None = None,
    under: Floats | None = None,
) -> Integers:
    """Return in each lane the passing integer next to a failing one.

    Parameters
    ----------
    excess : callable
        Nonincreasing on the way from ``fails`` to ``passes``, up to rounding.
    fails, passes : ndarray of int64
        One integer in each lane that misses the target, and one that meets it; either may be the larger.
    power : {-0.5, 0.5, 1.0}
        The excess is nearly linear in ``value**power``: the probes aim by that.
    over, under : ndarray of float64, optional
        The excess at ``fails`` and at ``passes``, where it is known already.

    Returns
    -------
    ndarray of int64
        A value that passes, whose neighbour on the side of ``fails`` does not.
    """
    fails, passes = fails.copy(), passes.copy()
    lanes = np.flatnonzero(np.abs(passes - fails) > 1)
    low, high = fails[lanes], passes[lanes]
    over = excess(low.astype(float), lanes) if over is None else over[lanes]
    under = excess(high.astype(float), lanes) if under is None else under[lanes]
    other, beyond = high, under  # an earlier passing probe: a line through two of them aims past a kink
    turn = 0
    while lanes.size:
        match _TURNS[turn % len(_TURNS)]:
            case "line":
                apart = other != high
                one, first = np.where(apart, other, low), np.where(apart, beyond, over)
                probe = _aim(one, high, first, under, low, high, power)
            case "bracket":
                probe = _aim(low, high, over, under, low, high, power)
            case _:
                probe = _midpoint(low, high)
        value = excess(probe.astype(float), lanes)
        good = value <= 0
        other, beyond = np.where(good, high, other), np.where(good, under, beyond)
        low, high = np.where(good, low, probe), np.where(good, probe, high)
        over, under = np.where(good, over, value), np.where(good, value, under)
        left = np.abs(high - low) > 1
        if np.count_nonzero(left) < _CROWDED * left.size:
            passes[lanes[~left]] = high[~left]
            lanes, low, high, other, over, under, beyond = (
                column[left] for column in (lanes, low, high, other, over, under, beyond)
            )
        turn += 1
    return passes


#: Straight lines through the ends of the bracket, or through two passing probes; the midpoint bounds the number of turns
#: whatever the excess.
_TURNS = ("bracket", "line", "bracket", "bracket", "bracket", "line", "bracket", "midpoint")

#: Settled lanes are carried along until they are so many: fewer copies, and fewer shapes for the evaluator to plan.
_CROWDED = 0.6


def _midpoint(low: Integers, high: Integers) -> Integers:
    """Return an integer strictly between, near the geometric mean (plain where the ends are close)."""
    mean = np.sqrt(low.astype(float) * high.astype(float)).astype(np.int64)
    plain = low + (high - low) // 2
    return _between(np.where(np.abs(high - low) < 64, plain, mean), low, high)


def _aim(
    one: Integers, two: Integers, first: Floats, second: Floats, low: Integers, high: Integers, power: float
) -> Integers:
    """Return an integer strictly inside the bracket, near where a straight line in value**power crosses zero."""
    start, end = _raised(one, power), _raised(two, power)
    with np.errstate(all="ignore"):
        crossing = np.maximum(end + (start - end) * (-second / (first - second)), 0.0)
        if power == -0.5:
            crossing = 1 / np.square(crossing)
        elif power == 0.5:
            crossing = np.square(crossing)
    crossing = np.where(np.isfinite(crossing), crossing, 0.5 * (low + high))
    rounded = np.where(high > low, np.ceil(crossing), np.floor(crossing))
    return _between(np.clip(rounded, 0, 2.0**53).astype(np.int64), low, high)


def _raised(value: Integers, power: float) -> Floats:
    raised = value.astype(float)
    if power != 1.0:
        np.sqrt(raised, out=raised)
    return 1 / raised if power < 0 else raised


def _between(probe: Integers, low: Integers, high: Integers) -> Integers:
    return np.clip(probe, np.minimum(low, high) + 1, np.maximum(low, high) - 1)


def first_number(excess: Excess, fails: Floats, passes: Floats) -> Floats:
    """Return in each lane the passing double next to a failing one, by bisection over the doubles themselves.

    Parameters
    ----------
    excess : callable
        As for ``first_integer``.
    fails, passes : ndarray of float64
        Finite ends; one misses the target, the other meets it.
    """
    bad, good = _ordered(fails), _ordered(passes)
    while True:
        lanes = np.flatnonzero(np.abs(good - bad) > 1)
        if not lanes.size:
            return _doubles(good)
        middle = (bad[lanes] >> 1) + (good[lanes] >> 1) + (bad[lanes] & good[lanes] & 1)
        meets = excess(_doubles(middle), lanes) <= 0
        good[lanes[meets]], bad[lanes[~meets]] = middle[meets], middle[~meets]


def _ordered(values: Floats) -> Integers:
    """Return integers in the order of the doubles, neighbours for neighbours."""
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64).copy()
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _doubles(ordered: Integers) -> Floats:
    return np.where(ordered < 0, np.int64(-(2**63)) - ordered, ordered).view(np.float64)
