"""Rival bounds as values: what each says at other sample sizes, from where on it speaks, and which takes over where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from boundcalc.arithmetic.numbers import as_number
from boundcalc.bound import Bound
from boundcalc.frozen import Frozen

__all__ = ["Crossing", "Inputs", "Rival", "Rivals", "evaluated", "smallest"]

#: Sample sizes at which bounds are looked at; crossings are then found exactly.
_LEAST, _MOST, _STEPS = 10, 10**10, 190
_FARTHEST = 10**15
#: Bounds that differ by less than this are not told apart.
_TIE = 1e-9

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Rival(Frozen):
    """One bound on the risk.

    Attributes
    ----------
    key : str
        Its entry in the catalogue.
    name : str
        In two or three words.
    value : float
        The bound at the sample at hand, rounded outwards.
    reach : float
        What holds of the risk anyway: the best constant rule's risk, or the loss range of the bound's class if smaller.
    members : tuple of (Bound, dict)
        What is evaluated at other sample sizes: the smallest of these, all of which hold at once.
    constants : mapping of str to float
        What was measured for it.
    certified : bool
    why : str
        Why it is not certified, or how delta was shared out.
    assumptions : tuple of str
    """

    key: str
    name: str
    value: float
    reach: float
    members: tuple[tuple[Bound, Inputs], ...]
    constants: Mapping[str, float] = field(default_factory=dict)
    certified: bool = True
    why: str = ""
    assumptions: tuple[str, ...] = ()

    @property
    def vacuous(self) -> bool:
        """Whether it says no more than holds anyway."""
        return not self.value < self.reach

    def at(self, n: Any, *, precision: int | None = None) -> np.ndarray:
        """Return the bound at other sample sizes, empirical risk and constants being what they are."""
        quick = self._members_near(n)
        # A member that is nowhere among the smallest changes nothing.
        wanted = (quick <= quick.min(axis=0) * (1 + _TIE)).reshape(len(quick), -1).any(axis=1)
        return np.asarray(
            np.min(
                [
                    evaluated(bound, {**inputs, "n": n}, precision)
                    for (bound, inputs), here in zip(self.members, wanted, strict=True)
                    if here
                ],
                axis=0,
            )
        )

    def near(self, n: Any) -> np.ndarray:
        """Return the bound at other sample sizes in plain floats, quickly and without directed rounding."""
        return np.asarray(self._members_near(n).min(axis=0))

    @cached_property
    def _quick(self) -> tuple[Callable[[Any], Any], ...]:
        functions = {id(bound): _plain(bound) for bound, _ in self.members}
        return tuple(partial(functions[id(bound)], inputs) for bound, inputs in self.members)

    def _members_near(self, n: Any) -> np.ndarray:
        sizes = np.asarray(n, dtype=float)
        return np.stack([np.broadcast_to(function(sizes), sizes.shape) for function in self._quick])

    @cached_property
    def informative_from(self) -> int | None:
        """The smallest number of training rows from which it says more than holds anyway, or None (below 10^15).

        Bounds never rise in n; the answer is confirmed with values rounded outwards.
        """
        if not self.at([_FARTHEST])[0] < self.reach:
            return None
        guess = _first(lambda n: bool(self.near([n])[0] < self.reach), 2, _FARTHEST)
        return _settle(lambda n: self.at(n) < self.reach, guess, 2, _FARTHEST)


@dataclass(frozen=True)
class Crossing:
    """From ``n`` training rows on (even numbers) ``key`` is the smallest bound; before it was ``before``."""

    n: int
    before: str
    key: str


@dataclass(frozen=True)
class Rivals(Frozen):
    """Rival bounds on one sample and against n.

    Attributes
    ----------
    rivals : tuple of Rival
        Smallest first.
    n : int
        Rows of the sample at hand.
    delta : float
        Failure probability of each bound.
    trivial : float
        The best constant rule's risk on the sample (or the loss range, where no sample is at hand).
    absent : mapping of str to str
        Entries that are not compared, each with the reason.
    title : str
    facts : mapping
    """

    rivals: tuple[Rival, ...]
    n: int
    delta: float
    trivial: float
    absent: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Rival:
        for rival in self.rivals:
            if rival.key == key:
                return rival
        raise KeyError(key)

    @property
    def tightest(self) -> Rival:
        """The smallest bound on the sample at hand."""
        return self.rivals[0]

    def grid(self, *, most: int = _MOST, steps: int = _STEPS) -> np.ndarray:
        """Return even sample sizes, evenly spread on a logarithmic scale."""
        return np.unique(2 * np.rint(np.geomspace(_LEAST, most, steps) / 2).astype(np.int64))

    @cached_property
    def crossings(self) -> tuple[Crossing, ...]:
        """Where another bound becomes the smallest, at even sample sizes; each settled with 50 digits.

        Bounds that agree to nine digits everywhere do not take turns.
        """
        grid = self.grid()
        values = np.stack([rival.near(grid) for rival in self.rivals])
        current, low = int(np.argmin(values[:, 0])), int(grid[0])
        found: list[Crossing] = []
        for place in range(1, len(grid)):
            best = int(np.argmin(values[:, place]))
            for _ in self.rivals:  # more than one may take over between two points of the grid
                if not values[best, place] < values[current, place] * (1 - _TIE):
                    break
                low, taker = self._takeover(low, int(grid[place]), current, best)
                found.append(Crossing(low, self.rivals[current].key, self.rivals[taker].key))
                current = taker
            low = int(grid[place])
        return tuple(found)

    def _takeover(self, low: int, high: int, current: int, taker: int) -> tuple[int, int]:
        """Return the first even n in (low, high] at which some bound is below the current one, and which is the smallest."""
        for _ in self.rivals:
            high = self._below(low, high, self.rivals[current], self.rivals[taker])
            values = [rival.at([high], precision=50)[0] for rival in self.rivals]
            best = min(range(len(values)), key=values.__getitem__)
            if best in (taker, current):
                break
            taker = best
        return high, taker

    def _below(self, low: int, high: int, current: Rival, taker: Rival) -> int:
        """Return the first even n in (low, high] at which ``taker`` is below ``current``, as it is at ``high``."""

        def near(half: int) -> bool:
            return bool(taker.near([2 * half])[0] < current.near([2 * half])[0])

        def exact(halves: list[int]) -> np.ndarray:
            sizes = [2 * half for half in halves]
            return np.asarray(taker.at(sizes, precision=50) < current.at(sizes, precision=50))

        start, end = low // 2 + 1, high // 2
        return 2 * _settle(exact, _first(near, start, end), start, end)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest integer in [low, high] for which something holds, as it does from there on and at ``high``."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _settle(holds: Callable[[list[int]], np.ndarray], guess: int, low: int, high: int) -> int:
    """Return what ``_first`` does, from a good guess: a few looks at several integers at once."""
    width = 1
    while True:
        left, right = max(low, guess - width), min(high, guess + width)
        before, after = holds([left, right])
        if before and left > low:
            width, high = 64 * width, left
            guess = min(guess, high)
        elif not after and right < high:
            width, low = 64 * width, right
            guess = max(guess, low)
        else:
            return _first(lambda n: bool(holds([n])[0]), left if not before else low, right)


def evaluated(bound: Bound, inputs: Inputs, precision: int | None = None) -> np.ndarray:
    """Return a bound at its own symbols among the inputs: rounded outwards, or to the nearest with so many digits."""
    needed = {name: inputs[name] for name in bound.symbols}
    if precision is not None:
        return np.asarray(bound.evaluate(precision=precision, **needed).values)
    return np.asarray(bound.evaluate(sound=True, **needed).values)


def smallest(members: Sequence[tuple[Bound, Inputs]]) -> tuple[int, float]:
    """Return which of the members is the smallest, and its value rounded outwards."""
    functions = {id(bound): _plain(bound) for bound, _ in members}
    values = [float(functions[id(bound)](inputs, float(inputs["n"]))) for bound, inputs in members]
    best = int(np.argmin(values))
    return best, float(evaluated(*members[best]))


def _plain(bound: Bound) -> Callable[[Inputs, Any], Any]:
    """Return a plain function of the inputs and of other sample sizes."""
    names = tuple(bound.symbols)
    function = bound.compile(*names)

    def at(inputs: Inputs, sizes: Any) -> Any:
        return function(*(sizes if name == "n" else float(as_number(inputs[name])) for name in names))

    return at
