"""Whole bounds: a form's final inequality composed in Coq from its steps, which stand as hypotheses in its statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import sympy
from mpmath import mp

from boundcalc.checker.inequality.problem import Inequality
from boundcalc.errors import InvalidInputError
from boundcalc.kernel.claim import Claim, compared, of_chain
from boundcalc.kernel.coqc import Outcome, remembered
from boundcalc.kernel.exporting import Exported, file_name, jobs, prove_step, search
from boundcalc.kernel.proofs import opening
from boundcalc.kernel.terms import printed
from boundcalc.kernel.witness import witness

__all__ = ["compose"]


def compose(theorem: Any, *, form: str | None = None, seconds: float = 60.0, fresh: bool = False) -> list[Exported]:
    """Return, for each form of a theorem, its final inequality as a theorem whose hypotheses are the steps that stay.

    Parameters
    ----------
    theorem : Theorem
    form : str, optional
        All of them if not given.
    seconds : float
        For each attempt at a proof.
    fresh : bool
        Whether to ask the kernel again about what it accepted before.

    Returns
    -------
    list of Exported
        The statement shows what the bound rests on: steps of expectation and probability, and cited lemmas. The closed-form
        steps that the kernel accepts are proved in the file itself; what they define stands in the statement. A form that
        speaks of a function that is not translated is reported as not accepted, and so is one for which no point is found
        at which all hypotheses hold.

    Raises
    ------
    InvalidInputError
        If Coq is not installed, or a printed statement differs from what the derivation says.
    """
    return [_composed(theorem, name, seconds, fresh) for name in (theorem.forms if form is None else (form,))]


def _composed(theorem: Any, form: str, seconds: float, fresh: bool) -> Exported:
    name = file_name(theorem.key, form, "whole")
    title = f"{theorem.key}, {form}, the whole bound"
    chain, rules = theorem.form(form).derivation, tuple(theorem.constraints)
    try:
        lemmas, definitions = _lemmas(theorem, form, seconds, fresh)
        claim, lines, own = of_chain(chain, rules, domain=theorem.domain, definitions=definitions, proved=lemmas)
        claim.statement()
    except InvalidInputError as error:
        return Exported(name, title, "", Outcome(False, str(error)), form, "whole")
    meant = Inequality(claim.left, claim.relation, claim.right, claim.domain, claim.constraints)
    point = remembered(f"{claim.statement()}\0{meant!r}", lambda: _checked(claim, meant))
    if point is None:
        reason = "no point was found at which the hypotheses hold together"
        return Exported(name, title, "", Outcome(False, reason), form, "whole")
    said = [f"Claim: {chain.quantity} {chain.relation} {chain.result}, given what each step says:"]
    for number, step in enumerate(chain.steps, start=1):
        own_proof = ", proved below" if number in lemmas else ""
        said.append(f"step_{number} ({step.kind}{own_proof}): {step.because}")
    where = ", ".join(f"{name} = {value}" for name, value in point.items())
    said.append(f"The hypotheses hold together, for instance near {where}")
    before = "".join(f"{text}\n" for text, _ in lemmas.values())
    used = [_used(claim, own[f"step_{number}"], number, lemma) for number, (_, lemma) in lemmas.items()]
    proofs = _folds(replace(claim, premises={**claim.premises, **own}), lines, opening(claim) + "".join(used))
    outcome, text = search(
        claim, title, "\n".join(said), proofs, seconds=seconds, fresh=fresh, domain=False, before=before, name="bound"
    )
    return Exported(name, title, text, outcome, form, "whole")


def _checked(claim: Claim, meant: Inequality) -> dict[str, str] | None:
    """Compare what is printed with what is meant, and return a point at which the hypotheses hold together."""
    point = witness(claim)
    if point is None:
        return None
    compared(claim, meant, tries=400, known=[point])
    return {name: mp.nstr(value, 6) for name, value in point[1].items()}


def _lemmas(
    theorem: Any, form: str, seconds: float, fresh: bool
) -> tuple[dict[int, tuple[str, Claim]], dict[sympy.Symbol, sympy.Expr]]:
    """Return the closed-form steps that the kernel accepts, with the texts of their proofs, and what they define."""
    found: dict[int, tuple[str, Claim]] = {}
    definitions: dict[sympy.Symbol, sympy.Expr] = {}
    for job in jobs(theorem, form=form):
        file, own = prove_step(job, seconds, fresh), job.step.definitions
        alike = all(definitions.get(symbol, full) == full for symbol, full in own.items())
        if file.accepted and alike and not job.claim.rounded:
            (text,) = re.findall(r"^Theorem step :.*?^Qed\.\n", file.text, re.DOTALL | re.MULTILINE)
            found[job.number] = (text.replace("Theorem step :", f"Theorem step_{job.number}_holds :", 1), job.claim)
            definitions |= own
    return found, definitions


def _used(claim: Claim, step: Any, number: int, lemma: Claim) -> str:
    """Return why a closed-form step holds here: its theorem, for these variables."""
    left, relation, right = step
    by_name = {name: symbol for symbol, name in lemma.names.items()}
    variables = " ".join(claim.names[by_name[name]] for name in lemma.binder_names)
    return (
        f"\n  assert (step_{number} : {claim.printed(left)} {relation} {claim.printed(right)})\n    "
        f"by (apply (step_{number}_holds {variables}); first [assumption | lra | lia | tauto]).\n  "
    )


def _folds(claim: Claim, lines: tuple[sympy.Expr, ...], start: str) -> Iterator[str]:
    """Yield the proof that goes from line to line, each by its step."""
    parts = [f"{start}reals."]
    relation = claim.relation
    for number, (before, after) in enumerate(pairwise(lines), start=1):
        left, own, right = claim.premises[f"step_{number}"]
        shown = "=" if own == "=" else relation
        falls = shown == ">="
        small, large = (after, before) if falls else (before, after)
        parts.append(
            f"assert (line_{number} : {claim.printed(small)} {'=' if shown == '=' else '<='} {claim.printed(large)})\n"
            f"    by ({_moved(claim, (small, large), falls, (left, own, right), f'step_{number}')})."
        )
    parts.append("lra.")
    yield "\n  ".join(parts)


def _moved(claim: Claim, sides: tuple[Any, Any], falls: bool, step: tuple[Any, str, Any], name: str) -> str:
    """Return why a line relates to the next as it does: affine in what is replaced, or growing with it."""
    (small, large), (left, own, right) = sides, step
    if own == "=":
        same = "first [reflexivity | ring | solve [field; nonzero] | rooted | solve [split_roots; field; nonzero]]"
        return f"first [lra | rewrite {name}; {same} | rewrite <- {name}; {same} | nra]"
    place = sympy.Dummy("place")
    before, way = (large, -1) if falls else (small, 1)
    marked = before.xreplace({left: place}) if left.is_Symbol else before.subs(left, place)
    factor = sympy.diff(marked, place)
    if marked.has(place) and not factor.has(place) and not factor.is_number:
        factor, difference = (way * factor, right - left) if own == "<=" else (-way * factor, left - right)
        times = f"({claim.printed(factor)}) * ({claim.printed(difference)})"
        affine = (
            f"apply Rminus_le; apply Ropp_le_cancel; rewrite Ropp_0; "
            f"replace (- ({claim.printed(small)} - ({claim.printed(large)}))) with ({times}) "
            f"by (first [solve [field; nonzero] | rooted]); "
            f"apply Rmult_le_pos; [sign | lra]"
        )
        return f"first [lra | solve [{affine}] | grows]"
    # Printed sums and products keep their order where a symbol's own name is printed as what takes its place.
    start, hole = (before, left) if left.is_Symbol else (marked, place)
    inserted = printed(start, {**claim.terms, hole: f"({claim.printed(right)})"})
    ends = "[grows | right; part_by_part]" if way > 0 else "[right; symmetry; part_by_part | grows]"
    return f"first [lra | grows | apply Rle_trans with ({inserted}); {ends}]"
