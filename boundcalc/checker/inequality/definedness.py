"""Conditions under which an expression is a real number: roots, logarithms, denominators, and nothing unknown."""

from __future__ import annotations

import sympy

from boundcalc.language.entropy import kl, kl_inverse

__all__ = ["conditions"]


def conditions(expr: sympy.Expr) -> list[tuple[sympy.Expr, str]]:
    """Return what has to hold for an expression to be real: pairs of an expression and ``>``, ``>=`` or ``!=`` (0).

    ``real`` in place of a relation asks for what no engine can show: a function that may be undefined somewhere.
    Inner ones come first.
    """
    found: list[tuple[sympy.Expr, str]] = []
    for node in sympy.postorder_traversal(expr):
        for condition in _of_node(node):
            if condition not in found:
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
    sympy.Rational,
    sympy.NumberSymbol,
    sympy.sinh,
    sympy.cosh,
    sympy.tanh,
    sympy.atan,
)


def _of_node(node: sympy.Basic) -> list[tuple[sympy.Expr, str]]:
    if isinstance(node, sympy.log):
        inside = node.args[0]
        triangle = isinstance(inside, sympy.binomial) and not inside.args[1].is_Integer  # shown before, and positive
        return [] if triangle else [(inside, ">")]
    if isinstance(node, sympy.Pow):
        base, exponent = node.args
        if exponent.is_Integer:
            return [(base, "!=")] if exponent < 0 else []
        if exponent.is_Rational:
            return [(base, ">" if exponent < 0 else ">=")]
        if exponent.is_Symbol and exponent.is_positive:
            return [] if exponent.is_integer else [(base, ">=")]
        return [] if base == sympy.E else [(base, ">")]
    if isinstance(node, kl | kl_inverse):
        q, other = node.args
        inside = [(q, ">="), (1 - q, ">=")]
        return [*inside, (other, ">"), (1 - other, ">")] if isinstance(node, kl) else [*inside, (other, ">=")]
    if isinstance(node, sympy.factorial | sympy.harmonic):
        return [(node.args[0] + 1, ">")]
    if isinstance(node, sympy.loggamma | sympy.gamma) or (isinstance(node, sympy.polygamma) and node.args[0] == 0):
        return [(node.args[-1], ">")]
    if isinstance(node, sympy.binomial):
        return [(node.args[1], ">="), (node.args[0] - node.args[1], ">=")] if not node.args[1].is_Integer else []
    return [] if isinstance(node, _TOTAL) else [(node, "real")]
