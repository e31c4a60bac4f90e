"""The works that the catalogue draws on, each once."""

from __future__ import annotations

from collections.abc import Callable

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
    "ledoux1991",
    "lei2016",
    "massart2000",
    "maurer2004",
    "mcdiarmid1989",
    "pairs",
    "perrot2015",
    "ramdas2023",
    "zhou2026",
]


def _places(work: str, identifier: str = "") -> Callable[[str], Source]:
    """Return the function from a place in a work to the source."""
    return lambda place: Source(work, identifier, place)


def _technique(work: str) -> Callable[..., Source]:
    """Return the same for a work whose technique is used here, with constants of our own."""
    return lambda place="derived here, technique of this work": Source(work, "", place)


zhou2026 = _places("Zhou, Zhang, Liu 2026, Quantifying Multimodal Capabilities", "arXiv 2605.01424")
huang2021 = _places("Huang et al. 2021, What Makes Multi-modal Learning Better than Single", "arXiv 2106.04538")
clemencon2008 = _places("Clémençon, Lugosi, Vayatis 2008, Ranking and empirical minimization of U-statistics")
hoeffding1963 = _places("Hoeffding 1963, Probability inequalities for sums of bounded random variables")
ledoux1991 = _places("Ledoux, Talagrand 1991, Probability in Banach Spaces")
bartlett2002 = _places("Bartlett, Mendelson 2002, Rademacher and Gaussian complexities")
mcdiarmid1989 = _places("McDiarmid 1989, On the method of bounded differences")
massart2000 = _places("Massart 2000, Some applications of concentration inequalities to statistics")
cao2016 = _technique("Cao, Guo, Ying 2016, Generalization bounds for metric and similarity learning")
lei2016 = _technique("Lei, Ying 2016, Generalization analysis of multi-modal metric learning")
huusari2018 = _technique("Huusari, Kadri, Capponi 2018, Multi-view Metric Learning in Vector-valued Kernel Spaces")
jin2009 = _technique("Jin, Wang, Zhou 2009, Regularized Distance Metric Learning: Theory and Algorithm")
perrot2015 = _technique("Perrot, Habrard 2015, A Theoretical Analysis of Metric Hypothesis Transfer Learning")
bellet2015 = _technique("Bellet, Habrard 2015, Robustness and Generalization for Metric Learning")
pairs = _places("boundcalc, certificates for pairs by matchings and transport")
egorychev1981 = _places("Egorychev 1981 and Falikman 1981, proofs of van der Waerden's conjecture on permanents")
finner1992 = _places(
    "Finner 1992, A generalization of Hoelder's inequality; Wang, Guo, Ramon 2017, Learning from networked examples",
    "arXiv 1405.2600",
)
maurer2004 = _places("Maurer 2004, A note on the PAC-Bayesian theorem", "arXiv cs/0411099")
ramdas2023 = _places(
    "Waudby-Smith, Ramdas 2024, Estimating means of bounded random variables by betting", "arXiv 2010.09686"
)
