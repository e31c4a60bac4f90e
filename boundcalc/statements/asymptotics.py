"""How fast a bound decays: limit, order and coefficient, with the other symbols kept."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from boundcalc.errors import CompositionError, InvalidInputError
from boundcalc.language.domains import describe
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.statement import Statement

__all__ = ["Rate", "RateComparison", "compare_rates", "rate", "rate_of", "relax"]


@dataclass(frozen=True)
class Rate:
    """``limit + coefficient * order + (smaller terms)`` as the symbol grows without bound.

    Attributes
    ----------
    symbol : sympy.Symbol
    limit : sympy.Expr
        What remains in the limit.
    order : sympy.Expr
        The slowest power of the symbol, times one of its logarithm, that vanishes (or grows); 0 if nothing depends on it.
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
    >>> rate(a + 3 / sympy.sqrt(sympy.floor(n / 2)), n)
    Rate(symbol=n, limit=a, order=1/sqrt(n), coefficient=3*sqrt(2))

    Raises
    ------
    InvalidInputError
        If the growth is not that of a power.
    """
    smooth = _unfolded(relax(expr, symbol), symbol)
    found = _rate_by_powers(smooth, symbol)
    return _rate_by_logs(smooth, symbol) if found.coefficient.has(sympy.oo, sympy.zoo, sympy.nan) else found


def _rate_by_logs(expr: sympy.Expr, symbol: sympy.Symbol) -> Rate:
    """Return the rate of an expression whose leading power has a factor that grows like one of the logarithm."""
    slow = sympy.Dummy("slow", positive=True)  # slower than any power, so that it is a constant beside them
    found = _rate_by_powers(sympy.expand_log(expr, force=True).subs(sympy.log(symbol), slow), symbol)
    if slow in found.limit.free_symbols or slow not in found.coefficient.free_symbols:
        raise InvalidInputError(f"{expr} does not grow like a power of {symbol} and of its logarithm")
    power, coefficient = _leading(found.coefficient, slow)
    return Rate(symbol, found.limit, found.order * sympy.log(symbol) ** power, coefficient)


def _rate_by_powers(expr: sympy.Expr, symbol: sympy.Symbol) -> Rate:
    powers = _powers(expr, symbol)
    limit = powers.pop(sympy.Integer(0), sympy.Integer(0))
    powers = {power: sympy.simplify(coefficient) for power, coefficient in powers.items()}
    powers = {power: coefficient for power, coefficient in powers.items() if coefficient != 0}
    if not powers:
        return Rate(symbol, limit, sympy.Integer(0), sympy.Integer(0))
    leading = max(powers)
    far = limit
    if leading > 0:
        far = -sympy.oo if powers[leading].could_extract_minus_sign() else sympy.oo
    return Rate(symbol, far, symbol**leading, powers[leading])


def _unfolded(expr: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    """Return the expression with each ``kl_inverse`` that moves with the symbol replaced by its first terms far out."""
    return expr.replace(
        lambda node: isinstance(node, kl_inverse) and symbol in node.free_symbols, lambda node: _far_out(node, symbol)
    )


def _far_out(node: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    far_q, far_a = (sympy.limit(arg, symbol, sympy.oo) for arg in node.args)
    if far_a is sympy.oo:
        return sympy.Integer(1)
    moving = [
        (place, arg - far) for place, arg, far in zip((1, 2), node.args, (far_q, far_a), strict=True) if arg != far
    ]
    if far_a == 0 and len(moving) == 1:
        return node.expansion()
    if far_a == 0 or (far_q in (0, 1) and far_q != node.args[0]):
        raise InvalidInputError(f"{node} is not known to grow or to vanish like a power of {symbol}")
    there = node.func(far_q, far_a)
    return there + sympy.Add(*(there.fdiff(place) * rest for place, rest in moving))


def _powers(expr: sympy.Expr, symbol: sympy.Symbol) -> dict[sympy.Expr, sympy.Expr]:
    """Return the coefficient of each power of the symbol, leading orders of each term only."""
    powers: dict[sympy.Expr, sympy.Expr] = {}
    for term in sympy.Add.make_args(sympy.expand_mul(_settle(expr, symbol))):
        for power, coefficient in _term_powers(term, symbol):
            powers[power] = powers.get(power, sympy.Integer(0)) + coefficient
    return powers


def _term_powers(term: sympy.Expr, symbol: sympy.Symbol) -> list[tuple[sympy.Expr, sympy.Expr]]:
    factor, dependent = term.as_independent(symbol, as_Add=False)
    if dependent == 1:
        return [(sympy.Integer(0), factor)]
    power, coefficient = _leading(dependent, symbol)
    found = [(power, factor * coefficient)]
    if power == 0:
        rest = sympy.simplify(dependent - coefficient)
        if rest != 0:
            rest_power, rest_coefficient = _leading(rest, symbol)
            found.append((rest_power, factor * rest_coefficient))
    return found


def _leading(expr: sympy.Expr, symbol: sympy.Symbol) -> tuple[sympy.Expr, sympy.Expr]:
    """Return (power, coefficient) with expr ~ coefficient * symbol**power."""
    big = sympy.Dummy("big", positive=True)
    smooth = sympy.powsimp(expr.subs(symbol, big), force=False)
    base_power = smooth.as_base_exp()
    if base_power[0] == big:
        return base_power[1], sympy.Integer(1)
    power = sympy.limit(sympy.simplify(big * sympy.diff(smooth, big) / smooth), big, sympy.oo)
    if not power.is_Rational:
        raise InvalidInputError(f"{expr} does not grow like a power of {symbol}")
    return power, sympy.limit(smooth / big**power, big, sympy.oo)


def _settle(expr: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    """Return the expression with each Min and Max replaced by the branch that wins far out."""
    if not expr.has(sympy.Min, sympy.Max):
        return expr
    expr = expr.func(*(_settle(arg, symbol) for arg in expr.args)) if expr.args else expr
    if not isinstance(expr, sympy.Min | sympy.Max) or symbol not in expr.free_symbols:
        return expr
    growths: dict[tuple[int, sympy.Expr], list[tuple[sympy.Expr, sympy.Expr]]] = {}
    for branch in expr.args:
        power, coefficient = _leading(branch, symbol) if symbol in branch.free_symbols else (sympy.Integer(0), branch)
        growths.setdefault(_rank(power, coefficient), []).append((branch, coefficient))
    winner = (min if isinstance(expr, sympy.Min) else max)(growths)
    branches, coefficients = zip(*growths[winner], strict=True)
    power = abs(winner[1]) if winner[0] < 0 else winner[1]
    chosen = expr.func(*coefficients)
    if chosen in coefficients:
        return branches[coefficients.index(chosen)]
    return chosen * symbol**power


def _rank(power: sympy.Expr, coefficient: sympy.Expr) -> tuple[int, sympy.Expr]:
    """Return a key that sorts coefficient * symbol**power by its value far out."""
    if coefficient.is_negative:
        return -1, -power
    return (0, sympy.Integer(0)) if coefficient.is_zero else (1, power)


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
    ratio = sympy.simplify(one.coefficient / two.coefficient) if two.coefficient != 0 else sympy.nan
    if one.order != two.order and two.order != 0:
        ratio = sympy.limit(one.order / two.order, one.symbol, sympy.oo)
    return RateComparison(sympy.simplify(first.expr - second.expr), ratio, one, two)
