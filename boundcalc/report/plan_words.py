"""A plan in words: one sentence, and tables by budget and target, of what is promised and of what modalities are worth."""

from __future__ import annotations

from typing import Any

from boundcalc.certification.kernels import QUANTITIES
from boundcalc.planner.budget import OTHER_RATE, Goal, Plan
from boundcalc.planner.offers import MOST, Offer
from boundcalc.report.plan_findings import Findings
from boundcalc.show.rounding import confidence, outwards, percent, rounded_up
from boundcalc.show.tables import Table, format_number
from boundcalc.trainer.data.cautions import cautions
from boundcalc.trainer.measure.settings import Settings

__all__ = ["plan_sentence", "plan_tables"]

#: A subset whose error is this much smaller than the recommended one's is named.
_BETTER = 0.01


def plan_sentence(plan: Plan) -> str:
    """Return the answer: what to collect, how it is split, what certificate is then expected, and how probably.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    str
    """
    best, question, goal = plan.best, plan.question, plan.goals[0] if plan.goals else None
    name, sure = QUANTITIES[question.quantity], confidence(question.delta)
    unit = plan.study.unit
    action = f"collect {best.subset}, {best.rows:,} {unit}, and hold {best.holdout:,} of them out"
    expected = (
        f"the model's {name} is expected at {best.error:.3g} [{best.low:.3g}, {best.high:.3g}] and its certificate "
        f"({sure}) at {best.certificate:.3g}"
    )
    constant = f"; a constant rule has {best.constant:.3g}" if question.quantity == "pair_error" else _other_rate(plan)
    end = _beforehand(best)
    if goal is not None and goal.offer is not None and _same(goal.offer, best):
        idle = " (no better than the constant rule)" if goal.target >= best.constant else ""
        return (
            f"{action.capitalize()}{_for(best)}: a {name} of at most {goal.target:g}{idle} is then certified with probability "
            f"about {best.assurance:.2g}; {expected}{constant}.{_better(plan, goal)}{end}"
        )
    lead = "" if goal is None else _missed(goal, name, unit)
    if best.vacuous:
        return (
            f"{lead}Nothing here is expected to be certified below the constant rule's {best.constant:.3g}: with {best.subset} "
            f"and {best.rows:,} {unit} {expected}.{end}"
        )
    chance = f"with probability {question.power:g} at most {rounded_up(best.reached, digits=3)}"
    if goal is not None:
        chance = f"with probability {_about(best.assurance)} at most {goal.target:g}"
    start = f"For {_money(best.cost)}{_within(plan)}, {action}"
    return f"{lead}{start}: {expected}, {chance}{constant}.{_better(plan)}{end}"


def _beforehand(best: Offer) -> str:
    if best.promised is None:
        return ""
    if best.promised >= best.constant:
        return " Beforehand nothing below the constant rule can be promised."
    bound = rounded_up(best.promised, digits=3)
    return f" Promised beforehand: at most {bound}, if the pilot's model is kept until another's gain over it is certified."


def _within(plan: Plan) -> str:
    """Say what could have been spent, where the plan leaves much of it."""
    return f" of at most {_money(plan.limit)}" if plan.limit is not None and plan.best.cost < 0.9 * plan.limit else ""


def _other_rate(plan: Plan) -> str:
    """Say which threshold is meant, and the other rate there: a rule that never matches has no false match."""
    best, other = plan.best, OTHER_RATE[plan.question.quantity]
    window = plan.study.evidence[best.subset].window(other)
    chosen = "the pair error, not for this rate"
    for name, rate in plan.study.settings.get("threshold_for", {}).items():
        chosen = f"a {QUANTITIES[name]} of {rate:g} (--threshold-for {name}={rate:g})"
    return (
        f"; the threshold is the one chosen for {chosen}, and the {QUANTITIES[other]} at the same "
        f"threshold is expected at {window.at(best.learnt).error:.3g}"
    )


def _same(one: Offer, other: Offer) -> bool:
    return (one.subset, one.rows, one.holdout) == (other.subset, other.rows, other.holdout)


def _about(probability: float) -> str:
    return "below 0.001" if probability < 1e-3 else f"about {probability:.2g}"


def _missed(goal: Goal, name: str, unit: str) -> str:
    """Say what a target would take that is not reached."""
    if goal.offer is not None:
        return (
            f"The budget does not reach a certified {name} of {goal.target:g}, which takes {goal.offer.rows:,} {unit} of "
            f"{goal.offer.subset}{_for(goal.offer)}. "
        )
    larger = f" A pilot of about {goal.pilot_rows:,} {unit} in all would tell more." if goal.pilot_rows else ""
    return f"A {name} of {goal.target:g} is not expected to be certified: {goal.reason}.{larger} "


def _for(offer: Offer) -> str:
    return f", for {_money(offer.cost)}" if offer.cost != offer.rows else ""


def _better(plan: Plan, goal: Goal | None = None) -> str:
    """Name the subset with the smallest expected error, and what it costs more, where the recommended one's is larger."""
    if goal is not None and goal.better is not None:
        one, best = goal.better, plan.best
        if best.error <= one.error + _BETTER:
            return ""
        more = _money(one.cost - best.cost)
        rows = f"{one.rows:,} {plan.study.unit}"
        return f" It is the cheapest way: {one.subset} errs less ({one.error:.3g}) and costs {more} more, {rows}."
    errors = {label: float(shop.error(plan.best.learnt)) for label, shop in plan.shops(plan.best.target).items()}
    least = min(errors, key=lambda label: errors[label])
    if errors[plan.best.subset] <= errors[least] + _BETTER:
        return ""
    more = plan.costs.total(least.split("+"), plan.best.rows) - plan.best.cost
    price = f"; as many {plan.study.unit} of it cost {_money(more)} more" if more > 0 else ""
    return f" The smallest error is expected of {least} ({errors[least]:.3g}){price}."


def plan_tables(proposal: Findings) -> list[Table]:
    """Return the tables of a plan.

    Parameters
    ----------
    proposal : Findings
    """
    plan = proposal.plan
    tables = [_by_budget(proposal)]
    if plan.goals:
        tables.append(_by_target(plan))
    if rows := _promised(proposal):
        notes = ["* vacuous: it says no more than the constant rule does."] * any("*" in value for _, value, _ in rows)
        columns, title = ("what", "at most", "with"), "What is guaranteed before anything is collected"
        tables.append(Table(columns, rows, title=title, notes=notes))
    if proposal.worth:
        tables.append(_worth(proposal))
    if proposal.collected is not None and proposal.collected.looks:
        looks = [(rows, f"<= {rounded_up(value)}") for rows, value in proposal.collected.looks]
        tables.append(
            Table(
                (proposal.collected.unit, "certified"), looks, title="What the rows so far certify, valid at every look"
            )
        )
    return tables


def _by_budget(proposal: Findings) -> Table:
    plan = proposal.plan
    power = f"{100 * plan.question.power:g} %"
    columns = ("budget", "collect", plan.study.unit, "hold out", "error", "certified", power, "assurance", "binding")
    rows = [
        (
            _money(one.budget), one.subset, one.rows, one.holdout, f"[{one.low:.3f}, {one.high:.3f}]",
            f"{one.certificate:.3f}", f"{one.reached:.3f}" + "*" * one.vacuous, f"{one.assurance:.2f}", one.binding,
        )
        for one in plan.offers
    ]  # fmt: skip
    return Table(columns, rows, title="What each budget is expected to certify", notes=_notes(proposal))


def _by_target(plan: Plan) -> Table:
    columns = ("target", "collect", plan.study.unit, "hold out", "cost", "assurance", "provable from", "why not")
    rows: list[tuple[Any, ...]] = []
    for goal in plan.goals:
        one = goal.offer
        cells = (None,) * 6 if one is None else (
            one.subset, one.rows, one.holdout, _money(one.cost), f"{one.assurance:.2f}", goal.provable_from,
        )  # fmt: skip
        rows.append((f"{goal.target:g}", *cells, goal.reason or None))
    note = (
        "assurance: probability that the target is certified, estimated. provable from: held-out "
        f"{plan.study.unit} with which it is {plan.question.power:g} for any population in which the model has the expected error "
        "(kl certificate)."
        + " Rows cost the same whatever is collected of them: the modalities are those that err least."
        * plan.costs.alike
    )
    return Table(columns, rows, title="The cheapest way to a certified target", notes=[note])


def _promised(proposal: Findings) -> list[tuple[str, str, str]]:
    found, delta, unit = [], proposal.plan.question.delta, proposal.plan.study.unit
    if (promise := proposal.promise) is not None:
        named = "this rate"
        if promise.weights is not None:
            named = "this error (same pairs weigh {:.4g}, different ones {:.4g})".format(*promise.weights)
        what = (
            f"whatever is collected: the pilot's model (measured {promise.error:.3f} on {promise.rows:,} {unit}) is replaced "
            f"only by one whose gain in {named} is certified, one model in one look, at delta = {promise.replacement:g}"
        )
        value = rounded_up(promise.value) + "*" * promise.vacuous
        found.append((what, value, f"{confidence(delta)}, {promise.theorem}"))
    if proposal.of_class is not None:
        kind = Settings.from_dict(proposal.plan.study.settings).metric_class
        what = f"any {kind} metric trained on these rows, whatever they are held out for"
        vacuous = proposal.of_class >= proposal.best.constant
        found.append((what, rounded_up(proposal.of_class) + "*" * vacuous, f"{confidence(delta)}, zhou2026.ex_ante"))
    return found


def _worth(proposal: Findings) -> Table:
    rows = [
        (one.modality, one.to, f"{one.gain:.3f}", f"[{one.low:.3f}, {one.high:.3f}]",
         f">= {outwards(one.bound, '>=', digits=3):.3g}" if one.bound > 0 else None, one.verdict)
        for one in proposal.worth
    ]  # fmt: skip
    notes = [
        "gain: by how much the share of wrongly judged pairs falls on the pilot's held-out rows, with nine-in-ten limits. "
        f"certified: for all steps between candidates at once ({confidence(proposal.plan.question.delta)}); the verdict is by "
        "Holm's test over them. Expected rows: held out, for this comparison alone."
    ]
    columns = ("add", "to", "gain", "limits", "certified", "worth adding")
    return Table(columns, rows, title="What a modality is worth", notes=notes)


def _notes(proposal: Findings) -> list[str]:
    plan, best = proposal.plan, proposal.best
    evidence, unit = plan.study.evidence[best.subset], plan.study.unit
    half = best.error - float(plan.shop(best.subset).window.at(best.learnt).error)
    reach = f"training parts of {evidence.sizes[0]:,} to {evidence.sizes[-1]:,} {unit}"
    notes = [
        "Expected, not guaranteed: error (nine in ten), certificate, and the value that it stays below with the probability "
        f"named are estimated from the pilot's {evidence.pilot_rows:,} {unit}, each held out once, {reach}; no error is expected "
        f"to fall beyond {evidence.reach:,} training {unit}. {round(100 * plan.question.calibration):g} % of all {unit} calibrate; "
        f"{'they and the others that are' if evidence.whole else 'the rest of those'} not held out train "
        f"(structure {plan.study.settings['structure']})."
        + (
            f" Errors are above what the pilot shows: by {half:.2g} as if "
            "half a row more had been misjudged, as plans are made of lucky pilots"
            + (f", and by {plan.choice:.2g} as the best of several was chosen." if plan.choice > 0 else ".")
        ),
        "binding: where most of what can still be won lies (own error: of the modalities). The choice among "
        f"{plan.study.searched:,} subsets is paid for in what is guaranteed; "
        "the certificate to come needs no price, as its subset is fixed by the pilot.",
    ]
    if plan.question.quantity != "pair_error":
        aim = " and ".join(QUANTITIES[name] for name in plan.study.settings.get("threshold_for", {})) or "pair error"
        notes.append(
            f"The {QUANTITIES[plan.question.quantity]} is that of the threshold which the training rows choose for the {aim}, "
            "fixed before the hold-out is looked at."
            + (
                ""
                if plan.fixes is None
                else f" Every subset keeps to it there: planned with are those that the pilot cannot tell from the one with the "
                f"least {QUANTITIES[plan.fixes]}."
            )
            + (_OF_ANY_THRESHOLD if plan.question.quantity == "fmr" else "")
        )
    if free := plan.costs.unpriced:
        notes.append(
            f"No price of its own is given for {' and '.join(free)}: taken to cost nothing beyond what any row costs."
        )
    if unit == "groups":
        notes.append("Numbers count groups: a group with its rows is what is collected, paid for, and held out.")
    if any(offer.vacuous for offer in plan.offers):
        notes.append("* not below the constant rule with that probability.")
    if (waiting := proposal.waiting) is not None:
        looked = (
            f"Looking after every {waiting.batch} held-out {unit} (--collected) and stopping when {best.target:.3g} is"
        )
        takes = f"takes about {waiting.expected:,.0f} {unit}, and {waiting.most or 0:,} with probability {plan.question.power:g}"
        never = f"does not reach it with probability {plan.question.power:g} within {waiting.last:,} {unit}"
        notes.append(f"{looked} certified, {best.subset} {takes if waiting.most else never} (estimated).")
    if (tried := proposal.tried) is not None:
        power = plan.question.power
        short = (
            f" A half of the pilot has {tried.train:,} {unit} to train on: {tried.fall:.2g}, by which the certificate is expected "
            f"to fall with {best.train:,}, is taken off."
        )
        notes.append(
            f"Tried {len(tried.values)} times: trained on one half of the pilot, no row twice, and certified on rows drawn from "
            f"the other, {tried.target:.3g} was certified in {percent(tried.met)} of the runs (assurance {best.assurance:.2f}); "
            f"{percent(power)} stayed below {tried.quantile(power):.3f}.{short if tried.train < best.train else ''}"
        )
    if any(offer.rows >= MOST for offer in plan.offers):
        notes.append(f"More than {MOST:.0e} {unit} are not planned.")
    return [*notes, *cautions(plan.study.facts)]


_OF_ANY_THRESHOLD = (
    " `boundcalc certify --threshold fmr=RATE` instead finds, on the same held-out rows and at no price, the largest of some "
    "thresholds fixed in advance whose false-match rate is certified (fixed sequence)."
)


def _money(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 1e15:
        return f"{value:.6g}"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else format_number(value)
