"""Claims in elementary functions: rounding and special functions give way to what bounds them from the needed side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import sympy

from boundcalc.checker.inequality.cases import Case, Extent, opened
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.identity import logarithms
from boundcalc.language.entropy import kl

__all__ = ["by_divergence", "forms", "plain", "relaxed", "without_binomials"]

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


def without_binomials(case: Case) -> Iterator[Case]:
    """Yield cases that imply this one, with bounds in place of a binomial of two variables.

    (n/k)^k <= binomial(n, k) <= n^n k^-k (n-k)^(k-n) and, for k >= 1, <= n^k/k!. For real numbers as well:
    log gamma(x + 1) - x log x is concave and 0 at 0; digamma is concave, so that for k >= 1 it grows between n + 1 - k and
    n + 1 by k/n at least; and its integral from n to n + 1 is log n.
    """
    for node in sorted((b for b in case.gap.atoms(sympy.binomial) if len(b.free_symbols) > 1), key=str):
        n, k = node.args
        mark = sympy.Dummy("mark", positive=True)
        flat = _in_logarithms(case, node, mark)
        factor = flat.coeff(mark, 1)
        if flat.has(node) or sympy.expand(flat - factor * mark).has(mark) or not k.free_symbols:
            continue
        above_one = sure(k - 1, ">=", case.box)
        values = []
        if sure(-factor, ">=", case.box):
            values.append(n * sympy.log(n) - k * sympy.log(k) - (n - k) * sympy.log(n - k))
            values += [k * sympy.log(n) - sympy.loggamma(k + 1)] if above_one else []
        elif sure(factor, ">=", case.box) and above_one:
            values.append(k * sympy.log(n) - k * sympy.log(k))
        yield from (replace(case, gap=sympy.expand(flat.xreplace({mark: value}))) for value in values)


def by_divergence(case: Case) -> Iterator[Case]:
    """Yield cases that imply this one, with a polynomial in place of a relative entropy kl(p, q) of two symbols of (0, 1).

    kl(p, q) is the integral of (p - t)/(t (1 - t)) from q to p, and 1/(t (1 - t)) >= 4 + 16 (t - 1/2)^2.
    """
    flat = sympy.expand(logarithms(plain(case.gap), lambda part: sure(part, ">", opened(case).box)))
    unit = [v for v, own in case.box.items() if own.low >= 0 and own.high <= 1 and flat.has(sympy.log(v))]
    for p, q in permutations(unit, 2):
        p_log_p = sympy.expand(flat.coeff(sympy.log(p), 1))
        factor = sympy.cancel(p_log_p / p)
        entropy = sum(s * (p * sympy.log(r) + (1 - p) * sympy.log(1 - r)) for r, s in ((p, 1), (q, -1)))
        rest = sympy.expand(flat - sympy.expand(factor * entropy))
        if factor.has(p, q) or rest.has(sympy.log, sympy.exp):
            continue
        if sure(factor, ">", opened(case).box):
            d, u = p - q, q - half
            below = d**2 * (2 + 8 * u**2 + sympy.Rational(16, 3) * u * d + sympy.Rational(4, 3) * d**2)
            yield replace(case, gap=sympy.factor(rest + factor * below))


def _in_logarithms(case: Case, node: sympy.Expr, mark: sympy.Symbol) -> sympy.Expr:
    """Return the gap, or the difference of its two positive sides' logarithms, with a mark for the logarithm of a node."""
    flat = sympy.expand(case.gap.xreplace({sympy.log(node): mark}))
    factor = flat.coeff(node, 1)
    rest = sympy.expand(flat - factor * node)
    for sign in (1, -1):
        if sure(sign * factor, ">", case.box) and sure(-sign * rest, ">", case.box):
            return sympy.expand(sign * (mark + _log(sign * factor) - _log(-sign * rest)))
    return flat


def in_exponents(case: Case) -> Iterator[Case]:
    """Yield the case with exp(w) for a positive variable that occurs in its logarithm and in powers that are no numbers."""
    for v, own in case.box.items():
        powers = [p for p in case.gap.atoms(sympy.Pow) if p.base == v and not p.exp.is_number]
        if case.facts or own.integer or (own.low, own.high) != (0, sympy.oo) or not powers:
            continue
        w = sympy.Dummy(v.name, real=True)
        inside = {sympy.log(v): w, **{p: sympy.exp(w * p.exp) for p in powers}}
        if case.gap.has(sympy.log(v)):
            more, less = (side.xreplace(inside).xreplace({v: sympy.exp(w)}) for side in case.sides)
            box = {symbol: other for symbol, other in case.box.items() if symbol != v}
            gap = case.gap.xreplace(inside).xreplace({v: sympy.exp(w)})
            yield Case((more, less), gap, case.strict, {**box, w: Extent(-sympy.oo, sympy.oo)})


def forms(case: Case, *, fine: bool = False) -> Iterator[sympy.Expr]:
    """Yield elementary functions whose being >= 0 proves the case: the gap, and the difference of the sides' logarithms.

    Special functions are replaced by the first terms of their series; by more of them where ``fine``.
    """
    case = opened(case)
    gap = plain(case.gap)

    def positive(part: sympy.Expr) -> bool:
        return sure(part, ">", case.box)

    flat = sympy.expand(logarithms(gap, positive))
    whole = [flat] + ([] if gap.has(sympy.log) or gap == flat else [gap])
    if any(_powerful(factor) for term in sympy.Add.make_args(gap) for factor in sympy.Mul.make_args(term)):
        sides = _sides(gap, case)
        if sides is not None:
            more, less = (logarithms(_log(side), positive) for side in sides)
            whole = [sympy.expand(more - less), *whole]
    yield from (bounded for form in whole if (bounded := _bounded(form, case, fine)) is not None)


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


def _sides(gap: sympy.Expr, case: Case) -> tuple[sympy.Expr, sympy.Expr] | None:
    """Return positive sides more >= less: the case's own, or else of the gap's terms those with either sign."""
    terms = sympy.Add.make_args(gap)
    marked = {b: sympy.Dummy("b", positive=True) for b in gap.atoms(sympy.binomial) if _in_triangle(b, case)}
    box = {**case.box, **dict.fromkeys(marked.values(), Extent(sympy.Integer(0), sympy.oo, True, True))}
    if all(sure(side.xreplace(marked), ">", box) for side in case.sides):
        for more, less in (case.sides, case.sides[::-1]):
            if sympy.expand(more - less - gap) == 0:
                return more, less
    above = [term for term in terms if sure(term.xreplace(marked), ">", box)]
    below = [-term for term in terms if term not in above and sure(-term.xreplace(marked), ">", box)]
    if not above or not below or len(above) + len(below) < len(terms):
        return None
    return sympy.Add(*above), sympy.Add(*below)


def _in_triangle(b: sympy.binomial, case: Case) -> bool:
    n, k = b.args
    return sure(k, ">=", case.box) and sure(sympy.expand(n - k), ">=", case.box)


def _log(side: sympy.Expr) -> sympy.Expr:
    """Return the logarithm of a positive side: of its factors one by one, special functions by those of gamma."""
    if isinstance(side, sympy.Mul):
        return sympy.Add(*map(_log, side.args))
    if isinstance(side, sympy.Pow) and side.exp.is_real:
        return side.exp * _log(side.base) if side.base != sympy.E else side.exp
    if isinstance(side, sympy.Add):
        powers = sorted(
            (e for term in side.args for e in sympy.Mul.make_args(term) if isinstance(e, sympy.exp)), key=str
        )
        if powers:  # exp(a) u + exp(b) v = exp(a) (u + exp(b - a) v)
            rest = sympy.Add(*(sympy.powsimp(term * sympy.exp(-powers[0].exp)) for term in side.args))
            return powers[0].exp + sympy.log(
                rest.replace(lambda e: isinstance(e, sympy.exp), lambda e: sympy.exp(sympy.expand(e.exp)))
            )
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


def _bounded(expr: sympy.Expr, case: Case, fine: bool) -> sympy.Expr | None:
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
        series = _stirling if isinstance(node, sympy.loggamma) else _harmonic
        value = series(node.args[0], case, 2 * fine + up)
        if value is None:
            return None
        expr = sympy.expand(logarithms(rest + factor * value))
    return None if expr.has(*_SPECIAL) else expr


def _stirling(a: sympy.Expr, case: Case, terms: int) -> sympy.Expr | None:
    """Return (a - 1/2) log a - a + log(2 pi)/2 and so many terms of 1/(12 a) - 1/(360 a^3) + 1/(1260 a^5) for log gamma(a).

    The series envelops the function for every a > 0 (DLMF 5.11.10): an odd number of terms is above it, an even one below.
    log gamma(a) = log(a - 1) + log gamma(a - 1) first.
    """
    shift = sympy.Integer(0)
    if sure(a - 1, ">", case.box) and isinstance(a, sympy.Add):
        a, shift = a - 1, sympy.log(a - 1)
    if not sure(a, ">", case.box):
        return None
    series = (1 / (12 * a), -1 / (360 * a**3), 1 / (1260 * a**5))
    return shift + (a - half) * sympy.log(a) - a + sympy.log(2 * sympy.pi) / 2 + sympy.Add(*series[:terms])


def _harmonic(n: sympy.Expr, case: Case, terms: int) -> sympy.Expr | None:
    """Return log n + gamma and so many terms of 1/(2 n) - 1/(12 n^2) + 1/(120 n^4), which envelop the number (DLMF 5.11.2)."""
    if not sure(n, ">", case.box):
        return None
    series = (1 / (2 * n), -1 / (12 * n**2), 1 / (120 * n**4))
    return sympy.log(n) + sympy.EulerGamma + sympy.Add(*series[:terms])
