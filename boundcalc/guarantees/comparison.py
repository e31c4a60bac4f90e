"""Which bounds on one risk compete: the same data, the same delta, the same loss, each with its own class's constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from boundcalc.arithmetic.convert import as_expression
from boundcalc.arithmetic.numbers import as_number
from boundcalc.bound import Bound
from boundcalc.catalogue import REGISTRY, theorem
from boundcalc.catalogue.comparators import frobenius_ball, group_ball, kernel_ball, l1_ball, l21_ball, trace_ball
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.guarantees.account import DEVIATION, SAMPLED, charged, with_complexity
from boundcalc.guarantees.rivals import Crossing, Inputs, Rival, Rivals, evaluated, smallest
from boundcalc.language.ledger import Ledger
from boundcalc.symbols import R_M as COMPLEXITY
from boundcalc.symbols import VOCABULARY
from boundcalc.symbols import r_M as RISK

if TYPE_CHECKING:
    from boundcalc.trainer import Pilot

__all__ = ["Crossing", "Rival", "Rivals", "check_keys", "compare_pilot", "compare_values"]

#: Radii are fixed in advance: the class's largest norm times powers of 1/sqrt(2), delta shared out equally.
RADII = 12
_RATIO = math.sqrt(0.5)
#: Radii of covers that are tried, as shares of the inputs' radius; nothing random decides between them.
_COVERS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
_BALLS: Mapping[str, tuple[str, sympy.Expr]] = {
    frobenius_ball.THEOREM.key: ("frobenius", frobenius_ball.DISTANCE),
    l1_ball.THEOREM.key: ("l1", l1_ball.DISTANCE),
    trace_ball.THEOREM.key: ("trace", trace_ball.DISTANCE),
    l21_ball.THEOREM.key: ("l21", l21_ball.DISTANCE),
    group_ball.THEOREM.key: ("group", group_ball.DISTANCE),
    kernel_ball.THEOREM.key: ("kernel", kernel_ball.DISTANCE),
}
_ANCHORED = {"zero": "", "source": " around a metric learnt on the calibration part"}
_STABLE = {"comparators.stability": "zero", "comparators.source_stability": "source"}


def compare_pilot(pilot: Pilot, *, keys: Sequence[str] = (), radii: str = "grid", delta: float | None = None) -> Rivals:
    """Return all applicable bounds on one pilot sample.

    Each bound holds with probability at least 1 - delta on its own.

    Parameters
    ----------
    pilot : Pilot
        From :func:`boundcalc.trainer.measure_pilot`.
    keys : sequence of str
        Entries of the catalogue; all of them if empty.
    radii : {"grid", "measured"}
        A norm of the trained metric is no radius fixed in advance. ``grid`` takes the next larger of twelve radii fixed
        in advance, with delta shared out; ``measured`` takes the norm itself and marks the value as estimated.
    delta : float, optional
        Failure probability of each bound; the pilot's own by default.

    Raises
    ------
    InvalidInputError
        If a key does not exist or does not bound the risk of a trained metric.
    """
    if radii not in ("grid", "measured"):
        raise InvalidInputError(f"radii={radii!r}: expected 'grid' or 'measured'")
    check_keys(keys)
    pilot = pilot if delta is None else pilot.at(delta)
    rivals: list[Rival] = []
    absent: dict[str, str] = {}
    chosen = [theorem(key).key for key in keys] or list(REGISTRY)
    for key in dict.fromkeys(_ALIASES.get(key, key) for key in chosen):
        found = _rival(pilot, key, radii)
        if isinstance(found, Rival):
            rivals.append(found)
        else:
            absent[key] = found
    if not rivals:
        raise InvalidInputError([f"{key}: {why}" for key, why in absent.items()], context="nothing to compare")
    return Rivals(
        tuple(sorted(rivals, key=lambda rival: rival.value)),
        n=int(pilot.estimates["n"].value),
        delta=pilot.delta,
        trivial=pilot.result.trivial_risk,
        absent=absent,
        title=f"{pilot.facts['data']}, {pilot.facts['subset']}",
        facts=pilot.facts,
    )


def compare_values(inputs: Mapping[str, Any], *, keys: Sequence[str] = ()) -> Rivals:
    """Return all bounds on the risk whose symbols are given, at those values.

    Complexities are put into zhou2026.uniform_deviation.

    Parameters
    ----------
    inputs : mapping of str to number
        A value for each symbol, ``n`` and ``delta`` among them; radius and C are the same for all balls then.
    keys : sequence of str
        Entries of the catalogue; all of them if empty.

    Raises
    ------
    InvalidInputError
        If a key does not exist, a value is bad, or there is nothing to compare.
    """
    many = [name for name, value in inputs.items() if np.ndim(value)]
    names = [_named(key) for key in keys]
    own = {name for key in names if key not in REGISTRY for name in theorem(key).bound().symbols}
    unknown = [name for name in inputs if name not in VOCABULARY and name not in own]
    problems = [f"{name}: give one number; bounds are drawn against n anyway" for name in many]
    problems += [f"unknown symbol {name!r}{suggestion(name, {*VOCABULARY, *own})}" for name in unknown]
    problems += [f"missing {name}" for name in ("n", "delta") if name not in inputs]
    if problems:
        raise InvalidInputError(problems, context="compare")
    rivals: list[Rival] = []
    absent: dict[str, str] = {}
    for key in dict.fromkeys(names or REGISTRY):
        bound, why = _whole(key)
        if bound is None:
            absent[key] = why
            continue
        missing = [name for name in bound.symbols if name not in inputs]
        if missing:
            absent[key] = "needs " + ", ".join(missing)
            continue
        given = {name: inputs[name] for name in bound.symbols}
        value = evaluated(bound, given)
        reach = min(
            (float(part) for part in (inputs.get("C"), _anyway(bound, given)) if part is not None), default=math.inf
        )
        rivals.append(
            Rival(
                key, theorem(key).title, float(value), reach, ((bound, given),),
                certified=bound.certified, why=bound.why_not_certified, assumptions=bound.assumptions,
            )
        )  # fmt: skip
    if not rivals:
        raise InvalidInputError(
            [f"{key}: {why}" for key, why in absent.items() if keys or why.startswith("needs")],
            context="nothing to compare",
        )
    return Rivals(
        tuple(sorted(rivals, key=lambda rival: rival.value)),
        n=int(float(inputs["n"])),
        delta=float(sympy.Rational(str(inputs["delta"]))),
        trivial=float(inputs.get("C", math.inf)),
        absent=absent,
        title="given values",
    )


def _named(key: str) -> str:
    """Return an entry's key; a theorem of one's own is found again by the name that was given."""
    found = theorem(key).key
    return found if found in REGISTRY else key


def check_keys(keys: Sequence[str]) -> None:
    """Check that each of these entries can be compared on a pilot sample.

    Raises
    ------
    InvalidInputError
        For keys that do not exist, and for entries that do not bound the risk of a trained metric.
    """
    problems = []
    for key in keys:
        key = theorem(key).key
        if _ALIASES.get(key, key) not in _COMPARED:
            problems.append(f"{key}: {_whole(key)[1] or 'is an ingredient of the others here'}")
    if problems:
        hint = "these can be compared on a sample: " + ", ".join(_COMPARED)
        raise InvalidInputError([*problems, hint], context="compare")


_ALIASES = {"zhou2026.uniform_deviation": "zhou2026.metric_complexity"}


def _anyway(bound: Bound, inputs: Inputs) -> float | None:
    """Return what holds of the risk without the bound, where its symbols are given."""
    if bound.trivial is None or not {symbol.name for symbol in bound.trivial.free_symbols} <= inputs.keys():
        return None
    return float(bound.trivial.subs({s: as_expression(as_number(inputs[s.name])) for s in bound.trivial.free_symbols}))


def _composed(key: str, form: str | None = None) -> Bound:
    """Return the risk bound with an entry's complexity in it."""
    return with_complexity("zhou2026.uniform_deviation", None, form, key)


def _whole(key: str, form: str | None = None) -> tuple[Bound | None, str]:
    """Return an entry's bound on the risk, or why there is none."""
    entry = theorem(key)
    bound = entry.bound(form)
    if not bound.relation.startswith("<"):
        return None, f"says {bound.quantity} {bound.relation} ..., not what the risk is at most"
    if entry.unit != "pairs":
        return None, f"speaks of single {entry.unit}, not of pairs"
    if bound.quantity == COMPLEXITY and str(entry.form(form).status) == "holds" and bound.symbols.keys() - {"R_M"}:
        return (_composed(key, form), "") if key != "zhou2026.hierarchy" else (None, "compares two classes")
    if bound.quantity != RISK:
        return None, f"bounds another quantity: {entry.quantity}"
    return bound, ""


def _rival(pilot: Pilot, key: str, radii: str) -> Rival | str:
    if key in _BALLS:
        return _ball(pilot, key, radii)
    if key in _STABLE:
        return _stable(pilot, key)
    maker = _MAKERS.get(key)
    if maker is not None:
        return maker(pilot, key)
    bound, why = _whole(key)
    return why if bound is None else "is an ingredient of the others here"


def _make(
    pilot: Pilot, key: str, now: Sequence[tuple[Bound, Inputs]], later: Sequence[tuple[Bound, Inputs]], **rest: Any
) -> Rival:
    """Return a rival: the smallest of some bounds now, and the smallest of others at other sample sizes."""
    best, value = smallest(now)
    bound, inputs = now[best]
    reach = rest.pop("reach", None)
    certified = rest.pop("certified", True) and pilot.certified and bound.certified
    why = rest.pop("why", "")
    if not pilot.certified:
        why = "the pair radius was measured on the data"
    return Rival(
        key=key,
        name=theorem(key).title,
        value=value,
        reach=min(pilot.result.trivial_risk, inputs["C"] if reach is None else reach),
        members=tuple(later),
        certified=certified,
        why=why,
        assumptions=bound.assumptions,
        **rest,
    )


def _two(
    pilot: Pilot, key: str, forms: tuple[str, str | None], values: Inputs, ledger: Ledger, *, why: str = "", **rest: Any
) -> Rival:
    """Return the smaller of a bound from the complexity of the pairs at hand and one that serves every n."""
    members = [
        (bound, {**values, "delta": delta})
        for bound, delta in (charged(_composed(key, form), ledger) for form in forms)
    ]
    return _make(pilot, key, members, members[1:], why=why or f"smaller of two complexities; delta: {ledger}", **rest)


def _box(pilot: Pilot, key: str) -> Rival:
    """Return the primary source's class: metric weights in a box."""
    values = pilot.estimates.values
    constants = {name: values[name] for name in ("kappa_M", "lam_max")}
    return _two(pilot, key, ("self_bounding", "kappa"), values, pilot.ledger, constants=constants)


def _encoders(pilot: Pilot, key: str) -> Rival:
    """Return all matrices with eigenvalues up to lam_max: encoders of full rank."""
    values: Inputs = dict(pilot.estimates.values)
    constants = {"s": math.nextafter(math.sqrt(values["lam_max"]), math.inf), "q": values["d_M"]}
    return _two(pilot, key, ("data", None), {**values, **constants}, pilot.ledger, constants=constants)


def _ball(pilot: Pilot, key: str, radii: str) -> Rival | str:
    """Return a norm ball that holds the trained metric."""
    norm, distance = _BALLS[key]
    if norm not in pilot.norms:
        return "the trained metric has entries across modalities: no such ball holds it"
    measured, largest = pilot.norms[norm], pilot.largest[norm]
    ledger, why = pilot.ledger, "estimated: the radius is the trained metric's own norm, not fixed in advance"
    radius = measured or math.ulp(1.0)
    if radii == "grid":
        grid = [largest * _RATIO**place for place in range(RADII)]
        radius = min(radius for radius in grid if radius >= measured) if measured <= largest else largest
        ledger = ledger.over("radii", RADII, events=[DEVIATION])  # a complexity is one event for all radii
        why = f"radius {radius:.4g}, the next of {RADII} fixed in advance; smaller of two complexities; delta: {ledger}"
    values: Inputs = {**pilot.estimates.values, "radius": radius}
    reach = float(distance.subs({symbol: values[symbol.name] for symbol in distance.free_symbols}))
    values["C"] = pilot.loss_range(radius * reach * (1 + 1e-12))
    constants = {"norm": measured, "radius": radius}
    return _two(
        pilot, key, ("self_bounding", "mean"), values, ledger, constants=constants, certified=radii == "grid", why=why,
        reach=values["C"],
    )  # fmt: skip


def _stable(pilot: Pilot, key: str) -> Rival | str:
    """Return the best of the regularised metrics, delta shared out among the strengths."""
    fits = [fit for fit in pilot.regularised if fit.anchor == _STABLE[key]]
    if not pilot.regularised:
        return "the training part is too large to train regularised metrics on all of its pairs"
    if not fits:
        return (
            "0 is no metric of this class (lam_min > 0)"
            if _STABLE[key] == "zero"
            else "there is no calibration part to learn a source metric from"
        )
    bound = theorem(key).bound()
    values = pilot.estimates.values
    members: list[tuple[Bound, Inputs]] = []
    ledger = Ledger.split(pilot.delta, [DEVIATION]).over("strengths", len(fits))
    for fit in fits:
        own = {"mu": fit.mu, "rhat_M": fit.risk, "eps_opt": fit.eps_opt, "ell_0": fit.ell_0}
        members.append((bound, {**values, **own, "delta": ledger[DEVIATION]}))
    best, _ = smallest(members)
    anyway = _anyway(*members[best])
    return _make(
        pilot,
        key,
        members,
        members,
        reach=anyway,
        constants={name: members[best][1][name] for name in ("mu", "ell_0", "rhat_M", "eps_opt")},
        why=f"mu = {fits[best].mu:g}, the best of {len(fits)} fixed in advance, delta shared out; a model of its own, trained "
        f"with that penalty{_ANCHORED[_STABLE[key]]}",
    )


def _cells(pilot: Pilot, key: str) -> Rival:
    """Return the robustness bound with a cover of the inputs."""
    bound = theorem(key).bound("covering")
    ledger, sampled = pilot.ledger, SAMPLED in pilot.ledger
    spent = {SAMPLED: ledger.fraction(SAMPLED)} if sampled else {}
    ledger = Ledger.split(pilot.delta, {DEVIATION: 1 - sum(spent.values()), **spent})
    values: Inputs = {**pilot.estimates.values, "delta": ledger[DEVIATION]}
    members = [(bound, {**values, "cover": share * values["x_radius"]}) for share in _COVERS]
    best, _ = smallest(members)
    return _make(
        pilot,
        key,
        members,
        members,
        constants={"cover": members[best][1]["cover"], "labels": values["labels"]},
        why="cells from a cover of the inputs; its radius is chosen by nothing random",
    )


_MAKERS: Mapping[str, Callable[[Pilot, str], Rival]] = {
    "zhou2026.metric_complexity": _box,
    "zhou2026.latent_encoders": _encoders,
    "comparators.robustness": _cells,
}
_COMPARED = tuple(key for key in REGISTRY if key in {*_MAKERS, *_BALLS, *_STABLE})
