"""Claims in elementary functions: rounding and special functions give way to what bounds them from the needed side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from boundcalc.checker.inequality.cases import Case, Extent
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.identity import logarithms
from boundcalc.language.entropy import kl

__all__ = ["forms", "plain", "relaxed"]

_SPECIAL = (sympy.loggamma, sympy.harmonic, sympy.gamma, sympy.factorial, sympy.binomial, sympy.polygamma)
half = sympy.Rational(1, 2)


def relaxed(case: Case) -> Case:
    """Write floor(a) as a - theta and ceiling(a) as a + theta with theta in [0, 1), a fresh symbol for each."""
    gap, box = case.gap, dict(case.box)
    while nodes := gap.atoms(sympy.floor, sympy.ceiling):
        node = min(nodes, key=lambda item: (item.count_ops(), str(item)))
        theta = sympy.Dummy("theta", nonnegative=True)
        box[theta] = Extent(sympy.Integer(0), sympy.Integer(1), False, True)
        gap = gap.xreplace({node: node.args[0] + (-theta if isinstance(node, sympy.floor) else theta)})
    return replace(case, gap=gap, box=box)


def forms(case: Case) -> Iterator[sympy.Expr]:
    """Yield elementary functions whose being >= 0 proves the case: the gap, and the difference of the sides' logarithms."""
    gap = plain(case.gap)

    def positive(part: sympy.Expr) -> bool:
        return sure(part, ">", case.box)

    flat = sympy.expand(logarithms(gap, positive))
    whole = [flat] + ([] if gap.has(sympy.log) or gap == flat else [gap])
    if any(_powerful(factor) for term in sympy.Add.make_args(gap) for factor in sympy.Mul.make_args(term)):
        sides = [
            sympy.expand(logarithms(_log(more), positive) - logarithms(_log(less), positive))
            for more, less in _sides(gap, case)
        ]
        whole = [*sides, *whole]
    for form in whole:
        bounded = _bounded(form, case)
        if bounded is not None:
            yield bounded


def _powerful(factor: sympy.Expr) -> bool:
    """Return whether logarithms make a factor simpler."""
    return isinstance(factor, (sympy.exp, *_SPECIAL)) or (factor.is_Pow and not factor.exp.is_Integer)


def plain(expr: sympy.Expr) -> sympy.Expr:
    """Write relative entropies by logarithms (inside their domain), hyperbolic functions by exponentials."""
    expr = expr.rewrite(sympy.log) if expr.has(kl) else expr
    expr = expr.replace(
        lambda node: isinstance(node, sympy.sinh | sympy.cosh | sympy.tanh), lambda node: node.rewrite(sympy.exp)
    )
    return expr.replace(
        lambda node: isinstance(node, sympy.binomial) and node.args[1].is_Integer and 0 <= node.args[1] <= 6,
        lambda node: sympy.prod([(node.args[0] - j) / sympy.Integer(j + 1) for j in range(int(node.args[1]))]),
    )


def _sides(gap: sympy.Expr, case: Case) -> Iterator[tuple[sympy.Expr, sympy.Expr]]:
    """Yield positive sides more >= less: of the gap's terms those with either sign, and the case's own sides."""
    terms = sympy.Add.make_args(gap)
    marked = {b: sympy.Dummy("b", positive=True) for b in gap.atoms(sympy.binomial) if _in_triangle(b, case)}
    box = {**case.box, **dict.fromkeys(marked.values(), Extent(sympy.Integer(0), sympy.oo, True, True))}
    more = [term for term in terms if sure(term.xreplace(marked), ">", box)]
    less = [-term for term in terms if term not in more and sure(-term.xreplace(marked), ">", box)]
    if more and less and len(more) + len(less) == len(terms):
        yield sympy.Add(*more), sympy.Add(*less)


def _in_triangle(b: sympy.binomial, case: Case) -> bool:
    n, k = b.args
    return sure(k, ">=", case.box) and sure(sympy.expand(n - k), ">=", case.box)


def _log(side: sympy.Expr) -> sympy.Expr:
    """Return the logarithm of a positive side: of its factors one by one, special functions by those of gamma."""
    if isinstance(side, sympy.Mul):
        return sympy.Add(*map(_log, side.args))
    if isinstance(side, sympy.Pow) and side.exp.is_real:
        return side.exp * _log(side.base) if side.base != sympy.E else side.exp
    if isinstance(side, sympy.factorial):
        return sympy.loggamma(side.args[0] + 1, evaluate=False)
    if isinstance(side, sympy.gamma):
        return sympy.loggamma(side.args[0], evaluate=False)
    if isinstance(side, sympy.binomial):
        n, k = side.args
        parts = (n, k, n - k)
        one, two, three = (sympy.loggamma(part + 1, evaluate=False) for part in parts)
        return one - two - three
    return sympy.log(side)


def _bounded(expr: sympy.Expr, case: Case) -> sympy.Expr | None:
    """Return an elementary function that is no larger: Stirling's series cut on the needed side, Euler's for harmonic."""
    expr = expr.replace(
        lambda node: isinstance(node, sympy.log) and isinstance(node.args[0], sympy.gamma | sympy.factorial),
        lambda node: _log(node.args[0]),
    )
    while nodes := expr.atoms(sympy.loggamma, sympy.harmonic):
        node = min(nodes, key=str)
        mark = sympy.Dummy("mark")
        flat = sympy.expand(expr.xreplace({node: mark}))
        factor = flat.coeff(mark, 1)
        rest = sympy.expand(flat - factor * mark)
        if rest.has(mark):
            return None
        up = sure(-factor, ">=", case.box)
        if not up and not sure(factor, ">=", case.box):
            return None
        value = (
            _stirling(node.args[0], case, up) if isinstance(node, sympy.loggamma) else _harmonic(node.args[0], case, up)
        )
        if value is None:
            return None
        expr = sympy.expand(logarithms(rest + factor * value))
    return None if expr.has(*_SPECIAL) else expr


def _stirling(a: sympy.Expr, case: Case, up: bool) -> sympy.Expr | None:
    """Bound log gamma(a): (a - 1/2) log a - a + log(2 pi)/2 + 1/(12 a) - 1/(360 a^3), and at most 1/(1260 a^5) more.

    The series envelops the function for every a > 0 (DLMF 5.11.10); log gamma(a) = log(a - 1) + log gamma(a - 1) first.
    """
    shift = sympy.Integer(0)
    if sure(a - 1, ">", case.box) and isinstance(a, sympy.Add):
        a, shift = a - 1, sympy.log(a - 1)
    if not sure(a, ">", case.box):
        return None
    last = 1 / (1260 * a**5) if up else 0
    return shift + (a - half) * sympy.log(a) - a + sympy.log(2 * sympy.pi) / 2 + 1 / (12 * a) - 1 / (360 * a**3) + last


def _harmonic(n: sympy.Expr, case: Case, up: bool) -> sympy.Expr | None:
    """Bound the harmonic number: log n + gamma + 1/(2 n) - 1/(12 n^2), and at most 1/(120 n^4) more (DLMF 5.11.2)."""
    if not sure(n, ">", case.box):
        return None
    last = 1 / (120 * n**4) if up else 0
    return sympy.log(n) + sympy.EulerGamma + 1 / (2 * n) - 1 / (12 * n**2) + last
