"""What a bound is made of besides expressions: domains by symbol, the theorem it remembers, labels of its summands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy

from boundcalc.errors import InvalidInputError
from boundcalc.language.domains import from_assumptions, intersect
from boundcalc.language.inputs import suggestion
from boundcalc.symbols import VOCABULARY

if TYPE_CHECKING:
    from boundcalc.statements.derivation import Event

__all__ = ["DELTA", "Domain", "Reference", "label_terms", "named_symbol"]

DELTA = VOCABULARY["delta"].symbol


class Domain(dict[sympy.Symbol, sympy.Set]):
    """Sets by symbol; a symbol's name finds its set too."""

    def __missing__(self, name: Any) -> sympy.Set:
        for symbol, allowed in self.items():
            if symbol.name == name:
                return allowed
        raise KeyError(name)

    @staticmethod
    def from_assumptions(symbol: sympy.Symbol) -> sympy.Set:
        """Return the set that a symbol's SymPy assumptions describe.

        Parameters
        ----------
        symbol : sympy.Symbol

        Returns
        -------
        sympy.Set
            As `boundcalc.language.domains.from_assumptions` reads them.
        """
        return from_assumptions(symbol)

    def merge(self, other: Mapping[sympy.Symbol, sympy.Set]) -> Domain:
        """Return the domain of a statement that needs both.

        Parameters
        ----------
        other : mapping of sympy.Symbol to sympy.Set

        Returns
        -------
        Domain
            Intersections for symbols in both; empty ones are kept, for the caller to refuse.
        """
        merged = Domain(self)
        for symbol, allowed in other.items():
            merged[symbol] = intersect([merged[symbol], allowed]) if symbol in merged else allowed
        return merged


@dataclass(frozen=True)
class Reference:
    """What a bound remembers of its theorem.

    Attributes
    ----------
    key, number, title : str
        As in the catalogue.
    source : str
        The work and the place in it.
    provenance : str
        Where the form's constants come from: ``quoted``, ``reconstructed`` or ``derived``.
    status : str
        What the catalogue says of the form: ``holds`` or ``refuted``.
    """

    key: str
    number: str
    title: str
    source: str
    provenance: str
    status: str

    def __str__(self) -> str:
        return self.key


def named_symbol(symbols: Mapping[str, sympy.Symbol], name: str, *, context: str) -> sympy.Symbol:
    """Return a bound's symbol by its name.

    Raises
    ------
    InvalidInputError
        If the bound has no such symbol.
    """
    if name not in symbols:
        raise InvalidInputError(
            f"{name!r} is no symbol of this bound{suggestion(name, symbols)}; it has {', '.join(symbols)}",
            context=context,
        )
    return symbols[name]


#: Labels in the order in which a bound is read.
_ORDER = ("approximation", "risk", "complexity", "threshold", "confidence", "optimisation", "other")

_ROLE_LABELS = (
    ("complexity", "complexity"),
    ("optimisation", "optimisation"),
    ("approximation", "approximation"),
    ("risk", "risk"),
    ("metric", "complexity"),
)


def _label(term: sympy.Expr, shares: set[sympy.Symbol]) -> str:
    if term.free_symbols & shares:
        return "confidence"
    names = {symbol.name for symbol in term.free_symbols}
    if "tau" in names:
        return "threshold"
    roles = {VOCABULARY[name].role for name in names if name in VOCABULARY}
    return next((label for role, label in _ROLE_LABELS if role in roles), "other")


def label_terms(expr: sympy.Expr, events: Iterable[Event]) -> tuple[tuple[str, sympy.Expr], ...]:
    """Return the summands of an expression with a label each: what kind of thing the term pays for.

    Parameters
    ----------
    expr : sympy.Expr
    events : iterable of Event
        A term with the share of one of them, or with delta, is a price of confidence.
    """
    shares = {event.symbol for event in events} | {DELTA}
    labelled: dict[str, sympy.Expr] = {}
    for term in sympy.Add.make_args(expr):
        name = _label(term, shares)
        labelled[name] = labelled.get(name, sympy.Integer(0)) + term
    return tuple(sorted(labelled.items(), key=lambda item: _ORDER.index(item[0])))
