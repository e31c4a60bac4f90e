"""Inverse problems: from a target back to a parameter, from a budget to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boundcalc.inverse.allocation import allocate
from boundcalc.inverse.solve import Solution, minimal_n, solve_for
from boundcalc.lazy import lazy_names

if TYPE_CHECKING:
    from boundcalc.planner.budget import Plan, make_plan, sweep
    from boundcalc.planner.costs import Costs, ModalityCost
    from boundcalc.planner.learning_curve import PowerLaw, fit_power_law
    from boundcalc.planner.worth import Worth, n_star, worth_of_modalities

__all__ = [
    "Costs",
    "ModalityCost",
    "Plan",
    "PowerLaw",
    "Solution",
    "Worth",
    "allocate",
    "fit_power_law",
    "make_plan",
    "minimal_n",
    "n_star",
    "solve_for",
    "sweep",
    "worth_of_modalities",
]

#: What plans with theorems, so that it is loaded only when asked for: bounds themselves use this package to invert.
_LATER = {
    "Costs": "costs",
    "ModalityCost": "costs",
    "Plan": "budget",
    "PowerLaw": "learning_curve",
    "Worth": "worth",
    "fit_power_law": "learning_curve",
    "make_plan": "budget",
    "n_star": "worth",
    "sweep": "budget",
    "worth_of_modalities": "worth",
}

__getattr__ = lazy_names(__name__, _LATER)
