"""How fast a bound decays: limit, order and coefficient, with the other symbols kept."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from boundcalc.errors import CompositionError, InvalidInputError
from boundcalc.language.domains import describe
from boundcalc.statements.growth import growth, scale_expression
from boundcalc.statements.statement import Statement

__all__ = ["Rate", "RateComparison", "compare_rates", "rate", "rate_of", "relax", "simplified"]


@dataclass(frozen=True)
class Rate:
    """``limit + coefficient * order + (smaller terms)`` as the symbol grows without bound.

    Attributes
    ----------
    symbol : sympy.Symbol
    limit : sympy.Expr
        What remains in the limit.
    order : sympy.Expr
        The slowest n^a log(n)^b loglog(n)^c that vanishes (or grows), 0 if nothing depends on the symbol, or what
        does vanishes faster than any power.
    coefficient : sympy.Expr
    """

    symbol: sympy.Symbol
    limit: sympy.Expr
    order: sympy.Expr
    coefficient: sympy.Expr

    def __str__(self) -> str:
        if self.order == 0:
            return str(self.limit)
        return f"O({self.order})" if self.limit.is_infinite else f"{self.limit} + O({self.order})"


@dataclass(frozen=True)
class RateComparison:
    """Two bounds of the same quantity as a symbol grows.

    Attributes
    ----------
    difference : sympy.Expr
        First minus second.
    ratio : sympy.Expr
        Limit of the ratio of the parts that vanish (or grow) with the symbol.
    first, second : Rate
    """

    difference: sympy.Expr
    ratio: sympy.Expr
    first: Rate
    second: Rate


def relax(expr: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    """Return an expression that is smooth in a symbol: floors and ceilings that contain it dropped."""
    return expr.replace(
        lambda node: isinstance(node, sympy.floor | sympy.ceiling) and symbol in node.free_symbols,
        lambda node: node.args[0],
    )


def rate(expr: sympy.Expr, symbol: sympy.Symbol) -> Rate:
    """Return the limit, order and leading coefficient of an expression as a symbol grows.

    >>> n, a = sympy.symbols("n a", positive=True)
    >>> rate(a + 3 * sympy.log(n) / sympy.sqrt(sympy.floor(n / 2)), n)
    Rate(symbol=n, limit=a, order=log(n)/sqrt(n), coefficient=3*sqrt(2))

    Raises
    ------
    InvalidInputError
        If the growth is not that of a power with logarithms.
    """
    found = growth(expr, symbol)
    constant = (sympy.S.Zero,) * 3
    limit = found.terms.get(constant, sympy.S.Zero)
    moving = [scale for scale in found.terms if scale != constant]
    if not moving:
        if found.rest is not None and (found.rest[0] != -sympy.oo or not found.terms):
            raise InvalidInputError(
                f"{expr} is not known to approach its limit like a power of {symbol} with logarithms"
            )
        return Rate(symbol, limit, sympy.S.Zero, sympy.S.Zero)
    coefficient = found.terms[moving[0]]
    if moving[0] > constant:
        limit = -sympy.oo if coefficient.could_extract_minus_sign() else sympy.oo
    return Rate(symbol, limit, scale_expression(moving[0], symbol), coefficient)


def rate_of(bound: Statement, name: str) -> Rate:
    """Return the limit, order and leading coefficient of a bound as one of its symbols grows.

    Raises
    ------
    InvalidInputError
        If there is no such symbol, or its domain is bounded.
    """
    symbol = bound.symbol(name)
    if symbol in bound.domain and bound.domain[symbol].sup != sympy.oo:
        raise InvalidInputError(
            f"{name} is {describe(bound.domain[symbol])}, so it does not grow; a rate is asked in a symbol that does, such as n",
            context=str(bound.theorem),
        )
    return rate(bound.expr, symbol)


def compare_rates(first: Statement, second: Statement, name: str) -> RateComparison:
    """Return difference and asymptotic ratio of two bounds of the same quantity as a symbol grows.

    Raises
    ------
    CompositionError
        If they bound different quantities or from different sides.
    InvalidInputError
        If the second is no bound, or the symbol cannot grow.
    """
    if not isinstance(second, Statement):
        raise InvalidInputError(
            f"other = {second!r} is no Bound; make one with Theorem.bound", context=str(first.theorem)
        )
    if (first.quantity, first.relation[0], first.unit) != (second.quantity, second.relation[0], second.unit):
        raise CompositionError(
            f"cannot compare {first.quantity} {first.relation} ... over {first.unit} with "
            f"{second.quantity} {second.relation} ... over {second.unit}"
        )
    one, two = (rate_of(bound, name) for bound in (first, second))
    return RateComparison(simplified(first.expr - second.expr), _ratio(one, two), one, two)


def _ratio(one: Rate, two: Rate) -> sympy.Expr:
    """Return the limit of the ratio of the parts that vanish (or grow); 1 where neither moves."""
    if two.order == 0:
        return sympy.S.One if one.order == 0 else sympy.sign(one.coefficient) * sympy.oo
    if one.order == 0:
        return sympy.S.Zero
    ratio = growth(one.coefficient * one.order / (two.coefficient * two.order), one.symbol)
    constant = (sympy.S.Zero,) * 3
    if ratio.scale == constant:
        return simplified(ratio.coefficient)
    return sympy.S.Zero if ratio.scale < constant else sympy.sign(ratio.coefficient) * sympy.oo


def simplified(expr: sympy.Expr) -> sympy.Expr:
    """Return the shortest of a few rewritings that keep every value and cannot run for long.

    Logarithms are left alone: log(x^k) overflows where k log(x) does not.
    """
    if expr.count_ops() > _LARGE:
        return expr
    expanded = sympy.expand(expr, log=False, power_base=False, power_exp=False)
    candidates = [expr, expanded, *(sympy.factor_terms(one) for one in (expr, expanded))]
    return min(candidates, key=lambda one: one.count_ops())


_LARGE = 3000
