"""A bound as a value: substitute, compose, evaluate, invert, typeset, store.

The methods hand over to the evaluator, the planner and the symbolic helpers; what is here is how a bound is
put together: its parts, its domains and the account of delta.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from boundcalc.derivation import Event
from boundcalc.directions import Direction, direction
from boundcalc.domains import as_number, contains, describe, first_outside, intersect
from boundcalc.errors import CompositionError, InvalidInputError, in_context
from boundcalc.expressions import decode, encode
from boundcalc.inputs import check_inputs, suggestion
from boundcalc.symbols import SHARED_ROLES, SUBSET_NAMES, VOCABULARY, Constraint

if TYPE_CHECKING:
    import xarray

    from boundcalc.asymptotics import Comparison, Rate
    from boundcalc.planner.invert import Solution

__all__ = ["Bound", "Domain", "Reference"]

_DELTA = VOCABULARY["delta"].symbol


class Domain(dict[sympy.Symbol, sympy.Set]):
    """Sets by symbol; a symbol's name finds its set too."""

    def __missing__(self, name: Any) -> sympy.Set:
        for symbol, allowed in self.items():
            if symbol.name == name:
                return allowed
        raise KeyError(name)

    @staticmethod
    def from_assumptions(symbol: sympy.Symbol) -> sympy.Set:
        """Return the set that a symbol's SymPy assumptions describe."""
        if symbol.is_integer:
            start = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -sympy.oo
            return sympy.Range(start, sympy.oo) if start != -sympy.oo else sympy.S.Integers
        if symbol.is_positive:
            return sympy.Interval.open(0, sympy.oo)
        return sympy.Interval(0, sympy.oo) if symbol.is_nonnegative else sympy.Reals

    def merge(self, other: Mapping[sympy.Symbol, sympy.Set]) -> Domain:
        """Return the domain of a statement that needs both."""
        merged = Domain(self)
        for symbol, allowed in other.items():
            merged[symbol] = intersect([merged[symbol], allowed]) if symbol in merged else allowed
        return merged


@dataclass(frozen=True)
class Reference:
    """What a bound remembers of its theorem."""

    key: str
    number: str
    title: str
    source: str
    provenance: str
    status: str

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Bound:
    """``quantity relation expr``, with probability at least 1 - delta when it has events.

    Build one with ``Theorem.bound``; the fields are plain data.

    Attributes
    ----------
    theorem : Reference
        Key, number, title, source, provenance and status of the theorem.
    form : str
        The theorem's form.
    quantity : sympy.Expr
        What is bounded.
    relation : str
        ``<=``, ``>=``, ``=`` (or ``<``, ``>`` for a strict claim).
    parts : tuple of (str, sympy.Expr)
        The labelled summands, in abbreviations (``where``) and with one symbol per event for its share of delta.
    where : mapping of sympy.Symbol to sympy.Expr
        The abbreviations.
    domain : Domain
        A set for each symbol, and for side conditions.
    constraints : tuple of Constraint
        Relations between symbols.
    assumptions : tuple of str
        All that the statement assumes, in words.
    events : tuple of Event
        What consumes delta; each is paid once.
    split : tuple of (Event, sympy.Expr), optional
        Each event's fraction of delta; equal when empty.
    confidence : sympy.Expr
        The failure probability: the symbol ``delta`` or a number.
    notes : mapping of str to str
        Why a symbol's domain is narrowed.
    unit : str
        What complexities run over: ``pairs`` or ``examples``.
    trivial : sympy.Expr, optional
        What holds without any theorem; a value that is not better is vacuous.
    conditions : tuple of (str, sympy.Expr, sympy.Set)
        Where substituted expressions have to lie: what they stand for, the expression, the set.
    replaced : mapping of str to sympy.Expr
        What symbols were substituted, so that a later composition cannot mix two values of one symbol.
    ingredients : tuple of Reference
        The theorems whose bounds were composed in.
    """

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
    confidence: sympy.Expr = _DELTA
    notes: Mapping[str, str] = field(default_factory=dict)
    unit: str = "pairs"
    trivial: sympy.Expr | None = None
    conditions: tuple[tuple[str, sympy.Expr, sympy.Set], ...] = ()
    replaced: Mapping[str, sympy.Expr] = field(default_factory=dict)
    ingredients: tuple[Reference, ...] = ()

    # ------------------------------------------------------------------ reading

    @cached_property
    def expr(self) -> sympy.Expr:
        """The bound in the symbols of its inputs: abbreviations inserted, delta split over the events."""
        return sympy.Add(*self.terms.values())

    @cached_property
    def terms(self) -> Mapping[str, sympy.Expr]:
        """The summands by what they are: complexity, confidence, empirical risk, ..."""
        insert = dict(self.where) | self.shares
        terms: dict[str, sympy.Expr] = {}
        for label, part in self.parts:
            terms[label] = terms.get(label, sympy.Integer(0)) + part.subs(insert, simultaneous=True)
        return terms

    @cached_property
    def compact(self) -> sympy.Expr:
        """The bound with its abbreviations (m, Lambda, ...) kept, as one reads it in a paper."""
        return sympy.Add(*(part for _, part in self.parts)).subs(self.shares, simultaneous=True)

    @property
    def shares(self) -> dict[sympy.Symbol, sympy.Expr]:
        """The failure probability that each event is given."""
        fractions = dict(self.split) or {event: sympy.Rational(1, len(self.events)) for event in self.events}
        return {event.symbol: self.confidence * fractions[event] for event in self.events}

    @cached_property
    def symbols(self) -> Mapping[str, sympy.Symbol]:
        """The inputs by name, in the vocabulary's order."""
        order = {name: place for place, name in enumerate(VOCABULARY)}
        free = self.expr.free_symbols
        return {
            symbol.name: symbol
            for symbol in sorted(free, key=lambda symbol: (order.get(symbol.name, 999), symbol.name))
        }

    def direction(self, name: str) -> Direction:
        """Return whether the bound ``rises``, ``falls``, stays ``constant`` in a symbol, or that this is ``unknown``."""
        if name not in self._directions:
            symbol = self._symbol(name)
            self._directions[name] = direction(self.compact, symbol, domains=self._wide_domains(), where=self.where)
        return self._directions[name]

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

    def _symbol(self, name: str) -> sympy.Symbol:
        if name not in self.symbols:
            raise InvalidInputError(
                f"{name!r} is no symbol of this bound{suggestion(name, self.symbols)}; it has {', '.join(self.symbols)}",
                context=str(self.theorem),
            )
        return self.symbols[name]

    def _wide_domains(self) -> Domain:
        abbreviations = {short: VOCABULARY[short.name].domain for short in self.where if short.name in VOCABULARY}
        return Domain(abbreviations).merge(self.domain)

    @property
    def certified(self) -> bool:
        """Whether the statement is proved from first principles (its inputs must be certified too)."""
        return not self.why_not_certified

    @property
    def why_not_certified(self) -> str:
        """The reason why the statement is not certified, or nothing."""
        for reference in (self.theorem, *self.ingredients):
            if reference.status != "holds":
                return f"the claim of {reference} is {reference.status}"
            if reference.provenance != "derived":
                return f"the constants of {reference} are {reference.provenance}, not proved here; the sharp form's are"
        return ""

    # ------------------------------------------------------------------ composing

    def substitute(self, **values: Any) -> Bound:
        """Return the bound with symbols replaced by numbers, SymPy expressions or other bounds.

        A bound may replace the symbol of the quantity it bounds, where that keeps the inequality: assumptions, domains
        and events become the union, and an event that both use is paid once. A statement on subset M replaces the
        corresponding symbol of N or of all modalities with its own symbols renamed.

        Raises
        ------
        CompositionError
            If a bound does not bound that symbol, or from the wrong side, or runs over another kind of sample.
        InvalidInputError
            If a name is not a symbol of this bound or a number lies outside its domain.
        """
        for name in values:
            self._substitutable(name)
        bounds = {name: value for name, value in values.items() if isinstance(value, Bound)}
        plain = {name: value for name, value in values.items() if name not in bounds}
        result = self
        for name, other in bounds.items():
            result = result._compose(name, other)
        return result._insert(plain) if plain else result

    def _substitutable(self, name: str) -> None:
        for short, full in self.where.items():
            if short.name == name:
                raise InvalidInputError(f"{name} = {full} follows from the other symbols", context=str(self.theorem))
        self._symbol(name)

    def _insert(self, values: Mapping[str, Any]) -> Bound:
        replacing: dict[sympy.Symbol, sympy.Expr] = {}
        problems = []
        for name, value in values.items():
            symbol = self._symbol(name)
            expr, problem = _as_expression(name, value, self.domain.get(symbol))
            problems += [problem] if problem else []
            replacing[symbol] = expr
        constraints, conditions = (
            [],
            [(name, expr.subs(replacing, simultaneous=True), allowed) for name, expr, allowed in self.conditions],
        )
        conditions += [
            (name, replacing[self._symbol(name)], self.domain[self._symbol(name)])
            for name in values
            if replacing[self._symbol(name)].free_symbols
        ]
        for constraint in self.constraints:
            lower, upper = (side.subs(replacing, simultaneous=True) for side in (constraint.lower, constraint.upper))
            if lower.is_number and upper.is_number:
                if not problems and not bool(lower < upper if constraint.strict else lower <= upper):
                    problems.append(f"{constraint} is required, given {lower} and {upper}")
            elif all(side.is_Symbol or side.is_number for side in (lower, upper)):
                constraints.append(replace(constraint, lower=lower, upper=upper))
            else:
                conditions.append(
                    (f"{upper} - ({lower})", upper - lower, sympy.Interval(0, sympy.oo, constraint.strict))
                )
        if problems:
            raise InvalidInputError(problems, context=str(self.theorem))
        where = {short: full.subs(replacing, simultaneous=True) for short, full in self.where.items()}
        settled = {short: full for short, full in where.items() if full.is_number}
        domain = Domain({symbol: allowed for symbol, allowed in self.domain.items() if symbol not in replacing})
        for expr in replacing.values():
            domain.update({symbol: _domain_of(symbol) for symbol in expr.free_symbols if symbol not in domain})
        return replace(
            self,
            parts=tuple((label, part.subs(replacing, simultaneous=True).subs(settled)) for label, part in self.parts),
            where={short: full for short, full in where.items() if short not in settled},
            domain=domain,
            constraints=tuple(constraints),
            conditions=tuple(conditions),
            replaced={**self.replaced, **{symbol.name: expr for symbol, expr in replacing.items()}},
            confidence=self.confidence.subs(replacing, simultaneous=True),
            trivial=None if self.trivial is None else self.trivial.subs(replacing, simultaneous=True),
        )

    def _compose(self, name: str, other: Bound) -> Bound:
        other = other._for(name)
        self._check_fit(name, other)
        inner = sympy.Add(*(part for _, part in other.parts))
        symbol = self._symbol(name)
        domain = Domain({s: allowed for s, allowed in self.domain.items() if s != symbol}).merge(other.domain)
        if sympy.EmptySet in domain.values():
            empty = [str(symbol) for symbol, allowed in domain.items() if allowed is sympy.EmptySet]
            raise CompositionError(
                f"no value of {', '.join(empty)} is allowed by both statements", context=str(self.theorem)
            )
        return replace(
            self,
            parts=tuple((label, part.subs(symbol, inner)) for label, part in self.parts),
            where=dict(self.where) | dict(other.where),
            domain=domain,
            constraints=tuple(
                dict.fromkeys(c for c in self.constraints + other.constraints if symbol not in c.symbols)
            ),
            assumptions=tuple(dict.fromkeys(self.assumptions + other.assumptions)),
            events=tuple(dict.fromkeys(self.events + other.events)),
            split=(),
            notes=dict(other.notes) | dict(self.notes),
            conditions=tuple(dict.fromkeys((*self.conditions, *other.conditions))),
            replaced={**other.replaced, **self.replaced},
            ingredients=tuple(dict.fromkeys((*self.ingredients, other.theorem, *other.ingredients))),
        )

    def _check_fit(self, name: str, other: Bound) -> None:
        context = f"{self.theorem} with {name} = {other.theorem}"
        symbol = self._symbol(name)
        if other.quantity != symbol:
            raise CompositionError(f"{other.theorem} bounds {other.quantity}, not {name}", context=context)
        if other.unit != self.unit:
            raise CompositionError(
                f"complexities run over independent {self.unit} here, but over {other.unit} in {other.theorem}",
                context=context,
            )
        self._check_same_values(other, context)
        way = self.direction(name)
        keeps = {("rises", "<="): "<=", ("falls", ">="): "<=", ("rises", ">="): ">=", ("falls", "<="): ">="}
        if other.relation != "=" and keeps.get((way, other.relation)) != self.relation[0] + "=" and way != "constant":
            raise CompositionError(
                f"the bound {way} in {name}, so replacing {name} by something with {name} {other.relation} it "
                f"would not keep {self.quantity} {self.relation} ...",
                context=context,
            )
        if other.confidence != _DELTA or self.confidence != _DELTA:
            raise CompositionError("set delta after composing, so that it is split over all events", context=context)

    def _check_same_values(self, other: Bound, context: str) -> None:
        """Refuse two bounds in which one symbol stands for two things."""
        for one, two in ((self, other), (other, self)):
            for name, expr in one.replaced.items():
                if name in two.symbols or two.replaced.get(name, expr) != expr:
                    raise CompositionError(
                        f"{name} was set to {expr} in {one.theorem} before composing: compose first, then set it for both",
                        context=context,
                    )

    def _for(self, name: str) -> Bound:
        """Return this statement on the subset that a symbol's name speaks of."""
        own = self.quantity.name if self.quantity.is_Symbol else ""
        for subset, renaming in SUBSET_NAMES.items():
            if renaming.get(own) == name:
                return self.on_subset(subset)
        return self

    def on_subset(self, subset: str) -> Bound:
        """Return a statement on M as a statement on ``"N"`` or on ``"full"`` (all modalities).

        Raises
        ------
        CompositionError
            If the statement speaks of something on M that has no counterpart there, or already of that subset.
        """
        if subset not in SUBSET_NAMES:
            raise InvalidInputError(f"subset = {subset!r} must be one of {', '.join(SUBSET_NAMES)}")
        self._check_movable(subset)
        renaming: dict[sympy.Symbol, sympy.Expr] = {
            VOCABULARY[old].symbol: VOCABULARY[new].symbol for old, new in SUBSET_NAMES[subset].items()
        }
        events = {event: replace(event, subset=subset) for event in self.events}
        shares = {event.symbol: new.symbol for event, new in events.items()}
        both = {**renaming, **shares}
        return replace(
            self,
            quantity=self.quantity.subs(renaming, simultaneous=True),
            parts=tuple((label, part.subs(both, simultaneous=True)) for label, part in self.parts),
            domain=Domain({renaming.get(symbol, symbol): allowed for symbol, allowed in self.domain.items()}),
            constraints=tuple(
                dict.fromkeys(
                    replace(c, lower=c.lower.subs(renaming), upper=c.upper.subs(renaming)) for c in self.constraints
                )
            ),
            conditions=tuple((name, expr.subs(renaming), allowed) for name, expr, allowed in self.conditions),
            assumptions=tuple(dict.fromkeys((*self.assumptions, "B is a pair radius on every subset spoken of"))),
            events=tuple(events.values()),
            split=tuple((events[event], fraction) for event, fraction in self.split),
            trivial=None if self.trivial is None else self.trivial.subs(renaming),
        )

    def _check_movable(self, subset: str) -> None:
        names = {*self.symbols, *(symbol.name for symbol in self.quantity.free_symbols)}
        stuck = sorted(
            name
            for name in names
            if name not in SUBSET_NAMES[subset]
            and (name not in VOCABULARY or VOCABULARY[name].role not in SHARED_ROLES)
        )
        stuck += sorted(names & set(SUBSET_NAMES[subset].values()) - set(stuck))
        stuck += [str(event) for event in self.events if event.subset != "M"]
        if not self.quantity.is_Symbol or stuck:
            raise CompositionError(
                f"{self.quantity} {self.relation} ... cannot be restated on {subset!r}"
                + (f": {', '.join(stuck)} has no counterpart there" if stuck else ": it compares two subsets"),
                context=str(self.theorem),
            )

    def with_split(self, fractions: Mapping[str, Any]) -> Bound:
        """Return the bound with delta split over its events in stated fractions.

        Parameters
        ----------
        fractions : mapping of str to number
            A fraction of delta for each event's name (``str(event)``, or its bare name where that is unique); positive,
            summing to at most 1.

        Raises
        ------
        InvalidInputError
            If an event is unknown or missing, a fraction is not positive, or they sum to more than 1.
        """
        labels = [event.name for event in self.events]
        by_name = {(event.name if labels.count(event.name) == 1 else str(event)): event for event in self.events}
        by_name |= {str(event): event for event in self.events}
        problems = [
            f"unknown event {name!r}; this bound has {', '.join(map(str, self.events))}"
            for name in fractions
            if name not in by_name
        ]
        # a float such as 0.8 means the decimal that was typed: 0.8 and 0.2 sum to 1
        given = {by_name[name]: Fraction(str(as_number(value))) for name, value in fractions.items() if name in by_name}
        problems += [f"missing the fraction of event {event}" for event in self.events if event not in given]
        problems += [f"the fraction of {event} = {value} must be > 0" for event, value in given.items() if value <= 0]
        if sum(given.values()) > 1:
            problems.append(f"the fractions sum to {float(sum(given.values()))!r}, more than 1")
        if problems:
            raise InvalidInputError(problems, context=str(self.theorem))
        split = tuple(
            (event, sympy.Rational(given[event].numerator, given[event].denominator)) for event in self.events
        )
        return replace(self, split=split)

    # ------------------------------------------------------------------ numbers

    def evaluate(self, *, precision: int | None = None, sound: bool = False, **inputs: Any) -> xarray.DataArray:
        """Evaluate the bound.

        Parameters
        ----------
        precision : int, optional
            Decimal digits of mpmath arithmetic; the result then has object dtype.
        sound : bool
            Round outwards, so that an upper bound is never below and a lower bound never above its real value.
        **inputs : scalar, 1-D array_like or xarray.DataArray
            A value for each symbol. 1-D arrays become axes in call order, scalars none, DataArrays keep their
            dims (coordinates must agree exactly). Vocabulary names that the bound does not use are ignored.

        Returns
        -------
        xarray.DataArray
            Named after the theorem, with its form and relation as attributes; float64 unless ``precision`` is given.

        Raises
        ------
        InvalidInputError
            Listing every unknown, missing or misplaced argument; for axes of one name that differ, and for
            ``precision`` together with ``sound``.
        """
        from boundcalc.evaluator import evaluate_grid

        values = self.check_inputs(inputs)
        side = None if not sound else ("lower" if self.relation.startswith(">") else "upper")
        with in_context(self._context):
            result = evaluate_grid(
                self.expr, values, symbols=self.symbols, precision=precision, side=side, domains=self.domain
            )
        result.name = self.theorem.key
        result.attrs = {
            "form": self.form,
            "quantity": str(self.quantity),
            "relation": self.relation,
            "provenance": self.theorem.provenance,
            "status": self.theorem.status,
        }
        return result

    def gradient(self, name: str, **inputs: Any) -> xarray.DataArray:
        """Return the derivative by a symbol; by an integer, that of the smooth relaxation (floor dropped).

        The inputs are as for ``evaluate``; the result has the same axes.
        """
        from boundcalc.evaluator import gradient

        return self._derived(gradient(self.expr, self._symbol(name)), f"d/d{name}", inputs)

    def elasticity(self, name: str, **inputs: Any) -> xarray.DataArray:
        """Return by how many per cent the bound changes when a symbol grows by one per cent.

        The inputs are as for ``evaluate``; the result has the same axes.
        """
        from boundcalc.evaluator import elasticity

        return self._derived(elasticity(self.expr, self._symbol(name)), f"elasticity in {name}", inputs)

    def _derived(self, expr: sympy.Expr, label: str, inputs: Mapping[str, Any]) -> xarray.DataArray:
        from boundcalc.evaluator import evaluate_grid

        values = self.check_inputs(inputs)
        with in_context(self._context):
            found = evaluate_grid(expr, values, symbols=self.symbols, domains=self.domain)
        missing = {name: value for name, value in values.items() if np.ndim(value) and name not in found.dims}
        if missing:  # an axis that the derivative does not depend on is kept
            shape = evaluate_grid(self.expr, values, symbols=self.symbols, domains=self.domain)
            found = found.broadcast_like(shape).transpose(*shape.dims)
        return found.rename(label)

    def vacuous(self, value: xarray.DataArray, **inputs: Any) -> xarray.DataArray | None:
        """Return where a value of this bound says no more than what holds anyway; None where that cannot be told.

        Parameters
        ----------
        value : xarray.DataArray
            From ``evaluate``.
        **inputs : scalar, 1-D array_like or xarray.DataArray
            What it was evaluated at.
        """
        from boundcalc.evaluator import evaluate_grid

        if self.trivial is None or any(symbol.name not in inputs for symbol in self.trivial.free_symbols):
            return None
        symbols = {symbol.name: symbol for symbol in self.trivial.free_symbols}
        anyway = evaluate_grid(
            self.trivial, {name: given for name, given in inputs.items() if name in symbols}, symbols=symbols
        )
        return value <= anyway if self.relation.startswith(">") else value >= anyway

    def enclose(self, **inputs: Any) -> xarray.Dataset:
        """Return rigorous lower and upper ends of the bound's value (Arb balls; needs the ``rigor`` extra).

        The inputs are as for ``evaluate``; strings such as ``"0.05"`` and Fractions are taken exactly, a float as
        the binary number it is.
        """
        from boundcalc.evaluator import enclose_grid

        values = self.check_inputs(inputs)
        with in_context(self._context):
            return enclose_grid(self.expr, values, symbols=self.symbols)

    def compile(self, *names: str, **values: Any) -> Callable[..., Any]:
        """Return a plain function of the named symbols on arrays that broadcast as NumPy's do.

        Parameters
        ----------
        *names : str
            The arguments, in order. All symbols must be arguments or have a value.
        **values : number
            Values of the other symbols.

        Returns
        -------
        callable
            ``f(*arrays, out=None)``; it does not validate the domain.

        Raises
        ------
        InvalidInputError
            For symbols that are unknown, missing, named twice, or both named and given a value, and for values
            outside the domain.
        """
        from boundcalc.evaluator import compile_expression

        known = {name: value for name, value in values.items() if name in self.symbols}
        unknown = [name for name in (*names, *values) if name not in VOCABULARY and name not in self.symbols]
        missing = [name for name in self.symbols if name not in (*names, *values)]
        problems = [f"unknown symbol {name!r}{suggestion(name, self.symbols)}" for name in unknown]
        problems += [f"{name} is named twice" for name in dict.fromkeys(names) if names.count(name) > 1]
        problems += [f"{name} is named as an argument and given a value" for name in values if name in names]
        problems += [f"missing {name}" for name in missing[:-1]]
        problems += [f"missing {name}: name each as an argument or give its value" for name in missing[-1:]]
        if problems:
            raise InvalidInputError(problems, context=str(self.theorem))
        fixed = self._insert(known) if known else self
        arguments = tuple(self.symbols.get(name) or VOCABULARY[name].symbol for name in names)
        return compile_expression(fixed.expr, arguments, domains=self.domain)

    def check_others(self, inputs: Mapping[str, Any], *, free: str) -> dict[str, Any]:
        """Return the values of all symbols but one, checked as in ``check_inputs``."""
        self._symbol(free)
        return self._checked(inputs, [name for name in self.symbols if name != free])

    def check_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of this bound's symbols, names, domains and constraints checked.

        Raises
        ------
        InvalidInputError
            Listing every unknown, missing or misplaced argument.
        """
        return self._checked(inputs, list(self.symbols))

    def _checked(self, inputs: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
        context = self._context
        values = check_inputs(
            inputs,
            required=required,
            domain=self.domain,
            constraints=self.constraints,
            notes=self.notes,
            context=context,
        )
        broken = [problem for condition in self.conditions if (problem := self._broken(condition, values))]
        if broken:
            raise InvalidInputError(broken, context=context)
        return values

    @property
    def _context(self) -> str:
        return f"{self.theorem.key} ({self.form})"

    def _broken(self, condition: tuple[str, sympy.Expr, sympy.Set], values: Mapping[str, Any]) -> str:
        """Say how a substituted expression leaves its set, if it does (only where all its symbols are given)."""
        from boundcalc.evaluator import evaluate_grid

        name, expr, allowed = condition
        symbols = {symbol.name: symbol for symbol in expr.free_symbols}
        if not symbols.keys() <= values.keys():
            return ""
        found = evaluate_grid(expr, {key: values[key] for key in symbols}, symbols=symbols)
        if hasattr(found.data, "dask"):
            return ""
        outside = first_outside(allowed, found.values)
        return "" if outside is None else f"{name} = {expr} = {outside} is not allowed: it must be {describe(allowed)}"

    # ------------------------------------------------------------------ symbols

    def rate(self, name: str = "n") -> Rate:
        """Return the limit, the order of decay and its coefficient as a symbol grows."""
        from boundcalc.asymptotics import rate

        symbol = self._symbol(name)
        if symbol in self.domain and self.domain[symbol].sup != sympy.oo:
            raise InvalidInputError(
                f"{name} is {describe(self.domain[symbol])}, so it does not grow; a rate is asked in a symbol that does, such as n",
                context=str(self.theorem),
            )
        return rate(self.expr, symbol)

    def compare(self, other: Bound, name: str = "n") -> Comparison:
        """Compare with another bound of the same quantity: difference, and ratio as a symbol grows."""
        from boundcalc.asymptotics import compare

        if not isinstance(other, Bound):
            raise InvalidInputError(
                f"other = {other!r} is no Bound; make one with Theorem.bound", context=str(self.theorem)
            )

        return compare(self, other, name)

    def solve_for(self, name: str, *, target: Any, closed_form: bool = False, **others: Any) -> Solution:
        """Solve for the one symbol that is left out: the last value at which the bound meets the target.

        Parameters
        ----------
        name : str
            A symbol in which the bound is monotone.
        target : scalar, 1-D array_like or xarray.DataArray
            What the bound should reach.
        closed_form : bool
            Ask SymPy for the answer on the smooth relaxation too.
        **others : scalar, 1-D array_like or xarray.DataArray
            All other symbols.

        Returns
        -------
        Solution
            With values, feasible, reason and the nearest target in every cell.

        Raises
        ------
        InvalidInputError
            If the bound is not monotone in the symbol, or an input is bad.
        """
        from boundcalc.planner.invert import solve_for

        return solve_for(self, name, target=target, closed_form=closed_form, **others)

    def simplify(self) -> Bound:
        """Return the same bound with each part simplified by SymPy."""
        return replace(self, parts=tuple((label, sympy.simplify(part)) for label, part in self.parts))

    def to_latex(self) -> str:
        """Return the statement in LaTeX, with its abbreviations explained."""
        from boundcalc.typeset import bound_latex

        return bound_latex(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"

    def _repr_html_(self) -> str:
        from boundcalc.typeset import bound_html

        return bound_html(self)

    def to_python(self) -> str:
        """Return the source of a plain Python function of the bound's symbols (``math`` only)."""
        from boundcalc.typeset import bound_python

        return bound_python(self)

    def to_json(self) -> str:
        """Return the bound as JSON; ``Bound.from_json`` gives an equal bound back."""
        return json.dumps(
            {
                "boundcalc": 1,
                "theorem": vars(self.theorem),
                "form": self.form,
                "quantity": encode(self.quantity),
                "relation": self.relation,
                "parts": [[label, encode(part)] for label, part in self.parts],
                "where": [[encode(short), encode(full)] for short, full in self.where.items()],
                "domain": [[encode(symbol), encode(allowed)] for symbol, allowed in self.domain.items()],
                "constraints": [[encode(c.lower), encode(c.upper), c.strict] for c in self.constraints],
                "assumptions": list(self.assumptions),
                "events": [[event.name, event.statement, event.subset] for event in self.events],
                "split": [[self.events.index(event), encode(fraction)] for event, fraction in self.split],
                "confidence": encode(self.confidence),
                "notes": dict(self.notes),
                "unit": self.unit,
                "trivial": None if self.trivial is None else encode(self.trivial),
                "conditions": [[name, encode(expr), encode(allowed)] for name, expr, allowed in self.conditions],
                "replaced": {name: encode(expr) for name, expr in self.replaced.items()},
                "ingredients": [vars(reference) for reference in self.ingredients],
            },
            indent=1,
        )

    @classmethod
    def from_json(cls, text: str) -> Bound:
        """Return the bound that ``to_json`` wrote; nothing in the text is ever evaluated as code.

        Raises
        ------
        InvalidInputError
            If the text is not such a bound.
        """
        try:
            data = json.loads(text)
            events = tuple(Event(name, statement, subset) for name, statement, subset in data["events"])
            return cls(
                theorem=Reference(**data["theorem"]),
                form=data["form"],
                quantity=decode(data["quantity"]),
                relation=data["relation"],
                parts=tuple((label, decode(part)) for label, part in data["parts"]),
                where={decode(short): decode(full) for short, full in data["where"]},
                domain=Domain({decode(symbol): decode(allowed) for symbol, allowed in data["domain"]}),
                constraints=tuple(
                    Constraint(decode(low), decode(high), strict) for low, high, strict in data["constraints"]
                ),
                assumptions=tuple(data["assumptions"]),
                events=events,
                split=tuple((events[place], decode(fraction)) for place, fraction in data["split"]),
                confidence=decode(data["confidence"]),
                notes=data["notes"],
                unit=data["unit"],
                trivial=None if data["trivial"] is None else decode(data["trivial"]),
                conditions=tuple((name, decode(expr), decode(allowed)) for name, expr, allowed in data["conditions"]),
                replaced={name: decode(expr) for name, expr in data["replaced"].items()},
                ingredients=tuple(Reference(**reference) for reference in data["ingredients"]),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InvalidInputError(f"not a bound written by to_json: {error}") from error

    def __str__(self) -> str:
        return f"{self.quantity} {self.relation} {self.expr}"

    def __repr__(self) -> str:
        return f"<Bound {self.theorem.key} ({self.form}): {self}>"

    # ------------------------------------------------------------------ construction

    @staticmethod
    def label(expr: sympy.Expr, events: Iterable[Event]) -> tuple[tuple[str, sympy.Expr], ...]:
        """Return the summands of an expression with a label each: what kind of thing the term pays for."""
        shares = {event.symbol for event in events} | {_DELTA}
        labelled: dict[str, sympy.Expr] = {}
        for term in sympy.Add.make_args(expr):
            name = _label(term, shares)
            labelled[name] = labelled.get(name, sympy.Integer(0)) + term
        return tuple(sorted(labelled.items(), key=lambda item: _ORDER.index(item[0])))


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


def _as_expression(name: str, value: Any, domain: sympy.Set | None) -> tuple[sympy.Expr, str]:
    """Return a substituted value as an expression, and what is wrong with it."""
    if hasattr(value, "bound"):
        return sympy.nan, f"{name} is given as a theorem: give one of its bounds, theorem({value.key!r}).bound()"
    if isinstance(value, sympy.Expr) and not value.is_number:
        foreign = [s for s in value.free_symbols if s.name in VOCABULARY and VOCABULARY[s.name].symbol != s]
        if foreign:
            return (
                sympy.nan,
                f"{name} = {value}: take {foreign[0]} from boundcalc.symbols, a plain SymPy symbol lacks its domain",
            )
        return value, ""
    try:
        number = as_number(value)
    except (TypeError, ValueError):
        return sympy.nan, f"{name} = {value!r} is neither a real number nor a SymPy expression nor a Bound"
    if domain is not None and not bool(contains(domain, number)):
        return sympy.nan, f"{name} = {value} is not allowed: {name} must be {describe(domain)}"
    if isinstance(value, sympy.Expr):
        return value, ""
    if isinstance(number, Fraction):
        return sympy.Rational(number.numerator, number.denominator), ""
    if isinstance(number, float) and number.is_integer() and domain is not None and isinstance(domain, sympy.Range):
        return sympy.Integer(int(number)), ""
    return sympy.sympify(number), ""


def _domain_of(symbol: sympy.Symbol) -> sympy.Set:
    known = VOCABULARY.get(symbol.name)
    return known.domain if known is not None and known.symbol == symbol else Domain.from_assumptions(symbol)
