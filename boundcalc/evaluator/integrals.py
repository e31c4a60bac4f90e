"""Integrals of one or two variables as sums of values: between rectangles where that must be sure, by Gauss's rule elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from boundcalc.errors import InvalidInputError
from boundcalc.language.directions import direction, outermost, value_range

__all__ = ["CELLS", "settled"]

#: Rectangles on each side of an integral that is enclosed.
CELLS = 160
_PANELS, _NODES = 6, 12
_CELLS_OF_TWO, _PANELS_OF_TWO = 40, 2
_BROKEN = (sp.floor, sp.ceiling, sp.sign, sp.Piecewise, sp.Min, sp.Max, sp.Abs)


def settled(expr: Any, side: str | None, domains: Mapping[sp.Symbol, sp.Set]) -> Any:
    """Return an expression with a sum in place of each integral: on the side that is asked for, or near its value.

    Of an integrand that only rises or only falls, the rectangles at both ends of each cell enclose the integral. The limits
    must be in order: where they are not, the result is nan.

    >>> x = sp.Symbol("x", positive=True)
    >>> area = sp.Integral(1 / x, (x, 1, 2))
    >>> [round(float(settled(area, side, {}).evalf()), 3) for side in ("lower", None, "upper")]
    [0.692, 0.693, 0.695]

    Parameters
    ----------
    expr : sympy.Expr
    side : {"upper", "lower"}, optional
        Whether the whole expression must not fall below, or rise above, its exact value.
    domains : mapping of sympy.Symbol to sympy.Set

    Raises
    ------
    InvalidInputError
        If an integral has more than two variables or no limits, or, with a side, its integrand does not move one way, or the
        expression does not move one way with the integral; without one, if its integrand has steps or kinks.
    """
    if not isinstance(expr, sp.Basic) or not expr.has(sp.Integral):
        return expr
    for integral in expr.atoms(sp.Integral):
        if (
            integral.function.has(sp.Integral)
            or len(integral.limits) > 2
            or any(len(limit) != 3 for limit in integral.limits)
        ):
            raise InvalidInputError(f"{integral}: only integrals of one or two variables between limits are evaluated")
        end = side
        if side is not None:
            place = sp.Dummy("integral", nonnegative=value_range(integral, domains)[0] >= 0 or None, real=True)
            way = direction(expr.xreplace({integral: place}), place, domains=dict(domains))
            if way not in ("rises", "falls"):
                raise InvalidInputError(f"{integral} cannot be enclosed here: the expression is {way} in it")
            end = side if way == "rises" else {"upper": "lower", "lower": "upper"}[side]
        apart = frozenset((s, a.func, a.args) for s, a in domains.items() if s in integral.free_symbols)
        expr = expr.xreplace({integral: _summed(integral, end, apart)})
    return expr


@lru_cache(maxsize=64)
def _summed(integral: sp.Integral, side: str | None, apart: frozenset[tuple[sp.Symbol, Any, Any]]) -> sp.Expr:
    domains = {symbol: kind(*args) for symbol, kind, args in apart}
    inside, (x, low, high) = outermost(integral)
    cells, panels = CELLS, _PANELS
    if isinstance(inside, sp.Integral):  # the inner one is a sum for each place of the outer one
        cells, panels = _CELLS_OF_TWO, _PANELS_OF_TWO
        ends = value_range(low, domains)[0], value_range(high, domains)[1]
        within = {**domains, x: sp.Interval(*map(sp.sympify, ends))}
        inside = _summed_over(inside, side, within, cells, panels, integral)
    return _summed_over(sp.Integral(inside, (x, low, high)), side, domains, cells, panels, integral)


def _summed_over(
    integral: sp.Integral,
    side: str | None,
    domains: Mapping[sp.Symbol, sp.Set],
    cells: int,
    panels: int,
    whole: sp.Integral,
) -> sp.Expr:
    (x, low, high), inside = integral.limits[0], integral.function
    positive = value_range(low, domains)[0] > 0
    if side is None:
        if inside.has(*_BROKEN):
            raise InvalidInputError(
                f"{whole} has no smooth integrand: ask for the side that is sure (sound=True) or for both"
            )
        found = _gauss(inside, x, low, high, positive, panels)
    else:
        ends = value_range(low, domains)[0], value_range(high, domains)[1]
        way = direction(inside, x, domains={**domains, x: sp.Interval(*map(sp.sympify, ends))})
        if way not in ("rises", "falls", "constant"):
            raise InvalidInputError(f"{whole} cannot be enclosed: its integrand must rise or fall in {x} throughout")
        right = (way == "rises") == (side == "upper")
        places = [*(_place(low, high, sp.Rational(k, cells), positive) for k in range(cells)), high]
        heights = [inside.xreplace({x: place}) for place in (places[1:] if right else places[:-1])]
        ratio = (high / low) ** sp.Rational(1, cells)
        widths = places[:-1] if positive else [sp.S.One] * cells
        found = sp.Add(*map(sp.Mul, heights, widths)) * (ratio - 1 if positive else (high - low) / cells)
    return found if (high - low).is_nonnegative else sp.Piecewise((found, low <= high), (sp.nan, True))


def _place(low: sp.Expr, high: sp.Expr, share: sp.Expr, positive: bool) -> sp.Expr:
    """Return a place between the limits: on a geometric grid where both are positive."""
    return low * (high / low) ** share if positive else low + (high - low) * share


def _gauss(inside: sp.Expr, x: sp.Symbol, low: sp.Expr, high: sp.Expr, positive: bool, panels: int) -> sp.Expr:
    """Return Gauss's sum on panels, in a variable that crowds the places at the lower limit."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    terms = []
    for panel in range(panels):
        for node, weight in zip(nodes, weights, strict=True):
            u, h = (panel + (node + 1) / 2) / panels, weight / (2 * panels)
            share, slope = (u, h) if positive else (u**4, 4 * u**3 * h)
            place = _place(low, high, sp.Float(share), positive)
            moving = place * sp.log(high / low) if positive else high - low
            terms.append(inside.xreplace({x: place}) * moving * sp.Float(slope))
    return sp.Add(*terms)
