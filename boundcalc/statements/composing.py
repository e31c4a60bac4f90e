"""How bounds are put together: values and expressions inserted, one bound into another, subsets renamed, delta split.

The functions take bounds and return new ones; the methods of ``Bound`` call them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy

from boundcalc.arithmetic.numbers import Irrational
from boundcalc.errors import CompositionError, InvalidInputError
from boundcalc.language.domains import as_number, contains, describe
from boundcalc.statements.statement import DELTA, Domain, named_symbol
from boundcalc.symbols import SHARED_ROLES, SUBSET_NAMES, VOCABULARY

if TYPE_CHECKING:
    from boundcalc.bound import Bound

__all__ = ["check_substitutable", "compose", "insert", "on_subset", "with_split"]


def _symbol(bound: Bound, name: str) -> sympy.Symbol:
    return named_symbol(bound.symbols, name, context=str(bound.theorem))


def check_substitutable(bound: Bound, name: str) -> None:
    """Refuse a name that is not a symbol of the bound, or that follows from others."""
    for short, full in bound.where.items():
        if short.name == name:
            raise InvalidInputError(f"{name} = {full} follows from the other symbols", context=str(bound.theorem))
    _symbol(bound, name)


def insert(bound: Bound, values: Mapping[str, Any]) -> Bound:
    """Return the bound with symbols replaced by numbers or SymPy expressions.

    Raises
    ------
    InvalidInputError
        Listing every value that lies outside its domain or breaks a constraint.
    """
    replacing: dict[sympy.Symbol, sympy.Expr] = {}
    problems = []
    for name, value in values.items():
        symbol = _symbol(bound, name)
        expr, problem = _as_expression(name, value, bound.domain.get(symbol))
        problems += [problem] if problem else []
        replacing[symbol] = expr
    constraints, conditions = (
        [],
        [(name, expr.subs(replacing, simultaneous=True), allowed) for name, expr, allowed in bound.conditions],
    )
    conditions += [
        (name, replacing[_symbol(bound, name)], bound.domain[_symbol(bound, name)])
        for name in values
        if replacing[_symbol(bound, name)].free_symbols
    ]
    for constraint in bound.constraints:
        lower, upper = (side.subs(replacing, simultaneous=True) for side in (constraint.lower, constraint.upper))
        if lower.is_number and upper.is_number:
            if not problems and not bool(lower < upper if constraint.strict else lower <= upper):
                problems.append(f"{constraint} is required, given {lower} and {upper}")
        elif all(side.is_Symbol or side.is_number for side in (lower, upper)):
            constraints.append(replace(constraint, lower=lower, upper=upper))
        else:
            conditions.append((f"{upper} - ({lower})", upper - lower, sympy.Interval(0, sympy.oo, constraint.strict)))
    if problems:
        raise InvalidInputError(problems, context=str(bound.theorem))
    where = {short: full.subs(replacing, simultaneous=True) for short, full in bound.where.items()}
    settled = {short: full for short, full in where.items() if full.is_number}
    domain = Domain({symbol: allowed for symbol, allowed in bound.domain.items() if symbol not in replacing})
    for expr in replacing.values():
        domain.update({symbol: _domain_of(symbol) for symbol in expr.free_symbols if symbol not in domain})
    return replace(
        bound,
        parts=tuple((label, part.subs(replacing, simultaneous=True).subs(settled)) for label, part in bound.parts),
        where={short: full for short, full in where.items() if short not in settled},
        domain=domain,
        constraints=tuple(constraints),
        conditions=tuple(conditions),
        replaced={**bound.replaced, **{symbol.name: expr for symbol, expr in replacing.items()}},
        confidence=bound.confidence.subs(replacing, simultaneous=True),
        trivial=None if bound.trivial is None else bound.trivial.subs(replacing, simultaneous=True),
    )


def compose(bound: Bound, name: str, other: Bound) -> Bound:
    """Return the bound with a symbol replaced by another bound of what the symbol stands for.

    Raises
    ------
    CompositionError
        If that would not keep the inequality, or the two statements do not fit together.
    """
    other = _speaking_of(other, name)
    _check_fit(bound, name, other)
    inner = sympy.Add(*(part for _, part in other.parts))
    symbol = _symbol(bound, name)
    domain = Domain({s: allowed for s, allowed in bound.domain.items() if s != symbol}).merge(other.domain)
    if sympy.EmptySet in domain.values():
        empty = [str(symbol) for symbol, allowed in domain.items() if allowed is sympy.EmptySet]
        raise CompositionError(
            f"no value of {', '.join(empty)} is allowed by both statements", context=str(bound.theorem)
        )
    return replace(
        bound,
        parts=tuple((label, part.subs(symbol, inner)) for label, part in bound.parts),
        where=dict(bound.where) | dict(other.where),
        domain=domain,
        constraints=tuple(dict.fromkeys(c for c in bound.constraints + other.constraints if symbol not in c.symbols)),
        assumptions=tuple(dict.fromkeys(bound.assumptions + other.assumptions)),
        events=tuple(dict.fromkeys(bound.events + other.events)),
        split=(),
        notes=dict(other.notes) | dict(bound.notes),
        conditions=tuple(dict.fromkeys((*bound.conditions, *other.conditions))),
        replaced={**other.replaced, **bound.replaced},
        ingredients=tuple(dict.fromkeys((*bound.ingredients, other.theorem, *other.ingredients))),
    )


def _check_fit(bound: Bound, name: str, other: Bound) -> None:
    context = f"{bound.theorem} with {name} = {other.theorem}"
    symbol = _symbol(bound, name)
    if other.quantity != symbol:
        raise CompositionError(f"{other.theorem} bounds {other.quantity}, not {name}", context=context)
    if other.unit != bound.unit:
        raise CompositionError(
            f"complexities run over independent {bound.unit} here, but over {other.unit} in {other.theorem}",
            context=context,
        )
    _check_same_values(bound, other, context)
    way = bound.direction(name)
    keeps = {("rises", "<="): "<=", ("falls", ">="): "<=", ("rises", ">="): ">=", ("falls", "<="): ">="}
    if other.relation != "=" and keeps.get((way, other.relation)) != bound.relation[0] + "=" and way != "constant":
        raise CompositionError(
            f"the bound {way} in {name}, so replacing {name} by something with {name} {other.relation} it "
            f"would not keep {bound.quantity} {bound.relation} ...",
            context=context,
        )
    if other.confidence != DELTA or bound.confidence != DELTA:
        raise CompositionError("set delta after composing, so that it is split over all events", context=context)


def _check_same_values(bound: Bound, other: Bound, context: str) -> None:
    """Refuse two bounds in which one symbol stands for two things."""
    for one, two in ((bound, other), (other, bound)):
        for name, expr in one.replaced.items():
            if name in two.symbols or two.replaced.get(name, expr) != expr:
                raise CompositionError(
                    f"{name} was set to {expr} in {one.theorem} before composing: compose first, then set it for both",
                    context=context,
                )


def _speaking_of(bound: Bound, name: str) -> Bound:
    """Return this statement on the subset that a symbol's name speaks of."""
    own = bound.quantity.name if bound.quantity.is_Symbol else ""
    for subset, renaming in SUBSET_NAMES.items():
        if renaming.get(own) == name:
            return on_subset(bound, subset)
    return bound


def on_subset(bound: Bound, subset: str) -> Bound:
    """Return a statement on M as a statement on ``"N"`` or on ``"full"`` (all modalities).

    Raises
    ------
    CompositionError
        If the statement speaks of something on M that has no counterpart there, or already of that subset.
    """
    if subset not in SUBSET_NAMES:
        raise InvalidInputError(f"subset = {subset!r} must be one of {', '.join(SUBSET_NAMES)}")
    _check_movable(bound, subset)
    renaming: dict[sympy.Symbol, sympy.Expr] = {
        VOCABULARY[old].symbol: VOCABULARY[new].symbol for old, new in SUBSET_NAMES[subset].items()
    }
    events = {event: replace(event, subset=subset) for event in bound.events}
    shares = {event.symbol: new.symbol for event, new in events.items()}
    both = {**renaming, **shares}
    return replace(
        bound,
        quantity=bound.quantity.subs(renaming, simultaneous=True),
        parts=tuple((label, part.subs(both, simultaneous=True)) for label, part in bound.parts),
        domain=Domain({renaming.get(symbol, symbol): allowed for symbol, allowed in bound.domain.items()}),
        constraints=tuple(
            dict.fromkeys(
                replace(c, lower=c.lower.subs(renaming), upper=c.upper.subs(renaming)) for c in bound.constraints
            )
        ),
        conditions=tuple((name, expr.subs(renaming), allowed) for name, expr, allowed in bound.conditions),
        assumptions=tuple(dict.fromkeys((*bound.assumptions, "B is a pair radius on every subset spoken of"))),
        events=tuple(events.values()),
        split=tuple((events[event], fraction) for event, fraction in bound.split),
        trivial=None if bound.trivial is None else bound.trivial.subs(renaming),
    )


def _check_movable(bound: Bound, subset: str) -> None:
    names = {*bound.symbols, *(symbol.name for symbol in bound.quantity.free_symbols)}
    stuck = sorted(
        name
        for name in names
        if name not in SUBSET_NAMES[subset] and (name not in VOCABULARY or VOCABULARY[name].role not in SHARED_ROLES)
    )
    stuck += sorted(names & set(SUBSET_NAMES[subset].values()) - set(stuck))
    stuck += [str(event) for event in bound.events if event.subset != "M"]
    if not bound.quantity.is_Symbol or stuck:
        raise CompositionError(
            f"{bound.quantity} {bound.relation} ... cannot be restated on {subset!r}"
            + (f": {', '.join(stuck)} has no counterpart there" if stuck else ": it compares two subsets"),
            context=str(bound.theorem),
        )


def with_split(bound: Bound, fractions: Mapping[str, Any]) -> Bound:
    """Return the bound with delta split over its events in stated fractions.

    Raises
    ------
    InvalidInputError
        If an event is unknown or missing, a fraction is not positive, or they sum to more than 1.
    """
    labels = [event.name for event in bound.events]
    by_name = {(event.name if labels.count(event.name) == 1 else str(event)): event for event in bound.events}
    by_name |= {str(event): event for event in bound.events}
    problems = [
        f"unknown event {name!r}; this bound has {', '.join(map(str, bound.events))}"
        for name in fractions
        if name not in by_name
    ]
    # a float such as 0.8 means the decimal that was typed: 0.8 and 0.2 sum to 1
    given = {}
    for name in (name for name in fractions if name in by_name):
        number = as_number(fractions[name])
        if isinstance(number, Irrational):
            problems.append(f"the fraction of {name} = {number} must be a rational number")
            number = 1
        given[by_name[name]] = Fraction(str(number))
    problems += [f"missing the fraction of event {event}" for event in bound.events if event not in given]
    problems += [f"the fraction of {event} = {value} must be > 0" for event, value in given.items() if value <= 0]
    if sum(given.values()) > 1:
        problems.append(f"the fractions sum to {float(sum(given.values()))!r}, more than 1")
    if problems:
        raise InvalidInputError(problems, context=str(bound.theorem))
    split = tuple((event, sympy.Rational(given[event].numerator, given[event].denominator)) for event in bound.events)
    return replace(bound, split=split)


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
