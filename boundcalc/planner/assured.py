r"""How probably a certificate that is still to come meets a target, and from how many held-out rows on.

Two answers that must not be mixed up. *Provable*, for every population in which the model has the assumed error r: with m = n/2
and q* the largest q < tau with m kl(q, tau) >= x, x = log(1/delta), the certificate is at most tau where the measured error is
at most q*, so

.. math:: P(U \le \tau) \ge 1 - \exp(-m \operatorname{kl}(q^*, r)),

errors divided by c (Lemma F with uniform weights; transport is never above kl at kappa = (tau - q*)/(tau (1 - q*))).
*Estimated*: the certificate's expansion, a normal law of the measured error with its Hajek variance, and a normal law of what is
not known of the error itself,

.. math:: P(U \le \tau) \approx \Phi\!\left(\frac{\tau - \bar U_n(r)}{\sqrt{4 \zeta_1/n + 2 \sigma^2/n^2 + s^2}}\right).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boundcalc.arithmetic.entropy import kl
from boundcalc.certification.search import GUESSED_VARIANCE, kappa_at
from boundcalc.errors import InfeasibleError, InvalidInputError
from boundcalc.language.ledger import check_delta
from boundcalc.planner.normal import normal_share

if TYPE_CHECKING:
    import xarray

__all__ = ["MOST_ROWS", "Assurance", "assurance", "expected_bound", "spread_of"]

Array = NDArray[np.float64]

#: More held-out rows are not counted.
MOST_ROWS = 2**50
#: Terms of a logarithm's series.
_TERMS = 8
#: Into how many parts an interval is cut in which an edge is looked for, and in how many rounds.
_PARTS, _ROUNDS = np.arange(1, 33), 6


def expected_bound(
    error: Any,
    rows: Any,
    *,
    variance: Any,
    scale: Any = 1.0,
    level: float,
    kappa: float | None = None,
    guess: float = GUESSED_VARIANCE,
) -> Array:
    r"""Return about what the transport certificate comes out at, on average: an expansion, no guarantee.

    .. math:: \bar U = r + \frac{c - \kappa r}{\kappa} \left(1 - e^{-x/m - J}\right), \quad
        J = 2 \log(1 - \kappa r/c) - 2 E \log(1 - \kappa g/c),

    at the kappa that the certificate chooses where it ends, kappa(U). For many rows it is r + dev(n), as J is about zeta_1 u^2 with
    u = kappa/(c - kappa r). The transport cost is about log(1 - kappa r/c) - 2 E log(1 - kappa g/c) for rows' mean errors
    g = E[q(Z, Z')|Z], which are taken to have the beta law on [0, c] with their mean and variance: where a few rows make most
    errors, their higher moments count.

    Parameters
    ----------
    error, rows, variance : array_like
        r, n = 2m held-out rows and zeta_1; they broadcast.
    scale, level : float
        c and x = log(1/delta).
    kappa : float, optional
        Fixed in advance; by default kappa(r) by test inversion with a guessed zeta_1.
    guess : float
        That guess.
    """
    r, m = np.asarray(error, dtype=float), np.asarray(rows, dtype=float) / 2.0
    # The certificate ends where U(kappa(U)) = U: kappa is found by repeating it.
    variance = np.asarray(variance, dtype=float)
    mean, share = r / scale, variance / scale**2
    spread = share / np.maximum(mean * (1.0 - mean) - share, 1e-12)  # 1/(alpha + beta)
    bound = np.minimum(r + 0.1 * scale, 0.999 * scale)
    for _ in range(1 if kappa is not None else 5):
        at = np.minimum(bound, 0.999 * scale)
        k = kappa or kappa_at(at, scale=scale, level=level, exponent=m, variance=lambda _: guess)
        lost = level / m + 2.0 * np.maximum(_log_mean(mean, spread, k) + np.log1p(-k * mean), 0.0)
        bound = r - (scale - k * r) / k * np.expm1(-lost)
    return np.asarray(np.minimum(bound, scale))


def _log_mean(mean: Array, spread: Array, kappa: Any) -> Array:
    """Return -E log(1 - kappa G), G of a beta law with parameters of the sum 1/spread: a series, its rest a geometric one."""
    moment, total = kappa * mean, kappa * mean
    for k in range(1, _TERMS):
        moment = moment * kappa * (mean + k * spread) / (1.0 + k * spread)
        total = total + moment / (k + 1)
    ratio = kappa * (mean + _TERMS * spread) / (1.0 + _TERMS * spread)
    return np.asarray(total + moment * ratio / (1.0 - ratio) / (_TERMS + 1))


def spread_of(rows: Any, *, variance: Any, square: Any) -> Array:
    """Return the standard error of the measured error on n rows, sqrt(4 zeta_1/n + 2 sigma^2/n^2)."""
    n = np.asarray(rows, dtype=float)
    return np.asarray(np.sqrt(4.0 * np.asarray(variance) / n + 2.0 * np.asarray(square) / n**2))


class Assurance:
    """The probability that a certificate from held-out rows that are still to be collected meets a target.

    Called as a function; :meth:`minimal_n` (and ``boundcalc.minimal_n``) inverts it.

    Examples
    --------
    >>> round(assurance(277, error=0.227, target=0.32, scale=3.47, variance=0.0133, square=0.4), 2)
    0.9
    >>> assurance(277, error=0.227, target=0.32, scale=3.47)  # provable, whatever the population
    0.0
    >>> assurance.minimal_n(target=0.4, power=0.9, error=0.227, scale=3.47).item()
    1374
    """

    def __call__(
        self,
        rows: ArrayLike,
        *,
        error: ArrayLike,
        target: ArrayLike,
        delta: float = 0.05,
        scale: float = 1.0,
        variance: ArrayLike | None = None,
        square: ArrayLike | None = None,
        uncertainty: ArrayLike = 0.0,
    ) -> Any:
        """Return the probability; arguments broadcast.

        Parameters
        ----------
        rows : array_like of int
            Held-out rows n >= 2.
        error, target : array_like
            The model's error r and the certificate wanted, in [0, scale].
        delta : float
            Of the certificate.
        scale : float
            c, the largest value of a pair's error (its larger weight).
        variance : array_like, optional
            zeta_1 = Var E[q(Z, Z')|Z]. Without it the answer is provable for every population with this error, of the kl
            certificate; with it an estimate, of the transport certificate.
        square : array_like, optional
            sigma^2 = Var q; by default r (c - r), the largest there is.
        uncertainty : array_like
            Standard error of ``error`` itself, where it is an estimate.

        Returns
        -------
        float, or ndarray
            In [0, 1].

        Raises
        ------
        InvalidInputError
            On bad input.
        """
        n, r, tau = (np.asarray(value, dtype=float) for value in (rows, error, target))
        level = _checked(n, r, tau, delta, scale, variance, uncertainty)
        if variance is None:
            found = _provable(n / 2.0, r / scale, tau / scale, level)
        else:
            square = r * (scale - r) if square is None else square
            bound = expected_bound(r, n, variance=variance, scale=scale, level=level)
            spread = np.hypot(spread_of(n, variance=variance, square=square), uncertainty)
            found = normal_share((tau - bound) / np.maximum(spread, 1e-300))
        return float(found) if np.ndim(found) == 0 else found

    def minimal_n(
        self, *, target: ArrayLike, power: ArrayLike = 0.9, name: str = "rows", **others: Any
    ) -> xarray.DataArray:
        """Return the fewest held-out rows from which a target is met with a probability.

        Parameters
        ----------
        target, power : scalar or 1-D array_like
            Arrays become the axes ``target`` and ``power``, the latter in [0.5, 1).
        name : str
            Only "rows" can be solved for.
        **others : scalar
            As for the call.

        Returns
        -------
        xarray.DataArray of int64

        Raises
        ------
        InfeasibleError
            If no number of rows does.
        InvalidInputError
            On bad input.
        """
        import xarray as xr

        targets, powers = (np.atleast_1d(np.asarray(value, dtype=float)) for value in (target, power))
        if name != "rows" or not ((powers >= 0.5) & (powers < 1)).all():
            bad = f"name = {name!r}: expected 'rows'" if name != "rows" else f"power = {power!r} must be in [0.5, 1)"
            raise InvalidInputError(bad, context="assurance")
        rows = self.fewest(*np.broadcast_arrays(targets[:, None], powers[None, :]), **others)
        axes = {"target": targets, "power": powers}
        found = xr.DataArray(rows, dims=("target", "power"), coords=axes, name="rows")
        kept = {"target": np.ndim(target) == 0, "power": np.ndim(power) == 0}
        return found.squeeze([axis for axis, scalar in kept.items() if scalar], drop=True)

    def fewest(self, target: ArrayLike, power: ArrayLike, **others: Any) -> NDArray[np.int64]:
        """Return the fewest held-out rows for targets and powers of one shape, on finer and finer grids.

        Parameters
        ----------
        target, power : array_like
        **others
            As for the call.

        Raises
        ------
        InfeasibleError
            If no number of rows does.
        """
        tau, sure = (np.asarray(value, dtype=float) for value in (target, power))
        reached = np.asarray(self(MOST_ROWS, target=tau, **others)) >= sure
        if not reached.all():
            first = tuple(np.argwhere(~reached)[0])
            raise InfeasibleError(
                f"target = {tau[first]:g} is not met with probability {sure[first]:g} by any number of rows: the error "
                f"is {others['error']!r}" + (", known to some extent only" if others.get("uncertainty") else ""),
                context="assurance",
            )
        low, high = (np.full(tau.shape, edge, dtype=np.int64) for edge in (1, MOST_ROWS))
        parts = _PARTS.reshape(-1, *(1,) * tau.ndim)
        while (high - low > 1).any():
            grid = low - (low - high) * parts // _PARTS.size  # rounded up: all above low
            first = np.asarray(self(grid, target=tau, **others) >= sure).argmax(axis=0)[None]
            low, high = (
                np.take_along_axis(np.concatenate(both), first, axis=0)[0] for both in (([low], grid), (grid,))
            )
        return high


assurance = Assurance()


def _checked(n: Array, r: Array, tau: Array, delta: float, scale: float, variance: Any, uncertainty: Any) -> float:
    """Refuse what is no such question, and return x = log(1/delta)."""
    problems = []
    if not (isinstance(scale, (int, float)) and 0 < scale < math.inf):
        raise InvalidInputError(f"scale = {scale!r} must be a finite number > 0", context="assurance")
    for name, value, low, high in (
        ("rows", n, 2.0, math.inf),
        ("error", r, 0.0, scale),
        ("target", tau, 0.0, scale),
        ("variance", 0.0 if variance is None else variance, 0.0, scale**2),
        ("uncertainty", uncertainty, 0.0, math.inf),
    ):
        array = np.asarray(value, dtype=float)
        if not ((array >= low) & (array <= high)).all():
            problems.append(f"{name} = {array.tolist()!r} must be in [{low:g}, {high:g}]")
    if variance is None and np.any(uncertainty):
        problems.append("uncertainty goes with variance: what is provable takes the error as given")
    if problems:
        raise InvalidInputError(problems, context="assurance")
    return -math.log(check_delta(delta, context="assurance"))


def _provable(m: Array, r: Array, tau: Array, level: float) -> Array:
    """Return 1 - exp(-m kl(q*, r)), or 0 where no measured error above r would do."""
    m, r, tau = np.broadcast_arrays(m, r, tau)
    low, width = r.astype(float), np.maximum(tau - r, 0.0)
    parts = _PARTS.reshape(-1, *(1,) * m.ndim)
    for _ in range(_ROUNDS):  # q* is where kl(q, tau) falls to x/m
        width = width / _PARTS.size
        low = low + width * (m * kl(low + width * parts, tau) >= level).sum(axis=0)
    possible = (r < tau) & (m * kl(r, tau) >= level)
    return np.where(possible, -np.expm1(-m * kl(low, r)), 0.0)
