"""Citations are read: a step that applies a statement must be an instance of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy

from boundcalc.bound import Bound
from boundcalc.catalogue import REGISTRY
from boundcalc.catalogue.files import made_again
from boundcalc.checker.verdict import Verdict, Word, cited, unsettled
from boundcalc.errors import CompositionError, InvalidInputError
from boundcalc.statements.derivation import Application, Step
from boundcalc.symbols import VOCABULARY
from boundcalc.theorems import Theorem, by

__all__ = ["counts", "instance", "read_citation"]


def counts(verdict: Verdict) -> bool:
    """Return whether a step's verdict is a proof: its own, or that of the statement which it is an instance of."""
    return verdict.word is Word.PROVED or (not verdict.refutes and "instance_of" in verdict.details)


def read_citation(step: Step, tried: Verdict | None, doubt_of: Callable[[Any, str], str]) -> Verdict | None:
    """Return what a step's citation is worth, after what its experiment said; None where it cites no statement.

    Parameters
    ----------
    step : Step
    tried : Verdict or None
        What its experiment said, if it has one.
    doubt_of : callable
        Returns why a form of a theorem of one's own is not proved, or nothing.
    """
    applied = step.applies or _literal(step)
    if applied is None:
        known = step.cites in REGISTRY
        return unsettled(f"this is no instance of {step.cites}: apply it with boundcalc.by") if known else None
    reason = instance(step, applied)
    doubt = f"no instance of {step.cites}: {reason}" if reason else _doubt(applied, doubt_of)
    spoken = tried is not None and tried.word is not Word.UNSETTLED
    if doubt:
        return tried if spoken else unsettled(doubt)
    if spoken and tried is not None:
        return replace(tried, details={**tried.details, "instance_of": step.cites})
    evidence = f"an instance of {step.cites}" + (f" ({applied.form})" if applied.form else "")
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
    quantity = _quantity(applied)
    entry = VOCABULARY.get(step.left.name) if step.left.is_Symbol else None
    if step.left == quantity or (step.left.is_Symbol and entry is None and quantity.is_Symbol):
        return ""
    return f"that bounds {quantity}, not {step.left}; name what it bounds here by a symbol of your own"


def _quantity(applied: Application) -> sympy.Expr:
    lemma = applied.lemma
    quantity = lemma.quantity if isinstance(lemma, Bound) else lemma.derivation(applied.form or None).quantity
    names = {symbol: applied.values[symbol.name] for symbol in quantity.free_symbols if symbol.name in applied.values}
    return quantity.xreplace(names)


def _literal(step: Step) -> Application | None:
    """Return what a step applies that says word for word what the entry says which it cites."""
    entry = REGISTRY[step.cites] if step.cites in REGISTRY else None
    if entry is None:
        return None
    found = (Application(entry, form) for form in entry.forms)
    return next((one for one in found if _quantity(one) == step.left and not instance(step, one)), None)


def _doubt(applied: Application, doubt_of: Callable[[Any, str], str]) -> str:
    lemma = applied.lemma
    if isinstance(lemma, Theorem):
        return _theorem_doubt(lemma, applied.form or lemma.forms[0], doubt_of)
    try:
        again = made_again(lemma)
    except (InvalidInputError, CompositionError) as error:
        return f"{lemma.theorem.key} does not count: {error}"
    relaxed = isinstance(lemma.made, tuple) and lemma.made[1] == "relax"
    if any(getattr(again, name) != getattr(lemma, name) for name in (_SAID if relaxed else (*_SAID, *_SURE))):
        return f"{lemma.theorem.key} does not count: it is not what it was made from"
    doubts = (_theorem_doubt(theorem, form, doubt_of) for theorem, form in again.stated)
    return next(filter(None, doubts), "")


#: What a bound says, and how sure that is.
_SAID = ("quantity", "relation", "expr", "raw", "events", "shares", "domain", "constraints", "conditions", "uniform")
_SURE = ("assumptions", "theorem", "ingredients")


def _theorem_doubt(lemma: Theorem, form: str, doubt_of: Callable[[Any, str], str]) -> str:
    chosen = lemma.form(form)
    if chosen.status != "holds" or chosen.provenance != "derived":
        return f"{lemma.key} ({form}) is {chosen.status}, {chosen.provenance}"
    entry = lemma.key in REGISTRY and REGISTRY[lemma.key] is lemma
    doubt = "" if entry else doubt_of(lemma, form)
    return f"{lemma.key} is {doubt}" if doubt else ""
