"""Train pairwise metrics on multimodal data and measure what generalization bounds need.

The trainer knows no theorem: it hands over an :class:`Estimates` record of named values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from boundcalc.lazy import lazy_names

if TYPE_CHECKING:
    from boundcalc.trainer.curve import nested_risks
    from boundcalc.trainer.data import ModalityData
    from boundcalc.trainer.estimates import Entry, Estimates
    from boundcalc.trainer.external import estimates_from_embeddings
    from boundcalc.trainer.learner import PairwiseMetricLearner
    from boundcalc.trainer.measure import Measurements, measure_subsets
    from boundcalc.trainer.pilot import Pilot, measure_pilot
    from boundcalc.trainer.planned import measure_planned
    from boundcalc.trainer.settings import Settings
    from boundcalc.trainer.subset import SubsetResult

_PUBLIC = {
    "Entry": "estimates",
    "Estimates": "estimates",
    "Measurements": "measure",
    "ModalityData": "data",
    "PairwiseMetricLearner": "learner",
    "Pilot": "pilot",
    "Settings": "settings",
    "SubsetResult": "subset",
    "estimates_from_embeddings": "external",
    "measure_pilot": "pilot",
    "measure_planned": "planned",
    "measure_subsets": "measure",
    "nested_risks": "curve",
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
    "estimates_from_embeddings",
    "measure_pilot",
    "measure_planned",
    "measure_subsets",
    "nested_risks",
]

# Loaded on first use: the learner needs scikit-learn, the rest does not.
__getattr__ = lazy_names(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return sorted(__all__)
