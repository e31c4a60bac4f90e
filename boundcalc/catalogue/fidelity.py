"""The ledger of fidelity: for each work of Table 1, what an entry here shares with it, what differs, what is not claimed.

>>> from boundcalc.catalogue.fidelity import FIDELITY, rests_on
>>> FIDELITY["tosh2021.redundancy"].differs
"sharp: no cross term, up to half of the work's form"
>>> rests_on("kar2011.landmarks", "sharp"), rests_on("lu2023.two_stage")[:1]
((), ('lemmas.bounded_differences',))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from boundcalc.catalogue import REGISTRY
from boundcalc.frozen import FrozenDict

__all__ = ["FIDELITY", "Fidelity", "rests_on"]


@dataclass(frozen=True)
class Fidelity:
    """What an entry shares with its work, what differs (constants, assumptions, direction), and what is not claimed."""

    agrees: str
    differs: str
    unclaimed: str


_OURS = "constants: all are ours"
_BALL = Fidelity(
    "the class, the dual norm of a signed second moment and decoupling to floor(n/2) pairs",
    "constants: smaller than the work's factors 4 and 4(3 + ...); the ball is a constraint instead of a penalty",
    "a choice of the penalty from the data; the work's own form, which is known from memory",
)

FIDELITY: Mapping[str, Fidelity] = FrozenDict(
    {
        "zhou2026.hierarchy": Fidelity(
            "that classes of subsets are nested", "strictness: refuted", "the displayed formulas"
        ),
        "zhou2026.decoupled_deviation": Fidelity("the statement", "nothing known", "the displayed formula"),
        "zhou2026.risk_gap": Fidelity(
            "quantity, gamma and the two sources of error",
            "paper: constants of the pointwise theorem; sharp: half the complexity, one event",
            "that the paper form's constants are the source's: its formulas did not reach us",
        ),
        "zhou2026.latent_quality": Fidelity(
            "quantity and the role of the centred empirical loss",
            "sharp: no complexity is paid for the truth",
            "that the paper form's constants are the source's",
        ),
        "zhou2026.metric_complexity": Fidelity(
            "the class, its conditions and the dimension's root",
            "sharp: Khinchin instead of Massart, without log p",
            "a spectral argument for a whole class of full matrices",
        ),
        "zhou2026.monotone_risk": Fidelity("the statement", "lam_min = 0 is needed", "anything of population risks"),
        "zhou2026.risk_reduction": Fidelity(
            "that more modalities lower the training risk",
            "the claimed lower bound is refuted; the repaired one has the approximation gain Delta",
            "a gain without Delta > 0",
        ),
        "zhou2026.nonpositive_gap": Fidelity(
            "that gamma <= 0 for large n", "the condition eta*_N > 0 is stated", "one sample size for all n at once"
        ),
        "huang2021.risk_gap": Fidelity(
            "the statement with 1 - delta/2 as 1 - delta", "sharp: half the complexity, one event", "the work's wording"
        ),
        "huang2021.latent_quality": Fidelity(
            "the statement", "sharp: no complexity for the truth", "the work's wording"
        ),
        "huang2021.extra_modality": Fidelity(
            "the setting of its Proposition 1, as a public review words it",
            "as worded refuted; sharp: with eta*_N > 0 and n large",
            "that the work's own wording is the review's",
        ),
        "huang2021.simulation": Fidelity(
            "the generator and its published errors, to within sampling error", "a closed form", "the trained networks"
        ),
        "comparators.stability": Fidelity(
            "the technique and the rate L^2 B^4/(mu n)",
            "constants: attained ones; assumptions: any convex set of metrics in place of a trace constraint",
            "the work's constant, known from memory",
        ),
        "comparators.source_stability": Fidelity(
            "the penalty around a source metric and uniform stability of order 1/n",
            "constants: half of the work's K = 4 k^2/lam",
            "the work's Theorem 5 as printed",
        ),
        "perrot2015.on_average": Fidelity(
            "paper: Theorem 2, with k = L B^2 and lam = mu",
            "sharp: half of the constant",
            "anything with high probability",
        ),
        "comparators.robustness": Fidelity(
            "cells, oscillation and the frequencies of cells",
            "constants: C in place of 2B; + C/n for the U-statistic",
            "the work's weak robustness",
        ),
        "comparators.group_ball": Fidelity(
            "group norms over modalities and the l_p family",
            f"{_OURS}; Frobenius blocks only",
            "mixed (q, s)-norms and Schatten norms",
        ),
        **{f"comparators.{name}_ball": _BALL for name in ("frobenius", "l1", "trace", "l21")},
        "weinberger2005.triplets": Fidelity(
            "the loss of pulls and pushes",
            "assumptions: all rows of a class are targets, as nearest ones depend on the whole sample",
            "any bound of the work's: it has none",
        ),
        "ying2009.chaos": Fidelity(
            "that learning the kernel reduces to Rademacher chaos of order two",
            f"{_OURS}; finite families by hypercontractivity",
            "the pseudo-dimension bound U <= (192 e + 1) kap^2 d_K, known from memory",
        ),
        "ying2009.bandwidth": Fidelity(
            "the problem of learning a Gaussian kernel's bandwidth",
            "a bound without dimension or entropy",
            "several scales at once",
        ),
        "kar2011.landmarks": Fidelity(
            "good similarities and landmark pairs",
            "log(1/(delta eps_1)) in place of log(2/(delta eps_1)); data: the goodness certified by triples of rows",
            "learnt transfer functions",
        ),
        "huusari2018.pointwise": Fidelity(
            "the class and the bound", "nothing", "a bound for pairs: comparators.kernel_ball is another class"
        ),
        "saunshi2019.mean_classifier": Fidelity(
            "the first step, word for word as a later work quotes it; pac_bayes: that work's Theorem 7",
            "constants of the uniform deviation are ours, where the work has O(.)",
            "blocks of several positives, more than one negative, other classifiers than the mean's",
        ),
        "tsai2020.bayes_error": Fidelity(
            "the chain of informations",
            "sharp: Fano with the binary entropy, labels - 1",
            "estimates of eps_info with a guarantee",
        ),
        "zolfaghari2021.contrastive": Fidelity(
            "the loss as its formula has it",
            "the published code scales intra-modal logits and keeps the sample itself",
            "any bound of the work's: it has none; queues of past batches",
        ),
        "tosh2021.redundancy": Fidelity(
            "paper: Lemma 1", "sharp: no cross term, up to half of the work's form", "estimated density ratios"
        ),
        "tosh2021.landmarks": Fidelity(
            "paper: Lemma 2 and Theorem 3 for delta <= 1/2",
            "for delta > 1/2 as printed refuted; sharp: whole numbers of blocks, no cross term; markov: no blocks",
            "the head's training from labelled data",
        ),
        "tosh2021.direct": Fidelity("the statement", "nothing", "how eps_opt is reached"),
        "lee2021.approximation": Fidelity(
            "that conditional independence makes the label linear in the predicted view",
            f"{_OURS}; downstream: n_2^(-1/2) where the work has k/n_2",
            "latent variables between label and views",
        ),
        "lu2023.two_stage": Fidelity(
            "the two stages and the sum of two complexities",
            f"{_OURS}",
            "the work's gap of order sqrt(n) and its heterogeneity",
        ),
        "nakada2023.feature_recovery": Fidelity(
            "sin Theta distance, rank, share of mismatched pairs",
            "constants: explicit for an unknown C; radii in place of effective ranks; data: the sample's singular value",
            "unaligned data after matching; sub-Gaussian modalities",
        ),
    }
)


def rests_on(key: str, form: str | None = None) -> tuple[str, ...]:
    """Return what the steps of an entry cite without proving it themselves: entries of the catalogue, and literature.

    Parameters
    ----------
    key : str
    form : str, optional
        All forms if not given.
    """
    entry = REGISTRY[key]
    steps = (step for name in ([form] if form else entry.forms) for step in entry.derivation(name).steps)
    cited = (
        one for step in steps for one in ([step.cites] if step.cites in REGISTRY else step.cites.split("; ")) if one
    )
    return tuple(dict.fromkeys(cited))
