"""Proof by signs: every variable is carried to [0, infinity) by a substitution, and no coefficient is negative."""

from __future__ import annotations

import sympy

from boundcalc.checker.inequality.cases import Extent
from boundcalc.checker.inequality.system import System

__all__ = ["by_signs"]

_LARGEST = 4000


def by_signs(system: System) -> str | None:
    """Return the substitutions that show the goal nonnegative (positive), or None."""
    if system.strict and not _ends(system):
        return None
    goal = system.goal
    shown = []
    for symbol in sorted(goal.free_symbols, key=str):
        carried, text = _carried(symbol, system.ranges.get(symbol))
        if carried is None:
            return None
        if carried != symbol:
            shown.append(text)
        goal, bottom = sympy.fraction(sympy.together(goal.subs(symbol, carried)))
        goal = sympy.expand(goal)
        if not bottom.is_positive:
            return None
        if isinstance(goal, sympy.Add) and len(goal.args) > _LARGEST:
            return None
    if not _nonnegative(goal, strict=system.strict):
        return None
    return "no negative coefficient" + (f" after {', '.join(shown)}" if shown else "")


def _ends(system: System) -> bool:
    """Show a strict goal at the closed lower ends of bounded ranges, which the substitution does not reach."""
    for symbol in sorted(system.goal.free_symbols, key=str):
        own = system.ranges.get(symbol)
        if own is not None and own.low.is_finite and own.high.is_finite and not own.low_open:
            rest = {name: value for name, value in system.ranges.items() if name != symbol}
            there = System(sympy.expand(system.goal.subs(symbol, own.low)), True, rest)
            if by_signs(there) is None:
                return False
    return True


def _carried(symbol: sympy.Symbol, own: Extent | None) -> tuple[sympy.Expr | None, str]:
    """Return an expression in a new nonnegative symbol that runs through the symbol's range."""
    if own is None:
        return None, ""
    new = sympy.Dummy("t", positive=True) if own.low_open else sympy.Dummy("t", nonnegative=True)
    if own.low.is_finite and own.high.is_finite:
        # The end t = oo stands for the lower end of the range; the numerator's sign there is a limit.
        new = sympy.Dummy("t", positive=True) if own.high_open else sympy.Dummy("t", nonnegative=True)
        return own.low + (own.high - own.low) / (1 + new), f"{symbol.name} = {own.low} + {own.high - own.low}/(1+t)"
    if own.low.is_finite:
        value = own.low + new
        return value, f"{symbol.name} = {value.subs(new, sympy.Symbol('t'))}"
    if own.high.is_finite:
        return own.high - (sympy.Dummy("t", positive=True) if own.high_open else sympy.Dummy("t", nonnegative=True)), (
            f"{symbol.name} = {own.high} - t"
        )
    return None, ""


def _nonnegative(goal: sympy.Expr, *, strict: bool) -> bool:
    terms = sympy.Add.make_args(goal)
    if any(not term.is_nonnegative for term in terms):
        return False
    return not strict or any(term.is_positive for term in terms)
