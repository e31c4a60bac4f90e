"""The normal law's share below a point, and the point below which a share lies, without the half second of importing SciPy's."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

__all__ = ["normal_point", "normal_share"]

_erfc = np.vectorize(math.erfc, otypes=[float])
_LAW = NormalDist()


def normal_share(x: Any) -> Any:
    """Return Phi(x) of each entry."""
    return 0.5 * _erfc(np.asarray(x, dtype=float) / -math.sqrt(2.0))


def normal_point(share: float) -> float:
    """Return the x with Phi(x) = share in (0, 1)."""
    return _LAW.inv_cdf(share)
