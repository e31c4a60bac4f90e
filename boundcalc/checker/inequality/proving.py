"""Proof of a case by the engines in turn: signs, squares, z3 confirmed by cvc5, calculus, branch and bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sympy

from boundcalc.arithmetic.intervals import Undefined
from boundcalc.checker.inequality.boxes import Cover, by_boxes
from boundcalc.checker.inequality.calculus import by_calculus
from boundcalc.checker.inequality.cases import Case, branches, reduced
from boundcalc.checker.inequality.definedness import conditions
from boundcalc.checker.inequality.enclosure import sure
from boundcalc.checker.inequality.limits import within, worked
from boundcalc.checker.inequality.polynomial import translate
from boundcalc.checker.inequality.signs import by_signs
from boundcalc.checker.inequality.smt import by_cvc5, by_z3, linear
from boundcalc.checker.inequality.squares import by_squares
from boundcalc.checker.inequality.system import System, Untranslatable
from boundcalc.checker.verdict import Certificate, Proof
from boundcalc.errors import MissingExtraError

__all__ = ["Attempt", "prove", "shown"]


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


def prove(case: Case, *, deadline: float, defined: bool = True) -> Attempt:
    """Try to prove a case until a point of `worked`, with both sides defined on the whole box."""
    attempt = Attempt()
    if defined and not _defined(case, attempt, deadline):
        return attempt
    if sure(case.gap, ">" if case.strict else ">=", case.box):
        attempt.certificate = Certificate(
            ("Arb",), "one enclosure", {}, (Proof("boxes", f"{case.gap}: 1 box at 128 bits"),)
        )
        return attempt
    engines = [(_by_polynomials, 0.2), (_by_calculus, 0.8), (_by_cover, 1.0)]
    if _polynomial(case):  # the solvers' own ground
        engines = [(_by_polynomials, 0.7), (_by_cover, 1.0)]
    case = reduced(case)
    for engine, share in engines:
        now = worked()
        if now >= deadline:
            attempt.remarks.append("out of time")
            break
        found = _careful(engine, case, attempt, now + share * (deadline - now))
        if found is not None and found.suffices:
            attempt.certificate = found
            break
    return attempt


def _polynomial(case: Case) -> bool:
    powers = case.gap.atoms(sympy.Pow)
    return not case.gap.atoms(sympy.Function, sympy.exp) and all(power.exp.is_Integer for power in powers)


Engine = Callable[[Case, Attempt, float], Certificate | None]


def _careful(engine: Engine, case: Case, attempt: Attempt, deadline: float) -> Certificate | None:
    name = engine.__name__.removeprefix("_by_")
    try:
        certificate, stopped = within(deadline, lambda: engine(case, attempt, deadline))
        if stopped:
            attempt.remarks.append(f"{name}: out of time")
        return certificate
    except (Untranslatable, Undefined, MissingExtraError) as problem:
        attempt.remarks.append(str(problem))
    except (RecursionError, sympy.PolynomialError, TypeError, ValueError, AttributeError, ArithmeticError) as problem:
        attempt.remarks.append(f"{name}: {type(problem).__name__}")
    except NotImplementedError as problem:
        attempt.remarks.append(f"{name}: {problem}")
    return None


def _defined(case: Case, attempt: Attempt, deadline: float) -> bool:
    """Show that both sides are real on the whole box."""
    for side in case.sides:
        for expr, relation in conditions(side):
            share = min(deadline, worked() + max(0.5, (deadline - worked()) / 4))
            if not shown(case, expr, relation, deadline=share):
                what = "is a real number" if relation == "real" else f"{relation} 0"
                attempt.remarks.append(f"not shown that {expr} {what}")
                return False
    return True


def shown(case: Case, expr: sympy.Expr, relation: str, *, deadline: float) -> bool:
    """Return whether a condition of `conditions` is shown to hold on a case's whole box."""
    if relation == "real":
        return False
    if sure(expr, relation, case.box):
        return True
    options = (expr, -expr) if relation == "!=" else (expr,)
    strict = relation != ">="
    return any(
        prove(case.about(option, strict=strict), deadline=deadline, defined=False).certificate for option in options
    )


def _by_polynomials(case: Case, attempt: Attempt, deadline: float) -> Certificate | None:
    """Prove every branch of Min, Max and Abs by signs or by two solvers that agree."""
    parts = list(branches(case))
    engines: dict[str, None] = {}
    texts: list[str] = []
    axioms: dict[str, None] = {}
    proofs: list[Proof] = []
    for part in parts:
        system = translate(part)
        share = max(0.2, (deadline - worked()) / 2)
        found = _one_branch(system, share, attempt)
        if found is None:
            return None
        names, text = found
        engines.update(dict.fromkeys(names))
        texts.append(text)
        axioms.update(dict.fromkeys(system.axioms))
        proofs.append(Proof(" and ".join(names), f"{system.goal} >= 0: {text}"))
    details: dict[str, Any] = {"branches": len(parts), "axioms": list(axioms)}
    solvers = tuple(name for name in engines if name in ("z3", "cvc5"))  # the weakest link, where there is one
    return Certificate(solvers or tuple(engines), "; ".join(dict.fromkeys(texts)), details, tuple(proofs))


def _one_branch(system: System, seconds: float, attempt: Attempt) -> tuple[tuple[str, ...], str] | None:
    text = by_signs(system)
    if text is not None:
        return ("signs",), text
    text = by_squares(system)
    if text is not None:
        return ("squares",), text
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


def _by_calculus(case: Case, attempt: Attempt, deadline: float) -> Certificate | None:
    """Prove every branch of Min, Max and Abs one variable at a time."""

    def agree(system: System, seconds: float) -> bool:
        return _one_branch(system, seconds, Attempt()) is not None

    proofs = []
    for part in branches(case):
        proof = by_calculus(part, deadline=deadline, solvers=agree)
        if proof is None:
            return None
        proofs.append(proof)
    rules = dict.fromkeys(rule for proof in proofs for rule in proof.rules)
    return Certificate(("calculus",), f"by {', '.join(rules)}", {"branches": len(proofs)}, tuple(proofs))


def _by_cover(case: Case, attempt: Attempt, deadline: float) -> Certificate | None:
    """Prove by branch and bound; when z3 alone had an answer, this is the second engine."""
    attempt.cover = by_boxes(case, seconds=deadline - worked())
    if not attempt.cover.proved:
        return None
    text = f"branch and bound, {attempt.cover.boxes} boxes"
    proof = Proof("boxes", f"{case.gap}: {attempt.cover.boxes} boxes, values and first derivatives at 53 bits")
    return Certificate(("Arb",), text, {"boxes": attempt.cover.boxes}, (proof,))
