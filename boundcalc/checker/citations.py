"""Citations are read: a step that applies a statement must be an instance of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from boundcalc.catalogue import REGISTRY
from boundcalc.catalogue.files import made_again
from boundcalc.checker.verdict import Verdict, Word, cited, unsettled
from boundcalc.errors import CompositionError, InvalidInputError
from boundcalc.statements.applying import bounded_by, elsewhere
from boundcalc.statements.derivation import Application, Step
from boundcalc.theorems import Theorem, by

__all__ = ["counts", "instance", "read_citation"]


def counts(verdict: Verdict) -> bool:
    """Return whether a step's verdict is a proof: its own, or that of the statement which it is an instance of."""
    return verdict.word is Word.PROVED or (not verdict.refutes and "instance_of" in verdict.details)


def read_citation(step: Step, tried: Verdict | None, doubt_of: Callable[[Any, str], Verdict | None]) -> Verdict | None:
    """Return what a step's citation is worth, after what its experiment said; None where it cites no statement.

    Parameters
    ----------
    step : Step
    tried : Verdict or None
        What its experiment said, if it has one.
    doubt_of : callable
        Returns what is known of a form of a theorem of one's own that is not proved: CITED where it rests on the
        literature, UNSETTLED elsewhere; None where it is proved.
    """
    applied = step.applies or _literal(step)
    if applied is None:
        known = step.cites in REGISTRY
        return unsettled(f"this is no instance of {step.cites}: apply it with boundcalc.by") if known else None
    reason = instance(step, applied)
    doubt = unsettled(f"no instance of {step.cites}: {reason}") if reason else _doubt(applied, doubt_of)
    evidence = f"an instance of {step.cites}" + (f" ({applied.form})" if applied.form else "")
    spoken = tried is not None and tried.word is not Word.UNSETTLED
    if doubt is not None:
        return tried if spoken else doubt if reason else replace(doubt, evidence=f"{evidence}; {doubt.evidence}")
    if spoken and tried is not None:
        return replace(tried, details={**tried.details, "instance_of": step.cites})
    return replace(cited(evidence), engine="catalogue", details={"instance_of": step.cites})


def instance(step: Step, applied: Application) -> str:
    """Return why a step is no instance of what it says it applies, or nothing."""
    try:
        again = by(
            applied.lemma,
            step.left,
            because=step.because,
            form=applied.form or None,
            event=step.events[0] if len(step.events) == 1 else None,
            union=applied.union,
            **applied.values,
        )
    except InvalidInputError as error:
        return str(error)
    shares = {old.symbol: new.symbol for old, new in zip(again.events, step.events, strict=False)}
    if len(again.events) != len(step.events):
        return f"its event is left out: {', '.join(map(str, again.events))}"
    if again.relation != step.relation or again.right.xreplace(shares) != step.right:
        return f"that says {again}"
    return elsewhere(step.left, bounded_by(applied))


def _literal(step: Step) -> Application | None:
    """Return what a step applies that says word for word what the entry says which it cites."""
    entry = REGISTRY[step.cites] if step.cites in REGISTRY else None
    if entry is None:
        return None
    found = (Application(entry, form) for form in entry.forms)
    return next((one for one in found if bounded_by(one) == step.left and not instance(step, one)), None)


def _doubt(applied: Application, doubt_of: Callable[[Any, str], Verdict | None]) -> Verdict | None:
    lemma = applied.lemma
    if isinstance(lemma, Theorem):
        return _theorem_doubt(lemma, applied.form or lemma.forms[0], doubt_of)
    try:
        again = made_again(lemma)
    except (InvalidInputError, CompositionError) as error:
        return unsettled(f"{lemma.theorem.key} does not count: {error}")
    relaxed = isinstance(lemma.made, tuple) and lemma.made[1] == "relax"
    if any(getattr(again, name) != getattr(lemma, name) for name in (_SAID if relaxed else (*_SAID, *_SURE))):
        return unsettled(f"{lemma.theorem.key} does not count: it is not what it was made from")
    doubts = [_theorem_doubt(theorem, form, doubt_of) for theorem, form in again.stated]
    found = [doubt for doubt in doubts if doubt is not None]
    return max(found, key=lambda doubt: doubt.word is Word.UNSETTLED, default=None)


#: What a bound says, and how sure that is.
_SAID = ("quantity", "relation", "expr", "raw", "events", "shares", "domain", "constraints", "conditions", "uniform")
_SURE = ("assumptions", "theorem", "ingredients")


def _theorem_doubt(lemma: Theorem, form: str, doubt_of: Callable[[Any, str], Verdict | None]) -> Verdict | None:
    chosen = lemma.form(form)
    if chosen.status != "holds":
        return unsettled(f"{lemma.key} ({form}) is {chosen.status}")
    entry = lemma.key in REGISTRY and REGISTRY[lemma.key] is lemma
    doubt = None if entry else doubt_of(lemma, form)
    if doubt is not None:
        return replace(doubt, evidence=f"{lemma.key} is {doubt.evidence}")
    if chosen.provenance != "derived":
        return cited(f"the constants of {lemma.key} ({form}) are {chosen.provenance}, not proved here")
    return None
