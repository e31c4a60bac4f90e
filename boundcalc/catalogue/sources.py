"""The works that the catalogue draws on, each once."""

from __future__ import annotations

from collections.abc import Callable

from boundcalc.theorems import Source

__all__ = [
    "bartlett2002",
    "bellet2015",
    "bennett1962",
    "boucheron2013",
    "cao2016",
    "catoni2007",
    "clemencon2008",
    "donsker1975",
    "egorychev1981",
    "finner1992",
    "freedman1975",
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
    "maurer2009",
    "maurer2016",
    "mcallester2003",
    "mcdiarmid1989",
    "nakada2023",
    "nozawa2020",
    "pairs",
    "perrot2015",
    "ramdas2023",
    "sauer1972",
    "saunshi2019",
    "shalev2014",
    "tosh2021",
    "tropp2012",
    "tsai2020",
    "weinberger2005",
    "ying2009",
    "zhou2026",
    "zolfaghari2021",
]


def _places(work: str, identifier: str = "") -> Callable[[str], Source]:
    """Return the function from a place in a work to the source."""
    return lambda place: Source(work, identifier, place)


def _technique(work: str, identifier: str = "") -> Callable[..., Source]:
    """Return the same for a work whose technique is used here, with constants of our own."""
    return lambda place="derived here, technique of this work": Source(work, identifier, place)


zhou2026 = _places("Zhou, Zhang, Liu 2026, Quantifying Multimodal Capabilities", "arXiv 2605.01424")
huang2021 = _places("Huang et al. 2021, What Makes Multi-modal Learning Better than Single", "arXiv 2106.04538")
clemencon2008 = _places(
    "Clémençon, Lugosi, Vayatis 2008, Ranking and empirical minimization of U-statistics", "Annals of Statistics 36(2)"
)
hoeffding1963 = _places("Hoeffding 1963, Probability inequalities for sums of bounded random variables", "JASA 58(301)")
ledoux1991 = _places("Ledoux, Talagrand 1991, Probability in Banach Spaces", "Springer")
bartlett2002 = _places("Bartlett, Mendelson 2002, Rademacher and Gaussian complexities", "JMLR 3:463-482")
mcdiarmid1989 = _places("McDiarmid 1989, On the method of bounded differences", "Surveys in Combinatorics")
massart2000 = _places(
    "Massart 2000, Some applications of concentration inequalities to statistics", "Annales de Toulouse 9(2)"
)
cao2016 = _technique("Cao, Guo, Ying 2016, Generalization bounds for metric and similarity learning", "arXiv 1207.5437")
lei2016 = _technique(
    "Lei, Ying 2016, Generalization analysis of multi-modal metric learning", "Analysis and Applications 14(4)"
)
huusari2018 = _places(
    "Huusari, Kadri, Capponi 2018, Multi-view Metric Learning in Vector-valued Kernel Spaces", "arXiv 1803.07821"
)
jin2009 = _technique("Jin, Wang, Zhou 2009, Regularized Distance Metric Learning: Theory and Algorithm", "NIPS 22")
perrot2015 = _technique(
    "Perrot, Habrard 2015, A Theoretical Analysis of Metric Hypothesis Transfer Learning", "PMLR 37"
)
bellet2015 = _technique("Bellet, Habrard 2015, Robustness and Generalization for Metric Learning", "arXiv 1209.1086")
pairs = _places("boundcalc, certificates for pairs by matchings and transport")
egorychev1981 = _places(
    "Egorychev 1981 and Falikman 1981, proofs of van der Waerden's conjecture on permanents",
    "Advances in Mathematics 42; Math. Notes 29",
)
finner1992 = _places(
    "Finner 1992, A generalization of Hoelder's inequality; Wang, Guo, Ramon 2017, Learning from networked examples",
    "arXiv 1405.2600",
)
maurer2004 = _places("Maurer 2004, A note on the PAC-Bayesian theorem", "arXiv cs/0411099")
ramdas2023 = _places(
    "Waudby-Smith, Ramdas 2024, Estimating means of bounded random variables by betting", "arXiv 2010.09686"
)
kar2011 = _places("Kar, Jain 2011, Similarity-based Learning via Data Driven Embeddings", "arXiv 1112.5404")
lee2021 = _places(
    "Lee, Lei, Saunshi, Zhuo 2021, Predicting What You Already Know Helps: Provable Self-Supervised Learning",
    "arXiv 2008.01064",
)
lu2023 = _places("Lu 2023, A Theory of Multimodal Learning", "arXiv 2309.12458")
nakada2023 = _places(
    "Nakada et al. 2023, Understanding Multimodal Contrastive Learning and Incorporating Unpaired Data",
    "arXiv 2302.06232",
)
nozawa2020 = _places(
    "Nozawa, Germain, Guedj 2020, PAC-Bayesian Contrastive Unsupervised Representation Learning", "arXiv 1910.04464"
)
saunshi2019 = _places(
    "Saunshi et al. 2019, A Theoretical Analysis of Contrastive Unsupervised Representation Learning",
    "arXiv 1902.09229",
)
tosh2021 = _places(
    "Tosh, Krishnamurthy, Hsu 2021, Contrastive learning, multi-view redundancy, and linear models", "arXiv 2008.10150"
)
tropp2012 = _places("Tropp 2012, User-friendly tail bounds for sums of random matrices", "arXiv 1004.4389")
tsai2020 = _places("Tsai et al. 2020, Self-supervised Learning from a Multi-view Perspective", "arXiv 2006.05576")
weinberger2005 = _places(
    "Weinberger, Blitzer, Saul 2005, Distance Metric Learning for Large Margin Nearest Neighbor Classification",
    "NIPS 18",
)
ying2009 = _places("Ying, Campbell 2009, Generalization Bounds for Learning the Kernel", "COLT 2009")
zolfaghari2021 = _places(
    "Zolfaghari et al. 2021, CrossCLR: Cross-modal Contrastive Learning For Multi-modal Video Representations",
    "arXiv 2109.14910",
)
bennett1962 = _places(
    "Bennett 1962, Probability inequalities for the sum of independent random variables", "JASA 57(297)"
)
boucheron2013 = _places("Boucheron, Lugosi, Massart 2013, Concentration Inequalities", "Oxford University Press")
catoni2007 = _places("Catoni 2007, PAC-Bayesian supervised classification", "arXiv 0712.0248")
donsker1975 = _places(
    "Donsker, Varadhan 1975, Asymptotic evaluation of certain Markov process expectations for large time",
    "Communications on Pure and Applied Mathematics 28",
)
freedman1975 = _places("Freedman 1975, On tail probabilities for martingales", "Annals of Probability 3(1)")
maurer2009 = _places(
    "Maurer, Pontil 2009, Empirical Bernstein bounds and sample variance penalization", "arXiv 0907.3740"
)
maurer2016 = _places("Maurer 2016, A vector-contraction inequality for Rademacher complexities", "arXiv 1605.00251")
mcallester2003 = _places("McAllester 2003, PAC-Bayesian stochastic model selection", "Machine Learning 51(1)")
sauer1972 = _places("Sauer 1972, On the density of families of sets", "Journal of Combinatorial Theory A 13")
shalev2014 = _places("Shalev-Shwartz, Ben-David 2014, Understanding Machine Learning", "Cambridge University Press")
