"""Aligned encoders: contrastive training, or canonical correlations in closed form, with optimal transport.

Losses and regularisers are plain functions on torch tensors; :class:`AlignedEncoders` trains with them, or solves. The
aligner knows no theorem: what it measures goes to a bound as plain named values. The closed form needs NumPy and
scikit-learn (extra ``train``); training needs the extra ``align`` (torch, POT).
"""

from __future__ import annotations

from boundcalc.lazy import lazy_names

_WHERE = {
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

__all__ = list(_WHERE)

# Loaded on first use: torch and POT are heavy, and absent unless the extra is installed.
__getattr__ = lazy_names(__name__, _WHERE)


def __dir__() -> list[str]:
    return sorted(__all__)
