"""Walk a theorem's derivations: every step, the whole chain, and how its forms compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from boundcalc.bound import Bound
from boundcalc.catalogue import REGISTRY
from boundcalc.checker.experiments.experiment import Experiment
from boundcalc.checker.experiments.inclusion import check_inclusion
from boundcalc.checker.experiments.named import resolve
from boundcalc.checker.experiments.trial import try_out
from boundcalc.checker.inequality.limits import clocked, worked
from boundcalc.checker.inequality.problem import state
from boundcalc.checker.inequality.reals import settle
from boundcalc.checker.report import Report, Row
from boundcalc.checker.steps import check_step, stream
from boundcalc.checker.store import Memory, Store, content_of
from boundcalc.checker.verdict import Verdict, Word, unsettled
from boundcalc.errors import InvalidInputError
from boundcalc.statements.derivation import Derivation, Step, plain_shares
from boundcalc.symbols import Constraint
from boundcalc.theorems import Theorem

__all__ = ["check"]

Progress = Callable[[Row], None]
_STEP_SECONDS = 20.0
_OPTIMISATION = ("eps_opt", "eps_opt_M", "eps_opt_N")


@clocked()
def check(
    theorem: Any,
    *,
    form: str | None = None,
    budget: float | None = None,
    rng: int | np.random.Generator = 0,
    progress: Progress | None = None,
    memory: dict[Any, Verdict] | None = None,
    store: Store | None = None,
) -> Report:
    """Return what is known of every step of a theorem (or of a derivation, or of a single step).

    Parameters
    ----------
    theorem : Theorem, Bound, Derivation or Step
        Your own are welcome; bounds of your theorem that are made after the check are certified if every step was proved
        or is an instance of a proved statement.
    form : str, optional
        One form of the theorem; all of them if not given.
    budget : float, optional
        Seconds (of the processor's) for everything; the steps that are left when it is used up get a second each.
    rng : int or numpy.random.Generator
        The seed of all random searches: the same seed, the same report.
    progress : callable, optional
        Called with each row as it is finished.
    memory : dict, optional
        Verdicts on steps that occurred before, to be shared between checks.
    store : Store, optional
        Verdicts kept from earlier runs; nothing is kept if not given.

    Returns
    -------
    Report
        A keyboard interrupt ends the check early and keeps what was found (``complete`` is then false).

    Raises
    ------
    InvalidInputError
        If it is none of these or has no such form, or the budget is no positive number.
    """
    if budget is not None and (isinstance(budget, bool | str) or not budget > 0):
        raise InvalidInputError(f"budget = {budget!r}: a positive number of seconds", context="check")
    if not isinstance(rng, int | np.integer | np.random.Generator) or (
        not isinstance(rng, np.random.Generator) and rng < 0
    ):
        raise InvalidInputError(f"rng = {rng!r}: a nonnegative integer or a numpy Generator", context="check")
    seed = int(rng.integers(2**31)) if isinstance(rng, np.random.Generator) else int(rng)
    report, jobs = _jobs(theorem, form, seed)
    clock = _Clock(budget)
    remembered = Memory({} if memory is None else memory, store)
    rows: list[Row] = []
    try:
        for job in jobs:
            row = job(seed, clock.share(), remembered)
            if row is not None:
                rows.append(row)
                if progress is not None:
                    progress(row)
    except KeyboardInterrupt:
        return replace(report, rows=tuple(rows))
    report = replace(report, rows=tuple(rows), complete=True)
    if isinstance(theorem, Theorem) and REGISTRY.get(theorem.key) is not theorem:
        theorem.attest({name: report.doubt(name) for name in report.forms})
    return report


class _Clock:
    """Shares out the time: generously at first, a second per step when it is used up."""

    def __init__(self, budget: float | None) -> None:
        self.end = None if budget is None else worked() + budget

    def share(self) -> float:
        if self.end is None:
            return _STEP_SECONDS
        return max(1.0, min(_STEP_SECONDS, (self.end - worked()) / 3))


Job = Callable[[int, float, Memory], Row | None]


def _jobs(subject: Any, form: str | None, seed: int) -> tuple[Report, Iterator[Job]]:
    if isinstance(subject, Step):
        return Report("step", str(subject), {"": "holds"}, seed), iter([_step_job("", 1, subject, {})])
    if isinstance(subject, Bound):
        if subject.proof is None:
            raise InvalidInputError(
                f"{subject.theorem} comes without its steps (read from a file, restated, or a union): check its theorem",
                context="check",
            )
        subject = subject.proof
    if isinstance(subject, Derivation):
        return Report("derivation", str(subject.quantity), {"": "holds"}, seed), iter(
            _chain_jobs("", subject, strict=False)
        )
    if not hasattr(subject, "forms") or not hasattr(subject, "form"):
        raise InvalidInputError(f"{subject!r} is no theorem, derivation or step", context="check")
    names = subject.forms if form is None else (form,)
    chosen = {name: subject.form(name) for name in names}
    status = {name: str(getattr(item, "status", "holds")) for name, item in chosen.items()}
    report = Report(subject.key, getattr(subject, "title", ""), status, seed)
    jobs: list[Job] = []
    for name, item in chosen.items():
        jobs += _chain_jobs(name, item.derivation, strict=item.strict, rules=tuple(subject.constraints))
    if form is None:
        jobs += _comparisons(subject, status)
    return report, iter(jobs)


def _chain_jobs(form: str, chain: Derivation, *, strict: bool, rules: tuple[Constraint, ...] = ()) -> list[Job]:
    jobs = [
        _step_job(form, number, step, chain.domains, (*rules, *chain.granted(step)))
        for number, step in enumerate(chain.steps, start=1)
    ]
    if strict or len(chain.steps) > 1:
        jobs.append(_whole_job(form, chain, strict=strict))
    return jobs


def _step_job(
    form: str,
    number: int,
    step: Step,
    domains: Mapping[sympy.Symbol, sympy.Set],
    rules: tuple[Constraint, ...] = (),
) -> Job:
    def job(seed: int, seconds: float, memory: Memory) -> Row:
        # Steps are shared between theorems; a definition that is not hashable is told by its text.
        lemma = step.applies and (id(step.applies.lemma), step.applies.form, str(step.applies.values))
        key = (
            str(step),
            step.kind,
            str(step.definitions),
            step.experiment,
            step.cites,
            lemma,
            str(domains),
            str(rules),
            seed,
        )

        def doubt_of(own: Any, name: str) -> Verdict | None:
            return check(own, form=name, budget=seconds, rng=seed, memory=memory.known, store=memory.store).doubted(
                name
            )

        def keep(content: str | None, compute: Callable[[], Verdict]) -> Verdict:
            return memory.recall(content, content, seconds, compute) if content else compute()

        def checked() -> Verdict:
            return check_step(
                step, seed=seed, budget=seconds, domains=domains, rules=rules, doubt_of=doubt_of, keep=keep
            )

        content = content_of([step], domains, [str(rule) for rule in rules], seed)
        verdict = memory.recall(key, content, seconds, checked)
        return Row(form, str(number), str(step), step.kind, verdict)

    return job


def _whole_job(form: str, chain: Derivation, *, strict: bool) -> Job:
    """Try the quantity against the bound in one go, by the first experiment that knows all symbols."""
    relation = chain.relation.replace("=", "") if strict else chain.relation

    def job(seed: int, seconds: float, memory: Memory) -> Row | None:
        events = [event.symbol for event in chain.events]
        tried: list[Experiment] = []
        for step in chain.steps:
            if events and not step.events:
                continue
            experiment = resolve(step.experiment)
            if experiment is None or experiment in tried:
                continue
            tried.append(experiment)
            if strict:
                verdict = check_inclusion(experiment, rng=stream(seed, "strict"), strict=True)
                if verdict is not None:
                    return Row(form, "claim", f"strict: {chain.quantity} {relation} {chain.result}", "whole", verdict)
            rng = stream(seed, plain_shares(f"{chain.quantity}{relation}{chain.result}"))

            def tried_out(experiment: Experiment = experiment, rng: np.random.Generator = rng) -> Verdict:
                return try_out(
                    chain.quantity, relation, chain.result, experiment, events=events, rng=rng, budget=seconds
                )

            sides = [sympy.srepr(chain.quantity), relation, sympy.srepr(chain.result)]
            key = repr(["chain", *sides, repr(experiment), [repr(event) for event in chain.events], seed])
            found = memory.recall(key, None if " at 0x" in key else key, seconds, tried_out)
            if found.word is not Word.UNSETTLED:
                place = "claim" if strict else "chain"
                return Row(form, place, plain_shares(f"{chain.quantity} {relation} {chain.result}"), "whole", found)
        if strict:
            text = plain_shares(f"{chain.quantity} {relation} {chain.result}")
            return Row(form, "claim", text, "whole", unsettled(f"its steps show {chain.relation}, not {relation}"))
        return None

    return job


def _comparisons(theorem: Any, status: Mapping[str, str]) -> list[Job]:
    """Compare the default form with each form that speaks of the same quantity and uses at least its symbols."""
    first, *others = [name for name in theorem.forms if status[name] == "holds"] or [None]
    jobs: list[Job] = []
    for other in others:
        sides = [theorem.bound(name) for name in (first, other)]
        if sides[0].quantity == sides[1].quantity and sides[0].relation == sides[1].relation == "<=":
            needed = {symbol for symbol in sides[0].expr.free_symbols if symbol.name not in _OPTIMISATION}
            if needed <= sides[1].expr.free_symbols:
                jobs.append(_comparison(str(first), other, sides))
    return jobs


def _comparison(first: str, other: str, sides: list[Any]) -> Job:
    def job(seed: int, seconds: float, memory: Memory) -> Row:
        left, right = (
            side.expr.subs({symbol: 0 for symbol in side.expr.free_symbols if symbol.name in _OPTIMISATION})
            for side in sides
        )
        known = {**dict(sides[0].domain), **dict(sides[1].domain)}
        domain = {s: known[s] for s in left.free_symbols | right.free_symbols if s in known}

        def row(small: str, low: sympy.Expr, large: str, high: sympy.Expr) -> Row:
            text = f"{small} against {large}"

            def settled() -> Verdict:
                return settle(state(low, "<=", high, domain=domain), budget=max(seconds, 10.0), rng=stream(seed, text))

            content = content_of([], domain, text, sympy.srepr(low), sympy.srepr(high), seed)
            verdict = memory.recall(("forms", content), content, max(seconds, 10.0), settled)
            return Row(f"{small} <= {large}", "forms", f"{low} <= {high}", "comparison", verdict, counts=False)

        found = row(first, left, other, right)
        return row(other, right, first, left) if found.verdict.refutes else found

    return job
