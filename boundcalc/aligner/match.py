"""What the certificate of cross-modal matching needs, measured on aligned items."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.aligner.inputs import read_blocks
from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems
from boundcalc.trainer.measure.estimates import Entry, Estimates
from boundcalc.trainer.risk.losses import round_up

if TYPE_CHECKING:
    from boundcalc.aligner.estimator import AlignedEncoders

__all__ = ["match_estimates"]

_CANDIDATES = 201
_ROUNDING = 1e-12
"""Latent distances are right to far less than this, as a share of the largest squared norm."""
_BLOCK_ROWS = 512
_NOT_LINEAR = (
    "the encoders are torch modules of the user's: the complexity of their class is unknown, so only the certificate of a fixed "
    "model on held-out items is offered"
)
_UNBOUNDED = "rows are not normalised (normalise='none'), so no radius is known before the data are seen"


def match_estimates(
    model: AlignedEncoders,
    X: Any,
    *,
    rho: float | None = None,
    weights: tuple[float, float] = (0.5, 0.5),
    threshold: float | None = None,
    threshold_range: tuple[float, float] | None = None,
    held_out: bool = False,
    repeats: bool = False,
) -> Estimates:
    """Measure how well trained encoders tell which items of two modalities belong together.

    An item of one modality and one of the other are called a match when t - ||latent - latent'||^2 > 0.

    Parameters
    ----------
    model : AlignedEncoders
        Fitted.
    X : mapping of two modalities to arrays (n, d_k)
        Row i of both belongs together. The rows are i.i.d. items: those that were trained on (all of the aligned ones, not a
        choice of them), or fresh ones with ``held_out=True``.
    rho : float, optional
        Margin of the ramp loss, fixed in advance; default s^2/4.
    weights : (omega_pos, omega_neg)
        Of missing a match and of taking another item for one; fixed in advance.
    threshold : float, optional
        t. Not held out: default the best of 201 values in the range. Held out: needed, and fixed before these items are
        looked at.
    threshold_range : (t_min, t_max), optional
        Fixed in advance; default (0, s^2 B^2), B^2 = 2.
    held_out : bool
        Whether the items were used for nothing so far, unaligned rows included. Items both rows of which the model was
        trained on are refused.
    repeats : bool
        Accept such items all the same: right only if values repeat in the population itself and these were drawn anew.

    Returns
    -------
    Estimates
        For ``zhou2026.match_error``: ``rhat_match, rho, omega_pos, omega_neg, n`` and, for the complexity of linear encoders,
        ``s, q, B, d_M, t_min, t_max``; with ``held_out`` instead ``rhat_holdout, n_h`` and the weights. ``match_error`` is the
        empirical match error; ``facts["threshold"]`` the threshold.

    Raises
    ------
    InvalidInputError
        On bad input; without ``held_out`` if the class of encoders has no known complexity, saying why.
    """
    problems = Problems("match_estimates")
    blocks = read_blocks(X, context="match_estimates")
    problems.require(len(blocks) == 2, f"X has modalities {list(blocks)}: expected two")
    sizes = {name: len(block) for name, block in blocks.items()}
    problems.require(
        len(set(sizes.values())) == 1, f"modalities have {sizes} rows: expected equal lengths, row i aligned"
    )
    problems.require(min(sizes.values()) >= 2, f"X has {min(sizes.values())} rows: expected at least 2 aligned items")
    if problems.require(
        isinstance(weights, (tuple, list, np.ndarray)) and len(weights) == 2,
        f"weights={weights!r}: expected two numbers (omega_pos, omega_neg)",
    ):
        for name, value in zip(("omega_pos", "omega_neg"), weights, strict=True):
            problems.number(f"weights: {name}", value, low=0, open_low=True)
    problems.require(
        threshold_range is None
        or (isinstance(threshold_range, (tuple, list, np.ndarray)) and len(threshold_range) == 2),
        f"threshold_range={threshold_range!r}: expected two numbers (t_min, t_max)",
    )
    if rho is not None:
        problems.number("rho", rho, low=0, open_low=True)
    if threshold is not None:
        problems.number("threshold", threshold)
    problems.raise_if_any()
    distances, slack = _distances(model, blocks)
    if held_out:
        used = int(np.all([model.trained_on(name, block) for name, block in blocks.items()], axis=0).sum())
        if used and not repeats:
            raise InvalidInputError(
                f"held_out=True, but the model was trained on both rows of {used} of these {len(distances)} items: expected items "
                "used for nothing so far (or repeats=True, if values repeat in the population and these were drawn anew)",
                context="match_estimates",
            )
        return _fixed(model, distances, weights, threshold, slack=slack)
    if not model.linear_ or model.normalise == "none":
        raise InvalidInputError(
            f"{_NOT_LINEAR if not model.linear_ else _UNBOUNDED}: call it with held_out=True on items not used before, and a "
            "threshold",
            context="match_estimates",
        )
    low, high = (0.0, 2.0 * model.s**2) if threshold_range is None else threshold_range
    problems.require(
        math.isfinite(low) and math.isfinite(high) and low <= high,
        f"threshold_range={(low, high)!r}: expected finite t_min <= t_max",
    )
    problems.require(
        threshold is None or low <= threshold <= high,
        f"threshold={threshold!r}: expected a number in [{low:g}, {high:g}]",
    )
    problems.raise_if_any()
    margin = float(model.s**2) / 4 if rho is None else float(rho)
    candidates = np.linspace(low, high, _CANDIDATES) if threshold is None else np.array([float(threshold)])
    risks = [_risk(distances, t, weights, margin) for t in candidates]
    best = int(np.argmin(risks))
    chosen = float(candidates[best])
    names = list(blocks)
    width = sum(model.n_features_[name] for name in names)
    aligned = len(distances)
    whole = "fixed in advance"
    entries = (
        Entry("n", aligned, "aligned items"),
        Entry(
            "rhat_match",
            round_up(risks[best] + sum(weights) * slack / margin, ulps=8),
            "empirical ramp match risk, all pairs of items",
        ),
        Entry("rho", margin, "margin of the ramp", why=whole),
        Entry("omega_pos", float(weights[0]), "weight of a missed match", why=whole),
        Entry("omega_neg", float(weights[1]), "weight of a wrong match", why=whole),
        Entry(
            "s", float(model.s), "bound on the spectral norm of the joint encoder", why="singular values are clipped"
        ),
        Entry("q", int(model.q_), "latent dimension"),
        Entry(
            "B",
            round_up(math.sqrt(2.0)),
            "radius of a stacked pair of rows in the unit ball",
            why="rows are normalised",
        ),
        Entry("d_M", width, "features of both modalities"),
        Entry("t_min", float(low), "smallest threshold", why=whole),
        Entry("t_max", float(high), "largest threshold", why=whole),
        *_shown(distances, chosen, weights, slack=slack),
    )
    return Estimates(entries, title=f"Matching {names[0]} with {names[1]}", facts={"threshold": chosen})


def _fixed(
    model: AlignedEncoders,
    distances: NDArray[np.float64],
    weights: tuple[float, float],
    threshold: float | None,
    *,
    slack: float,
) -> Estimates:
    if threshold is None:
        raise InvalidInputError(
            "threshold=None: expected the number that was fixed before these held-out items were looked at",
            context="match_estimates",
        )
    error = _error(distances, threshold, weights, slack=slack)
    entries = (
        Entry("n_h", len(distances), "held-out aligned items"),
        Entry("rhat_holdout", round_up(error, ulps=8), "match error on them, all pairs of items"),
        Entry("omega_pos", float(weights[0]), "weight of a missed match", why="fixed in advance"),
        Entry("omega_neg", float(weights[1]), "weight of a wrong match", why="fixed in advance"),
        *_shown(distances, threshold, weights, slack=slack),
    )
    why = "the items are held out: the model is fixed, and nothing is claimed about its class"
    refused = dict.fromkeys(("R_M", "s", "rhat_match", "n"), why if model.linear_ else _NOT_LINEAR)
    return Estimates(entries, title="Matching, fixed encoders", facts={"threshold": float(threshold)}, refused=refused)


def _shown(
    distances: NDArray[np.float64], threshold: float, weights: tuple[float, float], *, slack: float
) -> tuple[Entry, ...]:
    return (
        Entry("match_error", _error(distances, threshold, weights, slack=slack), "empirical match error", symbol=False),
        Entry("trivial_match_error", min(weights), "what the better constant rule errs on", symbol=False),
    )


def _distances(model: AlignedEncoders, blocks: dict[str, NDArray[np.float64]]) -> tuple[NDArray[np.float64], float]:
    """Squared latent distances of all items of one modality to all of the other, in blocks of rows, and their error."""
    first, second = model.transform(blocks).values()
    squares = (second * second).sum(axis=1)
    out = np.empty((len(first), len(second)))
    for start in range(0, len(first), _BLOCK_ROWS):
        rows = first[start : start + _BLOCK_ROWS]
        out[start : start + _BLOCK_ROWS] = (rows * rows).sum(axis=1)[:, None] + squares[None, :] - 2 * rows @ second.T
    largest = max(float(squares.max()), float((first * first).sum(axis=1).max()))
    if model.linear_ and model.normalise != "none":
        largest = max(largest, float(model.s) ** 2)  # a short latent point may be a difference of long ones
    return np.maximum(out, 0.0, out=out), _ROUNDING * largest


def _average(of_match: NDArray[np.float64], of_all: NDArray[np.float64], weights: tuple[float, float]) -> float:
    """Weighted mean over matched pairs (the diagonal) and over all ordered pairs of different items."""
    n = len(of_all)
    others = (of_all.sum() - np.trace(of_all)) / (n * (n - 1))
    return float(weights[0] * of_match.mean() + weights[1] * others)


def _risk(distances: NDArray[np.float64], t: float, weights: tuple[float, float], rho: float) -> float:
    own = np.clip(1 - (t - np.diagonal(distances)) / rho, 0, 1)
    return _average(own, np.clip(1 + (t - distances) / rho, 0, 1), weights)


def _error(distances: NDArray[np.float64], t: float, weights: tuple[float, float], *, slack: float) -> float:
    """Match error; a distance within rounding of the threshold counts as a mistake on either side."""
    own = (np.diagonal(distances) >= t - slack).astype(float)
    return _average(own, (distances <= t + slack).astype(float), weights)
