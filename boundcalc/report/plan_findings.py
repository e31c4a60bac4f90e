"""What a plan and everything beside it found, apart from how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from boundcalc.planner.budget import Plan
from boundcalc.planner.future import Carried, Collected, Schedule
from boundcalc.planner.offers import Offer
from boundcalc.planner.promise import Promise
from boundcalc.planner.worth import Worth

__all__ = ["Findings"]


@dataclass(frozen=True)
class Findings:
    """A plan with what stands beside it.

    Attributes
    ----------
    plan : Plan
        The best subset, size and split for each budget and target; ``best`` is the answer.
    worth : tuple of Worth
        What each modality is worth.
    promise : Promise or None
        What is guaranteed before anything is collected.
    of_class : float or None
        The source's bound for the class that will be trained, the last word of a plan.
    waiting : Schedule or None
        How many rows it takes if one stops as soon as the target is certified.
    tried : Carried or None
        The plan carried out on the pilot's own rows.
    collected : Collected or None
        What rows that came so far certify.
    """

    plan: Plan
    worth: tuple[Worth, ...] = ()
    promise: Promise | None = None
    of_class: float | None = None
    waiting: Schedule | None = None
    tried: Carried | None = None
    collected: Collected | None = None

    @property
    def best(self) -> Offer:
        """What to do: ``subset``, ``rows``, ``train``, ``holdout``, ``certificate``, ``assurance``, ``promised``."""
        return self.plan.best
