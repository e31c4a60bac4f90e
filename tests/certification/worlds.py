"""Populations whose risks are known exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Population:
    """Rows are atoms: each has a probability, a class, and a distance to every other atom."""

    name: str
    chance: np.ndarray
    classes: np.ndarray
    distances: np.ndarray

    def draw(self, n, rng):
        atoms = rng.choice(self.chance.size, p=self.chance, size=n)
        return self.distances[atoms[:, None], atoms], self.classes[atoms]

    @property
    def same(self):
        return self.classes[:, None] == self.classes

    def wrong(self, threshold=0.5):
        return np.where(self.same, self.distances >= threshold, self.distances <= threshold).astype(float)

    def risk(self, weights=(1.0, 1.0), threshold=0.5):
        return float(self.chance @ (np.where(self.same, *weights) * self.wrong(threshold)) @ self.chance)

    def rates(self, threshold=0.5):
        """(FNMR, FMR) of the population."""
        pairs = np.outer(self.chance, self.chance)
        wrong = self.wrong(threshold)
        return tuple(float((pairs * wrong)[kind].sum() / pairs[kind].sum()) for kind in (self.same, ~self.same))

    def mixed_risk(self, codes):
        """The own-mix risk given the labels: half the mean over same combinations, half over different ones."""
        kinds = np.unique(self.classes)
        law = [self.chance * (self.classes == k) / self.chance[self.classes == k].sum() for k in kinds]
        rate = np.array([[a @ self.wrong() @ b for b in law] for a in law])
        counts = np.array([(codes == k).sum() for k in kinds], dtype=float)
        same, different = counts * (counts - 1), np.outer(counts, counts) - np.diag(counts**2)
        return float(0.5 * (same * np.diag(rate)).sum() / same.sum() + 0.5 * (different * rate).sum() / different.sum())


def noisy_codes(seed, classes, *, flips, weights=None):
    """Three code words per class; pairs are judged by a random table that is wrong with probability ``flips``."""
    rng = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(classes), 3)
    same = kinds[:, None] == kinds
    wrong = np.triu(rng.random(same.shape) < flips)
    wrong = wrong | wrong.T
    chance = rng.dirichlet(np.full(kinds.size, 3.0)) if weights is None else np.repeat(weights, 3) / 3.0
    return Population(f"codes{classes}", chance, kinds, np.where(same ^ wrong, 0.2, 0.8))


def bad_atoms(share):
    """Two classes; a share of the rows is wrong with everything: as large a Hajek variance as there can be."""
    kinds = np.array([0, 0, 1, 1])
    bad = np.array([False, True, False, True])
    same = kinds[:, None] == kinds
    wrong = bad[:, None] | bad
    chance = np.array([1.0 - share, share, 1.0 - share, share]) / 2.0
    return Population("bad atoms", chance, kinds, np.where(same ^ wrong, 0.2, 0.8))


def degenerate():
    """Errors by the parity of two signs inside a class pair: no Hajek variance at all."""
    kinds = np.repeat([0, 1], 2)
    sign = np.array([0, 1, 0, 1])
    same = kinds[:, None] == kinds
    wrong = sign[:, None] != sign
    return Population("degenerate", np.full(4, 0.25), kinds, np.where(same ^ wrong, 0.2, 0.8))


def rare_class():
    """One class in ten rows, always missed; ties everywhere else."""
    kinds = np.array([0, 0, 1])
    distances = np.array([[0.2, 0.5, 0.8], [0.5, 0.2, 0.8], [0.8, 0.8, 0.9]])
    return Population("rare class", np.array([0.6, 0.3, 0.1]), kinds, distances)


POPULATIONS = (
    noisy_codes(0, 3, flips=0.2),
    noisy_codes(1, 6, flips=0.1),
    bad_atoms(0.05),
    degenerate(),
    rare_class(),
)


def clopper_pearson_upper(failures, runs, *, alpha=0.025):
    from scipy.stats import beta

    return 1.0 if failures == runs else float(beta.ppf(1.0 - alpha, failures + 1, runs - failures))


def all_samples(population, n):
    """Yield (probability, distances, labels) for every sample of n rows."""
    import itertools

    for atoms in itertools.product(range(population.chance.size), repeat=n):
        atoms = np.array(atoms)
        yield (
            math.prod(population.chance[atoms]),
            population.distances[atoms[:, None], atoms],
            population.classes[atoms],
        )
