"""Aligned encoders: contrastive training, or canonical correlations in closed form, with optimal transport.

Losses and regularisers are plain functions on torch tensors; :class:`AlignedEncoders` trains with them, or solves. The
aligner knows no theorem: what it measures goes to a bound as plain named values. The closed form needs NumPy and
scikit-learn (extra ``train``); training needs the extra ``align`` (torch, POT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from boundcalc.lazy import lazy_names

if TYPE_CHECKING:
    from boundcalc.aligner.closed_form import sinkhorn_plan, softmax_plan
    from boundcalc.aligner.comparison import Comparison, compare_regularisers
    from boundcalc.aligner.contrastive import cross_clr, info_nce, lmnn
    from boundcalc.aligner.estimator import AlignedEncoders
    from boundcalc.aligner.match import match_estimates
    from boundcalc.aligner.plans import entropic_plan, transport_cost
    from boundcalc.aligner.planted import halves, image_views, planted_latent
    from boundcalc.aligner.regularisers import barycenter_support, ot_barycenter, ot_loop
    from boundcalc.aligner.retrieval import retrieval_measures, zero_shot_measures

_PUBLIC = {
    "AlignedEncoders": "estimator",
    "Comparison": "comparison",
    "barycenter_support": "regularisers",
    "compare_regularisers": "comparison",
    "cross_clr": "contrastive",
    "entropic_plan": "plans",
    "halves": "planted",
    "image_views": "planted",
    "info_nce": "contrastive",
    "lmnn": "contrastive",
    "match_estimates": "match",
    "ot_barycenter": "regularisers",
    "ot_loop": "regularisers",
    "planted_latent": "planted",
    "retrieval_measures": "retrieval",
    "sinkhorn_plan": "closed_form",
    "softmax_plan": "closed_form",
    "transport_cost": "plans",
    "zero_shot_measures": "retrieval",
}

__all__ = [
    "AlignedEncoders",
    "Comparison",
    "barycenter_support",
    "compare_regularisers",
    "cross_clr",
    "entropic_plan",
    "halves",
    "image_views",
    "info_nce",
    "lmnn",
    "match_estimates",
    "ot_barycenter",
    "ot_loop",
    "planted_latent",
    "retrieval_measures",
    "sinkhorn_plan",
    "softmax_plan",
    "transport_cost",
    "zero_shot_measures",
]

# Loaded on first use: torch and POT are heavy, and absent unless the extra is installed.
__getattr__ = lazy_names(__name__, _PUBLIC)


def __dir__() -> list[str]:
    return sorted(__all__)
