"""A bound as a plain statement: its fields, and what is read off them.

The engines (composing, storing, asymptotics, typesetting, inversion) take statements and return statements of the type they
were given; ``boundcalc.bound.Bound`` adds the methods that hand over to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import sympy

from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.frozen import Frozen, FrozenDict
from boundcalc.language.directions import Direction, direction, falls_from, value_range
from boundcalc.language.latex import readable
from boundcalc.statements.audit import namesakes
from boundcalc.statements.derivation import Derivation, Event
from boundcalc.statements.domain import Domain
from boundcalc.symbols import VOCABULARY, Constraint, known

__all__ = ["DELTA", "UNCHECKED", "UNITS", "AnyStatement", "Reference", "Statement"]

DELTA = VOCABULARY["delta"].symbol
#: What complexities can run over.
UNITS = ("pairs", "examples", "tuples", "landmarks")

_PLACES = {name: place for place, name in enumerate(VOCABULARY)}

AnyStatement = TypeVar("AnyStatement", bound="Statement")


#: What is said of a form before a check has spoken.
UNCHECKED = "unchecked: boundcalc.check has not been asked whether its steps hold"


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
    doubt : str
        Why its proof does not count yet, or nothing; not part of its identity.
    """

    key: str
    number: str
    title: str
    source: str
    provenance: str
    status: str
    doubt: str = field(default=UNCHECKED, compare=False)

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Statement(Frozen):
    """``quantity relation expr``; the fields are described at `boundcalc.bound.Bound`."""

    theorem: Reference
    form: str
    quantity: sympy.Expr
    relation: str
    parts: tuple[tuple[str, sympy.Expr], ...]
    where: Mapping[sympy.Symbol, sympy.Expr]
    domain: Domain
    constraints: tuple[Constraint, ...] = ()
    assumptions: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    split: tuple[tuple[Event, sympy.Expr], ...] = ()
    confidence: sympy.Expr = DELTA
    notes: Mapping[str, str] = field(default_factory=FrozenDict)
    unit: str = "pairs"
    trivial: sympy.Expr | None = None
    conditions: tuple[tuple[str, sympy.Expr, sympy.Set], ...] = ()
    replaced: Mapping[str, sympy.Expr] = field(default_factory=FrozenDict)
    ingredients: tuple[Reference, ...] = ()
    uniform: tuple[sympy.Symbol, ...] = ()
    proof: Derivation | None = field(default=None, compare=False, repr=False)
    made: Any = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", Domain(self.domain))
        if problems := namesakes(self.domain):
            raise InvalidInputError(problems, context=str(self.theorem))
        super().__post_init__()

    @cached_property
    def expr(self) -> sympy.Expr:
        """The bound in the symbols of its inputs: abbreviations inserted, delta split over the events."""
        return sympy.Add(*self.terms.values())

    @cached_property
    def terms(self) -> Mapping[str, sympy.Expr]:
        """The summands by what they are: complexity, confidence, empirical risk, ..."""
        inserted = {**self.where, **self.shares}
        terms: dict[str, sympy.Expr] = {}
        for label, part in self.parts:
            terms[label] = terms.get(label, sympy.S.Zero) + part.subs(inserted, simultaneous=True)
        return FrozenDict(terms)

    @cached_property
    def raw(self) -> sympy.Expr:
        """The bound in abbreviations, with one symbol per event for its share of delta."""
        return sympy.Add(*(part for _, part in self.parts))

    @cached_property
    def compact(self) -> sympy.Expr:
        """The bound with its abbreviations (m, Lambda, ...) kept, as one reads it in a paper."""
        return self.raw.subs(self.shares, simultaneous=True)

    @property
    def shares(self) -> dict[sympy.Symbol, sympy.Expr]:
        """The failure probability that each event is given."""
        fractions = dict(self.split) or {event: sympy.Rational(1, len(self.events)) for event in self.events}
        return {event.symbol: self.confidence * fractions[event] for event in self.events}

    @cached_property
    def symbols(self) -> Mapping[str, sympy.Symbol]:
        """The inputs by name, in the vocabulary's order."""
        named = {symbol.name: symbol for symbol in self.expr.free_symbols}
        return FrozenDict(sorted(named.items(), key=lambda item: (_PLACES.get(item[0], 999), item[0])))

    def symbol(self, name: str) -> sympy.Symbol:
        """Return a symbol by its name.

        Parameters
        ----------
        name : str

        Returns
        -------
        sympy.Symbol

        Raises
        ------
        InvalidInputError
            If the bound has no such symbol.
        """
        if name not in self.symbols:
            raise InvalidInputError(
                f"{name!r} is no symbol of this bound{suggestion(str(name), self.symbols)}; it has {', '.join(self.symbols)}",
                context=str(self.theorem),
            )
        return self.symbols[name]

    def direction(self, name: str) -> Direction:
        """Return whether the bound ``rises``, ``falls``, stays ``constant`` in a symbol, or that this is ``unknown``.

        Parameters
        ----------
        name : str
            A symbol of this bound.

        Raises
        ------
        InvalidInputError
            If there is no such symbol.
        """
        if name not in self._directions:
            symbol = self.symbol(name)
            way = direction(self.compact, symbol, domains=self._ranges, where=self.where)
            if way == "unknown" and (turns := self.better_from(name)) is not None:
                ruled = {rule.lower for rule in self.constraints if rule.upper == symbol}
                low = float(self.domain[symbol].inf)
                if all(turn in ruled or value_range(turn, self._ranges)[1] <= low for turn in turns):
                    way = "rises" if self.is_lower else "falls"
            self._directions[name] = way
        return self._directions[name]

    def better_from(self, name: str) -> tuple[sympy.Expr, ...] | None:
        """Return values of a symbol beyond all of which the bound gets no worse as it grows; None where that is unknown.

        A logarithm that meets a power, as in log(n)/n, gets worse up to its maximum and better from there on.

        Parameters
        ----------
        name : str
            A symbol of this bound.

        Raises
        ------
        InvalidInputError
            If there is no such symbol.
        """
        expr = -self.compact if self.is_lower else self.compact
        return falls_from(expr, self.symbol(name), domains=self._ranges, where=self.where)

    @cached_property
    def _ranges(self) -> Domain:
        """The domains of the symbols and of the abbreviations."""
        abbreviated = {short: entry.domain for short in self.where if (entry := known(short)) is not None}
        return Domain(abbreviated).merge(self.domain)

    @cached_property
    def _directions(self) -> dict[str, Direction]:
        """The directions asked for so far."""
        return {}

    @property
    def rises_in(self) -> tuple[str, ...]:
        """The symbols in which the bound never falls."""
        return tuple(name for name in self.symbols if self.direction(name) == "rises")

    @property
    def falls_in(self) -> tuple[str, ...]:
        """The symbols in which the bound never rises."""
        return tuple(name for name in self.symbols if self.direction(name) == "falls")

    @property
    def is_lower(self) -> bool:
        """Whether the quantity is bounded from below."""
        return self.relation.startswith(">")

    @property
    def certified(self) -> bool:
        """Whether the statement is proved from first principles, and the check said so (its inputs must be certified too)."""
        return not self.why_not_certified

    @property
    def why_not_certified(self) -> str:
        """The reason why the statement is not certified, or nothing."""
        for reference in (self.theorem, *self.ingredients):
            if reference.status != "holds":
                return f"the claim of {reference} is {reference.status}"
            if reference.provenance != "derived":
                return f"the constants of {reference} are {reference.provenance}, not proved here; the sharp form's are"
            if reference.doubt:
                return f"{reference} is {reference.doubt}"
        return ""

    def __str__(self) -> str:
        return f"{self.quantity} {self.relation} {readable(self.expr)}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.theorem.key} ({self.form}): {self}>"
