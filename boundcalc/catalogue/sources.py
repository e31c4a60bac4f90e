"""The works that the catalogue draws on, each once."""

from __future__ import annotations

from boundcalc.theorems import Source

__all__ = [
    "bartlett2002",
    "bellet2015",
    "cao2016",
    "clemencon2008",
    "egorychev1981",
    "finner1992",
    "hoeffding1963",
    "huang2021",
    "huusari2018",
    "jin2009",
    "kar2011",
    "ledoux1991",
    "lee2021",
    "lei2016",
    "lu2023",
    "massart2000",
    "maurer2004",
    "mcdiarmid1989",
    "nakada2023",
    "nozawa2020",
    "pairs",
    "perrot2015",
    "ramdas2023",
    "saunshi2019",
    "tosh2021",
    "tropp2012",
    "tsai2020",
    "weinberger2005",
    "ying2009",
    "zhou2026",
    "zolfaghari2021",
]

_DERIVED = "derived here, technique of this work"


def zhou2026(place: str) -> Source:
    """Return a place in the primary source, whose displayed formulas are not available to us."""
    return Source("Zhou, Zhang, Liu 2026, Quantifying Multimodal Capabilities", "arXiv 2605.01424", place)


def huang2021(place: str) -> Source:
    """Return a place in the pointwise theorem that the primary source extends."""
    return Source("Huang et al. 2021, What Makes Multi-modal Learning Better than Single", "arXiv 2106.04538", place)


def clemencon2008(place: str) -> Source:
    """Return a place in the U-statistics reference."""
    return Source(
        "Clémençon, Lugosi, Vayatis 2008, Ranking and empirical minimization of U-statistics",
        "Annals of Statistics 36(2)",
        place,
    )


def hoeffding1963(place: str) -> Source:
    """Return a place in the reference for sums, and U-statistics, of bounded variables."""
    return Source(
        "Hoeffding 1963, Probability inequalities for sums of bounded random variables", "JASA 58(301)", place
    )


def ledoux1991(place: str) -> Source:
    """Return a place in the contraction principle's reference."""
    return Source("Ledoux, Talagrand 1991, Probability in Banach Spaces", "Springer", place)


def bartlett2002(place: str) -> Source:
    """Return a place in the Rademacher complexities' reference."""
    return Source("Bartlett, Mendelson 2002, Rademacher and Gaussian complexities", "JMLR 3:463-482", place)


def mcdiarmid1989(place: str) -> Source:
    """Return a place in the bounded-differences reference."""
    return Source("McDiarmid 1989, On the method of bounded differences", "Surveys in Combinatorics", place)


def massart2000(place: str) -> Source:
    """Return a place in the finite-class reference."""
    return Source(
        "Massart 2000, Some applications of concentration inequalities to statistics", "Annales de Toulouse 9(2)", place
    )


def cao2016(place: str = _DERIVED) -> Source:
    """Return the work on norm-regularised metric and similarity learning."""
    return Source(
        "Cao, Guo, Ying 2016, Generalization bounds for metric and similarity learning", "arXiv 1207.5437", place
    )


def lei2016(place: str = _DERIVED) -> Source:
    """Return the work on metric learning with several groups of features."""
    return Source(
        "Lei, Ying 2016, Generalization analysis of multi-modal metric learning",
        "Analysis and Applications 14(4)",
        place,
    )


def huusari2018(place: str) -> Source:
    """Return the work on metric learning over several views in kernel spaces."""
    return Source(
        "Huusari, Kadri, Capponi 2018, Multi-view Metric Learning in Vector-valued Kernel Spaces",
        "arXiv 1803.07821",
        place,
    )


def jin2009(place: str = _DERIVED) -> Source:
    """Return the work on the stability of regularised distance metric learning."""
    return Source("Jin, Wang, Zhou 2009, Regularized Distance Metric Learning: Theory and Algorithm", "NIPS 22", place)


def perrot2015(place: str = _DERIVED) -> Source:
    """Return the work on metric learning biased towards a source metric."""
    return Source(
        "Perrot, Habrard 2015, A Theoretical Analysis of Metric Hypothesis Transfer Learning", "PMLR 37", place
    )


def bellet2015(place: str = _DERIVED) -> Source:
    """Return the work on the robustness of metric learning."""
    return Source("Bellet, Habrard 2015, Robustness and Generalization for Metric Learning", "arXiv 1209.1086", place)


def pairs(place: str) -> Source:
    """Return a place among the certificates for pairs, which are derived here."""
    return Source("boundcalc, certificates for pairs by matchings and transport", "", place)


def egorychev1981(place: str) -> Source:
    """Return a place in the proofs of van der Waerden's conjecture on permanents."""
    return Source(
        "Egorychev 1981 and Falikman 1981, proofs of van der Waerden's conjecture on permanents",
        "Advances in Mathematics 42; Math. Notes 29",
        place,
    )


def finner1992(place: str) -> Source:
    """Return a place in the generalised Hoelder inequality's references."""
    return Source(
        "Finner 1992, A generalization of Hoelder's inequality; Wang, Guo, Ramon 2017, Learning from networked examples",
        "arXiv 1405.2600",
        place,
    )


def maurer2004(place: str) -> Source:
    """Return a place in the note on the PAC-Bayesian theorem."""
    return Source("Maurer 2004, A note on the PAC-Bayesian theorem", "arXiv cs/0411099", place)


def ramdas2023(place: str) -> Source:
    """Return a place in the survey of betting and e-values."""
    return Source(
        "Waudby-Smith, Ramdas 2024, Estimating means of bounded random variables by betting", "arXiv 2010.09686", place
    )


def kar2011(place: str) -> Source:
    """Return a place in the work on landmarks of a good similarity."""
    return Source("Kar, Jain 2011, Similarity-based Learning via Data Driven Embeddings", "arXiv 1112.5404", place)


def lee2021(place: str) -> Source:
    """Return a place in the work on predicting one view from the other."""
    return Source(
        "Lee, Lei, Saunshi, Zhuo 2021, Predicting What You Already Know Helps: Provable Self-Supervised Learning",
        "arXiv 2008.01064",
        place,
    )


def lu2023(place: str) -> Source:
    """Return a place in the work on one modality at test time."""
    return Source("Lu 2023, A Theory of Multimodal Learning", "arXiv 2309.12458", place)


def nakada2023(place: str) -> Source:
    """Return a place in the work on common features of two modalities."""
    return Source(
        "Nakada et al. 2023, Understanding Multimodal Contrastive Learning and Incorporating Unpaired Data",
        "arXiv 2302.06232",
        place,
    )


def nozawa2020(place: str) -> Source:
    """Return a place in the PAC-Bayesian work on contrastive learning."""
    return Source(
        "Nozawa, Germain, Guedj 2020, PAC-Bayesian Contrastive Unsupervised Representation Learning",
        "arXiv 1910.04464",
        place,
    )


def saunshi2019(place: str) -> Source:
    """Return a place in the work on contrastive losses and mean classifiers."""
    return Source(
        "Saunshi et al. 2019, A Theoretical Analysis of Contrastive Unsupervised Representation Learning",
        "arXiv 1902.09229",
        place,
    )


def tosh2021(place: str) -> Source:
    """Return a place in the work on the redundancy of two views."""
    return Source(
        "Tosh, Krishnamurthy, Hsu 2021, Contrastive learning, multi-view redundancy, and linear models",
        "arXiv 2008.10150",
        place,
    )


def tropp2012(place: str) -> Source:
    """Return a place in the matrix inequalities' reference."""
    return Source("Tropp 2012, User-friendly tail bounds for sums of random matrices", "arXiv 1004.4389", place)


def tsai2020(place: str) -> Source:
    """Return a place in the work on self-supervision in nats."""
    return Source("Tsai et al. 2020, Self-supervised Learning from a Multi-view Perspective", "arXiv 2006.05576", place)


def weinberger2005(place: str) -> Source:
    """Return a place in the work on large margin nearest neighbours."""
    return Source(
        "Weinberger, Blitzer, Saul 2005, Distance Metric Learning for Large Margin Nearest Neighbor Classification",
        "NIPS 18",
        place,
    )


def ying2009(place: str) -> Source:
    """Return a place in the work on learning the kernel by Rademacher chaos."""
    return Source("Ying, Campbell 2009, Generalization Bounds for Learning the Kernel", "COLT 2009", place)


def zolfaghari2021(place: str) -> Source:
    """Return a place in the work on negatives of both modalities."""
    return Source(
        "Zolfaghari et al. 2021, CrossCLR: Cross-modal Contrastive Learning For Multi-modal Video Representations",
        "arXiv 2109.14910",
        place,
    )
