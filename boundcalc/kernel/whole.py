"""Whole bounds: a form's final inequality composed in Coq from its steps, which stand as hypotheses in its statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import sympy

from boundcalc.checker.inequality.problem import Inequality
from boundcalc.errors import InvalidInputError
from boundcalc.kernel.claim import Claim, compared, of_chain
from boundcalc.kernel.coqc import Outcome
from boundcalc.kernel.exporting import Exported, file_name, search
from boundcalc.kernel.proofs import opening
from boundcalc.statements.derivation import Derivation
from boundcalc.symbols import Constraint

__all__ = ["compose"]


def compose(theorem: Any, *, form: str | None = None, seconds: float = 60.0, fresh: bool = False) -> list[Exported]:
    """Return, for each form of a theorem, its final inequality as a theorem whose hypotheses are its steps.

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
        The statement shows what the bound rests on: steps of expectation and probability, cited lemmas, and the
        closed-form steps that have files of their own. A form that speaks of a function that is not translated is
        reported as not accepted.

    Raises
    ------
    InvalidInputError
        If Coq is not installed, or a printed statement differs from what the derivation says.
    """
    names = theorem.forms if form is None else (form,)
    rules = tuple(theorem.constraints)
    return [_composed(theorem.key, name, theorem.form(name).derivation, rules, seconds, fresh) for name in names]


def _composed(
    key: str, form: str, chain: Derivation, rules: tuple[Constraint, ...], seconds: float, fresh: bool
) -> Exported:
    name = file_name(key, form, "whole")
    title = f"{key}, {form}, the whole bound"
    try:
        claim, lines = of_chain(chain, rules)
        claim.statement()
    except InvalidInputError as error:
        return Exported(name, title, "", Outcome(False, str(error)), form, "whole")
    for left, relation, right in [(claim.left, claim.relation, claim.right), *claim.premises.values()]:
        part = replace(claim, left=left, relation=relation, right=right, premises={})
        compared(part, Inequality(left, relation, right, claim.domain, claim.constraints))
    steps = [f"step_{number} [{step.kind}] {step.because}" for number, step in enumerate(chain.steps, start=1)]
    said = f"{chain.quantity} {chain.relation} {chain.result}, given " + "; ".join(steps)
    outcome, text = search(claim, title, said, list(_folds(claim, lines)), seconds=seconds, fresh=fresh, domain=False)
    return Exported(name, title, text, outcome, form, "whole")


def _folds(claim: Claim, lines: tuple[sympy.Expr, ...]) -> Iterator[str]:
    """Yield the proof that goes from line to line, each by its step."""
    parts = [f"{opening(claim)}reals."]
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
        same = "first [reflexivity | ring | solve [field; nonzero] | rooted]"
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
    return "first [lra | grows]"
