"""What makes a chain of steps unsound whatever its formulas say: definitions that redefine, and delta that nobody pays.

The functions say what is wrong; `Derivation` refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.language.domains import from_assumptions
from boundcalc.symbols import DERIVED, VOCABULARY, known

__all__ = ["Definitions", "expression", "foreign", "is_share", "known_domains", "seen_in_data", "unpaid"]

_DELTA = VOCABULARY["delta"].symbol


def expression(value: Any, what: str) -> sympy.Expr:
    """Return a number or SymPy expression as an expression; text is never evaluated.

    Raises
    ------
    InvalidInputError
        If it is neither, is not finite, or uses a vocabulary name for a symbol that is not the vocabulary's.
    """
    try:
        found = sympy.sympify(value, strict=True)
    except (sympy.SympifyError, TypeError, ValueError):
        found = None
    if not isinstance(found, sympy.Expr) or found.has(sympy.nan, sympy.zoo):
        raise InvalidInputError(f"{what} = {value!r} must be a number or a SymPy expression")
    problems = foreign(found)
    if problems:
        raise InvalidInputError(f"{what} = {found}: {problems[0]}")
    return found


def foreign(expr: sympy.Basic) -> list[str]:
    """Say which symbols have a name of the vocabulary but are not its symbols."""
    mistaken = sorted(s.name for s in expr.free_symbols if s.name in VOCABULARY and VOCABULARY[s.name].symbol != s)
    return [
        f"take {name} from boundcalc.symbols (a plain SymPy symbol lacks its domain), or give your symbol another name"
        for name in mistaken
    ]


def is_share(symbol: sympy.Symbol) -> bool:
    """Return whether a symbol is an event's share of delta."""
    return symbol.name.startswith("delta[")


def known_domains(symbols: Iterable[sympy.Symbol]) -> dict[sympy.Symbol, sympy.Set]:
    """Return the set of each symbol: its own, the vocabulary's, (0, 1) for a share of delta, or what is assumed of it."""
    found = {}
    for symbol in symbols:
        entry = known(symbol)
        share = sympy.Interval.open(0, 1) if is_share(symbol) else None
        found[symbol] = entry.domain if entry is not None else share or from_assumptions(symbol)
    return found


def seen_in_data(expr: sympy.Expr) -> list[str]:
    """Return the names of an expression's symbols that are not fixed in advance."""
    symbols = set().union(*(DERIVED.get(s, s).free_symbols for s in expr.free_symbols))
    return sorted(s.name for s in symbols if (entry := known(s)) is not None and entry.role != "fixed")


def unpaid(step: Any, shares: set[sympy.Symbol]) -> list[str]:
    """Say which part of delta a step uses without an event that pays for it; closed forms may hold for every delta."""
    used = step.left.free_symbols | step.right.free_symbols
    problems = [f"{s} belongs to no event of this chain" for s in sorted(used - shares, key=str) if is_share(s)]
    if _DELTA in used and step.kind not in ("algebra", "identity"):
        problems.append(
            "a bare delta holds with no probability: make an Event, write its .symbol in place of delta and give it as "
            "events=(event,), so that it is paid for"
        )
    return problems


class Definitions:
    """What a chain has defined so far: each symbol is fresh, and defined once."""

    def __init__(self, quantity: sympy.Expr, where: Mapping[sympy.Symbol, sympy.Expr]) -> None:
        self._quantity, self._where = quantity, where
        self._made: dict[sympy.Symbol, sympy.Expr] = {}

    def problems(self, current: sympy.Expr, step: Any) -> Iterator[str]:
        """Say what a step's definitions redefine, and which defined symbol it uses for something new."""
        for symbol, value in step.definitions.items():
            reason = self._redefines(symbol, value, current)
            if reason:
                yield f"{symbol} = {value} is no definition: {reason}"
            if symbol in _closure(value.free_symbols, step.definitions):
                yield f"the definition of {symbol} rests on itself"
        fresh = step.right.free_symbols - step.left.free_symbols - current.free_symbols
        for symbol in sorted(fresh & self._made.keys() - step.definitions.keys(), key=str):
            yield f"{symbol} was defined as {self._made[symbol]}: another quantity needs another symbol"
        self._made.update(step.definitions)

    def _redefines(self, symbol: sympy.Symbol, value: sympy.Expr, current: sympy.Expr) -> str:
        entry = known(symbol)
        free = entry is not None and entry.free
        if symbol == _DELTA or is_share(symbol):
            return "delta is split over the events, it is not defined"
        if symbol in self._quantity.free_symbols:
            return "it is part of the bounded quantity"
        if symbol in self._where:
            return f"it abbreviates {self._where[symbol]}"
        if self._made.get(symbol, value) != value:
            return f"it is {self._made[symbol]} already"
        if free and entry is not None:
            seen = seen_in_data(value)
            return f"{symbol} is fixed in advance, and {', '.join(seen)} is not" if seen else ""
        if entry is VOCABULARY.get(symbol.name) and entry is not None and entry.role == "fixed":
            return "it is a parameter of the setting; write its value instead, with Bound.substitute"
        if symbol in current.free_symbols:
            return (
                "it stands for something already (declare it with free=True if the statement holds for its every value)"
            )
        return ""


def _closure(symbols: Iterable[sympy.Symbol], definitions: Mapping[sympy.Symbol, sympy.Expr]) -> set[sympy.Symbol]:
    """Return the symbols that these come down to, themselves included."""
    found, waiting = set(), list(symbols)
    while waiting:
        symbol = waiting.pop()
        if symbol not in found:
            found.add(symbol)
            waiting += definitions[symbol].free_symbols if symbol in definitions else ()
    return found
