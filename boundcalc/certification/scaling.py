r"""A lower end of the mean of a matrix's products over all bijections, by entropic optimal transport.

For a positive matrix A the mean over bijections is perm(A)/m!. For every doubly stochastic W

.. math:: \log \frac{\operatorname{perm} A}{m!} \ge -\sum_{ij} W_{ij} \log \frac{W_{ij}}{A_{ij}} - m \log m = -m T,

by Sinkhorn's scaling, van der Waerden's inequality (Egorychev 1981, Falikman 1981) and Jensen's inequality. W comes from
scaling rows and columns in turn; whatever floating point did there, the value that is returned belongs to a matrix that
is doubly stochastic in exact arithmetic. Write W' = diag(u) A diag(v) for the floats u, v that were found, shrunk so that
no row or column sum exceeds 1; a_i, b_j are what is missing there, s = sum a = sum b, and W = W' + a b^T / s. Since
log(1 + x) <= x,

.. math:: \sum W \log \frac{W}{A} \le \sum_i \log u_i + \sum_j \log v_j + s + \sum_{ij} \frac{(a_i b_j / s)^2}{W'_{ij}},

and the last sum is at most max_i(a_i/u_i) max_j(b_j/v_j) / min A. Without it the right side is the dual objective, which is
below the minimum over all W: the last sum is what the value may exceed the minimum by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.sides import EPS, sum_above
from boundcalc.frozen import Frozen

__all__ = ["Scaled", "scale_to_coupling"]

Array = NDArray[np.float64]

#: How far m T may be above its minimum, as a share of m, when the iteration stops.
TOLERANCE = 1e-10
#: The most sweeps; what is returned then is still a bound.
SWEEPS = 2_000


@dataclass(frozen=True)
class Scaled(Frozen):
    """A verified coupling.

    Attributes
    ----------
    log_mean : float
        A lower end of log(perm(A)/m!): -m T for a coupling, rounded down.
    u, v : ndarray of shape (m,)
        The coupling is diag(u) A diag(v) / m up to ``rest``.
    rest : float
        At most this share of m is spread over all entries beside diag(u) A diag(v).
    excess : float
        The value is at most this far below that of the best coupling, rounding aside.
    """

    log_mean: float
    u: Array
    v: Array
    rest: float
    excess: float


def scale_to_coupling(matrix: Array, *, start: Array | None = None) -> Scaled:
    """Return a coupling for a positive matrix and the lower end of log(perm/m!) that it proves.

    Parameters
    ----------
    matrix : ndarray of shape (m, m)
        Positive entries, taken as they are.
    start : ndarray of shape (m,), optional
        Row factors of a similar matrix.
    """
    m = matrix.shape[0]
    # Sums of m positive terms, in any order, with the products around them.
    gamma = (m + 16) * EPS
    smallest = float(matrix.min())
    u = np.ones(m) if start is None else start
    for sweep in range(SWEEPS):
        v = 1.0 / (u @ matrix)
        rows = u * (matrix @ v)
        largest = max(float(rows.max()), 1.0)
        if largest - float(rows.min()) < 1e-3 or sweep == SWEEPS - 1:
            shrink = (1.0 - 4.0 * gamma) / largest
            missing_in_columns = 1.0 - shrink + 2.0 * gamma
            missing = 1.0 - rows * shrink + 2.0 * gamma
            shrunk = u * shrink
            excess = float((missing / shrunk).max()) * missing_in_columns / (float(v.min()) * smallest) * (1 + 1e-9)
            if excess <= TOLERANCE * m:
                break
        u = u / rows
    rest = math.fsum(missing) * (1 + 1e-12)
    value = sum_above(np.concatenate([np.log(shrunk), np.log(v), [m * math.log(m), rest, excess]]))
    return Scaled(-value, shrunk, v, rest, excess)
