r"""How far a transport certificate lies above the risk: an expansion, no guarantee.

.. math:: U - \hat r \approx \operatorname{dev}(m) = \min_{0 < b \le 1/(c-r)} \left[\frac{x}{m b} + b \zeta_1\right],

which is 2 sqrt(zeta_1 x/m) for many pairs m and x (c-r)/m + zeta_1/(c-r) for few.
"""

from __future__ import annotations

import math

__all__ = ["deviation", "guessed_variance", "rows_needed"]


def deviation(pairs: float, *, level: float, room: float, variance: float) -> float:
    """Return dev(m) for m pairs, x = level, c - r = room and zeta_1 = variance."""
    slope = 1.0 / room if variance <= 0 else min(math.sqrt(level / (pairs * variance)), 1.0 / room)
    return level / (pairs * slope) + slope * variance


def guessed_variance(slack: float, *, level: float, pairs: float, room: float) -> float:
    """Return the zeta_1 at which dev(m) is the slack that was found; 0 where even that is larger."""
    large = slack**2 * pairs / (4.0 * level)
    if math.sqrt(level / (pairs * max(large, 1e-300))) <= 1.0 / room:
        return large
    return max(0.0, (slack - level * room / pairs) * room)


def rows_needed(slack: float, *, level: float, room: float, variance: float) -> float:
    """Return the number of pairs m at which dev(m) falls to the slack.

    The expansion falls in m, but with zeta_1 = 0 or few pairs it is x (c - r)/m + zeta_1/(c - r).
    """
    large = 4.0 * level * variance / slack**2
    if large > 0 and math.sqrt(level / (large * variance)) <= 1.0 / room:
        return large
    return level * room / (slack - variance / room)
