"""What the summands of a bound pay for: each is labelled by the symbols in it."""

from __future__ import annotations

from collections.abc import Iterable

import sympy

from boundcalc.statements.derivation import Event
from boundcalc.symbols import VOCABULARY, known

__all__ = ["label_terms"]

#: Labels in the order in which a bound is read.
_ORDER = ("approximation", "risk", "complexity", "threshold", "confidence", "optimisation", "other")

#: The label that the first of these groups among a term's symbols gives it.
_LABEL_OF_GROUP = {
    "complexity": "complexity",
    "optimisation": "optimisation",
    "approximation": "approximation",
    "risk": "risk",
    "metric": "complexity",
}


def label_terms(expr: sympy.Expr, events: Iterable[Event]) -> tuple[tuple[str, sympy.Expr], ...]:
    """Return the summands of an expression with a label each: what kind of thing the term pays for.

    Parameters
    ----------
    expr : sympy.Expr
    events : iterable of Event
        A term with the share of one of them, or with delta, is a price of confidence.

    Returns
    -------
    tuple of (str, sympy.Expr)
        In the order in which a bound is read; terms of one label are added.
    """
    shares = {event.symbol for event in events} | {VOCABULARY["delta"].symbol}
    labelled: dict[str, sympy.Expr] = {}
    for term in sympy.Add.make_args(expr):
        name = _label(term, shares)
        labelled[name] = labelled.get(name, sympy.S.Zero) + term
    return tuple(sorted(labelled.items(), key=lambda item: _ORDER.index(item[0])))


def _label(term: sympy.Expr, shares: set[sympy.Symbol]) -> str:
    if term.free_symbols & shares:
        return "confidence"
    if VOCABULARY["tau"].symbol in term.free_symbols:
        return "threshold"
    groups = {entry.group for symbol in term.free_symbols if (entry := known(symbol)) is not None}
    return next((label for group, label in _LABEL_OF_GROUP.items() if group in groups), "other")
