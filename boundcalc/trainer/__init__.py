"""Train pairwise metrics on multimodal data and measure what generalization bounds need.

The trainer knows no theorem: it hands over an :class:`Estimates` record of named values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from boundcalc.lazy import lazy_names

if TYPE_CHECKING:
    from boundcalc.trainer.data.modalities import ModalityData
    from boundcalc.trainer.learner import PairwiseMetricLearner
    from boundcalc.trainer.measure.estimates import Entry, Estimates
    from boundcalc.trainer.measure.external import estimates_from_embeddings
    from boundcalc.trainer.measure.pilot import Pilot, measure_pilot
    from boundcalc.trainer.measure.planned import measure_planned
    from boundcalc.trainer.measure.settings import Settings
    from boundcalc.trainer.measure.subset import SubsetResult
    from boundcalc.trainer.measure.subsets import Measurements, measure_subsets
    from boundcalc.trainer.measure.views import collision_probability, cross_covariance, information, view_prices

_PUBLIC = {
    "Entry": "measure.estimates",
    "Estimates": "measure.estimates",
    "Measurements": "measure.subsets",
    "ModalityData": "data.modalities",
    "PairwiseMetricLearner": "learner",
    "Pilot": "measure.pilot",
    "Settings": "measure.settings",
    "SubsetResult": "measure.subset",
    "collision_probability": "measure.views",
    "cross_covariance": "measure.views",
    "estimates_from_embeddings": "measure.external",
    "information": "measure.views",
    "measure_pilot": "measure.pilot",
    "measure_planned": "measure.planned",
    "measure_subsets": "measure.subsets",
    "view_prices": "measure.views",
}

__all__ = [
    "Entry",
    "Estimates",
    "Measurements",
    "ModalityData",
    "PairwiseMetricLearner",
    "Pilot",
    "Settings",
    "SubsetResult",
    "collision_probability",
    "cross_covariance",
    "estimates_from_embeddings",
    "information",
    "measure_pilot",
    "measure_planned",
    "measure_subsets",
    "view_prices",
]

# Loaded on first use: the learner needs scikit-learn, the rest does not.
__getattr__ = lazy_names(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return sorted(__all__)
