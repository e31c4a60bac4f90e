"""Certificates for pairs on samples of letters: means over matchings, transport values, several models, several looks.

Every world draws a population of letters and kernels of two letters with values in [0, C]; a sample is a word. With
A = 1 - kappa q/C the matching mean h averages prod A over the pairs of a matching that does not look at the letters; an odd
number of letters has one triangle, whose three factors count by their square roots.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any, ClassVar

import numpy as np
import sympy

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Replicated, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, over_pairs, words_and_chances
from boundcalc.checker.experiments.worlds.many import Certified, ones_law, share_of
from boundcalc.checker.experiments.worlds.numbers import logarithm, numbers, root, scaled

__all__ = [
    "Candidates",
    "Looks",
    "ManyGains",
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


class _Sample:
    """All words of n letters with their probabilities, and kernels q in [0, C] of two letters."""

    def __init__(self, instance: Instance, n: int, *, exact: bool) -> None:
        weights, self.words, self.chance = words_and_chances(instance["weights"], n, exact=exact)
        self.n, self.exact, self.place = n, exact, np.arange(len(self.words))
        self.both = weights[:, None] * weights[None, :]
        self.q = numbers(instance["q"], exact=exact)
        self.span = numbers(instance["C"], exact=exact)[()]
        self.half_rows = numbers(n, exact=exact)[()] / 2
        self.kappa = numbers(instance["kappa"], exact=exact)[()] / 100
        self.risk = (self.both * self.q).sum(axis=(-1, -2))
        self.factors = 1 - self.kappa * self.q / self.span
        self.costs = costs_of(self.factors, exact=exact)

    def mean_product(self, factors: np.ndarray, *, halves: bool = True) -> np.ndarray:
        """Return the matching mean of one kernel's factors."""
        return _mean_product(factors, self.words, matchings(self.n, halves=halves), exact=self.exact)

    def surprise(self, value: np.ndarray, pairs: Any) -> np.ndarray:
        """Return how far the true factor lies above what the transport value of so many pairs says of it, on a log scale."""
        true = 1 - float(self.kappa) * np.asarray(self.risk, dtype=float) / float(self.span)
        return np.asarray(-pairs * (value + np.log(true)[..., None]))


class _PairWorld(SampleSpace):
    """A world whose outcomes are samples of n letters, and what certificates say of kernels of two of them."""

    n: int

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the values on each sample, with range, kappa and numbers of rows."""
        sample = _Sample(instance, self.n, exact=exact)
        atoms = {
            "C": sample.span,
            "kappa": sample.kappa,
            **constants(exact=exact, n_h=self.n, n=self.n, m=self.n // 2),
            "M_w": sample.half_rows,
            **self.values(sample, instance),
        }
        return {name: np.asarray(value) for name, value in atoms.items()}, sample.chance

    @abstractmethod
    def values(self, sample: _Sample, instance: Instance) -> dict[str, Any]:
        """Return what is particular to the world."""


@dataclass(frozen=True)
class PairSample(_PairWorld):
    """n letters and one kernel q in [0, C]: its matching mean and transport value, and the closed forms below them."""

    n: int = 4
    letters: int = 2
    halves: bool = True

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population, a kernel with values 0, 1, 2, the range C >= 2 and kappa in hundredths."""
        return {
            "weights": _population(rng, self.letters),
            "q": _kernel(rng, (self.letters, self.letters)),
            "C": rng.integers(2, 4),
            "kappa": np.maximum(rng.integers(1, 100), 99 * rng.integers(0, 2)),
            "theta": np.maximum(rng.integers(1, 101), 100 * rng.integers(0, 2)),
        }

    def values(self, sample: _Sample, instance: Instance) -> dict[str, Any]:
        """Return what a certificate speaks of."""
        mean = sample.mean_product(sample.factors, halves=self.halves)
        atoms = {
            "r_0": sample.risk,
            "rhat_holdout": over_pairs(sample.q, sample.words),
            "h_match": mean,
            "E_match": scaled(mean, sample.chance, exact=sample.exact).sum(),
            "a_match": 1 - sample.kappa * sample.risk / sample.span,
            "T_h": half_value(sample.costs, sample.words),
        }
        if self.n % 2:
            return atoms
        half = self.n // 2
        cost = sample.costs[sample.words[:, :half][:, :, None], sample.words[:, half:][:, None, :]]
        return atoms | _closed(cost, int(instance["theta"]), exact=sample.exact)


def _closed(cost: np.ndarray, theta: int, *, exact: bool) -> dict[str, np.ndarray]:
    """Return mean cost, mean square of the doubly centred costs, and a step theta that keeps the coupling positive."""
    half = cost.shape[-1]
    mean = cost.sum(axis=(1, 2)) / half**2
    ends = (cost.sum(axis=2, keepdims=True) + cost.sum(axis=1, keepdims=True)) / half
    rest = cost - ends + mean[:, None, None]
    largest = np.maximum(rest.astype(float).max(axis=(1, 2)), 1e-12)
    steps = (np.minimum(0.5, 1 / largest) * theta * 10 * (1 - 1e-9)).astype(int)
    return {
        "cost_mean": mean,
        "cost_spread": (rest**2).sum(axis=(1, 2)) / half**2,
        "theta": numbers(steps, exact=exact) / 1000,
    }


@dataclass(frozen=True)
class OwnPartners(SampleSpace):
    """Each of m rows is misjudged with one partner, of its own: 1 - kappa q is doubly stochastic up to its scale."""

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return m and kappa in hundredths."""
        return {"m": rng.integers(2, 12), "kappa": rng.integers(80, 100)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return T = -log(1 - kappa/m) and the closed forms of this one sample, at the largest step."""
        m, kappa = int(instance["m"]), numbers(instance["kappa"], exact=exact)[()] / 100
        costs = -logarithm(1 - kappa * numbers(np.eye(m, dtype=np.int64), exact=exact), exact=exact)
        value = -logarithm(np.asarray([1 - kappa / m]), exact=exact)
        return {"T_h": value} | _closed(costs[None], 100, exact=exact), numbers([1], exact=exact)


@dataclass(frozen=True)
class PairGain(_PairWorld):
    """Two models fixed in advance on the same n letters: the risk of N minus the risk of M."""

    n: int = 4
    letters: int = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population and the losses of N and M, with values 0, 1, 2."""
        losses = PairSample(self.n, self.letters).instance(rng, number)
        return {**losses, "other": _kernel(rng, (self.letters, self.letters))}

    def values(self, sample: _Sample, instance: Instance) -> dict[str, Any]:
        """Return both risks and the transport value of Y = (1 - (loss of N - loss of M)/C)/2."""
        other = numbers(instance["other"], exact=sample.exact)
        half = Fraction(1, 2) if sample.exact else 0.5
        y = half - (sample.q - other) / sample.span * half
        factors = 1 - sample.kappa * y
        return {
            "r_N": sample.risk,
            "r_M": (sample.both * other).sum(),
            "y_gain": (sample.both * y).sum(),
            "h_match": sample.mean_product(factors),
            "T_h": half_value(costs_of(factors, exact=sample.exact), sample.words),
        }


@dataclass(frozen=True)
class Candidates(_PairWorld):
    """J kernels fixed in advance on the same letters; whoever chooses takes the one that the bound serves worst.

    With ``slack`` a kernel stands for all functions near a lattice point: their risks lie below its own.
    """

    n: int = 2
    letters: int = 4
    slack: bool = False

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population and two to five kernels, some of which are right on a cell of their own only."""
        many = int(rng.integers(2, 6))
        q = _kernel(rng, (many, self.letters, self.letters))
        if rng.random() < 0.5:
            q = np.full_like(q, 2)
            for j in range(many):
                q[j, j % self.letters, (j + 1) % self.letters] = 0
        return {
            "weights": _population(rng, self.letters),
            "q": q,
            "C": rng.integers(2, 4),
            "kappa": rng.integers(1, 99),
            "less": rng.integers(0, 3, q.shape),
        }

    def values(self, sample: _Sample, instance: Instance) -> dict[str, Any]:
        """Return the chosen kernel's risk and values."""
        value = half_value(sample.costs.astype(float), sample.words)
        chosen, place = np.argmax(sample.surprise(value, self.n / 2), axis=0), sample.place
        smaller = np.minimum(sample.q, numbers(instance["less"], exact=sample.exact)) if self.slack else sample.q
        risk = (smaller * sample.both).sum(axis=(1, 2))[chosen]
        return {
            "h_match": np.stack([sample.mean_product(one) for one in sample.factors])[chosen, place],
            "r_0": risk,
            "r_M": risk,
            "err_slack": sample.risk[chosen],
            "rhat_holdout": over_pairs(sample.q, sample.words)[chosen, place],
            "T_h": (half_value(sample.costs, sample.words) if sample.exact else value)[chosen, place],
            "J": numbers(len(sample.q), exact=sample.exact)[()],
        }


@dataclass(frozen=True)
class Posteriors(_PairWorld):
    """A uniform prior on J kernels and a posterior that looks at the sample: on the luckiest, or spread towards it."""

    n: int = 2
    letters: int = 3

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the kernels of `Candidates`, and how far the posterior is spread."""
        return {**Candidates(self.n, self.letters).instance(rng, number), "spread": rng.integers(0, 4)}

    def values(self, sample: _Sample, instance: Instance) -> dict[str, Any]:
        """Return the posterior's risks, its divergence from the prior and the transport value of its mean costs."""
        words, exact = sample.words, sample.exact
        means = over_pairs(sample.q, words)
        lucky = np.argmax(sample.risk.astype(float)[:, None] - means.astype(float), axis=0)
        many, spread = len(sample.q), int(instance["spread"])
        shares = numbers(np.full((many, len(words)), spread), exact=exact)
        shares[lucky, sample.place] += 4
        shares = shares / (4 + many * spread)
        logs = logarithm(np.where(shares > 0, shares * many, 1), exact=exact)
        half = self.n // 2
        pairs = sample.costs[:, words[:, :half][:, :, None], words[:, half:][:, None, :]]
        mean_cost = scaled(shares[:, :, None, None], pairs, exact=exact).sum(axis=0)
        return {
            "r_rho": (shares * sample.risk[:, None]).sum(axis=0),
            "rhat_rho": (shares * means).sum(axis=0),
            "KL": scaled(shares, logs, exact=exact).sum(axis=0),
            **self._tilted(sample, shares),
            "T_h": small_value(mean_cost) if exact else transport_value(np.exp(-mean_cost)),
        }

    def _tilted(self, sample: _Sample, shares: np.ndarray) -> dict[str, np.ndarray]:
        """Return the posterior mean of log(h/(1 - kappa r/C)^m), and the prior mean of the ratio itself."""
        exact = sample.exact
        true = (1 - sample.kappa * sample.risk / sample.span) ** (self.n // 2)
        ratio = np.stack([sample.mean_product(one) for one in sample.factors]) / true[:, None]
        mean = ratio.sum(axis=0) / len(ratio)
        return {
            "tilt_rho": scaled(shares, logarithm(ratio, exact=exact), exact=exact).sum(axis=0),
            "log_prior": logarithm(mean, exact=exact),
            "E_tilt": scaled(mean, sample.chance, exact=exact).sum(),
        }


@dataclass(frozen=True)
class Looks(_PairWorld):
    """Letters that arrive in batches of two; whoever stops does so at the look that the bound serves worst."""

    batches: int = 3
    letters: int = 3

    @property
    def n(self) -> int:  # type: ignore[override]
        """Letters in all."""
        return 2 * self.batches

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the instances of `PairSample`."""
        return PairSample(2, self.letters).instance(rng, number)

    def values(self, sample: _Sample, instance: Instance) -> dict[str, Any]:
        """Return the number of rows and the transport value at the worst look."""
        parts = np.stack([half_value(sample.costs, sample.words[:, 2 * k : 2 * k + 2]) for k in range(self.batches)])
        seen = np.arange(1, self.batches + 1)
        means = np.cumsum(parts, axis=0) / seen[:, None]
        surprise = sample.surprise(means.astype(float), seen[:, None])
        worst = np.argmax(np.round(surprise, 9), axis=0)  # equal looks: the first, in floats as exactly
        rows = numbers(2 * seen[worst], exact=sample.exact)
        return {"r_0": sample.risk, "T_h": means[worst, sample.place], "n_h": rows}


@dataclass(frozen=True)
class Replacement(Replicated):
    """A pilot certifies f_0; new letters decide whether f_1 takes its place: only if its gain is certified."""

    letters: int = 2
    replicates: int = 4000
    levels: ClassVar[tuple[Fraction, ...]] = (Fraction(1, 2), Fraction(4, 5), Fraction(19, 20), Fraction(1, 5))

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the instances of `PairGain`; the pilot and the test have two letters each."""
        return PairGain(2, self.letters).instance(rng, number)

    def simulate(self, instance: Instance, rng: np.random.Generator) -> dict[str, Any]:
        """Return the risk of whichever model is returned, and the pilot's transport value."""
        weights = instance["weights"] / instance["weights"].sum()
        words = rng.choice(self.letters, (self.replicates, 4), p=weights)
        both = weights[:, None] * weights[None, :]
        first, second = (np.asarray(instance[name], dtype=float) for name in ("q", "other"))
        span, kappa = float(instance["C"]), float(instance["kappa"]) / 100
        numerator, denominator = (int(item) for item in instance["share"])
        gain = half_value(-np.log(1 - kappa * (0.5 - (first - second) / (2 * span))), words[:, 2:])
        upper = (1 - numerator / denominator * np.exp(-gain)) / kappa
        risks = [(both * table).sum() for table in (first, second)]
        return {
            "r_new": np.where(span * (1 - 2 * upper) >= 0, risks[1], risks[0]),
            "r_0": risks[0],
            "T_h": half_value(-np.log(1 - kappa * first / span), words[:, :2]),
            "C": span,
            "kappa": kappa,
            "n_h": 2,
        }


@dataclass(frozen=True)
class ManyGains(Certified):
    """Thousands of new rows: in a pair one of two models is right, because of its first row, f_0 a little more often."""

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the risk of whichever model is returned, by the number of pairs that speak for f_0."""
        m, kappa = int(instance["m"]), 1 / 8
        right = np.arange(m + 1)
        upper = (1 - float(share_of(instance)) ** (1 / m) * (1 - kappa) ** (right / m)) / kappa
        risks = numbers([m - 1, m + 1], exact=exact) / (2 * m)
        return {
            "r_new": np.where(upper <= 1 / 2, risks[1], risks[0]),
            "r_0": risks[0],
            **constants(exact=exact, C=1, n_h=2 * m),
        }, ones_law(m, m + 1, 2 * m, exact=exact)
