"""Several symbols that grow together: the exponent of each term, and which dominate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.statements.asymptotics import relax
from boundcalc.statements.audit import expression
from boundcalc.statements.statement import Statement

__all__ = ["Regimes", "regimes_of"]


@dataclass(frozen=True)
class Regimes(Frozen):
    """Terms and their exponents: a term is of the order N^exponent, up to powers of log(N).

    Attributes
    ----------
    terms : mapping of sympy.Expr to sympy.Expr
        The exponent of each term.
    """

    terms: Mapping[sympy.Expr, sympy.Expr]

    @property
    def exponent(self) -> sympy.Expr:
        """The exponent of the whole."""
        return sympy.Max(*self.terms.values())

    def dominant(self, **values: Any) -> tuple[sympy.Expr, ...]:
        """Return the terms that dominate at given exponents.

        Parameters
        ----------
        **values : number
            A value for each symbol among the exponents, by name.

        Raises
        ------
        InvalidInputError
            If a symbol of the exponents has no value.
        """
        at = {term: power.subs(values) for term, power in self.terms.items()}
        missing = sorted({s.name for power in at.values() for s in power.free_symbols})
        if missing:
            raise InvalidInputError(f"missing {', '.join(missing)}", context="regimes")
        largest = max(at.values())
        return tuple(term for term, power in at.items() if power == largest)

    def __str__(self) -> str:
        return "\n".join(f"N^({power}): {term}" for term, power in self.terms.items())


def regimes_of(bound: Statement, exponents: Mapping[str, Any]) -> Regimes:
    """Return the exponents of a bound's terms when symbols grow like powers of one scale.

    Raises
    ------
    InvalidInputError
        If there is no such symbol, an exponent is no number or expression, or a part has no exponent.
    """
    powers = {bound.symbol(name): expression(value, name) for name, value in exponents.items()}
    expr = bound.expr
    for symbol in powers:
        expr = relax(expr, symbol)
    found: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(sympy.expand_mul(expr)):
        found[term] = sympy.expand(_exponent(term, powers))
    return Regimes(found)


def _exponent(expr: sympy.Expr, powers: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """Return the exponent of a part; a sum's is that of its largest summand, as nothing is said to cancel."""
    if not expr.free_symbols & powers.keys():
        return sympy.S.Zero
    if expr in powers:
        return powers[expr]
    if isinstance(expr, sympy.Pow) and not expr.exp.free_symbols & powers.keys():
        return _exponent(expr.base, powers) * expr.exp
    parts = [_exponent(arg, powers) for arg in expr.args]
    match expr:
        case sympy.Mul():
            return sympy.Add(*parts)
        case sympy.Add() | sympy.Max():
            return sympy.Max(*parts)
        case sympy.Min():
            return sympy.Min(*parts)
        case sympy.log():
            return sympy.S.Zero
        case sympy.Abs():
            return parts[0]
    raise InvalidInputError(f"{expr} is not known to grow like a power")
