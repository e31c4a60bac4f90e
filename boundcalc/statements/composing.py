"""How bounds are put together: values and expressions inserted, one bound into another, subsets renamed, delta split.

The functions take statements and return new ones of the same type; the methods of ``Bound`` call them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import sympy

from boundcalc.arithmetic.numbers import exact_expression
from boundcalc.arithmetic.written import shortened
from boundcalc.errors import CompositionError, DerivationError, InvalidInputError
from boundcalc.language.domains import as_number, contains, describe
from boundcalc.language.latex import is_share
from boundcalc.statements.applying import uncounted, unfixed
from boundcalc.statements.audit import expression, foreign, known_domains, lies_in
from boundcalc.statements.derivation import Derivation, Event
from boundcalc.statements.domain import Domain
from boundcalc.statements.statement import DELTA, AnyStatement, Statement
from boundcalc.symbols import SHARED_GROUPS, SUBSET_NAMES, VOCABULARY, Constraint, role_of

__all__ = ["checkable", "compose", "insert", "on_subset", "over", "substitute", "with_split"]


def substitute(bound: AnyStatement, values: Mapping[str, Any], *, union: Any = 1) -> AnyStatement:
    """Return the bound with symbols replaced by other statements first, then by numbers or SymPy expressions.

    A union over as many values as are named pays for those that were chosen after seeing the data.

    Raises
    ------
    CompositionError
        If a statement does not bound that symbol, or from the wrong side, or runs over another kind of sample.
    InvalidInputError
        If a name is not a symbol of this bound or follows from others, or a number lies outside its domain.
    """
    for name in values:
        for short, full in bound.where.items():
            if short.name == name:
                raise InvalidInputError(f"{name} = {full} follows from the other symbols", context=str(bound.theorem))
        bound.symbol(name)
    plain = dict(values)
    for name, value in values.items():
        if isinstance(value, Statement):
            bound = compose(bound, name, plain.pop(name))
    bound = over(bound, union)
    if not plain:
        return bound
    made = insert(bound, plain, chosen=union != 1)
    listed = [
        f"{name} = {value}"
        for name, value in plain.items()
        if union != 1 and isinstance(value, sympy.Expr) and unfixed(bound.symbol(name), value)
    ]
    said = f"{', '.join(listed)} takes one of {union} values that were listed before the data are seen"
    return replace(made, assumptions=(*made.assumptions, said)) if listed else made


def checkable(
    rules: Iterable[Constraint],
) -> tuple[tuple[Constraint, ...], tuple[tuple[str, sympy.Expr, sympy.Set], ...]]:
    """Return the constraints between symbols and numbers, and all others as conditions on the gap of their sides."""
    simple, gaps = [], []
    for rule in rules:
        if all(side.is_Symbol or side.is_number for side in (rule.lower, rule.upper)):
            simple.append(rule)
        else:
            allowed = sympy.Interval(0, sympy.oo, rule.strict)
            gaps.append((f"{rule.upper} - ({rule.lower})", rule.upper - rule.lower, allowed))
    return tuple(simple), tuple(gaps)


def over(bound: AnyStatement, count: Any) -> AnyStatement:
    """Return the bound for ``count`` instances at once: every event's share of delta is divided by it.

    Raises
    ------
    InvalidInputError
        If the count is less than 1 or may be.
    """
    count = expression(count, "union")
    if count == 1:
        return bound
    if problems := uncounted(count):
        raise InvalidInputError(f"union = {count}: {problems[0]}", context=str(bound.theorem))
    if not bound.events:
        raise InvalidInputError(
            f"union = {count} is paid by an event, and this statement has none: it holds for values fixed in advance only",
            context=str(bound.theorem),
        )
    events = {event: replace(event, of=f"{event.of} for each of {count}") for event in bound.events}
    shares = {old.symbol: new.symbol / count for old, new in events.items()}
    fresh = Domain(known_domains(count.free_symbols))
    return replace(
        bound,
        parts=tuple((label, part.xreplace(shares)) for label, part in bound.parts),
        events=tuple(events.values()),
        split=tuple((events[event], fraction) for event, fraction in bound.split),
        domain=bound.domain.merge(fresh),
        proof=None,
    )


def insert(bound: AnyStatement, values: Mapping[str, Any], *, chosen: bool = False) -> AnyStatement:
    """Return the bound with symbols replaced by numbers or SymPy expressions.

    Raises
    ------
    InvalidInputError
        Listing every value that lies outside its domain or breaks a constraint, holds delta, or comes from the data where
        it must be fixed in advance (unless it was chosen among values that a union pays for).
    """
    replacing: dict[sympy.Symbol, sympy.Expr] = {}
    problems = []
    for name, value in values.items():
        symbol = bound.symbol(name)
        replacing[symbol], problem = _as_expression(name, value, bound.domain.get(symbol))
        problems += [problem] if problem else _unsound(bound, symbol, replacing[symbol], chosen)
        if not problem and (allowed := bound.domain.get(symbol)) and lies_in(replacing[symbol], allowed) is False:
            problems.append(f"{name} = {value} is not allowed: {name} must be {describe(allowed)}, and never is there")

    def inserted(expr: sympy.Expr) -> sympy.Expr:
        return expr.subs(replacing, simultaneous=True)

    conditions = [(name, inserted(expr), allowed) for name, expr, allowed in bound.conditions]
    narrowed = {s: _preimage(expr, bound.domain[s]) for s, expr in replacing.items() if s in bound.domain}
    open_ended = [s for s, expr in replacing.items() if expr.free_symbols and narrowed.get(s) is None]
    conditions += [(s.name, replacing[s], bound.domain[s]) for s in open_ended]
    rules = []
    for constraint in bound.constraints:
        rule = replace(constraint, lower=inserted(constraint.lower), upper=inserted(constraint.upper))
        if not (rule.lower.is_number and rule.upper.is_number):
            rules.append(rule)
        elif not problems and not _holds(rule):
            problems.append(f"{constraint} is required, given {rule.lower} and {rule.upper}")
    constraints, gaps = checkable(rules)
    conditions += gaps
    if problems:
        raise InvalidInputError(problems, context=str(bound.theorem))
    where = {short: inserted(full) for short, full in bound.where.items()}
    settled = {short: full for short, full in where.items() if full.is_number}
    left = {symbol: allowed for symbol, allowed in bound.domain.items() if symbol not in replacing}
    fresh = set().union(*(expr.free_symbols for expr in replacing.values())) - left.keys()
    domain = Domain(left | known_domains(sorted(fresh, key=str)))
    for preimage in filter(None, narrowed.values()):
        domain = domain.merge(preimage)
    if empty := [
        f"no value of {s} is left, given {values}" for s, allowed in domain.items() if allowed is sympy.EmptySet
    ]:
        raise InvalidInputError(empty, context=str(bound.theorem))
    return replace(
        bound,
        parts=tuple((label, inserted(part).subs(settled)) for label, part in bound.parts),
        where={short: full for short, full in where.items() if short not in settled},
        domain=domain,
        constraints=constraints,
        conditions=tuple(conditions),
        replaced={**bound.replaced, **{symbol.name: expr for symbol, expr in replacing.items()}},
        confidence=inserted(bound.confidence),
        trivial=None if bound.trivial is None else inserted(bound.trivial),
    )


def _preimage(value: sympy.Expr, allowed: sympy.Set) -> dict[sympy.Symbol, sympy.Set] | None:
    """Return where the one symbol of a value a x + b must lie for it to be allowed; None for other values."""
    symbol = next(iter(value.free_symbols), None)
    if len(value.free_symbols) != 1 or not isinstance(allowed, sympy.Interval):
        return None
    slope = value.coeff(symbol)
    rest = value - slope * symbol
    if not isinstance(known_domains([symbol])[symbol], sympy.Interval) or rest.free_symbols or not slope.is_nonzero:
        return None
    low, high = ((end - rest) / slope for end in (allowed.inf, allowed.sup))
    ends = (low, high, allowed.left_open, allowed.right_open)
    return {symbol: sympy.Interval(*(ends if slope > 0 else (high, low, allowed.right_open, allowed.left_open)))}


def _unsound(bound: Statement, symbol: sympy.Symbol, value: sympy.Expr, chosen: bool) -> list[str]:
    """Say how a value loses an event, or depends on the data where it must not."""
    fixed = role_of(symbol) == "fixed"  # a number that was chosen with delta in view loses nothing
    lost = [s for s in value.free_symbols if is_share(s) or (s == DELTA and not fixed)]
    if lost:
        return [
            f"{symbol} = {value} holds {min(map(str, lost))}, and the event that it belongs to would be lost: give the Bound "
            f"itself, substitute({symbol}=bound), so that both share one delta; or set delta in it first, and add that "
            "delta to this one yourself"
        ]
    return [] if chosen or symbol in bound.uniform else unfixed(symbol, value)


def _holds(rule: Constraint) -> bool:
    return bool(rule.lower < rule.upper if rule.strict else rule.lower <= rule.upper)


def compose(bound: AnyStatement, name: str, other: Statement) -> AnyStatement:
    """Return the bound with a symbol replaced by another bound of what the symbol stands for.

    Raises
    ------
    CompositionError
        If that would not keep the inequality, or the two statements do not fit together.
    """
    other = _speaking_of(other, name)
    _check_fit(bound, name, other)
    symbol = bound.symbol(name)
    domain = Domain({s: allowed for s, allowed in bound.domain.items() if s != symbol}).merge(other.domain)
    if sympy.EmptySet in domain.values():
        empty = [str(symbol) for symbol, allowed in domain.items() if allowed is sympy.EmptySet]
        raise CompositionError(
            f"no value of {', '.join(empty)} is allowed by both statements", context=str(bound.theorem)
        )
    return replace(
        bound,
        parts=tuple((label, part.subs(symbol, other.raw)) for label, part in bound.parts),
        where={**bound.where, **other.where},
        domain=domain,
        constraints=tuple(dict.fromkeys(c for c in bound.constraints + other.constraints if symbol not in c.symbols)),
        assumptions=tuple(dict.fromkeys(bound.assumptions + other.assumptions)),
        events=tuple(dict.fromkeys(bound.events + other.events)),
        split=(),
        notes={**other.notes, **bound.notes},
        conditions=tuple(dict.fromkeys((*bound.conditions, *other.conditions))),
        replaced={**other.replaced, **bound.replaced},
        ingredients=tuple(dict.fromkeys((*bound.ingredients, other.theorem, *other.ingredients))),
        uniform=tuple(s for s in bound.uniform if s in other.uniform or s not in other.domain),
        proof=_joined(bound.proof, other.proof),
    )


def _joined(first: Derivation | None, second: Derivation | None) -> Derivation | None:
    """Return one chain: the second bounds what the first ends in."""
    if first is None or second is None:
        return None
    try:
        return Derivation(
            first.quantity,
            (*first.steps, *second.steps),
            {**first.where, **second.where},
            {**second.domains, **first.domains},
        )
    except DerivationError:  # both define a symbol, each its own way
        return None


def _check_fit(bound: Statement, name: str, other: Statement) -> None:
    context = f"{bound.theorem} with {name} = {other.theorem}"
    if other.quantity != bound.symbol(name):
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


def _check_same_values(bound: Statement, other: Statement, context: str) -> None:
    """Refuse two bounds in which one symbol stands for two things."""
    for one, two in ((bound, other), (other, bound)):
        for name, expr in one.replaced.items():
            if name in two.symbols or two.replaced.get(name, expr) != expr:
                raise CompositionError(
                    f"{name} was set to {expr} in {one.theorem} before composing: compose first, then set it for both",
                    context=context,
                )


def _speaking_of(bound: AnyStatement, name: str) -> AnyStatement:
    """Return this statement on the subset that a symbol's name speaks of."""
    own = bound.quantity.name if bound.quantity.is_Symbol else ""
    for subset, renaming in SUBSET_NAMES.items():
        if renaming.get(own) == name:
            return on_subset(bound, subset)
    return bound


def on_subset(bound: AnyStatement, subset: str) -> AnyStatement:
    """Return a statement on M as a statement on ``"N"`` or on ``"full"`` (all modalities).

    Raises
    ------
    CompositionError
        If the statement speaks of something on M that has no counterpart there, or already of that subset.
    """
    if subset not in SUBSET_NAMES:
        raise InvalidInputError(f"subset = {subset!r} must be one of {', '.join(SUBSET_NAMES)}")
    _check_movable(bound, subset)
    events = {event: replace(event, subset=subset) for event in bound.events}
    names = {VOCABULARY[old].symbol: VOCABULARY[new].symbol for old, new in SUBSET_NAMES[subset].items()}
    names |= {event.symbol: new.symbol for event, new in events.items()}

    def renamed(expr: sympy.Expr) -> sympy.Expr:
        return expr.subs(names, simultaneous=True)

    constraints = (replace(c, lower=renamed(c.lower), upper=renamed(c.upper)) for c in bound.constraints)
    return replace(
        bound,
        quantity=renamed(bound.quantity),
        parts=tuple((label, renamed(part)) for label, part in bound.parts),
        domain=Domain({names.get(symbol, symbol): allowed for symbol, allowed in bound.domain.items()}),
        constraints=tuple(dict.fromkeys(constraints)),
        conditions=tuple((name, renamed(expr), allowed) for name, expr, allowed in bound.conditions),
        assumptions=tuple(dict.fromkeys((*bound.assumptions, "B is a pair radius on every subset spoken of"))),
        events=tuple(events.values()),
        split=tuple((events[event], fraction) for event, fraction in bound.split),
        replaced={SUBSET_NAMES[subset].get(name, name): renamed(expr) for name, expr in bound.replaced.items()},
        trivial=None if bound.trivial is None else renamed(bound.trivial),
        proof=None,
    )


def _check_movable(bound: Statement, subset: str) -> None:
    names = {*bound.symbols, *(symbol.name for symbol in bound.quantity.free_symbols)}
    stuck = sorted(
        name
        for name in names
        if name not in SUBSET_NAMES[subset] and (name not in VOCABULARY or VOCABULARY[name].group not in SHARED_GROUPS)
    )
    stuck += sorted(names & set(SUBSET_NAMES[subset].values()) - set(stuck))
    stuck += [str(event) for event in bound.events if event.subset != "M"]
    if not bound.quantity.is_Symbol or stuck:
        raise CompositionError(
            f"{bound.quantity} {bound.relation} ... cannot be restated on {subset!r}"
            + (f": {', '.join(stuck)} has no counterpart there" if stuck else ": it compares two subsets"),
            context=str(bound.theorem),
        )


def with_split(bound: AnyStatement, fractions: Mapping[str, Any]) -> AnyStatement:
    """Return the bound with delta split over its events in stated fractions.

    Raises
    ------
    InvalidInputError
        If an event is unknown or missing, a fraction is not positive, or they sum to more than 1.
    """
    labels = [event.name for event in bound.events]
    named = {event.name: event for event in bound.events if labels.count(event.name) == 1}
    alike = [str(event) for event in bound.events]
    named |= {str(event): event for event in bound.events if alike.count(str(event)) == 1}
    named |= {event.full: event for event in bound.events}
    given: dict[Event, Fraction] = {}
    problems = []
    for name, value in fractions.items():
        fraction, event = _fraction(value), named.get(name)
        if event is None:
            shown = [str(event) if alike.count(str(event)) == 1 else event.full for event in bound.events]
            problems.append(f"unknown event {name!r}; this bound has {', '.join(shown)}")
        elif event in given:
            problems.append(f"event {event} is given twice")
        elif fraction is None or fraction <= 0:
            problems.append(f"the fraction of {event} = {value} must be > 0, a rational number")
        given |= {event: fraction or Fraction()} if event is not None else {}
    problems += [f"missing the fraction of event {event}" for event in bound.events if event not in given]
    if sum(given.values()) > 1:
        problems.append(f"the fractions sum to {float(sum(given.values()))!r}, more than 1")
    if problems:
        raise InvalidInputError(problems, context=str(bound.theorem))
    split = tuple((event, sympy.Rational(given[event].numerator, given[event].denominator)) for event in bound.events)
    return replace(bound, split=split)


def _fraction(value: Any) -> Fraction | None:
    """Return the number that was typed: the float 0.8 means 8/10, so that 0.8 and 0.2 sum to 1."""
    try:
        return Fraction(str(as_number(value)))
    except (TypeError, ValueError, ArithmeticError):
        return None


def _as_expression(name: str, value: Any, domain: sympy.Set | None) -> tuple[sympy.Expr, str]:
    """Return a substituted value as an expression, and what is wrong with it."""
    if hasattr(value, "bound"):
        return sympy.nan, f"{name} is given as a theorem: give one of its bounds, theorem({value.key!r}).bound()"
    if isinstance(value, sympy.Expr) and not value.is_number:
        mistaken = foreign(value)
        return (sympy.nan, f"{name} = {value}: {mistaken[0]}") if mistaken else (exact_expression(value), "")
    try:
        number = as_number(value)
    except (TypeError, ValueError, ArithmeticError):
        hint = "; boundcalc.read makes an expression of a formula" * isinstance(value, str)
        return (
            sympy.nan,
            f"{name} = {shortened(value)} is neither a real number nor a SymPy expression nor a Bound{hint}",
        )
    if domain is not None and not bool(contains(domain, number)):
        return sympy.nan, f"{name} = {value} is not allowed: {name} must be {describe(domain)}"
    return exact_expression(value if isinstance(value, sympy.Expr) else number), ""
