"""Claims about closed forms: refuted by a point, proved by an engine, or left open with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.inequality.algebra import by_algebra
from boundcalc.checker.inequality.cases import cases
from boundcalc.checker.inequality.evaluate import exactly, sign_of, value_at
from boundcalc.checker.inequality.exactly import holds, written
from boundcalc.checker.inequality.far import far_witness, narrow_witness, touching_witness
from boundcalc.checker.inequality.limits import clocked, within, worked
from boundcalc.checker.inequality.narrowing import Contradiction, narrowed
from boundcalc.checker.inequality.points import Hunt, hunt
from boundcalc.checker.inequality.problem import Inequality, state
from boundcalc.checker.inequality.proving import Attempt, prove
from boundcalc.checker.verdict import Certificate, Proof, Verdict, proved, refuted, unsettled
from boundcalc.errors import InvalidInputError

__all__ = ["check_inequality", "settle"]

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
        Seconds of the processor's, on a busy machine at most twice as many on the wall; what runs longer, or takes a GiB
        of memory, is stopped and left open.
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
    """Return the verdict on a claim that is stated in full, within its budget of time and a GiB of memory."""
    empty = [str(symbol) for symbol, allowed in problem.domain.items() if allowed is sympy.S.EmptySet]
    if empty:
        return unsettled(f"the domain of {', '.join(empty)} is empty: nothing is claimed", engine="domains")
    for name, side in (("left", problem.left), ("right", problem.right)):
        foreign = [str(item) for item in _NO_REALS if side.has(item)]
        if foreign:
            return unsettled(f"the {name} side {side} is no real number: it has {', '.join(foreign)}", engine="domains")
    with clocked():
        work = _Work(problem, worked() + budget, budget, rng)
        verdict, stopped = within(work.deadline + 0.1 * budget, work.verdict, memory=True)
    return work.left_open(f"stopped: no {stopped} left") if verdict is None else verdict


class _Work:
    """The verdict on one claim: what was tried, what came of it."""

    def __init__(self, problem: Inequality, deadline: float, budget: float, rng: np.random.Generator) -> None:
        self.problem, self.deadline, self.budget, self.rng = problem, deadline, budget, rng
        self.found = Hunt(None, None, np.inf, None, 0)
        self.attempts: list[Attempt] = []
        self.stages: list[str] = []

    def verdict(self) -> Verdict:
        """Look for a counterexample, then for a proof, then for a counterexample with what time is left."""
        try:
            self.problem = narrowed(self.problem)
        except Contradiction as why:
            return refuted(f"the constraints contradict each other: {why}", {}, engine="domains")
        for settled in (self._search(), self._undefined()):
            if settled is not None:
                return settled
        if not self.found.points and self._contradictory():
            return unsettled("the constraints exclude every point of the domain: nothing is claimed", engine="domains")
        certificate = (
            self._equal()
            if self.problem.relation == "="
            else self._proved(self.problem, self.deadline - (0.5 if self._counted else 0.15) * self.budget)
            or self._by_first_integers(self.deadline - 0.15 * self.budget)
        )
        if certificate is not None:
            return proved(certificate)
        refutation = self._search(longer=True)
        return self.left_open() if refutation is None else refutation

    def _stage(self, name: str, seconds: float, job: Callable[[float], Any]) -> Any:
        """Run one search with a deadline of its own."""
        start = worked()
        end = min(self.deadline, start + seconds)
        result, stopped = within(end, lambda: job(end))
        self.stages.append(f"{name} {worked() - start:.1f} s{' (stopped)' if stopped else ''}")
        return result

    def _search(self, *, longer: bool = False) -> Verdict | None:
        """Return a refutation by a point, if one is found."""
        size, factor = (20_000, 0.06) if longer else (4000, 0.08)

        def random_points(end: float) -> Any:
            self.found = hunt(self.problem, rng=self.rng, seconds=0.8 * (end - worked()), size=size)
            return self.found.witness

        searches: list[tuple[str, Callable[[float], Any]]] = [
            ("random points", random_points),
            ("round and far points", lambda end: far_witness(self.problem, end)),
            ("turning points", lambda end: narrow_witness(self.problem, end)),
            ("touching points", lambda end: touching_witness(self.problem, self.found.closest, end)),
        ]
        if not self.problem.domain:
            searches = searches[:1]
        for name, job in searches:
            try:
                witness = self._stage(name, max(0.4, factor * self.budget), job)
            except (
                NameError,
                KeyError,
                TypeError,
                ValueError,
                NotImplementedError,
                ArithmeticError,
                AttributeError,
            ) as error:
                self.stages.append(f"{name}: {type(error).__name__}")
                continue
            if witness is not None:
                return self._refuted(witness)
        return None

    def _undefined(self) -> Verdict | None:
        if self.found.undefined is None:
            return None
        shown = {symbol.name: str(value) for symbol, value in self.found.undefined.items()}
        return unsettled(f"a side is not defined at {shown}", engine="evaluation", witness=shown)

    def _contradictory(self) -> bool:
        """Return whether the constraints prove anything."""
        absurd = replace(self.problem, left=sympy.Integer(1), right=sympy.Integer(0), relation="<=")
        middle = (worked() + self.deadline) / 2
        return bool(self.problem.constraints) and self._proved(absurd, middle) is not None

    def _proved(self, problem: Inequality, deadline: float) -> Certificate | None:
        """Prove all cases, or keep the attempt that failed."""
        certificate, stopped = within(deadline, lambda: self._all_cases(problem, deadline))
        if stopped:
            self.stages.append(f"proving stopped: no {stopped} left")
        return certificate

    def _all_cases(self, problem: Inequality, deadline: float) -> Certificate | None:
        try:
            pieces = list(cases(problem))
        except Undefined as why:
            self.attempts.append(Attempt(remarks=[str(why)]))
            return None
        certificates: list[Certificate] = []
        for place, case in enumerate(pieces):
            now = worked()
            attempt = prove(case, deadline=now + (deadline - now) / min(4, len(pieces) - place))
            self.attempts.append(attempt)
            if attempt.certificate is None:
                return None
            certificates.append(attempt.certificate)
        return _joined(certificates)

    @property
    def _counted(self) -> bool:
        """Whether the claim is about all integers from one on."""
        return len(self.problem.domain) == 1 and all(
            isinstance(allowed, sympy.Range)
            and allowed.inf.is_finite
            and not allowed.sup.is_finite
            and allowed.step == 1
            for allowed in self.problem.domain.values()
        )

    def _by_first_integers(self, deadline: float) -> Certificate | None:
        """Prove the first integers one by one, and the others together: a claim is often tight at a small one."""
        if not self._counted or self.problem.constraints:
            return None
        ((symbol, allowed),) = self.problem.domain.items()
        for size in (8, 64, 512):
            points = [allowed.inf + step for step in range(size)]
            if worked() > deadline or not all(holds(self.problem, {symbol: value}) for value in points):
                return None
            rest = replace(self.problem, domain={symbol: sympy.Range(points[-1] + 1, sympy.oo)})
            now = worked()
            found = self._proved(rest, now + (deadline - now) / 3)
            if found is not None:
                text = f"{symbol} = {points[0]}, ..., {points[-1]} one by one, and beyond: {found.evidence}"
                first = Proof("points", f"{self.problem.gap} at {symbol} = {points[0]}, ..., {points[-1]}")
                return replace(found, evidence=text, proofs=(first, *found.proofs))
        return None

    def _equal(self) -> Certificate | None:
        """Prove an equality by identities, or from both sides."""
        certificate, _ = within(worked() + 0.25 * self.budget, self._identical)
        if certificate is not None:
            return certificate
        parts = []
        for relation in ("<=", ">="):
            now = worked()
            part = self._proved(replace(self.problem, relation=relation), now + 0.45 * (self.deadline - now))
            if part is None:
                return None
            parts.append(part)
        return _joined(parts)

    def _identical(self) -> Certificate | None:
        try:
            return by_algebra(self.problem, self.deadline)
        except Undefined:
            return None

    def _refuted(self, point: Mapping[sympy.Symbol, Any]) -> Verdict:
        """Say where the claim fails, with as many digits as it takes to tell the sides apart."""
        shown = {symbol.name: written(exactly(value)) for symbol, value in point.items()}
        place = ", ".join(f"{name} = {value}" for name, value in shown.items()) or "all values"
        sides: list[str] = []
        for digits in (8, 16, 30, 60, 120, 240):
            values = [value_at(side, point, digits=digits) for side in (self.problem.left, self.problem.right)]
            sides = [
                str(sympy.N(value, digits)) if value is not None else "0" if sign_of(side, point) == 0 else "undefined"
                for side, value in zip((self.problem.left, self.problem.right), values, strict=True)
            ]
            if sides[0] != sides[1]:
                break
        text = f"at {place}: {sides[0]} against {sides[1]}"
        return refuted(text, shown, engine="enclosures", details={"left": sides[0], "right": sides[1]})

    def left_open(self, why: str = "") -> Verdict:
        """Say what is known of a claim that nothing settled, what was tried and where it stopped."""
        remarks = list(dict.fromkeys(remark for attempt in self.attempts for remark in attempt.remarks))
        cover = next((attempt.cover for attempt in reversed(self.attempts) if attempt.cover is not None), None)
        closest = {symbol.name: str(sympy.Float(value, 6)) for symbol, value in (self.found.closest or {}).items()}
        text = f"no counterexample among {self.found.points:,} random points"
        if self.found.closest is not None:
            text += f", smallest relative margin {self._margin():.2g}"
        details: dict[str, Any] = {"remarks": remarks, "tried": list(self.stages)}
        if cover is not None and cover.left_over is not None:
            details |= {"box left": cover.left_over, "lower bound there": cover.margin}
            text += f"; branch and bound left a box with lower bound {cover.margin:.2g}"
        reasons = "; ".join(filter(None, [why, *remarks])) or "no engine could prove it in time"
        return unsettled(f"{text}; {reasons}", engine="reals", witness=closest, details=details)

    def _margin(self) -> float:
        """Return the relative margin at the closest point, without the rounding of the search."""
        point = {symbol: sympy.Rational(repr(float(value))) for symbol, value in (self.found.closest or {}).items()}
        left, right = (value_at(side, point) for side in (self.problem.left, self.problem.right))
        if left is None or right is None or left == right:
            return self.found.margin if left is None or right is None else 0.0
        gap = left - right if self.problem.relation in (">=", ">") else right - left
        return float((-abs(gap) if self.problem.relation == "=" else gap) / (abs(left) + abs(right)))


def _joined(certificates: list[Certificate]) -> Certificate | None:
    if not certificates:
        return None
    # Each case is proved by itself; what is named is every engine that one of them rests on.
    engines = tuple(dict.fromkeys(name for item in certificates for name in item.engines))
    texts = dict.fromkeys(item.evidence for item in certificates)
    axioms = dict.fromkeys(axiom for item in certificates for axiom in item.details.get("axioms", ()))
    number = f"{len(certificates)} cases: " if len(certificates) > 1 else ""
    details = {"cases": len(certificates), "axioms": list(axioms)}
    proofs = tuple(proof for item in certificates for proof in item.proofs)
    return Certificate(engines, number + "; ".join(texts), details, proofs)
