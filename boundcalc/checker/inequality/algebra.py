"""Identities: after all definitions are inserted the two sides are the same expression."""

from __future__ import annotations

import sympy

from boundcalc.checker.inequality.cases import Case, cases
from boundcalc.checker.inequality.definedness import conditions
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.identity import vanishes
from boundcalc.checker.inequality.problem import Inequality
from boundcalc.checker.inequality.proving import shown
from boundcalc.checker.verdict import Certificate, Proof

__all__ = ["by_algebra"]


def by_algebra(problem: Inequality, deadline: float) -> Certificate | None:
    """Return the certificate of an identity, if rewriting finds it and both sides are defined everywhere."""
    pieces = list(cases(problem))
    if not pieces or not all(_zero(case) and _defined(case, deadline) for case in pieces):
        return None
    proofs = tuple(Proof("identity", f"{case.gap} = 0") for case in pieces)
    return Certificate(("identities",), "identical after expansion", {"cases": len(pieces)}, proofs)


def _zero(case: Case) -> bool:
    whole = case.gap.replace(lambda node: isinstance(node, sympy.Min | sympy.Max), lambda node: _factored(node, case))
    return vanishes(whole, positive=lambda part: sure(part, ">", case.box))


def _factored(node: sympy.Expr, case: Case) -> sympy.Expr:
    """Take factors that are positive on the box out of a minimum or maximum."""
    parts = [sympy.factor_terms(arg) for arg in node.args]
    common = sympy.gcd_terms(sympy.Add(*(sympy.Dummy(positive=True) * part for part in parts)))
    factor = sympy.Mul(*(f for f in sympy.Mul.make_args(common) if not f.is_Add and sure(f, ">", case.box)))
    return node if factor == 1 else factor * node.func(*(sympy.powsimp(arg / factor) for arg in node.args))


def _defined(case: Case, deadline: float) -> bool:
    return all(
        shown(case, expr, relation, deadline=deadline) for side in case.sides for expr, relation in conditions(side)
    )
