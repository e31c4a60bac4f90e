"""Train pairwise metrics on multimodal data and measure what generalization bounds need.

The trainer knows no theorem: it hands over an :class:`Estimates` record of named values.
"""

from __future__ import annotations

from boundcalc.lazy import lazy_names

_WHERE = {
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

__all__ = list(_WHERE)

# Loaded on first use: the learner needs scikit-learn, the rest does not.
__getattr__ = lazy_names(__name__, _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
