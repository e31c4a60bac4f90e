"""Where the explorer's sliders begin, end and stand at first. Any value of the domain can be typed; these are only ranges."""

from __future__ import annotations

from typing import NamedTuple

import sympy

from boundcalc.symbols import VOCABULARY

__all__ = ["Slider", "slider"]


class Slider(NamedTuple):
    """Ends, first position, and whether the slider is logarithmic."""

    low: float
    high: float
    start: float
    log: bool


#: Ranges that the domain does not tell.
_KNOWN = {
    "n": Slider(2, 1e7, 10_000, True),
    "m": Slider(1, 1e7, 5_000, True),
    "n_h": Slider(2, 1e6, 1_000, True),
    "J": Slider(1, 1_000, 7, True),
    "S": Slider(1, 1e6, 1_000, True),
    "delta": Slider(1e-9, 0.5, 0.05, True),
    "g_M": Slider(1, 1_000, 10, True),
    "g_N": Slider(1, 1_000, 5, True),
    "d_M": Slider(1, 10_000, 20, True),
    "q": Slider(1, 1_000, 5, True),
    "card_A": Slider(1, 1e6, 100, True),
    "p": Slider(2, 20, 2, False),
    "lam_max": Slider(0, 10, 1, False),
    "t_min": Slider(-5, 5, 0, False),
    "t_max": Slider(-5, 5, 1, False),
    "kappa_M": Slider(0, 10, 0.5, False),
    "W": Slider(0, 10, 1, False),
    "u_fourth": Slider(0, 1e4, 100, False),
    "u_root_trace": Slider(0, 1e4, 100, False),
    "E_psi_m": Slider(-1, 1, 0.1, False),
}
_START_BY_ROLE = {"complexity": 0.05, "risk": 0.1, "optimisation": 0.0, "approximation": 0.0, "metric": 0.0}


def slider(symbol: sympy.Symbol, domain: sympy.Set) -> Slider:
    """Return the slider of a symbol.

    Parameters
    ----------
    symbol : sympy.Symbol
    domain : sympy.Set
        What the first bound that uses the symbol allows.
    """
    if isinstance(domain, sympy.FiniteSet):
        values = sorted(float(value) for value in domain)
        return Slider(values[0], values[-1], values[0], False)
    if symbol.name in _KNOWN:
        return _KNOWN[symbol.name]
    role = VOCABULARY[symbol.name].role if symbol.name in VOCABULARY else ""
    low, high = domain.inf, domain.sup
    if isinstance(domain, sympy.Range):
        first = float(low) if low.is_finite else -1000.0
        return Slider(first, max(1000.0, first + 1000), max(first, 10.0), first > 0)
    if low == 0 and high == sympy.oo and domain.left_open:
        return Slider(1e-3, 1e3, 1.0, True)
    first = float(low) if low.is_finite else -1.0
    last = float(high) if high.is_finite else max(1.0, first + 1)
    return Slider(first, last, min(max(_START_BY_ROLE.get(role, 0.1), first), last), False)
