"""Which modalities to collect, how many rows, and how to split them, so that the certificate to come is small for the money."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boundcalc.certification.kernels import QUANTITIES
from boundcalc.errors import InvalidInputError
from boundcalc.frozen import Frozen
from boundcalc.planner.costs import Costs
from boundcalc.planner.offers import MOST, THRIFT, Offer, Question, Shop
from boundcalc.planner.study import Study

__all__ = [
    "OTHER_RATE",
    "Goal",
    "Plan",
    "check_budgets",
    "check_request",
    "largest_error",
    "make_plan",
    "usual_budgets",
]

_LARGEST_TOTAL = float(np.finfo(float).max)
#: What costs this much more is as cheap.
_AS_CHEAP = 1.1
#: Errors whose differences in the folds are this many standard errors from 0 are alike to the pilot: then the larger subset is
#: taken, as a model may give a modality no weight. Where its rows cost more, its certificate must be as near, in the pilot's
#: standard errors.
_ALIKE, _NEAR = 2.0, 0.5
#: Rows for modalities that err less, where rows cost the same whatever is collected: at most so many times the fewest.
_WORTH = 2.0
#: Of the two rates at a threshold.
OTHER_RATE = {"fmr": "fnmr", "fnmr": "fmr"}
#: A certificate this much larger is as good, if it costs less.
_SAME = 5e-3


@dataclass(frozen=True)
class Goal:
    """The way to a target, or why there is none.

    Attributes
    ----------
    target : float
    offer : Offer or None
    reason : str
        Why there is none; empty if there is one.
    pilot_rows : int or None
        Rows of a pilot, in all, that would know the error well enough, if more rows of a pilot would help.
    provable_from : int or None
        Held-out rows from which the power is provable, for every population in which the model has the expected error.
    better : Offer or None
        The way to the target with the modalities that err least, where they cost more.
    """

    target: float
    offer: Offer | None
    reason: str = ""
    pilot_rows: int | None = None
    provable_from: int | None = None
    better: Offer | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        offers = {name: getattr(self, name) for name in ("offer", "better")}
        return {**vars(self), **{name: None if one is None else one.to_dict() for name, one in offers.items()}}


@dataclass(frozen=True)
class Plan(Frozen):
    """The answer to a budget question.

    Attributes
    ----------
    study : Study
    costs : Costs
    question : Question
    offers : tuple of Offer
        The best for each budget, budgets rising; a budget that buys nothing has none.
    goals : tuple of Goal
        One for each target.
    limit : float or None
        The largest of the budgets, if budgets were named.
    promised : float or None
        What is guaranteed before anything is collected.
    """

    study: Study
    costs: Costs
    question: Question
    offers: tuple[Offer, ...]
    goals: tuple[Goal, ...]
    limit: float | None = None
    promised: float | None = None

    @property
    def front(self) -> tuple[Offer, ...]:
        """The offers that nothing cheaper matches: the Pareto front of cost against expected certificate."""
        kept: list[Offer] = []
        for offer in sorted(self.offers, key=lambda one: (one.cost, one.certificate)):
            if offer.certificate < (kept[-1].certificate - 1e-12 if kept else math.inf):
                kept.append(offer)
        return tuple(kept)

    @property
    def best(self) -> Offer:
        """The cheapest way to the first target; without one, or where it cannot be reached, the smallest certificate."""
        return replace(self._best, promised=self.promised)

    @property
    def _best(self) -> Offer:
        reached = [goal.offer for goal in self.goals[:1] if goal.offer is not None]
        if reached and (self.limit is None or reached[0].cost <= self.limit or not self.offers):
            return reached[0]
        least = min(offer.certificate for offer in self.offers)
        return next(offer for offer in self.front if offer.certificate <= least + _SAME)

    def shop(self, subset: str, target: float | None = None) -> Shop:
        """Return what rows of a subset offer.

        Parameters
        ----------
        subset : str
        target : float, optional
        """
        return Shop.of(self.study.evidence[subset], self.question, target, choice=self.choice, luck=self.luck)

    def shops(self, target: float | None = None) -> dict[str, Shop]:
        """Return what rows of each candidate offer.

        Parameters
        ----------
        target : float, optional
        """
        return {label: self.shop(label, target) for label in self.candidates}

    @property
    def fixes(self) -> str | None:
        """The other rate, where the threshold is chosen to have the one that is asked for: every subset keeps to it."""
        quantity = self.question.quantity
        return OTHER_RATE[quantity] if quantity in self.study.settings.get("threshold_for", {}) else None

    @cached_property
    def candidates(self) -> tuple[str, ...]:
        """The subsets that the costs allow; of a rate that all keep to, those that show about the least of the other rate."""
        allowed = tuple(label for label in self.study.evidence if self.costs.allows(label.split("+")))
        if self.fixes is None or not allowed:
            return allowed
        windows = {label: self.study.evidence[label].window(self.fixes) for label in allowed}
        errors = {label: self.study.evidence[label].laws(self.fixes).error[:, -1] for label in allowed}
        best = min(allowed, key=lambda label: float(errors[label].mean()))
        return tuple(
            label for label in allowed if _not_worse(errors[label] - errors[best], windows[label].uncertainty[-1])
        )

    @cached_property
    def choice(self) -> float:
        """By how much the choice among the candidates flatters the error of the best."""
        return self.study.price_of_choice(self.candidates, self.question.quantity)

    @cached_property
    def luck(self) -> float | None:
        """What the candidates show on average of the deviation between models that are trained on different rows."""
        found = [self.study.evidence[label].luck(self.question.quantity) for label in self.candidates]
        known = [one for one in found if one is not None]
        return sum(known) / len(known) if known else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "key": "certificates.transport" if self.question.quantity == "pair_error" else "certificates.error_rates",
            **vars(self.question),
            "threshold_for": self.study.settings.get("threshold_for", "pair_error"),
            "best": self.best.to_dict(),
            "budgets": [offer.to_dict() for offer in self.offers],
            "targets": [goal.to_dict() for goal in self.goals],
            "front": [offer.budget for offer in self.front],
            "costs": self.costs.to_dict(),
            "unpriced": list(self.costs.unpriced),
            "candidates": list(self.candidates),
            "choice": self.choice,
            "searched": self.study.searched,
            "status": "estimated",
        }


def usual_budgets(study: Study, costs: Costs) -> list[float]:
    """Return what half the pilot, and up to 64 times as many rows, would cost of everything that is not excluded."""
    kept = [name for name, cost in costs.modalities.items() if not cost.excluded]
    caps = costs.cap_of(kept)
    rows = [int(study.units * 2.0**power) for power in range(-1, 7)]
    totals = {float(costs.total(kept, count if caps is None else min(count, caps))) for count in rows}
    return sorted(totals - {0.0}) or [1.0]


def make_plan(
    study: Study,
    costs: Costs,
    *,
    targets: Sequence[float] = (),
    budgets: Sequence[float] | None = None,
    question: Question | None = None,
) -> Plan:
    """Return the best subset, number of rows and split for each budget, and the cheapest way to each target.

    Parameters
    ----------
    study : Study
        What the pilot shows.
    costs : Costs
    targets : sequence of float
        Certificates wanted.
    budgets : sequence of float, optional
        Totals > 0; by default what half the pilot up to 64 times as many rows would cost.
    question : Question, optional

    Returns
    -------
    Plan

    Raises
    ------
    InvalidInputError
        On bad numbers, an unknown quantity, or when no budget buys enough rows to train on.
    """
    question = question or Question()
    most = largest_error(study.settings.get("pair_weights"))
    check_request(study.facts["dims"], costs, targets=targets, budgets=budgets, question=question, most=most)
    totals = _checked_budgets(usual_budgets(study, costs) if budgets is None else budgets)
    draft = Plan(study, costs, question, (), (), None if budgets is None else totals[-1])
    if not draft.candidates:
        raise InvalidInputError("no candidate subset has every required modality and no excluded one")
    first = targets[0] if targets else None
    shops = draft.shops(first)
    offers = _by_budget(shops, costs, totals, first)
    rate = question.quantity != "pair_error"
    goals = tuple(
        _goal(draft.shops(target) if rate else shops, costs, target, study.unit, draft.limit) for target in targets
    )
    if not offers and not any(goal.offer for goal in goals):
        raise InvalidInputError(
            _too_few({label: shop.fewest for label, shop in shops.items()}, costs, totals[-1], study.unit)
        )
    return replace(draft, offers=offers, goals=goals)


def check_budgets(
    fewest: Mapping[str, int], costs: Costs, *, targets: Sequence[float], budgets: Sequence[float] | None, unit: str
) -> None:
    """Refuse budgets none of which buys the fewest rows that are planned of any subset, where no target asks for more.

    Raises
    ------
    InvalidInputError
        If that is so.
    """
    if budgets is None or targets:
        return
    most = _checked_budgets(budgets)[-1]
    if all(costs.samples(label.split("+"), most) < rows for label, rows in fewest.items()):
        raise InvalidInputError(_too_few(fewest, costs, most, unit))


def _too_few(fewest: Mapping[str, int], costs: Costs, budget: float, unit: str) -> str:
    """Say what stands in the way of any plan: money, or a cap on the rows there are."""

    def lacking(label: str) -> tuple[int, float]:
        cap = costs.cap_of(label.split("+"))
        missing = 0 if cap is None else max(0, fewest[label] - cap)
        return missing, costs.total(label.split("+"), fewest[label])

    nearest = min(fewest, key=lacking)
    rows = fewest[nearest]
    missing, price = lacking(nearest)
    if missing:
        return f"max_samples = {rows - missing} of {nearest} is too few {unit} to plan with: a plan starts from {rows}"
    return f"budget = {budget:g} buys too few {unit} to plan with: {rows} of {nearest} cost {price:g}"


def largest_error(weights: Any) -> float:
    """Return what no pair error exceeds: balanced weights make it a mean of two rates."""
    return 1.0 if weights is None or isinstance(weights, str) else float(max(weights))


def check_request(
    names: Iterable[str],
    costs: Costs,
    *,
    targets: Sequence[float],
    budgets: Sequence[float] | None,
    question: Question,
    most: float = math.inf,
) -> None:
    """Refuse what no plan could be made for, whatever the pilot shows; no error reaches ``most``.

    Raises
    ------
    InvalidInputError
        On bad numbers, an unknown quantity or costs of other modalities.
    """
    costs.check_names(names)
    if budgets is not None:
        _checked_budgets(budgets)
    problems = []
    if question.quantity not in QUANTITIES:
        problems.append(f"quantity = {question.quantity!r} must be one of {', '.join(QUANTITIES)}")
    if not (isinstance(question.power, Real) and 0.5 <= question.power < 1):
        problems.append(f"power = {question.power!r} must be a number in [0.5, 1)")
    for target in targets:
        if isinstance(target, bool) or not isinstance(target, Real) or not 0 < target < math.inf:
            problems.append(f"target = {target!r} must be a finite number > 0")
        elif target >= (end := most if question.quantity == "pair_error" else 1.0):
            what = "an error" if question.quantity == "pair_error" else "a rate"
            percent = f"; {target:g} % is {target / 100:g}" if 1.0 < target < 100 else ""
            problems.append(f"target = {target!r} must be {what} in (0, {end:g}){percent}")
    if problems:
        raise InvalidInputError(problems, context="plan")


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


def _by_budget(
    shops: dict[str, Shop], costs: Costs, totals: Sequence[float], target: float | None
) -> tuple[Offer, ...]:
    """Return for each budget the subset with the smallest expected certificate, with no more rows than are of use.

    Not the one with the smallest value at the power asked for: what the pilot leaves open of an error speaks against no subset.
    """
    bought = {label: np.minimum(costs.samples(label.split("+"), totals), MOST) for label in shops}
    expected = np.full((len(shops), len(totals)), np.inf)
    for place, (label, shop) in enumerate(shops.items()):
        enough = bought[label] >= shop.fewest
        if enough.any():
            expected[place, enough] = shop.expected(bought[label][enough])
    labels: list[str] = list(shops)
    found: list[Offer] = []
    for column, budget in enumerate(totals):
        label = _preferred(shops, dict(zip(labels, expected[:, column].tolist(), strict=True)), costs)
        if np.isfinite(expected[:, column].min()):
            rows = shops[label].thrifty(int(bought[label][column]))
            cost = min(float(costs.total(label.split("+"), rows)), budget)
            offer = shops[label].offer(rows, cost=cost, target=target, budget=budget)
            spent = found and found[-1].subset == label and found[-1].reached <= offer.reached + THRIFT
            found.append(replace(found[-1], budget=budget) if spent else offer)
    return tuple(found)


def _goal(shops: dict[str, Shop], costs: Costs, target: float, unit: str, limit: float | None) -> Goal:
    """Return the way to a target, or why there is none.

    Where rows cost the same whatever is collected of them, nothing speaks for modalities that err more: it is that of the subset
    that errs least. Else it is the cheapest, or one about as cheap that errs less.
    """
    order = sorted(shops, key=lambda label: float(shops[label].window.error[-1]))
    found: dict[str, Offer] = {}
    least = math.inf
    for label in order:
        most = costs.cap_of(label.split("+")) or MOST
        if 0 < least < math.inf:
            most = min(most, costs.samples(label.split("+"), _AS_CHEAP * least))
        if (offer := _reaching(shops[label], costs, target, most)) is not None:
            found[label], least = offer, min(least, offer.cost)
    cheap = {label: offer for label, offer in found.items() if offer.cost <= _AS_CHEAP * least}
    if not cheap:
        return _out_of_reach(shops, costs, target, unit)
    best = cheap[_preferred(shops, {label: offer.error for label, offer in cheap.items()}, costs)]
    better = _erring_less(shops, costs, best)
    if better is not None and costs.alike and better.rows <= _WORTH * best.rows and not _beyond(limit, best, better):
        best, better = better, None
    return Goal(target, best, provable_from=shops[best.subset].provable_from(best), better=better)


def _beyond(limit: float | None, best: Offer, better: Offer) -> bool:
    """Whether a limit is kept by the first offer only."""
    return limit is not None and best.cost <= limit < better.cost


def _reaching(shop: Shop, costs: Costs, target: float, most: int) -> Offer | None:
    """Return what the fewest rows of a subset offer that reach a target, or None."""
    rows = shop.fewest_rows(target, most=most)
    if rows is None:
        return None
    return shop.offer(rows, cost=float(costs.total(shop.evidence.subset.split("+"), rows)), target=target)


def _erring_less(shops: dict[str, Shop], costs: Costs, best: Offer) -> Offer | None:
    """Return the way to an offer's target with the subset that errs least after training on as many rows, if it is another."""
    errors = {label: float(shop.window.at(_seen(shop, best)).error) for label, shop in shops.items()}
    while (label := _preferred(shops, errors, costs)) != best.subset:
        most = costs.cap_of(label.split("+")) or MOST
        # One that is preferred as it cannot be told from what errs least may be expected to err more than this.
        less = errors[label] < errors[best.subset]
        if less and (offer := _reaching(shops[label], costs, best.target, most)) is not None:
            return offer
        del errors[label]
    return None


def _seen(shop: Shop, offer: Offer) -> int:
    """Return the training rows at which subsets are compared: an offer's, or the pilot's, which tell more, where it has more."""
    return max(offer.learnt, shop.evidence.sizes[-1])


def _preferred(shops: dict[str, Shop], values: dict[str, float], costs: Costs) -> str:
    """Return the subset with the smallest value, or the largest subset that the pilot cannot tell from it."""
    best = min(values, key=lambda label: values[label])
    alike = [
        label
        for label, value in values.items()
        if ((costs.alike and value < math.inf) or value <= values[best] + _NEAR * shops[label].window.uncertainty[-1])
        and _not_worse(shops[label].errors - shops[best].errors, shops[label].window.uncertainty[-1])
    ]
    return min(alike, key=lambda label: (-label.count("+"), values[label]))


def _not_worse(apart: NDArray[np.float64], unsure: float) -> bool:
    """Whether the folds, on the same rows, do not show that one subset errs more than another: by how much it does in each."""
    if len(apart) == 1:
        return bool(apart[0] <= _NEAR * unsure)
    return bool(apart.mean() <= _ALIKE * apart.std(ddof=1) / math.sqrt(len(apart)))


def _out_of_reach(shops: dict[str, Shop], costs: Costs, target: float, unit: str) -> Goal:
    """Say why no number of rows is enough: the error, the pilot's size, or a cap."""
    capped = {label: rows for label, shop in shops.items() if (rows := shop.fewest_rows(target)) is not None}
    if capped:
        label = min(capped, key=lambda name: capped[name])
        cap = costs.cap_of(label.split("+"))
        return Goal(target, None, f"it would take {capped[label]:,} {unit} of {label}, but there are at most {cap:,}")
    limits = {label: float(shop.split([MOST])[1][0]) for label, shop in shops.items()}
    label = min(limits, key=lambda name: limits[name])
    shop = shops[label]
    error, spread = float(shop.window.error[-1]), float(shop.window.uncertainty[-1])
    tends = f"what is reached with probability {shop.question.power:g} tends to {limits[label]:.4g} at best ({label})"
    if target <= error:
        return Goal(target, None, f"{tends}: its expected error is {error:.4g} already")
    # The pilot's own error falls with the square root of its rows; half of the room is left for the hold-out.
    rows = math.ceil(shop.evidence.pilot_rows * (2.0 * 1.2816 * spread / (target - error)) ** 2)
    reason = f"{tends}: the pilot's {shop.evidence.pilot_rows:,} {unit} leave its error of {error:.4g} uncertain by {spread:.2g}"
    return Goal(target, None, reason, max(rows, shop.evidence.pilot_rows + 1))
