"""Proof by squares: a polynomial is a sum of squares of polynomials with positive rational weights.

A variable that starts at a number is that number and a square. Every other monomial is the product of two whose squares
occur with positive coefficients; the symmetric matrix of all these products is decomposed exactly (LDL), 1 last, so that
what is left over for it is a lower bound of the polynomial.
"""

from __future__ import annotations

from itertools import combinations

import sympy

from boundcalc.checker.inequality.system import System

__all__ = ["by_squares"]

_LARGEST = 40  # monomials
Powers = tuple[int, ...]


def by_squares(system: System) -> str | None:
    """Return the squares whose sum the goal is, or None; for a strict goal with something positive left over."""
    symbols = sorted(system.goal.free_symbols, key=str)
    carried = {}
    for symbol in symbols:
        own = system.ranges.get(symbol)
        if own is not None and own.low.is_finite and not own.high.is_finite:
            carried[symbol] = own.low + symbol**2
    for values in filter(None, (carried, {0: 0})):
        polynomial = sympy.Poly(system.goal.xreplace(values), *symbols) if symbols else None
        if polynomial is None or len(polynomial.terms()) > _LARGEST:
            return None
        if not all(c.is_Rational for c in polynomial.coeffs()):
            return None
        found = _decomposed(dict(polynomial.terms()), len(symbols))
        if found is not None and (not system.strict or found[1] > 0):
            names = [f"{s.name}'" if s in values else s.name for s in symbols]
            where = [f"{s.name} = {own - s**2} + {s.name}'^2" for s, own in values.items() if s in symbols]
            return _written(found, names) + (f" with {', '.join(where)}" if where else "")
    return None


Squares = tuple[list[tuple[sympy.Rational, dict[Powers, sympy.Rational]]], sympy.Rational]


def _decomposed(terms: dict[Powers, sympy.Rational], size: int) -> Squares | None:
    """Return weights with the linear combinations of monomials that they multiply, squared, and what is left over."""
    one = (0,) * size
    halves = [tuple(e // 2 for e in powers) for powers, c in terms.items() if c > 0 and all(e % 2 == 0 for e in powers)]
    basis = [half for half in sorted(halves, reverse=True) if half != one] + [one]
    matrix = {(half, half): terms.get(tuple(2 * e for e in half), sympy.Integer(0)) for half in basis}
    squared = {tuple(2 * e for e in half) for half in halves}
    for powers, c in terms.items():
        if powers in squared or powers == one:
            continue
        pair = next((p for p in combinations(basis, 2) if tuple(map(sum, zip(*p, strict=True))) == powers), None)
        if pair is None:
            return None
        matrix[pair] = matrix[pair[::-1]] = c / 2
    return _eliminated(basis, matrix)


def _eliminated(basis: list[Powers], matrix: dict[tuple[Powers, Powers], sympy.Rational]) -> Squares | None:
    zero = sympy.Integer(0)
    squares, waiting = [], list(basis)
    while len(waiting) > 1:
        pivot = next((b for b in waiting[:-1] if matrix[b, b] > 0), None)
        if pivot is None:
            if any(matrix.get((a, b), zero) for a in waiting[:-1] for b in waiting):
                return None
            break
        weight = matrix[pivot, pivot]
        waiting.remove(pivot)
        row = {b: matrix.get((pivot, b), zero) / weight for b in waiting}
        squares.append((weight, {pivot: sympy.Integer(1), **{b: c for b, c in row.items() if c}}))
        for a in waiting:
            for b in waiting:
                matrix[a, b] = matrix.get((a, b), zero) - weight * row[a] * row[b]
    left = matrix[basis[-1], basis[-1]]
    return (squares, left) if left >= 0 else None


def _written(found: Squares, names: list[str]) -> str:
    def monomial(powers: Powers) -> str:
        return "*".join(name if e == 1 else f"{name}^{e}" for name, e in zip(names, powers, strict=True) if e) or "1"

    squares, left = found
    texts = [
        f"{weight} ({' + '.join(monomial(b) if c == 1 else f'({c}) {monomial(b)}' for b, c in row.items())})^2"
        for weight, row in squares
    ]
    return " + ".join([*texts, *([str(left)] if left else [])]) or "0"
