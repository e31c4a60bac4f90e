"""What makes a chain of steps unsound whatever its formulas say: definitions that redefine, and delta that nobody pays.

The functions say what is wrong; `Derivation` refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any

import sympy

from boundcalc.arithmetic.numbers import exact_expression
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import FrozenDict
from boundcalc.language.directions import value_interval
from boundcalc.language.domains import as_number, contains, describe, from_assumptions
from boundcalc.language.latex import is_share
from boundcalc.symbols import DERIVED, VOCABULARY, known, role_of

__all__ = [
    "BARE_DELTA",
    "Definitions",
    "expression",
    "foreign",
    "known_domains",
    "lies_in",
    "namesakes",
    "seen_in_data",
    "strays",
    "unpaid",
]

_DELTA = VOCABULARY["delta"].symbol

_V = {name: entry.symbol for name, entry in VOCABULARY.items()}

#: The values that a proof may give to names of the vocabulary; none where local symbols of the proof say it in full.
_MEANINGS: Mapping[str, tuple[sympy.Expr, ...]] = FrozenDict(
    gamma=(_V["eta_M"] - _V["eta_N"],),
    Lhat_M=(_V["rhat_M"] - _V["rhat_star"],),
    dev_f=(_V["r_0"] - _V["rhat_holdout"], _V["r_0"] - _V["rhat_0"]),
    eta_M=(),
    eta_N=(),
    Delta=(),
    a_match=(),
)

#: Of these, what lies in the symbol's domain by what its own symbols mean; in words, as a proof's local symbols are not known here.
_BY_MEANING: Mapping[str, str] = FrozenDict(
    eta_M="best_head_M - r_star", eta_N="best_head_N - r_star", Delta="-inf_M + inf_N", a_match="1 - kappa*r_0/C"
)


def expression(value: Any, what: str) -> sympy.Expr:
    """Return a number or SymPy expression as an expression of exact numbers; text is never evaluated.

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
        hint = "; boundcalc.read makes one of a formula" if isinstance(value, str) else ""
        raise InvalidInputError(f"{what} = {value!r} must be a number or a SymPy expression{hint}")
    problems = foreign(found)
    if problems:
        raise InvalidInputError(f"{what} = {found}: {problems[0]}")
    return exact_expression(found)


def foreign(expr: sympy.Basic) -> list[str]:
    """Say which symbols have a name of the vocabulary but are not its symbols."""
    mistaken = sorted(s.name for s in expr.free_symbols if s.name in VOCABULARY and VOCABULARY[s.name].symbol != s)
    return [
        f"take {name} from boundcalc.symbols (a plain SymPy symbol lacks its domain), or give your symbol another name"
        for name in mistaken
    ]


def namesakes(symbols: Iterable[sympy.Symbol]) -> list[str]:
    """Say which different symbols have one name, in words for an error."""
    first: dict[str, sympy.Symbol] = {}
    alike = {symbol.name for symbol in symbols if first.setdefault(symbol.name, symbol) != symbol}
    return [f"two symbols are called {name}, with different domains, roles or typesetting" for name in sorted(alike)]


def known_domains(symbols: Iterable[sympy.Symbol]) -> dict[sympy.Symbol, sympy.Set]:
    """Return the set of each symbol: its own, the vocabulary's, (0, 1) for a share of delta, or what is assumed of it."""
    found = {}
    for symbol in symbols:
        entry = known(symbol)
        share = sympy.Interval.open(0, 1) if is_share(symbol) else None
        found[symbol] = entry.domain if entry is not None else share or from_assumptions(symbol)
    return found


def lies_in(expr: sympy.Expr, allowed: sympy.Set) -> bool | None:
    """Return whether every value of an expression lies in a set: True or False where that is certain, None elsewhere."""
    if expr.is_number:
        try:
            return bool(contains(allowed, as_number(expr)))
        except (TypeError, ValueError, ArithmeticError):
            return None
    symbols = expr.free_symbols | set().union(*(DERIVED.get(s, s).free_symbols for s in expr.free_symbols))
    found = value_interval(expr, known_domains(symbols))
    low, high = as_number(allowed.inf), as_number(allowed.sup)
    open_low = isinstance(allowed, sympy.Interval) and bool(allowed.left_open)
    open_high = isinstance(allowed, sympy.Interval) and bool(allowed.right_open)
    below_all = found.high < low or (found.high == low and (found.high_open or open_low))
    above_all = found.low > high or (found.low == high and (found.low_open or open_high))
    if below_all or above_all:
        return False
    whole = not isinstance(allowed, sympy.Range) or bool(expr.is_integer)
    above = found.low > low or (found.low == low and (found.low_open or not open_low)) or low == -inf
    below = found.high < high or (found.high == high and (found.high_open or not open_high)) or high == inf
    filled = isinstance(allowed, sympy.Interval | sympy.Range)
    return True if above and below and whole and filled else None


def seen_in_data(expr: sympy.Expr) -> list[str]:
    """Return the names of an expression's symbols that are not fixed in advance."""
    symbols = set().union(*(DERIVED.get(s, s).free_symbols for s in expr.free_symbols))
    return sorted(s.name for s in symbols if (entry := known(s)) is not None and entry.role != "fixed")


_SEEN = {"fixed": "fixed in advance", "observed": "observed"}


def _unseen(expr: sympy.Expr) -> list[str]:
    """Return the names of an expression's symbols that the data do not show."""
    return sorted(s.name for s in expr.free_symbols if role_of(s) == "population")


#: What is missing where delta stands for a chance that no event pays for.
BARE_DELTA = (
    "a bare delta holds with no probability: make an Event, write its .symbol in place of delta and give it as "
    "events=(event,), with kind='probability', so that it is paid for"
)


def unpaid(step: Any, shares: set[sympy.Symbol]) -> list[str]:
    """Say which part of delta a step uses without an event that pays for it; closed forms may hold for every delta."""
    used = step.left.free_symbols | step.right.free_symbols
    problems = [f"{s} belongs to no event of this chain" for s in sorted(used - shares, key=str) if is_share(s)]
    if _DELTA in used and step.kind not in ("algebra", "identity"):
        problems.append(BARE_DELTA)
    return problems


def strays(
    step: Any, domains: Mapping[sympy.Symbol, sympy.Set]
) -> Iterator[tuple[sympy.Symbol, sympy.Expr, sympy.Set, bool | None]]:
    """Return the definitions of a step whose values are not certain to lie in what is allowed of the symbol.

    Each comes with that set, its ends included, and with False where the value certainly leaves it.
    """
    for symbol, value in step.definitions.items():
        allowed = domains.get(symbol) or known_domains([symbol])[symbol]
        allowed = allowed.closure if isinstance(allowed, sympy.Interval) else allowed
        inside = lies_in(value, allowed)
        if not inside and _BY_MEANING.get(symbol.name) != str(value):
            yield symbol, value, allowed, inside


class Definitions:
    """What a chain has defined so far: each symbol is fresh, and defined once."""

    def __init__(
        self,
        quantity: sympy.Expr,
        where: Mapping[sympy.Symbol, sympy.Expr],
        domains: Mapping[sympy.Symbol, sympy.Set],
    ) -> None:
        self._quantity, self._where, self._domains = quantity, where, domains
        self._made: dict[sympy.Symbol, sympy.Expr] = {}

    def problems(self, current: sympy.Expr, step: Any) -> Iterator[str]:
        """Say what a step's definitions redefine, and which defined symbol it uses for something new."""
        for symbol, value in step.definitions.items():
            reason = self._redefines(symbol, value, current)
            if reason:
                yield f"{symbol} = {value} is no definition: {reason}"
            if symbol in _closure(value.free_symbols, step.definitions):
                yield f"the definition of {symbol} rests on itself"
        for symbol, value, allowed, inside in strays(step, self._domains):
            if inside is False:
                yield f"{symbol} = {value} is no definition: {symbol} must be {describe(allowed)}"
        fresh = step.right.free_symbols - step.left.free_symbols - current.free_symbols
        for symbol in sorted(fresh & self._made.keys() - step.definitions.keys(), key=str):
            yield f"{symbol} was defined as {self._made[symbol]}: another quantity needs another symbol"
        self._made.update(step.definitions)

    def _redefines(self, symbol: sympy.Symbol, value: sympy.Expr, current: sympy.Expr) -> str:
        entry = known(symbol)
        if symbol == _DELTA or is_share(symbol):
            return "delta is split over the events, it is not defined"
        if symbol in self._quantity.free_symbols:
            return "it is part of the bounded quantity"
        if symbol in self._where:
            return f"it abbreviates {self._where[symbol]}"
        if self._made.get(symbol, value) != value:
            return f"it is {self._made[symbol]} already"
        role = role_of(symbol)
        seen = seen_in_data(value) if role == "fixed" else _unseen(value) if role == "observed" else []
        if seen:
            return f"{symbol} is {_SEEN[role]}, and {', '.join(seen)} is not"
        if entry is not None and entry.free:
            return ""
        if entry is VOCABULARY.get(symbol.name) and entry is not None and entry.role == "fixed":
            return "it is a parameter of the setting; write its value instead, with Bound.substitute"
        if entry is VOCABULARY.get(symbol.name) and entry is not None and not _means(symbol, value):
            return f"it has a meaning already, {entry.meaning}; name what is defined by a boundcalc.symbol of your own"
        if symbol in current.free_symbols:
            return (
                "it stands for something already (declare it with free=True if the statement holds for its every value)"
            )
        return ""


def _means(symbol: sympy.Symbol, value: sympy.Expr) -> bool:
    """Return whether a value is what the vocabulary's symbol stands for."""
    meanings = _MEANINGS.get(symbol.name)
    return meanings is not None and (not meanings or value in meanings)


def _closure(symbols: Iterable[sympy.Symbol], definitions: Mapping[sympy.Symbol, sympy.Expr]) -> set[sympy.Symbol]:
    """Return the symbols that these come down to, themselves included."""
    found, waiting = set(), list(symbols)
    while waiting:
        symbol = waiting.pop()
        if symbol not in found:
            found.add(symbol)
            waiting += definitions[symbol].free_symbols if symbol in definitions else ()
    return found
