"""A claim turned into simpler ones: floors of halves removed, constraints solved, domains carried by fresh symbols.

Each case has symbols whose SymPy assumptions say all there is to know about their signs: an integer n >= 2 under
floor(n/2) becomes 2k or 2k + 1; lower <= upper becomes upper = lower + slack, or lower = share * upper.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

import sympy

from boundcalc.checker.inequality.enclosure import number_ends, sure
from boundcalc.checker.inequality.placing import placed
from boundcalc.checker.inequality.problem import Inequality
from boundcalc.frozen import Frozen
from boundcalc.language.directions import direction
from boundcalc.symbols import Constraint

__all__ = ["Case", "Extent", "branches", "cases", "cleared", "opened", "reduced"]


@dataclass(frozen=True)
class Extent:
    """Where a symbol of a case lies: an interval with rational or infinite ends, of integers or not."""

    low: sympy.Expr
    high: sympy.Expr
    low_open: bool = False
    high_open: bool = False
    integer: bool = False


@dataclass(frozen=True)
class Case(Frozen):
    """``gap >= 0`` (``> 0`` when strict) on a box, under constraints that could not be solved.

    Attributes
    ----------
    sides : tuple of sympy.Expr
        Both sides of the claim, for the question whether they are defined.
    gap : sympy.Expr
    strict : bool
    box : mapping of sympy.Symbol to Extent
    facts : tuple of Constraint
    """

    sides: tuple[sympy.Expr, sympy.Expr]
    gap: sympy.Expr
    strict: bool
    box: Mapping[sympy.Symbol, Extent] = field(default_factory=dict)
    facts: tuple[Constraint, ...] = ()

    def about(self, expr: sympy.Expr, *, strict: bool) -> Case:
        """Return the case of another expression that has to be nonnegative (positive) on the same box."""
        return replace(self, sides=(expr, sympy.Integer(0)), gap=expr, strict=strict)


def branches(case: Case) -> Iterator[Case]:
    """Yield cases without Min, Max and Abs: each such node is replaced by one of its arguments where that is the value."""
    nodes = sorted(case.gap.atoms(sympy.Min, sympy.Max, sympy.Abs), key=lambda node: (len(node.args), str(node)))
    inner = [node for node in nodes if not any(arg.has(sympy.Min, sympy.Max, sympy.Abs) for arg in node.args)]
    if not inner:
        yield case
        return
    node = inner[0]
    options = (node.args[0], -node.args[0]) if isinstance(node, sympy.Abs) else node.args
    for option in options:
        others = [other for other in options if other != option]
        above = isinstance(node, sympy.Max | sympy.Abs)
        known = tuple(Constraint(other, option) if above else Constraint(option, other) for other in others)
        yield from branches(replace(case, gap=case.gap.xreplace({node: option}), facts=case.facts + known))


def opened(case: Case) -> Case:
    """Return a case on the inside of its box."""
    return replace(case, box={v: replace(own, low_open=True, high_open=True) for v, own in case.box.items()})


def reduced(case: Case) -> Case:
    """Return a case with fewer symbols that implies this one.

    Positive factors go, and a symbol in which the gap moves one way takes the value at which the gap is smallest.
    """
    gap = cleared(case.gap, case.box)
    domains = {symbol: sympy.Interval(own.low, own.high) for symbol, own in case.box.items()}
    tied = {symbol for fact in case.facts for symbol in fact.symbols}
    box = dict(case.box)
    for symbol, own in case.box.items():
        if symbol in tied or symbol not in gap.free_symbols:
            continue
        way = direction(gap, symbol, domains=domains)
        end, is_open = (own.low, own.low_open) if way == "rises" else (own.high, own.high_open)
        if way not in ("rises", "falls") or not end.is_finite or (is_open and case.strict):
            continue
        there = placed(gap, {symbol: end})
        if there.has(sympy.nan, sympy.zoo, sympy.oo):
            continue
        gap = cleared(there, case.box)
        del box[symbol]
    return replace(case, gap=gap, box=box)


def cleared(gap: sympy.Expr, box: Mapping[sympy.Symbol, Extent]) -> sympy.Expr:
    """Drop factors that are positive on a box."""
    top, bottom = sympy.fraction(sympy.together(gap))
    if sure(bottom, ">", box):
        gap = top
    factors = sympy.Mul.make_args(sympy.factor_terms(gap))
    return sympy.Mul(*(factor for factor in factors if not sure(factor, ">", box)))


def cases(problem: Inequality) -> Iterator[Case]:
    """Yield the cases whose proofs together prove the claim (for ``=``, that the gap is nonnegative)."""
    ranges = {symbol: _ranges(allowed) for symbol, allowed in problem.domain.items()}
    for choice in product(*ranges.values()):
        boxed = dict(zip(ranges, choice, strict=True))
        for box, insert in _parities(problem, boxed):
            yield _solved(problem, box, insert)


def _ranges(allowed: sympy.Set) -> list[Extent]:
    """Return the intervals that a set is made of."""
    match allowed:
        case sympy.FiniteSet():
            return [Extent(item, item, integer=bool(item.is_integer)) for item in allowed]
        case sympy.Union():
            return [part for piece in allowed.args for part in _ranges(piece)]
        case sympy.Interval():
            low, high = _outwards(allowed.inf, -1), _outwards(allowed.sup, 1)
            return [Extent(low, high, bool(allowed.left_open), bool(allowed.right_open))]
        case sympy.Range() if allowed.step == 1:
            return [Extent(allowed.inf, allowed.sup, integer=True)]
    if allowed.is_subset(sympy.S.Integers):
        return [Extent(allowed.inf, allowed.sup, integer=True)]
    # Any other set lies between its ends, which may belong to it.
    return [Extent(_outwards(allowed.inf, -1), _outwards(allowed.sup, 1))]


def _outwards(end: sympy.Expr, side: int) -> sympy.Expr:
    """Return an end, or a fraction just outside an irrational one."""
    if end.is_Rational or not end.is_finite:
        return end
    return number_ends(end)[0 if side < 0 else 1]


def _parities(problem: Inequality, box: dict[sympy.Symbol, Extent]) -> Iterator[tuple[dict, dict]]:
    """Replace each integer symbol under a floor of a polynomial over q by q*k + r, one case per remainder."""
    split: dict[sympy.Symbol, int] = {}
    whole = problem.left + sympy.Dummy() * problem.right
    for node in whole.atoms(sympy.floor, sympy.ceiling):
        argument = node.args[0]
        if len(argument.free_symbols) == 1:
            (symbol,) = argument.free_symbols
            if not (argument.is_polynomial(symbol) and box.get(symbol, _NONE).integer):
                continue
            parts = sympy.Poly(argument, symbol).all_coeffs()
            if all(part.is_Rational for part in parts):
                common = sympy.ilcm(1, 1, *(part.q for part in parts[:-1]))
                split |= {symbol: sympy.ilcm(split.get(symbol, 1), common)} if common <= 32 else {}
    names = list(split)
    for remainders in product(*(range(split[name]) for name in names)):
        found, insert = dict(box), {}
        for name, remainder in zip(names, remainders, strict=True):
            own = found.pop(name)
            part = sympy.Dummy(f"{name}_part")
            low = sympy.ceiling((own.low - remainder) / split[name]) if own.low.is_finite else own.low
            high = sympy.floor((own.high - remainder) / split[name]) if own.high.is_finite else own.high
            if low > high:
                break
            found[part] = Extent(low, high, integer=True)
            insert[name] = split[name] * part + remainder
        else:
            yield found, insert


_NONE = Extent(sympy.Integer(0), sympy.Integer(0))


def _solved(problem: Inequality, box: dict[sympy.Symbol, Extent], insert: dict[sympy.Symbol, sympy.Expr]) -> Case:
    """Solve constraints for a symbol where that keeps the box a box; the others remain as facts."""
    facts = []
    values: dict[sympy.Symbol, sympy.Expr] = dict(insert)
    box = dict(box)
    for rule in problem.constraints:
        low, high = (side.subs(values, simultaneous=True) for side in (rule.lower, rule.upper))
        made = _solve(rule, low, high, box)
        if made is None:
            facts.append(Constraint(low, high, rule.strict))
            continue
        symbol, value, fresh = made
        del box[symbol]
        box.update(fresh)
        values = {name: item.subs(symbol, value) for name, item in values.items()} | {symbol: value}
        facts = [Constraint(f.lower.subs(symbol, value), f.upper.subs(symbol, value), f.strict) for f in facts]
    return _with_assumptions(problem, box, values, facts)


def _solve(rule: Constraint, low: sympy.Expr, high: sympy.Expr, box: dict) -> tuple | None:
    """Return (symbol, its new value, new ranges), if the constraint can be solved."""
    slack = sympy.Dummy("slack")
    if low in box and high in box:
        lower, upper = box[low], box[high]
        if lower.low == 0 and not lower.integer and upper.low >= 0 and lower.high == sympy.oo and not rule.strict:
            share = sympy.Dummy("share")
            return low, share * high, {share: Extent(sympy.Integer(0), sympy.Integer(1), lower.low_open)}
    if high in box and high not in low.free_symbols and box[high].high == sympy.oo:
        floor = _least(low, box)
        if floor is not None and (floor > box[high].low or (floor == box[high].low and not box[high].low_open)):
            step = 1 if rule.strict and box[high].integer else 0
            whole = box[high].integer and bool(low.is_integer or (low in box and box[low].integer))
            if box[high].integer and not whole:
                return None
            return (
                high,
                low + slack,
                {slack: Extent(sympy.Integer(step), sympy.oo, rule.strict and not whole, integer=whole)},
            )
        if box[high].low == -sympy.oo:
            return high, low + slack, {slack: Extent(sympy.Integer(0), sympy.oo, rule.strict)}
    return None


def _whole(node: sympy.Expr, symbols: Iterable[sympy.Symbol]) -> bool:
    """Return whether the argument of a rounding is a polynomial with rational coefficients: SymPy splits off its whole terms."""
    argument = node.args[0]
    if not argument.free_symbols or not argument.is_polynomial(*symbols):
        return False
    return all(part.is_Rational for part in sympy.Poly(argument, *symbols).coeffs())


def _least(expr: sympy.Expr, box: Mapping[sympy.Symbol, Extent]) -> sympy.Expr | None:
    if expr in box:
        return box[expr].low if box[expr].low.is_finite else None
    return expr if expr.is_Rational else None


def _floored(gap: sympy.Expr, box: Mapping[sympy.Symbol, Extent]) -> sympy.Expr:
    """Write ceilings of logarithms of integers by floors: b^k < e <= b^(k+1) is b^k <= e - 1 < b^(k+1) for integers e >= 2.

    Those that are subtracted, or beside the floor itself: a ceiling alone is best bounded from below as it is.
    """
    flat = sympy.expand(gap)
    found: dict[sympy.Expr, sympy.Expr] = {}
    for node in gap.atoms(sympy.ceiling):
        top, bottom = sympy.fraction(node.args[0])
        if not (isinstance(top, sympy.log) and sympy.exp(bottom).is_Integer and top.args[0].is_integer):
            continue
        below = sympy.expand(top.args[0] - 1)
        lower = sympy.floor(sympy.log(below) / bottom)
        if (flat.coeff(node, 1).is_negative or gap.has(lower)) and sure(below - 1, ">=", box):
            found[node] = lower + 1
    return gap.xreplace(found)


def _with_assumptions(problem: Inequality, box, values, facts) -> Case:
    """Replace symbols by ones that carry what the box says of their sign; fixed ones by their value."""
    fresh: dict[sympy.Symbol, sympy.Expr] = {}
    renamed: dict[sympy.Symbol, Extent] = {}
    for symbol, own in box.items():
        if own.low == own.high:
            fresh[symbol] = own.low
            continue
        facts_of: dict[str, bool] = {"integer": True} if own.integer else {"real": True}
        if own.low.is_positive or (own.low.is_zero and own.low_open):
            facts_of["positive"] = True
        elif own.low.is_nonnegative:
            facts_of["nonnegative"] = True
        elif own.high.is_negative or (own.high.is_zero and own.high_open):
            facts_of["negative"] = True
        new = sympy.Dummy(symbol.name, **facts_of)
        fresh[symbol], renamed[new] = new, own

    def insert(expr: sympy.Expr) -> sympy.Expr:
        expr = expr.xreplace(values)
        rounded = {
            node: node.func(sympy.expand(node.args[0]))
            for node in expr.atoms(sympy.floor, sympy.ceiling)
            if _whole(node, fresh)
        }
        return placed(expr.xreplace(rounded), fresh)

    sides = insert(problem.left), insert(problem.right)
    gap = sides[0] - sides[1] if problem.relation in (">=", ">") else sides[1] - sides[0]
    known = tuple(Constraint(placed(f.lower, fresh), placed(f.upper, fresh), f.strict) for f in facts)
    return Case(sides, _floored(gap, renamed), problem.strict, renamed, known)
