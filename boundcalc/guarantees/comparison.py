"""Which bounds on one risk compete: the same data, the same delta, the same loss, each with its own class's constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from boundcalc.bound import Bound
from boundcalc.catalogue import REGISTRY, theorem
from boundcalc.catalogue.comparators import frobenius_ball, group_ball, kernel_ball, l1_ball, l21_ball, trace_ball
from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.guarantees.rivals import Comparison, Crossing, Inputs, Rival, evaluated, smallest
from boundcalc.symbols import R_M as COMPLEXITY
from boundcalc.symbols import VOCABULARY
from boundcalc.symbols import r_M as RISK

if TYPE_CHECKING:
    from boundcalc.trainer import Pilot

__all__ = ["Comparison", "Crossing", "Rival", "check_keys", "compare_pilot", "compare_values"]

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


def compare_pilot(pilot: Pilot, *, keys: Sequence[str] = (), radii: str = "grid") -> Comparison:
    """Return all applicable bounds on one pilot sample.

    Each bound holds with probability at least 1 - delta on its own.

    Parameters
    ----------
    pilot : Pilot
        From :func:`boundcalc.trainer.measure_pilot`, which was given the same delta.
    keys : sequence of str
        Entries of the catalogue; all of them if empty.
    radii : {"grid", "measured"}
        A norm of the trained metric is no radius fixed in advance. ``grid`` takes the next larger of twelve radii fixed
        in advance, with delta shared out; ``measured`` takes the norm itself and marks the value as estimated.

    Raises
    ------
    InvalidInputError
        If a key does not exist or does not bound the risk of a trained metric.
    """
    if radii not in ("grid", "measured"):
        raise InvalidInputError(f"radii={radii!r}: expected 'grid' or 'measured'")
    check_keys(keys)
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
    return Comparison(
        tuple(sorted(rivals, key=lambda rival: rival.value)),
        n=int(pilot.estimates["n"].value),
        delta=pilot.delta,
        trivial=pilot.result.trivial_risk,
        absent=absent,
        title=f"{pilot.facts['data']}, {pilot.facts['subset']}",
        facts=pilot.facts,
    )


def compare_values(inputs: Mapping[str, Any], *, keys: Sequence[str] = ()) -> Comparison:
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
    unknown = [name for name in inputs if name not in VOCABULARY]
    problems = [f"{name}: give one number; bounds are drawn against n anyway" for name in many]
    problems += [f"unknown symbol {name!r}{suggestion(name, VOCABULARY)}" for name in unknown]
    problems += [f"missing {name}" for name in ("n", "delta") if name not in inputs]
    if problems:
        raise InvalidInputError(problems, context="compare")
    rivals: list[Rival] = []
    absent: dict[str, str] = {}
    for key in dict.fromkeys([theorem(key).key for key in keys] or REGISTRY):
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
    return Comparison(
        tuple(sorted(rivals, key=lambda rival: rival.value)),
        n=int(float(inputs["n"])),
        delta=float(sympy.Rational(str(inputs["delta"]))),
        trivial=float(inputs.get("C", math.inf)),
        absent=absent,
        title="given values",
    )


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


_QUARTER = sympy.Rational(1, 4)
_ALIASES = {"zhou2026.uniform_deviation": "zhou2026.metric_complexity"}


def _anyway(bound: Bound, inputs: Inputs) -> float | None:
    """Return what holds of the risk without the bound, where its symbols are given."""
    if bound.trivial is None or not {symbol.name for symbol in bound.trivial.free_symbols} <= inputs.keys():
        return None
    return float(bound.trivial.subs({s: sympy.sympify(inputs[s.name]) for s in bound.trivial.free_symbols}))


@cache
def _composed(key: str, form: str | None = None) -> Bound:
    """Return the risk bound with an entry's complexity in it."""
    return theorem("zhou2026.uniform_deviation").bound().substitute(R_M=theorem(key).bound(form))


def _left(pilot: Pilot) -> sympy.Rational:
    """Return the share of delta that the empirical risk leaves: all of it, unless its pairs are a sample."""
    return 1 - _QUARTER if pilot.estimates["rhat_M"].events else sympy.Integer(1)


def _for_deviation(pilot: Pilot) -> sympy.Rational:
    """Return the share of delta for the deviation: what a quarter each for two complexities and the pairs leave."""
    return _left(pilot) - 2 * _QUARTER


def _at_hand(pilot: Pilot, key: str, form: str, *, shares: int = 1) -> Bound:
    """Return a risk bound from the pairs at hand: a quarter of delta for their complexity, the rest for the deviation."""
    bound = _composed(key, form)
    rest = _for_deviation(pilot) / shares
    return bound.with_split({e.name: rest if e.name == "uniform deviation" else _QUARTER for e in bound.events})


def _shared(pilot: Pilot) -> str:
    sampled = bool(pilot.estimates["rhat_M"].events)
    return (
        f"delta: a quarter for each of them, {'a quarter for the sampled pairs, ' * sampled}the rest for the deviation"
    )


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


def _box(pilot: Pilot, key: str) -> Rival:
    """Return the primary source's class: metric weights in a box."""
    values: Inputs = {**pilot.estimates.values, "delta": pilot.delta}
    later = (_composed(key, "kappa"), {**values, "delta": pilot.delta * float(_for_deviation(pilot))})
    return _make(
        pilot,
        key,
        [(_at_hand(pilot, key, "self_bounding"), values), later],
        [later],
        constants={"kappa_M": values["kappa_M"], "lam_max": values["lam_max"]},
        why="smaller of two complexities; " + _shared(pilot),
    )


def _encoders(pilot: Pilot, key: str) -> Rival:
    """Return all matrices with eigenvalues up to lam_max: encoders of full rank."""
    values: Inputs = {**pilot.estimates.values, "delta": pilot.delta}
    values |= {"s": math.nextafter(math.sqrt(values["lam_max"]), math.inf), "q": values["d_M"]}
    later = (_composed(key), {**values, "delta": pilot.delta * float(_for_deviation(pilot))})
    return _make(
        pilot,
        key,
        [(_at_hand(pilot, key, "data"), values), later],
        [later],
        constants={"s": values["s"], "q": values["q"]},
        why="smaller of two complexities; " + _shared(pilot),
    )


def _ball(pilot: Pilot, key: str, radii: str) -> Rival | str:
    """Return a norm ball that holds the trained metric."""
    norm, distance = _BALLS[key]
    if norm not in pilot.norms:
        return "the trained metric has entries across modalities: no such ball holds it"
    measured, largest = pilot.norms[norm], pilot.largest[norm]
    if radii == "grid":
        grid = [largest * _RATIO**place for place in range(RADII)]
        radius = min(radius for radius in grid if radius >= measured) if measured <= largest else largest
        shares = RADII
    else:
        radius, shares = measured or math.ulp(1.0), 1
    values: Inputs = {**pilot.estimates.values, "delta": pilot.delta, "radius": radius}
    reach = float(distance.subs({symbol: values[symbol.name] for symbol in distance.free_symbols}))
    values["C"] = pilot.loss_range(radius * reach * (1 + 1e-12))
    later = (_composed(key, "mean"), {**values, "delta": pilot.delta * float(_for_deviation(pilot)) / shares})
    shared = f"radius {radius:.4g}, the next of {RADII} fixed in advance; smaller of two complexities; "
    shared += f"{_shared(pilot)}, among the radii"
    return _make(
        pilot,
        key,
        [(_at_hand(pilot, key, "self_bounding", shares=shares), values), later],
        [later],
        constants={"norm": measured, "radius": radius},
        certified=radii == "grid",
        why=shared
        if radii == "grid"
        else "estimated: the radius is the trained metric's own norm, not fixed in advance",
    )


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
    for fit in fits:
        own = {"mu": fit.mu, "rhat_M": fit.risk, "eps_opt": fit.eps_opt, "ell_0": fit.ell_0}
        members.append((bound, {**values, **own, "delta": pilot.delta / len(fits)}))
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
    values: Inputs = {**pilot.estimates.values, "delta": pilot.delta * float(_left(pilot))}
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
