"""A point at which all hypotheses of a theorem hold: without one it might be about nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy
from mpmath import mp
from scipy.optimize import least_squares

from boundcalc.arithmetic.entropy import kl_inverse
from boundcalc.kernel.claim import Claim, Point, draw, in_order, to_number
from boundcalc.kernel.reading import read_statement
from boundcalc.language.entropy import kl

__all__ = ["witness"]

_TRIES = 40
_ROOM = 1e-3  # by which inequalities are asked to hold, so that what is mended afterwards does not break them
_DIGITS = 50


def witness(claim: Claim, *, seed: int = 0) -> Point | None:
    """Return a point at which all hypotheses of a claim hold as printed, premises too, or None if none is found.

    Integers are drawn; real numbers are moved by least squares until the hypotheses hold in floating point; then each equation
    is solved for a side that is a symbol or its logarithm, and the printed text is evaluated to fifty digits.
    """
    read, rng = read_statement(claim.statement()), np.random.default_rng(seed)
    for _ in range(_TRIES):
        fixed, free = _drawn(claim, rng)
        point = _moved(claim, fixed, free, rng)
        if point is None:
            continue
        with mp.workdps(_DIGITS):
            mended = _mended(claim, point)
            values = {claim.names[symbol]: to_number(value) for symbol, value in mended.items()}
            if None not in values.values() and read.admits(values):
                return mended, values
    return None


def _drawn(claim: Claim, rng: np.random.Generator) -> tuple[dict[sympy.Symbol, sympy.Expr], list[sympy.Symbol]]:
    """Return values of what is no interval of real numbers, and the symbols that may be moved."""
    own = [symbol for symbol in claim.names if symbol not in claim.definitions and symbol not in claim.rounded]
    free = [
        s for s in own if s not in claim.integers and isinstance(claim.domain[s], sympy.Interval | sympy.Reals.func)
    ]
    fixed = {symbol: draw(claim.domain[symbol], rng) for symbol in own if symbol not in free}
    for left, relation, right in claim.premises.values():
        if relation == "=" and left in fixed and (value := right.xreplace(fixed)).is_number:
            fixed[left] = value
    return fixed, free


def _moved(
    claim: Claim, fixed: dict[sympy.Symbol, sympy.Expr], free: list[sympy.Symbol], rng: np.random.Generator
) -> dict[sympy.Symbol, sympy.Expr] | None:
    """Return a point at which the hypotheses hold in floating point."""
    places = [_place(claim.domain[symbol]) for symbol in free]
    insert = dict(fixed)
    for symbol, full in claim.rounded.items():  # what depends on numbers that move is rounded at the end
        inside = full.xreplace(insert)
        insert[symbol] = inside if inside.is_number else inside.args[0]
    for symbol, full in in_order(claim.definitions):
        insert[symbol] = full.xreplace(insert)
    parts = []
    for left, relation, right in _hypotheses(claim):
        gap = (left - right if relation in ("<=", "<", "=") else right - left).xreplace(insert)
        gap = sympy.N(gap.replace(kl, lambda *args: kl(*args).rewrite(sympy.log)), 20)
        parts.append((gap, relation == "="))
    function = sympy.lambdify(free, [gap for gap, _ in parts], modules=[{"kl_inverse": kl_inverse}, "numpy"])
    equal = np.array([own for _, own in parts], dtype=bool)

    def residuals(u: np.ndarray) -> np.ndarray:
        found = np.array(function(*(place(value) for place, value in zip(places, u, strict=True))), dtype=float)
        found = np.where(equal, found, np.maximum(0.0, found + _ROOM))
        return np.clip(np.nan_to_num(found, nan=1e6), -1e6, 1e6)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        start = rng.normal(size=len(free))
        u = least_squares(residuals, start, max_nfev=200).x if free and parts else start
        if parts and np.max(np.abs(residuals(u))) > _ROOM / 2:
            return None
        moved = {
            symbol: sympy.Rational(f"{float(place(x)):.12g}") for symbol, place, x in zip(free, places, u, strict=True)
        }
    return {**fixed, **moved}


def _hypotheses(claim: Claim) -> list[tuple[sympy.Expr, str, sympy.Expr]]:
    """Return what has to hold beyond the domains of what is moved."""
    found = [(rule.lower, "<=", rule.upper) for rule in claim.constraints] + list(claim.premises.values())
    for symbol in claim.definitions:
        allowed = claim.domain[symbol]
        found += [(allowed.inf, "<=", symbol)] if allowed.inf.is_finite else []
    return found


def _place(allowed: sympy.Set) -> Callable[[Any], Any]:
    """Return a map of the real line into an interval."""
    low, high = allowed.inf, allowed.sup
    if low.is_finite and high.is_finite:
        return lambda u: float(low) + (float(high) - float(low)) / (1 + np.exp(-u))
    if low.is_finite:
        return lambda u: float(low) + np.exp(np.clip(u, -50, 50))
    return (lambda u: float(high) - np.exp(np.clip(u, -50, 50))) if high.is_finite else lambda u: u


def _mended(claim: Claim, point: dict[sympy.Symbol, sympy.Expr]) -> dict[sympy.Symbol, sympy.Expr]:
    """Return a point with equations solved for a side that is a symbol or its logarithm, and with what is defined."""
    for _ in (None, *claim.premises):
        for left, relation, right in claim.premises.values():
            for side, other in ((left, right), (right, left)):
                symbol, full = (side.args[0], sympy.exp(other)) if isinstance(side, sympy.log) else (side, other)
                if relation == "=" and symbol in point and symbol not in claim.definitions:
                    point[symbol] = sympy.N(full.xreplace(point), _DIGITS + 5)
                    break
        for symbol, full in claim.rounded.items():
            point[symbol] = full.xreplace(point)
        for symbol, full in in_order(claim.definitions):
            point[symbol] = sympy.N(full.xreplace(point), _DIGITS + 5)
    return point
