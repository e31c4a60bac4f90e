"""Suprema of averages over all pairs of n draws, and over m independent pairs of them (decoupling)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import lcm

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance
from boundcalc.checker.experiments.worlds.averages import constants, cumulants, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import maximum, numbers, sequences

__all__ = ["UStatistics"]


@dataclass(frozen=True)
class UStatistics(Enumerable):
    """n i.i.d. letters with whole-number weights, and functions q_tau of two letters (symmetric or not).

    psi is the identity, max(x, 0), max(x, 0)^2 or max(x, 1). The exponential moments have lam = D log(1 + 1/k) with D a
    common denominator, so that exp(lam Phi) is a power of a rational number.
    """

    n: int = 4
    letters: int = 3
    functions: int = 4

    @property
    def m(self) -> int:
        """The number of disjoint pairs."""
        return self.n // 2

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return populations and tables of functions; some classes hold one function only."""
        q = rng.integers(-3, 4, (size, self.functions, self.letters, self.letters))
        alone = rng.random(size) < 0.25
        q[alone] = q[alone][:, :1]
        weights = rng.integers(0, 5, (size, self.letters))
        weights[:, 0] += 1
        return {"weights": weights, "q": q, "psi": rng.integers(0, 4, size), "k": rng.integers(1, 40, size)}

    def _pair_tables(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return, per word of n letters, how often each pair of letters occurs: in all pairs, and in each block."""
        words = sequences(self.letters, self.n)

        def count(pairs: list[tuple[int, int]]) -> np.ndarray:
            table = np.zeros((len(words), self.letters**2), dtype=np.int64)
            for i, j in pairs:
                np.add.at(table, (np.arange(len(words)), words[:, i] * self.letters + words[:, j]), 1)
            return table.T

        everything = count([(i, j) for i in range(self.n) for j in range(self.n) if i != j])
        # Permutations that pair the same letters in the same order count once: each such class is equally large.
        pairings = {frozenset((pi[i], pi[self.m + i]) for i in range(self.m)) for pi in permutations(range(self.n))}
        first = frozenset((i, self.m + i) for i in range(self.m))
        ordered = [first, *sorted(pairings - {first}, key=sorted)]
        return everything, [count(sorted(pairing)) for pairing in ordered]

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return both sides of Lemma 3.11, the steps between them, and the same for deviations and exponential moments."""
        size = len(instances["weights"])
        weights, _, chance = words_and_chances(instances["weights"], self.n, exact=exact)
        q = numbers(instances["q"], exact=exact).reshape(size, self.functions, -1)
        all_pairs, blocks = self._pair_tables()
        statistic = q @ numbers(all_pairs, exact=exact) / (self.n * (self.n - 1))
        parts = [q @ numbers(block, exact=exact) / self.m for block in blocks]
        mean = sum(parts[1:], parts[0]) / len(parts)
        suprema = [maximum(part, axis=1) for part in parts]
        psi = instances["psi"]

        def expect(values: np.ndarray) -> np.ndarray:
            return (chance * values).sum(axis=1)

        risk = (q * (weights[:, :, None] * weights[:, None, :]).reshape(size, 1, -1)).sum(axis=2)[:, :, None]
        sup_all, sup_block = maximum(statistic, axis=1), suprema[0]
        base = 1 + 1 / numbers(instances["k"], exact=exact)
        depth = lcm(self.n * (self.n - 1), self.m)
        return {
            "E_psi_U": expect(_psi(sup_all, psi)),
            "E_psi_perm": expect(_psi(maximum(mean, axis=1), psi)),
            "E_psi_mean_sup": expect(_psi(sum(suprema[1:], suprema[0]) / len(suprema), psi)),
            "E_mean_psi": np.asarray(sum(expect(_psi(part, psi)) for part in suprema) / len(suprema)),
            "E_psi_m": expect(_psi(sup_block, psi)),
            "Edev_n": expect(maximum(risk - statistic, axis=1)),
            "Edev_m": expect(maximum(risk - parts[0], axis=1)),
            "EPhi_n": expect(sup_all),
            "EPhi_m": expect(sup_block),
            **cumulants(base, depth, {"cgf_n": sup_all, "cgf_m": sup_block}, chance, exact=exact),
            **constants(size, exact=exact, n=self.n, m=self.m),
        }


def _psi(values: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Apply each instance's convex nondecreasing function."""
    kind = kind[:, None]
    positive = np.maximum(values, 0)
    return np.where(
        kind == 0,
        values,
        np.where(kind == 1, positive, np.where(kind == 2, positive * positive, np.maximum(values, 1))),
    )
