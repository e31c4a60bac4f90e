"""What a plan and everything beside it found, apart from how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from boundcalc.planner.budget import Plan
from boundcalc.planner.future import Carried, Collected, Schedule
from boundcalc.planner.offers import Offer
from boundcalc.planner.promise import Promise, class_bound
from boundcalc.planner.worth import Worth
from boundcalc.trainer.measure.subset_result import SubsetResult

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
    measured : SubsetResult or None
        What training on the recommended modalities shows, for the source's bound of the class.
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
    measured: SubsetResult | None = None
    waiting: Schedule | None = None
    tried: Carried | None = None
    collected: Collected | None = None

    @property
    def best(self) -> Offer:
        """What to do: ``subset``, ``rows``, ``train``, ``holdout``, ``certificate``, ``assurance``, ``promised``."""
        return self.plan.best

    @cached_property
    def of_class(self) -> float | None:
        """The source's bound for the class that will be trained, the last word of a plan; its derivation takes a second."""
        if self.measured is None:
            return None
        plan, train = self.plan, self.best.train - self.best.calibration
        return class_bound(self.measured, n=max(train, 2), searched=plan.study.searched, question=plan.question)
