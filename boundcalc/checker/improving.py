"""Constants and cleaner forms, each with a proof: the best c with A <= c B, a relaxed bound, one bound under another.

>>> import sympy
>>> from boundcalc.symbols import m, n
>>> best_constant(1 / m, 1 / n).constant
3
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from boundcalc.bound import Bound
from boundcalc.checker.inequality.evaluate import on_arrays, value_at
from boundcalc.checker.inequality.limits import clocked, worked
from boundcalc.checker.inequality.problem import state
from boundcalc.checker.inequality.reals import check_inequality
from boundcalc.checker.verdict import Verdict, Word
from boundcalc.errors import CompositionError, InfeasibleError, InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.language.domains import admits, contains
from boundcalc.statements.derivation import Derivation, Step, at_least, at_most, plain_shares
from boundcalc.statements.growth import growth
from boundcalc.statements.terms import label_terms

#: Where no proof closes at the ratio itself, how far above it one is looked for.
_LOOSER = ("1.0001", "1.001", "1.003", "1.01")

__all__ = ["BestConstant", "best_constant", "dominated", "relaxed"]


@dataclass(frozen=True)
class BestConstant(Frozen):
    """The smallest constant that was proved.

    Attributes
    ----------
    constant : sympy.Expr
        c with A <= c B on the whole domain, rounded up where it is no simple number.
    verdict : Verdict
        The proof; UNSETTLED if none was found for any constant that was tried.
    tight_at : mapping of str to number
        The point with the largest ratio A/B that was found; ends that are not attained stand for a limit.
    ratio : float
        The ratio there, so that no constant below it will do.
    left_open : tuple of sympy.Expr
        Smaller constants that were tried and neither proved nor refuted.
    """

    constant: sympy.Expr
    verdict: Verdict
    tight_at: Mapping[str, Any]
    ratio: float
    left_open: tuple[sympy.Expr, ...] = ()

    def __str__(self) -> str:
        at = ", ".join(f"{name} = {value}" for name, value in self.tight_at.items())
        open_ones = f", after {', '.join(map(str, self.left_open))} stayed open" if self.left_open else ""
        return f"{self.constant} ({self.verdict.word}{open_ones}); the ratio is {self.ratio:.8g} at {at}"


@clocked()
def best_constant(
    A: Any,
    B: Any,
    *,
    domain: Mapping[Any, sympy.Set] | None = None,
    constraints: Iterable[Any] = (),
    budget: float = 60.0,
    rng: int | np.random.Generator = 0,
) -> BestConstant:
    """Return the smallest constant c with ``A <= c B``, proved, and where it is tight.

    Parameters
    ----------
    A, B : sympy.Expr, number or Bound
        B is positive on the domain.
    domain, constraints
        As for `check_inequality`.
    budget : float
        Seconds.
    rng : int or numpy.random.Generator

    Returns
    -------
    BestConstant

    Raises
    ------
    InfeasibleError
        If the ratio grows without limit, so that no constant will do, or every constant that was tried is refuted.
    InvalidInputError
        As `check_inequality` does, and if A is never positive or B not positive at some point.
    """
    rules = list(constraints) if not hasattr(constraints, "lower") else [constraints]
    above, below = (getattr(side, "expr", side) for side in (A, B))
    problem = state(A, "<=", B, domain=domain, constraints=rules)
    search = _Search(problem, np.random.default_rng(rng))
    ratio, point = search.run()
    end = worked() + budget
    known = {**{s: problem.domain[s] for s in problem.domain}, **dict(domain or {})}
    tried: list[BestConstant] = []
    for constant in _candidates(ratio):
        left = max(2.0, (end - worked()) / 3)
        told = check_inequality(above, "<=", constant * below, domain=known, constraints=rules, budget=left)
        open_ones = tuple(one.constant for one in tried if not one.verdict.refutes)
        tried.append(BestConstant(constant, told, point, ratio, open_ones))
        if told.word is Word.PROVED:
            return tried[-1]
        if worked() > end:
            break
    left_open = [one for one in tried if not one.verdict.refutes]
    if not left_open:
        raise InfeasibleError(f"no constant up to {tried[-1].constant} will do: {tried[-1].verdict}")
    return left_open[0]


def _candidates(ratio: float) -> list[sympy.Expr]:
    """Return constants from the ratio upwards: simple numbers that equal it to ten digits, then it rounded up."""
    simple = [sympy.nsimplify(ratio, rational=True, tolerance=1e-10)]
    square = sympy.nsimplify(ratio**2, rational=True, tolerance=1e-10)
    simple.append(sympy.sqrt(square))
    kept = [
        c
        for c in simple
        if max(sympy.Rational(c**2).q, sympy.Rational(c**2).p) < 10**5 and float(c) >= ratio * (1 - 1e-9)
    ]
    exact = sympy.Rational(ratio)
    looser = [_to_digits(exact * sympy.Rational(factor), 5, up=True) for factor in _LOOSER]
    rounded = [_to_digits(exact, digits, up=True) for digits in (2, 1)]
    return list(dict.fromkeys([*sorted(kept, key=float), _to_digits(exact, 8, up=True), *sorted([*looser, *rounded])]))


def _to_digits(value: sympy.Rational, digits: int, *, up: bool) -> sympy.Rational:
    """Return a positive number rounded up, or down, to so many significant digits."""
    unit = sympy.Integer(10) ** (math.floor(math.log10(float(value))) - digits + 1)
    return (sympy.ceiling if up else sympy.floor)(value / unit) * unit


class _Search:
    """The largest ratio of two sides, by random points and a walk from the best of them."""

    def __init__(self, problem: Any, rng: np.random.Generator) -> None:
        self.problem, self.rng = problem, rng
        self.symbols = sorted(problem.domain, key=str)
        self.ratio_expr = problem.left, problem.right
        self.exact = False  # whether fewer points are looked at, with forty digits each

    def run(self) -> tuple[float, dict[str, Any]]:
        best = self._found()
        if not math.isclose(
            best[0], self._exactly(best[1]), rel_tol=1e-3
        ):  # rounding made it, near a zero of both sides
            self.exact = True
            best = self._found()
        return self._told(best)

    def _found(self) -> tuple[float, np.ndarray]:
        """Return the largest ratio that was seen, and where."""
        best = self._best(self._spread(400 if self.exact else 20_000))
        for width in (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-6, 1e-8):
            for _ in range(6):
                better = self._best(self._near(best[1], width))
                best = max(best, better, key=lambda one: one[0])
        return best

    def _told(self, best: tuple[float, np.ndarray]) -> tuple[float, dict[str, Any]]:
        value = self._exactly(best[1])
        if not math.isfinite(value) or value <= 0:
            raise InvalidInputError(
                f"A/B is at most {value:.6g} at every point that was tried: no positive constant is needed"
            )
        shown = {s.name: _shown(best[1][k], self.problem.domain[s]) for k, s in enumerate(self.symbols)}
        limit, ends = self._limit(best[1], value)
        return limit, {**shown, **ends}

    def _spread(self, size: int) -> np.ndarray:
        return np.stack([_draw(self.problem.domain[s], s, self.rng, size) for s in self.symbols])

    def _near(self, point: np.ndarray, width: float) -> np.ndarray:
        """Return points near one, some coordinates moved and some at an end of their set."""
        size = 20 if self.exact else 400
        moved = np.repeat(point[:, None], size, axis=1)
        for k, symbol in enumerate(self.symbols):
            allowed = self.problem.domain[symbol]
            chosen = self.rng.random(size) < 0.5
            step = np.exp(self.rng.normal(0, width, size)) if point[k] else 1 + 0 * moved[k]
            trial = moved[k] * step + (0 if point[k] else self.rng.normal(0, width, size))
            if isinstance(allowed, sympy.Range):
                trial = np.round(trial + self.rng.integers(-1, 2, size))
            moved[k] = np.where(chosen, trial, moved[k])
        return np.concatenate([moved, point[:, None]], axis=1)

    def _best(self, points: np.ndarray) -> tuple[float, np.ndarray]:
        inside = np.ones(points.shape[1], dtype=bool)
        for k, symbol in enumerate(self.symbols):
            inside &= contains(self.problem.domain[symbol], points[k]) & admits(symbol, points[k])
        for rule in self.problem.constraints:
            low, high = (self._values(side, points) for side in (rule.lower, rule.upper))
            inside &= low < high if rule.strict else low <= high
        points = points[:, inside]
        if not points.size:
            return -math.inf, np.zeros(len(self.symbols))
        ratio = self._ratio(points)
        place = int(np.argmax(ratio))
        return float(ratio[place]), points[:, place]

    def _ratio(self, points: np.ndarray) -> np.ndarray:
        if self.exact:
            return np.array([self._exactly(point) for point in points.T])
        above, below = (self._values(side, points) for side in self.ratio_expr)
        with np.errstate(all="ignore"):
            ratio = np.where(below > 0, above / np.where(below > 0, below, 1), -math.inf)
        return np.where(np.isfinite(ratio), ratio, -math.inf)

    def _values(self, expr: sympy.Expr, points: np.ndarray) -> np.ndarray:
        named = {symbol.name: points[k] for k, symbol in enumerate(self.symbols)}
        return np.broadcast_to(on_arrays(expr, named), points.shape[1])

    def _exactly(self, point: np.ndarray) -> float:
        at = {s: sympy.Rational(float(value)) for s, value in zip(self.symbols, point, strict=True)}
        above, below = (_known_value(side, at) for side in self.ratio_expr)
        return float(above / below) if below.is_positive and above.is_extended_real else -math.inf

    def _limit(self, point: np.ndarray, value: float) -> tuple[float, dict[str, Any]]:
        """Return the ratio and the end of a symbol's set where its limit is larger than at the best point, if so."""
        far = sympy.Dummy("far", positive=True)
        at = {s: sympy.Rational(float(one)) for s, one in zip(self.symbols, point, strict=True)}
        ratio, ends = value, {}
        tied = set().union(*(rule.symbols for rule in self.problem.constraints))
        for s in (one for one in self.symbols if one not in tied):
            allowed = self.problem.domain[s]
            ways = [(sympy.oo, far)] if allowed.sup is sympy.oo else []
            ways += [(sympy.S.Zero, 1 / far), (sympy.S.Zero, sympy.exp(-far))] if allowed.inf == 0 else []
            for end, way in ways:
                others = {**at, s: way}
                try:
                    found = growth(self.ratio_expr[0].xreplace(others) / self.ratio_expr[1].xreplace(others), far)
                    size = float(found.coefficient.evalf(30))
                except (InvalidInputError, TypeError):
                    continue
                constant = (sympy.S.Zero,) * 3
                if found.scale > constant and size > 0:
                    raise InfeasibleError(f"no constant will do: A/B grows without limit as {s} tends to {end}")
                limit = size if found.scale == constant else -math.inf
                if limit > ratio * (1 + 1e-12):
                    ratio, ends = limit, {s.name: end}
        return ratio, ends


def _known_value(expr: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Rational]) -> sympy.Expr:
    """Return a value with forty digits; powers with large exponents are not written out."""
    found = value_at(expr, at, digits=40)
    return expr.evalf(40, subs=at) if found is None else found


def _draw(allowed: sympy.Set, symbol: sympy.Symbol, rng: np.random.Generator, size: int) -> np.ndarray:
    """Return values of a set: near its ends, far out and between."""
    if isinstance(allowed, sympy.FiniteSet):
        return rng.choice([float(one) for one in allowed], size)
    low, high = (float(end) for end in (allowed.inf, allowed.sup))
    log_size = 10.0 ** rng.uniform(-6, 8, size)
    if math.isfinite(low) and math.isfinite(high):
        share = rng.random(size)
        small = 10.0 ** rng.uniform(-9, 0, size)
        share = np.choose(rng.integers(0, 3, size), [share, small, 1 - small])
        found = low + (high - low) * share
        found = np.where(rng.random(size) < 0.05, low, np.where(rng.random(size) < 0.05, high, found))
    elif math.isfinite(low) or math.isfinite(high):
        found = low + log_size if math.isfinite(low) else high - log_size
        found = np.where(rng.random(size) < 0.1, low if math.isfinite(low) else high, found)
    else:
        found = log_size * rng.choice([-1.0, 1.0], size)
    if isinstance(allowed, sympy.Range):
        found = np.where(
            rng.random(size) < 0.4, low + np.floor(rng.exponential(3, size)) if math.isfinite(low) else found, found
        )
        found = np.round(found)
    return found


def _shown(value: float, allowed: sympy.Set) -> Any:
    return int(value) if isinstance(allowed, sympy.Range) else float(value)


# ---------------------------------------------------------------- one bound under another


def dominated(
    first: Bound,
    second: Bound,
    *,
    domain: Mapping[Any, sympy.Set] | None = None,
    constraints: Iterable[Any] = (),
    budget: float = 30.0,
) -> Verdict:
    """Return the verdict on ``first <= second`` on a domain; a refutation has a point where it fails.

    Raises
    ------
    CompositionError
        If they bound different quantities or from different sides.
    """
    if not isinstance(second, Bound):
        raise InvalidInputError(f"other = {second!r} is no Bound")
    if (first.quantity, first.relation[0]) != (second.quantity, second.relation[0]):
        raise CompositionError(
            f"cannot compare {first.quantity} {first.relation} ... with {second.quantity} {second.relation} ..."
        )
    return check_inequality(first, "<=", second, domain=domain, constraints=constraints, budget=budget)


# ---------------------------------------------------------------- cleaner forms


@clocked()
def relaxed(bound: Bound, *, drop: str, digits: int | None, budget: float) -> tuple[Bound, Step]:
    """Return a cleaner bound that is provably larger (smaller, for a lower bound), and the step to it; see `Bound.relax`.

    Raises
    ------
    InvalidInputError
        If nothing is asked, or the cleaner form could not be proved.
    """
    if drop not in ("", "lower order") or (digits is not None and (not isinstance(digits, int) or digits < 1)):
        raise InvalidInputError(
            f"drop = {drop!r} must be '' or 'lower order', and round = {digits!r} a positive integer"
        )
    if not drop and digits is None:
        raise InvalidInputError("relax: say what, drop='lower order' or round=2")
    end = worked() + budget
    terms = list(sympy.Add.make_args(sympy.expand_mul(bound.raw)))
    if drop:
        terms = _gathered(bound, terms, end)
    if digits is not None:
        terms = [_rounded(term, digits, up=not bound.is_lower) for term in terms]
    cleaner = sympy.Add(*terms)
    sides = [expr.subs(bound.where) for expr in (bound.raw, cleaner)]
    left = max(5.0, end - worked())
    relation = ">=" if bound.is_lower else "<="
    told = check_inequality(
        sides[0], relation, sides[1], domain=_shared(bound), constraints=bound.constraints, budget=left
    )
    if told.word is not Word.PROVED:
        raise InvalidInputError(
            plain_shares(
                f"{sides[0]} {relation} {sides[1]} could not be proved ({told}): give more budget, or relax less"
            ),
            context=str(bound.theorem),
        )
    step = (at_least if bound.is_lower else at_most)(bound.raw, cleaner, because="relaxed: " + told.evidence)
    proof = (
        bound.proof
        and Derivation(bound.proof.quantity, (*bound.proof.steps, step), bound.proof.where, bound.proof.domains)
        if bound.proof is not None and bound.proof.result == bound.raw
        else None
    )
    return replace(bound, parts=label_terms(cleaner, bound.events), proof=proof), step


def _shared(bound: Bound) -> dict[sympy.Symbol, sympy.Set]:
    """Return a bound's domain with every event's share of delta, however it will be split."""
    most = sympy.Interval.Lopen(0, bound.confidence) if bound.confidence.is_number else sympy.Interval.open(0, 1)
    return {**bound.domain, **dict.fromkeys(bound.shares, most)}


def _gathered(bound: Bound, terms: list[sympy.Expr], end: float) -> list[sympy.Expr]:
    """Return the terms with each that vanishes faster in n put into the constant of a slower one."""
    n = bound.symbols.get("n") or next((s for s in bound.symbols.values() if s.name.startswith("n")), None)
    if n is None:
        raise InvalidInputError(
            "drop='lower order' speaks of n, which the bound does not have", context=str(bound.theorem)
        )
    full = {term: term.subs(bound.where) for term in terms}
    moving = [term for term in terms if n in full[term].free_symbols]
    orders = {term: growth(full[term], n).scale for term in moving}
    kept = [term for term in terms if term not in orders]
    leading = sorted(moving, key=lambda term: orders[term], reverse=True)
    heads = [term for term in leading if orders[term] == orders[leading[0]]] if leading else []
    constants = dict.fromkeys(heads, sympy.S.One)
    for term in leading[len(heads) :]:
        for head in heads:
            try:
                found = best_constant(
                    full[term], full[head], domain=_shared(bound), constraints=bound.constraints,
                    budget=max(3.0, (end - worked()) / 4),
                )  # fmt: skip
            except InvalidInputError:
                continue
            if found.verdict.word is Word.PROVED:
                constants[head] += found.constant
                break
        else:
            kept.append(term)
    return [*kept, *(constants[head] * head for head in heads)]


def _rounded(term: sympy.Expr, digits: int, *, up: bool) -> sympy.Expr:
    """Return a term with its number rounded away from the truth: up where the whole may grow."""
    number, rest = term.as_independent(*term.free_symbols, as_Add=False) if term.free_symbols else (term, sympy.S.One)
    if number == 0 or (rest == 1 and number.is_Integer) or number in (1, -1):
        return term
    value = sympy.Rational(str(abs(number).evalf(30)))
    return sympy.sign(number) * _to_digits(value, digits, up=(number > 0) == up) * rest
