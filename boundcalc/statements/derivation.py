"""Derivations: chains of steps that compute the bound they end in.

A derivation starts from the quantity to be bounded. Each step replaces a part of the current expression by
something equal, larger or smaller; the fold refuses a step that would turn the inequality round.

>>> from boundcalc.symbols import C, L, R_M, Rad_loss, EPhi_m
>>> chain = Derivation(
...     quantity=EPhi_m,
...     steps=(
...         at_most(EPhi_m, 2 * Rad_loss, because="symmetrisation", kind="expectation"),
...         at_most(Rad_loss, L * R_M, because="contraction", kind="expectation"),
...     ),
... )
>>> chain.relation, chain.result
('<=', 2*L*R_M)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, get_args

import sympy

from boundcalc.errors import DerivationError, InvalidInputError, suggestion
from boundcalc.frozen import Frozen, FrozenDict
from boundcalc.language.directions import Direction, direction, value_range
from boundcalc.language.latex import rounded, share
from boundcalc.show.html import Markup
from boundcalc.statements.audit import Definitions, expression, known_domains, namesakes, strays, unpaid
from boundcalc.statements.proofs_latex import chain_html, chain_latex
from boundcalc.symbols import DERIVED, VOCABULARY, Constraint, known

__all__ = [
    "Application",
    "Derivation",
    "Event",
    "Kind",
    "Named",
    "Relation",
    "Step",
    "at_least",
    "at_most",
    "equal",
    "named",
    "plain_shares",
]

Relation = Literal["=", "<=", ">="]

Kind = Literal["identity", "algebra", "infimum", "expectation", "probability", "inclusion", "claim"]
"""What a step says, hence what can check it.

identity
    equal once the step's definitions are inserted;
algebra
    an inequality of closed forms under the symbols' domains;
infimum
    an infimum is at most a member's value, an approximate minimiser is near it;
expectation
    an inequality between expectations;
probability
    holds on an event that consumes a share of delta;
inclusion
    a class lies in another;
claim
    asserted by a source without a proof that we could follow.
"""

_DELTA = VOCABULARY["delta"].symbol

_REVERSED: dict[Relation, Relation] = {"=": "=", "<=": ">=", ">=": "<="}


@dataclass(frozen=True)
class Event:
    """Something that holds except with a small probability, paid for out of delta once.

    Two bounds that use the same event pay once; it is the same when all of this is.

    Attributes
    ----------
    name : str
        What it is called.
    statement : str
        What holds on it, in words.
    subset : str
        The modality subset it speaks of, ``"M"`` unless renamed.
    of : str
        What it bounds: filled in when a derivation uses it, so that one event in two steps is two events unless they say
        the same.
    """

    name: str
    statement: str
    subset: str = "M"
    of: str = ""

    @cached_property
    def symbol(self) -> sympy.Symbol:
        """The share of delta that the event consumes."""
        mark = f"|{sha256(f'{self.statement}|{self.of}'.encode()).hexdigest()[:12]}" if self.of else ""
        return share(f"{self.name}|{self.subset}{mark}")

    @property
    def full(self) -> str:
        """Name, subset and what it bounds, where names alone do not tell events apart."""
        return f"{self}: {self.of}" if self.of else str(self)

    def __str__(self) -> str:
        return f"{self.name} ({self.subset})"


def _printed_shares(events: Sequence[Event]) -> dict[sympy.Symbol, sympy.Expr]:
    """Return the events' shares of delta as they are printed: by number, and by name where that tells them apart."""
    numbered = {share(str(place)): event.symbol for place, event in enumerate(events, start=1)}
    plain = [replace(event, of="").symbol for event in events]
    return numbered | {one: e.symbol for one, e in zip(plain, events, strict=True) if plain.count(one) == 1}


def plain_shares(text: str) -> str:
    """Return a formula as text with the shares of delta by their events' names alone."""
    return re.sub(r"(delta\[[^\]|]*\|[^\]|]*)\|[0-9a-f]{12}\]", r"\1]", text)


@dataclass(frozen=True)
class Named:
    """An experiment by its name, as plain data: the checker knows what is tried out under it.

    Attributes
    ----------
    name : str
    options : tuple of (str, str or bool or int) pairs
        What it is told, by argument.
    """

    name: str
    options: tuple[tuple[str, str | bool | int], ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value!r}' for key, value in self.options)})"

    def equal(self, left: Any, right: Any, *, because: str, **options: Any) -> Step:
        """Return the step ``left = right`` that this experiment tries out; arguments as for `equal`."""
        return equal(left, right, because=because, **self._tried(options))

    def at_most(self, left: Any, right: Any, *, because: str, **options: Any) -> Step:
        """Return the step ``left <= right`` that this experiment tries out; arguments as for `at_most`."""
        return at_most(left, right, because=because, **self._tried(options))

    def at_least(self, left: Any, right: Any, *, because: str, **options: Any) -> Step:
        """Return the step ``left >= right`` that this experiment tries out; arguments as for `at_least`."""
        return at_least(left, right, because=because, **self._tried(options))

    def _tried(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return a step's options: it is about expectations unless it says otherwise, or consumes events."""
        return {"kind": "probability" if options.get("events") else "expectation", "experiment": self} | options


def named(name: str, **options: str | bool | int) -> Named:
    """Return the experiment of a name, for a step to carry.

    >>> tried = named("learning", context="any")
    >>> print(tried)
    learning(context='any')
    >>> tried.at_most(sympy.Symbol("x"), 1, because="...").experiment == tried
    True

    Parameters
    ----------
    name : str
        A key of ``boundcalc.checker.experiments.named.EXPERIMENTS``.
    **options
        Its arguments: texts, numbers, True or False.
    """
    return Named(name, tuple(options.items()))


@dataclass(frozen=True)
class Application(Frozen):
    """Which statement a step applies, and what comes with it.

    Attributes
    ----------
    lemma : Theorem or Bound
    form : str
        The theorem's form.
    values : mapping of str to sympy.Expr
        What its symbols are here.
    union : sympy.Expr
        How many instances are covered at once.
    assumptions : tuple of str
        What the statement assumes.
    conditions : tuple of (str, sympy.Expr, sympy.Set)
        Values that must lie in the domain of what they stand for, where that is not certain.
    constraints : tuple of Constraint
        Relations that the statement needs.
    domain : mapping of sympy.Symbol to sympy.Set
        What the statement allows of the symbols that it keeps.
    """

    lemma: Any
    form: str
    values: Mapping[str, sympy.Expr] = field(default_factory=FrozenDict)
    union: sympy.Expr = sympy.S.One
    assumptions: tuple[str, ...] = ()
    conditions: tuple[tuple[str, sympy.Expr, sympy.Set], ...] = ()
    constraints: tuple[Constraint, ...] = ()
    domain: Mapping[sympy.Symbol, sympy.Set] = field(default_factory=FrozenDict)


@dataclass(frozen=True)
class Step(Frozen):
    """One step: ``left relation right``, and why.

    Attributes
    ----------
    left, right : sympy.Expr
        ``left`` is the part of the current expression that is replaced.
    relation : {"=", "<=", ">="}
    because : str
        The reason in words.
    kind : str
        See ``Kind``.
    cites : str
        The catalogue key or the exact place in the literature that the step rests on.
    definitions : mapping of sympy.Symbol to sympy.Expr
        What the symbols of an identity abbreviate.
    events : tuple of Event
        Events that the step consumes.
    experiment : Named, optional
        How the step can be enumerated or simulated; for your own steps also a `boundcalc.checker.Experiment`.
    applies : Application, optional
        The statement that the step is an instance of; `boundcalc.by` fills it in.
    using : tuple of int
        The numbers of earlier steps that this one, an inequality of closed forms, takes for granted.

    Raises
    ------
    InvalidInputError
        If the relation or kind is unknown, a side is no expression, or a step of kind ``probability`` has no event.
    """

    left: sympy.Expr
    relation: Relation
    right: sympy.Expr
    because: str
    kind: Kind = "algebra"
    cites: str = ""
    definitions: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=FrozenDict)
    events: tuple[Event, ...] = ()
    experiment: Any = None
    applies: Application | None = None
    using: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for side in ("left", "right"):
            object.__setattr__(self, side, expression(getattr(self, side), f"the step's {side} side"))
        problems = []
        if self.relation not in get_args(Relation):
            problems.append(f"relation = {self.relation!r} must be one of {', '.join(get_args(Relation))}")
        if self.kind not in get_args(Kind):
            problems.append(
                f"kind = {self.kind!r} is unknown{suggestion(str(self.kind), get_args(Kind))}; "
                f"it must be one of {', '.join(get_args(Kind))}"
            )
        if not all(isinstance(event, Event) for event in self.events):
            problems.append(f"events = {self.events!r} must be a tuple of Event")
        elif self.kind == "probability" and not self.events:
            problems.append("a step of kind 'probability' needs the event that it holds on: events=(Event(...),)")
        if not all(isinstance(symbol, sympy.Symbol) for symbol in self.definitions):
            problems.append("definitions must map symbols to expressions")
        if self.using and (self.kind not in ("algebra", "identity") or not all(type(k) is int for k in self.using)):
            problems.append(f"using = {self.using!r} must be numbers of earlier steps, in a step of kind 'algebra'")
        if problems:
            raise InvalidInputError(problems, context=f"step {self}")
        made = {s: expression(value, f"the definition of {s}") for s, value in self.definitions.items()}
        object.__setattr__(self, "definitions", made)
        super().__post_init__()

    def __str__(self) -> str:
        return plain_shares(f"{self.left} {self.relation} {self.right}")

    def as_constraints(self) -> tuple[Constraint, ...]:
        """Return what the step says as relations between its sides."""
        below, above = Constraint(self.left, self.right), Constraint(self.right, self.left)
        return {"<=": (below,), ">=": (above,), "=": (below, above)}[self.relation]

    def renamed(
        self, names: Mapping[sympy.Expr, sympy.Expr], *, parts: Mapping[sympy.Expr, sympy.Expr] = FrozenDict()
    ) -> Step:
        """Return the step with symbols, after larger parts, replaced on its sides and in its definitions."""

        def here(expr: sympy.Expr) -> sympy.Expr:
            return (expr.subs(parts) if parts else expr).xreplace(names)

        made = {symbol: here(value) for symbol, value in self.definitions.items()}
        return replace(self, left=here(self.left), right=here(self.right), definitions=made)

    def meant(self, current: sympy.Expr, where: Mapping[sympy.Symbol, sympy.Expr], events: Sequence[Event]) -> Step:
        """Return the step in the symbols of an expression that it replaces a part of, if it is written as bounds are printed.

        There abbreviations are written out, every event has its share of delta, and long numbers have fifteen digits.
        """
        if _occurs(self.left, current) or (self.events and _DELTA in self.right.free_symbols):
            return self
        parts = {full: short for short, full in where.items() if short in current.free_symbols}
        long = {sympy.Rational(str(shown)): number for number, shown in rounded(current).items()}
        shares: list[dict[sympy.Expr, sympy.Expr]] = [{_DELTA: len(events) * event.symbol} for event in events] or [{}]
        read = [self.renamed({**long, **share}, parts=parts) for share in shares]
        read = [replace(step, left=_written_as(step.left, current)) for step in read]
        found = [step for step in dict.fromkeys(read) if _occurs(step.left, current)]
        return found[0] if len(found) == 1 else self

    def bound_events(self) -> Step:
        """Return the step with events that know what they bound: its statement, and the experiment that tries it."""
        names = {event.symbol: replace(event, of="").symbol for event in self.events}
        said = f"{self.left.xreplace(names)} {self.relation} {self.right.xreplace(names)}"
        said += f" [{self.experiment}]" if isinstance(self.experiment, Named) else ""
        events = tuple(replace(event, of=said) for event in self.events)
        shares = {old.symbol: new.symbol for old, new in zip(self.events, events, strict=True)}
        return replace(self.renamed(shares), events=events)


def _step(left: Any, relation: Relation, right: Any, because: str, options: dict[str, Any]) -> Step:
    return Step(left, relation, right, because, **options)


def equal(left: Any, right: Any, *, because: str, kind: Kind = "identity", **options: Any) -> Step:
    """Return the step ``left = right``.

    Parameters
    ----------
    left, right : sympy expression or number
    because : str
        Why it is so.
    kind : str
        What sort of step it is, as in `Step`.
    **options
        Other fields of `Step`.
    """
    return _step(left, "=", right, because, {"kind": kind, **options})


def at_most(left: Any, right: Any, *, because: str, **options: Any) -> Step:
    """Return the step ``left <= right``.

    Parameters
    ----------
    left, right : sympy expression or number
    because : str
        Why it is so.
    **options
        Kind, citation and other fields of `Step`.
    """
    return _step(left, "<=", right, because, options)


def at_least(left: Any, right: Any, *, because: str, **options: Any) -> Step:
    """Return the step ``left >= right``.

    Parameters
    ----------
    left, right : sympy expression or number
    because : str
        Why it is so.
    **options
        Kind, citation and other fields of `Step`.
    """
    return _step(left, ">=", right, because, options)


@dataclass(frozen=True)
class Derivation(Frozen):
    """A quantity and the steps that bound it.

    Attributes
    ----------
    quantity : sympy.Expr
        What is bounded.
    steps : tuple of Step
        Applied in order.
    where : mapping of sympy.Symbol to sympy.Expr
        Which of the vocabulary's abbreviations the expressions use, such as ``m = floor(n/2)``.
    domains : mapping of sympy.Symbol to sympy.Set
        Domains of symbols that are not in the vocabulary.

    Raises
    ------
    DerivationError
        When a step's left side does not occur, replacing it would turn the inequality round, a definition redefines
        something, or delta is used without an event.
    """

    quantity: sympy.Expr
    steps: tuple[Step, ...]
    where: Mapping[sympy.Symbol, sympy.Expr] = DERIVED
    domains: Mapping[sympy.Symbol, sympy.Set] = field(default_factory=FrozenDict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantity", expression(self.quantity, "quantity"))
        odd = [f"{short} = {full}" for short, full in self.where.items() if DERIVED.get(short) != full]
        if odd:
            raise DerivationError(
                f"where: {', '.join(odd)} is no abbreviation of the vocabulary; define a symbol of your own in a step, or "
                "substitute its value in the bound"
            )
        object.__setattr__(self, "steps", self._bound_steps())
        super().__post_init__()
        spoken = (part for step in self.steps for part in (step.left, step.right, *step.definitions))
        if problems := namesakes(set().union(self.quantity.free_symbols, *(part.free_symbols for part in spoken))):
            raise DerivationError(problems)
        self._folded  # noqa: B018 - a chain that does not fold is refused at once

    def _bound_steps(self) -> tuple[Step, ...]:
        """Return the steps with every event bound to what it bounds, and the same share wherever it is meant."""
        shares: dict[sympy.Symbol, sympy.Expr] = {}
        found: list[Step] = []
        current = self.quantity
        for step in self.steps:
            if not isinstance(step, Step):
                raise DerivationError(f"{step!r} is no Step: make one with at_most, at_least, equal or by")
            bound = step.bound_events()
            shares |= {old.symbol: new.symbol for old, new in zip(step.events, bound.events, strict=True)}
            own = {event.symbol for event in bound.events}
            bound = bound.renamed({old: new for old, new in shares.items() if old not in own})
            events = tuple(dict.fromkeys(event for one in found for event in one.events))
            found.append(bound.renamed(_printed_shares(events)).meant(current, self.where, events))
            current = _replace(current, found[-1].left, found[-1].right)
        told = [symbol.name for symbol in self.domains if known(symbol) is not None]
        if told:
            raise DerivationError(f"domains: {', '.join(told)} has its own domain; narrow it in the theorem's domain")
        domains = {shares.get(symbol, symbol): allowed for symbol, allowed in self.domains.items()}
        object.__setattr__(self, "domains", FrozenDict(domains))
        return tuple(found)

    @cached_property
    def _folded(self) -> tuple[tuple[sympy.Expr, ...], Relation]:
        """The successive expressions, and how the first relates to the last."""
        lines = [self.quantity]
        relation: Relation = "="
        definitions = Definitions(self.quantity, self.where, self.domains)
        shares: set[sympy.Symbol] = set()
        for number, step in enumerate(self.steps, start=1):
            shares |= {event.symbol for event in step.events}
            problems = [*definitions.problems(lines[-1], step), *unpaid(step, shares)]
            problems += [f"it uses step {k}, which is not before it" for k in step.using if not 0 < k < number]
            if problems:
                raise DerivationError(problems, context=f"step {number} ({step})")
            moved = self._moved(lines[-1], step, number)
            relation = _chained(relation, moved, step, number)
            lines.append(_replace(lines[-1], step.left, step.right))
        return tuple(lines), relation

    @property
    def lines(self) -> tuple[sympy.Expr, ...]:
        """The successive expressions, from the quantity to the bound."""
        return self._folded[0]

    @property
    def result(self) -> sympy.Expr:
        """The bound, in the derivation's abbreviations and with one symbol per event for its share of delta."""
        return self.lines[-1]

    @property
    def relation(self) -> Relation:
        """How the quantity relates to the result."""
        return self._folded[1]

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that consume delta, each once."""
        return tuple(dict.fromkeys(event for step in self.steps for event in step.events))

    @property
    def conditions(self) -> tuple[tuple[str, sympy.Expr, sympy.Set], ...]:
        """Where values have to lie that steps put into statements, or choose for their free symbols."""
        chosen = (
            (symbol.name, value, allowed)
            for step in self.steps
            for symbol, value, allowed, _ in strays(step, self.domains)
            if (entry := known(symbol)) is not None and entry.free
        )
        put = (one for applied in self.applications for one in applied.conditions)
        return tuple(dict.fromkeys((*put, *chosen)))

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The relations that the statements need which steps apply."""
        return tuple(dict.fromkeys(rule for applied in self.applications for rule in applied.constraints))

    def granted(self, step: Step) -> tuple[Constraint, ...]:
        """Return what a step takes for granted: the earlier steps that it uses.

        Parameters
        ----------
        step : Step
        """
        return tuple(rule for k in step.using for rule in self.steps[k - 1].as_constraints())

    @property
    def applications(self) -> tuple[Application, ...]:
        """The statements that steps are instances of."""
        return tuple(step.applies for step in self.steps if step.applies is not None)

    def __str__(self) -> str:
        lines = [f"    {self.quantity}"]
        for number, (step, line) in enumerate(zip(self.steps, self.lines[1:], strict=True), start=1):
            lines += [f"{number:2}. {step}    [{step.kind}] {step.because}", f" {step.relation:>2} {line}"]
        return plain_shares("\n".join(lines))

    def to_latex(self, environment: str = "align") -> str:
        """Return the chain as aligned lines with their reasons and citations, for a document with amsmath.

        Parameters
        ----------
        environment : {"align", "align*"}

        Raises
        ------
        InvalidInputError
            For another environment.
        """
        return chain_latex(self, environment=environment)

    def _repr_html_(self) -> Markup:
        return chain_html(self)

    def _moved(self, current: sympy.Expr, step: Step, number: int) -> Relation:
        """Return the relation of the whole expression before and after a step."""
        place = sympy.Dummy("place", real=True, nonnegative=step.left.is_nonnegative)
        marked = _replace(current, step.left, place)
        if place not in marked.free_symbols:
            said = f"step {number}: {step.left} does not occur in {current}"
            events = self.events if _DELTA in step.left.free_symbols else ()
            shares = (f"{share(str(place))} is the share of {event}" for place, event in enumerate(events, start=1))
            raise DerivationError("; ".join([plain_shares(said), *shares]))
        if step.relation == "=":
            return "="
        symbols = marked.free_symbols | set().union(*(full.free_symbols for full in self.where.values()))
        domains = {**known_domains({*symbols, *step.left.free_symbols, *self.where} - {place}), **self.domains}
        if step.relation == "<=":  # the part only grows
            domains[place] = sympy.Interval(sympy.sympify(value_range(step.left, domains)[0]), sympy.oo)
        way: Direction = direction(marked, place, domains=domains, where=self.where)
        if way == "unknown":
            raise DerivationError(plain_shares(f"step {number}: cannot tell how {current} moves with {step.left}"))
        return step.relation if way == "rises" else _REVERSED[step.relation]


def _occurs(part: sympy.Expr, current: sympy.Expr) -> bool:
    place = sympy.Dummy("place")
    return place in _replace(current, part, place).free_symbols


def _written_as(part: sympy.Expr, current: sympy.Expr) -> sympy.Expr:
    """Return a part as an expression writes it: with its roots of products, or products of roots."""

    def spread(expr: sympy.Expr) -> sympy.Expr:
        return sympy.expand_power_base(sympy.powdenest(expr, force=True), force=True)

    size, wanted = len(part.free_symbols), spread(part)
    alike = (one for one in sympy.preorder_traversal(current) if len(one.free_symbols) == size)
    return next((one for one in alike if spread(one) == wanted), part)


def _replace(current: sympy.Expr, left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
    if current == left:
        return right
    return current.xreplace({left: right}) if left.is_Symbol else current.subs(left, right)


def _chained(so_far: Relation, moved: Relation, step: Step, number: int) -> Relation:
    if "=" in (so_far, moved):
        return moved if so_far == "=" else so_far
    if so_far != moved:
        raise DerivationError(f"step {number} ({step}) turns the chain's {so_far!r} round")
    return so_far
