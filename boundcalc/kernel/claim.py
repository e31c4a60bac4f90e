"""A claim about closed forms as a theorem of Coq: variables, hypotheses, conclusion, and what makes it defined."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise
from typing import Any

import numpy as np
import sympy
from mpmath import mp

from boundcalc.checker.inequality.problem import Inequality, state
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.kernel.reading import read_statement
from boundcalc.kernel.terms import names_of, obligations, printed
from boundcalc.statements.derivation import Derivation, Step
from boundcalc.symbols import DERIVED, Constraint

__all__ = [
    "Claim",
    "Fact",
    "Point",
    "compared",
    "draw",
    "in_order",
    "of_chain",
    "of_inequality",
    "of_step",
    "random_point",
    "to_number",
]

#: Values by symbol, exact or to many digits, and as numbers by name.
Point = tuple[dict[sympy.Symbol, sympy.Expr], dict[str, Any]]


_RANGES = {sympy.gamma: sympy.Interval.open(0, sympy.oo)}


@dataclass(frozen=True)
class Fact:
    """A hypothesis: the name it has in proofs, and its proposition in Coq."""

    name: str
    text: str


@dataclass(frozen=True)
class Claim(Frozen):
    """What is to be proved, ready to be printed.

    Attributes
    ----------
    left, right : sympy.Expr
        Abbreviations kept as symbols; each floor and ceiling is an integer symbol.
    relation : str
    names : mapping of sympy.Symbol to str
    domain : mapping of sympy.Symbol to sympy.Set
    definitions : mapping of sympy.Symbol to sympy.Expr
        What a symbol stands for, stated as an equation.
    rounded : mapping of sympy.Symbol to sympy.Expr
        The floor or ceiling that an integer symbol stands for.
    constraints : tuple of Constraint
    premises : mapping of str to (sympy.Expr, str, sympy.Expr)
        Statements that are given, by the name of their hypothesis.
    values : mapping of sympy.Symbol to sympy.Expr
        The value of a function without a term in Coq that a real number of its range stands for: what is claimed holds for
        each number there.
    """

    left: sympy.Expr
    relation: str
    right: sympy.Expr
    names: Mapping[sympy.Symbol, str]
    domain: Mapping[sympy.Symbol, sympy.Set]
    definitions: Mapping[sympy.Symbol, sympy.Expr]
    rounded: Mapping[sympy.Symbol, sympy.Expr]
    constraints: tuple[Constraint, ...]
    premises: Mapping[str, tuple[sympy.Expr, str, sympy.Expr]] = field(default_factory=dict)
    values: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)

    @property
    def integers(self) -> tuple[sympy.Symbol, ...]:
        """The symbols that are variables of type Z."""
        return tuple(symbol for symbol in self.names if symbol in self.rounded or _is_integer(self.domain, symbol))

    @property
    def terms(self) -> dict[sympy.Symbol, str]:
        """How each symbol is written where a real number is expected."""
        whole = set(self.integers)
        return {symbol: f"IZR {name}" if symbol in whole else name for symbol, name in self.names.items()}

    @property
    def reals(self) -> dict[sympy.Symbol, str]:
        """How each symbol is written once a real variable hides each integer one (`hiding`)."""
        whole = set(self.integers)
        return {symbol: f"x_{name}" if symbol in whole else name for symbol, name in self.names.items()}

    @property
    def hiding(self) -> list[str]:
        """The lines of a proof that put real variables in the place of integer ones."""
        names = [self.names[symbol] for symbol in self.integers]
        return [f"set (x_{name} := IZR {name}) in *; clearbody x_{name}." for name in names]

    @property
    def ordered(self) -> tuple[sympy.Expr, sympy.Expr]:
        """The side of an inequality that is claimed to be larger, and the other."""
        return (self.left, self.right) if self.relation in (">=", ">") else (self.right, self.left)

    def printed(self, expr: sympy.Expr) -> str:
        """Return an expression of this claim's symbols in Coq."""
        return printed(expr, self.terms)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The hypotheses, in the order in which they are stated."""
        found: dict[str, str] = {}
        for symbol, allowed in self.domain.items():
            if text := _membership(self.names[symbol], allowed, self.terms[symbol], symbol in self.integers):
                found[f"dom_{self.names[symbol]}"] = text
        for symbol, full in self.rounded.items():
            for place, text in enumerate(self._hidden(full.args[0]), start=1):
                found[f"def_{self.names[symbol]}_{place}"] = text
            found[f"int_{self.names[symbol]}"] = self._rounding(symbol, full)
        for symbol, full in self.definitions.items():
            for place, text in enumerate(self._hidden(full), start=1):
                found[f"def_{self.names[symbol]}_{place}"] = text
            found[f"eq_{self.names[symbol]}"] = f"{self.names[symbol]} = {self.printed(full)}"
        for number, rule in enumerate(self.constraints, start=1):
            for place, text in enumerate(self._hidden(rule.lower - rule.upper), start=1):
                found[f"def_rule_{number}_{place}"] = text
            relation = "<" if rule.strict else "<="
            found[f"rule_{number}"] = f"{self.printed(rule.lower)} {relation} {self.printed(rule.upper)}"
        for name, (left, relation, right) in self.premises.items():
            for text in [*self._hidden(left), *self._hidden(right)]:
                if text.endswith("<> 0") and text not in found.values():  # what it divides by
                    found[f"def_{name}_{len(found)}"] = text
            found[name] = f"{self.printed(left)} {relation} {self.printed(right)}"
        return tuple(Fact(name, text) for name, text in found.items())

    def _hidden(self, expr: sympy.Expr) -> list[str]:
        return obligations(expr, self.terms, unless_known=True)

    def _rounding(self, symbol: sympy.Symbol, full: sympy.Expr) -> str:
        inside, name = full.args[0], self.names[symbol]
        half = 2 * inside
        if isinstance(full, sympy.floor) and half in self.integers and half not in self.rounded:
            return f"(2 * {name} <= {self.names[half]} < 2 * {name} + 2)%Z"
        text = self.printed(inside)
        text = text if inside.is_Atom else f"({text})"
        if isinstance(full, sympy.floor):
            return f"IZR {name} <= {text} < IZR {name} + 1"
        return f"IZR {name} - 1 < {text} <= IZR {name}"

    @property
    def conclusion(self) -> str:
        """The comparison that is claimed."""
        return f"{self.printed(self.left)} {self.relation} {self.printed(self.right)}"

    @property
    def obligations(self) -> tuple[str, ...]:
        """What makes both sides defined; it is proved beside the claim."""
        found = [*obligations(self.left, self.terms), *obligations(self.right, self.terms)]
        return tuple(dict.fromkeys(found))

    @property
    def binders(self) -> str:
        """The variables with their types."""
        whole = set(self.integers)
        reals = [name for symbol, name in self.names.items() if symbol not in whole]
        integers = [name for symbol, name in self.names.items() if symbol in whole]
        return " ".join(f"({' '.join(group)} : {kind})" for group, kind in ((reals, "R"), (integers, "Z")) if group)

    @property
    def binder_names(self) -> tuple[str, ...]:
        """The variables in the order of the binders."""
        whole = set(self.integers)
        return tuple(sorted(self.names.values(), key=lambda name: name in {self.names[s] for s in whole}))

    def statement(self, conclusion: str | None = None, *, remarks: bool = False) -> str:
        """Return the proposition: for all variables, under all hypotheses, the conclusion; remarks say what is no domain."""
        lines = [f"forall {self.binders}," if self.names else ""]
        for fact in self.facts:
            text = f"({fact.text})" if "\\/" in fact.text else fact.text
            lines.append(f"{text} ->{f' (* {self._remark(fact)} *)' if remarks and self._remark(fact) else ''}")
        return "\n  ".join(line for line in [*lines, conclusion or self.conclusion] if line)

    def _remark(self, fact: Fact) -> str:
        """Return what a hypothesis is, where it is not the range of a variable."""
        kinds = {"eq": "definition", "int": "rounded", "rule": "required", "def": "defined"}
        return fact.name if fact.name in self.premises else kinds.get(fact.name.split("_")[0], "")


def of_inequality(problem: Inequality) -> Claim:
    """Return the theorem that a stated claim is."""
    return _claim(problem.left, problem.relation, problem.right, problem, {}, problem.constraints)


def of_chain(
    chain: Derivation,
    given: Iterable[Constraint] = (),
    *,
    domain: Mapping[sympy.Symbol, sympy.Set] | None = None,
    definitions: Mapping[sympy.Symbol, sympy.Expr] | None = None,
    proved: Container[int] = (),
) -> tuple[Claim, tuple[sympy.Expr, ...], dict[str, tuple[sympy.Expr, str, sympy.Expr]]]:
    """Return the theorem that a whole derivation is, its steps as premises, its lines, and the steps left out.

    Its symbols are in their ``domain``. Steps whose numbers are in ``proved`` are no premises; what they need of
    ``definitions`` is.
    """
    sides = [side for step in chain.steps for side in (step.left, step.right)] + list(chain.lines)
    values = _values(sides)
    sides = [side.xreplace(values) for side in sides]
    _check_values(chain, sides, values)
    rules = [Constraint(side, side) for side in sides]
    defined = [(symbol, full.xreplace(values)) for symbol, full in (definitions or {}).items()]
    rules += [Constraint(full, symbol) for symbol, full in defined]
    used = set().union(*(rule.symbols for rule in rules))
    spoken = [rule for rule in given if rule.symbols <= used]
    stood = {symbol: _RANGES[term.func] for term, symbol in values.items()}
    domain = {
        symbol: allowed for symbol, allowed in {**chain.domains, **(domain or {}), **stood}.items() if symbol in used
    }
    problem = state(chain.quantity, chain.relation, sides[-1], domain=domain, constraints=[*rules, *spoken])
    flat = [rule.lower for rule in problem.constraints[: len(rules)]]
    equations = {symbol: full for (symbol, _), full in zip(defined, flat[len(sides) :], strict=True)}
    rest = problem.constraints[len(rules) :]
    many = sympy.Tuple(*flat[: len(sides)])
    claim = _claim(many, chain.relation, many, problem, equations, rest)
    flat, count = list(claim.left), 2 * len(chain.steps)
    premises: dict[str, tuple[sympy.Expr, str, sympy.Expr]] = {
        f"step_{number}": (flat[2 * number - 2], step.relation, flat[2 * number - 1])
        for number, step in enumerate(chain.steps, start=1)
    }
    shown = {name: premise for name, premise in premises.items() if int(name.removeprefix("step_")) not in proved}
    own = {name: premise for name, premise in premises.items() if name not in shown}
    meant = {symbol: term for term, symbol in values.items()}
    claim = replace(claim, left=flat[count], right=flat[-1], premises=shown, values=meant)
    return claim, tuple(flat[count:]), own


def _values(sides: Iterable[sympy.Expr]) -> dict[sympy.Expr, sympy.Symbol]:
    """Return a symbol for each value, surely in its range, of a function that has no term in Coq."""
    terms = set().union(*(side.atoms(*_RANGES) for side in sides))
    sure = [term for term in sorted(terms, key=str) if term.is_positive]
    return {term: sympy.Symbol(f"f_{place}", positive=True) for place, term in enumerate(sure, start=1)}


def _check_values(chain: Derivation, sides: list[sympy.Expr], values: Mapping[sympy.Expr, sympy.Symbol]) -> None:
    """Refuse a chain in which a step replaces a part of an argument: a number in the place of the value hides it."""
    terms = {symbol: term for term, symbol in values.items()}
    own = [side.free_symbols & set(terms) for side in sides]
    for number, (before, after) in enumerate(pairwise(own[2 * len(chain.steps) :])):
        if moved := (before ^ after) - own[2 * number] - own[2 * number + 1]:
            term = terms[min(moved, key=str)]
            raise InvalidInputError(
                f"{term} is not translated, and step {number + 1} replaces a part of it", context="kernel"
            )


def of_step(
    step: Step, domains: Mapping[sympy.Symbol, sympy.Set] | None = None, given: Iterable[Constraint] = ()
) -> Claim:
    """Return the theorem that a step between closed forms is, its definitions as equations, under what is given.

    The checker inserts the definitions and asks only of a symbol that is nonnegative or positive that its definition
    be so; so do the hypotheses here.
    """
    used, defined = step.left.free_symbols | step.right.free_symbols, dict(step.definitions)
    chosen: dict[sympy.Symbol, sympy.Expr] = {}
    while more := [symbol for symbol in sorted(used, key=str) if symbol in defined and symbol not in chosen]:
        for symbol in more:
            chosen[symbol] = defined[symbol]
            used = used | defined[symbol].free_symbols
    rules = [rule for symbol, full in chosen.items() for rule in (Constraint(full, symbol), Constraint(symbol, full))]
    problem = state(step.left, step.relation, step.right, domain=domains, constraints=[*rules, *given])
    equations = {rule.upper: rule.lower for rule in problem.constraints[: len(rules) : 2]}
    others = [rule for rule in problem.constraints[len(rules) :] if not rule.symbols & set(equations)]
    return _claim(problem.left, problem.relation, problem.right, problem, equations, others)


def _claim(
    left: sympy.Expr,
    relation: str,
    right: sympy.Expr,
    problem: Inequality,
    equations: Mapping[sympy.Symbol, sympy.Expr],
    rules: Iterable[Constraint],
) -> Claim:
    domain = {}
    for symbol, allowed in problem.domain.items():
        if symbol in equations:
            sign = sympy.Interval(0, sympy.oo, left_open=bool(symbol.is_positive))
            domain[symbol] = sign if symbol.is_nonnegative else sympy.Reals
        else:
            domain[symbol] = allowed
    short = {full: symbol for symbol, full in DERIVED.items() if symbol not in domain}
    rounded: dict[sympy.Symbol, sympy.Expr] = {}

    def flat(expr: sympy.Expr) -> sympy.Expr:
        """Replace floors and ceilings, the inner ones first, by integer symbols."""
        while whole := expr.atoms(sympy.floor, sympy.ceiling):
            inner = min(whole, key=lambda item: (item.count_ops(), str(item)))
            known = next((symbol for symbol, full in rounded.items() if full == inner), None)
            if known is None:
                half = 2 * inner.args[0]
                sure = isinstance(inner, sympy.floor) and half in domain and domain[half].inf >= 2
                name = f"k_{len(rounded) + 1}"
                known = short.get(inner) or sympy.Symbol(name, integer=True, positive=sure or None)
                rounded[known] = inner
            expr = expr.xreplace({inner: known})
        return expr

    sides = flat(left), flat(right)
    kept = {symbol: flat(full) for symbol, full in equations.items()}
    flat_rules = tuple(Constraint(flat(rule.lower), flat(rule.upper), rule.strict) for rule in rules)
    order = [*sorted((s for s in domain if s not in kept), key=str), *rounded, *sorted(kept, key=str)]
    return Claim(sides[0], relation, sides[1], names_of(order), domain, kept, rounded, flat_rules)


def _is_integer(domain: Mapping[sympy.Symbol, sympy.Set], symbol: sympy.Symbol) -> bool:
    allowed = domain.get(symbol, sympy.Reals)
    return isinstance(allowed, sympy.Range) or allowed in (sympy.S.Integers, sympy.S.Naturals, sympy.S.Naturals0)


def _membership(name: str, allowed: sympy.Set, term: str, whole: bool) -> str:
    """Return the proposition that a variable lies in its set, or nothing where any value does."""
    if isinstance(allowed, sympy.FiniteSet):
        return " \\/ ".join(f"{term} = {printed(value, {})}" for value in sorted(allowed, key=sympy.default_sort_key))
    if isinstance(allowed, sympy.Union):
        return " \\/ ".join(_membership(name, part, term, whole) for part in allowed.args)
    if not whole and not isinstance(allowed, sympy.Interval) and allowed is not sympy.Reals:
        raise InvalidInputError(f"the domain {allowed} of {name} is not translated", context="kernel")
    low, high = allowed.inf, allowed.sup
    below = f"{printed(low, {})} {'<' if not whole and allowed.left_open else '<='} " if low.is_finite else ""
    above = f" {'<' if not whole and allowed.right_open else '<='} {printed(high, {})}" if high.is_finite else ""
    if not below and not above:
        return ""
    text = f"{below}{name}{above}"
    return f"({text})%Z" if whole else text


_DIGITS = 120  # sums such as p exp(-80) - p + 1 lose forty of them
_TRIES, _ENOUGH = 4000, 25


def compared(
    claim: Claim, problem: Inequality, *, seed: int = 0, tries: int = _TRIES, known: Iterable[Point] = ()
) -> int:
    """Read the printed statement back and compare it with the checker's claim at random points; return how many.

    Every point of the checker's claim that is found must satisfy the hypotheses as printed (premises apart), and both sides, of
    the premises too, must have the values that SymPy gives them. Points that are known are looked at first.

    Raises
    ------
    InvalidInputError
        If they differ, or no point satisfies the hypotheses (the theorem might be about nothing).
    """
    bare = replace(claim, premises={})
    stated = [(claim.left, claim.relation, claim.right), *claim.premises.values()]
    meant = [(problem.left, problem.relation, problem.right), *claim.premises.values()]
    reads = [read_statement(replace(bare, left=a, relation=r, right=b).statement()) for a, r, b in stated]
    rng = np.random.default_rng(seed)
    compared_points = 0
    with mp.workdps(_DIGITS):
        for point in chain(known, (random_point(claim, problem.constraints, rng) for _ in range(tries))):
            if point is None:
                continue
            given, values = point
            expected = [[value_at(side, given) for side in (left, right)] for left, _, right in meant]
            if None in expected[0]:
                continue
            if not reads[0].admits(values):
                raise InvalidInputError(f"the hypotheses printed exclude {given}, which is claimed", context="kernel")
            for read, (_, relation, _), pair in zip(reads, meant, expected, strict=True):
                if None not in pair:
                    _same(read.sides(values), relation, pair, given)
            compared_points += 1
            if compared_points == _ENOUGH or not values:
                return compared_points
    if not compared_points:
        raise InvalidInputError("no point was found at which the hypotheses hold", context="kernel")
    return compared_points


def _same(found: tuple[Any, str, Any], relation: str, expected: list[Any], given: Mapping[Any, Any]) -> None:
    """Refuse a comparison as printed that is not the one that is meant."""
    left, own, right = found
    pairs = zip((left, right), expected, strict=True)
    if own != relation or not all(mp.almosteq(a, b, 1e-20, 1e-20) for a, b in pairs):
        raise InvalidInputError(f"the statement printed differs from the claim at {given}", context="kernel")


def random_point(claim: Claim, constraints: Iterable[Constraint], rng: np.random.Generator) -> Point | None:
    """Return a point of the checker's claim, by symbol and by name, or None when a constraint fails at it."""
    given: dict[sympy.Symbol, sympy.Expr] = {}
    for symbol in claim.names:
        if symbol not in claim.definitions and symbol not in claim.rounded:
            given[symbol] = draw(claim.domain[symbol], rng)
    everything = dict(given)
    for symbol, full in [*claim.rounded.items(), *in_order(claim.definitions)]:
        if not full.free_symbols <= set(everything):
            return None
        value = full.xreplace(everything)
        if not value.is_number or not value.is_real or not value.is_finite:
            return None
        everything[symbol] = value
    for symbol in claim.definitions:
        value = to_number(everything[symbol])
        if value is None or (symbol.is_nonnegative and (value < 0 or (symbol.is_positive and value == 0))):
            return None
    for rule in (*claim.constraints, *constraints):
        sides = [value_at(side, everything) for side in (rule.lower, rule.upper)]
        if None in sides or (sides[0] >= sides[1] if rule.strict else sides[0] > sides[1]):
            return None
    values = {claim.names[symbol]: to_number(value) for symbol, value in everything.items()}
    return None if None in values.values() else (everything, values)


def in_order(definitions: Mapping[sympy.Symbol, sympy.Expr]) -> list[tuple[sympy.Symbol, sympy.Expr]]:
    """Return definitions such that each comes after those it uses."""
    left, ordered = dict(definitions), []
    while left:
        ready = [symbol for symbol, full in left.items() if not full.free_symbols & set(left)] or list(left)
        for symbol in ready:
            ordered.append((symbol, left.pop(symbol)))
    return ordered


def draw(allowed: sympy.Set, rng: np.random.Generator) -> sympy.Expr:
    """Return a random member of a set, of any size, sometimes an end."""
    if isinstance(allowed, sympy.FiniteSet):
        return list(allowed)[rng.integers(len(allowed))]
    if isinstance(allowed, sympy.Union):
        return draw(allowed.args[rng.integers(len(allowed.args))], rng)
    low, high = allowed.inf, allowed.sup
    if not isinstance(allowed, sympy.Interval) and allowed is not sympy.Reals:
        size = round(10 ** rng.uniform(0, 3)) - 1
        start = low if low.is_finite else -size if not high.is_finite else high - size
        return sympy.Integer(start) + (rng.integers(size + 1) if not low.is_finite else min(size, high - start))
    part = sympy.Rational(int(rng.integers(1, 1000)), 1000)
    if rng.random() < 0.1:
        ends = [e for e, out in ((low, allowed.left_open), (high, allowed.right_open)) if e.is_finite and not out]
        if ends:
            return ends[rng.integers(len(ends))]
    if low.is_finite and high.is_finite:
        return low + (high - low) * part
    size = part * sympy.Integer(10) ** int(rng.integers(0, 3))
    if low.is_finite:
        return low + size
    return high - size if high.is_finite else size * int(rng.choice([-1, 1]))


def value_at(expr: sympy.Expr, point: Mapping[sympy.Symbol, sympy.Expr]) -> Any:
    """Return an expression's value at a point, or None where it has none."""
    try:
        return to_number(expr.xreplace(dict(point)))
    except ValueError:  # SymPy's Min and Max of what is no number
        return None


def to_number(expr: sympy.Expr) -> Any:
    """Return a real number to many digits, or None."""
    value = sympy.N(expr, _DIGITS + 5)
    if value is sympy.nan or value.has(sympy.zoo, sympy.nan, sympy.oo) or not value.is_Number:
        value = sympy.N(value, _DIGITS + 5, chop=True)
    return mp.mpf(value._to_mpmath(4 * _DIGITS)) if value.is_Number and value.is_finite and value.is_real else None
