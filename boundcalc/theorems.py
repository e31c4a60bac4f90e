"""A theorem as one readable value: claim, assumptions, forms, source and gaps."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, cast

import sympy

from boundcalc.bound import Bound
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.frozen import Frozen, FrozenDict
from boundcalc.language.domains import describe
from boundcalc.show.html import Markup, items, join, tag
from boundcalc.statements.applying import Facts, apply
from boundcalc.statements.audit import known_domains
from boundcalc.statements.composing import checkable
from boundcalc.statements.derivation import Derivation, Event, Kind, Relation, Step
from boundcalc.statements.domain import Domain
from boundcalc.statements.statement import UNCHECKED, Reference
from boundcalc.statements.terms import label_terms
from boundcalc.statements.theorem_latex import theorem_latex
from boundcalc.statements.typeset import bound_latex
from boundcalc.symbols import CONSTRAINTS, DERIVED, VOCABULARY, Constraint, known, role_of

__all__ = ["NESTING", "NESTING_NOTE", "Form", "Provenance", "Source", "Status", "Theorem", "by"]


class Provenance(StrEnum):
    """Where a form's constants come from: read in the work, quoted by another, rebuilt from its structure, or proved here."""

    QUOTED = "quoted"
    SECONDARY = "secondary"
    RECONSTRUCTED = "reconstructed"
    DERIVED = "derived"


class Status(StrEnum):
    """What the catalogue itself says of a form; the checker says whether that stands."""

    HOLDS = "holds"
    REFUTED = "refuted"


@dataclass(frozen=True)
class Source:
    """A work and the exact place in it.

    Attributes
    ----------
    work : str
        Authors, year, title.
    identifier : str
        Where it can be found, such as a DOI or an arXiv number.
    place : str
        Theorem, lemma or equation.
    """

    work: str
    identifier: str = ""
    place: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.work, self.identifier, self.place) if part)


@dataclass(frozen=True)
class Form:
    """One form of a theorem.

    Attributes
    ----------
    derivation : Derivation
        Its steps; the bound is computed from them.
    provenance : Provenance
    status : Status
    strict : bool
        Whether the claim is a strict inequality.
    trivial : sympy.Expr, optional
        What holds of the quantity without the theorem, in the quantity's unit, such as C for a risk; a value that is not
        better is vacuous. None where nothing is known.
    remarks : tuple of str
        What is particular to this form.
    """

    derivation: Derivation
    provenance: Provenance = Provenance.DERIVED
    status: Status = Status.HOLDS
    strict: bool = False
    trivial: sympy.Expr | None = None
    remarks: tuple[str, ...] = ()

    @property
    def relation(self) -> str:
        """How the bounded quantity relates to the bound."""
        return self.derivation.relation.replace("=", "") if self.strict else self.derivation.relation


#: Statements that compare a subset with a larger one need a missing modality to be a weight of the box.
NESTING: Mapping[sympy.Symbol, sympy.Set] = FrozenDict({VOCABULARY["lam_min"].symbol: sympy.FiniteSet(0)})
NESTING_NOTE = (
    "a missing modality is weight 0, so the classes of subsets are nested only when 0 lies in the box; "
    "use the hull box [0, lam_max], that is lam_min=0"
)


@dataclass(frozen=True, repr=False)
class Theorem(Frozen):
    """A statement of the catalogue.

    Attributes
    ----------
    key : str
        Its name in the catalogue, such as ``zhou2026.risk_gap``.
    number : str
        Its number in the source, such as ``Theorem 3.13``, or ``-``.
    title, claim : str
        What it says, short and in full.
    quantity : str
        The bounded quantity in words.
    source : Source
    assumptions : tuple of str
        In words; those of the statements that its steps apply are added.
    variants : mapping of str to Form
        The forms, default first.
    domain : mapping of sympy.Symbol to sympy.Set
        Domains that differ from the vocabulary's; a symbol that no form uses is a side condition, checked when given.
    constraints : tuple of Constraint
        Relations between symbols beyond the vocabulary's.
    notes : mapping of str to str
        Why a symbol's domain is narrowed, for error messages.
    unit : str
        What the complexities run over: ``pairs``, ``examples`` for pointwise theorems, ``tuples`` or ``landmarks``.
    uniform : tuple of sympy.Symbol
        Symbols for all values of which it holds at once, so that they may be chosen after seeing the data.
    remarks : tuple of str
        Gaps in the source, counterexamples, ways to use it.
    """

    key: str
    number: str
    title: str
    claim: str
    quantity: str
    source: Source
    variants: Mapping[str, Form]
    assumptions: tuple[str, ...] = ()
    domain: Mapping[sympy.Symbol, sympy.Set] = field(default_factory=FrozenDict)
    constraints: tuple[Constraint, ...] = ()
    notes: Mapping[str, str] = field(default_factory=FrozenDict)
    unit: str = "pairs"
    uniform: tuple[sympy.Symbol, ...] = ()
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        named = isinstance(self.variants, Mapping)
        if not named or not self.variants or not all(isinstance(form, Form) for form in self.variants.values()):
            raise InvalidInputError(
                "variants must map the name of each form, at least one, to a Form", context=self.key
            )
        wide = [
            f"domain: {symbol} is {describe(entry.domain)}: {describe(allowed)} is not within that"
            for symbol, allowed in self.domain.items()
            if (entry := known(symbol)) is not None and allowed.is_subset(entry.domain.closure) is not True
        ]
        bounded = set().union(*(form.derivation.quantity.free_symbols for form in self.variants.values()))
        steps = [step for form in self.variants.values() for step in form.derivation.steps]
        bounded |= set().union(*(step.definitions for step in steps))
        wide += [
            f"{rule} assumes something of {symbol}, which is what is bounded, or defined by it"
            for rule in self.constraints
            for symbol in sorted(rule.symbols & bounded, key=str)
            if role_of(symbol) not in ("", "fixed")
        ]
        if wide:
            raise InvalidInputError(wide, context=self.key)
        applied = (one for form in self.variants.values() for one in form.derivation.applications)
        inherited = (text for one in applied for text in one.assumptions)
        at_once = (f"it holds for all values of {symbol} at once" for symbol in self.uniform)
        object.__setattr__(self, "assumptions", tuple(dict.fromkeys((*self.assumptions, *at_once, *inherited))))

    @property
    def forms(self) -> tuple[str, ...]:
        """The names of the forms, default first."""
        return tuple(self.variants)

    def form(self, name: str | None = None) -> Form:
        """Return a form, the default one if no name is given.

        Parameters
        ----------
        name : str, optional

        Returns
        -------
        Form

        Raises
        ------
        InvalidInputError
            If there is no such form.
        """
        name = self.forms[0] if name is None else name
        if not isinstance(name, str) or name not in self.variants:
            raise InvalidInputError(
                f"form = {name!r} does not exist{suggestion(str(name), self.forms)}; "
                f"{self.key} has {', '.join(self.forms)}",
                context=self.key,
            )
        return self.variants[name]

    def derivation(self, form: str | None = None) -> Derivation:
        """Return the chain of steps of a form (the default one if no name is given).

        Parameters
        ----------
        form : str, optional

        Returns
        -------
        Derivation

        Raises
        ------
        InvalidInputError
            If there is no such form.
        """
        return self.form(form).derivation

    def bound(self, form: str | None = None) -> Bound:
        """Return the bound that a form's steps end in (the default form if no name is given).

        Parameters
        ----------
        form : str, optional

        Returns
        -------
        Bound

        Raises
        ------
        InvalidInputError
            If there is no such form.
        """
        chosen = self.form(form)
        name = self.forms[0] if form is None else form
        if name not in self._bounds:
            self._bounds[name] = self._bound(name, chosen)
        return self._bounds[name]

    def attest(self, doubts: Mapping[str, str]) -> None:
        """Remember what a check said of forms: why a form's proof does not count, or nothing where it does."""
        for form, doubt in doubts.items():
            if self._doubts.get(form) != doubt:
                self._doubts[form] = doubt
                self._bounds.pop(form, None)

    @cached_property
    def _doubts(self) -> dict[str, str]:
        """What checks said of forms so far; without an entry nothing was checked."""
        return {}

    @cached_property
    def _bounds(self) -> dict[str, Bound]:
        """The bounds asked for so far: each keeps what it worked out."""
        return {}

    def _bound(self, name: str, chosen: Form) -> Bound:
        chain = chosen.derivation
        where = {short: full for short, full in chain.where.items() if short in chain.result.free_symbols}
        used = chain.result.xreplace(where).free_symbols | ({VOCABULARY["delta"].symbol} if chain.events else set())
        used -= {event.symbol for event in chain.events}
        domain = _domain(used, chain, self.domain)
        ruled, gaps = checkable(
            (*self.constraints, *(rule for rule in chain.constraints if rule.symbols <= set(domain)))
        )
        conditions = [
            (name, expr.xreplace(dict(chain.where)), allowed) for name, expr, allowed in (*chain.conditions, *gaps)
        ]
        unseen = [
            f"{name} = {expr}: {describe(allowed)}"
            for name, expr, allowed in conditions
            if not expr.free_symbols <= set(domain)
        ]
        unseen += [
            str(rule)
            for rule in (*self.constraints, *chain.constraints)
            if any(role_of(symbol) != "fixed" for symbol in rule.symbols - set(domain))
        ]
        return Bound(
            theorem=self.reference(name),
            form=name,
            quantity=chain.quantity,
            relation=chosen.relation,
            parts=label_terms(chain.result, chain.events),
            where=where,
            domain=domain,
            constraints=tuple(
                dict.fromkeys((*(rule for rule in CONSTRAINTS if rule.lower.free_symbols <= set(domain)), *ruled))
            ),
            assumptions=tuple(dict.fromkeys((*self.assumptions, *unseen))),
            conditions=tuple(one for one in conditions if one[1].free_symbols <= set(domain)),
            uniform=tuple(symbol for symbol in self.uniform if symbol in used),
            events=chain.events,
            notes=self.notes,
            unit=self.unit,
            trivial=chosen.trivial,
            proof=chain,
            made=self,
        )

    def facts(self, form: str | None = None) -> Facts:
        """Return what a step that applies a form needs to know (see `by`)."""
        chain = self.derivation(form)
        own = {short: full for short, full in chain.where.items() if DERIVED.get(short) != full}
        return Facts(
            self.key,
            chain.quantity,
            chain.relation,
            chain.result.xreplace(own),
            _kind(chain),
            chain.events,
            {**chain.domains, **self.domain},
            (*self.constraints, *chain.constraints),
            self.assumptions,
            self.uniform,
            chain.conditions,
            chain.steps[-1].experiment if chain.steps else None,
        )

    def to_latex(self, form: str | None = None) -> str:
        """Return theorem and proof environments in LaTeX, with the works that the steps cite as a bibliography.

        Parameters
        ----------
        form : str, optional
        """
        return theorem_latex(self, form)

    def reference(self, form: str | None = None) -> Reference:
        """Return what a bound remembers of the theorem.

        Parameters
        ----------
        form : str, optional

        Returns
        -------
        Reference

        Raises
        ------
        InvalidInputError
            If there is no such form.
        """
        chosen = self.form(form)
        return Reference(
            key=self.key,
            number=self.number,
            title=self.title,
            source=str(self.source),
            provenance=str(chosen.provenance),
            status=str(chosen.status),
            doubt=self._doubts.get(form or self.forms[0], UNCHECKED),
        )

    def _repr_html_(self) -> Markup:
        number = "" if self.number == "-" else f"{self.number}. "
        head = tag("p", tag("strong", number + self.title), " ", tag("code", self.key), tag("br"), self.claim)
        rows = [
            tag(
                "tr",
                tag("td", name),
                tag("td", f"${bound_latex(self.bound(name))}$", style="text-align:left"),
                tag("td", f"{form.provenance}, {form.status}"),
            )
            for name, form in self.variants.items()
        ]
        lists = (("Assumptions", self.assumptions), ("Remarks", self.remarks))
        told = [[tag("p", title), items(lines)] for title, lines in lists if lines]
        return join((head, tag("table", rows), told, tag("p", f"Source: {self.source}")))

    def __repr__(self) -> str:
        return f"<Theorem {self}>"

    def __str__(self) -> str:
        number = "" if self.number == "-" else f"{self.number}, "
        return f"{self.key} ({number}{self.title})"


def _domain(used: AbstractSet[sympy.Symbol], chain: Derivation, special: Mapping[sympy.Symbol, sympy.Set]) -> Domain:
    """Return the sets of the symbols that a chain's bound uses, and those that the theorem itself states.

    Raises
    ------
    InvalidInputError
        If the statements that were put together allow no common value of a symbol.
    """
    stated = {**known_domains(used), **{s: allowed for s, allowed in chain.domains.items() if s in used}, **special}
    found = Domain({symbol: stated[symbol] for symbol in sorted(stated, key=str)})
    for applied in chain.applications:
        found = found.merge({symbol: allowed for symbol, allowed in applied.domain.items() if symbol in found})
    empty = [symbol.name for symbol, allowed in found.items() if allowed is sympy.EmptySet]
    if empty:
        raise InvalidInputError(f"no value of {', '.join(empty)} is allowed by all statements that were put together")
    return found


def by(
    lemma: Theorem | Bound,
    quantity: Any,
    *,
    because: str,
    form: str | None = None,
    event: Event | None = None,
    union: Any = 1,
    experiment: Any = None,
    **values: Any,
) -> Step:
    """Return the step that applies a statement to a quantity, with the statement's symbols set to ``values``.

    Its assumptions, domains, constraints and conditions come along.

    Parameters
    ----------
    lemma : Theorem or Bound
        What is applied; the step's right side and relation are its bound's.
    quantity : sympy.Expr
        The part of the current expression that it bounds.
    because : str
        Why it applies here.
    form : str, optional
        The theorem's form.
    event : Event, optional
        What the statement's event is called here.
    union : sympy.Expr
        How many instances of the statement the events cover at once (a union bound); at least 1.
    experiment : object, optional
        How the step can be checked; the theorem's own last step's if not given.
    **values : sympy.Expr
        What the statement's symbols are here, e.g. ``c=2*C``.

    Returns
    -------
    Step

    Raises
    ------
    InvalidInputError
        Listing symbols that the statement lacks, values outside its domain, a symbol that is fixed in advance given from
        the data without a union, and an event or union that it cannot have.
    """
    if not isinstance(lemma, Theorem | Bound):
        raise InvalidInputError(f"lemma = {lemma!r} must be a Theorem, a Bound or a key of the catalogue")
    name = form or (lemma.forms[0] if isinstance(lemma, Theorem) else lemma.form)
    facts = lemma.facts(name) if isinstance(lemma, Theorem) else _bound_facts(lemma)
    return apply(
        lemma, facts, quantity,
        because=because, form=name, event=event, union=union, experiment=experiment, values=values,
    )  # fmt: skip


def _kind(chain: Derivation) -> Kind:
    """Return what a whole chain says: the strongest kind among its steps."""
    kinds = [step.kind for step in chain.steps]
    order: tuple[Kind, ...] = ("probability", "expectation", "inclusion", "infimum", "algebra", "identity")
    return next((kind for kind in order if kind in kinds), "claim" if kinds else "identity")


def _bound_facts(bound: Bound) -> Facts:
    """Return what a step needs to know of a bound."""
    if bound.split or bound.confidence != VOCABULARY["delta"].symbol:
        raise InvalidInputError(
            "a bound whose delta is set or split is no lemma any more: apply it before that", context=str(bound.theorem)
        )
    own = {short: full for short, full in bound.where.items() if DERIVED.get(short) != full}
    return Facts(
        str(bound.theorem),
        bound.quantity,
        cast(Relation, bound.relation.replace("<", "<=").replace(">", ">=").replace("==", "=")),
        bound.raw.xreplace(own),
        "probability" if bound.events else "expectation",
        bound.events,
        bound.domain,
        bound.constraints,
        bound.assumptions,
        bound.uniform,
        bound.conditions,
    )
