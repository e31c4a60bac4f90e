"""What else exists: recent works beside Table 1 that the catalogue does not carry, and why one would read them."""

from __future__ import annotations

from boundcalc.theorems import Source

__all__ = ["NEIGHBOURS"]

#: Each work with its identifier, and what it says beside the catalogue. Where constants are spoken of, they are from memory.
NEIGHBOURS: tuple[tuple[Source, str], ...] = (
    (
        Source("Verma, Branson 2015, Sample Complexity of Learning Mahalanobis Distance Metrics", "NeurIPS 2015"),
        "a lower bound that matches the dimension's role in upper bounds, and rates for data of low intrinsic complexity",
    ),
    (
        Source("Lei, Lin, Tang 2018, Generalization bounds for regularized pairwise learning", "IJCAI 2018"),
        "high-probability rates for penalised pairwise learning",
    ),
    (
        Source("Lei, Ledent, Kloft 2020, Sharper Generalization Bounds for Pairwise Learning", "NeurIPS 2020"),
        "stability of pairs with high probability, beta log n + n^(-1/2); with constants 4 beta + 48 sqrt(6) e beta ceil(log2 n) "
        "log(e/delta) + 12 sqrt(2) e M sqrt(log(e/delta)/(n - 1)) better than comparators.stability for a small mu only",
    ),
    (
        Source(
            "Zhou, Lei, Kabán 2025, PAC-Bayes Guarantees for Data-Adaptive Pairwise Learning", "doi 10.3390/e27080845"
        ),
        "stability and PAC-Bayes for stochastic training that chooses its pairs while it looks at the data",
    ),
    (
        Source(
            "Hieu, Ledent 2025, Generalization Analysis for Supervised Contrastive Representation Learning under Non-IID Settings",
            "PMLR 267:23179",
        ),
        "U-statistics over tuples of anchors, positives and negatives: decoupling of order k (lemmas.decoupling)",
    ),
    (
        Source(
            "2026, A Refined Generalization Analysis for Extreme Multi-class Supervised Contrastive Representation Learning",
            "arXiv 2605.07596",
        ),
        "the same setting with many classes",
    ),
    (
        Source(
            "Li, Wei, Yang, Ying 2026, Statistical Consistency and Generalization of Contrastive Representation Learning",
            "PMLR 306, li26hg; arXiv 2605.02116",
        ),
        "rates O(1/m + n^(-1/2)) supervised and O(m^(-1/2) + n^(-1/2)) self-supervised with m negatives",
    ),
    (
        Source("Dong et al. 2024, information-theoretic bounds for pairwise learning", "PMLR 235, dong24a"),
        "sqrt(2 I(loss difference; mask)) averaged over pairs, with binary-kl and variance forms",
    ),
    (
        Source(
            "Wen et al. 2025, Towards the Generalization of Multi-view Learning: An Information-theoretical Analysis",
            "arXiv 2501.16768",
        ),
        "information-theoretic bounds for reconstruction and classification from several views",
    ),
    (
        Source("Xia, Wainwright 2024, Prediction Aided by Surrogate Training", "arXiv 2412.09364"),
        "helper covariates that are seen in training only: a modality that is missing at test time",
    ),
    (
        Source(
            "Zhu, Luo 2025, Enhancing Multi-modal Contrastive Learning via Optimal Transport-Based Consistent Modality Alignment",
            "doi 10.1007/978-981-97-8795-1_11",
        ),
        "an analysis of the triplet loss without the hinge (known to us from abstract and footnote)",
    ),
)
