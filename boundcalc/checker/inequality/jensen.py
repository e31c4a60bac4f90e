"""Jensen's inequality for the logarithm: sum_i c_i log r_i >= c log r where c = sum_i c_i and r sum_i c_i/r_i <= c.

The log-sum inequality (hence joint convexity of relative entropies), Gibbs' inequality, concavity of entropies and weighted
means are of this form. What the tangents log r >= k (1 - r^(-1/k)) leave has no logarithm: Hellinger's and chi-square distances
on either side of relative entropies. Of a sum of positive terms it leaves their weighted geometric mean: Young's inequality.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import sympy

from boundcalc.checker.inequality.cases import Case, opened
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.identity import logarithms
from boundcalc.checker.verdict import Proof

__all__ = ["by_jensen", "means", "tangents"]

_MOST, _CORNERS, _ROOTS = 12, 6, (1, 2)
Term = tuple[sympy.Expr, sympy.Expr]


def by_jensen(gap: sympy.Expr, case: Case) -> Proof | None:
    """Return a proof of ``gap >= 0`` for a sum of logarithms, some of which are above the others by Jensen's inequality."""
    terms, rest = ([], gap) if case.strict else _terms(gap, case)
    if rest != 0:
        return None
    for given in (terms, _joined(terms)):
        for size in range(1, len(given)):
            for less in combinations(given, size):
                proof = _above([term for term in given if term not in less], less, case)
                if proof is not None:
                    return proof
    return None


def _joined(terms: list[Term]) -> list[Term]:
    """Write terms of one weight as one."""
    joined: dict[sympy.Expr, sympy.Expr] = {}
    for weight, ratio in terms:
        joined[weight] = joined.get(weight, sympy.Integer(1)) * ratio
    return list(joined.items()) if len(joined) < len(terms) else []


def tangents(gap: sympy.Expr, case: Case) -> Iterator[sympy.Expr]:
    """Yield functions without logarithms that are no larger than a sum of such with a rest: by the tangents of log(r^(1/k))."""
    terms, rest = _terms(gap, case)
    if terms and not rest.has(sympy.log):
        for k in _ROOTS:
            yield rest + k * sum(c * (1 - r ** sympy.Rational(-1, k)) for c, r in terms)


def means(gap: sympy.Expr, case: Case) -> Iterator[sympy.Expr]:
    """Yield functions below the logarithm of (a sum of positive terms over one): sum c_i x_i >= c prod x_i^(c_i/c), c = sum c_i.

    The weights c_i are a term's factors in some of the symbols.
    """
    box = opened(case).box
    terms = sympy.Add.make_args(gap)
    more = [term for term in terms if sure(term, ">", box)]
    less = [-term for term in terms if sure(-term, ">", box)]
    symbols = sorted(gap.free_symbols, key=str)
    if len(less) != 1 or len(more) + 1 != len(terms) or len(more) < 2 or len(symbols) > _CORNERS:
        return

    def log_of(term: sympy.Expr) -> sympy.Expr:
        powers = [factor.as_base_exp() for factor in sympy.Mul.make_args(term)]
        whole = sympy.Add(*(e * sympy.log(b) if sure(b, ">", box) else sympy.log(b**e) for b, e in powers))
        return logarithms(whole, lambda part: sure(part, ">", box))

    for size in range(1, len(symbols)):
        for some in map(set, combinations(symbols, size)):
            weights = [sympy.Mul(*(f for f in sympy.Mul.make_args(term) if f.free_symbols <= some)) for term in more]
            if not all(sure(weight, ">", box) for weight in weights):
                continue
            total = sympy.Add(*weights)
            mean = sympy.Add(*(w / total * log_of(term / w) for w, term in zip(weights, more, strict=True)))
            yield sympy.expand(log_of(total) + mean - log_of(less[0]))


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


def _terms(gap: sympy.Expr, case: Case) -> tuple[list[Term], sympy.Expr]:
    """Write a function as sum c_i log r_i with c_i >= 0, and a rest; logarithms with opposite weights are one of a quotient."""
    case = opened(case)
    flat = sympy.expand(logarithms(gap, lambda item: _positive(item, case)))
    weights = {node.args[0]: flat.coeff(node, 1) for node in sorted(flat.atoms(sympy.log), key=str)}
    if len(weights) > _MOST:
        return [], gap
    rest = sympy.expand(flat - sum(weight * sympy.log(inside) for inside, weight in weights.items()))
    found = []
    while weights:
        u, weight = weights.popitem()
        weight = sympy.factor(weight)
        v = next((other for other, own in weights.items() if sympy.expand(own + weight) == 0), sympy.Integer(1))
        weights.pop(v, None)
        if _positive(weight, case):
            found.append((weight, u / v))
        elif _positive(-weight, case):
            found.append((-weight, v / u))
        else:
            return [], gap
    return found, rest


def _positive(expr: sympy.Expr, case: Case) -> bool:
    """Return whether a function is positive inside the box: by an enclosure, or as it is linear in each symbol, at the corners.

    Its value inside is a mean of those at the corners, all of which have a share; what lies beyond a corner without end is
    a polynomial in the distances from it, whose coefficients are looked at.
    """
    if sure(expr, ">", case.box):
        return True
    symbols = sorted(expr.free_symbols, key=str)
    if not symbols or len(symbols) > _CORNERS or not all(case.box[symbol].low.is_finite for symbol in symbols):
        return False
    if not expr.is_polynomial(*symbols) or any(sympy.degree(expr, symbol) > 1 for symbol in symbols):
        return False
    ends = [[case.box[s].low, case.box[s].high if case.box[s].high.is_finite else case.box[s].low + s] for s in symbols]
    values: list[sympy.Expr] = []
    for corner in product(*(pair if pair[1].is_number else pair[1:] for pair in ends)):
        there = sympy.Poly(expr.subs(dict(zip(symbols, corner, strict=True)), simultaneous=True), *symbols)
        values += there.coeffs()
    return all(value.is_Rational and value >= 0 for value in values) and any(value > 0 for value in values)


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
