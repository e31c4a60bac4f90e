"""A claim about closed forms, made explicit: the two sides, a set for each symbol, and relations between symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy
from sympy.core.relational import Relational

from boundcalc.arithmetic.convert import as_expression
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.domains import contains, describe, from_assumptions
from boundcalc.language.latex import is_share
from boundcalc.symbols import CONSTRAINTS, DERIVED, VOCABULARY, Constraint, known

__all__ = ["RELATIONS", "Inequality", "of_integers", "state"]

_LISTED = 100  # numbers of a range with a step, which are listed
RELATIONS = ("<=", "<", ">=", ">", "=")


@dataclass(frozen=True)
class Inequality(Frozen):
    """``left relation right`` for all values in the domain that satisfy the constraints.

    Attributes
    ----------
    left, right : sympy.Expr
    relation : str
    domain : mapping of sympy.Symbol to sympy.Set
        A set for every symbol that occurs.
    constraints : tuple of Constraint
    expanded : mapping
        Abbreviations that were inserted.
    """

    left: sympy.Expr
    relation: str
    right: sympy.Expr
    domain: Mapping[sympy.Symbol, sympy.Set]
    constraints: tuple[Constraint, ...] = ()
    expanded: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)

    @property
    def gap(self) -> sympy.Expr:
        """What has to be nonnegative (positive, for a strict relation; 0, for ``=``)."""
        return self.left - self.right if self.relation in (">=", ">") else self.right - self.left

    @property
    def strict(self) -> bool:
        """Whether equality is not enough."""
        return self.relation in ("<", ">")

    def __str__(self) -> str:
        sets = ", ".join(f"{symbol} {describe(allowed)}" for symbol, allowed in self.domain.items())
        extra = "".join(f", {constraint}" for constraint in self.constraints)
        return f"{self.left} {self.relation} {self.right} for {sets}{extra}"


def state(
    lhs: Any,
    relation: str,
    rhs: Any,
    *,
    domain: Mapping[Any, sympy.Set] | None = None,
    constraints: Iterable[Any] = (),
    definitions: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> Inequality:
    """Return the claim with every symbol's domain, abbreviations that share symbols with others inserted.

    Raises
    ------
    InvalidInputError
        For an unknown relation, a side that is no expression, or a domain that is no set.
    """
    relation = _relation(relation)
    given = _given(domain, (lhs, rhs))
    if isinstance(constraints, Relational | Constraint):
        constraints = (constraints,)
    if isinstance(constraints, str) or not isinstance(constraints, Iterable):
        raise InvalidInputError(
            f"constraints = {constraints!r}: expected a list of relations of SymPy or of triples such as (a, '<=', b)",
            context="check_inequality",
        )
    rules = [rule for constraint in constraints for rule in _rules(constraint)]
    rules += [rule for symbol, allowed in given.items() for rule in _irrational_ends(symbol, allowed)]
    sides = []
    for name, side in (("lhs", lhs), ("rhs", rhs)):
        if hasattr(side, "expr") and hasattr(side, "domain"):
            given = {**dict(side.domain), **given}
            rules += list(side.constraints)
            side = side.expr
        sides.append(_expression(name, side))
    left, right = (_insert(side, definitions or {}) for side in sides)
    left, right, rules, expanded = _expand(left, right, rules, given)
    used = left.free_symbols | right.free_symbols
    return _close(left, relation, right, used, given, rules, expanded, definitions or {})


def _relation(relation: Any) -> str:
    text = relation.strip() if isinstance(relation, str) else relation
    known = {"==": "=", "≤": "<=", "≥": ">="}
    text = known.get(text, text) if isinstance(text, str) else text
    if text in RELATIONS:
        return str(text)
    hint = {"=<": "<=", "=>": ">="}.get(text) if isinstance(text, str) else None
    raise InvalidInputError(
        f"relation = {relation!r} is none of {', '.join(RELATIONS)}" + (f": did you mean {hint!r}?" if hint else ""),
        context="check_inequality",
    )


def _given(domain: Any, sides: tuple[Any, Any]) -> dict[sympy.Symbol, sympy.Set]:
    """Return the domains that were given, by the symbols of the claim."""
    if domain is None:
        return {}
    if not isinstance(domain, Mapping):
        raise InvalidInputError(f"domain = {domain!r} is no mapping of symbols to sets", context="check_inequality")
    used = {symbol for side in sides for symbol in getattr(getattr(side, "expr", side), "free_symbols", ())}
    return {_symbol(key, used): _as_set(key, value) for key, value in domain.items()}


def _symbol(key: Any, used: set[sympy.Symbol]) -> sympy.Symbol:
    """Return the symbol that is meant: itself, or the one of that name in the claim or the vocabulary."""
    namesakes = [symbol for symbol in used if symbol.name == str(key)]
    if isinstance(key, sympy.Symbol):
        if namesakes and key not in used:
            raise InvalidInputError(
                f"domain names a symbol {key} that differs in its assumptions from the {key} of the claim: "
                "use the same symbol, or its name as a string",
                context="check_inequality",
            )
        return key
    if len(namesakes) == 1:
        return namesakes[0]
    if str(key) in VOCABULARY:
        return VOCABULARY[str(key)].symbol
    raise InvalidInputError(
        f"domain names {key!r}, which is no symbol of the claim or the vocabulary", context="check_inequality"
    )


def of_integers(allowed: sympy.Set) -> bool:
    """Return whether a set has no members but integers."""
    return isinstance(allowed, sympy.Range) or bool(allowed.is_subset(sympy.S.Integers))


def _irrational_ends(symbol: sympy.Symbol, allowed: sympy.Set) -> list[Constraint]:
    """State the ends of an interval that the engines' boxes can only enclose."""
    if not isinstance(allowed, sympy.Interval):
        return []
    ends = []
    if allowed.inf.is_finite and not allowed.inf.is_Rational:
        ends.append(Constraint(allowed.inf, symbol, bool(allowed.left_open)))
    if allowed.sup.is_finite and not allowed.sup.is_Rational:
        ends.append(Constraint(symbol, allowed.sup, bool(allowed.right_open)))
    return ends


def _as_set(key: Any, value: Any) -> sympy.Set:
    if not isinstance(value, sympy.Set):
        raise InvalidInputError(f"domain of {key} = {value!r} is no SymPy set", context="check_inequality")
    if isinstance(value, sympy.Range) and value.step != 1:
        if value.size.is_infinite or value.size > _LISTED:
            raise InvalidInputError(
                f"domain of {key} = {value}: a range with a step is allowed up to {_LISTED} values; "
                "otherwise write the symbol as step * k + start",
                context="check_inequality",
            )
        return sympy.FiniteSet(*value)
    value = value.xreplace(_exactly(value))
    try:
        if value.is_empty:
            return sympy.S.EmptySet
        known = contains(value, 0.5).shape == () and bool(value.inf <= value.sup)
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        known = False
    if not known:
        raise InvalidInputError(
            f"domain of {key} = {value}: write it as an Interval, a Range, a FiniteSet or a union of these",
            context="check_inequality",
        )
    return value


def _exactly(item: sympy.Basic) -> dict[sympy.Float, sympy.Rational]:
    """Return the fractions that the floats in an expression or a set are written as."""
    return {
        number: sympy.Rational(repr(float(number)) if number._prec <= 53 else str(number))
        for number in item.atoms(sympy.Float)
    }


def _expression(name: str, side: Any) -> sympy.Expr:
    if isinstance(side, bool | Relational) or side in (sympy.true, sympy.false):
        raise InvalidInputError(f"{name} = {side} is a relation, not an expression", context="check_inequality")
    expr = as_expression(side, name)
    if not isinstance(expr, sympy.Expr):
        raise InvalidInputError(f"{name} = {side!r} is no expression", context="check_inequality")
    return expr.xreplace(_exactly(expr))


def _rules(constraint: Any) -> list[Constraint]:
    """Return constraints written as Constraint, as a SymPy relation or as a triple."""
    if isinstance(constraint, Constraint):
        return [constraint]
    if constraint in (True, sympy.true):
        return []
    if isinstance(constraint, Relational):
        low, high = (constraint.lts, constraint.gts) if hasattr(constraint, "lts") else (constraint.lhs, constraint.rhs)
        if isinstance(constraint, sympy.Equality):
            return [Constraint(low, high), Constraint(high, low)]
        if isinstance(constraint, sympy.StrictLessThan | sympy.StrictGreaterThan):
            return [Constraint(low, high, strict=True)]
        if isinstance(constraint, sympy.LessThan | sympy.GreaterThan):
            return [Constraint(low, high)]
    if isinstance(constraint, tuple | list) and len(constraint) == 3 and constraint[1] in RELATIONS:
        low, high = (_expression("constraint", side) for side in constraint[::2])
        if constraint[1] == "=":
            return [Constraint(low, high), Constraint(high, low)]
        if constraint[1] in (">=", ">"):
            low, high = high, low
        return [Constraint(low, high, strict=constraint[1] in ("<", ">"))]
    raise InvalidInputError(f"constraint {constraint!r} is no relation", context="check_inequality")


def _insert(expr: sympy.Expr, definitions: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """Insert definitions until none is left (they may use one another)."""
    for _ in range(len(definitions) + 1):
        if not expr.free_symbols & set(definitions):
            break
        expr = expr.subs(dict(definitions), simultaneous=True)
    return expr


def _expand(left, right, rules, given):
    """Insert an abbreviation (m, Lam, tau) where its symbols occur beside it; alone it may take any value."""
    expanded: dict[sympy.Symbol, sympy.Expr] = {}
    while True:
        used = left.free_symbols | right.free_symbols | {s for rule in rules for s in rule.symbols}
        found = [short for short, full in DERIVED.items() if short in used and full.free_symbols & (used | set(given))]
        if not found:
            return left, right, rules, expanded
        for short in found:
            full = DERIVED[short]
            expanded[short] = full
            left, right = left.subs(short, full), right.subs(short, full)
            rules = [Constraint(r.lower.subs(short, full), r.upper.subs(short, full), r.strict) for r in rules]
            allowed = given.pop(short, None)
            if allowed is not None:
                rules += _within(short, full, allowed)


def _within(short: sympy.Symbol, full: sympy.Expr, allowed: sympy.Set) -> list[Constraint]:
    """State a domain that was given for an abbreviation."""
    if not isinstance(allowed, sympy.Interval | sympy.Range):
        names = ", ".join(sorted(str(symbol) for symbol in full.free_symbols))
        raise InvalidInputError(
            f"domain of {short} = {allowed}: beside {names} the claim means {short} = {full}, "
            "whose domain can be an Interval or a Range; give that of {names} instead".replace("{names}", names),
            context="check_inequality",
        )
    low, high = allowed.inf, allowed.sup
    rules = [Constraint(low, full, bool(getattr(allowed, "left_open", False)))] if low.is_finite else []
    return rules + ([Constraint(full, high, bool(getattr(allowed, "right_open", False)))] if high.is_finite else [])


def _close(left, relation, right, used, given, rules, expanded, definitions) -> Inequality:
    """Add the constraints that apply, and a domain for every symbol that they bring in."""
    for rule in rules:
        used = used | rule.symbols
    rules = list(rules)
    for constraint in CONSTRAINTS:
        if constraint.symbols <= used and constraint not in rules:
            rules.append(constraint)
    for symbol, value in definitions.items():
        # A definition must lie in its symbol's domain: lam > 0 excludes the points where its formula gives 0.
        value = _insert(value, definitions)
        if value.free_symbols <= used and symbol.is_nonnegative and not value.is_nonnegative:
            rules.append(Constraint(sympy.Integer(0), value, strict=bool(symbol.is_positive)))
    twice = sorted({one.name for one in used if sum(one.name == other.name for other in used) > 1})
    if twice:
        raise InvalidInputError(
            f"{', '.join(twice)}: two different symbols of one name (their assumptions differ); use one of them",
            context="check_inequality",
        )
    domain = {}
    for symbol in sorted(used, key=str):
        domain[symbol] = _domain_of(symbol, given)
    return Inequality(left, relation, right, domain, tuple(rules), expanded)


def _domain_of(symbol: sympy.Symbol, given: Mapping[sympy.Symbol, sympy.Set]) -> sympy.Set:
    if symbol.is_extended_real is False:
        raise InvalidInputError(f"{symbol} is no real symbol, by its assumptions", context="check_inequality")
    own = from_assumptions(symbol)
    if symbol in given:
        # What SymPy has already been told of a symbol cannot be taken back.
        return given[symbol].intersect(own) if own != sympy.Reals else given[symbol]
    entry = known(symbol)
    if entry is not None and entry.symbol == symbol:
        return entry.domain
    if is_share(symbol):
        return sympy.Interval.open(0, 1)
    return own
