"""Inverse problems: from a target back to a parameter, from a budget to a plan."""

from __future__ import annotations

from boundcalc.lazy import lazy_names

#: Loaded only when asked for: a plan from a stored study does without symbols.
_WHERE = {
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

__all__ = list(_WHERE)

__getattr__ = lazy_names(__name__, _WHERE)
