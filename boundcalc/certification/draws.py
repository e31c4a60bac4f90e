"""What one random draw of the rows' partners contributes: log h, and how it moves with kappa while the coupling is kept.

A draw pairs units (rows or groups) in blocks, in each of which all bijections of its rows to its positions are averaged,
and in loose pairs. A position is one partner, or shares of several that multiply as A^share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.scaling import scale_to_coupling
from boundcalc.certification.sides import EPS
from boundcalc.frozen import Frozen

__all__ = ["Batch", "Block", "Draw", "Kernel", "Profile", "Table", "exact_log_h", "node_costs"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

#: q/c for every row of the first argument with every row of the second, in [0, 1].
Kernel = Callable[[Rows, Rows], Array]

#: Where a kernel has many values, those that a profile keeps apart: between them it takes the chord, which is above
#: -log(1 - kappa q/c).
_NODES = np.linspace(0.0, 1.0, 33)
#: A kernel with at most so many values is stored by their numbers.
_FEW = 16


@dataclass(frozen=True)
class Block:
    """Rows that are sent to positions by a bijection.

    Attributes
    ----------
    rows, partners : ndarray of int
    shares : sparse matrix of shape (positions, partners), optional
        What share of each position each partner is (default: partner j is position j).
    """

    rows: Rows
    partners: Rows
    shares: Any = None

    def matrix(self, values: Array, kappa: float) -> Array:
        """Return A from below, shape (rows, positions), for the kernel's values at this block."""
        if self.shares is None:
            return np.maximum(1.0 - kappa * values - 4.0 * EPS, np.nextafter(1.0 - kappa, 0.0))
        logs = (self.shares @ _log_factor(values, kappa).T).T * (1.0 + (values.shape[1] + 16) * EPS)
        return np.exp(logs) * (1.0 - 16.0 * EPS)

    def spread(self, coupling: Array) -> Array:
        """Return the mass that each row gives each partner."""
        return coupling if self.shares is None else (self.shares.T @ coupling.T).T


@dataclass(frozen=True)
class Draw(Frozen):
    """Blocks of one draw, and pairs that stand alone.

    Attributes
    ----------
    blocks : tuple of Block
    loose : ndarray of int, shape (k, 2)
        Pairs whose factor is A to the power of ``loose_power``.
    loose_power : float
    """

    blocks: tuple[Block, ...]
    loose: NDArray[np.intp]
    loose_power: float = 0.5


@dataclass(frozen=True)
class Batch:
    """Units that are paired among themselves.

    Attributes
    ----------
    units, partners : ndarray of int
        Which rows or groups.
    draws : tuple of Draw
        Rows are places within ``units``, partners places within ``partners``.
    """

    units: Rows
    partners: Rows
    draws: tuple[Draw, ...]


@dataclass(frozen=True)
class Profile(Frozen):
    """A lower end of log h as a function of kappa, for couplings that stay as they are.

    Attributes
    ----------
    masses : ndarray of shape (nodes,)
        At most this mass lies at each value of q/c.
    constant : float
        At most the remaining part of -log h.
    """

    masses: Array
    constant: float


@dataclass(frozen=True)
class Table(Frozen):
    """The kernel between the units of a batch: numbers of its values where these are few, itself otherwise.

    Attributes
    ----------
    nodes : ndarray
        All values, or points with chords between them.
    places : ndarray of uint8, shape (units, partners)
        The node of each entry, or the one before it.
    values : ndarray of shape (units, partners), optional
        The entries where they lie between nodes.
    """

    nodes: Array
    places: NDArray[np.uint8]
    values: Array | None

    @classmethod
    def of(cls, values: Array, levels: Array | None) -> Table:
        """Return the table of a kernel's values; ``levels`` are all that it can take, in order, if they are few."""
        if levels is not None and levels.size <= _FEW:
            return cls(levels, np.searchsorted(levels, values).astype(np.uint8), None)
        return cls(_NODES, np.minimum(values * (_NODES.size - 1), _NODES.size - 2).astype(np.uint8), values)

    def block(self, rows: Rows, partners: Rows) -> Table:
        """Return the part of some rows and partners."""
        index = rows[:, None], partners
        return Table(self.nodes, self.places[index], None if self.values is None else self.values[index])

    @property
    def entries(self) -> Array:
        """The kernel's values."""
        return self.nodes[self.places] if self.values is None else self.values

    def masses(self, coupling: Array, *, rest: float) -> Array:
        """Return at least the mass that lies at each node; between two nodes it is shared by the distances."""
        places, weights = self.places.ravel(), coupling.ravel()
        found = np.bincount(places, weights=weights, minlength=self.nodes.size)
        if self.values is not None:
            steps = weights * (self.values.ravel() * (self.nodes.size - 1) - places)
            moved = np.bincount(places, weights=steps, minlength=self.nodes.size)
            found -= moved
            found[1:] += moved[:-1]
        found[-1] += rest
        return np.asarray(found * (1.0 + 1e-9), dtype=np.float64)


def node_costs(nodes: Array, kappa: float) -> Array:
    """Return -log(1 - kappa q/c) at nodes."""
    return -np.log1p(-kappa * nodes)


def exact_log_h(
    draw: Draw, table: Table, kappa: float, starts: Sequence[Array] | None
) -> tuple[float, Profile, list[Array]]:
    """Return a lower end of log h at kappa, the profile of its couplings, and where to start next time.

    Parameters
    ----------
    draw : Draw
    table : Table
        q/c of the batch.
    kappa : float
    starts : sequence of ndarray, optional
        Row factors of each block, from a kappa nearby.
    """
    costs = node_costs(table.nodes, kappa)
    total, constant, masses = 0.0, 0.0, np.zeros(costs.size)
    factors = []
    for place, block in enumerate(draw.blocks):
        part = table.block(block.rows, block.partners)
        matrix = block.matrix(part.entries, kappa)
        scaled = scale_to_coupling(matrix, start=None if starts is None else starts[place])
        factors.append(scaled.u)
        total += scaled.log_mean
        coupling = scaled.u[:, None] * matrix * scaled.v
        found = part.masses(block.spread(coupling), rest=scaled.rest)
        masses += found
        spent = float(found @ costs) if part.values is None else -float((coupling * np.log(matrix)).sum())
        constant += -scaled.log_mean - spent * (1.0 - 1e-8) + costs[-1] * scaled.rest
    for i, j in draw.loose:
        part = table.block(np.array([i]), np.array([j]))
        total += draw.loose_power * float(_log_factor(part.entries, kappa)[0, 0])
        masses += part.masses(np.full((1, 1), draw.loose_power), rest=0.0)
    size = sum(block.rows.size for block in draw.blocks) + len(draw.loose)
    return total - 16.0 * EPS * (size + abs(total)), Profile(masses, constant), factors


def _log_factor(values: Array, kappa: float) -> Array:
    return np.log1p(-kappa * values)
