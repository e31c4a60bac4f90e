"""What a sample says of two views and of its classes: inputs of the statements on redundancy, information and recovery.

Everything but the collision probability is a plug-in estimate: biased, and not certified.

>>> import numpy as np
>>> found = collision_probability(np.repeat([0, 1], 50), delta=0.05)
>>> round(found["tau_c"], 4), round(found["lower"], 3), round(found["upper"], 3)
(0.4949, 0.303, 0.687)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from boundcalc.errors import InvalidInputError

__all__ = ["collision_probability", "cross_covariance", "information", "view_prices"]


def collision_probability(y: Any, *, delta: float) -> dict[str, float]:
    """Return the share of pairs of rows with equal labels, and an interval that is certified.

    Parameters
    ----------
    y : array_like, shape (n,)
        Labels of i.i.d. rows, n >= 2.
    delta : float
        Failure probability of the interval, half for each end (Hoeffding for U-statistics, floor(n/2) pairs).

    Returns
    -------
    dict
        ``tau_c``, ``lower`` and ``upper``.

    Raises
    ------
    InvalidInputError
        If there are fewer than two rows or delta lies outside (0, 1).
    """
    labels = np.asarray(y).ravel()
    n = len(labels)
    if n < 2 or not 0 < delta < 1:
        raise InvalidInputError(f"y has {n} rows, delta = {delta}: at least two rows, delta in (0, 1)", context="tau_c")
    counts = np.unique(labels, return_counts=True)[1].astype(float)
    value = float((counts * (counts - 1)).sum() / (n * (n - 1)))
    reach = float(np.sqrt(np.log(2 / delta) / (2 * (n // 2))))
    return {"tau_c": value, "lower": max(value - reach, 0.0), "upper": min(value + reach, 1.0)}


def information(x: Any, s: Any, t: Any) -> dict[str, float]:
    """Return plug-in estimates of what X knows of a task T, and of what it knows beyond the view S.

    Parameters
    ----------
    x, s, t : array_like, shape (n,)
        Discrete values, row by row.

    Returns
    -------
    dict
        ``H_X`` and ``eps_info`` in nats, the error ``P_sup`` of the best guess from X, and the number of ``labels``.

    Raises
    ------
    InvalidInputError
        If the columns differ in length or are empty.
    """
    x, s, t = _columns(x=x, s=s, t=t)
    known = _entropy(x, t) - _entropy(x)
    table = _counts(x, t)
    return {
        "H_X": known,
        "eps_info": max(0.0, _entropy(s, t) - _entropy(s) - _entropy(x, s, t) + _entropy(x, s)),
        "P_sup": float(1 - table.max(axis=1).sum() / len(t)),
        "labels": len(np.unique(t)),
    }


def view_prices(x: Any, z: Any, y: Any) -> dict[str, float]:
    """Return plug-in estimates of what each of two views adds to the other, and of a landmark's variance.

    Parameters
    ----------
    x, z : array_like, shape (n,)
        Discrete values of the two views.
    y : array_like, shape (n,)
        Numbers that are predicted.

    Returns
    -------
    dict
        ``eps_X``, ``eps_Z``, ``eps_mu`` and ``V``.

    Raises
    ------
    InvalidInputError
        If the columns differ in length or are empty.
    """
    x, z, y = _columns(x=x, z=z, y=y)
    joint = _counts(x, z)
    share = joint / joint.sum()
    sums = np.zeros_like(share)
    np.add.at(sums, (np.unique(x, return_inverse=True)[1], np.unique(z, return_inverse=True)[1]), y.astype(float))
    both = np.divide(sums, joint, out=np.zeros_like(share), where=joint > 0)
    of_x, of_z = share.sum(axis=1), share.sum(axis=0)
    given_x, given_z = sums.sum(axis=1) / joint.sum(axis=1), sums.sum(axis=0) / joint.sum(axis=0)
    terms = share / np.outer(of_x, of_z) * given_z
    mu = terms @ of_z
    return {
        "eps_X": float((share * (given_x[:, None] - both) ** 2).sum()),
        "eps_Z": float((share * (given_z - both) ** 2).sum()),
        "eps_mu": float((share * (mu[:, None] - both) ** 2).sum()),
        "V": float(of_x @ ((terms**2) @ of_z - mu**2)),
    }


def cross_covariance(x: Any, z: Any, *, rank: int) -> dict[str, float]:
    """Return what the recovery of common features needs, from aligned rows that are centred here.

    Parameters
    ----------
    x, z : array_like, shape (n, d_a) and (n, d_b)
        Aligned rows of the two modalities.
    rank : int
        Number of common features.

    Returns
    -------
    dict
        ``r``, the singular value ``s_r``, the largest lengths ``B_a`` and ``B_b``, ``v``, ``d_a`` and ``d_b``.

    Raises
    ------
    InvalidInputError
        If the rows do not match, or the rank is no number of singular values.
    """
    a, b = (np.asarray(one, dtype=float) for one in (x, z))
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or not 1 <= rank <= min(a.shape[1], b.shape[1]):
        raise InvalidInputError(
            f"x of shape {a.shape}, z of shape {b.shape}, rank = {rank}: two matrices with as many rows, and at most as many "
            "common features as either has columns",
            context="cross_covariance",
        )
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    radii = [float(np.linalg.norm(one, axis=1).max()) for one in (a, b)]
    spreads = [float(np.linalg.norm(one.T @ one / len(one), 2)) for one in (a, b)]
    return {
        "r": rank,
        "s_r": float(np.linalg.svd(a.T @ b / len(a), compute_uv=False)[rank - 1]),
        "B_a": radii[0],
        "B_b": radii[1],
        "v": max(radii[1] ** 2 * spreads[0], radii[0] ** 2 * spreads[1]),
        "d_a": a.shape[1],
        "d_b": b.shape[1],
    }


def _columns(**columns: Any) -> list[np.ndarray]:
    found = {name: np.asarray(column).ravel() for name, column in columns.items()}
    if len({len(column) for column in found.values()}) > 1 or not len(next(iter(found.values()))):
        lengths = ", ".join(f"{name} has {len(column)}" for name, column in found.items())
        raise InvalidInputError(f"{lengths} rows: as many for each, and at least one", context="views")
    return list(found.values())


def _counts(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how often each pair of values occurs."""
    rows, columns = (np.unique(column, return_inverse=True) for column in (one, other))
    table = np.zeros((len(rows[0]), len(columns[0])))
    np.add.at(table, (rows[1], columns[1]), 1)
    return table


def _entropy(*columns: np.ndarray) -> float:
    """Return the entropy in nats of the rows' values, all columns together."""
    codes = np.stack([np.unique(column, return_inverse=True)[1] for column in columns], axis=1)
    share = np.unique(codes, axis=0, return_counts=True)[1] / len(codes)
    return float(-(share * np.log(share)).sum())
