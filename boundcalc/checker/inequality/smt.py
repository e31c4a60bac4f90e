"""Proof by contradiction in real arithmetic: z3, and cvc5 to confirm it. Both are given the same polynomials."""

from __future__ import annotations

from typing import Any

import sympy

from boundcalc.checker.inequality.limits import on_the_wall
from boundcalc.checker.inequality.system import System
from boundcalc.errors import require

__all__ = ["Answer", "by_cvc5", "by_z3"]

Answer = str  # "unsat", "sat" or "unknown"


def _assertions(system: System) -> list[tuple[sympy.Poly | sympy.Expr, str]]:
    """Return the facts and the negated goal as polynomials compared with 0."""
    found: list[tuple[sympy.Expr, str]] = []
    for symbol, own in system.ranges.items():
        if own.low.is_finite:
            found.append((symbol - own.low, ">" if own.low_open else ">="))
        if own.high.is_finite:
            found.append((own.high - symbol, ">" if own.high_open else ">="))
    found += system.facts
    found.append((-system.goal, ">=" if system.strict else ">"))
    return found


def _horner(expr: sympy.Expr, build: Any) -> Any:
    """Translate a polynomial with the solver's own operations."""
    if expr.is_Rational:
        return build.number(expr)
    if expr.is_Symbol:
        return build.variable(expr)
    if isinstance(expr, sympy.Add):
        return build.add([_horner(arg, build) for arg in expr.args])
    if isinstance(expr, sympy.Mul):
        return build.multiply([_horner(arg, build) for arg in expr.args])
    if isinstance(expr, sympy.Pow) and expr.exp.is_Integer and expr.exp > 0:
        return build.multiply([_horner(expr.base, build)] * int(expr.exp))
    raise TypeError(f"not a polynomial: {expr}")


def linear(system: System) -> bool:
    """Return whether all polynomials are linear."""
    symbols = list(system.ranges)
    return all(expr.is_number or sympy.Poly(expr, *symbols).total_degree() <= 1 for expr, _ in _assertions(system))


class _Z3:
    def __init__(self, z3: Any) -> None:
        self.z3 = z3
        self.variables: dict[sympy.Symbol, Any] = {}

    def number(self, value: sympy.Rational) -> Any:
        return self.z3.Q(int(value.p), int(value.q))

    def variable(self, symbol: sympy.Symbol) -> Any:
        return self.variables.setdefault(symbol, self.z3.Real(f"{symbol.name}_{len(self.variables)}"))

    def add(self, parts: list) -> Any:
        return self.z3.Sum(parts)

    def multiply(self, parts: list) -> Any:
        result = parts[0]
        for part in parts[1:]:
            result = result * part
        return result


def by_z3(system: System, *, seconds: float) -> Answer:
    """Return z3's answer to the negated claim.

    Raises
    ------
    MissingExtraError
        If z3 is not installed.
    """
    z3 = require("z3", extra="prove", purpose="proving inequalities in real arithmetic")
    build = _Z3(z3)
    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", max(50, int(1000 * on_the_wall(seconds))))
    for expr, relation in _assertions(system):
        term = _horner(sympy.sympify(expr), build)
        solver.add(term > 0 if relation == ">" else term >= 0 if relation == ">=" else term == 0)
    return str(solver.check())


class _Cvc5:
    def __init__(self, cvc5: Any, terms: Any) -> None:
        self.kind, self.terms = cvc5.Kind, terms
        self.variables: dict[sympy.Symbol, Any] = {}

    def number(self, value: sympy.Rational) -> Any:
        return self.terms.mkReal(int(value.p), int(value.q))

    def variable(self, symbol: sympy.Symbol) -> Any:
        if symbol not in self.variables:
            name = f"{symbol.name}_{len(self.variables)}"
            self.variables[symbol] = self.terms.mkConst(self.terms.getRealSort(), name)
        return self.variables[symbol]

    def add(self, parts: list) -> Any:
        return self.terms.mkTerm(self.kind.ADD, *parts)

    def multiply(self, parts: list) -> Any:
        return parts[0] if len(parts) == 1 else self.terms.mkTerm(self.kind.MULT, *parts)


def by_cvc5(system: System, *, seconds: float) -> Answer:
    """Return cvc5's answer to the negated claim.

    Raises
    ------
    MissingExtraError
        If cvc5 is not installed.
    """
    cvc5 = require("cvc5", extra="prove", purpose="confirming a proof in real arithmetic")
    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setOption("tlimit-per", str(max(50, int(1000 * on_the_wall(seconds)))))
    solver.setLogic("QF_NRA")
    build = _Cvc5(cvc5, terms)
    zero = terms.mkReal(0)
    kinds = {">": cvc5.Kind.GT, ">=": cvc5.Kind.GEQ, "=": cvc5.Kind.EQUAL}
    for expr, relation in _assertions(system):
        term = _horner(sympy.sympify(expr), build)
        solver.assertFormula(terms.mkTerm(kinds[relation], term, zero))
    return str(solver.checkSat())
