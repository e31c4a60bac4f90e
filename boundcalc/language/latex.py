"""Expressions in LaTeX, in the vocabulary's notation and as one writes them by hand."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from boundcalc.symbols import known

__all__ = ["RELATIONS", "expression_latex", "is_share", "readable", "rounded", "share"]

_LONG = 10**15

#: Relations of bounds and steps.
RELATIONS = {"<=": r"\le", ">=": r"\ge", "=": "=", "<": "<", ">": ">"}


def expression_latex(expr: sympy.Expr, names: Mapping[sympy.Symbol, str] | None = None) -> str:
    """Return an expression in LaTeX with the vocabulary's notation, but for symbols that are given other names.

    >>> from boundcalc.symbols import C, delta, m
    >>> print(expression_latex(C * sympy.sqrt(sympy.log(1 / delta) / (2 * m))))
    C \\sqrt{\\frac{\\log{\\left(\\frac{1}{\\delta} \\right)}}{2 m}}
    """
    names, expr = dict(names or {}), readable(expr)
    for symbol in expr.atoms(sympy.Symbol) - set(names):
        if (entry := known(symbol)) is not None:
            names[symbol] = entry.latex
        elif is_share(symbol):
            names[symbol] = r"\delta_{\text{" + ", ".join(symbol.name[6:-1].split("|")[:2]).replace("_", " ") + "}}"
    return sympy.latex(_gather_roots(expr), symbol_names=names)


def share(label: str) -> sympy.Symbol:
    """Return an event's share of delta, by ``name|subset`` or by the event's number in a proof."""
    return sympy.Symbol(f"delta[{label}]", positive=True)


def is_share(symbol: sympy.Symbol) -> bool:
    """Return whether a symbol is an event's share of delta."""
    return symbol.name.startswith("delta[")


def readable(expr: sympy.Expr) -> sympy.Expr:
    """Return an expression to be looked at: exact numbers that take many digits, such as those of floats, to fifteen.

    >>> print(readable(sympy.Symbol("x") / 3 + sympy.Rational(0.1)))
    x/3 + 0.1
    """
    return expr.xreplace(rounded(expr))


def rounded(expr: sympy.Expr) -> dict[sympy.Rational, sympy.Float]:
    """Return what is shown in place of an expression's numbers of many digits."""
    long = (number for number in expr.atoms(sympy.Rational) if max(abs(number.p), number.q) > _LONG)
    return {number: sympy.Float(number, 15) for number in long}


def _gather_roots(expr: sympy.Expr) -> sympy.Expr:
    """Return the expression with numeric square roots moved under a neighbouring root, as one writes it by hand."""
    if not expr.args:
        return expr
    expr = expr.func(*(_gather_roots(arg) for arg in expr.args)) if not isinstance(expr, sympy.Pow) else expr
    if not isinstance(expr, sympy.Mul):
        return expr
    halves = [arg for arg in expr.args if isinstance(arg, sympy.Pow) and abs(arg.exp) == sympy.S.Half]
    others = [arg for arg in expr.args if arg not in halves and not arg.is_number]
    squared = sympy.Mul(*(arg for arg in expr.args if arg.is_number)) ** 2
    roots = [arg for arg in halves if not arg.is_number]
    if not roots or not squared.is_Rational or (len(roots) == 1 and sympy.sqrt(squared).is_Rational):
        return expr
    outside = sympy.Integer(1)
    if squared.q == 1:
        outside = sympy.sqrt(sympy.Integer(squared.p) / _squarefree(squared.p))
    if any(arg.is_negative for arg in expr.args):
        outside = -outside
    inside = sympy.Mul(squared / outside**2, *(root.base ** (2 * root.exp) for root in roots))
    root = sympy.Pow(inside, sympy.S.Half, evaluate=False)
    factors = ([outside] if outside != 1 else []) + [*others, root]
    return sympy.Mul(*factors, evaluate=False) if len(factors) > 1 else root


def _squarefree(number: int) -> int:
    return int(sympy.prod(prime for prime, power in sympy.factorint(number).items() if power % 2))
