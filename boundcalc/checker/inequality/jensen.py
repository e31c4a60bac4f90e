"""Jensen's inequality for the logarithm: sum_i c_i log r_i >= c log r where c = sum_i c_i and r sum_i c_i/r_i <= c.

The log-sum inequality (hence joint convexity of relative entropies), Gibbs' inequality, concavity of entropies and weighted
means are of this form.
"""

from __future__ import annotations

from itertools import combinations, product

import sympy

from boundcalc.checker.inequality.cases import Case
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.identity import logarithms
from boundcalc.checker.verdict import Proof

__all__ = ["by_jensen"]

_MOST, _CORNERS = 12, 6
Term = tuple[sympy.Expr, sympy.Expr]


def by_jensen(gap: sympy.Expr, case: Case) -> Proof | None:
    """Return a proof of ``gap >= 0`` for a sum of logarithms, some of which are above the others by Jensen's inequality."""
    terms = None if case.strict else _terms(gap, case)
    if terms is None:
        return None
    for size in range(1, len(terms)):
        for less in combinations(terms, size):
            proof = _above([term for term in terms if term not in less], less, case)
            if proof is not None:
                return proof
    return None


def _above(more: list[Term], less: tuple[Term, ...], case: Case) -> Proof | None:
    """Show that sum c_i log r_i over ``more`` is at least sum c log(1/r) over ``less``, one group for each of these."""
    shown = []
    for c, r in less:
        group = next((some for some in _groups(more, c) if _below(some, c, 1 / r, case)), None)
        if group is None:
            return None
        more = [term for term in more if term not in group]
        shown.append(f"{c} log({1 / r}) <= " + " + ".join(f"{own} log({ratio})" for own, ratio in group))
    return None if more else Proof("jensen", "; ".join(shown))


def _terms(gap: sympy.Expr, case: Case) -> list[Term] | None:
    """Write a function as sum c_i log r_i with c_i >= 0; logarithms with opposite weights are one of a quotient."""
    flat = sympy.expand(logarithms(gap, lambda item: _positive(item, case)))
    weights = {node.args[0]: flat.coeff(node, 1) for node in sorted(flat.atoms(sympy.log), key=str)}
    if not 2 <= len(weights) <= _MOST:
        return None
    if sympy.expand(flat - sum(weight * sympy.log(inside) for inside, weight in weights.items())) != 0:
        return None
    found = []
    while weights:
        u, weight = weights.popitem()
        v = next((other for other, own in weights.items() if sympy.expand(own + weight) == 0), sympy.Integer(1))
        weights.pop(v, None)
        if _positive(weight, case):
            found.append((weight, u / v))
        elif _positive(-weight, case):
            found.append((sympy.expand(-weight), v / u))
        else:
            return None
    return found


def _positive(expr: sympy.Expr, case: Case) -> bool:
    """Return whether a function is positive inside the box: by an enclosure, or as it is linear in each symbol, at the corners.

    Its value inside is a mean of those at the corners, all of which have a share.
    """
    if sure(expr, ">", case.box):
        return True
    symbols = sorted(expr.free_symbols, key=str)
    ends = [(case.box[symbol].low, case.box[symbol].high) for symbol in symbols]
    if not symbols or len(symbols) > _CORNERS or not all(end.is_finite for pair in ends for end in pair):
        return False
    if not expr.is_polynomial(*symbols) or any(sympy.degree(expr, symbol) > 1 for symbol in symbols):
        return False
    values = [expr.subs(dict(zip(symbols, corner, strict=True))) for corner in product(*ends)]
    return all(value >= 0 for value in values) and any(value > 0 for value in values)


def _groups(terms: list[Term], total: sympy.Expr) -> list[tuple[Term, ...]]:
    """Return the sets of terms whose weights add up to a total."""
    return [
        some
        for size in range(1, len(terms) + 1)
        for some in combinations(terms, size)
        if sympy.expand(sum(weight for weight, _ in some) - total) == 0
    ]


def _below(group: tuple[Term, ...], c: sympy.Expr, r: sympy.Expr, case: Case) -> bool:
    rest = sympy.cancel(sympy.together(c - r * sum(weight / ratio for weight, ratio in group)))
    return rest == 0 or _positive(sympy.factor(rest), case)
