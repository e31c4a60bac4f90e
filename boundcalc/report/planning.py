"""From a pilot to a plan, as a person wants it: the answer in a sentence, tables, and two pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from boundcalc.errors import InvalidInputError, suggestion
from boundcalc.language.ledger import check_delta
from boundcalc.planner.budget import Choice, Plan, make_plan
from boundcalc.planner.costs import MOST, Costs
from boundcalc.planner.learning_curve import PowerLaw
from boundcalc.planner.usual import pilot_curve, usual_budgets
from boundcalc.planner.worth import Worth, worth_of_modalities
from boundcalc.report.plots import finish, mark_level
from boundcalc.report.training import Reporter, loaded, trained_on
from boundcalc.show.answer import Answer
from boundcalc.show.axes import PALETTE, new_axes, save
from boundcalc.show.rounding import rounded_up
from boundcalc.show.tables import Table, format_number
from boundcalc.trainer import Measurements, ModalityData
from boundcalc.trainer.data.modalities import refuse_all

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Proposal", "draw_plan", "draw_terms", "plan", "plan_sentence", "plan_tables"]

_NAMES = {"risk": "risk", "pair_error": "pair error"}

#: What a plan puts in for the model to come.
_PLANNED_WITH = {"risk": "risk", "pair_error": "hinge risk (which stands in for the pair error)"}

#: Subsets that the legend names.
_NAMED = 6


@dataclass(frozen=True)
class Proposal(Answer):
    """Which modalities to collect, how many samples, what is then guaranteed, and what stands in the way.

    Attributes
    ----------
    measured : Measurements
        The pilot.
    plan : Plan
        The best subset and size for each budget; ``best`` is the best of them.
    worth : tuple of Worth
        From how many samples on each modality is worth adding.
    curve : PowerLaw or None
        The learning curve of the best subset, an estimate beside the guarantee.
    """

    measured: Measurements
    plan: Plan
    worth: tuple[Worth, ...] = ()
    curve: PowerLaw | None = None
    draws: ClassVar[str] = "guarantee against cost, and its terms"

    @property
    def title(self) -> str:
        """The heading."""
        return f"A plan from {self.measured.facts['data']}"

    @property
    def best(self) -> Choice:
        """The smallest guarantee, the cheapest of these."""
        return self.plan.best

    @property
    def sentence(self) -> str:
        """What to collect, how much, what is then guaranteed, or why nothing is."""
        return plan_sentence(self.plan)

    def tables(self, *, short: bool = False) -> Sequence[Table]:
        """Return the tables by budget, by target, and of what a modality is worth."""
        return plan_tables(self.plan, worth=self.worth, curve=self.curve, rows=_SHOWN if short else None)

    def text(self) -> str:
        """Return the answer in one line, then the tables."""
        return "\n\n".join([self.sentence, *(table.text() for table in self.tables(short=True))])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        curve = None if self.curve is None else {name: getattr(self.curve, name) for name in _OF_CURVE}
        return self.plan.to_dict() | {
            "pilot": self.measured.facts["data"],
            "worth": [vars(one) for one in self.worth],
            "learning_curve": curve and {**curve, "status": "estimated"},
            "summary": self.sentence,
        }

    def draw(self, path: Path | str) -> None:
        """Draw the guarantee against the cost, and beside it what it is made of."""
        left, right = new_axes(width=11, height=5.2, columns=2)
        draw_plan(self.plan, curve=self.curve, axes=left)
        draw_terms(self.plan, axes=right)
        save(left, path)


_OF_CURVE = ("offset", "scale", "rate", "level")

#: Budgets that a terminal shows.
_SHOWN = 12


def plan(
    data: ModalityData | str | Path,
    *,
    costs: Costs | Mapping[str, Any] | str | Path | None = None,
    budgets: Sequence[float] | None = None,
    target: float | None = None,
    delta: float = 0.05,
    measured: Measurements | str | Path | None = None,
    modalities: Iterable[str] | None = None,
    subsets: Any = "all",
    quantity: str = "risk",
    split: str = "equal",
    curve: bool = True,
    groups: Any = None,
    rng: Any = 0,
    progress: Reporter | None = None,
    **settings: Any,
) -> Proposal:
    """Answer from a pilot which modalities to collect, how many samples, and what is guaranteed beforehand.

    Parameters
    ----------
    data : ModalityData, str or Path
        The pilot, or what :func:`boundcalc.datasets.load` takes.
    costs : Costs, mapping, str or Path, optional
        Prices, a record of them, or a TOML file; by default 1 for each modality of each sample.
    budgets : sequence of float, optional
        Totals in the currency of the prices; by default from a thousand to a hundred million samples of everything.
    target : float, optional
        A guarantee to reach as cheaply as possible.
    delta : float
        The guarantee of the plan that is carried out fails with at most this probability.
    measured : Measurements, str or Path, optional
        What was measured on the pilot, or the file that ``Measurements.to_json`` wrote: nothing is trained then.
    modalities : iterable of str, optional
        Plan with these only. The choice among all measured subsets is paid for either way.
    subsets : {"all"} or str or sequence
        What is trained on; by default every subset that the prices allow.
    quantity : {"risk", "pair_error"}
        What is guaranteed.
    split : {"equal", "optimised"}
        How delta is split over the events; ``optimised`` looks at sizes, ranges and worst cases only.
    curve : bool
        Whether a learning curve is fitted, an estimate beside the guarantee.
    groups : str or array_like of shape (n,), optional
        What each row belongs to, as for :func:`boundcalc.train`.
    rng : int or numpy.random.Generator
    progress : callable, optional
        From the name of a task to a callback ``(done, total, message)``.
    **settings
        As for :func:`boundcalc.train`; none where nothing is trained.

    Returns
    -------
    Proposal

    Raises
    ------
    InvalidInputError
        On bad input, before anything is trained where that can be told.

    Examples
    --------
    >>> answer = plan("breast_cancer", costs={"per_sample": 1.0}, budgets=[1e5, 1e7], curve=False)
    >>> answer.best.subset, answer.best.samples
    ('worst', 10000000)
    """
    if split not in ("equal", "optimised"):
        raise InvalidInputError(f"split = {split!r}: expected 'equal' or 'optimised'")
    delta = check_delta(delta)
    pilot = loaded(data, groups)
    prices = _prices(costs, pilot.names)
    allowed = _allowed(modalities, pilot.names)
    if measured is None:
        loss = settings.get("loss", "hinge")
        if quantity == "pair_error" and getattr(loss, "name", loss) != "hinge":
            raise InvalidInputError(f"quantity pair_error needs loss hinge, not {loss}")
        wanted = _labels(prices, allowed) if subsets == "all" else subsets
        found = trained_on(pilot, subsets=wanted, delta=delta, rng=rng, progress=progress, **settings).measured
    else:
        _check_allowed(prices, allowed)
        given = sorted(settings) + ([] if subsets == "all" else ["subsets"])
        if given:
            raise InvalidInputError(f"nothing is trained, so {', '.join(given)} would change nothing")
        found = _stored(measured, pilot).at(delta)
    prices = prices if modalities is None else prices.only(allowed)
    made = make_plan(
        found,
        prices,
        budgets=usual_budgets(prices) if budgets is None else budgets,
        delta=delta,
        quantity=quantity,
        target=target,
        optimise_split=split == "optimised",
    )
    report = None if progress is None else progress("learning curve")
    return Proposal(
        measured=found,
        plan=made,
        worth=worth_of_modalities(found, delta=delta) if found.nests else (),
        curve=pilot_curve(pilot, found, made, rng=rng, progress=report) if curve else None,
    )


def _prices(costs: Any, names: Sequence[str]) -> Costs:
    if costs is None:
        return Costs.uniform(names)
    if isinstance(costs, Mapping):
        return Costs.from_dict(costs, names)
    return costs if isinstance(costs, Costs) else Costs.read(costs, names)


def _allowed(modalities: Iterable[str] | None, names: tuple[str, ...]) -> tuple[str, ...]:
    if modalities is None:
        return tuple(names)
    wanted = [modalities] if isinstance(modalities, str) else list(modalities)
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        problems = [
            f"unknown modality {name!r}{suggestion(name, names)}; the data have {', '.join(names)}" for name in unknown
        ]
        raise InvalidInputError(problems or "modalities names none")
    return tuple(name for name in names if name in wanted)


def _labels(costs: Costs, allowed: Sequence[str]) -> list[str]:
    """Return the subsets that the prices allow, of the modalities that are asked for."""
    _check_allowed(costs, allowed)
    refuse_all(len(allowed))
    groups = (group for size in range(1, len(allowed) + 1) for group in combinations(allowed, size))
    return ["+".join(group) for group in groups if costs.allows(group)]


def _check_allowed(costs: Costs, allowed: Sequence[str]) -> None:
    """Refuse prices that allow none of the subsets."""
    largest = [name for name in allowed if not costs.modalities[name].excluded]
    if not largest or not costs.allows(largest):
        raise InvalidInputError("no subset of the modalities has every required one and no excluded one")


def _stored(measured: Measurements | str | Path, pilot: ModalityData) -> Measurements:
    """Return what was measured on the pilot, refused if it speaks of other data."""
    context = "estimates"
    if not isinstance(measured, Measurements):
        path = Path(measured)
        context = f"estimates {str(path)!r}"
        if not path.is_file():
            raise InvalidInputError(
                f"there is no such file; `boundcalc train DATA --out {path}` writes it", context=context
            )
        try:
            measured = Measurements.from_json(path.read_text(encoding="utf-8", errors="replace"))
        except InvalidInputError as error:
            raise InvalidInputError(f"not what `boundcalc train` writes: {error}", context=context) from error
    theirs, ours = (
        ", ".join(f"{name} ({d})" for name, d in dims.items()) for dims in (measured.facts["dims"], pilot.dims)
    )
    if theirs == ours:
        theirs, ours = f"{measured.facts['rows']:,} rows", f"{pilot.n:,}"
    same = list(measured.facts["dims"]) == list(pilot.names) if pilot.text else measured.facts["dims"] == pilot.dims
    if not same or measured.facts["rows"] != pilot.n:
        raise InvalidInputError(f"it speaks of {theirs}, the pilot has {ours}", context=context)
    return measured


def plan_sentence(plan: Plan) -> str:
    """Return the answer: what to collect, how much, what is then guaranteed, or why nothing is.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str
    """
    said = f"with probability at least {1 - plan.pilot.delta:g}"
    name = _NAMES[plan.pilot.quantity]
    if plan.target is not None:
        return _target_sentence(plan, name, said)
    best = plan.best
    if not best.vacuous:
        least = min((choice for choice in plan.front if not choice.vacuous), key=lambda choice: choice.cost)
        first = next(choice for choice in plan.choices if choice.subset)
        less = f"({least.subset}, {least.samples:,} samples)."
        already = f" Already {_money(least.budget)} guarantees less than that {less}"
        later = f" The first of the budgets to guarantee less than that is {_money(least.budget)} {less}"
        more = "" if least is best else already if least.budget == first.budget else later
        return (
            f"For at most {_money(best.budget)}, collect {best.subset}, {best.samples:,} samples: the {name} of the model "
            f"trained on them is then at most {rounded_up(best.guarantee)} {said}; the constant rule reaches "
            f"{best.trivial:.4g}.{more}"
        )
    return (
        f"No budget up to {_money(plan.choices[-1].budget)} guarantees a {name} below the constant rule's {best.trivial:.4g}; the "
        f"best guarantee is {rounded_up(best.guarantee)}, with {best.subset} and {best.samples:,} samples. {_obstacle(plan, best)}"
    )


def _target_sentence(plan: Plan, name: str, said: str) -> str:
    reached = [goal for goal in plan.goals if goal.cost is not None]
    if reached:
        goal = reached[0]
        trivial = plan.pilot.trivial[goal.subset]
        vacuous = "" if (plan.target or 0) < trivial else f", which is no better than the constant rule's {trivial:.4g}"
        return (
            f"Collect {goal.subset}, {goal.samples:,} samples, for {_money(goal.cost)}: the {name} of the model trained on "
            f"them is then at most {plan.target:g} {said}{vacuous}."
        )
    floor = min(plan.floors, key=lambda one: one.limit)
    capped = [goal for goal in plan.goals if goal.samples is not None]
    if capped:
        goal = min(capped, key=lambda one: one.samples or 0)
        return f"A {name} of at most {plan.target:g} would take {goal.samples:,} samples of {goal.subset}, but {goal.reason}."
    known = plan.pilot.inputs[floor.subset]["rhat_holdout"]
    return (
        f"A {name} of at most {plan.target:g} cannot be guaranteed from this pilot however much is collected: the guarantee tends "
        f"to {rounded_up(floor.limit)} at best ({floor.subset}). Of that, {known:.4g} is the hold-out risk of the pilot's model "
        f"and {rounded_up(floor.limit - known)} what its {floor.holdout_rows:,} hold-out rows leave uncertain."
    )


def _obstacle(plan: Plan, best: Choice) -> str:
    """Say what stands in the way, and what would remove it."""
    floor = next(one for one in plan.floors if one.subset == best.subset)
    spread = best.terms["uncertainty of the hold-out part"]
    if floor.limit < best.trivial:
        cap = plan.costs.cap_of(best.subset.split("+"))
        if cap is not None and best.samples >= cap:
            return f"More samples would, but there are at most {cap:,}."
        return "More samples would: the terms that shrink with them are the larger part."
    if best.trivial == 0:
        return f"The pilot's {floor.holdout_rows:,} hold-out rows make pairs of one kind only, and a constant rule is right."
    text = f"Whatever is collected, the pilot's {floor.holdout_rows:,} hold-out rows alone cost {spread:.3g}"
    room = [one.subset for one in plan.floors if one.limit < plan.pilot.trivial[one.subset]]
    if room:
        return f"{text}; more samples of {' or of '.join(room)} would do, but no budget and no cap here allows them."
    needed = [one for one in plan.floors if one.holdout_needed is not None]
    if not needed:
        reached = plan.pilot.inputs[best.subset]["rhat_holdout"]
        return (
            f"{text}, and no hold-out part would do: the pilot's model has {_PLANNED_WITH[plan.pilot.quantity]} {reached:.4g} "
            f"there, {'no better than' if reached >= best.trivial else 'too close to'} the constant rule's {best.trivial:.4g}."
        )
    easiest = min(needed, key=lambda one: one.holdout_needed or 0)
    return (
        f"{text}: a pilot with about {easiest.holdout_needed:,} hold-out rows would do with {easiest.subset}, if its hold-out risk "
        "stays what it is."
    )


def plan_tables(
    plan: Plan, *, worth: Sequence[Worth] = (), curve: PowerLaw | None = None, rows: int | None = None
) -> list[Table]:
    """Return the tables of a plan: by budget, by target, and what a modality is worth.

    Parameters
    ----------
    plan : Plan
    worth : sequence of Worth
    curve : PowerLaw, optional
        Of the best subset, for the column that is an estimate.
    rows : int, optional
        At most so many budgets.
    """
    name = _NAMES[plan.pilot.quantity]
    choices = _thinned(plan.choices, rows)
    columns = ["budget", "collect", "samples", "cost", f"{name} <=", "expected (est.)", "constant rule"]
    body = [_budget_row(choice, curve if choice.subset == plan.best.subset else None) for choice in choices]
    if curve is None:
        columns, body = _without(columns, 5), [_without(row, 5) for row in body]
    notes = _notes(plan, curve)
    if len(choices) < len(plan.choices):
        shown = f"{len(choices)} of {len(plan.choices)} budgets are shown"
        notes.append(f"{shown}; --out FILE.csv and --json have them all.")
    tables = [Table(columns, body, title="What each budget guarantees", notes=notes)]
    if plan.goals:
        body = [[one.subset, one.samples, _money(one.cost), one.reason or None] for one in plan.goals]
        title = f"The cheapest way to a {name} of at most {plan.target:g}"
        tables.append(Table(("collect", "samples", "cost", "why not"), body, title=title))
    if plan.switches:
        body = [[format_number(one.budget, 7), one.before, one.after] for one in plan.switches]
        tables.append(Table(("budget", "from", "to"), body, title="Where the best subset changes"))
    if worth:
        columns = ["add", "to", "gain (est.)", "worth it from n", "gamma <= 0 from n", "why not"]
        body = [[one.modality, one.to, one.gain, one.n_star, one.n_nonpositive, _why_not(plan, one)] for one in worth]
        notes = [
            "Provable if the true gain is what the hold-out part shows: population side of Theorem 3.20 with the certified "
            "kappa. gamma <= 0 is asked where the addition completes all modalities."
        ]
        title = "From how many samples on a modality is provably worth adding"
        tables.append(Table(columns, body, title=title, notes=notes))
    return tables


def _budget_row(choice: Choice, curve: PowerLaw | None) -> list[Any]:
    if not choice.subset:
        return [_money(choice.budget), "nothing", choice.samples, _money(choice.cost), "-", None, "-"]
    guarantee = rounded_up(choice.guarantee) + "*" * choice.vacuous
    expected = None if curve is None else format_number(float(curve(choice.samples)))
    trivial = format_number(choice.trivial)
    return [_money(choice.budget), choice.subset, choice.samples, _money(choice.cost), guarantee, expected, trivial]


def _without(row: list[Any], place: int) -> list[Any]:
    return row[:place] + row[place + 1 :]


def _why_not(plan: Plan, one: Worth) -> str | None:
    cap = plan.costs.cap_of(one.becomes.split("+"))
    if one.n_star is not None and cap is not None and one.n_star > cap:
        return f"there are at most {cap:,} samples"
    return one.reason or None


def _thinned(choices: Sequence[Choice], rows: int | None) -> Sequence[Choice]:
    if rows is None or len(choices) <= rows:
        return choices
    places = np.unique(np.linspace(0, len(choices) - 1, rows).round().astype(int))
    return [choices[place] for place in places]


def _notes(plan: Plan, curve: PowerLaw | None) -> list[str]:
    pilot = plan.pilot
    notes = [
        f"Holds {'' if pilot.certified else '(inputs estimated, so not certified) '}with probability at least "
        f"{1 - pilot.delta:g} for the model trained on the planned samples; shares of delta: {pilot.ledger}.",
        "It rests on: pilot and planned samples i.i.d. from one distribution, the pilot's class, loss, weights and "
        "preprocessing (`measure_planned` trains so), and a planned model trained as closely as the pilot's.",
    ]
    if any(choice.vacuous and choice.subset for choice in plan.choices):
        notes.append("* vacuous: no better than the best constant rule on the hold-out part.")
    if curve is not None:
        notes.append(
            f"expected (est.): a power law fitted to nested pilot sizes of {plan.best.subset}, what one would otherwise do; an "
            "estimate, not a guarantee."
        )
    if not pilot.exhaustive:
        notes.append("Not exhaustive: not every subset of the modalities was measured.")
    if any(choice.samples >= MOST - 1 for choice in plan.choices):  # rounded down to what the bound counts
        notes.append(f"More than {MOST:.0e} samples are not planned: a larger budget buys no more.")
    return [*notes, *pilot.cautions]


def draw_plan(plan: Plan, *, curve: PowerLaw | None = None, axes: Axes | None = None) -> Axes:
    """Draw the guarantee against the cost, every subset thin and the best one bold, with the estimate beside it.

    Parameters
    ----------
    plan : Plan
    curve : PowerLaw, optional
        The learning curve of the best subset.
    axes : matplotlib axes, optional
    """
    axes = new_axes() if axes is None else axes
    chosen = [choice for choice in plan.choices if choice.subset]
    cost, best = [choice.cost for choice in chosen], {choice.subset for choice in chosen}
    shown = sorted(plan.pilot.candidates, key=lambda label: label not in best)
    colours = {label: PALETTE[place % len(PALETTE)] for place, label in enumerate(shown)}
    named = len(shown) if len(shown) <= _NAMED + 1 else _NAMED
    names = [*shown[:named], f"{len(shown) - named} other subsets"]
    lines = {label: plan.table.sel(subset=label) for label in shown}
    lines = {label: line.isel(budget=np.isfinite(line.guarantee.values)) for label, line in lines.items()}
    for place, (label, line) in enumerate(lines.items()):
        text = names[place] if place <= named else None
        axes.plot(line.cost, line.guarantee, color=colours[label], linewidth=1, alpha=0.6, label=text)
    heights, dots = [choice.guarantee for choice in chosen], [colours[choice.subset] for choice in chosen]
    axes.scatter(cost, heights, c=dots, s=28, zorder=3, label="best for its budget")
    ends = [float(line.guarantee[-1]) for line in lines.values() if line.budget.size]
    top = 1.1 * max(*heights, min(2 * max(heights), max(ends)))  # where each curve ends is shown unless far above
    mark_level(axes, plan.best.trivial, far=max(top, 2 * plan.best.trivial))
    if curve is not None:
        line = lines[plan.best.subset]
        text = f"{100 * curve.level:g} % of the refitted curves"
        axes.plot(line.cost, curve(line.samples.values), color="0.3", linestyle=":", label="learning curve (estimate)")
        axes.fill_between(
            line.cost, *curve.interval(line.samples.values), color="0.5", alpha=0.25, linewidth=0, label=text
        )
    if plan.target is not None:
        axes.axhline(plan.target, color=PALETTE[1], linewidth=1, label=f"target {plan.target:g}")
    for switch in plan.switches:
        axes.axvline(switch.budget, color="0.8", linewidth=1, zorder=0)
    return _finish(plan, axes, cost, title="What the money guarantees", ylim=(0, max(top, 1.2 * plan.best.trivial)))


def draw_terms(plan: Plan, *, axes: Axes | None = None) -> Axes:
    """Draw what the guarantee is made of at each budget: the largest part is what to spend on next.

    Parameters
    ----------
    plan : Plan
        Made for several budgets.
    axes : matplotlib axes, optional
        New ones by default.

    Returns
    -------
    matplotlib axes
    """
    axes = new_axes() if axes is None else axes
    chosen = [choice for choice in plan.choices if choice.subset]
    cost = [choice.cost for choice in chosen]
    parts = {name: np.array([choice.terms[name] for choice in chosen]) for name in chosen[0].terms}
    least = 1e-3 * np.sum(list(parts.values()), axis=0).max()
    kept = {name: (part, PALETTE[k]) for k, (name, part) in enumerate(parts.items()) if part.max() > least}
    heights, colours = zip(*kept.values(), strict=True)
    axes.stackplot(cost, heights, labels=list(kept), colors=colours, alpha=0.75, linewidth=0)
    mark_level(axes, plan.best.trivial)
    ends = (min(cost), max(cost)) if min(cost) < max(cost) else None
    return _finish(plan, axes, cost, reverse=True, title="What it is made of: where to spend next", xlim=ends)


def _finish(plan: Plan, axes: Axes, cost: Sequence[float], *, reverse: bool = False, **properties: Any) -> Axes:
    """Name the axes, with the legend below; costs may be nothing where samples are free."""
    scale = "log" if min(cost) > 0 else "linear"
    legend = {"fontsize": 8, "loc": "upper center", "bbox_to_anchor": (0.5, -0.14), "ncols": 2, "reverse": reverse}
    return finish(axes, legend=legend, xscale=scale, xlabel="cost", ylabel=_NAMES[plan.pilot.quantity], **properties)


def _money(value: float | None) -> str | None:
    if value is None or value >= 1e15:
        return None if value is None else f"{value:.6g}"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.4g}"
