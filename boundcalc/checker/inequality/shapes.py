"""Shapes of an expression on a box: its factors, its value at an end, terms that are never negative, a form in logarithms."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from boundcalc.checker.inequality.cases import Extent
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.identity import logarithms

__all__ = ["Box", "factored", "is_square", "log_form", "no_less", "placed_at"]

Box = Mapping[sympy.Symbol, Extent]


def is_square(factor: sympy.Expr) -> bool:
    """Return whether an expression is a square."""
    return isinstance(factor, sympy.Pow) and factor.exp == 2


def factored(expr: sympy.Expr) -> list[tuple[sympy.Expr, int]]:
    """Return the factors of an expression with their powers."""
    try:
        content, found = sympy.factor_list(expr)
    except (sympy.PolynomialError, NotImplementedError, TypeError, ValueError):
        content, found = sympy.S.One, [(expr, 1)]
    listed = [(sympy.sympify(content), 1)] if content != 1 else []
    for base, power in found:
        for factor in sympy.Mul.make_args(sympy.powsimp(base)):
            root, exponent = factor.as_base_exp()
            whole = exponent.is_Integer and root != sympy.E and exponent > 0
            listed.append((root, int(exponent) * int(power)) if whole else (factor, int(power)))
    return listed


def placed_at(expr: sympy.Expr, v: sympy.Symbol, value: sympy.Expr, rest: Box) -> sympy.Expr | None:
    """Return an expression at a value of v, or None where an enclosure does not show that it is continuous there."""
    for node in expr.atoms(sympy.log, sympy.Pow, sympy.loggamma, sympy.polygamma):
        base = node.args[-1] if isinstance(node, sympy.polygamma) else node.args[0]
        if isinstance(node, sympy.exp) or (isinstance(node, sympy.Pow) and node.exp.is_Rational and node.exp > 0):
            continue
        whole = isinstance(node, sympy.Pow) and node.exp.is_Integer
        if not sure(base.subs(v, value), "!=" if whole else ">", rest):
            return None
    there = expr.subs(v, value)
    return None if there.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I) else there


def no_less(term: sympy.Expr, box: Box) -> bool:
    """Return whether a term is >= 0, as roots are."""
    marks = {p: sympy.Dummy("r") for p in term.atoms(sympy.Pow) if p.exp.is_Rational and p.exp.q > 1 and p.exp > 0}
    return sure(term.xreplace(marks), ">=", {**box, **dict.fromkeys(marks.values(), Extent(sympy.S.Zero, sympy.oo))})


def log_form(expr: sympy.Expr, box: Box) -> sympy.Expr | None:
    """Return log P - log Q for a difference P - Q of positive terms, which has the same sign."""
    terms = sympy.Add.make_args(expr)
    if len(terms) != 2:
        return None
    more = [term for term in terms if sure(term, ">", box)]
    less = [-term for term in terms if sure(-term, ">", box)]
    if len(more) != 1 or len(less) != 1:
        return None
    return sympy.expand(logarithms(sympy.log(more[0]) - sympy.log(less[0]), lambda item: sure(item, ">", box)))
