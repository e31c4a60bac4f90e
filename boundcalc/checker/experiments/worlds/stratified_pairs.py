"""Pairs of known labels: stratified matchings for a declared mix of class pairs, rates and the order of two distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.numbers import as_sympy, logarithm, numbers, scaled, sequences
from boundcalc.checker.experiments.worlds.pair_samples import costs_of, small_value, transport_value

__all__ = ["DistanceOrder", "StratifiedPairs"]

_LEAST: Any = Fraction(1, 10**9)  # a clipped kappa_t = 1 leaves factors 0


def _exp(array: np.ndarray, *, exact: bool) -> np.ndarray:
    if not exact:
        return np.exp(np.asarray(array, dtype=float))
    return np.array([sympy.exp(as_sympy(item)) for item in array], dtype=object)


@dataclass(frozen=True)
class StratifiedPairs(SampleSpace):
    """Two classes with given numbers of rows; the law of a row depends on its class, the mix of class pairs is declared.

    ``pairs`` are the numbers of matched pairs of two first-class rows, two second-class rows, and one of each. With ``clip``
    every kappa_t that would leave (0, 1) is clipped instead of choosing a smaller kappa: a false twin.
    """

    rows: tuple[int, int] = (2, 2)
    pairs: tuple[int, int, int] = (0, 0, 2)
    letters: int = 2
    clip: bool = False

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the laws of both classes, 0-1 kernels for each class pair, the mix in tenths, and kappa."""
        mix = np.where(np.array(self.pairs) > 0, rng.integers(1, 6, 3), 0)
        return {
            "first": rng.integers(1, 6, self.letters),
            "second": rng.integers(1, 6, self.letters),
            "q": rng.integers(0, 2, (3, self.letters, self.letters)),
            "mix": mix,
            "kappa": rng.integers(1, 100),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the mix's risk and, for each sample, the mean over assignments of rows to slots."""
        one: Any = Fraction(1) if exact else 1.0
        laws = [numbers(instance[name], exact=exact) for name in ("first", "second")]
        laws = [law / law.sum() for law in laws]
        mix = numbers(instance["mix"], exact=exact)
        mix = mix / mix.sum()
        q = numbers(instance["q"], exact=exact)
        q[:2] = np.maximum(q[:2], np.swapaxes(q[:2], 1, 2))
        total = sum(self.pairs)
        caps = [one * count / (total * share) for count, share in zip(self.pairs, mix, strict=True) if count]
        kappa = numbers(instance["kappa"], exact=exact)[()] / 100 * (one if self.clip else min(one, *caps))
        sides = ((laws[0], laws[0]), (laws[1], laws[1]), (laws[0], laws[1]))
        risks = [(left[:, None] * right[None, :] * table).sum() for (left, right), table in zip(sides, q, strict=True)]
        words = sequences(self.letters, sum(self.rows))
        by_class = [words[:, : self.rows[0]], words[:, self.rows[0] :]]
        chance = np.multiply.reduce(laws[0][by_class[0]], axis=1) * np.multiply.reduce(laws[1][by_class[1]], axis=1)
        rates = [
            min(kappa * total * share / count, one) if count else one
            for count, share in zip(self.pairs, mix, strict=True)
        ]
        factors = [1 - rate * table for rate, table in zip(rates, q, strict=True)]
        mean, value = self._means(factors, by_class, exact=exact)
        empirical = sum(
            share * part for share, part in zip(mix, self._empirical(q, by_class, exact=exact), strict=True)
        )
        risk = sum(share * part for share, part in zip(mix, risks, strict=True))
        load = [2 * mix[0] + mix[2], 2 * mix[1] + mix[2]]
        atoms = {
            "r_mix": risk,
            "rhat_mix": empirical,
            "kappa": kappa,
            "N_h": numbers(total, exact=exact)[()],
            "M_w": min(one * count / part for count, part in zip(self.rows, load, strict=True) if part),
            "h_match": mean,
            "E_match": scaled(mean, chance, exact=exact).sum(),
            "a_match": 1 - kappa * risk,
            "T_h": value,
        }
        return {name: np.asarray(item) for name, item in atoms.items()}, chance

    def _means(self, factors, by_class, *, exact: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean product over assignments, and -(1/N) log of the mean of exp(-sum N_t T_t)."""
        costs = [
            costs_of(np.where(table > 0, table, _LEAST if exact else float(_LEAST)), exact=exact) for table in factors
        ]
        orders = list(product(permutations(range(self.rows[0])), permutations(range(self.rows[1]))))
        exact_sum: Any = 0
        lower: Any = 0
        for first, second in orders:
            term: Any = numbers(np.ones(len(by_class[0])), exact=exact)
            exponent: Any = 0
            start = [0, 0]
            for kind, count in enumerate(self.pairs):
                own = ((0, 0), (1, 1), (0, 1))[kind]
                places = []
                for side in own:
                    order = (first, second)[side]
                    places.append(by_class[side][:, list(order[start[side] : start[side] + count])])
                    start[side] += count
                left, right = places
                for i in range(count):
                    term = term * factors[kind][left[:, i], right[:, i]]
                if count:
                    block = costs[kind][left[:, :, None], right[:, None, :]]
                    part = small_value(block) if exact else transport_value(np.exp(-block))
                    exponent = exponent + count * part
            exact_sum = exact_sum + term
            lower = lower + _exp(-exponent, exact=exact)
        share = Fraction(1, len(orders)) if exact else 1 / len(orders)
        return exact_sum * share, -logarithm(lower / len(orders), exact=exact) / sum(self.pairs)

    @staticmethod
    def _empirical(q, by_class, *, exact: bool) -> list[Any]:
        """Return the mean kernel over all pairs of each class pair (0 where there is none)."""
        found = []
        for kind, (a, b) in enumerate(((0, 0), (1, 1), (0, 1))):
            left, right = by_class[a], by_class[b]
            cells = [(i, j) for i in range(left.shape[1]) for j in range(right.shape[1]) if kind == 2 or i < j]
            total: Any = 0
            for i, j in cells:
                total = total + q[kind][left[:, i], right[:, j]]
            found.append(total * (Fraction(1, max(1, len(cells))) if exact else 1 / max(1, len(cells))))
        return found


@dataclass(frozen=True)
class DistanceOrder(SampleSpace):
    """Rows of two classes with a distance of two letters; the chance that a same-class pair is no nearer than another.

    Four rows are matched in the given order; given the labels, same and different pairs are independent, and surplus
    pairs are dropped. Samples without both kinds say nothing: their transport value is 0 and count is 0.
    """

    letters: int = 2

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return the joint law of label and letter, distances 0 to 3, and kappa."""
        return {
            "law": rng.integers(1, 5, (2, self.letters)),
            "distance": rng.integers(0, 4, (self.letters, self.letters)),
            "kappa": rng.integers(1, 99),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return 1 - AUC, the number of matched tuples and their transport value, for the first two pairs of rows."""
        law = numbers(instance["law"], exact=exact).reshape(-1)
        law = law / law.sum()
        rows = sequences(2 * self.letters, 4)
        chance = np.multiply.reduce(law[rows], axis=1)
        label, letter = rows // self.letters, rows % self.letters
        d = instance["distance"]
        same = [label[:, 2 * k] == label[:, 2 * k + 1] for k in range(2)]
        gaps = [d[letter[:, 2 * k], letter[:, 2 * k + 1]] for k in range(2)]
        pair = (sequences(2 * self.letters, 2), law)
        two = pair[0]
        weight = np.multiply.reduce(law[two], axis=1)
        alike = two[:, 0] // self.letters == two[:, 1] // self.letters
        apart = d[two[:, 0] % self.letters, two[:, 1] % self.letters]
        wrong = numbers((apart[alike][:, None] >= apart[~alike][None, :]).astype(int), exact=exact)
        share = weight[alike][:, None] * weight[~alike][None, :]
        miss = (share * wrong).sum() / share.sum()
        kappa = numbers(instance["kappa"], exact=exact)[()] / 100
        both = same[0] != same[1]
        near = np.where(same[0], gaps[0], gaps[1]) >= np.where(same[0], gaps[1], gaps[0])
        value = scaled(
            numbers((both & near).astype(int), exact=exact), -logarithm(np.asarray(1 - kappa), exact=exact), exact=exact
        )
        count = both.astype(int)
        keep = np.flatnonzero(both)
        return {
            "miss_order": np.asarray(miss),
            "kappa": np.asarray(kappa),
            "N_h": numbers(count[keep], exact=exact),
            "T_h": value[keep],
        }, chance[keep] / chance[keep].sum()
