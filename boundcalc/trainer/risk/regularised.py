"""Metrics trained with a penalty mu ||A - A_0||_F^2 at a fixed threshold: what uniform stability speaks of.

The anchor is 0, or a source metric that was learnt on the calibration part, which is used for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.trainer.data.prepare import Prepared
from boundcalc.trainer.risk.erm import minimise_risk
from boundcalc.trainer.risk.losses import round_up

__all__ = ["MU_GRID", "RegularisedFit", "source_metric", "train_regularised"]

Array = NDArray[np.float64]

#: Strengths that are fixed in advance; a bound at the best of them pays delta/len(MU_GRID) each.
MU_GRID: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True)
class RegularisedFit:
    """One regularised metric.

    Attributes
    ----------
    anchor : {"zero", "source"}
    mu : float
    risk : float
        Empirical risk over all training pairs, without the penalty.
    eps_opt : float
        Certified: no metric of the class has an objective smaller by more.
    ell_0 : float
        The largest loss at A_0, over all admissible pairs.
    distance : float
        ||A - A_0||_F.
    threshold : float
        Fixed before the training part was looked at.
    """

    anchor: str
    mu: float
    risk: float
    eps_opt: float
    ell_0: float
    distance: float
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(vars(self))


def source_metric(prepared: Prepared, subset: tuple[str, ...]) -> tuple[Array, float] | None:
    """Return metric parameters and threshold learnt on the calibration part; None where it has fewer than two rows."""
    part = prepared.split.calibration
    if part.size < 2:
        return None
    problem = prepared.problem(subset, prepared.all_pairs(subset, part), regularised=False)
    fit = minimise_risk(problem, tolerance=1e-2, max_evaluations=300)
    return fit.params, fit.threshold


def train_regularised(
    prepared: Prepared, subset: tuple[str, ...], *, grid: tuple[float, ...] = MU_GRID, tolerance: float = 1e-6
) -> tuple[RegularisedFit, ...]:
    """Train with each strength around 0 and around the source metric, at the source's threshold.

    Without a calibration part there is no source metric, and the threshold is the middle of its range.

    Parameters
    ----------
    prepared : Prepared
    subset : tuple of str
    grid : tuple of float
        Strengths mu, fixed in advance.
    tolerance : float
        Optimisation error asked for, relative to the objective.
    """
    settings = prepared.settings
    source = source_metric(prepared, subset)
    threshold = sum(settings.class_threshold_range) / 2 if source is None else source[1]
    pairs = prepared.all_pairs(subset, prepared.split.train)
    anchors: dict[str, Array] = {}
    if settings.eig_range[0] == 0:
        anchors["zero"] = prepared.structure(subset).constant(0.0)
    if source is not None:
        anchors["source"] = source[0]
    found = []
    for name, params in anchors.items():
        start = params
        for mu in sorted(grid, reverse=True):
            problem = replace(
                prepared.problem(subset, pairs),
                threshold_range=(threshold, threshold),
                regularisation=mu,
                # The largest eigenvalue of the anchor, for the rounding allowance.
                anchor=settings.eig_range[1],
                source=params,
            )
            fit = minimise_risk(
                problem, start=(start, threshold), tolerance=tolerance, max_evaluations=settings.max_evaluations
            )
            start = fit.params
            distance = np.sqrt(max(problem.penalty(fit.params)[0] / mu, 0.0))
            largest = _loss_at(prepared, subset, params, threshold)
            found.append(RegularisedFit(name, mu, fit.risk, fit.eps_opt, largest, float(distance), threshold))
    return tuple(sorted(found, key=lambda fit: (fit.anchor != "zero", fit.mu)))


def _loss_at(prepared: Prepared, subset: tuple[str, ...], params: Array, threshold: float) -> float:
    """Return the largest loss of one metric over all pairs that the radii admit, rounded up."""
    operator = prepared.structure(subset).operator(params)
    if operator.ndim == 1:
        owner = np.repeat(np.arange(len(subset)), prepared.widths(subset))
        largest = sum(float(operator[owner == k].max()) * prepared.squared_radii[name] for k, name in enumerate(subset))
    else:
        largest = float(np.linalg.eigvalsh(operator).max()) * prepared.squared_radius(subset)
    highest = prepared.settings.pair_loss.extreme(threshold - round_up(largest, ulps=64), threshold)[1]
    return round_up(max(prepared.weights) * highest)
