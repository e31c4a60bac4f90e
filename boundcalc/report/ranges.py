"""Ranges over which symbols are looked at when nobody names one: sliders of the explorer, axes of pictures."""

from __future__ import annotations

from typing import NamedTuple

import sympy

from boundcalc.symbols import VOCABULARY

__all__ = ["Usual", "usual_points", "usual_range"]


class Usual(NamedTuple):
    """Ends, a typical value, and whether the range is walked on a logarithmic scale."""

    low: float
    high: float
    start: float
    log: bool


#: Ranges that the domain does not tell.
_KNOWN = {
    "n": Usual(2, 1e7, 10_000, True),
    "m": Usual(1, 1e7, 5_000, True),
    "n_h": Usual(2, 1e6, 1_000, True),
    "J": Usual(1, 1_000, 7, True),
    "S": Usual(1, 1e6, 1_000, True),
    "delta": Usual(1e-9, 0.5, 0.05, True),
    "kappa": Usual(0.01, 0.99, 0.5, False),
    "T_h": Usual(0.0, 2.0, 0.15, False),
    "g_M": Usual(1, 1_000, 10, True),
    "g_N": Usual(1, 1_000, 5, True),
    "d_M": Usual(1, 10_000, 20, True),
    "q": Usual(1, 1_000, 5, True),
    "card_A": Usual(1, 1e6, 100, True),
    "p": Usual(2, 20, 2, False),
    "lam_max": Usual(0, 10, 1, False),
    "t_min": Usual(-5, 5, 0, False),
    "t_max": Usual(-5, 5, 1, False),
    "kappa_M": Usual(0, 10, 0.5, False),
    "W": Usual(0, 10, 1, False),
    "u_fourth": Usual(0, 1e4, 100, False),
    "u_root_trace": Usual(0, 1e4, 100, False),
    "E_psi_m": Usual(-1, 1, 0.1, False),
}
_START_BY_GROUP = {"complexity": 0.05, "risk": 0.1, "optimisation": 0.0, "approximation": 0.0, "metric": 0.0}


def usual_range(symbol: sympy.Symbol, domain: sympy.Set) -> Usual:
    """Return the usual range of a symbol.

    Parameters
    ----------
    symbol : sympy.Symbol
    domain : sympy.Set
        What a bound allows; the range lies in it.
    """
    if isinstance(domain, sympy.FiniteSet):
        values = sorted(float(value) for value in domain)
        return Usual(values[0], values[-1], values[0], False)
    if symbol.name in _KNOWN:
        return _inside(_KNOWN[symbol.name], domain)
    role = VOCABULARY[symbol.name].group if symbol.name in VOCABULARY else ""
    low, high = domain.inf, domain.sup
    if isinstance(domain, sympy.Range):
        first = float(low) if low.is_finite else -1000.0
        return Usual(first, max(1000.0, first + 1000), max(first, 10.0), first > 0)
    if low == 0 and high == sympy.oo and domain.left_open:
        return Usual(1e-3, 1e3, 1.0, True)
    first = float(low) if low.is_finite else -1.0
    last = float(high) if high.is_finite else max(1.0, first + 1)
    return _inside(Usual(first, last, _START_BY_GROUP.get(role, 0.1), False), domain)


def _inside(known: Usual, domain: sympy.Set) -> Usual:
    """Return a known range cut to a narrower domain."""
    low, high = known.low, known.high
    if domain.inf.is_finite and low <= domain.inf:
        is_open = isinstance(domain, sympy.Interval) and domain.left_open == sympy.true
        low = float(domain.inf) + (1e-3 * (high - float(domain.inf)) if is_open else 0.0)
    if domain.sup.is_finite and high >= domain.sup:
        is_open = isinstance(domain, sympy.Interval) and domain.right_open == sympy.true
        high = float(domain.sup) - (1e-3 * (float(domain.sup) - low) if is_open else 0.0)
    return Usual(low, high, min(max(known.start, low), high), known.log and low > 0)


def usual_points(symbol: sympy.Symbol, domain: sympy.Set, count: int) -> list[float]:
    """Return about so many values over a symbol's usual range, integers once each where only integers are allowed."""
    import numpy as np

    low, high, _, log = usual_range(symbol, domain)
    values = np.geomspace(low, high, count) if log else np.linspace(low, high, count)
    return sorted({round(value) for value in values}) if isinstance(domain, sympy.Range) else values.tolist()
