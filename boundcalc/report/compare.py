"""Rival bounds on one risk: the same data, the same delta, the same loss, each with its own class's constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from boundcalc.bound import Bound
from boundcalc.catalogue import REGISTRY, theorem
from boundcalc.catalogue.comparators import frobenius_ball, group_ball, kernel_ball, l1_ball, l21_ball, trace_ball
from boundcalc.errors import InvalidInputError
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
#: Sample sizes at which bounds are looked at; crossings are then found exactly.
_LEAST, _MOST, _STEPS = 10, 10**10, 190
_FARTHEST = 10**15
#: Bounds that differ by less than this are not told apart.
_TIE = 1e-9

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Rival:
    """One bound on the risk.

    Attributes
    ----------
    key : str
        Its entry in the catalogue.
    name : str
        In two or three words.
    value : float
        The bound at the sample at hand, rounded outwards.
    reach : float
        What holds of the risk anyway: the best constant rule's risk, or the loss range of the bound's class if smaller.
    members : tuple of (Bound, dict)
        What is evaluated at other sample sizes: the smallest of these, all of which hold at once.
    constants : mapping of str to float
        What was measured for it.
    certified : bool
    why : str
        Why it is not certified, or how delta was shared out.
    assumptions : tuple of str
    """

    key: str
    name: str
    value: float
    reach: float
    members: tuple[tuple[Bound, Inputs], ...]
    constants: Mapping[str, float] = field(default_factory=dict)
    certified: bool = True
    why: str = ""
    assumptions: tuple[str, ...] = ()

    @property
    def vacuous(self) -> bool:
        """Whether it says no more than holds anyway."""
        return not self.value < self.reach

    def at(self, n: Any, *, precision: int | None = None) -> np.ndarray:
        """Return the bound at other sample sizes, empirical risk and constants being what they are."""
        quick = self._members_near(n)
        # A member that is nowhere among the smallest changes nothing.
        wanted = (quick <= quick.min(axis=0) * (1 + _TIE)).reshape(len(quick), -1).any(axis=1)
        return np.asarray(
            np.min(
                [
                    _values(bound, {**inputs, "n": n}, precision)
                    for (bound, inputs), here in zip(self.members, wanted, strict=True)
                    if here
                ],
                axis=0,
            )
        )

    def near(self, n: Any) -> np.ndarray:
        """Return the bound at other sample sizes in plain floats, quickly and without directed rounding."""
        return np.asarray(self._members_near(n).min(axis=0))

    @cached_property
    def _quick(self) -> tuple[Callable[[Any], Any], ...]:
        functions = {id(bound): _plain(bound) for bound, _ in self.members}
        return tuple(partial(functions[id(bound)], inputs) for bound, inputs in self.members)

    def _members_near(self, n: Any) -> np.ndarray:
        sizes = np.asarray(n, dtype=float)
        return np.stack([np.broadcast_to(function(sizes), sizes.shape) for function in self._quick])

    @cached_property
    def informative_from(self) -> int | None:
        """The smallest number of training rows from which it says more than holds anyway, or None (below 10^15).

        Bounds never rise in n; the answer is confirmed with values rounded outwards.
        """
        if not self.at([_FARTHEST])[0] < self.reach:
            return None
        guess = _first(lambda n: bool(self.near([n])[0] < self.reach), 2, _FARTHEST)
        return _settle(lambda n: self.at(n) < self.reach, guess, 2, _FARTHEST)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest integer in [low, high] for which something holds, as it does from there on and at ``high``."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _settle(holds: Callable[[list[int]], np.ndarray], guess: int, low: int, high: int) -> int:
    """Return what ``_first`` does, from a good guess: a few looks at several integers at once."""
    width = 1
    while True:
        left, right = max(low, guess - width), min(high, guess + width)
        before, after = holds([left, right])
        if before and left > low:
            width, high = 64 * width, left
            guess = min(guess, high)
        elif not after and right < high:
            width, low = 64 * width, right
            guess = max(guess, low)
        else:
            return _first(lambda n: bool(holds([n])[0]), left if not before else low, right)


@dataclass(frozen=True)
class Crossing:
    """From ``n`` training rows on (even numbers) ``key`` is the smallest bound; before it was ``before``."""

    n: int
    before: str
    key: str


@dataclass(frozen=True)
class Comparison:
    """Rival bounds on one sample and against n.

    Attributes
    ----------
    rivals : tuple of Rival
        Smallest first.
    n : int
        Rows of the sample at hand.
    delta : float
        Failure probability of each bound.
    trivial : float
        The best constant rule's risk on the sample (or the loss range, where no sample is at hand).
    absent : mapping of str to str
        Entries that are not compared, each with the reason.
    title : str
    facts : mapping
    """

    rivals: tuple[Rival, ...]
    n: int
    delta: float
    trivial: float
    absent: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Rival:
        for rival in self.rivals:
            if rival.key == key:
                return rival
        raise KeyError(key)

    @property
    def tightest(self) -> Rival:
        """The smallest bound on the sample at hand."""
        return self.rivals[0]

    def grid(self, *, most: int = _MOST, steps: int = _STEPS) -> np.ndarray:
        """Return even sample sizes, evenly spread on a logarithmic scale."""
        return np.unique(2 * np.rint(np.geomspace(_LEAST, most, steps) / 2).astype(np.int64))

    @cached_property
    def crossings(self) -> tuple[Crossing, ...]:
        """Where another bound becomes the smallest, at even sample sizes; each settled with 50 digits.

        Bounds that agree to nine digits everywhere do not take turns.
        """
        grid = self.grid()
        values = np.stack([rival.near(grid) for rival in self.rivals])
        current, low = int(np.argmin(values[:, 0])), int(grid[0])
        found: list[Crossing] = []
        for place in range(1, len(grid)):
            best = int(np.argmin(values[:, place]))
            for _ in self.rivals:  # more than one may take over between two points of the grid
                if not values[best, place] < values[current, place] * (1 - _TIE):
                    break
                low, taker = self._takeover(low, int(grid[place]), current, best)
                found.append(Crossing(low, self.rivals[current].key, self.rivals[taker].key))
                current = taker
            low = int(grid[place])
        return tuple(found)

    def _takeover(self, low: int, high: int, current: int, taker: int) -> tuple[int, int]:
        """Return the first even n in (low, high] at which some bound is below the current one, and which is the smallest."""
        for _ in self.rivals:
            high = self._below(low, high, self.rivals[current], self.rivals[taker])
            values = [rival.at([high], precision=50)[0] for rival in self.rivals]
            best = min(range(len(values)), key=values.__getitem__)
            if best in (taker, current):
                break
            taker = best
        return high, taker

    def _below(self, low: int, high: int, current: Rival, taker: Rival) -> int:
        """Return the first even n in (low, high] at which ``taker`` is below ``current``, as it is at ``high``."""

        def near(half: int) -> bool:
            return bool(taker.near([2 * half])[0] < current.near([2 * half])[0])

        def exact(halves: list[int]) -> np.ndarray:
            sizes = [2 * half for half in halves]
            return np.asarray(taker.at(sizes, precision=50) < current.at(sizes, precision=50))

        start, end = low // 2 + 1, high // 2
        return 2 * _settle(exact, _first(near, start, end), start, end)


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
    problems += [f"unknown symbol {name!r}" for name in unknown]
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
        value = _values(bound, given, None)
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


def _plain(bound: Bound) -> Callable[[Inputs, Any], Any]:
    """Return a plain function of the inputs and of other sample sizes."""
    names = tuple(bound.symbols)
    function = bound.compile(*names)

    def at(inputs: Inputs, sizes: Any) -> Any:
        return function(*(sizes if name == "n" else float(sympy.sympify(inputs[name])) for name in names))

    return at


def _smallest(members: Sequence[tuple[Bound, Inputs]]) -> tuple[int, float]:
    """Return which of the members is the smallest, and its value rounded outwards."""
    functions = {id(bound): _plain(bound) for bound, _ in members}
    values = [float(functions[id(bound)](inputs, float(inputs["n"]))) for bound, inputs in members]
    best = int(np.argmin(values))
    return best, float(_values(*members[best], None))


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


def _values(bound: Bound, inputs: Inputs, precision: int | None) -> np.ndarray:
    needed = {name: inputs[name] for name in bound.symbols}
    if precision is not None:
        return np.asarray(bound.evaluate(precision=precision, **needed).values)
    return np.asarray(bound.evaluate(sound=True, **needed).values)


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
    best, value = _smallest(now)
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
    best, _ = _smallest(members)
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
    best, _ = _smallest(members)
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
