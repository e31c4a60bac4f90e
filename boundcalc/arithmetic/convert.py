"""From SymPy to hash-consed nodes, once and exactly: no float is rounded, no rational becomes a float."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.logic.boolalg import ITE

from boundcalc.arithmetic.nodes import Node, Pool
from boundcalc.arithmetic.written import shortened
from boundcalc.errors import InvalidInputError

__all__ = ["MOST_TERMS", "as_expression", "convert", "node_of"]

_UNARY = {
    sp.exp: "exp",
    sp.floor: "floor",
    sp.ceiling: "ceiling",
    sp.Abs: "abs",
    sp.sign: "sign",
    sp.gamma: "gamma",
    sp.loggamma: "loggamma",
}
#: Only of numbers: what exact arithmetic knows, and no theorem needs of a symbol.
_OF_NUMBERS = (
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "asin",
    "acos",
    "atan",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
)
_RELATIONS = {
    sp.StrictLessThan: ("lt", False),
    sp.LessThan: ("le", False),
    sp.StrictGreaterThan: ("lt", True),
    sp.GreaterThan: ("le", True),
    sp.Equality: ("eq", False),
    sp.Unequality: ("ne", False),
}
_CONSTANTS = {
    sp.pi: "pi",
    sp.E: "e",
    sp.EulerGamma: "euler",
    sp.Catalan: "catalan",
    sp.oo: "inf",
    sp.S.NegativeInfinity: "-inf",
    sp.nan: "nan",
    sp.zoo: "nan",
}


Unknown = Callable[[Any], Node]


def as_expression(value: Any, name: str = "expression") -> Any:
    """Return an expression of SymPy, a number as one too; text is never read as one, for reading it would run it.

    Raises
    ------
    InvalidInputError
        If it is neither.
    """
    try:
        return sp.sympify(value, strict=True)
    except sp.SympifyError:
        raise InvalidInputError(
            f"{name} = {shortened(value)}: expected an expression of SymPy or a number, and no text"
        ) from None


def convert(expr: Any, symbols: Sequence[sp.Symbol], pool: Pool, *, unknown: Unknown | None = None) -> Node:
    """Return the node of a SymPy expression whose symbols are the arguments, in this order.

    ``unknown`` gives the node of a function that is not known here; without it, that is an error.

    Raises
    ------
    InvalidInputError
        For symbols that are no arguments, and for functions that the evaluator does not know.
    """
    expr = as_expression(expr)
    missing = sorted(map(str, expr.free_symbols - set(symbols)))
    if missing:
        raise InvalidInputError(f"{name} stands in the expression but is no argument" for name in missing)
    known: dict[Any, Node] = {symbol: pool.make("symbol", value=i) for i, symbol in enumerate(symbols)}
    return _convert(expr, known, pool, unknown)


@lru_cache(maxsize=512)
def node_of(expr: Any, symbols: tuple[sp.Symbol, ...]) -> Node:
    """Return the node of an expression, in a pool of its own."""
    return convert(expr, symbols, Pool())


def _convert(expr: Any, known: dict[Any, Node], pool: Pool, unknown: Unknown | None) -> Node:
    node = known.get(expr)
    if node is None:
        node = _leaf(expr, pool) or _branch(expr, lambda e: _convert(e, known, pool, unknown), pool)
        known[expr] = node = node or (unknown or _refuse)(expr)
    return node


def _refuse(expr: Any) -> Node:
    name = expr.func.__name__
    raise InvalidInputError(f"{name} in {expr} cannot be evaluated (it is not in the evaluator's list)")


def _leaf(expr: Any, pool: Pool) -> Node | None:
    if isinstance(expr, sp.Rational):
        return pool.number(Fraction(int(expr.p), int(expr.q)))
    if isinstance(expr, sp.Float):
        return pool.number(_fraction_of_float(expr))
    if expr in (sp.true, sp.false):
        return pool.make("true" if expr == sp.true else "false")
    return pool.make("constant", value=_CONSTANTS[expr]) if expr in _CONSTANTS else None


def _fraction_of_float(number: sp.Float) -> Fraction:
    sign, mantissa, exponent, _ = number._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


def _branch(expr: Any, go: Callable[[Any], Node], pool: Pool) -> Node | None:
    if isinstance(expr, sp.Add):
        return pool.add(*map(go, expr.args))
    if isinstance(expr, sp.Mul):
        return _product(expr, go, pool)
    if isinstance(expr, sp.Pow):
        return _power(expr, go, pool)
    if isinstance(expr, sp.log):
        return _log(expr.args[0], go, pool)
    if expr.func in _UNARY:
        return pool.make(_UNARY[expr.func], go(expr.args[0]))
    if expr.func in _RELATIONS:
        op, swapped = _RELATIONS[expr.func]
        left, right = map(go, expr.args)
        return pool.make(op, right, left) if swapped else pool.make(op, left, right)
    return _other(expr, go, pool)


def _log(of: Any, go: Callable[[Any], Node], pool: Pool) -> Node:
    """Convert a logarithm; of 1/u it is -log(u), which keeps all digits where u is next to 1 and does not overflow."""
    if isinstance(of, sp.gamma | sp.factorial):  # SymPy writes loggamma so
        inner = of.args[0] + (1 if isinstance(of, sp.factorial) else 0)
        if inner.is_positive:
            return pool.make("loggamma", go(inner))
    if isinstance(of, sp.Pow) and isinstance(of.exp, sp.Rational) and of.exp < 0:
        return pool.mul(pool.number(-1), pool.make("log", go(1 / of)))
    return pool.make("log", go(of))


def _product(expr: sp.Mul, go: Callable[[Any], Node], pool: Pool) -> Node:
    """Convert a product; log(u)/log(b) with an integer base b becomes one logarithm, exact at powers of b."""
    factors = list(expr.args)
    bases = [f for f in factors if isinstance(f, sp.Pow) and f.exp == -1 and _is_log_of_integer(f.base)]
    logs = [f for f in factors if isinstance(f, sp.log) and f.free_symbols]
    if not (bases and logs):
        return pool.mul(*map(go, factors))
    factors.remove(bases[0])
    factors.remove(logs[0])
    joined = pool.make("logb", go(logs[0].args[0]), value=int(bases[0].base.args[0]))
    return pool.mul(*map(go, factors), joined)


def _is_log_of_integer(expr: Any) -> bool:
    return isinstance(expr, sp.log) and expr.args[0].is_Integer and expr.args[0] > 1


def _power(expr: sp.Pow, go: Callable[[Any], Node], pool: Pool) -> Node:
    if expr.base is sp.E:
        return pool.make("exp", go(expr.exp))
    if isinstance(expr.exp, sp.Rational):
        return pool.pow(go(expr.base), Fraction(int(expr.exp.p), int(expr.exp.q)))
    if isinstance(expr.exp, sp.Float):
        return pool.pow(go(expr.base), _fraction_of_float(expr.exp))
    return pool.make("power", go(expr.base), go(expr.exp))


def _other(expr: Any, go: Callable[[Any], Node], pool: Pool) -> Node | None:
    if isinstance(expr, sp.Min | sp.Max):
        return pool.make("min" if isinstance(expr, sp.Min) else "max", *map(go, expr.args))
    if isinstance(expr, sp.Piecewise):
        return _piecewise(expr, go, pool)
    if isinstance(expr, sp.And | sp.Or | sp.Not):
        return pool.make(type(expr).__name__.lower(), *map(go, expr.args))
    if isinstance(expr, ITE):
        condition, yes, no = map(go, expr.args)
        unless = pool.make("and", pool.make("not", condition), no)
        return pool.make("or", pool.make("and", condition, yes), unless)
    if hasattr(expr, "operation"):  # a function of `boundcalc.language.entropy` names its own
        return pool.make(expr.operation, *map(go, expr.args))
    if isinstance(expr, sp.Sum | sp.Product):
        return _series(expr, go, pool)
    if isinstance(expr, sp.binomial):
        return pool.make("binomial", *map(go, expr.args))
    if isinstance(expr, sp.factorial):
        return pool.make("gamma", pool.add(go(expr.args[0]), pool.number(1)))
    if expr is sp.GoldenRatio:
        return go(expr.expand(func=True))
    if expr.is_number and expr.func.__name__ in _OF_NUMBERS:
        return pool.make(expr.func.__name__, go(expr.args[0]))
    return None


#: Terms of a sum or product that is evaluated.
MOST_TERMS = 128


def _series(expr: Any, go: Callable[[Any], Node], pool: Pool) -> Node:
    """Convert a sum or product term by term; with no terms it is 0 or 1, with more than are counted it is nan."""
    *inner, (k, first, last) = expr.limits
    summand = expr.func(expr.function, *inner) if inner else expr.function
    count = last - first + 1 if last.is_Integer else MOST_TERMS
    if not first.is_Integer or k in last.free_symbols or count > MOST_TERMS:
        raise InvalidInputError(
            f"{expr}: only sums and products from a whole number on are evaluated, of at most {MOST_TERMS} terms for each variable"
        )
    nothing = pool.number(0 if isinstance(expr, sp.Sum) else 1)
    joined = pool.add if isinstance(expr, sp.Sum) else pool.mul
    places = [first + i for i in range(max(count, 0))]
    terms = [go(summand.xreplace({k: place})) for place in places]
    if last.is_Integer:
        return joined(*terms) if terms else nothing
    end = go(last)
    within = [
        pool.make("select", pool.make("le", go(at), end), term, nothing) for at, term in zip(places, terms, strict=True)
    ]
    few = pool.make("lt", end, go(first + count))
    return pool.make("select", few, joined(*within), pool.make("constant", value="nan"))


def _piecewise(expr: sp.Piecewise, go: Callable[[Any], Node], pool: Pool) -> Node:
    args: list[Node] = []
    for value, condition in expr.args:
        if condition == sp.true:
            return pool.make("select", *args, go(value)) if args else go(value)
        args += [go(condition), go(value)]
    return pool.make("select", *args, pool.make("constant", value="nan"))
