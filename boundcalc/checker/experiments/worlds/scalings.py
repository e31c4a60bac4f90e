"""Permanents of small matrices, and exponential moments of weighted sums over pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations, permutations
from math import factorial
from typing import Any, ClassVar

import numpy as np
import sympy

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance
from boundcalc.checker.experiments.worlds.averages import law, powers
from boundcalc.checker.experiments.worlds.numbers import as_sympy, logarithm, numbers, scaled, sequences

__all__ = ["FinnerSums", "ManyPairs", "ManyRows", "Scalings", "permanent"]


def permanent(matrices: np.ndarray) -> np.ndarray:
    """Return the permanents of matrices of shape (..., m, m), by all permutations."""
    m = matrices.shape[-1]
    total: Any = 0
    for order in permutations(range(m)):
        total = total + np.multiply.reduce([matrices[..., i, j] for i, j in enumerate(order)], axis=0)
    return np.asarray(total)


@dataclass(frozen=True)
class Scalings(Enumerable):
    """A = D1 S D2 with S doubly stochastic, D1 and D2 positive diagonals, and a coupling P of the rows and columns."""

    m: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return how often each permutation counts in S and in P, and the diagonals."""
        many = factorial(self.m)
        mixes = rng.integers(0, 4, (2, size, many))
        mixes[0][rng.random(size) < 0.2] = 1
        mixes[..., 0] += 1
        return {
            "mix": mixes[0],
            "coupling": mixes[1],
            "rows": rng.integers(1, 6, (size, self.m)),
            "columns": rng.integers(1, 6, (size, self.m)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return perm(A)/m!, the product of the diagonals, perm(S), and T(P)."""
        orders = np.array(list(permutations(range(self.m))))
        table = np.zeros((len(orders), self.m, self.m), dtype=int)
        for place, order in enumerate(orders):
            table[place, np.arange(self.m), order] = 1
        tables = numbers(table, exact=exact)

        def stochastic(name: str) -> np.ndarray:
            return np.asarray((law(instances[name], exact=exact)[:, :, None, None] * tables).sum(axis=1))

        s, w = stochastic("mix"), stochastic("coupling")
        rows, columns = (numbers(instances[name], exact=exact) / 5 for name in ("rows", "columns"))
        a = rows[:, :, None] * s * columns[:, None, :]
        size = len(rows)
        value = self._transport(a, w, exact=exact)
        whole = numbers(np.full(size, self.m), exact=exact)
        return {
            "h_match": permanent(a) / factorial(self.m),
            "perm_A": permanent(a),
            "diagonals": np.multiply.reduce(rows, axis=1) * np.multiply.reduce(columns, axis=1),
            "perm_S": permanent(s),
            "T_h": value,
            "m": whole,
            "n": 2 * whole,
        }

    def _transport(self, a: np.ndarray, w: np.ndarray, *, exact: bool) -> np.ndarray:
        """Return T(P) for P = W/m; infinite where P needs what A forbids."""
        total = np.full(len(a), sympy.Integer(0) if exact else 0.0, dtype=object if exact else float)
        for i in range(self.m):
            for j in range(self.m):
                share, factor = w[:, i, j], a[:, i, j]
                for place in range(len(a)):
                    if share[place] == 0:
                        continue
                    if factor[place] == 0:
                        total[place] = sympy.nan if exact else np.nan
                    elif exact:
                        p = as_sympy(share[place])
                        total[place] += p * sympy.log(self.m * p / as_sympy(factor[place])) / self.m
                    else:
                        total[place] += share[place] * np.log(self.m * share[place] / factor[place]) / self.m
        return total


@dataclass(frozen=True)
class FinnerSums(Enumerable):
    """n independent letters, not alike, with weights on their pairs and values q_ij in {0, 1/2, 1} for each pair."""

    n: int = 3
    letters: int = 2

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return a law for each letter, weights of the pairs, twice the values, and lam = 2 W log(1 + 1/k)."""
        pairs = self.n * (self.n - 1) // 2
        weights = rng.integers(0, 4, (size, pairs))
        weights[:, 0] += 1
        q = rng.integers(0, 3, (size, pairs, self.letters, self.letters))
        alike = rng.random(size) < 0.3
        q[alike] = 2 * (q[alike] > 1)
        return {
            "laws": rng.integers(1, 5, (size, self.n, self.letters)),
            "weights": weights,
            "q": q,
            "k": rng.integers(1, 12, size),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the moment, the product of the pairs' moments, its convex upper value, and the final bound."""
        size = len(instances["k"])
        pairs = list(combinations(range(self.n), 2))
        words = sequences(self.letters, self.n)
        laws = law(instances["laws"], exact=exact)
        chance: Any = 1
        for i in range(self.n):
            chance = chance * laws[:, i, :][:, words[:, i]]
        whole = instances["weights"].sum(axis=1)
        touching = [[i in pair for pair in pairs] for i in range(self.n)]
        degree = np.max(instances["weights"] @ np.array(touching, dtype=int).T, axis=1)
        base = numbers(instances["k"], exact=exact) / (1 + numbers(instances["k"], exact=exact))
        exponent = np.zeros((size, len(words)), dtype=int)
        values, risk = [], numbers(np.zeros(size), exact=exact)
        for e, (i, j) in enumerate(pairs):
            q = instances["q"][:, e]
            exponent += instances["weights"][:, e, None] * q[:, words[:, i], words[:, j]]
            joint = laws[:, i, :, None] * laws[:, j, None, :]
            part = (joint * numbers(q, exact=exact)).sum(axis=(1, 2)) / 2
            moment = (joint * powers(base, degree[:, None, None] * q, exact=exact)).sum(axis=(1, 2))
            values.append((instances["weights"][:, e], part, moment))
            risk = risk + numbers(instances["weights"][:, e], exact=exact) * part
        risk = risk / numbers(whole, exact=exact)
        far = powers(base, 2 * degree, exact=exact)
        size_d = numbers(degree, exact=exact) / numbers(whole, exact=exact)
        rate = scaled(logarithm(1 / base, exact=exact), 2 * numbers(whole, exact=exact), exact=exact)
        return {
            "E_weighted": (chance * powers(base, exponent, exact=exact)).sum(axis=1),
            "E_fractional": _product([(w, moment) for w, _, moment in values], degree, exact=exact),
            "E_bernoulli": _product([(w, 1 - part + part * far) for w, part, _ in values], degree, exact=exact),
            "r_mix": risk,
            "D_w": size_d,
            "lam": rate,
            "n": numbers(np.full(size, self.n), exact=exact),
        }


def _product(parts, degree: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return the product of values to the powers weight/degree."""
    if not exact:
        return np.asarray(np.multiply.reduce([value ** (weight / degree) for weight, value in parts], axis=0))
    result = np.empty(len(degree), dtype=object)
    for place in range(len(degree)):
        result[place] = sympy.Mul(
            *(
                as_sympy(value[place]) ** sympy.Rational(int(weight[place]), int(degree[place]))
                for weight, value in parts
            )
        )
    return result


@dataclass(frozen=True)
class ManyRows(Enumerable):
    """A = D1 J D2/m with all entries of J one: perm(J/m) = m!/m^m, and the uniform coupling; floats hold up to 120 rows."""

    cost: ClassVar[int] = 30
    many: ClassVar[bool] = True

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return how many rows there are, and how many of rows and columns are halved."""
        m = rng.integers(20, 121, size)
        return {"m": m, "halved": rng.integers(0, 2 * m + 1)}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the same as `Scalings`."""
        m, halved = (numbers(instances[name], exact=exact) for name in ("m", "halved"))
        facts = np.array([factorial(int(item)) for item in instances["m"]], dtype=m.dtype)
        scale = powers(numbers(np.ones_like(instances["m"]), exact=exact) / 2, instances["halved"], exact=exact)
        even = facts / m ** instances["m"]
        log = partial(logarithm, exact=exact)
        return {
            "h_match": scale * even / facts,
            "perm_A": scale * even,
            "diagonals": scale,
            "perm_S": even,
            "T_h": log(m) + scaled(halved / m, log(0 * m + 2), exact=exact),
            "m": m,
            "n": 2 * m,
        }


@dataclass(frozen=True)
class ManyPairs(Enumerable):
    """Up to 3,000 disjoint pairs of equal weight, each misjudged with one chance: the sum is that of independent terms."""

    cost: ClassVar[int] = 30
    many: ClassVar[bool] = True

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return the number of pairs, the chance in eighths, and lam = m log(1 + 1/k)."""
        return {
            "m": rng.integers(20, 3001, size),
            "eighths": rng.integers(1, 8, size),
            "k": rng.integers(8, 2000, size),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the same as `FinnerSums`."""
        m, k = (numbers(instances[name], exact=exact) for name in ("m", "k"))
        share = numbers(instances["eighths"], exact=exact) / 8
        moment = powers(1 - share / (k + 1), instances["m"], exact=exact)
        rate = scaled(logarithm(1 + 1 / k, exact=exact), m, exact=exact)
        means = dict.fromkeys(("E_weighted", "E_fractional", "E_bernoulli"), moment)
        return {**means, "r_mix": share, "D_w": 1 / m, "lam": rate, "m": m}
