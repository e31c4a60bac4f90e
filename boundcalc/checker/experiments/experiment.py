"""Experiments: how a step can be tried out, as data that the step carries.

An experiment names one or more worlds. A world draws small instances (a population, a class of functions, ...) and
gives the exact value of every symbol that the step speaks of; the step's own two sides are then compared on those
values. A step with another constant is therefore tried out by the same experiment.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

__all__ = [
    "Atoms",
    "Enumerable",
    "Experiment",
    "Instance",
    "Outcomes",
    "Replicated",
    "Rng",
    "SampleSpace",
    "shown",
    "terms_of",
]

#: Whole numbers (arrays of them) that describe an instance completely.
Instance = dict[str, np.ndarray]
#: Values by symbol name, one per row (an instance, or an outcome of one).
Atoms = dict[str, np.ndarray]
#: The value of every symbol on each outcome (or once, if it is the same on all), and the outcomes' probabilities.
Outcomes = tuple[Atoms, np.ndarray]
#: Where replicates come from.
Rng = np.random.Generator | None


class Enumerable(ABC):
    """A world of instances on which a step must hold without exception; many are computed at once."""

    #: How many times fewer instances are drawn than from a cheap world.
    cost: ClassVar[int] = 1
    #: Whether it has thousands of terms, as `SampleSpace.many` says.
    many: ClassVar[bool] = False

    @abstractmethod
    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return ``size`` random instances, stacked along the first axis of each array."""

    @abstractmethod
    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the value of every symbol on each instance.

        With ``exact`` the values are Fractions (or SymPy numbers where a root or a logarithm occurs).
        """

    def one(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        """Return the exact values on a single instance, as printed in a report."""
        stacked = {name: np.asarray(value)[None] for name, value in instance.items()}
        return {name: values[0] for name, values in self.atoms(stacked, exact=True).items()}


class SampleSpace(ABC):
    """A world of random experiments: an instance has outcomes with probabilities."""

    #: Whether the outcomes are all there are (with exact probabilities) or a random sample of them.
    exhaustive: ClassVar[bool] = True
    #: Failure probabilities at which the outcomes' own certificates are made; without any, the outcomes do not depend on
    #: delta. The share of each event is then put into the instance, as ``share``: numerator and denominator.
    levels: ClassVar[tuple[Fraction, ...]] = ()

    #: No more instances than this are drawn.
    most: ClassVar[int] = 10**6
    #: Whether it has thousands of terms, and then perhaps only some of the symbols that the other worlds know.
    many: ClassVar[bool] = False

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return ``size`` instances, or fewer from a world that is dear."""
        rows = [self.instance(rng, number) for number in range(min(size, self.most))]
        return [{name: np.asarray(value) for name, value in row.items()} for row in rows]

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the instance of that number: whole numbers, or arrays of them; a world has this or a `draw` of its own."""
        raise NotImplementedError

    @abstractmethod
    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the value of every symbol on each outcome, and the outcomes' probabilities."""


class Replicated(SampleSpace):
    """A world whose outcomes are equally likely replicates of a simulation."""

    exhaustive: ClassVar[bool] = False

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return what `simulate` gives, in floats."""
        found = self.simulate(instance, np.random.default_rng(0) if rng is None else rng)
        atoms = {name: np.asarray(value, dtype=float) for name, value in found.items()}
        count = max(value.size for value in atoms.values())
        return atoms, np.full(count, 1 / count)

    @abstractmethod
    def simulate(self, instance: Instance, rng: np.random.Generator) -> Mapping[str, Any]:
        """Return the value of every symbol on each replicate (or once, if it is the same on all)."""


@dataclass(frozen=True)
class Experiment:
    """What to try out.

    Attributes
    ----------
    about : str
        In a few words, for the report.
    worlds : tuple
        Where; each is tried.
    all_witnesses : bool
        Whether a refutation is sought in every world, not in the first that has one: for claims known to be false.
    """

    about: str
    worlds: tuple[Enumerable | SampleSpace, ...]
    all_witnesses: bool = False

    @property
    def random(self) -> bool:
        """Whether outcomes have probabilities."""
        return any(isinstance(world, SampleSpace) for world in self.worlds)


def shown(world: Enumerable | SampleSpace, instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return a world and an instance as a verdict shows them: as text and plain numbers that can be pasted."""
    kind = type(world)
    return {
        "import": f"from {kind.__module__} import {kind.__name__}",
        "world": repr(world),
        "instance": {name: np.asarray(value).tolist() for name, value in instance.items()},
    }


#: Numbers of independent terms, by the symbol that a world gives: the first that it knows.
_TERMS = ("S", "m", "m_0", "N_h", "n", "n_h", "n_t", "m_L", "d_L")


def terms_of(atoms: Atoms, spoken: Collection[str]) -> int:
    """Return the largest number of independent terms among a world's values, 0 if it has none.

    A statement that does not speak of a sample's size itself is about the pairs of a pilot, where a world has them.
    """
    names = _TERMS if set(_TERMS) & set(spoken) else ("pairs", *_TERMS)
    return next((int(np.max(atoms[name])) for name in names if name in atoms), 0)
