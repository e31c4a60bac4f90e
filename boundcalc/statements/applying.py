"""How a statement becomes a step of a further proof: its symbols set, its assumptions and domains brought along.

A lemma is a theorem in one of its forms or a bound; both come down to `Facts`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy

from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.frozen import Frozen
from boundcalc.language.domains import describe
from boundcalc.statements.audit import expression, known_domains, lies_in, seen_in_data
from boundcalc.statements.derivation import Application, Event, Kind, Relation, Step
from boundcalc.symbols import VOCABULARY, Constraint, known, role_of

__all__ = ["Facts", "apply", "bounded_by", "elsewhere", "uncounted", "unfixed"]


@dataclass(frozen=True)
class Facts(Frozen):
    """What a step needs to know of the statement that it applies.

    Attributes
    ----------
    name : str
        For errors and as the citation.
    quantity, result : sympy.Expr
    relation : {"=", "<=", ">="}
    kind : str
        The strongest kind among its steps.
    events : tuple of Event
    domain : mapping of sympy.Symbol to sympy.Set
        The statement's own domains, where they differ from the symbols'.
    constraints, assumptions, uniform : tuple
        Relations, assumptions in words, and the symbols for all values of which it holds at once.
    conditions : tuple of (str, sympy.Expr, sympy.Set)
    experiment : Named, optional
        Of its last step.
    """

    name: str
    quantity: sympy.Expr
    relation: Relation
    result: sympy.Expr
    kind: Kind
    events: tuple[Event, ...]
    domain: Mapping[sympy.Symbol, sympy.Set]
    constraints: tuple[Constraint, ...] = ()
    assumptions: tuple[str, ...] = ()
    uniform: tuple[sympy.Symbol, ...] = ()
    conditions: tuple[tuple[str, sympy.Expr, sympy.Set], ...] = ()
    experiment: Any = None

    @property
    def symbols(self) -> dict[str, sympy.Symbol]:
        """The symbols that can be set, by name; shares of delta are not among them."""
        shares = {event.symbol for event in self.events}
        spoken = self.quantity.free_symbols | self.result.free_symbols | set(self.domain)
        return {symbol.name: symbol for symbol in spoken - shares}


def apply(
    lemma: Any,
    facts: Facts,
    quantity: Any,
    *,
    because: str,
    form: str,
    event: Event | None,
    union: Any,
    experiment: Any,
    values: Mapping[str, Any],
) -> Step:
    """Return the step that applies a statement to a quantity; see `boundcalc.by`.

    Raises
    ------
    InvalidInputError
        Listing what the statement lacks, every value outside its domain, and what is fixed in advance but given from data.
    """
    problems = []
    union = expression(union, "union")
    problems += [f"union = {union}: {problem}" for problem in uncounted(union)]
    if union != 1 and not facts.events:
        problems.append(f"union = {union} is paid by an event, and this statement has none")
    if event is not None and len(facts.events) != 1:
        problems.append(f"event = {event} is for a statement with one event; this one has {len(facts.events)}")
    renaming: dict[sympy.Symbol, sympy.Expr] = {}
    conditions = []
    listed: list[str] = []
    for name, value in values.items():
        symbol = facts.symbols.get(name)
        if symbol is None:
            own = ", ".join(sorted(facts.symbols))
            problems.append(f"{name} is no symbol of it{suggestion(name, facts.symbols)}; it has {own}")
            continue
        made = renaming[symbol] = expression(value, name)
        allowed = facts.domain.get(symbol) or known_domains([symbol])[symbol]
        inside = lies_in(made, allowed)
        if inside is False:
            problems.append(f"{name} = {made} is not allowed: {name} must be {describe(allowed)}")
        elif inside is None:
            conditions.append((name, made, allowed))
        if symbol not in facts.uniform and (problem := unfixed(symbol, made)):
            if union == 1:
                problems += problem
            else:
                listed.append(f"{name} = {made} takes one of {union} values that were listed before the data are seen")
    if problems:
        raise InvalidInputError(problems, context=f"by {facts.name}")
    events = facts.events if event is None else (event,)
    shares = {own.symbol: paid.symbol / union for own, paid in zip(facts.events, events, strict=True)}

    def here(expr: sympy.Expr) -> sympy.Expr:
        return expr.xreplace({**renaming, **shares})

    left = expression(quantity, "quantity")
    assumed = [*(_for_each(_said_here(text, renaming), union) for text in facts.assumptions), *listed]
    if left.is_Symbol and left != here(facts.quantity) and left.name not in VOCABULARY:
        assumed.append(f"{left} is what {facts.name} bounds")
    if not (union.is_number or all((entry := known(s)) is not None and entry.is_integer for s in union.free_symbols)):
        assumed.append(f"the weights {1 / union} of all instances are fixed in advance and sum to at most 1")
    kept = {symbol: allowed for symbol, allowed in facts.domain.items() if symbol not in renaming}
    return Step(
        left=left,
        relation=facts.relation,
        right=here(facts.result),
        because=because,
        kind=facts.kind,
        cites=facts.name,
        events=events,
        experiment=experiment if experiment is not None else facts.experiment,
        applies=Application(
            lemma,
            form,
            {symbol.name: value for symbol, value in renaming.items()},
            union,
            tuple(assumed),
            (*conditions, *((name, here(expr), allowed) for name, expr, allowed in facts.conditions)),
            tuple(Constraint(here(rule.lower), here(rule.upper), rule.strict) for rule in facts.constraints),
            kept,
        ),
    )


def _said_here(text: str, renaming: Mapping[sympy.Symbol, sympy.Expr]) -> str:
    """Return an assumption with what the symbols that it names are here."""
    named = [f"{s} = {value}" for s, value in renaming.items() if s != value and re.search(rf"\b{s.name}\b", text)]
    return f"{text}, with {', '.join(named)}" if named else text


def _for_each(text: str, union: sympy.Expr) -> str:
    """Return an assumption that something is fixed as it is meant where an event covers several instances at once."""
    each = f"{text} (each of the {union} instances is; the choice among them may look at the data)"
    return each if union != 1 and re.search(r"\bfixed\b", text) else text


def bounded_by(applied: Application) -> sympy.Expr:
    """Return what a statement bounds, with its symbols as they are set here."""
    lemma = applied.lemma
    quantity = lemma.derivation(applied.form or None).quantity if hasattr(lemma, "derivation") else lemma.quantity
    names = {symbol: applied.values[symbol.name] for symbol in quantity.free_symbols if symbol.name in applied.values}
    return quantity.xreplace(names)


def elsewhere(left: sympy.Expr, quantity: sympy.Expr) -> str:
    """Say that a statement on one quantity says nothing of another; a symbol of one's own may name any quantity."""
    own = left.is_Symbol and left.name not in VOCABULARY
    if left == quantity or (own and quantity.is_Symbol):
        return ""
    return f"that bounds {quantity}, not {left}; name what it bounds here by a symbol of your own"


def uncounted(union: sympy.Expr) -> list[str]:
    """Say why an expression is no number of instances that were listed before the data were seen, if it is none."""
    if not lies_in(union, sympy.Interval(1, sympy.oo)) or union.is_integer is False:
        return ["the number of instances that the event covers at once is an integer, at least 1"]
    seen = seen_in_data(union)
    return [f"the instances are listed before the data are seen, and {', '.join(seen)} is not"] if seen else []


def unfixed(symbol: sympy.Symbol, value: sympy.Expr) -> list[str]:
    """Say why a value cannot stand for a symbol that is fixed in advance, if it cannot."""
    seen = seen_in_data(value) if role_of(symbol) == "fixed" else []
    if not seen:
        return []
    return [
        f"{symbol} = {value}: {symbol} is fixed before the data are seen, and {', '.join(seen)} is not; pay a union over "
        "a grid of values that was fixed in advance, or use a statement that holds for all values at once"
    ]
