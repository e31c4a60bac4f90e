"""One step: which engine can speak about it, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
import sympy

from boundcalc.catalogue import REGISTRY
from boundcalc.checker.citations import read_citation
from boundcalc.checker.experiments.experiment import Experiment
from boundcalc.checker.experiments.inclusion import check_inclusion
from boundcalc.checker.experiments.named import resolve
from boundcalc.checker.experiments.trial import try_out
from boundcalc.checker.inequality.problem import state
from boundcalc.checker.inequality.reals import settle
from boundcalc.checker.store import content_of
from boundcalc.checker.verdict import Certificate, Verdict, Word, cited, proved, unsettled
from boundcalc.errors import InvalidInputError
from boundcalc.language.domains import describe
from boundcalc.statements.audit import BARE_DELTA, strays
from boundcalc.statements.derivation import Step, at_least, at_most
from boundcalc.statements.implicit import solve_implicit
from boundcalc.symbols import VOCABULARY, Constraint, known

__all__ = ["check_step", "stream"]

Keep = Callable[[str | None, Callable[[], Verdict]], Verdict]
_CLOSED_FORM = ("identity", "algebra")


def stream(seed: int, text: str) -> np.random.Generator:
    """Return a generator that depends on the seed and on what is checked, not on what was checked before."""
    return np.random.default_rng([seed, crc32(text.encode())])


def check_step(
    step: Step,
    *,
    seed: int = 0,
    budget: float = 10.0,
    domains: Mapping[sympy.Symbol, sympy.Set] | None = None,
    rules: Iterable[Constraint] = (),
    doubt_of: Callable[[Any, str], Verdict | None] = lambda lemma, form: unsettled("not checked"),
    keep: Keep = lambda content, compute: compute(),
) -> Verdict:
    """Return the verdict on one step.

    A step with an experiment is tried out by it, a step between closed forms goes to the real-arithmetic engines with
    its definitions inserted, and what only rests on the literature is CITED.

    Parameters
    ----------
    step : Step
    seed : int
    budget : float
        Seconds.
    domains : mapping of sympy.Symbol to sympy.Set, optional
        Domains of symbols that are not in the vocabulary.
    rules : iterable of Constraint, optional
        Relations that the theorem requires.
    doubt_of : callable, optional
        Returns what is known of a form of a theorem of one's own that the step applies and that is not proved, or None.
    keep : callable, optional
        Returns the verdict on a trial, by its content or else by computing it: a trial does not depend on what the step cites.
    """
    rng = stream(seed, f"{step}|{step.kind}")
    experiment = resolve(step.experiment)
    if experiment is not None:
        if step.kind == "inclusion":
            refutation = check_inclusion(experiment, rng=stream(seed, "inclusion"))
            if refutation is not None:
                return refutation
        content = content_of([replace(step, applies=None)], {}, "trial", str(step), seed)
        tried = keep(content, lambda: _tried(step, experiment, rng=rng, budget=budget))
        if step.kind == "claim" and step.cites and not tried.refutes and step.applies is None:
            return cited(f"{step.cites}; {tried.evidence}")
        if tried.refutes or step.applies is None:
            return tried
        read = read_citation(step, tried, doubt_of)
        return tried if read is None else read
    stray = _strays(step, domains or {}, rules, seed, budget)
    if stray:
        return unsettled(stray)
    if step.kind in _CLOSED_FORM and not step.events:
        used = set().union(*(part.free_symbols for part in (step.left, step.right, *step.definitions.values())))
        spoken = [rule for rule in rules if rule.symbols <= used]
        if not step.definitions and any(_solved_for(step, rule) for rule in spoken):
            return proved(Certificate(("identities",), "the largest root of a quadratic"))
        try:
            problem = state(
                step.left, step.relation, step.right, domain=domains, constraints=spoken, definitions=step.definitions
            )
        except InvalidInputError as error:
            return unsettled(str(error))
        return _without_event(step, settle(problem, budget=budget, rng=rng))
    if step.applies is not None or step.cites in REGISTRY:
        read = read_citation(step, None, doubt_of)
        if read is not None and (read.word is not Word.UNSETTLED or step.applies is not None):
            return read
        by_entry = _by_the_entry(step, rng, budget) if step.applies is None else None
        if by_entry is not None and by_entry.refutes:
            return by_entry
        return unsettled("nothing checks it") if read is None else read
    if step.cites:
        return cited(step.cites)
    return unsettled(f"a step of kind '{step.kind}' needs an experiment or a citation")


def _without_event(step: Step, verdict: Verdict) -> Verdict:
    """Add to what is not proved that delta came in without an event, where it did: the step may hold with a probability."""
    bare = VOCABULARY["delta"].symbol in step.right.free_symbols - step.left.free_symbols
    return (
        replace(verdict, evidence=f"{verdict.evidence}; {BARE_DELTA}")
        if bare and verdict.word is not Word.PROVED
        else verdict
    )


def _strays(
    step: Step, domains: Mapping[sympy.Symbol, sympy.Set], rules: Iterable[Constraint], seed: int, budget: float
) -> str:
    """Say which definition was not shown to lie in its symbol's domain; what is chosen for a free one is a condition."""
    for symbol, value, allowed, _ in strays(step, domains):
        if (entry := known(symbol)) is not None and entry.free:
            continue
        others = {other: meant for other, meant in step.definitions.items() if other != symbol}
        ends = [
            made(value, end, because="its domain", definitions=others)
            for made, end in ((at_least, allowed.inf), (at_most, allowed.sup))
            if end.is_finite
        ]
        shown = (check_step(one, seed=seed, budget=budget / 4, domains=domains, rules=rules).word for one in ends)
        if not isinstance(allowed, sympy.Interval) or any(word is not Word.PROVED for word in shown):
            return f"{symbol} must be {describe(allowed)}, which was not shown of {value}: give it a wider domain"
    return ""


def _solved_for(step: Step, rule: Constraint) -> bool:
    """Return whether a step is what `solve_implicit` finds of a quantity that a rule has on both sides."""
    try:
        found = solve_implicit(at_most(rule.lower, rule.upper, because="-"), 1)
    except InvalidInputError:
        return False
    return (step.left, step.relation, step.right) == (found.left, "<=", found.right)


def _by_the_entry(step: Step, rng: np.random.Generator, budget: float) -> Verdict | None:
    """Try a step by the experiment of the entry that it cites."""
    facts = REGISTRY[step.cites].facts()
    experiment = resolve(facts.experiment)
    return None if experiment is None else _tried(step, experiment, rng=rng, budget=budget)


def _tried(step: Step, experiment: Experiment, *, rng: np.random.Generator, budget: float) -> Verdict:
    """Try a step out; worlds know its events by their names, whatever they bound."""
    plain = {event.symbol: replace(event, of="").symbol for event in step.events}
    if len(set(plain.values())) < len(plain):
        plain = {symbol: symbol for symbol in plain}
    left, right = step.left.xreplace(plain), step.right.xreplace(plain)
    return try_out(left, step.relation, right, experiment, events=list(plain.values()), rng=rng, budget=budget)
