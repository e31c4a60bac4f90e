"""Claims about closed forms: refuted by a point, proved by an engine, or left open with the reason."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.inequality.algebra import by_algebra
from boundcalc.checker.inequality.cases import cases
from boundcalc.checker.inequality.evaluate import value_at
from boundcalc.checker.inequality.points import FAR, Hunt, hunt
from boundcalc.checker.inequality.problem import Inequality, state
from boundcalc.checker.inequality.proving import Attempt, prove
from boundcalc.checker.verdict import Certificate, Verdict, proved, refuted, unsettled
from boundcalc.errors import InvalidInputError

__all__ = ["check_inequality", "settle"]

#: Numbers closer to 1 than this have logarithms whose sign SymPy may not see.
_NEXT_TO_ONE = sympy.Rational(1, 2**20)
_NO_REALS = (sympy.nan, sympy.I, sympy.oo, -sympy.oo, sympy.zoo)


def check_inequality(
    lhs: Any,
    relation: str,
    rhs: Any,
    *,
    domain: Mapping[Any, sympy.Set] | None = None,
    constraints: Iterable[Any] = (),
    budget: float = 20.0,
    seed: int | np.random.Generator = 0,
) -> Verdict:
    """Return whether ``lhs relation rhs`` holds for all values of the symbols.

    Parameters
    ----------
    lhs, rhs : sympy.Expr, number or Bound
    relation : {"<=", "<", ">=", ">", "="}
        Given apart, since SymPy may collapse ``lhs <= rhs`` to a truth value.
    domain : mapping of sympy.Symbol to sympy.Set, optional
        Where the symbols lie. Symbols of the vocabulary bring their own domain and constraints; others are bounded
        by their assumptions.
    constraints : iterable, optional
        Relations between symbols, such as ``(a, "<=", b)``.
    budget : float
        Seconds.
    seed : int or numpy.random.Generator

    Returns
    -------
    Verdict
        PROVED, REFUTED (with a point of the domain, as a dictionary that can be pasted) or UNSETTLED.

    Raises
    ------
    InvalidInputError
        If an argument is no relation, expression or set, or the budget is no positive number.

    Examples
    --------
    >>> from boundcalc.symbols import m, n
    >>> check_inequality(1 / m, "<=", 3 / n).word
    <Word.PROVED: 'PROVED'>
    >>> dict(check_inequality(1 / m, "<=", 2 / n).witness)
    {'n': '3'}
    """
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not budget > 0:
        raise InvalidInputError(f"budget = {budget!r}: a positive number of seconds", context="check_inequality")
    try:
        rng = np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise InvalidInputError(
            f"seed = {seed!r}: a nonnegative integer or a numpy Generator", context="check_inequality"
        ) from None
    problem = state(lhs, relation, rhs, domain=domain, constraints=constraints)
    return settle(problem, budget=float(budget), rng=rng)


def settle(problem: Inequality, *, budget: float, rng: np.random.Generator) -> Verdict:
    """Return the verdict on a claim that is stated in full."""
    empty = [str(symbol) for symbol, allowed in problem.domain.items() if allowed is sympy.S.EmptySet]
    if empty:
        return unsettled(f"the domain of {', '.join(empty)} is empty: nothing is claimed", engine="domains")
    for name, side in (("left", problem.left), ("right", problem.right)):
        foreign = [str(item) for item in _NO_REALS if side.has(item)]
        if foreign:
            return unsettled(f"the {name} side {side} is no real number: it has {', '.join(foreign)}", engine="domains")
    deadline = time.monotonic() + budget
    try:
        found = hunt(problem, rng=rng, seconds=min(1.5, budget / 4))
    except (NameError, KeyError, TypeError, NotImplementedError, OverflowError) as error:
        return unsettled(f"a side cannot be evaluated ({type(error).__name__}: {error})", engine="evaluation")
    if found.witness is not None:
        return _refuted(problem, found)
    if found.undefined is not None:
        shown = {symbol.name: str(value) for symbol, value in found.undefined.items()}
        return unsettled(f"a side is not defined at {shown}", engine="evaluation", witness=shown)
    if not found.points and _contradictory(problem, deadline):
        return unsettled("the constraints exclude every point of the domain: nothing is claimed", engine="domains")
    provable = replace(problem, left=_spread(problem.left), right=_spread(problem.right))
    if any(_next_to_one(item) for side in (provable.left, provable.right) for item in side.atoms(sympy.log)):
        return unsettled("a side has a logarithm of an irrational number next to 1", engine="domains")
    if problem.relation == "=":
        return _equality(provable, found, deadline, rng)
    attempts, certificate = _prove_cases(provable, deadline)
    if certificate is not None:
        return proved(certificate)
    longer = hunt(problem, rng=rng, seconds=max(0.2, min(3.0, deadline - time.monotonic())), size=20_000)
    if longer.witness is not None:
        return _refuted(problem, longer)
    far = hunt(problem, rng=rng, seconds=max(0.2, min(2.0, deadline - time.monotonic())), reach=FAR)
    if far.witness is not None:
        return _refuted(problem, far)
    return _open(problem, found, attempts)


def _spread(side: sympy.Expr) -> sympy.Expr:
    """Write logarithms of rationals next to 1 as differences.

    Asked for the sign of an expression, SymPy takes log(1 + 2^-34) for 0; it sees that a difference cancels.
    """
    near = [item for item in side.atoms(sympy.log) if item.args[0].is_Rational and _next_to_one(item)]
    return side.xreplace({item: sympy.log(item.args[0].p) - sympy.log(item.args[0].q) for item in near})


def _next_to_one(item: sympy.log) -> bool:
    return bool(item.args[0].is_number and abs(item.args[0].evalf(30) - 1) < _NEXT_TO_ONE)


def _contradictory(problem: Inequality, deadline: float) -> bool:
    """Return whether the constraints prove anything."""
    absurd = replace(problem, left=sympy.Integer(1), right=sympy.Integer(0), relation="<=")
    middle = (time.monotonic() + deadline) / 2
    return bool(problem.constraints) and _prove_cases(absurd, middle)[1] is not None


def _prove_cases(problem: Inequality, deadline: float) -> tuple[list[Attempt], Certificate | None]:
    """Prove all cases, or return the attempt that failed."""
    attempts: list[Attempt] = []
    certificates: list[Certificate] = []
    pieces = list(cases(problem))
    for place, case in enumerate(pieces):
        share = max(0.3, (deadline - time.monotonic()) / (len(pieces) - place))
        attempt = prove(case, seconds=share)
        attempts.append(attempt)
        if attempt.certificate is None:
            return attempts, None
        certificates.append(attempt.certificate)
    return attempts, _joined(certificates)


def _joined(certificates: list[Certificate]) -> Certificate | None:
    if not certificates:
        return None
    # Each case is proved by itself; what is named is every engine that one of them rests on.
    engines = tuple(dict.fromkeys(name for item in certificates for name in item.engines))
    texts = dict.fromkeys(item.evidence for item in certificates)
    axioms = dict.fromkeys(axiom for item in certificates for axiom in item.details.get("axioms", ()))
    number = f"{len(certificates)} cases: " if len(certificates) > 1 else ""
    return Certificate(engines, number + "; ".join(texts), {"cases": len(certificates), "axioms": list(axioms)})


def _equality(problem: Inequality, found: Hunt, deadline: float, rng: np.random.Generator) -> Verdict:
    """Prove an equality by algebra, or from both sides."""
    certificate = by_algebra(problem)
    if certificate is not None:
        return proved(certificate)
    attempts: list[Attempt] = []
    parts = []
    for relation in ("<=", ">="):
        tried, part = _prove_cases(replace(problem, relation=relation), deadline)
        attempts += tried
        if part is None:
            return _open(problem, found, attempts)
        parts.append(part)
    joined = _joined(parts)
    return proved(joined) if joined is not None else _open(problem, found, attempts)


def _refuted(problem: Inequality, found: Hunt) -> Verdict:
    point = found.witness or {}
    sides = [value_at(side, point) for side in (problem.left, problem.right)]
    shown = {symbol.name: str(value) for symbol, value in point.items()}
    place = ", ".join(f"{name} = {value}" for name, value in shown.items()) or "all values"
    text = f"at {place}: {_few(sides[0])} against {_few(sides[1])}"
    return refuted(
        text, shown, engine="evaluation at 50 digits", details={"left": str(sides[0]), "right": str(sides[1])}
    )


def _few(value: sympy.Expr | None) -> str:
    return "undefined" if value is None else str(sympy.N(value, 8))


def _margin_at(problem: Inequality, found: Hunt) -> float:
    """Return the relative margin at the closest point, without the rounding of the search."""
    point = {symbol: sympy.Rational(repr(float(value))) for symbol, value in (found.closest or {}).items()}
    left, right = (value_at(side, point) for side in (problem.left, problem.right))
    if left is None or right is None or left == right:
        return found.margin if left is None or right is None else 0.0
    gap = left - right if problem.relation in (">=", ">") else right - left
    return float((-abs(gap) if problem.relation == "=" else gap) / (abs(left) + abs(right)))


def _open(problem: Inequality, found: Hunt, attempts: list[Attempt]) -> Verdict:
    """Say what is known of a claim that nothing settled."""
    remarks = list(dict.fromkeys(remark for attempt in attempts for remark in attempt.remarks))
    cover = next((attempt.cover for attempt in reversed(attempts) if attempt.cover is not None), None)
    closest = {symbol.name: str(sympy.Float(value, 6)) for symbol, value in (found.closest or {}).items()}
    text = f"no counterexample among {found.points:,} points, smallest relative margin {_margin_at(problem, found):.2g}"
    details: dict[str, Any] = {"remarks": remarks}
    if cover is not None and cover.left_over is not None:
        details |= {"box left": cover.left_over, "lower bound there": cover.margin}
        text += f"; branch and bound left a box with lower bound {cover.margin:.2g}"
    reasons = "; ".join(remarks) if remarks else "no engine could prove it in time"
    return unsettled(f"{text}; {reasons}", engine="reals", witness=closest, details=details)
