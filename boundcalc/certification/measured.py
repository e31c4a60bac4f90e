"""What the held-out pairs themselves show: how many are the same, missed, or matched falsely."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.sources import Distances
from boundcalc.trainer.measure.parallel import in_parallel, workers_at_hand
from boundcalc.trainer.risk.threads import available_threads, map_blocks

__all__ = ["PairSums", "pair_sums"]

Rows = NDArray[np.intp]
Sums = NDArray[np.float64]

#: Rows in a block of pairs.
_BLOCK = 2048


@dataclass(frozen=True)
class PairSums:
    """Sums over ordered pairs of different units, of the product of their rows' weights.

    Attributes
    ----------
    same, different : float
        Pairs of each kind.
    missed : float
        Same pairs that are not called the same, ties included.
    matched : float
        Different pairs that are called the same, ties included.
    """

    same: float
    different: float
    missed: float
    matched: float

    @property
    def share_same(self) -> float:
        """The share of same pairs."""
        return self.same / (self.same + self.different)

    @property
    def non_match_rate(self) -> float:
        """FNMR: the share of same pairs that are missed."""
        return self.missed / self.same

    @property
    def match_rate(self) -> float:
        """FMR: the share of different pairs that are matched."""
        return self.matched / self.different

    def error(self, weights: tuple[float, float]) -> float:
        """Return the weighted error."""
        return (weights[0] * self.missed + weights[1] * self.matched) / (self.same + self.different)

    def constant(self, weights: tuple[float, float]) -> float:
        """Return the weighted error of the better of two constant rules."""
        return min(weights[0] * self.share_same, weights[1] * (1.0 - self.share_same))


def pair_sums(
    distances: Distances,
    codes: Rows,
    threshold: float,
    *,
    groups: Rows | None = None,
    progress: Callable[[float], None] | None = None,
) -> PairSums:
    """Return the sums over all pairs of rows, in blocks; with groups over pairs of different groups, each of weight 1.

    Parameters
    ----------
    distances : Distances
    codes : ndarray of int, shape (n,)
    threshold : float
    groups : ndarray of int, shape (n,), optional
    progress : callable, optional
        Is told the share of a certificate's work that is done: about half of it is here.
    """
    order = np.argsort(codes, kind="stable")
    weight = None if groups is None else 1.0 / np.bincount(groups)[groups]
    blocks = [order[k : k + _BLOCK] for k in range(0, order.size, _BLOCK)]
    tasks = [(i, j) for i in range(len(blocks)) for j in range(i if distances.symmetric else 0, len(blocks))]

    def sums(task: tuple[int, int]) -> NDArray[np.float64]:
        i, j = task
        twice = 2.0 if distances.symmetric and j > i else 1.0
        found = _block_sums(distances, codes, threshold, blocks[i], blocks[j], weight, groups, diagonal=i == j)
        return twice * found

    threads = available_threads() if len(tasks) > 1 else 1
    found = _on_workers(sums, tasks) if workers_at_hand() else map_blocks(sums, tasks, threads=threads)
    total = np.zeros(4)
    for count, part in enumerate(found, start=1):
        total += part
        if progress is not None:
            progress(0.5 * count / len(tasks))
    same, different, missed, matched = total
    return PairSums(float(same), float(different), float(missed), float(matched))


def _on_workers(sums: Callable[[tuple[int, int]], Sums], tasks: list[tuple[int, int]]) -> Iterator[Sums]:
    """Yield the sums in the order of the tasks; a worker is given the rows a few times only."""
    size = -(-len(tasks) // (4 * workers_at_hand()))
    shares = [(tasks[start : start + size],) for start in range(0, len(tasks), size)]
    return chain.from_iterable(in_parallel(lambda share: list(map(sums, share)), shares, n_jobs=-1))


def _block_sums(
    distances: Distances,
    codes: Rows,
    threshold: float,
    rows: Rows,
    others: Rows,
    weight: NDArray[np.float64] | None,
    groups: Rows | None,
    *,
    diagonal: bool,
) -> NDArray[np.float64]:
    between = distances.between(rows, others)
    matched = between <= threshold + distances.tie
    if weight is None or groups is None:
        left_out = np.eye(rows.size, dtype=bool) if diagonal else None
    else:
        left_out = groups[rows][:, None] == groups[others]

    def total(mask: NDArray[np.bool_]) -> float:
        if weight is None:
            return float(np.count_nonzero(mask))
        return float(weight[rows] @ (mask @ weight[others]))

    if left_out is not None:
        matched &= ~left_out
    # Rows are sorted by class: most blocks hold no same pair.
    apart = codes[rows[-1]] < codes[others[0]] or codes[others[-1]] < codes[rows[0]]
    if apart:
        everything = np.ones_like(matched) if left_out is None else ~left_out
        count = float(matched.size) if left_out is None and weight is None else total(everything)
        return np.array([0.0, count, 0.0, total(matched)])
    same = codes[rows][:, None] == codes[others]
    different = ~same
    if left_out is not None:
        same, different = same & ~left_out, different & ~left_out
    missed = same & (between >= threshold - distances.tie)
    return np.array([total(same), total(different), total(missed), total(matched & different)])
