"""Conditions under which an expression is a real number: roots, logarithms, denominators, and nothing unknown."""

from __future__ import annotations

import sympy

from boundcalc.language.entropy import kl, kl_inverse

__all__ = ["conditions"]


def conditions(expr: sympy.Expr) -> list[tuple[sympy.Expr, str]]:
    """Return what has to hold for an expression to be real: pairs of an expression and ``>``, ``>=`` or ``!=`` (0).

    ``real`` in place of a relation asks for what no engine can show: a function that may be undefined somewhere.
    Conditions that the symbols' assumptions settle are left out; inner ones come first.
    """
    found: list[tuple[sympy.Expr, str]] = []
    for node in sympy.postorder_traversal(expr):
        for condition in _of_node(node):
            if condition not in found and not _settled(*condition):
                found.append(condition)
    return found


#: Nodes that are real wherever their arguments are; logarithms and powers have conditions of their own.
_TOTAL = (
    sympy.Add,
    sympy.Mul,
    sympy.Min,
    sympy.Max,
    sympy.Abs,
    sympy.floor,
    sympy.ceiling,
    sympy.exp,
    sympy.frac,
    sympy.sign,
    sympy.Symbol,
)


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
    if isinstance(node, kl | kl_inverse):
        q, other = node.args
        inside = [(q, ">="), (1 - q, ">=")]
        return [*inside, (other, ">"), (1 - other, ">")] if isinstance(node, kl) else [*inside, (other, ">=")]
    return [] if isinstance(node, _TOTAL) else [(node, "real")]


def _settled(expr: sympy.Expr, relation: str) -> bool:
    if relation == "real":
        return bool(expr.is_real)
    if relation == ">":
        return bool(expr.is_positive)
    if relation == ">=":
        return bool(expr.is_nonnegative)
    return bool(expr.is_nonzero)
