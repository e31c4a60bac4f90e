"""Sets of vectors with their covers and chains, vector-valued functions, classes with radii, and martingales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from boundcalc.checker.experiments.experiment import Atoms, Enumerable, Instance, Outcomes, Rng, SampleSpace
from boundcalc.checker.experiments.worlds.averages import constants, rademacher, widest, words_and_chances
from boundcalc.checker.experiments.worlds.finite_sets import FiniteSet
from boundcalc.checker.experiments.worlds.numbers import logarithm, maximum, numbers, root, scaled, sequences

__all__ = ["Chains", "Covers", "Martingales", "Shells", "VectorFunctions"]


def _average(vectors: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return the Rademacher averages of sets of vectors, shape (..., vectors, m)."""
    return rademacher(vectors[..., None, :], numbers([1], exact=exact), exact=exact)


@dataclass(frozen=True)
class Covers(FiniteSet):
    """Finite sets with some of their vectors as a cover, at the least scale for which it is one."""

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return the sets of `FiniteSet`, and how many of the first vectors make up the cover."""
        return {**super().draw(rng, size), "many": rng.integers(1, self.vectors + 1, size)}

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the averages of the set and of its cover, the cover's scale and size."""
        vectors, many = instances["entries"], instances["many"]
        inside = np.arange(self.vectors) < many[:, None]
        squares = ((vectors[:, :, None] - vectors[:, None]) ** 2).sum(axis=3)
        far = np.where(inside[:, None, :], squares, squares.max() + 1).min(axis=2).max(axis=1)
        cover = np.where(inside[:, :, None], vectors, vectors[:, :1])
        return {
            **super().atoms(instances, exact=exact),
            "Rad_cover": _average(numbers(cover, exact=exact), exact=exact),
            "eps_cover": root(numbers(far, exact=exact) / self.m, exact=exact),
            "N_cover": numbers(many, exact=exact),
        }


@dataclass(frozen=True)
class Chains(FiniteSet):
    """Finite sets with their smallest covers at the scales 1, 1/2, 1/4, .. times their radius about the first vector."""

    levels: int = 2
    cost: ClassVar[int] = 20

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return the set's average, its radius, and what a chain over the scales adds up."""
        vectors = instances["entries"]
        rows = [self._chain(one, exact=exact) for one in vectors]
        links, squares, sums, integrals = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
        radius = root(numbers(squares, exact=exact) / self.m, exact=exact)
        values = (links, sums, scaled(integrals, radius, exact=exact))
        kept = values if exact else tuple(value.astype(float) for value in values)
        return {
            "Rad_A": _average(numbers(vectors, exact=exact), exact=exact),
            "eps_0": radius,
            **dict(zip(("Rad_links", "chain_sum", "entropy_integral"), kept, strict=True)),
            **constants(len(vectors), exact=exact, m=self.m, n=2 * self.m, levels=self.levels),
        }

    def _chain(self, vectors: np.ndarray, *, exact: bool) -> tuple[Any, int, Any, Any]:
        """Return the links' averages, the squared radius, and both sums in units of the radius."""
        squares = ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2)
        far = max(int(squares[0].max()), 1)
        previous = np.zeros(len(vectors), dtype=int)
        links: Any = 0
        total: Any = 0
        for level in range(1, self.levels + 1):
            cover = _smallest(squares * 4**level <= far)
            nearest = np.array(cover)[squares[:, cover].argmin(axis=1)]
            links = links + _average(numbers(vectors[nearest] - vectors[previous], exact=exact), exact=exact)[()]
            total = total + _entropy(len(cover), exact=exact) * numbers(1, exact=exact)[()] / 2**level
            previous = nearest
        # N(u) falls by steps: its values between the distances that occur
        ends = [Fraction(1, 4 ** (self.levels + 1)), Fraction(1, 4)]
        places = sorted(
            {*ends, *(Fraction(int(d), far) for d in squares.ravel() if ends[0] < Fraction(int(d), far) < ends[1])}
        )
        lengths = root(numbers(0, exact=exact)[None] + np.array(places, dtype=object if exact else float), exact=exact)
        integral: Any = 0
        for low, high, square in zip(lengths, lengths[1:], places, strict=False):
            size = len(_smallest(squares * square.denominator <= far * square.numerator))
            integral = integral + _entropy(size, exact=exact) * (high - low)
        return links, far, total, integral


def _entropy(count: int, *, exact: bool) -> Any:
    return root(logarithm(numbers([count], exact=exact), exact=exact), exact=exact)[0]


def _smallest(near: np.ndarray) -> list[int]:
    """Return a smallest set of columns such that every row is near one."""
    columns = range(len(near))
    return next(
        list(some)
        for k in range(1, len(near) + 1)
        for some in combinations(columns, k)
        if near[:, some].any(axis=1).all()
    )


@dataclass(frozen=True)
class VectorFunctions(Enumerable):
    """Functions with several outputs on m terms, and a loss of each term's outputs of slope 5 in Euclidean norm."""

    m: int = 2
    outputs: int = 2
    functions: int = 3

    def draw(self, rng: np.random.Generator, size: int) -> Instance:
        """Return outputs and the losses: linear, the largest output, or the distance of one from a knee."""
        values = rng.integers(-2, 3, (size, self.functions, self.m, self.outputs))
        plain = rng.random(size) < 0.3
        values[plain, :, :, 1:] = 0
        return {
            "values": values,
            "kind": rng.integers(0, 3, (size, self.m)),
            "slopes": rng.integers(0, 3, (size, self.m)),
            "knee": rng.integers(-1, 2, (size, self.m)),
        }

    def atoms(self, instances: Instance, *, exact: bool = False) -> Atoms:
        """Return both complexities."""
        values = numbers(instances["values"], exact=exact)
        slopes = numbers(np.array([[3, 4], [5, 0], [4, -3]])[instances["slopes"]], exact=exact)[:, None]
        kind, knee = instances["kind"][:, None], numbers(instances["knee"], exact=exact)[:, None]
        shapes = (
            (values[..., :2] * slopes).sum(axis=3),
            5 * maximum(values, axis=3),
            5 * np.abs(values[..., 0] - knee),
        )
        loss = np.where(kind == 0, shapes[0], np.where(kind == 1, shapes[1], shapes[2]))
        flat = values.reshape(*values.shape[:2], -1)
        return {
            "Rad_loss": _average(loss, exact=exact),
            "R_vec": _average(flat, exact=exact) * self.outputs,
            **constants(len(values), exact=exact, L=5, m=self.m, n=2 * self.m),
        }


@dataclass(frozen=True)
class Shells(SampleSpace):
    """Functions with radii on m i.i.d. letters; the one that is served worst by its radius is chosen."""

    m: int = 2
    letters: int = 3
    functions: int = 4
    radii: int = 3

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return a population, functions (in some instances right on one letter each), and radii up to the grid's last."""
        q = rng.integers(0, 4, (self.functions, self.letters))
        if number % 3 == 0:
            q = 4 * (np.arange(self.functions)[:, None] % self.letters != np.arange(self.letters))
        return {
            "weights": rng.integers(1, 6, self.letters) if number % 3 else np.ones(self.letters, dtype=int),
            "q": q,
            "radius": rng.integers(2, 2 ** (self.radii + 1) + 1, self.functions),
        }

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the chosen function's deviation, and those of the class of the next radius of the grid 2, 4, 8, .. ."""
        shares, words, chance = words_and_chances(instance["weights"], self.m, exact=exact)
        q, radius = numbers(instance["q"], exact=exact), instance["radius"]
        deviation = (q * shares).sum(axis=1)[:, None] - q[:, words].sum(axis=2) / self.m
        grid = 2 ** np.arange(1, self.radii + 2)
        place = np.searchsorted(grid, radius)
        least = deviation.astype(float).min() - 1
        suprema = np.stack(
            [
                maximum(np.where((radius <= end)[:, None], deviation, deviation * 0 + least), axis=0)
                for end in grid[place]
            ]
        )
        expected = (suprema * chance).sum(axis=1)
        rate = maximum(expected / numbers(grid[place], exact=exact), axis=0)
        price = 2 * float(rate) * radius
        chosen = np.argmax(np.round(deviation.astype(float) - price[:, None], 9), axis=0)
        one = np.arange(len(words))
        return {
            "dev_seen": deviation[chosen, one],
            "dev_shell": suprema[chosen, one],
            "E_shell": expected[chosen],
            "r_seen": numbers(radius, exact=exact)[chosen],
            "r_shell": numbers(grid[place], exact=exact)[chosen],
            "a_rate": np.asarray(rate),
            "c": widest(q),
            **constants(exact=exact, K_grid=self.radii + 1, m=self.m, n=2 * self.m),
        }, chance


@dataclass(frozen=True)
class Martingales(SampleSpace):
    """Sums of terms that go up or down by whole numbers which depend on the terms before, of mean 0 given them."""

    steps: int = 4

    def instance(self, rng: np.random.Generator, number: int) -> Mapping[str, Any]:
        """Return for each history how far the next term goes up and down, the largest variance, and lam = log(1 + 1/k)."""
        moves = rng.integers(1, 5, (2**self.steps, 2))
        if number % 2:
            moves[:] = moves[0]
        most = int((moves[:, 0] * moves[:, 1]).max()) * self.steps
        return {"moves": moves, "v": rng.integers(1, most + 1), "k": rng.integers(1, 40)}

    def outcomes(self, instance: Instance, *, exact: bool = False, rng: Rng = None) -> Outcomes:
        """Return the largest value of the sum while its variance is at most v, on each path."""
        up, down = numbers(instance["moves"].T, exact=exact)
        paths, cap = sequences(2, self.steps), numbers(instance["v"], exact=exact)[()]
        zero = numbers(np.zeros(len(paths)), exact=exact)
        total, variance, most, chance, history = zero, zero, zero, zero + 1, np.ones(len(paths), dtype=int)
        for step in paths.T:
            rises, falls = up[history], down[history]
            variance = variance + rises * falls
            total = total + np.where(step == 1, rises, -falls)
            chance = chance * np.where(step == 1, falls, rises) / (rises + falls)
            most = np.where((variance <= cap) & (total > most), total, most)
            history = 2 * history + step
        return {
            "S_most": most,
            "v_most": np.asarray(cap),
            "C": np.asarray(maximum(up, axis=0)),
            "lam": logarithm(np.asarray(1 + 1 / numbers(instance["k"], exact=exact)), exact=exact),
        }, chance
