"""Inverse problems: from a target back to a parameter, from a budget to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boundcalc.lazy import lazy_names

if TYPE_CHECKING:
    from boundcalc.inverse.allocation import allocate
    from boundcalc.inverse.solve import Solution, minimal_n, solve_for
    from boundcalc.planner.assured import assurance, expected_bound
    from boundcalc.planner.budget import Plan, make_plan
    from boundcalc.planner.costs import Costs, ModalityCost, SharedCost
    from boundcalc.planner.learning_curve import PowerLaw, fit_power_law
    from boundcalc.planner.matching import MatchPlan, PairsOffer, plan_matching
    from boundcalc.planner.offers import Offer, Question
    from boundcalc.planner.study import Study, study_pilot
    from boundcalc.planner.worth import Worth, rows_for_gain

__all__ = [
    "Costs",
    "MatchPlan",
    "ModalityCost",
    "Offer",
    "PairsOffer",
    "Plan",
    "PowerLaw",
    "Question",
    "SharedCost",
    "Solution",
    "Study",
    "Worth",
    "allocate",
    "assurance",
    "expected_bound",
    "fit_power_law",
    "make_plan",
    "minimal_n",
    "plan_matching",
    "rows_for_gain",
    "solve_for",
    "study_pilot",
]

#: Loaded only when asked for: a plan from a stored study does without symbols.
_LATER = {
    "Costs": "costs",
    "MatchPlan": "matching",
    "ModalityCost": "costs",
    "Offer": "offers",
    "PairsOffer": "matching",
    "Plan": "budget",
    "PowerLaw": "learning_curve",
    "Question": "offers",
    "SharedCost": "costs",
    "Solution": "boundcalc.inverse.solve",
    "Study": "study",
    "Worth": "worth",
    "allocate": "boundcalc.inverse.allocation",
    "assurance": "assured",
    "expected_bound": "assured",
    "fit_power_law": "learning_curve",
    "make_plan": "budget",
    "minimal_n": "boundcalc.inverse.solve",
    "plan_matching": "matching",
    "rows_for_gain": "worth",
    "solve_for": "boundcalc.inverse.solve",
    "study_pilot": "study",
}

__getattr__ = lazy_names(__name__, _LATER)
