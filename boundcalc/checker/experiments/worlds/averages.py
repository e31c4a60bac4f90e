"""Averages over letters, samples, pairs and signs, each defined once: in floats, or exactly.

Arrays may be stacked: leading axes are instances. A sample is a word, a row of letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import Any

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms
from boundcalc.checker.experiments.worlds.matrices import floats
from boundcalc.checker.experiments.worlds.numbers import logarithm, maximum, numbers, scaled, sequences, signs

__all__ = [
    "binomial",
    "constants",
    "cumulants",
    "law",
    "minimiser",
    "over_pairs",
    "over_pairs_of_counts",
    "powers",
    "product_law",
    "rademacher",
    "ramp",
    "sign_sum",
    "uniform",
    "walk",
    "widest",
    "with_threshold",
    "words_and_chances",
]


def law(counts: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return the probabilities of letters with whole-number weights, along the last axis."""
    whole = numbers(counts, exact=exact)
    return np.asarray(whole / whole.sum(axis=-1, keepdims=True))


def product_law(shares: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Return the probability of each word of independent letters, shape (..., words)."""
    return np.asarray(np.multiply.reduce(shares[..., words], axis=-1))


def words_and_chances(counts: np.ndarray, n: int, *, exact: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the letters' probabilities, all words of n letters, and the words' probabilities."""
    shares = law(counts, exact=exact)
    words = sequences(shares.shape[-1], n)
    return shares, words, product_law(shares, words)


def binomial(trials: int, hit: Any) -> list[Any]:
    """Return the law of the number of hits, in the numbers of the chance of a hit."""
    if isinstance(hit, float):
        from scipy.stats import binom

        return list(binom.pmf(np.arange(trials + 1), trials, hit))
    return [comb(trials, k) * hit**k * (1 - hit) ** (trials - k) for k in range(trials + 1)]


def widest(values: np.ndarray) -> np.ndarray:
    """Return the largest range of functions with whole values, shape (functions, letters); 1 where all are constant."""
    span = maximum(maximum(values, axis=1) + maximum(-values, axis=1), axis=0)
    return np.where(span == 0, span + 1, span)


def uniform(count: int, *, exact: bool) -> np.ndarray:
    """Return the probabilities of equally likely outcomes."""
    return np.asarray(numbers(np.ones(count), exact=exact) / count)


def constants(size: int | None = None, *, exact: bool, **values: Any) -> Atoms:
    """Return whole numbers as atoms: each as often as there are instances, or as a scalar."""
    shape: tuple[int, ...] = () if size is None else (size,)
    return {name: numbers(np.broadcast_to(value, shape), exact=exact) for name, value in values.items()}


def over_pairs(tables: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Return means over all ordered pairs of different places of each word; tables of shape (..., letters, letters)."""
    n = words.shape[1]
    total: Any = sum(tables[..., words[:, i], words[:, j]] for i in range(n) for j in range(n) if i != j)
    return np.asarray(total / (n * (n - 1)))


def over_pairs_of_counts(tables: np.ndarray, counts: np.ndarray, n: Any) -> np.ndarray:
    """Return the same from the counts of letters, shape (..., letters): one row of values per table, in floats."""
    counts, size = counts.astype(float), np.asarray(n, dtype=float)
    total = [((counts @ table) * counts).sum(axis=-1) - counts @ np.diag(table) for table in tables.astype(float)]
    return np.asarray(np.stack(total) / (size * (size - 1)))


def rademacher(
    values: np.ndarray, chance: np.ndarray, *, exact: bool, drawn: Sequence[np.ndarray] | None = None
) -> np.ndarray:
    """Return E sup_f (1/m) sum_i sigma_i f_i for values of shape (..., functions, samples, m); ``drawn`` signs, or all."""
    m = values.shape[-1]
    drawn = list(signs(m)) if drawn is None else drawn
    total: Any = 0
    for sign in drawn:
        total = total + (chance * maximum((values * numbers(sign, exact=exact)).sum(axis=-1), axis=-2)).sum(axis=-1)
    return np.asarray(total / (len(drawn) * m))


@lru_cache(maxsize=4096)
def walk(m: int) -> Fraction:
    """Return E|sum_i sigma_i| over m signs (de Moivre).

    >>> walk(3)  # 3 with chance 1/4, else 1
    Fraction(3, 2)
    """
    return Fraction(m * comb(m - 1, m // 2), 2 ** (m - 1)) if m else Fraction(0)


def sign_sum(m: int, *, exact: bool) -> np.ndarray:
    """Return the same as an array."""
    return np.asarray(walk(m) if exact else float(walk(m)))


def with_threshold(metric: np.ndarray, low: np.ndarray, high: np.ndarray, m: int, *, exact: bool) -> Atoms:
    """Return the complexity of a class of forms together with that of its thresholds, which adds to it."""
    walks = sign_sum(m, exact=exact)
    share = (high - low) * walks / (2 * m)
    rational = not exact or isinstance(np.ravel(metric)[0], Fraction)
    return {
        "R_M": metric + (share if rational else floats(share, exact=exact)),
        "Rad_metric": metric,
        "Rad_threshold": share,
        "sign_sum": np.broadcast_to(walks, np.shape(share)),
        "tau": high - low,
    }


def ramp(agreement: np.ndarray, rho: Any) -> np.ndarray:
    """Return the ramp loss at margin rho."""
    return np.asarray(np.minimum(1, np.maximum(0, 1 - agreement / rho)))


def minimiser(
    empirical: np.ndarray, risk: np.ndarray, members: np.ndarray, slack: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the function that an adversary returns among the near-minimisers, and the smallest empirical risk."""
    smallest = np.minimum.reduce(empirical[members], axis=0)
    allowed = members[:, None] & (empirical <= smallest + slack)
    return np.argmax(np.where(allowed, risk[:, None], -1), axis=0), smallest


def powers(base: np.ndarray, exponent: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return powers with whole exponents of shape (instances, ...), one base for each instance."""
    base = base.reshape(*base.shape, *[1] * (exponent.ndim - base.ndim))
    if not exact:
        return np.asarray(base**exponent)
    base, exponent = np.broadcast_arrays(base, exponent)
    result = np.empty(exponent.shape, dtype=object)
    result.ravel()[:] = [b ** int(e) for b, e in zip(base.ravel(), exponent.ravel(), strict=True)]
    return result


def cumulants(
    base: np.ndarray, depth: int, values: Mapping[str, np.ndarray], chance: np.ndarray, *, exact: bool
) -> Atoms:
    """Return lam = depth log(base) and, by name, (1/lam) log E exp(lam value) for values that are whole in units of 1/depth."""
    rate = scaled(logarithm(base, exact=exact), depth, exact=exact)

    def one(value: np.ndarray) -> np.ndarray:
        moment = np.asarray((chance * powers(base, value * depth, exact=exact)).reshape(*base.shape, -1).sum(axis=-1))
        return scaled(logarithm(moment, exact=exact), 1 / rate, exact=exact)

    return {"lam": rate, **{name: one(value) for name, value in values.items()}}
