"""Conditions under which an expression is a real number: roots, logarithms and denominators."""

from __future__ import annotations

import sympy

__all__ = ["conditions"]


def conditions(expr: sympy.Expr) -> list[tuple[sympy.Expr, str]]:
    """Return what has to hold for an expression to be real: pairs of an expression and ``>``, ``>=`` or ``!=`` (0).

    Conditions that the symbols' assumptions settle are left out; inner ones come first.
    """
    found: list[tuple[sympy.Expr, str]] = []
    for node in sympy.postorder_traversal(expr):
        for condition in _of_node(node):
            if condition not in found and not _settled(*condition):
                found.append(condition)
    return found


def _of_node(node: sympy.Basic) -> list[tuple[sympy.Expr, str]]:
    if isinstance(node, sympy.log):
        return [(node.args[0], ">")]
    if isinstance(node, sympy.Pow):
        base, exponent = node.args
        if exponent.is_Integer:
            return [(base, "!=")] if exponent < 0 else []
        if exponent.is_Rational:
            return [(base, ">" if exponent < 0 else ">=")]
        return [] if base == sympy.E else [(base, ">")]
    return []


def _settled(expr: sympy.Expr, relation: str) -> bool:
    if relation == ">":
        return bool(expr.is_positive)
    if relation == ">=":
        return bool(expr.is_nonnegative)
    return bool(expr.is_nonzero)
