"""Identities: rules that hold for all positive numbers rewrite both sides until they are the same, without any numerics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.inequality.enclosure import enclose
from boundcalc.language.entropy import kl

__all__ = ["ROUNDING", "logarithms", "normal", "sign_at", "vanishes"]

#: Nodes that SymPy evaluates at numbers by comparing them in finite precision.
ROUNDING = (sympy.floor, sympy.ceiling, sympy.frac, sympy.sign, sympy.Abs, sympy.Min, sympy.Max, sympy.Piecewise)
#: Precisions tried in turn.
_BITS = (64, 192, 768, 3072)
_COUNTING = (sympy.factorial, sympy.gamma, sympy.binomial, sympy.harmonic, sympy.loggamma, sympy.polygamma)
_WRITTEN = 300
_LARGEST = 10**15  # integers up to here are factored
_LARGE = 10**_WRITTEN  # integers up to here are written out
Positive = Callable[[sympy.Expr], bool]


def sign_at(expr: sympy.Expr, point: Mapping[sympy.Symbol, Any], *, bits: tuple[int, ...] = _BITS) -> int | None:
    """Return the sign at a point of exact numbers that enclosures are certain of: -1, 0, 1, or None.

    0 is only said of what is 0 exactly: an interval that has shrunk to it, or an identity.
    """
    needed = {symbol: value for symbol, value in point.items() if symbol in expr.free_symbols}
    for precision in bits:
        try:
            found = enclose(expr, needed, bits=precision)
        except Undefined:
            continue
        if found.positive or found.negative or found.low == found.high == 0:
            return 1 if found.positive else -1 if found.negative else 0
    settled = _without_rounding(expr, needed)
    if settled != expr:
        return sign_at(settled, needed, bits=bits)
    return 0 if vanishes(expr, needed) else None


def _without_rounding(expr: sympy.Expr, values: Mapping[sympy.Symbol, Any]) -> sympy.Expr:
    """Return an expression with floors and ceilings replaced by the integers that are certain, and |0| by 0."""
    found: dict[sympy.Expr, sympy.Integer] = {}
    for node in expr.atoms(sympy.floor, sympy.ceiling):
        try:
            value = enclose(node, {symbol: item for symbol, item in values.items() if symbol in node.free_symbols})
        except Undefined:
            continue
        if not (-_LARGE < value.low and value.high < _LARGE):
            continue
        low, high = (int(end.unique_fmpz()) for end in (value.low, value.high))
        near = high if isinstance(node, sympy.floor) else low  # of two neighbours, what the argument may be itself
        if low == high or (high == low + 1 and vanishes(node.args[0] - near, values)):
            found[node] = sympy.Integer(near)
    found |= {node: sympy.Integer(0) for node in expr.atoms(sympy.Abs) if vanishes(node.args[0], values)}
    return expr.xreplace(found)


def vanishes(
    expr: sympy.Expr, values: Mapping[sympy.Symbol, Any] | None = None, positive: Positive | None = None
) -> bool:
    """Return whether an expression is 0 with these numbers in it, by identities alone."""
    values = dict(values or {})
    if values and expr.has(*ROUNDING):
        return False
    if not all(isinstance(value, sympy.Expr | int | Fraction) for value in values.values()):
        return False  # what is not written out
    exact = {symbol: sympy.sympify(value) for symbol, value in values.items()}
    # SymPy takes roots of integers to powers that are written out: short ones only.
    short = 12 if any(power.exp.free_symbols and power.base != sympy.E for power in expr.atoms(sympy.Pow)) else 80
    if any(value.is_Rational and max(abs(value.p), value.q).bit_length() > short for value in exact.values()):
        return False
    if any(_vast(node, values) for node in sympy.preorder_traversal(expr)):
        return False
    placed = expr.rewrite(sympy.log) if expr.has(kl) else expr
    placed = placed.xreplace(exact)
    return not placed.has(sympy.nan, sympy.zoo, sympy.oo) and normal(placed, positive) == 0


def _vast(node: sympy.Basic, values: Mapping[sympy.Symbol, Any]) -> bool:
    """Return whether SymPy would write out a number of hundreds of digits for a node."""
    if isinstance(node, sympy.Pow | sympy.exp):
        inner = [] if node.exp.is_Rational and abs(node.exp) < _WRITTEN else [node.exp]
    else:
        inner = list(node.args) if isinstance(node, _COUNTING) else []
    for item in inner:
        try:
            found = enclose(item, {symbol: value for symbol, value in values.items() if symbol in item.free_symbols})
        except Undefined:
            return bool(values)
        if not (found.high < _WRITTEN and found.low > -_WRITTEN):
            return True
    return False


def normal(expr: sympy.Expr, positive: Positive | None = None) -> sympy.Expr:
    """Return the numerator in expanded form, logarithms split into those of primes and symbols."""
    found = sympy.expand(sympy.fraction(sympy.together(logarithms(expr, positive)))[0])
    for rewrite in (lambda e: sympy.powsimp(sympy.powdenest(e)), _products, _exponents):
        if found == 0:
            break
        found = sympy.expand(logarithms(rewrite(found), positive))
    return found


def _products(expr: sympy.Expr) -> sympy.Expr:
    """Expand exponents that are sums and bases that are products."""
    return sympy.expand_power_exp(sympy.expand_power_base(expr))


def _exponents(expr: sympy.Expr) -> sympy.Expr:
    """Gather powers of one base, and reduce exponents that are quotients."""
    return sympy.powsimp(expr).replace(
        lambda node: isinstance(node, sympy.Pow) and not node.exp.is_number,
        lambda node: node.base ** sympy.cancel(node.exp) if node.exp.is_rational_function() else node,
    )


def logarithms(expr: sympy.Expr, positive: Positive | None = None) -> sympy.Expr:
    """Split logarithms of products and powers of what is positive, and those of rationals into primes'."""
    known = (lambda part: _plainly_positive(part) or positive(part)) if positive else _plainly_positive
    return expr.replace(lambda node: isinstance(node, sympy.log), lambda node: _split(node.args[0], known))


def _split(argument: sympy.Expr, positive: Positive) -> sympy.Expr:
    """Return log(argument), where it is known to be positive, as a sum over its positive factors."""
    if argument.is_Rational and argument.is_positive:
        if max(argument.p, argument.q) > _LARGEST:
            return sympy.log(argument)
        return sympy.Add(*(power * sympy.log(prime) for prime, power in sympy.factorrat(argument).items()))
    parts, rest = [], sympy.Integer(1)
    top, bottom = sympy.fraction(sympy.together(argument))
    for side, sign in ((top, 1), (bottom, -1)):
        for factor in sympy.Mul.make_args(sympy.factor_terms(side)):
            base, exponent = factor.as_base_exp()
            if base == sympy.E and exponent.is_real:
                parts.append(sign * exponent)
            elif factor == argument or factor == 1:
                rest *= factor**sign
            elif exponent.is_real and positive(base):
                parts.append(sign * exponent * _split(base, positive))
            else:
                rest *= factor**sign
    return sympy.Add(*parts, sympy.log(rest) if rest != 1 else sympy.Integer(0))


def _plainly_positive(expr: sympy.Expr) -> bool:
    """Return whether an expression is positive by its form: products, sums and powers of positive symbols and rationals."""
    if expr.is_Rational or expr.is_Symbol:
        return bool(expr.is_positive)
    if expr in (sympy.E, sympy.pi):
        return True
    if isinstance(expr, sympy.Add | sympy.Mul):
        return all(map(_plainly_positive, expr.args)) or bool(
            isinstance(expr, sympy.Add)
            and all(arg.is_Rational or arg.is_Symbol or _plainly_positive(arg) for arg in expr.args)
            and expr.is_positive
        )
    if isinstance(expr, sympy.Pow):
        return _plainly_positive(expr.base) and bool(expr.exp.is_real)
    return False
