"""SymPy expressions as terms of Coq's real numbers, and what has to hold for them to be defined.

Coq's functions are total: 1/0, ln (-1) and sqrt (-1) are some real numbers. A statement is the page's only where every
division, logarithm, root and power is inside its domain; `obligations` says what that takes.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.language.entropy import kl, kl_inverse

__all__ = ["bracketed", "coq_name", "names_of", "obligations", "printed"]

_FUNCTIONS = {
    sympy.log: "ln", sympy.cosh: "cosh", sympy.sinh: "sinh", sympy.tanh: "tanh", sympy.Abs: "Rabs",
    kl: "kl", kl_inverse: "kl_inverse",
}  # fmt: skip
_FOLDED = {sympy.Min: "Rmin", sympy.Max: "Rmax"}
#: Names that mean something in Coq or in the files written here.
_TAKEN = frozenset(
    "as at cofix else end exists exists2 fix for forall fun if IF in let match mod return then using where with Prop "
    "SProp Set Type R Z N nat S O I PI IZR INR ln exp sqrt Rpower Rmin Rmax Rabs cosh sinh tanh kl kl_inverse "
    "rises falls sign derive reals interval left right fst snd pair e".split()
)
_SUM, _PRODUCT, _MINUS, _POWER, _CALL, _ATOM = 50, 40, 35, 30, 10, 0


def coq_name(text: str) -> str:
    """Return a name that Coq reads: letters, digits and underscores.

    >>> coq_name("delta[deviation|M]"), coq_name("R")
    ('delta', 'R_')
    """
    short = text.split("[")[0]
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in short).strip("_") or "x"
    plain = plain if plain[0].isalpha() else f"x_{plain}"
    return f"{plain}_" if plain in _TAKEN else plain


def names_of(symbols: list[sympy.Symbol]) -> dict[sympy.Symbol, str]:
    """Return a name for each symbol, all different."""
    names: dict[sympy.Symbol, str] = {}
    for symbol in symbols:
        name, number = coq_name(symbol.name), 1
        while name in names.values():
            number += 1
            name = f"{coq_name(symbol.name)}_{number}"
        names[symbol] = name
    return names


def printed(expr: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> str:
    """Return an expression as a term of type R; names of integer variables are given as ``IZR n``.

    >>> x = sympy.Symbol("x")
    >>> printed(sympy.sqrt(x) / 2 - 3 * x**2, {x: "x"})
    'sqrt x / 2 - 3 * x ^ 2'
    """
    return _term(sympy.sympify(expr), names)[0]


def bracketed(expr: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> str:
    """Return an expression as an argument: in brackets where it is more than a name or a number."""
    return _inside(expr, names, _ATOM)


def _inside(expr: sympy.Expr, names: Mapping[sympy.Symbol, str], level: int) -> str:
    """Return a term in brackets where it binds less tightly than its place asks for."""
    text, own = _term(expr, names)
    return text if own <= level else f"({text})"


def _term(expr: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> tuple[str, int]:
    if expr in names:
        return names[expr], _CALL if " " in names[expr] else _ATOM
    if expr.is_Integer:
        return (str(expr), _ATOM) if expr >= 0 else (f"- {-expr}", _MINUS)
    if expr.is_Rational or isinstance(expr, sympy.Mul):
        return _product(expr, names)
    if expr is sympy.pi:
        return "PI", _ATOM
    if expr is sympy.E:
        return "exp 1", _CALL
    if isinstance(expr, sympy.Add):
        return _sum(expr, names), _SUM
    if isinstance(expr, sympy.exp):
        return f"exp {_inside(expr.args[0], names, _ATOM)}", _CALL
    if isinstance(expr, sympy.Pow):
        return _power(expr.base, expr.exp, names)
    if expr.func in _FOLDED:
        first, *others = sorted(expr.args, key=sympy.default_sort_key)
        rest = expr.func(*others, evaluate=False) if len(others) > 1 else others[0]
        return f"{_FOLDED[expr.func]} {_inside(first, names, _ATOM)} {_inside(rest, names, _ATOM)}", _CALL
    if hasattr(expr, "coq"):
        return f"{expr.coq} {_inside(expr.args[0], names, _ATOM)}", _CALL
    if expr.func in _FUNCTIONS:
        return " ".join([_FUNCTIONS[expr.func], *(_inside(arg, names, _ATOM) for arg in expr.args)]), _CALL
    raise InvalidInputError(f"{expr} has no term in Coq: {type(expr).__name__} is not translated", context="kernel")


def _sum(expr: sympy.Add, names: Mapping[sympy.Symbol, str]) -> str:
    first, *others = expr.as_ordered_terms()
    text = _inside(first, names, _SUM)
    for term in others:
        sign, size = ("-", -term) if term.could_extract_minus_sign() else ("+", term)
        text += f" {sign} {_inside(size, names, _PRODUCT)}"
    return text


def _product(expr: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> tuple[str, int]:
    number, factors = expr.as_coeff_mul() if isinstance(expr, sympy.Mul) else (expr, ())
    if number < 0:
        return f"- {_inside(-expr, names, _MINUS)}", _MINUS
    above = [sympy.Integer(number.p)] if number.p != 1 else []
    below = [sympy.Integer(number.q)] if number.q != 1 else []
    for factor in sympy.Mul._from_args(tuple(factors)).as_ordered_factors() if factors else ():
        if factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
            below.append(sympy.Pow(factor.base, -factor.exp))
        else:
            above.append(factor)
    top, level = _times(above, names)
    if not below:
        return top, level
    bottom, own = _times(below, names)
    return f"{top if level <= _PRODUCT else f'({top})'} / {bottom if own < _MINUS else f'({bottom})'}", _PRODUCT


def _times(factors: list[sympy.Expr], names: Mapping[sympy.Symbol, str]) -> tuple[str, int]:
    if not factors:
        return "1", _ATOM
    if len(factors) == 1:
        return _term(factors[0], names)
    return " * ".join(_inside(factor, names, _POWER) for factor in factors), _PRODUCT


def _power(base: sympy.Expr, exponent: sympy.Expr, names: Mapping[sympy.Symbol, str]) -> tuple[str, int]:
    if exponent.is_Rational and exponent < 0:
        return f"1 / {_inside(sympy.Pow(base, -exponent), names, _POWER)}", _PRODUCT
    if exponent.is_Integer:
        return f"{_inside(base, names, _CALL)} ^ {exponent}", _POWER
    if exponent.is_Rational and exponent.q == 2:
        root = f"sqrt {_inside(base, names, _ATOM)}"
        return (root, _CALL) if exponent.p == 1 else (f"{root} ^ {exponent.p}", _POWER)
    return f"Rpower {_inside(base, names, _ATOM)} {_inside(exponent, names, _ATOM)}", _CALL


def obligations(expr: sympy.Expr, names: Mapping[sympy.Symbol, str], *, unless_known: bool = False) -> list[str]:
    """Return the propositions under which every function in an expression is inside its domain.

    As hypotheses they may be left out where the assumptions of the symbols imply them (``unless_known``): fewer hypotheses
    make a theorem stronger. As claims they are all stated.

    >>> x = sympy.Symbol("x")
    >>> obligations(sympy.log(x) / (x - 1), {x: "x"})
    ['x - 1 <> 0', '0 < x']
    """
    found: dict[str, None] = {}
    for node in sympy.preorder_traversal(expr):
        for fact, known in _needed(node, names):
            if not (unless_known and known):
                found[fact] = None
    return list(found)


def _needed(node: sympy.Basic, names: Mapping[sympy.Symbol, str]) -> list[tuple[str, bool | None]]:
    """Return what a node needs of its arguments, each with whether their assumptions imply it."""
    if isinstance(node, sympy.log) and not node.args[0].is_Integer:
        return [(f"0 < {printed(node.args[0], names)}", node.args[0].is_positive)]
    if isinstance(node, kl):
        q, p = (printed(arg, names) for arg in node.args)
        return [(f"0 <= {q} <= 1", False), (f"0 < {p} < 1", False)]
    if isinstance(node, kl_inverse):
        q, a = (printed(arg, names) for arg in node.args)
        return [(f"0 <= {q} <= 1", False), (f"0 <= {a}", False)]
    if not isinstance(node, sympy.Pow) or isinstance(node, sympy.exp) or node.base.is_Integer or node.base is sympy.E:
        return []
    base, exponent = printed(node.base, names), node.exp
    if exponent.is_Integer:
        return [(f"{base} <> 0", node.base.is_nonzero)] if exponent < 0 else []
    if exponent.is_Rational and exponent.q == 2 and exponent > 0:
        return [(f"0 <= {base}", node.base.is_nonnegative)]
    return [(f"0 < {base}", node.base.is_positive)]
