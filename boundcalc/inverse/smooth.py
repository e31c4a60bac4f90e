"""The answer of an inverse problem on the smooth relaxation, as a formula."""

from __future__ import annotations

import sympy

from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.asymptotics import relax
from boundcalc.statements.statement import Statement

__all__ = ["closed_form"]


def closed_form(bound: Statement, name: str) -> sympy.Expr | None:
    """Return the solution of ``bound = target`` with floors dropped, where SymPy finds exactly one."""
    goal, free = sympy.Symbol("target", real=True), sympy.Dummy(name, positive=True)
    symbol = bound.symbol(name)
    try:
        found = _solutions(relax(bound.expr, symbol).subs(symbol, free), goal, free)
    except NotImplementedError:
        return None
    return sympy.simplify(found[0]) if len(found) == 1 else None


def _solutions(expr: sympy.Expr, goal: sympy.Expr, free: sympy.Symbol) -> list[sympy.Expr]:
    """Return where an expression takes a value; a ``kl_inverse`` is unfolded into the equation of its argument."""
    inner = sorted((node for node in expr.atoms(kl_inverse) if free in node.free_symbols), key=sympy.count_ops)
    if not inner:
        return list(sympy.solve(sympy.Eq(expr, goal), free))
    outer, value = inner[-1], sympy.Dummy("value", nonnegative=True)
    rest = expr.xreplace({outer: value})
    q, a = outer.args
    if free in rest.free_symbols or free in q.free_symbols:
        return []
    levels = sympy.solve(sympy.Eq(rest, goal), value)
    return [place for level in levels for place in _solutions(a, outer.solved(level), free)]
