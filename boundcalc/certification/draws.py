"""What one random draw of the rows' partners contributes: log h, and how it moves with kappa while the coupling is kept.

A draw pairs units (rows or subjects) in blocks, in each of which all bijections of its rows to its positions are averaged,
and in loose pairs. A position is one partner, or shares of several that multiply as A^share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.scaling import Scaled, scale_to_coupling
from boundcalc.certification.sides import EPS

__all__ = ["Batch", "Block", "Draw", "Kernel", "Profile", "exact_log_h", "node_costs"]

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

#: q/c for every row of the first argument with every row of the second, in [0, 1].
Kernel = Callable[[Rows, Rows], Array]

#: Values of q/c that a profile keeps apart: between them it takes the chord, which is above -log(1 - kappa q/c).
_NODES = 33


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
class Draw:
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
        Which rows or subjects.
    draws : tuple of Draw
        Rows are places within ``units``, partners places within ``partners``.
    """

    units: Rows
    partners: Rows
    draws: tuple[Draw, ...]


@dataclass(frozen=True)
class Profile:
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


def nodes() -> Array:
    """Return the values of q/c that profiles tell apart."""
    return np.linspace(0.0, 1.0, _NODES)


def node_costs(kappa: float) -> Array:
    """Return -log(1 - kappa q/c) at the nodes."""
    return -np.log1p(-kappa * nodes())


def exact_log_h(
    draw: Draw, table: Array, kappa: float, starts: Sequence[Array] | None
) -> tuple[float, Profile, list[Array]]:
    """Return a lower end of log h at kappa, the profile of its couplings, and where to start next time.

    Parameters
    ----------
    draw : Draw
    table : ndarray of shape (units, partners)
        q/c of the batch.
    kappa : float
    starts : sequence of ndarray, optional
        Row factors of each block, from a kappa nearby.
    """
    total, constant, masses = 0.0, 0.0, np.zeros(_NODES)
    factors = []
    for place, block in enumerate(draw.blocks):
        values = table[block.rows[:, None], block.partners]
        matrix = block.matrix(values, kappa)
        scaled = scale_to_coupling(matrix, start=None if starts is None else starts[place])
        factors.append(scaled.u)
        total += scaled.log_mean
        coupling = scaled.u[:, None] * matrix * scaled.v
        spent = float(np.vdot(coupling, np.log(matrix)))
        masses += _masses(values, block.spread(coupling), rest=scaled.rest)
        constant += -scaled.log_mean + spent + 1e-9 * matrix.shape[0]
    for i, j in draw.loose:
        value = table[i : i + 1, j : j + 1]
        total += draw.loose_power * float(_log_factor(value, kappa)[0, 0])
        masses += _masses(value, np.full((1, 1), draw.loose_power), rest=0.0)
    size = sum(block.rows.size for block in draw.blocks) + len(draw.loose)
    return total - 16.0 * EPS * (size + abs(total)), Profile(masses, constant), factors


def _log_factor(values: Array, kappa: float) -> Array:
    return np.log1p(-kappa * values)


def _masses(values: Array, coupling: Array, *, rest: float) -> Array:
    """Return at least the mass that lies at each node, where a value between two nodes is shared by its distance."""
    place = values.ravel() * (_NODES - 1)
    left = np.minimum(place.astype(np.intp), _NODES - 2)
    weights = coupling.ravel()
    upper = weights * (place - left)
    found = np.bincount(left, weights=weights - upper, minlength=_NODES)
    found[1:] += np.bincount(left, weights=upper, minlength=_NODES - 1)[: _NODES - 1]
    found[-1] += rest
    return found * (1.0 + 1e-9)
