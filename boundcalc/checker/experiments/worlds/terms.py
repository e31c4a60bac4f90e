"""Functions fixed in advance on independent terms, events on few letters, families of sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import binomial, constants, cumulants, law, widest, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, signs

__all__ = ["CoinTosses", "Events", "FixedFunctions", "SetFamilies"]


@dataclass(frozen=True)
class FixedFunctions(SampleSpace):
    """m i.i.d. letters and J functions with a weight each; spoken of is the one that its bound serves worst."""

    m: int = 3
    letters: int = 3
    functions: int = 1
    weighted: bool = False

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population, functions with values 0 to 4, or right on one letter each, and lam = m log(1 + 1/k)."""
        q = rng.integers(0, 5, (self.functions, self.letters))
        if number % 3 == 0:
            q = 4 * (np.arange(self.functions)[:, None] % self.letters != np.arange(self.letters))
        weights = rng.integers(1, 6, self.letters)
        weights[0] *= int(rng.choice([1, 20]))
        return {"weights": weights, "q": q, "prior": rng.integers(1, 9, self.functions), "k": rng.integers(1, 60)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the deviation of the function spoken of, its variance and the sample's, and its exponential moment."""
        shares, words, chance = words_and_chances(instance["weights"], self.m, exact=exact)
        q, prior = numbers(instance["q"], exact=exact), law(instance["prior"], exact=exact)
        risk, terms = (q * shares).sum(axis=1), q[:, words]
        deviation = risk[:, None] - terms.sum(axis=2) / self.m
        span = widest(q)
        price = np.log(prior.astype(float)) * float(span) / self.m if self.weighted else np.zeros(len(q))
        worst = np.argmax(np.round(deviation.astype(float) + price[:, None], 9), axis=0)
        chosen = deviation[worst, np.arange(len(words))]
        base = np.asarray(1 + 1 / numbers(instance["k"], exact=exact))
        moment = cumulants(base, self.m, {"cgf_f": -terms[0].sum(axis=1) / self.m}, chance, exact=exact)
        seen = terms[0] - terms[0].sum(axis=1, keepdims=True) / self.m
        return {
            **dict.fromkeys(("dev_f", "dev_J"), chosen),
            "prior_f": prior[worst],
            "C": span,
            "lam": moment["lam"],
            "cgf_f": np.asarray(moment["cgf_f"] + risk[0]),
            "var_f": ((q[0] - risk[0]) ** 2 * shares).sum(),
            "var_hat": (seen**2).sum(axis=1) / max(self.m - 1, 1),
            **constants(exact=exact, J=self.functions, m=self.m, n=2 * self.m),
        }, chance


@dataclass(frozen=True)
class CoinTosses(SampleSpace):
    """m tosses of one coin, up to 60: the sample by its number of ones."""

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the number of tosses, the chance of a one in hundredths, and lam = m log(1 + 1/k)."""
        return {"m": rng.integers(2, 61), "percent": rng.choice([2, 10, 50, 80]), "k": rng.integers(1, 20)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return what `FixedFunctions` does of a loss of 0 or 1."""
        m = int(instance["m"])
        chance_of_one = numbers(instance["percent"], exact=exact)[()] / 100
        ones = numbers(np.arange(m + 1), exact=exact)
        chance = np.array(binomial(m, chance_of_one), dtype=object if exact else float)
        base = np.asarray(1 + 1 / numbers(instance["k"], exact=exact))
        moment = cumulants(base, m, {"cgf_f": -ones / m}, chance, exact=exact)
        return {
            "dev_f": chance_of_one - ones / m,
            "lam": moment["lam"],
            "cgf_f": np.asarray(moment["cgf_f"] + chance_of_one),
            "var_f": np.asarray(chance_of_one * (1 - chance_of_one)),
            "var_hat": ones * (m - ones) / (m * (m - 1)),
            **constants(exact=exact, C=1, m=m, n=2 * m),
        }, chance


@dataclass(frozen=True)
class Events(Enumerable):
    """A few events on letters, any or disjoint."""

    letters: int = 6
    events: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return the letters' weights and which letters make up which event."""
        inside = rng.integers(0, 2, (size, self.events, self.letters))
        apart = rng.random(size) < 0.3
        inside[apart] = np.arange(self.letters) % self.events == np.arange(self.events)[:, None]
        return {"weights": rng.integers(1, 5, (size, self.letters)), "inside": inside}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the chances of the events and of their union."""
        shares = law(instances["weights"], exact=exact)
        inside = numbers(instances["inside"], exact=exact)
        chances = (inside * shares[:, None]).sum(axis=2)
        return {
            "P_any": (maximum(inside, axis=1) * shares).sum(axis=1),
            "P_sum": chances.sum(axis=1),
            "P_most": maximum(chances, axis=1),
            **constants(len(shares), exact=exact, J=self.events),
        }


@dataclass(frozen=True)
class SetFamilies(Enumerable):
    """Families of subsets of m points: any, or all subsets of a few points; the VC dimension by looking at every set."""

    m: int = 4
    members: int = 6

    cost: ClassVar[int] = 10

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return the members' points, 0 or 1 each."""
        inside = rng.integers(0, 2, (size, self.members, self.m))
        few = [subset for k in range(self.m + 1) for subset in combinations(range(self.m), k)]
        ball = np.array([[point in subset for point in range(self.m)] for subset in few[: self.members]])
        inside[rng.random(size) < 0.4, : len(ball)] = ball
        return {"inside": inside}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the number of different members, the VC dimension (at least 1), and the Rademacher average of the labels."""
        inside = instances["inside"]
        codes = inside @ (1 << np.arange(self.m))
        sets = [sum(1 << point for point in some) for k in range(self.m + 1) for some in combinations(range(self.m), k)]
        families = [set(row) for row in codes.tolist()]
        shattered = [
            [one for one in sets if len({code & one for code in family}) == 1 << one.bit_count()] for family in families
        ]
        dimension = np.array([max(1, *(one.bit_count() for one in found)) for found in shattered])
        pascal = np.cumsum([sum(one.bit_count() == k for one in sets) for k in range(self.m + 1)])
        labels = numbers(2 * inside - 1, exact=exact)
        sums = maximum(labels @ numbers(signs(self.m).T, exact=exact), axis=1)
        return {
            "growth": numbers([len(family) for family in families], exact=exact),
            "d_vc": numbers(dimension, exact=exact),
            "binomials": numbers(pascal[dimension], exact=exact),
            "Rad_A": sums.sum(axis=1) / (2**self.m * self.m),
            **constants(len(inside), exact=exact, m=self.m, n=2 * self.m),
        }
