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

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import sympy

from boundcalc.arithmetic.convert import as_expression
from boundcalc.errors import DerivationError
from boundcalc.frozen import Frozen, FrozenDict
from boundcalc.language.directions import Direction, direction
from boundcalc.language.latex import RELATIONS, expression_latex
from boundcalc.show.html import Markup, tag
from boundcalc.symbols import DERIVED, DOMAINS, known

__all__ = ["Derivation", "Event", "Kind", "Named", "Relation", "Step", "at_least", "at_most", "equal", "named"]

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

_REVERSED: dict[Relation, Relation] = {"=": "=", "<=": ">=", ">=": "<="}


@dataclass(frozen=True)
class Event:
    """Something that holds except with a small probability, paid for out of delta once.

    Attributes
    ----------
    name : str
        Its identity: two bounds that use the same event (name and subset) pay once.
    statement : str
        What holds on it, in words.
    subset : str
        The modality subset it speaks of, ``"M"`` unless renamed.
    """

    name: str
    statement: str = field(compare=False)
    subset: str = "M"

    @property
    def symbol(self) -> sympy.Symbol:
        """The share of delta that the event consumes."""
        return sympy.Symbol(f"delta[{self.name}|{self.subset}]", positive=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.subset})"


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

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"


def _step(left: Any, relation: Relation, right: Any, because: str, options: dict[str, Any]) -> Step:
    return Step(as_expression(left, "left"), relation, as_expression(right, "right"), because, **options)


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
        Abbreviations used in the expressions, such as ``m = floor(n/2)``.
    domains : mapping of sympy.Symbol to sympy.Set
        Domains of symbols that are not in the vocabulary.

    Raises
    ------
    DerivationError
        When a step's left side does not occur, or replacing it would turn the inequality round.
    """

    quantity: sympy.Expr
    steps: tuple[Step, ...]
    where: Mapping[sympy.Symbol, sympy.Expr] = DERIVED
    domains: Mapping[sympy.Symbol, sympy.Set] = field(default_factory=FrozenDict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantity", as_expression(self.quantity, "quantity"))
        super().__post_init__()
        self._folded  # noqa: B018 - a chain that does not fold is refused at once

    @cached_property
    def _folded(self) -> tuple[tuple[sympy.Expr, ...], Relation]:
        """The successive expressions, and how the first relates to the last."""
        lines = [self.quantity]
        relation: Relation = "="
        for number, step in enumerate(self.steps, start=1):
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

    def __str__(self) -> str:
        lines = [f"    {self.quantity}"]
        for number, (step, line) in enumerate(zip(self.steps, self.lines[1:], strict=True), start=1):
            lines += [f"{number:2}. {step}    [{step.kind}] {step.because}", f" {step.relation:>2} {line}"]
        return "\n".join(lines)

    def _repr_html_(self) -> Markup:
        names = {event.symbol: rf"\delta_{place}" for place, event in enumerate(self.events, start=1)}
        if len(names) == 1:
            names = dict.fromkeys(names, r"\delta")

        def claim(left: sympy.Expr, relation: Relation, right: sympy.Expr) -> str:
            return f"{expression_latex(left, names)} {RELATIONS[relation]} {expression_latex(right, names)}"

        rows = [
            _row(number, claim(step.left, step.relation, step.right), step.because, step.cites)
            for number, step in enumerate(self.steps, start=1)
        ]
        where = [
            f"{expression_latex(short)}={expression_latex(full)}"
            for short, full in self.where.items()
            if short in self.result.free_symbols
        ]
        explained = "; $" + r",\ ".join(where) + "$" if where else ""
        rows.append(_row("", claim(self.quantity, self.relation, self.result), f"together{explained}", ""))
        return tag("table", rows)

    def _moved(self, current: sympy.Expr, step: Step, number: int) -> Relation:
        """Return the relation of the whole expression before and after a step."""
        place = sympy.Dummy("place", real=True, nonnegative=step.left.is_nonnegative)
        marked = _replace(current, step.left, place)
        if place not in marked.free_symbols:
            raise DerivationError(f"step {number}: {step.left} does not occur in {current}")
        if step.relation == "=":
            return "="
        own = {symbol: entry.domain for symbol in marked.free_symbols if (entry := known(symbol)) is not None}
        domains = {**DOMAINS, **own, **self.domains}
        way: Direction = direction(marked, place, domains=domains, where=self.where)
        if way == "unknown":
            raise DerivationError(f"step {number}: cannot tell how {current} moves with {step.left}")
        return step.relation if way == "rises" else _REVERSED[step.relation]


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


def _row(number: int | str, formula: str, because: str, cites: str) -> Markup:
    why = [because, [" ", tag("em", f"({cites})")] if cites else None]
    formula_style = "text-align:left; white-space:nowrap"
    cells = tag("td", number), tag("td", f"${formula}$", style=formula_style), tag("td", why, style="text-align:left")
    return tag("tr", cells)
