r"""Draws for a stated mix of class combinations: one block per class, whose composition is the same in every draw.

Given the labels the units are independent. A draw assigns to pairs e of units powers y_e with sum at most 1 at every
unit; then (Finner 1992) E prod f_e^{y_e} <= prod (E f_e)^{y_e}. The powers of every class combination t add up to N W_t,
W the mix, in every draw, so that with f_e = 1 - kappa q_e, concavity of the logarithm and averaging over the draws

.. math:: E h \le \prod_t (1 - \kappa a_t)^{N W_t} \le (1 - \kappa r_W)^N, \qquad r_W = \sum_t W_t a_t,

with one kappa for all combinations and N = min_c n_c / (2 W_cc + sum_{c'} W_cc') as in the bound by Finner's lemma alone.
Half of the units of a class are rows; they are sent by a bijection to as many positions, each of which is made of one
partner among the other halves, or of shares of several. Whole partners come first; only what is left of N W_t is shared.
The odd unit of a class is half a row and half a partner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import BATCH, LARGEST_BATCH
from boundcalc.certification.draws import Batch, Block, Draw
from boundcalc.frozen import Frozen

__all__ = ["Mix", "MixDraws", "balanced_mix", "mix_batches"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

#: Distances from whole numbers that are taken for rounding.
_WHOLE = 1e-11


@dataclass(frozen=True)
class Mix(Frozen):
    """How much each combination of classes counts.

    Attributes
    ----------
    weights : ndarray of shape (K, K)
        Symmetric; the diagonal and one triangle add up to 1.
    counts : ndarray of int, shape (K,)
        Units of each class.
    """

    weights: Array
    counts: NDArray[np.intp]

    @property
    def load(self) -> Array:
        """What one pair of the mix asks of each class, shape (K,)."""
        return self.weights.sum(axis=1) + np.diag(self.weights)

    @property
    def pairs(self) -> float:
        """N: how many pairs of the mix the units can make, each unit at most once."""
        used = self.load > 0
        return float((self.counts[used] / self.load[used]).min())


def balanced_mix(counts: NDArray[np.intp]) -> Mix:
    """Return the mix in which all same pairs share 1/2 equally, and all different pairs the other half.

    Parameters
    ----------
    counts : ndarray of int, shape (K,)
        Units of each class; at least one class has two.
    """
    n = counts.astype(float)
    same, different = np.diag(n * (n - 1.0)), np.outer(n, n) - np.diag(n * n)
    # Different classes stand in the sum twice.
    return Mix(0.5 * same / same.sum() + different / different.sum(), counts)


@dataclass(frozen=True)
class MixDraws(Frozen):
    """Batches whose class combinations have the powers N W.

    Attributes
    ----------
    batches : list of Batch
    exponent : float
        N.
    whole : float
        How much of N is whole partners, a position of k equal shares counting 1/k.
    rounding : float
        What r_W may differ by because the mix of the draws is rounded.
    """

    batches: list[Batch]
    exponent: float
    whole: float
    rounding: float

    def variance(self, risk: float) -> float:
        """Return the zeta_1 that kappa(r) guesses.

        Concavity costs the variance between the combinations; shares keep more of that between pairs, up to the r(1 - r)/2 of
        Chernoff's bound.
        """
        return (0.5 - 0.3 * self.whole) * risk * (1.0 - risk)


def mix_batches(codes: Rows, mix: Mix, *, splits: int, rng: np.random.Generator) -> MixDraws:
    """Return the draws for a mix.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        The class of every unit.
    mix : Mix
    splits : int
        Draws in each batch.
    rng : numpy.random.Generator
    """
    blocks, shares, error = _slots(mix)
    members = [np.flatnonzero(codes == c) for c in range(mix.counts.size)]
    blocks = [slots for slots in blocks if shares[slots].nnz]
    if codes.size <= LARGEST_BATCH:
        everyone = np.arange(codes.size)
        filled = (np.concatenate([rng.permutation(rows) for rows in members]) for _ in range(splits))
        draws = tuple(Draw(tuple(_block(shares, slots, units) for slots in blocks), _NO_PAIRS) for units in filled)
        batches = [Batch(everyone, everyone, draws)]
    else:
        units = np.concatenate([rng.permutation(rows) for rows in members])
        cuts = [part for slots in blocks for part in np.array_split(slots, math.ceil(slots.size / (BATCH // 2)))]
        batches = [_batch(shares[part], part, units, kinds=codes, splits=splits, rng=rng) for part in cuts]
    exponent = math.fsum(shares.data)
    return MixDraws(batches, exponent, float(np.square(shares.data).sum()) / exponent, error)


_NO_PAIRS = np.empty((0, 2), dtype=np.intp)


def _block(shares: Any, slots: Rows, units: Rows) -> Block:
    """Return the block of some row slots when ``units`` says which unit stands in which slot."""
    part = shares[slots]
    columns = np.unique(part.indices)
    return Block(units[slots], units[columns], part[:, columns])


def _batch(part: Any, slots: Rows, units: Rows, *, kinds: Rows, splits: int, rng: np.random.Generator) -> Batch:
    """Return a batch of some row slots; in each draw the whole partners of one class change places among themselves.

    A partner with shares elsewhere keeps its place: the shares of a unit must add up to at most 1 in every draw.
    """
    columns = np.unique(part.indices)
    part, partners = part[:, columns], units[columns]
    whole = np.flatnonzero(np.asarray(part.sum(axis=0)).ravel() > 1.0 - 1e-6)
    draws = []
    for _ in range(splits):
        places = np.arange(columns.size)
        for kind in np.unique(kinds[partners[whole]]):
            group = whole[kinds[partners[whole]] == kind]
            places[group] = rng.permutation(group)
        draws.append(Draw((Block(np.arange(slots.size), places, part),), _NO_PAIRS))
    return Batch(units[slots], partners, tuple(draws))


def _slots(mix: Mix) -> tuple[list[Rows], Any, float]:
    """Return the row slots of every block, the shares of all, and the error of their mix.

    Each class has a slot for every unit: h row slots, one in the middle if the number is odd, and h partner slots. A middle
    unit is half a row, in a block of its own, and half a partner. The shares are a sparse matrix, slots by slots.
    """
    from scipy.sparse import coo_array

    counts, kinds = mix.counts, np.arange(mix.counts.size)
    halves, odd = counts // 2, counts % 2
    first = np.cumsum(counts) - counts
    powers = mix.pairs * (0.5 * mix.weights + 0.5 * np.diag(np.diag(mix.weights)))
    whole = np.floor(powers + _WHOLE).astype(np.intp)
    rest = np.where(powers - whole > _WHOLE, powers - whole, 0.0)
    # A remainder inside a class must find a row slot that is not in the middle, where its partner may be.
    full = (whole.sum(axis=1) == halves) & (odd == 1) & (np.diag(rest) > 0)
    donors = np.where(np.diag(whole) > 0, kinds, np.argmax(whole, axis=1))[full]
    whole[kinds[full], donors] -= 1
    rest[kinds[full], donors] += 1.0
    # Whole partners: the k-th of a pair of classes stands after those of the pairs of classes before.
    c, d = (np.repeat(index, whole[np.nonzero(whole)]) for index in np.nonzero(whole))
    step = np.arange(c.size) - np.repeat(np.cumsum(whole[whole > 0]) - whole[whole > 0], whole[whole > 0])
    parts = [
        (
            first[c] + _before(whole, axis=1)[c, d] + step,
            (first + halves + odd)[d] + _before(whole, axis=0)[c, d] + step,
            np.ones(c.size),
        )
    ]
    # Remainders follow on two lines of their own, those inside a class first; a middle slot ends the line of rows and
    # begins that of partners.
    c, d = np.nonzero(rest)
    inside = np.argsort(c != d, kind="stable")
    c, d = np.repeat(c[inside], 2), np.repeat(d[inside], 2)
    length = 0.5 * rest[c, d]  # halves are shorter than 1, so that each end moves on at most once
    begin = (_running(length, c), _running(length, d) + 0.5 * odd[d])
    cuts = np.sort([np.clip(np.floor(at + 1.0 + _WHOLE) - at, 0.0, length) for at in begin], axis=0)
    for low, high in pairwise(np.array([np.zeros_like(length), *cuts, length])):
        row, partner = (np.floor(at + 0.5 * (low + high)).astype(np.intp) for at in begin)
        row = np.minimum(whole.sum(axis=1)[c] + row, halves[c] - 1 + odd[c])
        partner = np.where(
            (odd[d] == 1) & (partner == 0),
            first[d] + halves[d],
            np.minimum(first[d] + halves[d] + whole.sum(axis=0)[d] + partner, first[d] + counts[d] - 1),
        )
        keep = high - low > _WHOLE
        parts.append(((first[c] + row)[keep], partner[keep], (high - low)[keep]))
    rows, partners, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    total = int(counts.sum())
    shares = coo_array((share, (rows, partners)), shape=(total, total)).tocsr()
    degrees = np.asarray(shares.sum(axis=1)).ravel() + np.asarray(shares.sum(axis=0)).ravel()
    shares *= (1.0 - 1e-12) / max(1.0, float(degrees.max()))
    kind = np.repeat(kinds, counts)
    reached = np.zeros_like(mix.weights)
    np.add.at(reached, (kind[rows], kind[partners]), share / share.sum())
    reached += reached.T - np.diag(np.diag(reached))
    blocks = [np.arange(start, start + size) for start, size in zip(first, halves, strict=True) if size]
    blocks += [np.array([start]) for start in (first + halves)[odd == 1]]
    return blocks, shares, float(np.abs(reached - mix.weights).sum()) + 1e-14


def _before(table: NDArray[Any], *, axis: int) -> NDArray[Any]:
    """Return the sums of what stands before each entry."""
    return np.cumsum(table, axis=axis) - table


def _running(lengths: Array, lines: Rows) -> Array:
    """Return where each length begins on its line when they follow each other in the order given."""
    if not lengths.size:
        return lengths
    order = np.argsort(lines, kind="stable")
    ends = np.cumsum(lengths[order])
    starts = ends - lengths[order]
    heads = np.searchsorted(lines[order], np.arange(lines.max(initial=0) + 1))
    found = np.empty_like(lengths)
    found[order] = starts - starts[np.minimum(heads, lengths.size - 1)][lines[order]]
    return found
