"""The bounds of the certificates as plain functions of what was measured, all rounded to the safe side.

Symbols: delta failure probability, x = log(1/delta), c the largest value of the kernel, m pairs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.arithmetic.entropy import kl_inverse_beyond
from boundcalc.certification.scaling import scale_to_coupling
from boundcalc.certification.sides import EPS, as_upper_risk, raised
from boundcalc.errors import InvalidInputError
from boundcalc.language.arguments import Problems
from boundcalc.trainer.risk.devices import DeviceMatrix, elsewhere, namespace_of

__all__ = [
    "closed_value",
    "cover_slack",
    "gallery_bound",
    "hoeffding_bound",
    "kl_bound",
    "looks_bound",
    "matching_bound",
    "pac_bayes_bound",
    "replacement_bound",
    "transport_value",
    "union_level",
]

Array = NDArray[np.float64]


def kl_bound(mean: float, *, pairs: float, delta: float, scale: float = 1.0) -> float:
    """Return c kl_inverse(mean/c, x/M): certificates.md section 3, corollaries A and E.

    Parameters
    ----------
    mean : float
        The held-out mean of the kernel, in [0, c].
    pairs : float
        M: n/2 for all pairs of n rows (odd n as well), 1/D for pairs whose largest weighted degree is D.
    delta : float
        In (0, 1).
    scale : float
        c.
    """
    _check(delta=delta, scale=scale, pairs=pairs)
    level = raised(-math.log(delta)) / pairs * (1.0 + 4.0 * EPS)
    return _kl_above(mean, level, scale)


def hoeffding_bound(mean: float, *, pairs: float, delta: float, scale: float = 1.0) -> float:
    """Return mean + c sqrt(x/(2M)), at most c; arguments as for :func:`kl_bound`."""
    _check(delta=delta, scale=scale, pairs=pairs)
    return min(scale, raised(mean + scale * math.sqrt(-math.log(delta) / (2.0 * pairs)), 16.0))


def transport_value(kernel: ArrayLike, *, kappa: float, scale: float = 1.0) -> float:
    """Return an upper end of T, the entropic transport cost between the rows and columns of a kernel matrix.

    Parameters
    ----------
    kernel : array_like of shape (m, m)
        q between the two halves of the rows, in [0, c]; an array of PyTorch, CuPy or JAX stays on its device.
    kappa : float
        In (0, 1), fixed in advance.
    scale : float
        c.

    Returns
    -------
    float
        T at a coupling, within 1e-10 of its minimum; log(perm(A)/m!) >= -m T for A = 1 - kappa q/c.

    Examples
    --------
    >>> round(transport_value([[0.0, 1.0], [1.0, 0.0]], kappa=0.9), 7)
    0.597837
    """
    if elsewhere(kernel):
        _check_kernel(kernel, kappa=kappa, scale=scale)
        matrix: Any = DeviceMatrix(kernel, share=kappa / scale, slack=4.0 * EPS, least=math.nextafter(1.0 - kappa, 0.0))
    else:
        values = _kernel(kernel, kappa=kappa, scale=scale)
        matrix = np.maximum(1.0 - kappa * values - 4.0 * EPS, np.nextafter(1.0 - kappa, 0.0))
    return -scale_to_coupling(matrix).log_mean / matrix.shape[0] * (1.0 + 2.0 * EPS)


def closed_value(kernel: ArrayLike, *, kappa: float, scale: float = 1.0, theta: float | None = None) -> float:
    """Return an upper end of the closed form T'' >= T: arguments as for :func:`transport_value`.

    Parameters
    ----------
    kernel : array_like of shape (m, m)
    kappa, scale : float
    theta : float, optional
        The tilt, in [0, 1/max R] (default: the best); R is the doubly centred cost, V the mean of its square.

    Notes
    -----
    P = (1 - theta R)/m^2 is a coupling, so T <= mean C - theta V + mean[(1 - theta R) log(1 - theta R)].
    """
    cost = -np.log1p(-kappa * _kernel(kernel, kappa=kappa, scale=scale))
    centred = cost - cost.mean(axis=0) - cost.mean(axis=1, keepdims=True) + cost.mean()
    top = float(centred.max())
    if top <= 1e-12:
        return float(raised(cost.mean(), 64.0 + cost.shape[0]))
    limit = (1.0 - 1e-9) / top

    def value(tilt: float) -> float:
        mass = 1.0 - tilt * centred
        return float(cost.mean() - tilt * np.mean(centred * cost) + np.mean(mass * np.log(np.maximum(mass, 1e-300))))

    if theta is None:
        low, high = 0.0, limit
        for _ in range(60):  # the value is convex in the tilt
            thirds = low + (high - low) / 3.0, high - (high - low) / 3.0
            low, high = (low, thirds[1]) if value(thirds[0]) < value(thirds[1]) else (thirds[0], high)
        theta = 0.5 * (low + high)
    elif not 0.0 <= theta <= limit:
        raise InvalidInputError(f"theta={theta!r}: expected a number in [0, {limit:g}], 1/max R")
    return raised(value(theta), 64.0 + 4.0 * cost.shape[0] * (1.0 + float(cost.max())))


def matching_bound(log_mean: float, *, pairs: float, kappa: float, delta: float, scale: float = 1.0) -> float:
    """Return (c/kappa)(1 - (delta h)^{1/m}) for log h from below: Theorem M.

    Parameters
    ----------
    log_mean : float
        A lower end of log h; with a transport value T it is -m T.
    pairs : float
        m.
    kappa, delta : float
        In (0, 1).
    scale : float
        c.
    """
    _check(delta=delta, scale=scale, pairs=pairs, kappa=kappa)
    return as_upper_risk(math.log(delta) + log_mean, kappa=kappa, scale=scale, exponent=pairs)


def gallery_bound(shares: ArrayLike, *, delta: float, cap: float = 1.0, stakes: int = 32) -> float:
    """Return the upper bound of E g by betting: how often a new row is misjudged against the stored rows.

    Parameters
    ----------
    shares : array_like of shape (n,)
        g of each held-out row, in [0, cap]: its weighted share of wrong pairs with the stored rows.
    delta : float
        In (0, 1).
    cap : float
        c_g, the most that g can be for a new row of any label.
    stakes : int
        Number of stakes theta = (k - 1/2)/stakes over which the wealth is averaged.

    Notes
    -----
    If E g/c_g >= mu, each factor 1 + theta (mu - g/c_g)/(1 - mu) has mean at most 1: w.p. at least 1 - delta the mean over
    theta of their products is below 1/delta. It rises in mu, so the bound is where it reaches 1/delta.
    """
    _check(delta=delta, scale=cap)
    g = np.asarray(shares, dtype=float)
    if g.ndim != 1 or not g.size or not ((g >= 0) & (g <= cap)).all():
        raise InvalidInputError(f"shares: expected a nonempty list of numbers in [0, {cap:g}]")
    g = np.minimum(1.0, g / cap * (1.0 + 2.0 * EPS))
    theta = (np.arange(stakes) + 0.5) / stakes

    def rejected(mu: float) -> bool:
        logs = np.log1p(theta[:, None] * (mu - g) / (1.0 - mu)).sum(axis=1)
        top = float(logs.max())
        wealth = top + math.log(float(np.exp(logs - top).mean()))
        return wealth - 1e-12 * (g.size + abs(wealth)) >= -math.log(delta) + 4.0 * EPS

    low, high = 0.0, 1.0
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high or high - low < 1e-12:
            return min(cap, cap * high * (1.0 + 4.0 * EPS))
        low, high = (low, middle) if rejected(middle) else (middle, high)


def looks_bound(
    log_means: ArrayLike, *, sizes: ArrayLike, kappas: ArrayLike, delta: float, scale: float = 1.0
) -> Array:
    """Return the bounds after every batch, all of which hold at once with probability 1 - delta: a supermartingale.

    Parameters
    ----------
    log_means : array_like of shape (k,)
        Lower ends of log h of each batch, the mean over a fixed number of splits inside.
    sizes : array_like of int, shape (k,)
        Rows of each batch, fixed or predictable.
    kappas : array_like of shape (k,)
        In (0, 1); each may depend on earlier batches.
    delta, scale : float

    Returns
    -------
    ndarray of shape (k,)
        The running minimum of the roots r of sum (n_g/2) log(1 - kappa_g r/c) = log delta + sum log h_g.
    """
    logs, counts, values = (np.atleast_1d(np.asarray(a, dtype=float)) for a in (log_means, sizes, kappas))
    if not (logs.shape == counts.shape == values.shape and logs.ndim == 1 and logs.size):
        raise InvalidInputError("log_means, sizes and kappas: expected as many of each, at least one")
    _check(delta=delta, scale=scale)
    if not ((values > 0) & (values < 1)).all() or not (counts >= 2).all():
        raise InvalidInputError("kappas: expected numbers in (0, 1); sizes: expected at least 2 rows in each batch")
    found = []
    for k in range(1, logs.size + 1):
        target = math.log(delta) + math.fsum(logs[:k])
        target -= 1e-12 * (1.0 + abs(target))

        def rejected(r: float, k: int = k, target: float = target) -> bool:
            return math.fsum(0.5 * counts[:k] * np.log1p(-values[:k] * r)) <= target

        low, high = 0.0, 1.0
        while rejected(high) and high - low > 1e-13:
            middle = 0.5 * (low + high)
            low, high = (low, middle) if rejected(middle) else (middle, high)
        found.append(scale * high * (1.0 + 4.0 * EPS))
    return np.minimum(np.minimum.accumulate(found), scale)


def pac_bayes_bound(
    risk: float, *, divergence: float, pairs: int, delta: float, kappa: float | None = None, scale: float = 1.0
) -> float:
    """Return a bound of the Gibbs risk for all posteriors at once.

    Parameters
    ----------
    risk : float
        Without kappa the empirical Gibbs risk in [0, c]; with kappa the transport value T of the cost
        C_ij = -(mean over the posterior of log(1 - kappa q/c)) or anything above it.
    divergence : float
        KL(posterior | prior), the prior fixed before the rows.
    pairs : int
        m = floor(n/2); at least 8 without kappa.
    delta : float
    kappa : float, optional
        In (0, 1), fixed in advance.
    scale : float

    Notes
    -----
    kl form: kl(rhat, r) <= (KL + log(2 sqrt(m)/delta))/m (Maurer 2004). Transport form:
    r <= (c/kappa)(1 - exp(-T - (KL + x)/m)).
    """
    _check(delta=delta, scale=scale, pairs=pairs)
    if not divergence >= 0:
        raise InvalidInputError(f"divergence={divergence!r}: expected a number >= 0")
    if kappa is not None:
        _check(kappa=kappa)
        tail = math.log(delta) - divergence - pairs * risk
        return as_upper_risk(tail, kappa=kappa, scale=scale, exponent=pairs)
    if pairs < 8:
        raise InvalidInputError(f"pairs={pairs!r}: expected at least 8")
    level = raised((divergence + math.log(2.0 * math.sqrt(pairs) / delta)) / pairs)
    return _kl_above(risk, level, scale)


def replacement_bound(pilot: float, gain: float) -> float:
    """Return what bounds the risk of the model that is kept: the pilot's bound, less the certified gain if it was replaced.

    Parameters
    ----------
    pilot : float
        U_0, an upper bound of the pilot's risk at delta/2.
    gain : float
        L, the certified lower value of risk(pilot) - risk(new model) at delta/2 on rows that neither has seen; the new model
        is kept if it is at least 0.
    """
    return raised(pilot - max(gain, 0.0), 2.0) if gain >= 0 else pilot


def union_level(delta: float, *, log_count: float) -> float:
    """Return log(delta/J) from below for J models, of which only log J need be known: Occam's bound, a cover."""
    _check(delta=delta)
    return math.log(delta) - log_count - 8.0 * EPS * (abs(math.log(delta)) + log_count)


def cover_slack(steps: ArrayLike, caps: ArrayLike, *, threshold_step: float, total: float) -> tuple[float, float]:
    """Return the score slack of a lattice of weights and thresholds, and log J without the thresholds.

    Parameters
    ----------
    steps : array_like of shape (K,)
        The spacing of each weight's lattice in [0, 1].
    caps : array_like of shape (K,)
        b_k^2, the largest v_k = |x_k - x'_k|^2 of the population.
    threshold_step : float
        The spacing of the thresholds.
    total : float
        B^2, the largest sum of the v_k.

    Returns
    -------
    (slack, log_count) : (float, float)
        eps = step_t/2 + (1/2) max{sum step_k v_k : 0 <= v_k <= b_k^2, sum v_k <= B^2}, a fractional knapsack, and
        sum_k log(ceil(1/step_k) + 1). On one event r(f) <= P(s f' <= eps) for the lattice point f' next to f.
    """
    step, cap = (np.atleast_1d(np.asarray(a, dtype=float)) for a in (steps, caps))
    if step.shape != cap.shape or step.ndim != 1 or not (step > 0).all() or not (cap >= 0).all():
        raise InvalidInputError("steps and caps: expected as many of each, steps > 0 and caps >= 0")
    order = np.argsort(-step)
    room = np.maximum(total - np.concatenate([[0.0], np.cumsum(cap[order])[:-1]]), 0.0)
    worst = float(np.sum(step[order] * np.minimum(cap[order], room)))
    counts = np.ceil(1.0 / step) + 1.0
    return raised(0.5 * threshold_step + 0.5 * worst), float(raised(np.log(counts).sum(), 4.0 * step.size))


def _kl_above(mean: float, level: float, scale: float) -> float:
    """Return c kl_inverse(mean/c, level) from above, at most c."""
    inverse = float(kl_inverse_beyond(min(1.0, raised(mean / scale, 2.0)), level, True))
    return min(scale, scale * inverse * (1.0 + 2.0 * EPS))


def _kernel(kernel: ArrayLike, *, kappa: float, scale: float) -> Array:
    """Return q/c, checked."""
    values = np.asarray(kernel, dtype=float)
    _check_kernel(values, kappa=kappa, scale=scale)
    return values / scale


def _check_kernel(kernel: Any, *, kappa: float, scale: float) -> None:
    """Refuse what is no square matrix of numbers in [0, c], on whatever device."""
    _check(kappa=kappa, scale=scale)
    shape = tuple(kernel.shape)
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        raise InvalidInputError(f"kernel has shape {shape}: expected (m, m)")
    if not bool(namespace_of(kernel).all((kernel >= 0) & (kernel <= scale))):
        raise InvalidInputError(f"kernel: expected numbers in [0, {scale:g}]")


def _check(**given: float) -> None:
    problems = Problems("certificate")
    for name, value in given.items():
        share = name in ("delta", "kappa")
        problems.number(name, value, low=0, high=1 if share else math.inf, open_low=True, open_high=share)
    problems.raise_if_any()
