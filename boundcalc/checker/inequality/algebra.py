"""Identities by SymPy: after all definitions are inserted the two sides are the same expression."""

from __future__ import annotations

import sympy

from boundcalc.checker.inequality.cases import Case, cases
from boundcalc.checker.inequality.definedness import conditions
from boundcalc.checker.inequality.problem import Inequality
from boundcalc.checker.inequality.proving import prove
from boundcalc.checker.verdict import Certificate

__all__ = ["by_algebra"]


def by_algebra(problem: Inequality) -> Certificate | None:
    """Return the certificate of an identity, if SymPy finds it and both sides are defined everywhere."""
    pieces = list(cases(problem))
    if not pieces or not all(_zero(case) and _defined(case) for case in pieces):
        return None
    return Certificate(("SymPy",), "identical after expansion", {"cases": len(pieces)})


def _zero(case: Case) -> bool:
    gap = _spread(case.gap)
    for attempt in (sympy.expand, lambda expr: sympy.expand(sympy.powsimp(expr)), sympy.simplify):
        if attempt(gap) == 0:
            return True
    return False


def _spread(expr: sympy.Expr) -> sympy.Expr:
    """Write logarithms of products as sums, and take positive factors out of minima and maxima."""
    expr = expr.replace(lambda node: isinstance(node, sympy.Min | sympy.Max), _factored)
    return sympy.powdenest(sympy.expand_log(expr))


def _factored(node: sympy.Expr) -> sympy.Expr:
    parts = [sympy.factor_terms(arg) for arg in node.args]
    common = sympy.gcd_terms(sympy.Add(*(sympy.Dummy(positive=True) * part for part in parts)))
    shared = [factor for factor in sympy.Mul.make_args(common) if factor.is_positive and not factor.is_Add]
    factor = sympy.Mul(*shared)
    if factor == 1:
        return node
    return factor * node.func(*(sympy.powsimp(arg / factor) for arg in node.args))


def _defined(case: Case) -> bool:
    for side in case.sides:
        for expr, relation in conditions(side):
            if relation == "real":
                return False
            options = (expr, -expr) if relation == "!=" else (expr,)
            strict = relation != ">="
            if not any(prove(case.about(o, strict=strict), seconds=2.0, defined=False).certificate for o in options):
                return False
    return True
