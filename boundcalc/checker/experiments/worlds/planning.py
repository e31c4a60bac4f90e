"""Hold-out examples for several candidates, moments of an exponential, and sample sizes found by search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, cumulants, over_pairs, uniform, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import as_sympy, maximum, numbers, sequences

__all__ = ["Chernoff", "Holdout", "SampleSize"]


@dataclass(frozen=True)
class Holdout(SampleSpace):
    """n_h held-out letters and J fixed candidates, each wrong except on cells of its own; the luckiest one is chosen."""

    n_h: int = 2
    alone: bool = False

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the number of candidates (one if ``alone``), the cells that each one gets right, and the range of the loss."""
        letters = int(rng.integers(8, 41)) if self.n_h == 2 else 7
        candidates = 1 if self.alone else int(rng.integers(1, 7))
        own = int(rng.integers(1, max(2, letters // candidates)))
        return {"letters": letters, "J": candidates, "own": own, "C": rng.integers(1, 4)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the chosen candidate's risks on each sample of held-out letters."""
        letters, candidates, own = (int(instance[name]) for name in ("letters", "J", "own"))
        span = numbers(instance["C"], exact=exact)[()]
        words = sequences(letters, self.n_h)
        cell = np.arange(letters)
        right = np.stack([(cell >= j * own) & (cell < (j + 1) * own) for j in range(candidates)])
        loss = numbers(~right, exact=exact) * span
        empirical = over_pairs(loss[:, (cell[:, None] + cell) % letters], words)
        risk = loss.sum(axis=1) / letters
        luckiest = np.argmax(risk[:, None] - empirical, axis=0)
        chosen = empirical[luckiest, np.arange(len(words))]
        return {
            "r_0": risk[luckiest],
            "rhat_holdout": chosen,
            "dev_f": risk[luckiest] - chosen,
            "C": np.asarray(span),
            **constants(exact=exact, J=candidates, n_h=self.n_h, m=self.n_h // 2, n=self.n_h),
        }, uniform(len(words), exact=exact)


@dataclass(frozen=True)
class Chernoff(SampleSpace):
    """Two letters drawn; Phi is the largest of a few functions of them, averaged over both orders or not."""

    letters: int = 6
    functions: int = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return tables of even numbers; in half of them one pair of letters stands out."""
        q = 2 * rng.integers(-2, 3, (self.functions, self.letters, self.letters))
        if rng.random() < 0.5:
            q = np.zeros_like(q)
            q[:, 0, 0] = 2 * rng.integers(1, 8)
        return {"weights": rng.integers(1, 6, self.letters), "q": q, "k": rng.integers(1, 6)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return Phi on each pair of letters, and its scaled cumulant generating function at lam = log(1 + 1/k)."""
        _, _, chance = words_and_chances(instance["weights"], 2, exact=exact)
        q = numbers(instance["q"], exact=exact)
        base = np.asarray(1 + 1 / numbers(instance["k"], exact=exact))
        once = maximum(q.reshape(len(q), -1), axis=0)
        both = maximum(((q + np.swapaxes(q, 1, 2)) / 2).reshape(len(q), -1), axis=0)
        moments = cumulants(base, 1, {"cgf_n": both, "cgf_m": once}, chance, exact=exact)
        return {"Phi_n": both, "Phi_m": once, **moments}, chance


@dataclass(frozen=True)
class SampleSize(Enumerable):
    """The closing remark on random numbers: the least m_0 from which Theorem 3.14 bounds eta_M by eta*_N, by search.

    The failure probability of the event is exp(-x) with a random whole 4 x, given as the value of the event's symbol: on
    every second instance down to 1e-200.
    """

    cost: ClassVar[int] = 8
    event: str = "delta[deviation against the truth|M]"

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return constants, a floor and an empirical loss below it, in quarters."""
        return {
            "L": rng.integers(1, 5, size),
            "C": rng.integers(1, 5, size),
            "kappa": rng.integers(0, 9, size),
            "quarters": rng.integers(1, np.where(np.arange(size) % 2, 60, 1842)),
            "loss": rng.integers(-4, 5, size),
            "above": rng.integers(1, 30, size),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the least number of pairs and of examples, found by halving ranges."""
        import sympy

        values = {name: numbers(value, exact=exact) for name, value in instances.items()}
        loss = values["loss"] / 4
        floor = np.maximum(loss, 0) + values["above"] / 4
        x = values["quarters"] / 4
        least = []
        for row in range(len(loss)):
            price = (
                2 * float(values["L"][row] * values["kappa"][row] / 4)
                + 2**0.5 * float(values["C"][row]) * float(x[row]) ** 0.5
            )
            few, enough = 1, 2**40  # examples: what is short of the floor, and what is not
            while enough - few > 1:
                middle = (few + enough) // 2
                kept = float(loss[row]) + price / (middle // 2) ** 0.5 <= float(floor[row]) + 1e-12
                few, enough = (few, middle) if kept else (middle, enough)
            least.append(enough)
        sizes = np.array(least)
        pairs = sizes // 2
        share = np.empty(len(loss), dtype=object)
        share[:] = [sympy.exp(-as_sympy(item)) for item in x]
        return {
            "m_0": numbers(pairs, exact=exact),
            "n_nonpositive": numbers(sizes, exact=exact),
            "L": values["L"],
            "C": values["C"],
            "kappa_M": values["kappa"] / 4,
            "Lhat_M": loss,
            "eta_star_N": floor,
            self.event: share if exact else np.exp(-x),
        }
