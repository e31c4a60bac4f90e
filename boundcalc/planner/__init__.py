"""Inverse problems: from a target back to a parameter, from a budget to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boundcalc.inverse.allocation import allocate
from boundcalc.inverse.solve import Solution, minimal_n, solve_for
from boundcalc.lazy import lazy_names

if TYPE_CHECKING:
    from boundcalc.planner.assured import assurance, expected_bound
    from boundcalc.planner.budget import Plan, make_plan
    from boundcalc.planner.costs import Costs, ModalityCost, SharedCost
    from boundcalc.planner.learning_curve import PowerLaw, fit_power_law
    from boundcalc.planner.offers import Offer, Question
    from boundcalc.planner.study import Study, study_pilot
    from boundcalc.planner.worth import Worth, rows_for_gain

__all__ = [
    "Costs",
    "ModalityCost",
    "Offer",
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
    "rows_for_gain",
    "solve_for",
    "study_pilot",
]

#: What plans with theorems, so that it is loaded only when asked for: bounds themselves use this package to invert.
_LATER = {
    "Costs": "costs",
    "ModalityCost": "costs",
    "Offer": "offers",
    "Plan": "budget",
    "PowerLaw": "learning_curve",
    "Question": "offers",
    "SharedCost": "costs",
    "Study": "study",
    "Worth": "worth",
    "assurance": "assured",
    "expected_bound": "assured",
    "fit_power_law": "learning_curve",
    "make_plan": "budget",
    "rows_for_gain": "worth",
    "study_pilot": "study",
}

__getattr__ = lazy_names(__name__, _LATER)
