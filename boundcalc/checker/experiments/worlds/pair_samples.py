"""Certificates for pairs on samples of letters: means over matchings, transport values, several models, several looks.

Every world draws a population of letters and kernels of two letters with values in [0, C]; a sample is a word. With
A = 1 - kappa q/C the matching mean h averages prod A over the pairs of a matching that does not look at the letters; an odd
number of letters has one triangle, whose three factors count by their square roots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any, ClassVar

import numpy as np
import sympy

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, over_pairs, words_and_chances
from boundcalc.checker.experiments.worlds.numbers import logarithm, numbers, root, scaled

__all__ = [
    "Candidates",
    "Looks",
    "OwnPartners",
    "PairGain",
    "PairSample",
    "Posteriors",
    "Replacement",
    "half_value",
    "small_value",
    "transport_value",
]

Pairs = tuple[tuple[int, int], ...]


def transport_value(factors: np.ndarray, rounds: int = 60) -> np.ndarray:
    """Return min over couplings P of sum P (-log A) + sum P log(m^2 P), for positive factors A of shape (..., m, m).

    Each round of scaling ends in column sums that are exact; a last mixing step would make it a coupling. The value of
    the potentials is the minimum to rounding.
    """
    m = factors.shape[-1]
    rows, columns = np.ones(factors.shape[:-1]), np.ones(factors.shape[:-1])
    for _ in range(rounds):
        rows = 1 / np.einsum("...ij,...j->...i", factors, columns)
        columns = 1 / np.einsum("...ij,...i->...j", factors, rows)
    return np.asarray((np.log(rows) + np.log(columns)).sum(axis=-1) / m + np.log(m))


def _perfect(places: Sequence[int]) -> Iterator[Pairs]:
    if not places:
        yield ()
        return
    first, *rest = places
    for other in rest:
        for inner in _perfect([place for place in rest if place != other]):
            yield ((first, other), *inner)


def matchings(n: int, *, halves: bool) -> list[tuple[Pairs, Pairs]]:
    """Return (triangle, pairs) for every matching: all bijections of two halves of the rest, or all perfect matchings."""
    triangles = [()] if n % 2 == 0 else [(0, 1, 2)] if halves else list(combinations(range(n), 3))
    found = []
    for corners in triangles:
        sides = tuple(combinations(corners, 2))
        rest = [place for place in range(n) if place not in corners]
        half = len(rest) // 2
        if halves:
            pairs = [
                tuple((rest[i], rest[half + j]) for i, j in enumerate(order)) for order in permutations(range(half))
            ]
        else:
            pairs = list(_perfect(rest))
        found += [(sides, some) for some in pairs]
    return found


def _mean_product(factors: np.ndarray, words: np.ndarray, law: list[tuple[Pairs, Pairs]], *, exact: bool) -> np.ndarray:
    """Return the mean over matchings of the product of A, one value per word."""

    def product(pairs: Pairs) -> Any:
        result: Any = numbers(np.ones(len(words)), exact=exact)
        for i, j in pairs:
            result = result * factors[..., words[:, i], words[:, j]]
        return result

    total: Any = 0
    for triangle, pairs in law:
        part = product(pairs)
        total = total + (scaled(root(product(triangle), exact=exact), part, exact=exact) if triangle else part)
    return np.asarray(scaled(total, Fraction(1, len(law)) if exact else 1 / len(law), exact=exact))


def small_value(costs: np.ndarray) -> np.ndarray:
    """Return the same exactly, from costs (SymPy numbers) of shape (..., 1, 1) or (..., 2, 2).

    The doubly stochastic scaling of a 2 x 2 matrix A has det D1 det D2 = (sqrt(A11 A22) + sqrt(A12 A21))^2.
    """
    flat = costs.reshape(-1, costs.shape[-1] ** 2)
    found = np.empty(len(flat), dtype=object)
    for place, row in enumerate(flat):
        if len(row) == 1:
            found[place] = row[0]
        else:
            along, across = sympy.exp(-(row[0] + row[3]) / 2), sympy.exp(-(row[1] + row[2]) / 2)
            found[place] = sympy.log(2) - sympy.log(along + across)
    return found.reshape(costs.shape[:-2])


def half_value(costs: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Return T with exp(-n T/2) a lower value of the matching mean: transport between halves, a triangle if n is odd.

    ``costs`` are -log A for two letters: floats, or SymPy numbers for an exact value (up to five letters a word).
    """
    n, exact = words.shape[1], costs.dtype == object
    start = 3 * (n % 2)
    half = (n - start) // 2
    value: Any = np.zeros((*costs.shape[:-2], len(words)), dtype=costs.dtype)
    if half:
        a, b = words[:, start : start + half], words[:, start + half :]
        block = costs[..., a[:, :, None], b[:, None, :]]
        value = value + half * (small_value(block) if exact else transport_value(np.exp(-block)))
    if start:
        for i, j in ((0, 1), (1, 2), (0, 2)):
            value = value + costs[..., words[:, i], words[:, j]] / 2
    return np.asarray(value * 2 / n)


def costs_of(factors: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return -log A."""
    return -logarithm(factors, exact=exact)


def _population(rng: np.random.Generator, letters: int) -> np.ndarray:
    weights = rng.integers(1, 6, letters)
    weights[0] *= int(rng.choice([1, 1, 5]))
    return weights


def _kernel(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return kernels with values 0, 1, 2: any, or 2 in one cell only, or symmetric."""
    q = rng.integers(0, 3, shape)
    kind = rng.integers(0, 5)
    if kind == 0:
        q = np.zeros(shape, dtype=q.dtype)
        q[..., 0, 0] = 2
    if kind == 1:
        q = np.maximum(q, np.swapaxes(q, -1, -2))
    if kind == 2:
        q[:] = q[..., :1, :]
    if kind == 3:
        q[:] = 2 * np.eye(shape[-1], dtype=q.dtype)
    return q


@dataclass(frozen=True)
class PairSample(SampleSpace):
    """n letters and one kernel q in [0, C]: its matching mean and transport value, and the closed forms below them."""

    n: int = 4
    letters: int = 2
    halves: bool = True

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return populations, kernels with values 0, 1, 2, the range C >= 2 and kappa in hundredths."""
        return [
            {
                "weights": _population(rng, self.letters),
                "q": _kernel(rng, (self.letters, self.letters)),
                "C": np.asarray(rng.integers(2, 4)),
                "kappa": np.maximum(rng.integers(1, 100), 99 * rng.integers(0, 2)),
                "theta": np.maximum(rng.integers(1, 101), 100 * rng.integers(0, 2)),
            }
            for _ in range(size)
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return what a certificate speaks of, on each sample."""
        words, chance, both = _samples(instance, self.n, exact=exact)
        q = numbers(instance["q"], exact=exact)
        span, kappa = numbers(instance["C"], exact=exact)[()], numbers(instance["kappa"], exact=exact)[()] / 100
        risk = (both * q).sum()
        factors = 1 - kappa * q / span
        law = matchings(self.n, halves=self.halves)
        mean = _mean_product(factors, words, law, exact=exact)
        costs = costs_of(factors, exact=exact)
        atoms = {
            "r_0": risk,
            "rhat_holdout": over_pairs(q, words),
            "C": span,
            "kappa": kappa,
            "h_match": mean,
            "E_match": scaled(mean, chance, exact=exact).sum(),
            "a_match": 1 - kappa * risk / span,
            "T_h": half_value(costs, words),
            **constants(exact=exact, n_h=self.n, n=self.n, m=self.n // 2),
        }
        if self.n % 2 == 0:
            atoms |= _closed(costs, words, instance, exact=exact)
        return {name: np.asarray(value) for name, value in atoms.items()}, chance


def _samples(instance: Instance, n: int, *, exact: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all words, their probabilities, and the joint probabilities of two letters."""
    weights, words, chance = words_and_chances(instance["weights"], n, exact=exact)
    return words, chance, weights[:, None] * weights[None, :]


def _closed(costs: np.ndarray, words: np.ndarray, instance: Instance, *, exact: bool) -> dict[str, np.ndarray]:
    """Return mean cost, mean square of the doubly centred costs, and a step theta that keeps the coupling positive."""
    half = words.shape[1] // 2
    return _centred(costs[words[:, :half][:, :, None], words[:, half:][:, None, :]], instance, exact=exact)


def _centred(cost: np.ndarray, instance: Instance, *, exact: bool) -> dict[str, np.ndarray]:
    half = cost.shape[-1]
    mean = cost.sum(axis=(1, 2)) / half**2
    ends = (cost.sum(axis=2, keepdims=True) + cost.sum(axis=1, keepdims=True)) / half
    rest = cost - ends + mean[:, None, None]
    largest = np.maximum(rest.astype(float).max(axis=(1, 2)), 1e-12)
    steps = (np.minimum(0.5, 1 / largest) * int(instance["theta"]) * 10 * (1 - 1e-9)).astype(int)
    return {
        "cost_mean": mean,
        "cost_spread": (rest**2).sum(axis=(1, 2)) / half**2,
        "theta": numbers(steps, exact=exact) / 1000,
    }


@dataclass(frozen=True)
class OwnPartners(SampleSpace):
    """Each of m rows is misjudged with one partner, of its own: 1 - kappa q is doubly stochastic up to its scale."""

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return m, kappa in hundredths and what share of the largest step is taken."""
        return [
            {"m": np.asarray(rng.integers(2, 12)), "kappa": np.asarray(rng.integers(80, 100)), "theta": np.asarray(100)}
            for _ in range(size)
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return T = -log(1 - kappa/m) and the closed forms of this one sample."""
        m, kappa = int(instance["m"]), numbers(instance["kappa"], exact=exact)[()] / 100
        costs = costs_of(1 - kappa * numbers(np.eye(m, dtype=np.int64), exact=exact), exact=exact)
        value = costs_of(np.asarray([1 - kappa / m]), exact=exact)
        return {"T_h": value} | _centred(costs[None], instance, exact=exact), numbers([1], exact=exact)


@dataclass(frozen=True)
class PairGain(SampleSpace):
    """Two models fixed in advance on the same n letters: the risk of N minus the risk of M."""

    n: int = 4
    letters: int = 2

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return populations and the losses of N and M, with values 0, 1, 2."""
        sample = PairSample(self.n, self.letters)
        return [row | {"other": _kernel(rng, (self.letters, self.letters))} for row in sample.draw(rng, size)]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return both risks and the transport value of Y = (1 - (loss of N - loss of M)/C)/2."""
        words, chance, both = _samples(instance, self.n, exact=exact)
        first, second = (numbers(instance[name], exact=exact) for name in ("q", "other"))
        span, kappa = numbers(instance["C"], exact=exact)[()], numbers(instance["kappa"], exact=exact)[()] / 100
        half = Fraction(1, 2) if exact else 0.5
        y = half - (first - second) / span * half
        factors = 1 - kappa * y
        atoms = {
            "r_N": (both * first).sum(),
            "r_M": (both * second).sum(),
            "y_gain": (both * y).sum(),
            "h_match": _mean_product(factors, words, matchings(self.n, halves=True), exact=exact),
            "C": span,
            "kappa": kappa,
            "T_h": half_value(costs_of(factors, exact=exact), words),
            **constants(exact=exact, n_h=self.n, n=self.n, m=self.n // 2),
        }
        return {name: np.asarray(value) for name, value in atoms.items()}, chance


@dataclass(frozen=True)
class Candidates(SampleSpace):
    """J kernels fixed in advance on the same letters; whoever chooses takes the one that the bound serves worst.

    With ``slack`` a kernel stands for all functions near a lattice point: their risks lie below its own.
    """

    n: int = 2
    letters: int = 4
    slack: bool = False

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return populations and two to five kernels, some of which are right on a cell of their own only."""
        found = []
        for _ in range(size):
            many = int(rng.integers(2, 6))
            q = _kernel(rng, (many, self.letters, self.letters))
            if rng.random() < 0.5:
                q = np.full_like(q, 2)
                for j in range(many):
                    q[j, j % self.letters, (j + 1) % self.letters] = 0
            found.append(
                {
                    "weights": _population(rng, self.letters),
                    "q": q,
                    "C": np.asarray(rng.integers(2, 4)),
                    "kappa": np.asarray(rng.integers(1, 99)),
                    "less": rng.integers(0, 3, q.shape),
                }
            )
        return found

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the chosen kernel's risk and values."""
        words, chance, both = _samples(instance, self.n, exact=exact)
        q = numbers(instance["q"], exact=exact)
        span, kappa = numbers(instance["C"], exact=exact)[()], numbers(instance["kappa"], exact=exact)[()] / 100
        risks = (q * both).sum(axis=(1, 2))
        costs = costs_of(1 - kappa * q / span, exact=exact)
        value = half_value(costs.astype(float), words)
        surprise = (
            -self.n / 2 * value - self.n / 2 * np.log(1 - float(kappa) * risks.astype(float) / float(span))[:, None]
        )
        chosen = np.argmax(surprise, axis=0)
        place = np.arange(len(words))
        smaller = np.minimum(q, numbers(instance["less"], exact=exact)) if self.slack else q
        means = over_pairs(q, words)
        law = matchings(self.n, halves=True)
        products = np.stack([_mean_product(1 - kappa * table / span, words, law, exact=exact) for table in q])
        atoms = {
            "h_match": products[chosen, place],
            "r_0": (smaller * both).sum(axis=(1, 2))[chosen],
            "r_M": (smaller * both).sum(axis=(1, 2))[chosen],
            "err_slack": risks[chosen],
            "rhat_holdout": means[chosen, place],
            "T_h": (half_value(costs, words) if exact else value)[chosen, place],
            "J": numbers(len(q), exact=exact)[()],
            "C": span,
            "kappa": kappa,
            **constants(exact=exact, n_h=self.n, n=self.n, m=self.n // 2),
        }
        return {name: np.asarray(item) for name, item in atoms.items()}, chance


@dataclass(frozen=True)
class Posteriors(SampleSpace):
    """A uniform prior on J kernels and a posterior that looks at the sample: on the luckiest, or spread towards it."""

    n: int = 2
    letters: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return the kernels of `Candidates`, and how far the posterior is spread."""
        return [
            row | {"spread": np.asarray(rng.integers(0, 4))} for row in Candidates(self.n, self.letters).draw(rng, size)
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the posterior's risks, its divergence from the prior and the transport value of its mean costs."""
        words, chance, both = _samples(instance, self.n, exact=exact)
        q = numbers(instance["q"], exact=exact)
        span, kappa = numbers(instance["C"], exact=exact)[()], numbers(instance["kappa"], exact=exact)[()] / 100
        risks = (q * both).sum(axis=(1, 2))
        means = over_pairs(q, words)
        lucky = np.argmax(risks.astype(float)[:, None] - means.astype(float), axis=0)
        many, spread = len(q), int(instance["spread"])
        shares = numbers(np.full((many, len(words)), spread), exact=exact)
        shares[lucky, np.arange(len(words))] += 4
        shares = shares / (4 + many * spread)
        logs = logarithm(np.where(shares > 0, shares * many, 1), exact=exact)
        divergence = scaled(shares, logs, exact=exact).sum(axis=0)
        half = self.n // 2
        cost = costs_of(1 - kappa * q / span, exact=exact)
        pairs = cost[:, words[:, :half][:, :, None], words[:, half:][:, None, :]]
        mean_cost = scaled(shares[:, :, None, None], pairs, exact=exact).sum(axis=0)
        atoms = {
            "r_rho": (shares * risks[:, None]).sum(axis=0),
            "rhat_rho": (shares * means).sum(axis=0),
            "KL": divergence,
            "T_h": small_value(mean_cost) if exact else transport_value(np.exp(-mean_cost)),
            "C": span,
            "kappa": kappa,
            **constants(exact=exact, n_h=self.n, n=self.n, m=self.n // 2),
        }
        return {name: np.asarray(item) for name, item in atoms.items()}, chance


@dataclass(frozen=True)
class Looks(SampleSpace):
    """Letters that arrive in batches of two; whoever stops does so at the look that the bound serves worst."""

    batches: int = 3
    letters: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return the instances of `PairSample`."""
        return PairSample(2, self.letters).draw(rng, size)

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the number of rows and the transport value at the worst look."""
        words, chance, both = _samples(instance, 2 * self.batches, exact=exact)
        q = numbers(instance["q"], exact=exact)
        span, kappa = numbers(instance["C"], exact=exact)[()], numbers(instance["kappa"], exact=exact)[()] / 100
        risk = (both * q).sum()
        costs = costs_of(1 - kappa * q / span, exact=exact)
        parts = np.stack([half_value(costs, words[:, 2 * k : 2 * k + 2]) for k in range(self.batches)])
        sums = np.cumsum(parts, axis=0)
        seen = np.arange(1, self.batches + 1)
        surprise = -sums.astype(float) - seen[:, None] * np.log(1 - float(kappa) * float(risk) / float(span))
        worst = np.argmax(np.round(surprise, 9), axis=0)  # equal looks: the first, in floats as exactly
        place = np.arange(len(words))
        atoms = {
            "r_0": risk,
            "T_h": sums[worst, place] / seen[worst],
            "n_h": numbers(2 * seen[worst], exact=exact),
            "C": span,
            "kappa": kappa,
        }
        return {name: np.asarray(item) for name, item in atoms.items()}, chance


@dataclass(frozen=True)
class Replacement(SampleSpace):
    """A pilot certifies f_0; new letters decide whether f_1 takes its place: only if its gain is certified."""

    letters: int = 2
    replicates: int = 4000
    exhaustive: ClassVar[bool] = False
    levels: ClassVar[tuple[Fraction, ...]] = (Fraction(1, 2), Fraction(4, 5), Fraction(19, 20), Fraction(1, 5))

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return the instances of `PairGain`; the pilot and the test have two letters each."""
        return PairGain(2, self.letters).draw(rng, size)

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the risk of whichever model is returned, and the pilot's transport value."""
        rng = np.random.default_rng(0) if rng is None else rng
        weights = instance["weights"] / instance["weights"].sum()
        words = rng.choice(self.letters, (self.replicates, 4), p=weights)
        both = weights[:, None] * weights[None, :]
        first, second = (np.asarray(instance[name], dtype=float) for name in ("q", "other"))
        span, kappa = float(instance["C"]), float(instance["kappa"]) / 100
        numerator, denominator = (int(item) for item in instance["share"])
        gain = half_value(-np.log(1 - kappa * (0.5 - (first - second) / (2 * span))), words[:, 2:])
        upper = (1 - numerator / denominator * np.exp(-gain)) / kappa
        risks = [(both * table).sum() for table in (first, second)]
        atoms = {
            "r_new": np.where(span * (1 - 2 * upper) >= 0, risks[1], risks[0]),
            "r_0": np.asarray(risks[0]),
            "T_h": half_value(-np.log(1 - kappa * first / span), words[:, :2]),
            "C": np.asarray(span),
            "kappa": np.asarray(kappa),
            "n_h": np.asarray(2.0),
        }
        return atoms, np.full(self.replicates, 1 / self.replicates)
