"""A claim about closed forms, made explicit: the two sides, a set for each symbol, and relations between symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy
from sympy.core.relational import Relational

from boundcalc.domains import describe
from boundcalc.errors import InvalidInputError
from boundcalc.symbols import CONSTRAINTS, DERIVED, VOCABULARY, Constraint

__all__ = ["RELATIONS", "Problem", "from_assumptions", "state"]

_LISTED = 100  # numbers of a range with a step, which are listed
RELATIONS = ("<=", "<", ">=", ">", "=")


@dataclass(frozen=True)
class Problem:
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


def from_assumptions(symbol: sympy.Symbol) -> sympy.Set:
    """Return the set that a symbol's SymPy assumptions describe."""
    if symbol.is_integer:
        if symbol.is_positive:
            return sympy.Range(1, sympy.oo)
        return sympy.Range(0, sympy.oo) if symbol.is_nonnegative else sympy.S.Integers
    if symbol.is_positive:
        return sympy.Interval.open(0, sympy.oo)
    if symbol.is_nonnegative:
        return sympy.Interval(0, sympy.oo)
    return sympy.Interval.open(-sympy.oo, 0) if symbol.is_negative else sympy.Reals


def state(
    lhs: Any,
    relation: str,
    rhs: Any,
    *,
    domain: Mapping[Any, sympy.Set] | None = None,
    constraints: Iterable[Any] = (),
    definitions: Mapping[sympy.Symbol, sympy.Expr] | None = None,
) -> Problem:
    """Return the claim with every symbol's domain, abbreviations that share symbols with others inserted.

    Raises
    ------
    InvalidInputError
        For an unknown relation, a side that is no expression, or a domain that is no set.
    """
    relation = {"==": "=", "≤": "<=", "≥": ">="}.get(relation, relation)
    if relation not in RELATIONS:
        raise InvalidInputError(
            f"relation = {relation!r} is none of {', '.join(RELATIONS)}", context="check_inequality"
        )
    given = {_symbol(key): _as_set(key, value) for key, value in (domain or {}).items()}
    rules = [rule for constraint in constraints for rule in _rules(constraint)]
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


def _symbol(key: Any) -> sympy.Symbol:
    if isinstance(key, sympy.Symbol):
        return key
    if str(key) in VOCABULARY:
        return VOCABULARY[str(key)].symbol
    raise InvalidInputError(f"domain names {key!r}, which is no symbol", context="check_inequality")


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
    return value


def _expression(name: str, side: Any) -> sympy.Expr:
    if isinstance(side, bool | Relational) or side in (sympy.true, sympy.false):
        raise InvalidInputError(f"{name} = {side} is a relation, not an expression", context="check_inequality")
    expr = sympy.sympify(side)
    if not isinstance(expr, sympy.Expr):
        raise InvalidInputError(f"{name} = {side!r} is no expression", context="check_inequality")
    floats = {number: sympy.Rational(str(number)) for number in expr.atoms(sympy.Float)}
    return expr.xreplace(floats)


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
        low, high = sympy.sympify(constraint[0]), sympy.sympify(constraint[2])
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
                low, high = allowed.inf, allowed.sup
                rules += [Constraint(low, full)] if low.is_finite else []
                rules += [Constraint(full, high)] if high.is_finite else []


def _close(left, relation, right, used, given, rules, expanded, definitions) -> Problem:
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
    domain = {}
    for symbol in sorted(used, key=str):
        domain[symbol] = _domain_of(symbol, given)
    return Problem(left, relation, right, domain, tuple(rules), expanded)


def _domain_of(symbol: sympy.Symbol, given: Mapping[sympy.Symbol, sympy.Set]) -> sympy.Set:
    own = from_assumptions(symbol)
    if symbol in given:
        # What SymPy has already been told of a symbol cannot be taken back.
        return given[symbol].intersect(own) if own != sympy.Reals else given[symbol]
    entry = VOCABULARY.get(symbol.name)
    if entry is not None and entry.symbol == symbol:
        return entry.domain
    if symbol.name.startswith("delta["):
        return sympy.Interval.open(0, 1)
    return own
