"""A plan in two pictures: certificates against rows, and errors against training rows. Needs the ``plot`` extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from boundcalc.certification.kernels import QUANTITIES
from boundcalc.planner.budget import Plan
from boundcalc.planner.moments import NINE_IN_TEN
from boundcalc.planner.offers import MOST, Shop
from boundcalc.report.plan_findings import Findings
from boundcalc.report.plots import count_axis, finish, mark_level
from boundcalc.show.axes import PALETTE, new_axes, save

__all__ = ["draw_plan"]

#: Subsets that are drawn, points of a curve, and letters of a name beside it.
_NAMED, _POINTS, _WIDEST = 8, 60, 24
#: Ends of a dash, relative to its middle on a logarithmic axis.
_DASH = np.array([0.9, 1.1])


def draw_plan(proposal: Findings, path: Path | str | None = None) -> Any:
    """Draw expected certificates against rows, and errors against training rows, of the subsets with the smallest errors.

    Parameters
    ----------
    proposal : Findings
    path : str or Path, optional
        Where to write the picture.

    Returns
    -------
    array of matplotlib axes
    """
    plan, best = proposal.plan, proposal.best
    shops = plan.shops(best.target)
    named = _named(shops, best.subset)
    left, right = new_axes(width=12.5, height=5.4, columns=2)
    _certificates(proposal, {label: shops[label] for label in named}, left)
    _errors(plan, {label: shops[label] for label in named}, right)
    if path is not None:
        save(left, path)
    return left.figure.axes


def _named(shops: dict[str, Shop], best: str) -> list[str]:
    """Return the recommended subset, the best one of every size, and the best of the others, as far as colours reach."""
    order = sorted(shops, key=lambda label: float(shops[label].window.error[-1]))
    of_size = {label.count("+"): label for label in reversed(order)}
    return list(dict.fromkeys([best, *of_size.values(), *order]))[:_NAMED]


def _certificates(proposal: Findings, shops: dict[str, Shop], axes: Any) -> None:
    plan, best = proposal.plan, proposal.best
    most = max([offer.rows for offer in plan.offers] + [2 * best.rows])
    ends: list[tuple[float, str, str]] = []
    for place, (label, shop) in enumerate(shops.items()):
        cap = min(plan.costs.cap_of(label.split("+")) or MOST, most)
        if cap <= shop.fewest:
            continue
        rows = np.unique(np.geomspace(shop.fewest, cap, _POINTS).astype(int))
        holdout, reached = shop.split(rows)
        calibration, train = shop.parts(rows.astype(float), holdout)
        bound, *_ = shop.certificate(train, holdout, calibration)
        chosen = label == best.subset
        axes.plot(rows, bound, color=PALETTE[place], linewidth=2.4 if chosen else 1.1, zorder=3 if chosen else 2)
        ends.append((float(bound[-1]), _short(label, plan), PALETTE[place]))
        if chosen:
            text = f"certificate with probability {plan.question.power:g}"
            axes.fill_between(rows, bound, reached, color=PALETTE[place], alpha=0.18, linewidth=0, label=text)
            axes.plot(rows, shop.error(train), ":", color=PALETTE[place], linewidth=1.5, label="its expected error")
    rate = plan.question.quantity != "pair_error"
    if not rate:
        mark_level(axes, best.constant)
    for place, goal in enumerate(plan.goals):
        told = "other targets, and plans for them" if place else f"target {goal.target:g}"
        style = {"color": "0.2", "linestyle": ":" if place else "-"}
        axes.axhline(goal.target, linewidth=0.9, label=told if place < 2 else None, **style)
        if place and goal.offer is not None:
            axes.plot([goal.offer.rows], [goal.offer.certificate], "o", color="0.2", markerfacecolor="white", zorder=5)
    axes.plot([best.rows], [best.certificate], "o", color=PALETTE[0], markersize=9, zorder=5, label="the plan")
    if proposal.promise is not None and not proposal.promise.vacuous:
        axes.axhline(proposal.promise.value, color=PALETTE[0], linestyle="-.", linewidth=0.9, label="promised before")
    if proposal.tried is not None:
        low, high = (proposal.tried.quantile(one) for one in (0.1, 0.9))
        axes.plot(
            [best.rows] * 2, [low, high], color="0.2", linewidth=3, alpha=0.6, label="8 in 10 simulated certificates"
        )
    marked = [goal.target for goal in plan.goals] + [3.0 * best.certificate if rate else best.constant]
    _label_ends(axes, ends, 1.3 * max(best.certificate, *marked))
    _finish(
        axes, plan, xlabel=f"{plan.study.unit} in all, at their best split", title="What is expected to be certified"
    )


def _errors(plan: Plan, shops: dict[str, Shop], axes: Any) -> None:
    ends: list[tuple[float, str, str]] = []
    highest = 0.0
    for place, (label, shop) in enumerate(shops.items()):
        colour, window, evidence = PALETTE[place], shop.window, shop.evidence
        chosen = label == plan.best.subset
        found = evidence.laws(plan.question.quantity).error
        shown = found if chosen else found.mean(axis=0)[None]
        dots = (
            {"markersize": 5, "alpha": 0.9, "markerfacecolor": "white"} if chosen else {"markersize": 3, "alpha": 0.4}
        )
        axes.plot(np.tile(evidence.sizes, len(shown)), shown.ravel(), "o", color=colour, **dots)
        train = (
            window.train if window.train.size > 1 else window.train * _DASH
        )  # without a curve, a dash at its only size
        shape = np.ones_like(train)
        axes.plot(
            train, window.error * shape, color=colour, linewidth=2.4 if chosen else 1.1, zorder=3 if chosen else 2
        )
        if chosen:
            low, high = ((window.error + z * window.uncertainty) * shape for z in (-NINE_IN_TEN, NINE_IN_TEN))
            text = "nine in ten, and the folds"
            axes.fill_between(train, low, high, color=colour, alpha=0.18, linewidth=0, label=text)
            most = f"the pilot's training {plan.study.unit}"
            axes.axvline(evidence.sizes[-1], color="0.6", linewidth=0.9, label=most)
        ends.append((float(window.error[-1]), _short(label, plan), colour))
        highest = max(highest, float(shown.max()))
    if plan.question.quantity == "pair_error":
        mark_level(axes, plan.best.constant)
        highest = max(highest, plan.best.constant)
    _label_ends(axes, ends, 1.3 * highest)
    _finish(axes, plan, xlabel=f"training {plan.study.unit}", title="What the pilot shows, each row held out once")


def _short(label: str, plan: Plan) -> str:
    """Return a subset's name for a picture: what it lacks, where that is less than what it has; each name cut alike."""
    kept = label.split("+")
    lacks = [name for name in plan.study.facts["dims"] if name not in kept]
    start, parts = "", kept
    if len(kept) > 2 and len(lacks) < len(kept) - 1:
        if not lacks:
            return f"all {len(kept)} modalities"
        start, parts = "all but ", lacks
    room = max((_WIDEST - len(start) + 1) // len(parts) - 1, 3)
    whole = start + "+".join(parts)
    return whole if len(whole) <= _WIDEST else start + "+".join(_cut(name, room) for name in parts)


def _cut(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 1]}."


def _finish(axes: Any, plan: Plan, **properties: Any) -> None:
    count_axis(axes)
    axes.set_xlim(right=axes.dataLim.x1)  # where the curves end
    legend = {"fontsize": 8, "loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncols": 2}
    finish(axes, legend=legend, ylabel=QUANTITIES[plan.question.quantity], **properties)


#: What a name takes of the height of the axes; values that span more than this factor are drawn on a logarithmic scale, on which
#: the ends of curves near 0 stand apart.
_LINE, _SPAN = 0.043, 8.0


def _label_ends(axes: Any, ends: list[tuple[float, str, str]], top: float) -> None:
    """Write each curve's name at its end, in its colour, moved apart as little as possible where they would overlap.

    That of the first colour, the plan's, is bold.
    """
    axes.set_ylim(0, top)
    if not ends:
        return
    ends = sorted(ends)
    least = min((y for y, *_ in ends if y > 0), default=top)
    if least < top / _SPAN:
        from matplotlib.ticker import LogLocator, NullFormatter

        bottom = 0.5 * least
        axes.set_yscale("log", nonpositive="clip")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylim(bottom, top)
        heights = np.log(np.maximum([y for y, *_ in ends], bottom) / bottom) / np.log(top / bottom)
    else:
        heights = np.array([y for y, *_ in ends]) / top
    steps = _LINE * np.arange(len(ends))
    from scipy.optimize import isotonic_regression  # takes long to import

    places = isotonic_regression(np.clip(heights, 0.0, 1.0) - steps).x
    for place, height, (_, label, colour) in zip(np.maximum(places, 0.0) + steps, heights, ends, strict=True):
        leader = [1.0, 1.035], [min(height, 1.0), place]
        axes.plot(*leader, color=colour, linewidth=0.7, transform=axes.transAxes, clip_on=False)
        weight = "bold" if colour == PALETTE[0] else "normal"
        axes.text(
            1.04, place, label, transform=axes.transAxes, color=colour, fontsize=8, fontweight=weight, va="center"
        )
