"""Averages over all tuples of different rows, and over all pairs of two samples: every sample enumerated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, law, product_law, rademacher, words_and_chances
from boundcalc.checker.experiments.worlds.matrices import square_root
from boundcalc.checker.experiments.worlds.numbers import logarithm, maximum, numbers, scaled, sequences

__all__ = ["ContrastiveLosses", "MetricTriplets", "Tuples", "TwoSamples", "over_tuples"]


def over_tuples(tables: np.ndarray, words: np.ndarray, order: int) -> np.ndarray:
    """Return means over all ordered tuples of different places of each word; tables of shape (functions, letters, ...)."""
    places = list(permutations(range(words.shape[1]), order))
    spread = np.moveaxis(tables, 0, -1)
    total: Any = sum(spread[tuple(words[:, spot] for spot in place)] for place in places)
    return np.asarray(total / len(places)).T


def _blocks(flat: np.ndarray, cells: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all choices of m independent tuples and their chances, for values per tuple and the tuples' law."""
    words = sequences(flat.shape[1], m)
    return words, product_law(cells, words)


def _spread(values: np.ndarray) -> Any:
    """Return the largest range of a function (rows of values)."""
    return max(row.max() - row.min() for row in values)


@dataclass(frozen=True)
class Tuples(SampleSpace):
    """n letters and functions of ``order`` of them, symmetric or not."""

    order: int = 3
    n: int = 4
    letters: int = 2

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return letters' weights and tables of functions; some look at one letter, or ask that all are the last one."""
        found = []
        for number in range(size):
            tables = rng.integers(-2, 3, (1 + number % 3, *[self.letters] * self.order))
            if number % 4 == 0:
                tables[:] = np.arange(self.letters).reshape(-1, *[1] * (self.order - 1)) > 0
            elif number % 4 == 2:
                tables[:] = 0
                tables.reshape(len(tables), -1)[:, -1] = -1 if number % 8 == 2 else 1
            found.append({"counts": rng.integers(1, 7, self.letters), "tables": tables})
        return found

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the supremum on each sample, and its expectation over floor(n/order) independent tuples."""
        shares, words, chance = words_and_chances(instance["counts"], self.n, exact=exact)
        tables = numbers(instance["tables"], exact=exact)
        flat = tables.reshape(len(tables), -1)
        m = self.n // self.order
        drawn, likely = _blocks(flat, product_law(shares, sequences(self.letters, self.order)), m)
        seen = over_tuples(tables, words, self.order)
        risk = (flat[0] * product_law(shares, sequences(self.letters, self.order))).sum()
        return {
            "Phi_n": maximum(seen, axis=0),
            "EPhi_m": (likely * maximum(flat[:, drawn].sum(axis=2) / m, axis=0)).sum(),
            "c": _spread(flat),
            "dev_f": risk - seen[0],
            "C": _spread(flat[:1]),
            **constants(exact=exact, n=self.n, n_h=self.n, order=self.order),
        }, chance


@dataclass(frozen=True)
class TwoSamples(SampleSpace):
    """Two samples of two letters each from different laws, and functions of one letter of each."""

    n_pos: int = 2
    n_neg: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return both laws' weights and tables of functions; some that look at one of the two letters only."""
        found = []
        for number in range(size):
            tables = rng.integers(-2, 3, (1 + number % 3, 2, 2))
            if number % 3 == 0:
                tables[:] = [[0, 1]] if number % 2 else [[0], [1]]
            found.append({"counts": rng.integers(1, 7, (2, 2)), "tables": tables})
        return found

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the supremum on each pair of samples, and its expectation over independent pairs."""
        first, second = law(instance["counts"], exact=exact)
        tables = numbers(instance["tables"], exact=exact)
        words = sequences(2, self.n_pos + self.n_neg)
        left, right = words[:, : self.n_pos], words[:, self.n_pos :]
        mean = tables[:, left[:, :, None], right[:, None, :]].sum(axis=(2, 3)) / (self.n_pos * self.n_neg)
        cells = (first[:, None] * second).ravel()
        flat, m = tables.reshape(len(tables), -1), min(self.n_pos, self.n_neg)
        drawn, likely = _blocks(flat, cells, m)
        return {
            "Phi_n": maximum(mean, axis=0),
            "EPhi_m": (likely * maximum(flat[:, drawn].sum(axis=2) / m, axis=0)).sum(),
            "c": _spread(flat),
            "dev_f": (flat[0] * cells).sum() - mean[0],
            "C": _spread(flat[:1]),
            **constants(exact=exact, n_pos=self.n_pos, n_neg=self.n_neg),
        }, product_law(first, left) * product_law(second, right)


@dataclass(frozen=True)
class MetricTriplets(SampleSpace):
    """Three labelled points on a line, metrics a (x - x')^2 with a = 0, 1, ..., and the loss of large margin neighbours."""

    n: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return points, labels and their weights, the largest metric weight, and the weights of pull and push."""
        return [
            {
                "x": rng.integers(0, 3, 3),
                "y": np.array([0, 0, 1]) if number % 3 else rng.integers(0, 2, 3),
                "counts": rng.integers(1, 5, 3),
                "radius": np.asarray(rng.integers(1, 3)),
                "weights": rng.integers(1, 4, 2),
                "room": np.asarray(rng.integers(0, 2)),
            }
            for number in range(size)
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return triplet risks of the worst metric, deviations and the losses' complexity on each sample."""
        x, y = np.asarray(instance["x"]), np.asarray(instance["y"])
        shares, words, chance = words_and_chances(instance["counts"], self.n, exact=exact)
        radius = int(instance["radius"])
        squares = numbers((x[:, None] - x) ** 2, exact=exact)
        metrics = numbers(np.arange(radius + 1), exact=exact)
        pull, push = numbers(instance["weights"], exact=exact)
        same = y[:, None] == y
        speaks = numbers(same[:, :, None] & ~same[:, None, :], exact=exact)
        near, far = squares[:, :, None], squares[:, None, :]
        scale = metrics[:, None, None, None]
        loss = speaks * (pull * scale * near + push * np.maximum(1 + scale * (near - far), 0))
        flat = loss.reshape(len(metrics), -1)
        cells = product_law(shares, sequences(3, 3))
        risk = (flat * cells).sum(axis=1)
        seen = over_tuples(loss, words, 3)
        deviation = risk[:, None] - seen
        worst = np.argmax(deviation, axis=0)
        drawn, likely = _blocks(flat, cells, self.n // 3)
        block = flat[:, drawn].sum(axis=2) / (self.n // 3)
        return {
            "r_triplet": risk[worst],
            "rhat_triplet": seen[worst, np.arange(len(words))],
            "dev_minus": maximum(deviation, axis=0),
            "Edev_m": (likely * maximum(risk[:, None] - block, axis=0)).sum(),
            "Rad_loss": rademacher(flat[:, drawn], likely, exact=exact),
            "C": _spread(flat),
            "radius": numbers(radius, exact=exact),
            "B": square_root(
                numbers(max(int(((x[:, None] - x) ** 2).max()) + int(instance["room"]), 1), exact=exact), exact=exact
            ),
            "w_pull": pull,
            "w_push": push,
            **constants(exact=exact, n=self.n),
        }, chance


@dataclass(frozen=True)
class ContrastiveLosses(SampleSpace):
    """Two items with cosines -1, 0 or 1 between and within modalities; exp(1/temperature) is a whole number."""

    order: int = 2
    n_h: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> list[Instance]:
        """Return the items' weights, cosines, the base, and twice the weight of the intra-modal negatives."""
        return [
            {
                "counts": rng.integers(1, 7, 2),
                "cosines": rng.integers(-1, 2, (2, 2, 2)),
                "base": np.asarray(rng.integers(2, 4)),
                "intra": np.asarray(rng.integers(0, 3)),
            }
            for _ in range(size)
        ]

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the risk of the fixed encoders, and its held-out value, on each sample."""
        shares, words, chance = words_and_chances(instance["counts"], self.n_h, exact=exact)
        base = numbers(instance["base"], exact=exact)
        intra = numbers(instance["intra"], exact=exact) / 2
        cross, own = base ** np.asarray(instance["cosines"])
        places = sequences(2, self.order)
        negatives = places[:, 1:]
        pushed = (cross[places[:, :1], negatives] + intra * own[places[:, :1], negatives]).sum(axis=1)
        loss = logarithm(1 + pushed / cross[places[:, 0], places[:, 0]], exact=exact)
        risk = scaled(loss, product_law(shares, places), exact=exact).sum()
        seen = over_tuples(loss.reshape(1, *[2] * self.order), words, self.order)[0]
        return {
            "r_0": np.asarray(risk),
            "rhat_holdout": seen,
            "dev_f": risk - seen,
            "C": np.asarray(max(loss) - min(loss)),
            "w_intra": intra,
            "temperature": np.asarray(1 / logarithm(base[None], exact=exact)[0]),
            **constants(exact=exact, n_h=self.n_h, order=self.order),
        }, chance
