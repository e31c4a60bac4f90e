"""How an expression depends on one symbol: by which coefficients that do not, and whether by its multiples only.

A search over the symbol then evaluates the coefficients once, and tries no values in between.
"""

from __future__ import annotations

import sympy

__all__ = ["hoist", "inverted", "stride"]


def hoist(expr: sympy.Expr, symbol: sympy.Symbol) -> tuple[sympy.Expr, dict[sympy.Symbol, sympy.Expr]]:
    """Return a skeleton in the symbol and coefficient symbols, and what the coefficients stand for.

    >>> n, a, b = sympy.symbols("n a b", positive=True)
    >>> skeleton, parts = hoist(a * b / sympy.sqrt(n) + a + b, n)
    >>> sorted(map(str, parts.values())), skeleton.subs(parts) == a * b / sympy.sqrt(n) + a + b
    (['a + b', 'a*b'], True)
    """
    parts: dict[sympy.Expr, sympy.Symbol] = {}
    skeleton = _hoist(expr, symbol, parts)
    return skeleton, {name: part for part, name in parts.items()}


def _hoist(expr: sympy.Expr, symbol: sympy.Symbol, parts: dict[sympy.Expr, sympy.Symbol]) -> sympy.Expr:
    if expr.is_number or expr == symbol:
        return expr
    if symbol not in expr.free_symbols:
        return _named(expr, parts)
    if isinstance(expr, sympy.Sum | sympy.Product):
        return expr.xreplace({one: _named(one, parts) for one in expr.free_symbols - {symbol}})
    if isinstance(expr, sympy.Add | sympy.Mul):
        fixed = [arg for arg in expr.args if symbol not in arg.free_symbols]
        moving = [_hoist(arg, symbol, parts) for arg in expr.args if symbol in arg.free_symbols]
        return expr.func(*([_hoist(expr.func(*fixed), symbol, parts)] if fixed else []), *moving)
    return expr.func(*(_hoist(arg, symbol, parts) for arg in expr.args))


def _named(expr: sympy.Expr, parts: dict[sympy.Expr, sympy.Symbol]) -> sympy.Symbol:
    if expr not in parts:
        parts[expr] = expr if expr.is_Symbol else sympy.Symbol(f"coefficient_{len(parts)}", real=True)
    return parts[expr]


def stride(expr: sympy.Expr, symbol: sympy.Symbol) -> int:
    """Return k if an expression depends on an integer by floor(symbol/k) alone, so that only its multiples matter; else 1.

    >>> n = sympy.Symbol("n", integer=True, positive=True)
    >>> stride(1 / sympy.sqrt(sympy.floor(n / 2)), n), stride(sympy.floor(n / 2) + n, n)
    (2, 1)
    """
    floors = [part for part in expr.atoms(sympy.floor) if symbol in part.free_symbols]
    elsewhere = symbol in expr.xreplace(dict.fromkeys(floors, sympy.S.One)).free_symbols
    ratios = {symbol / part.args[0] for part in floors}
    ratio = ratios.pop() if len(ratios) == 1 and not elsewhere else sympy.S.One
    return int(ratio) if ratio.is_Integer and ratio > 0 else 1


def inverted(expr: sympy.Expr, symbol: sympy.Symbol, value: sympy.Expr) -> sympy.Expr | None:
    """Return where an expression takes a value, if the symbol stands in it once under sums, products, powers, exp and log.

    >>> x, a, b, y = sympy.symbols("x a b y", positive=True)
    >>> inverted(a + b * sympy.sqrt(x), x, y), inverted(a * x + x**2, x, y)
    ((-a + y)**2/b**2, None)
    """
    while expr != symbol:
        fixed, moving = expr.as_independent(symbol, as_Add=isinstance(expr, sympy.Add))
        match expr:
            case sympy.Add() if not isinstance(moving, sympy.Add):
                expr, value = moving, value - fixed
            case sympy.Mul() if not isinstance(moving, sympy.Mul):
                expr, value = moving, value / fixed
            case sympy.exp():
                expr, value = expr.args[0], sympy.log(value)
            case sympy.log():
                expr, value = expr.args[0], sympy.exp(value)
            case sympy.Pow() if symbol not in expr.exp.free_symbols:
                expr, value = expr.base, value ** (1 / expr.exp)
            case _:
                return None
    return value
