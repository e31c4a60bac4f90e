"""The bound of a risk from its draws, at a kappa fixed in advance or by test inversion over cells of the risk.

For every kappa fixed in advance E h <= (1 - kappa r/c)^N, so U(kappa) = (c/kappa)(1 - (delta h)^{1/N}) fails with
probability at most delta. With kappa_k on the cell [r_k, r_{k+1}] only the test of the cell that holds the true risk can
fail: U = max over cells with U(kappa_k) > r_k of min(r_{k+1}, U(kappa_k)). The cells are searched from the top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.bijections import exponent, half_batches
from boundcalc.certification.draws import Batch, Kernel, Profile, Table, exact_log_h, node_costs
from boundcalc.certification.sides import as_upper_risk, log_mean_below
from boundcalc.frozen import Frozen
from boundcalc.trainer.risk.threads import one_blas_thread

__all__ = ["Evaluator", "Sample", "kappa_at", "population_bound", "risk_bound", "typical_weight"]

Array = NDArray[np.float64]

#: Equal cells of [0, c] in which kappa is constant.
CELLS = 256
LARGEST_KAPPA = 0.98
#: The Hajek variance guessed for an error of pairs, in units of w^2.
GUESSED_VARIANCE = 0.01


@dataclass(frozen=True)
class Sample(Frozen):
    """Independent batches of units, each with several draws.

    Attributes
    ----------
    batches : sequence of Batch
    kernel : Kernel
        q/c.
    scale : float
        c.
    exponent : float
        N with E h <= (1 - kappa r/c)^N.
    running : bool
        Take the largest of the means over the first t draws, the same t in all batches, in place of the mean over all: valid
        over the rows and a seed that was drawn afresh (a reverse martingale), not for a constant seed.
    """

    batches: Sequence[Batch]
    kernel: Kernel
    scale: float
    exponent: float
    running: bool = False

    def product(self, logs: Sequence[Sequence[float]]) -> float:
        """Return a lower end of log H from log h of every batch's draws: the product over batches of the mean over draws."""
        counts = range(1, len(logs[0]) + 1) if self.running else (len(logs[0]),)
        return max(math.fsum(log_mean_below(found[:t]) for found in logs) for t in counts)


class Evaluator:
    """Evaluate log H, remember where Sinkhorn ended and what the couplings say at other kappas."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.starts: list[list[list[Array] | None]] = [[None] * len(batch.draws) for batch in sample.batches]
        levels = getattr(sample.kernel, "levels", None)
        self.tables = [Table.of(sample.kernel(batch.units, batch.partners), levels) for batch in sample.batches]
        self.profiles: list[list[list[Profile]]] = []

    def log_h(self, kappa: float) -> float:
        """Return a lower end of log H."""
        total, profiles = [], []
        for batch, table, starts in zip(self.sample.batches, self.tables, self.starts, strict=True):
            logs, found = [], []
            for place, draw in enumerate(batch.draws):
                value, profile, starts[place] = exact_log_h(draw, table, kappa, starts[place])
                logs.append(value)
                found.append(profile)
            total.append(logs)
            profiles.append(found)
        self.profiles.append(profiles)
        return self.sample.product(total)

    def log_h_by_profile(self, kappa: float) -> float:
        """Return a lower end of log H at kappa from couplings found at others, or -inf before there are any."""
        costs = node_costs(self.tables[0].nodes, kappa)
        best = -math.inf
        for profiles in self.profiles:
            logs = [[-float(p.masses @ costs) - p.constant for p in found] for found in profiles]
            best = max(best, self.sample.product(logs))
        return best

    def upper(self, log_h: float, *, kappa: float, log_delta: float) -> float:
        """Return U(kappa) for a lower end of log H."""
        sample = self.sample
        return as_upper_risk(log_delta + log_h, kappa=kappa, scale=sample.scale, exponent=sample.exponent)


def kappa_at(risk: Any, *, scale: float, level: float, exponent: Any, variance: Callable[[Any], float]) -> Any:
    """Return kappa(r) = min(.98, c b/(1 + b r)), b = min(sqrt(x/(N zeta_1)), 1/(c - r)), for a guessed zeta_1.

    Parameters
    ----------
    risk : float or ndarray
        In [0, c).
    scale : float
        c.
    exponent : float or ndarray
        N.
    level : float
        x = log(1/delta).
    variance : callable
        The guess of zeta_1 at a risk.
    """
    slope, guess = 1.0 / (scale - risk), variance(risk)
    if guess > 0:
        slope = np.minimum(slope, np.sqrt(level / (exponent * guess)))
    return np.minimum(LARGEST_KAPPA, scale * slope / (1.0 + slope * risk))


def typical_weight(weights: tuple[float, float]) -> float:
    """Return the harmonic mean of the weights, which is 1 for balanced ones; the larger one if the other is 0."""
    return 2.0 / (1.0 / weights[0] + 1.0 / weights[1]) if min(weights) > 0 else max(weights)


def population_bound(
    kernel: Kernel,
    units: int,
    *,
    weights: tuple[float, float],
    scale: float,
    delta: float,
    kappa: float | None,
    splits: int,
    rng: np.random.Generator,
    running: bool = False,
) -> tuple[float, float, Sample]:
    """Bound a weighted mean over the population by Theorem T; return the bound, its kappa and the sample.

    Parameters
    ----------
    kernel : Kernel
        q/c between units, rows or groups.
    units : int
    weights : (float, float)
        Of the pairs: they say which zeta_1 kappa(r) guesses.
    scale, delta, kappa
        As for `Sample` and `risk_bound`.
    splits : int
    rng : numpy.random.Generator
        Halves the units.
    running : bool
    """
    batches = half_batches(units, splits=splits, rng=rng)
    sample = Sample(batches, kernel, scale, exponent(batches), running)
    variance = GUESSED_VARIANCE * typical_weight(weights) ** 2
    bound, at = risk_bound(sample, delta=delta, kappa=kappa, variance=lambda risk: variance)
    return bound, at, sample


def risk_bound(
    sample: Sample, *, delta: float, kappa: float | None, variance: Callable[[float], float] = lambda risk: 0.0
) -> tuple[float, float]:
    """Return the upper confidence bound of the risk and the kappa that it was taken at.

    Parameters
    ----------
    sample : Sample
    delta : float
        In (0, 1).
    kappa : float or None
        A number in (0, 1) fixed in advance, or kappa(r) by cells.
    variance : callable
        The guess of zeta_1 at a risk that kappa(r) uses.
    """
    with one_blas_thread():
        return _risk_bound(Evaluator(sample), math.log(delta), kappa, variance)


def _risk_bound(
    evaluator: Evaluator, log_delta: float, kappa: float | None, variance: Callable[[float], float]
) -> tuple[float, float]:
    sample = evaluator.sample
    if kappa is not None:
        return evaluator.upper(evaluator.log_h(kappa), kappa=kappa, log_delta=log_delta), kappa
    edges = [sample.scale * k / CELLS for k in range(CELLS)] + [sample.scale]
    for k in reversed(range(CELLS)):
        here = float(
            kappa_at(edges[k], scale=sample.scale, level=-log_delta, exponent=sample.exponent, variance=variance)
        )
        if evaluator.upper(evaluator.log_h_by_profile(here), kappa=here, log_delta=log_delta) <= edges[k]:
            continue
        bound = evaluator.upper(evaluator.log_h(here), kappa=here, log_delta=log_delta)
        if bound > edges[k]:
            return min(edges[k + 1], bound), here
    raise AssertionError("the cell from 0 is never left: every bound is above 0")
