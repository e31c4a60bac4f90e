"""SymPy expressions and sets as plain JSON data and back, without ever evaluating text.

>>> from sympy import Symbol, sqrt
>>> x = Symbol("x", positive=True)
>>> decode(encode(sqrt(x) / 3)) == sqrt(x) / 3
True
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sympy
from sympy.core.relational import Relational

from boundcalc.arithmetic.written import MOST_DIGITS, shortened, written
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.symbols import VOCABULARY, known
from boundcalc.symbols import symbol as described

__all__ = ["decode", "decode_as", "encode", "grows_little", "one_of", "text_of"]

_NODES = {
    cls.__name__: cls
    for cls in (
        sympy.Add, sympy.Mul, sympy.Pow, sympy.Min, sympy.Max, sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling,
        sympy.log, sympy.exp, sympy.erf, sympy.erfc, sympy.LambertW, sympy.gamma, sympy.loggamma, sympy.binomial,
        sympy.sin, sympy.cos, sympy.tanh, sympy.Piecewise, sympy.And, sympy.Or, sympy.Not, sympy.Interval, sympy.Range,
        sympy.FiniteSet, sympy.Union, sympy.StrictLessThan, sympy.LessThan, sympy.StrictGreaterThan,
        sympy.GreaterThan, sympy.Equality, sympy.Unequality, kl, kl_inverse, sympy.Sum, sympy.Product, sympy.Integral,
        sympy.Tuple,
    )
}  # fmt: skip
_NODES["ExprCondPair"] = sympy.functions.elementary.piecewise.ExprCondPair

_CONSTANTS = {
    "oo": sympy.oo, "-oo": -sympy.oo, "pi": sympy.pi, "E": sympy.E, "true": sympy.true, "false": sympy.false,
    "Reals": sympy.Reals, "Integers": sympy.S.Integers, "EmptySet": sympy.EmptySet,
}  # fmt: skip
_CONSTANT_NAMES = {value: name for name, value in _CONSTANTS.items()}


def encode(node: sympy.Basic) -> Any:
    """Return an expression or set as nested lists, strings and numbers.

    Raises
    ------
    TypeError
        If it holds a node that the format does not know.
    """
    if isinstance(node, sympy.Symbol):
        return _encode_symbol(node)
    if node in _CONSTANT_NAMES and not isinstance(node, Relational):
        return _CONSTANT_NAMES[node]
    if isinstance(node, sympy.Float):
        sign, mantissa, exponent, bits = node._mpf_
        return ["Float", int(sign), str(int(mantissa)), int(exponent), int(bits), int(node._prec)]
    if isinstance(node, sympy.Rational):
        return ["Rational", str(node.p), str(node.q)]
    name = type(node).__name__
    if name not in _NODES:
        raise TypeError(f"no plain form for {name}: {node}")
    return [name, *(encode(arg) for arg in node.args)]


def _encode_symbol(symbol: sympy.Symbol) -> Any:
    entry = known(symbol)
    if entry is None or entry.symbol != symbol:
        return {"symbol": symbol.name, "assumptions": {key: bool(v) for key, v in symbol._assumptions_orig.items()}}
    if entry is VOCABULARY.get(symbol.name):
        return {"symbol": symbol.name}
    return {
        "symbol": symbol.name,
        "about": [entry.latex, entry.meaning, encode(entry.domain), entry.group, entry.role, entry.free],
    }


def decode(data: Any) -> Any:
    """Return the expression or set that ``encode`` wrote.

    Raises
    ------
    ValueError
        If the data are not of the format.
    """
    match data:
        case {"symbol": str(name), "assumptions": dict(assumptions)}:
            return sympy.Symbol(name, **{str(key): bool(value) for key, value in assumptions.items()})
        case {"symbol": str(name), "about": [str(latex), str(meaning), domain, str(group), str(role), bool(free)]}:
            return described(name, latex, meaning, decode(domain), group=group, role=role, free=free)
        case {"symbol": str(name)} if name in VOCABULARY:
            return VOCABULARY[name].symbol
        case str(name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ["Rational", str(numerator), str(denominator)]:
            value = written(f"{numerator}/{denominator}")
            return sympy.Rational(value.numerator, value.denominator)  # type: ignore[union-attr]
        case ["Float", int(sign), str(mantissa), int(exponent), int(bits), int(precision)]:
            value = written(mantissa)
            if sign not in (0, 1) or abs(exponent) > 4 * MOST_DIGITS or not 1 <= precision <= 4 * MOST_DIGITS:
                raise ValueError("a float of too many digits")
            if value.denominator != 1 or value.numerator.bit_length() != bits:  # type: ignore[union-attr]
                raise ValueError("a float that is none")
            return sympy.Float._new((sign, value.numerator, exponent, bits), precision)  # type: ignore[union-attr]
        case [str(name), *args] if name in _NODES:
            if name in _COMPARING and len(args) > _MOST_COMPARED:
                raise ValueError(f"{name} of {len(args)} arguments: expected at most {_MOST_COMPARED}")
            read = [decode(arg) for arg in args]
            if name in ("Add", "Mul", "Pow") and not all(isinstance(one, sympy.Expr) for one in read):
                raise ValueError(f"{name} of {', '.join(map(shortened, read))}: expected expressions")
            if name in _GROWING and not grows_little(name, *read):
                raise ValueError(f"a number of too many digits: {name}({', '.join(map(shortened, read))})")
            return _NODES[name](*read)
    raise ValueError(f"not an expression in boundcalc's format: {shortened(data)}")


#: Functions that SymPy computes at once for whole arguments, and those whose arguments it compares with one another.
_GROWING = ("Pow", "gamma", "loggamma", "binomial")
_COMPARING = ("Min", "Max", "Piecewise", "And", "Or", "Union")
_MOST_COMPARED = 30


def grows_little(name: str, first: sympy.Expr, second: sympy.Expr = sympy.S.Zero) -> bool:
    """Whether a power, factorial or binomial coefficient has at most some thousand digits; a power of symbols, exponents so."""
    size = max(len(str(first.p)), len(str(first.q))) if first.is_Rational else 1
    if name == "Pow":
        base, exponent = first.as_base_exp()
        return not (second.is_Rational and exponent.is_Rational and abs(base) not in (0, 1)) or bool(
            size * abs(second * exponent) <= MOST_DIGITS
        )
    return all(not one.is_Rational or bool(size * abs(one) <= MOST_DIGITS) for one in (first, second))


def decode_as(data: Any, kind: Any) -> Any:
    """Return what :func:`decode` makes of data.

    Raises
    ------
    TypeError
        If it is not of that kind.
    ValueError
        If it is an expression with an unreal part.
    """
    node = decode(data)
    if not isinstance(node, kind):
        raise TypeError(f"{str(node)[:80]} is no {kind.__name__}")
    if isinstance(node, sympy.Expr) and node.has(sympy.I, sympy.nan, sympy.zoo):
        raise ValueError(f"{str(node)[:80]} is no real value")
    return node


def text_of(value: Any) -> str:
    """Return a text as it is.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:80]} is no text")
    return value


def one_of(value: Any, allowed: Collection[str]) -> str:
    """Return one of some texts.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if value not in allowed:
        raise ValueError(f"{str(value)[:80]} is none of {', '.join(allowed)}")
    return str(value)
