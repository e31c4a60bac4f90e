"""A step tried out by its own experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from boundcalc.checker.experiments.claim import Claim
from boundcalc.checker.experiments.enumeration import Found, enumerate_world
from boundcalc.checker.experiments.experiment import Enumerable, Experiment, SampleSpace
from boundcalc.checker.experiments.tails import DELTAS, RARE, sure_on_outcomes, tail_of
from boundcalc.checker.verdict import Verdict, refuted, supported, unsettled

__all__ = ["try_out"]

_USUAL_SECONDS = 5.0  # for these all instances of a step are drawn: few steps take longer


def try_out(
    left: sympy.Expr,
    relation: str,
    right: sympy.Expr,
    experiment: Experiment,
    *,
    events: Sequence[sympy.Symbol] = (),
    rng: np.random.Generator,
    budget: float = 10.0,
) -> Verdict:
    """Return SUPPORTED or REFUTED (UNSETTLED when the experiment does not know a symbol).

    Parameters
    ----------
    left, right : sympy.Expr
        The two sides; every symbol must be known to the experiment's worlds (events' symbols are shares of delta).
    relation : str
    experiment : Experiment
    events : sequence of sympy.Symbol
        Shares of delta; without any, the relation must hold on every instance and outcome.
    rng : numpy.random.Generator
    budget : float
        Seconds that may be spent on it. Only how many instances are drawn depends on it, all of them from five seconds on:
        the verdict is the same on any machine, whatever else that does.
    """
    effort = min(1.0, budget / _USUAL_SECONDS)
    used = left.free_symbols | right.free_symbols
    shared = tuple(event for event in events if event in used)
    results: list[tuple[Any, Found]] = []
    unknown: Verdict | None = None
    for world in experiment.worlds:
        # Certificates made in the world itself consume their events' shares without showing them.
        paid = tuple(events) if getattr(world, "levels", ()) else shared
        try:
            result = _one(Claim(left, relation, right, paid), world, rng=rng, effort=effort)
        except KeyError as error:
            unknown = unsettled(
                f"the experiment '{experiment.about}' does not give {error.args[0]}", engine="experiment"
            )
            if not world.many:
                return unknown
            continue
        results.append((world, result))
        if result.violation is not None and not experiment.all_witnesses:
            break
    if not results and unknown is not None:
        return unknown
    violated = [result for _, result in results if result.violation is not None]
    tails = bool(shared) or any(getattr(world, "levels", ()) for world, _ in results)
    return _refuted(violated) if violated else _supported(experiment, results, tails)


def _one(claim: Claim, world: Enumerable | SampleSpace, *, rng: np.random.Generator, effort: float) -> Found:
    if isinstance(world, Enumerable):
        return enumerate_world(claim, world, rng=rng, effort=effort)
    if claim.events or world.levels:
        return tail_of(claim, world, rng=rng, effort=effort)
    return sure_on_outcomes(claim, world, rng=rng, effort=effort)


def _refuted(violated: list[Found]) -> Verdict:
    witness, *others = (dict(result.violation or {}) for result in violated)
    details = {"further witnesses": others} if others else {}
    if "delta" in witness:
        rate = witness.get("failure probability", witness.get("interval"))
        text = f"fails with probability {_short(rate)} > delta = {witness['delta']}"
        return refuted(text, witness, engine="exact tail" if "failure probability" in witness else "simulation")
    text = f"{_short(witness['left'])} against {_short(witness['right'])}"
    text += f"; {len(violated)} witnesses" if others else ""
    return refuted(text, witness, engine="enumeration", details=details)


def _supported(experiment: Experiment, results: list[tuple[Any, Found]], shared: bool) -> Verdict:
    number = sum(result.instances for _, result in results)
    if all("interval" in (result.tightest or {}) for _, result in results):
        return _replicated(experiment, results, {"worlds": [repr(world) for world, _ in results]})
    known = [(result.ratio, result) for _, result in results if result.ratio == result.ratio]
    if number == 0 or not known:
        return unsettled("no instance with both sides defined and not 0", engine="enumeration")
    ratio, best = max(known, key=lambda item: item[0])
    reach, said = _reach(results, shared)
    details = {"instances": number, "tightest ratio": ratio, "worlds": [repr(world) for world, _ in results]} | reach
    if shared and not any(isinstance(world, Enumerable) for world, _ in results):
        number = sum(result.instances for world, result in results if world.exhaustive)
        text = f"{experiment.about}: {number:,} populations, failure probability at most {ratio:.3g} delta"
        text += "".join(_sampled(world, result) for world, result in results if not world.exhaustive)
        return supported(text + said, engine="exact tail", witness=best.tightest, details=details)
    text = f"{experiment.about}: {number:,} instances, none violates, tightest ratio {ratio:.4g}"
    return supported(text + said, engine="enumeration", witness=best.tightest, details=details)


def _reach(results: list[tuple[Any, Found]], shared: bool) -> tuple[dict[str, Any], str]:
    """Return the largest number of terms and the smallest delta that were tried, and what was not covered."""
    large = max((result.terms for world, result in results if world.many), default=0)
    terms = max((result.terms for world, result in results if not world.many), default=0)
    if not max(large, terms):
        return {}, "; it speaks of no sample size" + ("" if shared else " and of no delta")
    gap = f"laws other than binomial ones beyond {terms:,} terms" if large > terms else f"more than {terms:,} terms"
    reach: dict[str, Any] = {"most terms": max(large, terms), "not covered": gap}
    text = f"; up to {max(large, terms):,} terms"
    spaces = [world for world, _ in results if isinstance(world, SampleSpace) and (world.many or not large)]
    given = min(result.share for _, result in results)
    if shared and (spaces or given < 1):
        least = min([*map(_least_delta, spaces), *([given] if given < 1 else [])])
        reach |= {"smallest delta": str(least), "not covered": f"{gap}, delta below {float(least):.3g}"}
        text += f", delta down to {float(least):.3g}"
    return reach, f"{text}; not covered: {gap}"


def _least_delta(world: SampleSpace) -> Any:
    return min(world.levels) if world.levels else RARE[-1] if world.exhaustive else DELTAS[0]


def _replicated(experiment: Experiment, results: list[tuple[Any, Found]], details: dict) -> Verdict:
    """Say what replicates alone showed."""
    reach, said = _reach(results, shared=True)
    text = experiment.about + "".join(_sampled(world, result) for world, result in results) + said
    return supported(text, engine="simulation", witness=results[-1][1].tightest, details=details | reach)


def _sampled(world: Any, result: Found) -> str:
    """Say what replicates showed."""
    found = result.tightest or {}
    if "interval" not in found:
        return ""
    low, high = found["interval"]
    delta = float(sympy.Rational(found["delta"]))
    slack, usual = found["median slack"]
    return (
        f"; {type(world).__name__}, {result.instances:,} replicates: failure rate in [{low:.3g}, {high:.3g}] at the "
        f"worst delta, {delta:.3g}; "
        f"median slack {slack:.3g} at delta {float(sympy.Rational(usual)):.3g}"
    )


def _short(value: Any) -> str:
    try:
        return f"{float(sympy.Rational(value) if isinstance(value, str) and '/' in value else value):.6g}"
    except (TypeError, ValueError):
        return str(value)
