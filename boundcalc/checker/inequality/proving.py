"""Proof of a case by the engines in turn: signs, z3 confirmed by cvc5, branch and bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy

from boundcalc.checker.inequality.boxes import Cover, by_boxes
from boundcalc.checker.inequality.cases import Case, branches, reduced
from boundcalc.checker.inequality.definedness import conditions
from boundcalc.checker.inequality.polynomial import translate
from boundcalc.checker.inequality.signs import by_signs
from boundcalc.checker.inequality.smt import by_cvc5, by_z3, linear
from boundcalc.checker.inequality.system import System, Untranslatable
from boundcalc.checker.verdict import Certificate
from boundcalc.errors import MissingExtraError

__all__ = ["Attempt", "prove"]


@dataclass
class Attempt:
    """What came of trying to prove a case.

    Attributes
    ----------
    certificate : Certificate or None
    remarks : list of str
        Why not, or which engines were missing.
    cover : Cover or None
        What branch and bound left over.
    """

    certificate: Certificate | None = None
    remarks: list[str] = field(default_factory=list)
    cover: Cover | None = None


def prove(case: Case, *, seconds: float, defined: bool = True) -> Attempt:
    """Try to prove a case, with both sides defined on the whole box."""
    deadline = time.monotonic() + seconds
    attempt = Attempt()
    if defined and not _defined(case, attempt, deadline):
        return attempt
    case = reduced(case)
    for engine in (_by_polynomials, _by_cover):
        left = deadline - time.monotonic()
        if left <= 0:
            attempt.remarks.append("out of time")
            break
        found = _careful(engine, case, attempt, left)
        if found is not None and found.suffices:
            attempt.certificate = found
            break
    return attempt


def _careful(
    engine: Callable[[Case, Attempt, float], Certificate | None], case: Case, attempt: Attempt, seconds: float
) -> Certificate | None:
    try:
        return engine(case, attempt, seconds)
    except (Untranslatable, MissingExtraError) as problem:
        attempt.remarks.append(str(problem))
    except (RecursionError, sympy.PolynomialError, TypeError, ValueError, AttributeError, ArithmeticError) as problem:
        attempt.remarks.append(f"{engine.__name__.strip('_')}: {type(problem).__name__}")
    return None


def _defined(case: Case, attempt: Attempt, deadline: float) -> bool:
    """Show that both sides are real on the whole box."""
    for side in case.sides:
        for expr, relation in conditions(side):
            if relation == "real":
                attempt.remarks.append(f"not shown that {expr} is a real number")
                return False
            options = (expr, -expr) if relation == "!=" else (expr,)
            share = max(0.5, (deadline - time.monotonic()) / 4)
            strict = relation != ">="
            if not any(
                prove(case.about(option, strict=strict), seconds=share, defined=False).certificate for option in options
            ):
                attempt.remarks.append(f"not shown that {expr} {relation} 0")
                return False
    return True


def _by_polynomials(case: Case, attempt: Attempt, seconds: float) -> Certificate | None:
    """Prove every branch of Min, Max and Abs by signs or by two solvers that agree."""
    parts = list(branches(case))
    engines: dict[str, None] = {}
    texts: list[str] = []
    axioms: dict[str, None] = {}
    deadline = time.monotonic() + seconds * 0.7
    for part in parts:
        system = translate(part)
        share = max(0.2, (deadline - time.monotonic()) / 2)
        found = _one_branch(system, share, attempt)
        if found is None:
            return None
        names, text = found
        engines.update(dict.fromkeys(names))
        texts.append(text)
        axioms.update(dict.fromkeys(system.axioms))
    details: dict[str, Any] = {"branches": len(parts), "axioms": list(axioms)}
    solvers = tuple(name for name in engines if name in ("z3", "cvc5"))  # the weakest link, where there is one
    return Certificate(solvers or tuple(engines), "; ".join(dict.fromkeys(texts)), details)


def _one_branch(system: System, seconds: float, attempt: Attempt) -> tuple[tuple[str, ...], str] | None:
    text = by_signs(system)
    if text is not None:
        return ("signs",), text
    try:
        answer = by_z3(system, seconds=seconds)
    except MissingExtraError as problem:
        attempt.remarks.append(str(problem))
        return None
    if answer != "unsat":
        attempt.remarks.append(f"z3: {answer}")
        return None
    if linear(system):
        return ("linear z3",), "linear arithmetic"
    try:
        second = by_cvc5(system, seconds=seconds)
    except MissingExtraError as problem:
        attempt.remarks.append(f"z3 alone says so; {problem}")
        return None
    if second != "unsat":
        attempt.remarks.append(f"z3: unsat, cvc5: {second}")
        return None
    return ("z3", "cvc5"), "the negation is unsatisfiable in real arithmetic"


def _by_cover(case: Case, attempt: Attempt, seconds: float) -> Certificate | None:
    """Prove by branch and bound; when z3 alone had an answer, this is the second engine."""
    attempt.cover = by_boxes(case, seconds=seconds)
    if not attempt.cover.proved:
        return None
    return Certificate(("Arb",), f"branch and bound, {attempt.cover.boxes} boxes", {"boxes": attempt.cover.boxes})
