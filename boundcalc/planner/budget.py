"""Which modalities to collect and how many samples, so that the guaranteed risk is smallest for the money.

The guarantee is the ex-ante one: it holds for the model that will be trained on the planned sample, even though subset and
size are chosen after seeing the pilot, because the choice among all measured subsets is paid for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.inverse.dependence import stride
from boundcalc.inverse.solve import solve_for
from boundcalc.language.ledger import check_delta
from boundcalc.planner.candidates import Candidates, Floor, read_candidates
from boundcalc.planner.costs import Costs
from boundcalc.show.rounding import rounded_up
from boundcalc.show.tables import Table

if TYPE_CHECKING:
    import xarray

    from boundcalc.trainer import Measurements

__all__ = ["Choice", "Goal", "Plan", "Switch", "make_plan", "sweep"]

_FINE = 16
_LARGEST_TOTAL = float(np.finfo(float).max)
_EXACT = 1e-9


@dataclass(frozen=True)
class Choice(Frozen):
    """What to do with a budget.

    Attributes
    ----------
    budget : float
    subset : str
        The modalities joined by ``+``; empty if no pair of samples is affordable.
    samples : int
        How many samples to collect: the fewest with this guarantee (pairs are averaged over floor(n/2), so an even number).
    cost : float
        What they cost, at most the budget.
    guarantee : float
        The risk is at most this, with the plan's confidence; inf if nothing is affordable.
    trivial : float
        What the constant rule reaches on the pilot's hold-out part (an estimate).
    terms : mapping of str to float
        What the guarantee is made of.
    """

    budget: float
    subset: str
    samples: int
    cost: float
    guarantee: float
    trivial: float
    terms: Mapping[str, float]

    @property
    def vacuous(self) -> bool:
        """Whether the guarantee is not below what the constant rule reaches."""
        return self.guarantee >= self.trivial


@dataclass(frozen=True)
class Switch:
    """A budget at which the best subset changes.

    Attributes
    ----------
    budget : float
        Where the new subset is better, just above the change, in the currency of the prices.
    before, after : str
        Labels of the subsets.
    """

    budget: float
    before: str
    after: str


@dataclass(frozen=True)
class Goal:
    """The cheapest way to reach a target with one subset, or why there is none.

    Attributes
    ----------
    subset : str
    samples : int or None
        The fewest that do.
    cost : float or None
    reason : str
        Why the target cannot be reached; empty if it can.
    """

    subset: str
    samples: int | None
    cost: float | None
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """The answer to a budget question.

    Attributes
    ----------
    pilot : Candidates
        The candidates, the bound and its inputs.
    costs : Costs
    choices : tuple of Choice
        The best for each budget, budgets rising.
    table : xarray.Dataset
        ``samples``, ``cost`` and ``guarantee`` of every (subset, budget).
    switches : tuple of Switch
        Found on a grid sixteen times as fine as the budgets, each located to one part in 10^9.
    goals : tuple of Goal
        For the target, cheapest first; empty without a target.
    target : float or None
    floors : tuple of Floor
        What the pilot costs each candidate.
    """

    pilot: Candidates
    costs: Costs
    choices: tuple[Choice, ...]
    table: xarray.Dataset
    switches: tuple[Switch, ...]
    goals: tuple[Goal, ...]
    target: float | None
    floors: tuple[Floor, ...]

    @property
    def front(self) -> tuple[Choice, ...]:
        """The choices that nothing cheaper matches: the Pareto front of cost against guarantee."""
        kept: list[Choice] = []
        for choice in sorted(self.choices, key=lambda one: (one.cost, one.guarantee)):
            if choice.guarantee < (kept[-1].guarantee if kept else math.inf):
                kept.append(choice)
        return tuple(kept)

    @property
    def best(self) -> Choice:
        """The choice with the smallest guarantee, the cheapest of these."""
        return self.front[-1]

    def _repr_html_(self) -> str:
        columns = ("budget", "collect", "samples", "cost", "guarantee", "constant rule")
        rows = [
            (one.budget, one.subset or "nothing", one.samples, one.cost, _shown(one), one.trivial)
            for one in self.choices
        ]
        name = self.pilot.quantity.replace("_", " ")
        certified = "" if self.pilot.certified else "; inputs estimated, so not certified"
        title = f"Guaranteed {name}, with probability at least {1 - self.pilot.delta:g}{certified} (* vacuous)"
        return Table(columns, rows, title=title).html()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        pilot = self.pilot
        return {
            "key": "zhou2026.ex_ante",
            "form": pilot.bound.form,
            "quantity": pilot.quantity,
            "delta": pilot.delta,
            "paid": pilot.ledger.to_dict(),
            "split": {event.name: str(pilot.share(event.name)) for event in pilot.bound.events},
            "candidates": list(pilot.candidates),
            "paid_for": pilot.union,
            "exhaustive": pilot.exhaustive,
            "certified": pilot.certified,
            "cautions": list(pilot.cautions),
            "inputs": {label: dict(values) for label, values in pilot.inputs.items()},
            "costs": self.costs.to_dict(),
            "choices": [{**vars(choice), "vacuous": choice.vacuous} for choice in self.choices],
            "front": [choice.budget for choice in self.front],
            "switches": [vars(switch) for switch in self.switches],
            "target": self.target,
            "goals": [vars(goal) for goal in self.goals],
            "floors": [vars(floor) for floor in self.floors],
        }


def _shown(choice: Choice) -> str:
    """Return a guarantee rounded up, marked where it says nothing."""
    if not math.isfinite(choice.guarantee):
        return "-"
    return rounded_up(choice.guarantee) + ("*" if choice.vacuous else "")


def sweep(
    measured: Measurements, costs: Costs, *, budgets: Any, delta: Any = 0.05, quantity: str = "risk"
) -> xarray.Dataset:
    """Return what every subset guarantees for every budget and confidence.

    Parameters
    ----------
    measured : Measurements
    costs : Costs
    budgets : 1-D array_like or xarray.DataArray
        Totals > 0. With dask-backed values the result is computed chunk by chunk, on whatever client there is.
    delta : float or sequence of float
        Several become the axis ``delta``; what the pilot measured is read at each.
    quantity : {"risk", "pair_error"}

    Returns
    -------
    xarray.Dataset
        ``samples`` (int), ``cost`` and ``guarantee`` (float, rounded outwards; inf where no pair is affordable) with
        dimensions ``subset``, the budgets' and, if there are several, ``delta``.

    Raises
    ------
    InvalidInputError
        On bad input.
    """
    import xarray as xr

    costs.check_names(measured.facts["dims"])
    if np.ndim(delta) > 1 or np.size(delta) == 0:
        raise InvalidInputError(f"delta = {delta!r} must be a number in (0, 1) or a sequence of them")
    deltas = [check_delta(one) for one in np.atleast_1d(np.asarray(delta)).tolist()]
    labels = [label for label in measured if costs.allows(label.split("+"))]
    totals = (
        budgets if isinstance(budgets, xr.DataArray) else xr.DataArray(np.asarray(budgets, dtype=float), dims="budget")
    )
    if "budget" in totals.dims and "budget" not in totals.coords:
        totals = totals.assign_coords(budget=totals)
    tables = [
        _table(read_candidates(measured, delta=one, quantity=quantity, candidates=labels), costs, totals)
        for one in deltas
    ]
    if np.ndim(delta) == 0:
        return tables[0]
    guarantee = xr.concat([table.guarantee for table in tables], dim="delta").assign_coords(delta=deltas)
    return tables[0].assign(guarantee=guarantee.transpose(..., "delta"))


def _table(pilot: Candidates, costs: Costs, totals: xarray.DataArray) -> xarray.Dataset:
    import xarray as xr

    axis = xr.DataArray(list(pilot.candidates), dims="subset", name="subset")
    samples = xr.concat([_each(costs.samples, label, totals, np.int64) for label in pilot.candidates], dim=axis)
    samples = samples - samples % stride(pilot.bound.expr, pilot.bound.symbols["n"])  # the rest would add nothing
    paid = xr.concat(
        [_each(costs.total, label, samples.sel(subset=label, drop=True), float) for label in pilot.candidates], dim=axis
    )
    value = pilot.bound.evaluate(sound=True, n=samples.clip(min=2), **pilot.columns)
    enough = samples >= 2
    # In exact arithmetic the price is at most the total, so that rounding is all that could lift it above.
    paid = xr.where(paid > totals, totals, paid)
    return xr.Dataset({"samples": samples, "cost": paid.where(enough, 0.0), "guarantee": value.where(enough, np.inf)})


def _each(function: Any, label: str, values: xarray.DataArray, dtype: type) -> xarray.DataArray:
    """Apply a function of a subset and an array, chunk by chunk where the values are chunked."""
    import xarray as xr

    return xr.apply_ufunc(
        lambda block: function(label.split("+"), block), values, dask="parallelized", output_dtypes=[dtype]
    )


def make_plan(
    measured: Measurements,
    costs: Costs,
    *,
    budgets: Sequence[float],
    delta: float = 0.05,
    quantity: str = "risk",
    target: float | None = None,
    optimise_split: bool = False,
) -> Plan:
    """Return the best subset and sample size for each budget.

    Parameters
    ----------
    measured : Measurements
        The pilot: every candidate subset.
    costs : Costs
    budgets : sequence of float
        Totals, each > 0.
    delta : float
        The guarantee of the plan that is carried out fails with at most this probability, whichever it is. A second
        planned sample would be a second event, to be paid for.
    quantity : {"risk", "pair_error"}
        What is guaranteed: the (weighted) risk, or the (weighted) pair error (hinge loss only).
    target : float, optional
        A guarantee to reach as cheaply as possible.
    optimise_split : bool
        Split delta so that the guarantee is smallest for what the middle budget buys, instead of equally. Only sizes,
        ranges and worst cases enter, never the hold-out part. To choose the budgets, and with them the split, by what
        the pilot says would make the split depend on it: decide on them before.

    Returns
    -------
    Plan

    Raises
    ------
    InvalidInputError
        On bad budgets, an unknown quantity, a pilot that does not fit, or when no budget buys a single pair.
    """
    import xarray as xr

    costs.check_names(measured.facts["dims"])
    totals = _checked_budgets(budgets)
    if target is not None and not (isinstance(target, Real) and math.isfinite(target) and target > 0):
        raise InvalidInputError(f"target = {target!r} must be a finite number > 0")
    labels = [label for label in measured if costs.allows(label.split("+"))]
    planned = max((costs.samples(label.split("+"), totals[len(totals) // 2]) for label in labels), default=0)
    pilot = read_candidates(
        measured, delta=delta, quantity=quantity, candidates=labels, planned=max(2, planned) if optimise_split else None
    )
    table = _table(pilot, costs, xr.DataArray(totals, dims="budget", coords={"budget": totals}))
    choices = _choices(pilot, table)
    if all(not choice.subset for choice in choices):
        cheapest = min(labels, key=lambda label: costs.total(label.split("+"), 2))
        raise InvalidInputError(
            f"budget = {totals[-1]:g} buys no pair of samples: two of {cheapest} cost "
            f"{float(costs.total(cheapest.split('+'), 2)):g}"
        )
    return Plan(
        pilot=pilot,
        costs=costs,
        choices=choices,
        table=table,
        switches=_switches(pilot, costs, totals),
        goals=() if target is None else _goals(pilot, costs, target),
        target=target,
        floors=tuple(pilot.floors.values()),
    )


def _checked_budgets(budgets: Sequence[float]) -> list[float]:
    if isinstance(budgets, str) or np.ndim(budgets) != 1:
        raise InvalidInputError(f"budgets = {budgets!r} must be a sequence of numbers")
    bad = [
        total
        for total in budgets
        if isinstance(total, bool) or not isinstance(total, Real) or not 0 < total <= _LARGEST_TOTAL
    ]
    if bad or not len(budgets):
        raise InvalidInputError(f"budget = {bad[0]!r} must be a finite number > 0" if bad else "no budget is given")
    return sorted({float(total) for total in budgets})


def _choices(pilot: Candidates, table: xarray.Dataset) -> tuple[Choice, ...]:
    guarantee = table.guarantee.transpose("budget", "subset").values
    best = guarantee.argmin(axis=1)
    rows = np.arange(len(best))
    samples = table.samples.transpose("budget", "subset").values[rows, best]
    cost = table.cost.transpose("budget", "subset").values[rows, best]
    terms = _terms(pilot, [pilot.candidates[k] for k in best], np.maximum(samples, 2))
    choices = []
    for row, (budget, k) in enumerate(zip(table.budget.values.tolist(), best.tolist(), strict=True)):
        subset = pilot.candidates[k]
        if np.isfinite(guarantee[row, k]):
            value = float(guarantee[row, k])
            known = pilot.trivial[subset]
            choices.append(Choice(budget, subset, int(samples[row]), float(cost[row]), value, known, terms[row]))
        else:
            choices.append(Choice(budget, "", 0, 0.0, math.inf, math.inf, {}))
    return tuple(choices)


def _terms(pilot: Candidates, subsets: Sequence[str], samples: np.ndarray) -> list[dict[str, float]]:
    """Return what each guarantee is made of: what the pilot left uncertain, and what more samples would lower."""
    import xarray as xr

    from boundcalc.evaluator import evaluate_grid

    bound = pilot.bound
    inputs = {
        name: values.sel(subset=list(subsets)).drop_vars("subset").rename(subset="choice")
        if np.ndim(values)
        else values
        for name, values in pilot.columns.items()
    } | {"n": xr.DataArray(samples, dims="choice")}
    values = {
        label: np.broadcast_to(evaluate_grid(term, inputs, symbols=bound.symbols, domains=bound.domain), samples.shape)
        for label, term in bound.terms.items()
        if label in ("complexity", "confidence")
    }
    found = []
    for row, subset in enumerate(subsets):
        tested, known = pilot.floors[subset], pilot.inputs[subset]
        spread = tested.limit - known["rhat_holdout"] - known["eps_opt"]
        found.append(
            {
                "hold-out risk of the pilot's model": known["rhat_holdout"],
                "uncertainty of the hold-out part": spread,
                "complexity": float(values["complexity"][row]),
                "deviation on the planned sample": max(float(values["confidence"][row]) - spread, 0.0),
                "optimisation error": known["eps_opt"],
            }
        )
    return found


def _switches(pilot: Candidates, costs: Costs, totals: Sequence[float]) -> tuple[Switch, ...]:
    """Return where the best subset changes, on a fine grid of totals and then by bisection."""
    import xarray as xr

    if len(totals) < 2 or len(pilot.candidates) < 2:
        return ()

    def best(grid: Sequence[float]) -> list[str]:
        axis = xr.DataArray(list(grid), dims="budget", coords={"budget": list(grid)})
        guarantee = _table(pilot, costs, axis).guarantee.transpose("budget", "subset").values
        return [pilot.candidates[int(np.argmin(row))] if np.isfinite(row).any() else "" for row in guarantee]

    fine = np.unique(np.concatenate([np.geomspace(*pair, _FINE + 1) for pair in pairwise(totals)])).tolist()
    winners = best(fine)
    found = []
    for (low, before), (end, last) in pairwise(zip(fine, winners, strict=True)):
        while before != last:  # a third subset may be best in between
            high, after = end, last
            while high - low > _EXACT * high:
                grid = np.linspace(low, high, _FINE + 1).tolist()
                names = best(grid)
                place = next(k for k, name in enumerate(names) if name != before)
                low, high, after = grid[max(place - 1, 0)], grid[place], names[place]
            found.append(Switch(high, before, after))
            low, before = high, after
    return tuple(switch for switch in found if switch.before)


def _goals(pilot: Candidates, costs: Costs, target: float) -> tuple[Goal, ...]:
    solution = solve_for(pilot.bound, "n", target=target, **pilot.columns)
    found = zip(pilot.candidates, solution.values.values.tolist(), solution.nearest.values.tolist(), strict=True)
    goals = [_goal(costs, label, n, nearest) for label, n, nearest in found]
    return tuple(sorted(goals, key=lambda goal: math.inf if goal.cost is None else goal.cost))


def _goal(costs: Costs, label: str, n: int | None, nearest: float) -> Goal:
    subset = label.split("+")
    if n is None:
        return Goal(label, None, None, f"the guarantee tends to {rounded_up(nearest)} at best")
    cap = costs.cap_of(subset)
    if cap is not None and n > cap:
        return Goal(label, int(n), None, f"there are at most {cap:,} samples")
    return Goal(label, int(n), costs.total(subset, int(n)))
