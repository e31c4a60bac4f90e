"""The vocabulary: every symbol once, with its LaTeX, meaning, role and domain.

The module itself is a mapping from names to SymPy symbols:

>>> from boundcalc import symbols
>>> symbols.n, symbols["delta"]
(n, delta)
>>> symbols.info("delta").domain
Interval.open(0, 1)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import sympy
from sympy import Interval, Range, oo

from boundcalc.frozen import FrozenDict

__all__ = [
    "CONSTRAINTS",
    "DERIVED",
    "DOMAINS",
    "SHARED_ROLES",
    "SUBSET_NAMES",
    "VOCABULARY",
    "Constraint",
    "SymbolInfo",
    "info",
]

_REAL = sympy.Reals
_POSITIVE = Interval.open(0, oo)
_NONNEGATIVE = Interval(0, oo)
_UNIT_OPEN = Interval.open(0, 1)


def _integers(start: int) -> sympy.Set:
    return Range(start, oo)


@dataclass(frozen=True)
class SymbolInfo:
    """What the library knows of one symbol.

    Attributes
    ----------
    name : str
        The name used in Python, on the command line and in files.
    latex : str
        How it is typeset.
    meaning : str
        One line in words.
    domain : sympy.Set
        The values it may take on its own; constraints between symbols are in ``CONSTRAINTS``.
    role : str
        ``sample``, ``confidence``, ``loss``, ``metric``, ``complexity``, ``risk``, ``approximation``,
        ``optimisation`` or ``quantity`` (an intermediate of a proof).
    """

    name: str
    latex: str
    meaning: str
    domain: sympy.Set
    role: str

    @cached_property
    def symbol(self) -> sympy.Symbol:
        """The SymPy symbol; its assumptions follow from the domain."""
        return sympy.Symbol(self.name, **_assumptions(self.domain))

    @property
    def is_integer(self) -> bool:
        """Whether only integers are allowed."""
        return isinstance(self.domain, Range)


def _assumptions(domain: sympy.Set) -> dict[str, bool]:
    """Return the SymPy assumptions that follow from a domain (the rest of it cannot be said to SymPy)."""
    facts: dict[str, bool] = {"integer": True} if isinstance(domain, Range) else {"real": True}
    if domain.inf.is_positive or (domain.inf.is_zero and domain.left_open):
        facts["positive"] = True
    elif domain.inf.is_nonnegative:
        facts["nonnegative"] = True
    return facts


_TABLE = (
    # the sample
    SymbolInfo("n", "n", "number of i.i.d. labelled examples", _integers(2), "sample"),
    SymbolInfo("m", "m", "number of independent pairs, floor(n/2)", _integers(1), "sample"),
    SymbolInfo("n_h", r"n_h", "number of held-out examples (all their pairs are scored)", _integers(2), "sample"),
    SymbolInfo("J", "J", "number of candidate subsets that a choice is made among", _integers(1), "sample"),
    SymbolInfo("S", "S", "number of Rademacher draws of a Monte-Carlo estimate", _integers(1), "sample"),
    # confidence
    SymbolInfo("delta", r"\delta", "failure probability of the whole statement", _UNIT_OPEN, "confidence"),
    # the loss
    SymbolInfo("L", "L", "Lipschitz constant of the loss in its first argument", _POSITIVE, "loss"),
    SymbolInfo("C", "C", "loss range (max - min) over every class the statement speaks of", _POSITIVE, "loss"),
    SymbolInfo("rho", r"\rho", "margin, fixed in advance", _POSITIVE, "loss"),
    SymbolInfo("omega_pos", r"\omega_+", "weight of similar pairs, fixed in advance", _POSITIVE, "loss"),
    SymbolInfo("omega_neg", r"\omega_-", "weight of dissimilar pairs, fixed in advance", _POSITIVE, "loss"),
    # the metric class
    SymbolInfo("K", "K", "number of modalities", _integers(1), "metric"),
    SymbolInfo("d_M", r"d_{\mathcal M}", "total feature dimension of modality subset M", _integers(1), "metric"),
    SymbolInfo("d_N", r"d_{\mathcal N}", "total feature dimension of modality subset N", _integers(1), "metric"),
    SymbolInfo("d_full", r"d_{[K]}", "total feature dimension of all modalities", _integers(1), "metric"),
    SymbolInfo("g_M", r"g_{\mathcal M}", "granularity: number of free metric weights on M", _integers(1), "metric"),
    SymbolInfo("g_N", r"g_{\mathcal N}", "granularity: number of free metric weights on N", _integers(1), "metric"),
    SymbolInfo("g_full", r"g_{[K]}", "granularity: number of free metric weights on all modalities", _integers(1), "metric"),
    SymbolInfo("lam_min", r"\lambda_{\min}", "smallest metric eigenvalue allowed", _NONNEGATIVE, "metric"),
    SymbolInfo("lam_max", r"\lambda_{\max}", "largest metric eigenvalue allowed", _NONNEGATIVE, "metric"),
    SymbolInfo("Lam", r"\Lambda", "metric range lam_max - lam_min", _NONNEGATIVE, "metric"),
    SymbolInfo("t_min", r"t_{\min}", "smallest decision threshold allowed", _REAL, "metric"),
    SymbolInfo("t_max", r"t_{\max}", "largest decision threshold allowed", _REAL, "metric"),
    SymbolInfo("tau", r"\tau", "threshold range t_max - t_min", _NONNEGATIVE, "metric"),
    SymbolInfo("B", "B", "pair radius: ||x-x'|| <= B for all admissible x, x' on the subset", _POSITIVE, "metric"),
    SymbolInfo("b_k", "b_k", "radius of coordinate or block k", _POSITIVE, "metric"),
    SymbolInfo("p", "p", "weight values per coordinate in a finite grid (2 for the whole box)", _integers(2), "metric"),
    SymbolInfo("q", "q", "rank of the latent space", _integers(1), "metric"),
    SymbolInfo("s", "s", "bound on the operator norm of the joint encoder", _POSITIVE, "metric"),
    # complexity
    SymbolInfo("R_M", r"\mathfrak R_{\mathcal M}", "Rademacher complexity of subset M's class over m independent pairs", _NONNEGATIVE, "complexity"),
    SymbolInfo("R_N", r"\mathfrak R_{\mathcal N}", "Rademacher complexity of subset N's class over m independent pairs", _NONNEGATIVE, "complexity"),
    SymbolInfo("R_full", r"\mathfrak R_{[K]}", "Rademacher complexity of the class on all modalities", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat", r"\hat{\mathfrak R}_S", "empirical Rademacher complexity on given pairs (M's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_N", r"\hat{\mathfrak R}_{S,\mathcal N}", "empirical Rademacher complexity on given pairs (N's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_full", r"\hat{\mathfrak R}_{S,[K]}", "empirical Rademacher complexity on given pairs (all modalities)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_metric", r"\hat{\mathfrak R}^{\circ}_S", "empirical complexity on given pairs without the threshold's share (M's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_metric_N", r"\hat{\mathfrak R}^{\circ}_{S,\mathcal N}", "empirical complexity on given pairs without the threshold's share (N's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_metric_full", r"\hat{\mathfrak R}^{\circ}_{S,[K]}", "empirical complexity on given pairs without the threshold's share (all modalities)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_mc", r"\tilde{\mathfrak R}_S", "Monte-Carlo mean over S Rademacher draws, without the threshold's share (M's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_mc_N", r"\tilde{\mathfrak R}_{S,\mathcal N}", "Monte-Carlo mean over S Rademacher draws, without the threshold's share (N's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat_mc_full", r"\tilde{\mathfrak R}_{S,[K]}", "Monte-Carlo mean over S Rademacher draws, without the threshold's share (all modalities)", _NONNEGATIVE, "complexity"),
    SymbolInfo("W", "W", "range of one Rademacher draw's supremum: (Lam/(2m)) sum_ik v_ik (M's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("W_N", r"W_{\mathcal N}", "range of one Rademacher draw's supremum (N's class)", _NONNEGATIVE, "complexity"),
    SymbolInfo("W_full", r"W_{[K]}", "range of one Rademacher draw's supremum (all modalities)", _NONNEGATIVE, "complexity"),
    SymbolInfo("kappa_M", r"\kappa_{\mathcal M}", "complexity constant: R_M <= kappa_M/sqrt(m) for every m", _NONNEGATIVE, "complexity"),
    SymbolInfo("kappa_N", r"\kappa_{\mathcal N}", "complexity constant: R_N <= kappa_N/sqrt(m) for every m", _NONNEGATIVE, "complexity"),
    SymbolInfo("kappa_full", r"\kappa_{[K]}", "complexity constant: R_full <= kappa_full/sqrt(m) for every m", _NONNEGATIVE, "complexity"),
    SymbolInfo("kappa_0", r"\kappa^{\circ}_{\mathcal M}", "true complexity constant, of which kappa_M is an upper value", _NONNEGATIVE, "quantity"),
    SymbolInfo("u_fourth", r"\textstyle\sum_i\|u_i\|^4", "sum over the pairs of ||u_i||^4", _NONNEGATIVE, "complexity"),
    SymbolInfo("u_root_trace", r"\operatorname{tr}(\sum_i\|u_i\|^2u_iu_i^\top)^{1/2}", "trace of the square root of sum_i ||u_i||^2 u_i u_i^T", _NONNEGATIVE, "complexity"),
    *(
        SymbolInfo(f"u_{kind}_{subset}", latex, f"{meaning} ({words})", _NONNEGATIVE, "complexity")
        for subset, words in (("N", "N's pairs"), ("full", "pairs on all modalities"))
        for kind, latex, meaning in (
            ("fourth", r"\textstyle\sum_i\|u_i\|^4", "sum over the pairs of ||u_i||^4"),
            ("root_trace", r"\operatorname{tr}(\sum_i\|u_i\|^2u_iu_i^\top)^{1/2}", "trace of the square root of sum_i ||u_i||^2 u_i u_i^T"),
        )
    ),
    # risks
    SymbolInfo("r_M", r"r_{\mathcal M}", "population risk of the ERM on M", _NONNEGATIVE, "risk"),
    SymbolInfo("r_N", r"r_{\mathcal N}", "population risk of the ERM on N", _NONNEGATIVE, "risk"),
    SymbolInfo("rhat_M", r"\hat r_{\mathcal M}", "empirical risk of the ERM (or of the f spoken of) on M, all pairs", _NONNEGATIVE, "risk"),
    SymbolInfo("rhat_N", r"\hat r_{\mathcal N}", "empirical risk of the ERM on N, all pairs", _NONNEGATIVE, "risk"),
    SymbolInfo("rhat_holdout", r"\hat r_h", "risk of a fixed f_0 on the held-out examples, all pairs", _NONNEGATIVE, "risk"),
    SymbolInfo("rhat_ramp", r"\hat r_\rho", "empirical ramp risk at margin rho, all pairs", Interval(0, 1), "risk"),
    SymbolInfo("rhat_ramp_w", r"\hat r_{\rho,\omega}", "empirical ramp risk at margin rho with the pair weights, all pairs", _NONNEGATIVE, "risk"),
    SymbolInfo("rhat_match", r"\hat r_{\rm match}", "empirical match risk on n aligned items (sharp form: with the ramp loss at margin rho)", _NONNEGATIVE, "risk"),
    SymbolInfo("Lhat_M", r"\hat L_S(\mathcal M)", "centred empirical loss rhat(ERM on M) - rhat(h*g*); not observable", _REAL, "risk"),
    SymbolInfo("r_star", r"r^\ast", "risk of the true composition h*g*", _NONNEGATIVE, "risk"),
    SymbolInfo("rhat_star", r"\hat r^\ast", "empirical risk of h*g*", _NONNEGATIVE, "risk"),
    # approximation
    SymbolInfo("eta_M", r"\eta_{\mathcal M}", "latent-representation quality of the ERM on M (Definition 3.9)", _NONNEGATIVE, "approximation"),
    SymbolInfo("eta_N", r"\eta_{\mathcal N}", "latent-representation quality of the ERM on N (Definition 3.9)", _NONNEGATIVE, "approximation"),
    SymbolInfo("eta_star_N", r"\eta^\ast_{\mathcal N}", "approximation floor of N: inf over F_N of r, minus r*", _POSITIVE, "approximation"),
    SymbolInfo("gamma", r"\gamma_S(\mathcal M,\mathcal N)", "quality gap eta_M - eta_N; not observable", _REAL, "approximation"),
    SymbolInfo("Delta", r"\Delta", "approximation gain of M over N: inf over F_N of r, minus inf over F_M of r; not observable", _NONNEGATIVE, "approximation"),
    # optimisation
    SymbolInfo("eps_opt", r"\varepsilon_{\rm opt}", "optimisation error: rhat(returned) <= inf rhat + eps_opt (M's class)", _NONNEGATIVE, "optimisation"),
    SymbolInfo("eps_opt_M", r"\varepsilon_{\rm opt,\mathcal M}", "optimisation error of the model on M", _NONNEGATIVE, "optimisation"),
    SymbolInfo("eps_opt_N", r"\varepsilon_{\rm opt,\mathcal N}", "optimisation error of the model on N", _NONNEGATIVE, "optimisation"),
    # comparators
    SymbolInfo("radius", r"r_A", "radius of the norm ball of metrics", _POSITIVE, "metric"),
    SymbolInfo("mu", r"\mu", "regularisation strength of mu ||A-A_0||_F^2", _POSITIVE, "metric"),
    SymbolInfo("ell_0", r"\ell_0", "largest loss at the source metric A_0", _NONNEGATIVE, "loss"),
    SymbolInfo("kc", r"k_c", "number of robustness cells", _integers(1), "metric"),
    SymbolInfo("eps_osc", r"\varepsilon_{\rm osc}", "oscillation of the loss within a pair of cells", _NONNEGATIVE, "loss"),
    SymbolInfo("B_k", r"B_{\max}", "largest pair radius of a single modality", _POSITIVE, "metric"),
    SymbolInfo("kap", r"\kappa_0", "root of the largest value of the pair kernel: k(u, u) <= kap^2", _POSITIVE, "metric"),
    SymbolInfo("u4_mean", r"\mathbb E\|u\|^4", "expected fourth power of the length of a pair difference", _NONNEGATIVE, "complexity"),
    SymbolInfo("k_mean", r"\mathbb E\,k(u,u)", "expected value of the pair kernel on the diagonal", _NONNEGATIVE, "complexity"),
    SymbolInfo("u_operator", r"\|\sum_i\|u_i\|^2u_iu_i^\top\|_{\rm op}", "largest eigenvalue of sum_i ||u_i||^2 u_i u_i^T", _NONNEGATIVE, "complexity"),
    SymbolInfo("u_coordinate", r"\max_j\sum_iu_{ij}^4", "largest sum over the pairs of u_ij^4", _NONNEGATIVE, "complexity"),
    SymbolInfo("u_column", r"\max_j\sum_iu_{ij}^2\|u_i\|^2", "largest sum over the pairs of u_ij^2 ||u_i||^2", _NONNEGATIVE, "complexity"),
    SymbolInfo("u_group", r"\max_k\sum_i\|u_i^{(k)}\|^4", "largest sum over the pairs of the fourth power of a modality's length", _NONNEGATIVE, "complexity"),
    SymbolInfo("gram_trace", r"\operatorname{tr}G", "trace of the pair kernel's Gram matrix, sum_i k(u_i, u_i)", _NONNEGATIVE, "complexity"),
    SymbolInfo("cover", r"\rho_c", "radius of the balls that cover the inputs", _POSITIVE, "metric"),
    SymbolInfo("x_radius", r"\rho_x", "radius of a ball that holds all inputs", _POSITIVE, "metric"),
    SymbolInfo("labels", r"|\mathcal Y|", "number of labels (times the patterns of missing modalities)", _integers(1), "metric"),
    SymbolInfo("beta", r"\beta", "uniform stability: largest change of a pair's loss when one example is replaced", _NONNEGATIVE, "quantity"),
    # certificates for pairs
    SymbolInfo("kappa", r"\kappa", "how strongly a matching counts errors, fixed in advance", _UNIT_OPEN, "confidence"),
    SymbolInfo("T_h", r"T_h", "transport value of the held-out rows: -(2/n_h) log of a lower value of the matching mean", _NONNEGATIVE, "risk"),
    SymbolInfo("h_match", r"h", "mean over matchings of the product of 1 - kappa q/C over a matching's pairs", Interval.Lopen(0, 1), "risk"),
    SymbolInfo("theta", r"\theta", "step from the uniform coupling, at most 1/2 and 1/max of the doubly centred costs", Interval(0, sympy.Rational(1, 2)), "risk"),
    SymbolInfo("cost_mean", r"\bar C", "mean of the costs -log(1 - kappa q/C) between two halves of the rows", _NONNEGATIVE, "risk"),
    SymbolInfo("cost_spread", r"V", "mean square of the doubly centred costs", _NONNEGATIVE, "risk"),
    SymbolInfo("M_w", r"M", "effective number of pairs: 1 over the largest weighted degree of a row", _POSITIVE, "sample"),
    SymbolInfo("N_h", r"N", "number of matched pairs, fixed given the labels", _integers(1), "sample"),
    SymbolInfo("D_w", r"D", "largest weighted degree of a row", Interval.Lopen(0, 1), "sample"),
    SymbolInfo("KL", r"\mathrm{KL}(\varrho\|\pi)", "divergence of the posterior from the prior", _NONNEGATIVE, "complexity"),
    SymbolInfo("rhat_mix", r"\hat r_W", "weighted mean over the hold-out's pairs, the mix of class pairs declared", Interval(0, 1), "risk"),
    SymbolInfo("rhat_rho", r"\hat r(\varrho)", "empirical risk of a model drawn from the posterior", _NONNEGATIVE, "risk"),
    SymbolInfo("mu_bet", r"\mu_h", "largest mean at which a mixture of bets on the scores wins less than 1/delta", Interval(0, 1), "risk"),
    SymbolInfo("u_test", r"u_h", "largest rate that the hold-out rows do not reject", Interval(0, 1), "risk"),
    SymbolInfo("r_mix", r"r_W", "risk at the declared mix of class pairs", Interval(0, 1), "quantity"),
    SymbolInfo("r_gallery", r"r_g", "risk of a new row against the stored rows", _NONNEGATIVE, "quantity"),
    SymbolInfo("r_rho", r"r(\varrho)", "population risk of a model drawn from the posterior", _NONNEGATIVE, "quantity"),
    SymbolInfo("r_new", r"r(f_{\rm new})", "population risk of the model that is returned after new rows were collected", _NONNEGATIVE, "quantity"),
    SymbolInfo("fmr", r"\mathrm{FMR}", "false-match rate: share of the different pairs with D <= t", Interval(0, 1), "quantity"),
    SymbolInfo("fnmr", r"\mathrm{FNMR}", "false-non-match rate: share of the same pairs with D >= t", Interval(0, 1), "quantity"),
    SymbolInfo("fdr", r"1-\mathrm{precision}", "share of different pairs among those with D <= t", Interval(0, 1), "quantity"),
    SymbolInfo("miss_order", r"P(D_{\rm same}\ge D_{\rm different})", "1 - AUC of pairs, ties counted as errors", Interval(0, 1), "quantity"),
    SymbolInfo("err_slack", r"P(s f'\le\epsilon)", "risk of the nearest lattice point with the lattice's slack", _NONNEGATIVE, "quantity"),
    SymbolInfo("y_gain", r"\mathbb E\,Y", "mean of (1 - (loss of N - loss of M)/C)/2", Interval(0, 1), "quantity"),
    SymbolInfo("a_match", r"1-\kappa r/C", "factor of one independent pair", Interval.Lopen(0, 1), "quantity"),
    SymbolInfo("E_match", r"\mathbb E\,h", "expectation of the matching mean", Interval.Lopen(0, 1), "quantity"),
    SymbolInfo("perm_A", r"\operatorname{perm}A", "permanent of the matrix of factors between two halves", _POSITIVE, "quantity"),
    SymbolInfo("perm_S", r"\operatorname{perm}S", "permanent of a doubly stochastic matrix", _POSITIVE, "quantity"),
    SymbolInfo("diagonals", r"\det D_1\det D_2", "product of the diagonals that scale A to a doubly stochastic matrix", _POSITIVE, "quantity"),
    SymbolInfo("E_weighted", r"\mathbb E e^{-\lambda\sum w q}", "exponential moment of a weighted sum over pairs", Interval.Lopen(0, 1), "quantity"),
    SymbolInfo("E_fractional", r"\prod_e(\mathbb E e^{-\lambda D q_e})^{w_e/D}", "the same with every pair on its own, to the powers of a fractional matching", Interval.Lopen(0, 1), "quantity"),
    SymbolInfo("E_bernoulli", r"\prod_e(1-r_e+r_e e^{-\lambda D})^{w_e/D}", "the same for 0-1 variables of the same means", Interval.Lopen(0, 1), "quantity"),
    # intermediates of proofs
    SymbolInfo("c", "c", "range of the pair functions under a supremum", _POSITIVE, "quantity"),
    SymbolInfo("c_claim", r"c_0", "the unnamed positive constant of the source's claim", _POSITIVE, "quantity"),
    SymbolInfo("rho_A", r"\rho_A", "largest Euclidean norm of a vector of the finite set A", _NONNEGATIVE, "quantity"),
    SymbolInfo("card_A", r"|A|", "number of vectors of the finite set A", _integers(1), "quantity"),
    SymbolInfo("Rad_A", r"\mathfrak R(A)", "Rademacher average of the finite set A", _NONNEGATIVE, "quantity"),
    SymbolInfo("Rad_loss", r"\mathfrak R_m(\ell\circ\mathcal F)", "Rademacher complexity of the loss class over m independent pairs", _NONNEGATIVE, "quantity"),
    SymbolInfo("Rad_metric", r"\mathfrak R^{\circ}_{\mathcal M}", "complexity of the metric class without the threshold's share", _NONNEGATIVE, "quantity"),
    SymbolInfo("Rad_threshold", r"\mathfrak R_m([t_{\min},t_{\max}])", "threshold's share of the complexity", _NONNEGATIVE, "quantity"),
    SymbolInfo("E_psi_U", r"\mathbb E\,\psi(\sup_\tau U_n(q_\tau))", "expectation of psi of the supremum of the U-statistics", _REAL, "quantity"),
    SymbolInfo("E_psi_m", r"\mathbb E\,\psi(\sup_\tau\tfrac1m\sum_i q_\tau(Z_i,Z_{m+i}))", "expectation of psi of the supremum over m independent pairs", _REAL, "quantity"),
    SymbolInfo("Phi_n", r"\Phi_n", "supremum over the class of an average over all pairs", _REAL, "quantity"),
    SymbolInfo("EPhi_n", r"\mathbb E\,\Phi_n", "expectation of the supremum over all pairs", _REAL, "quantity"),
    SymbolInfo("EPhi_m", r"\mathbb E\,\Phi_m", "expectation of the supremum over m independent pairs", _REAL, "quantity"),
    SymbolInfo("Edev_n", r"\mathbb E\sup_f(r-\hat r)(f)", "expected largest one-sided deviation, all pairs", _NONNEGATIVE, "quantity"),
    SymbolInfo("Edev_m", r"\mathbb E\sup_f(r(f)-\tfrac1m\sum_i\ell_f(Z_i,Z_{m+i}))", "expected largest one-sided deviation over m independent pairs", _NONNEGATIVE, "quantity"),
    SymbolInfo("Edev_plus", r"\mathbb E\sup_f(\hat r-r)(f)", "expected largest one-sided deviation of the other sign, m independent pairs", _NONNEGATIVE, "quantity"),
    SymbolInfo("dev_f", r"(r-\hat r)(f_0)", "deviation of one fixed f_0 (one side)", _REAL, "quantity"),
    SymbolInfo("dev_future", r"\sup_f(r-\hat r)(f)+(\hat r-r)(f_0)", "largest deviation on the future sample, against f_0", _REAL, "quantity"),
    SymbolInfo("dev_minus", r"\sup_f(r-\hat r)(f)", "largest deviation of population over empirical risk", _NONNEGATIVE, "quantity"),
    SymbolInfo("dev_plus", r"\sup_f(\hat r-r)(f)", "largest deviation of empirical over population risk", _NONNEGATIVE, "quantity"),
    SymbolInfo("excess_M", r"\bigl[r_{\mathcal M}-\inf_h r(h\circ\hat g_{\mathcal M})\bigr]", "how far the ERM's head is from the best head on its own representation (M)", _NONNEGATIVE, "quantity"),
    SymbolInfo("excess_N", r"\bigl[r_{\mathcal N}-\inf_h r(h\circ\hat g_{\mathcal N})\bigr]", "how far the ERM's head is from the best head on its own representation (N)", _NONNEGATIVE, "quantity"),
    SymbolInfo("inf_M", r"\inf_{\mathcal F_{\mathcal M}}r", "smallest population risk in M's class", _NONNEGATIVE, "quantity"),
    SymbolInfo("inf_N", r"\inf_{\mathcal F_{\mathcal N}}r", "smallest population risk in N's class", _NONNEGATIVE, "quantity"),
    SymbolInfo("err_M", r"P(sf\le 0)", "pair error: probability that the sign of f disagrees with the pair's label", Interval(0, 1), "quantity"),
    SymbolInfo("err_weighted", r"\mathbb E\,\omega_s 1[sf\le 0]", "pair error with the pair weights", _NONNEGATIVE, "quantity"),
    SymbolInfo("err_match", r"\omega_+P(f(x^a,x^b)\le0)+\omega_-P(f(x^a,x'^b)\ge0)", "match error: weighted probabilities that a matched pair is missed and that an unmatched one is taken for a match", _NONNEGATIVE, "quantity"),
    SymbolInfo("r_match", r"r_{\rm match}", "population match risk", _NONNEGATIVE, "quantity"),
    SymbolInfo("r_0", r"r(f_0)", "population risk of a fixed f_0", _NONNEGATIVE, "quantity"),
    SymbolInfo("rhat_0", r"\hat r(f_0)", "empirical risk of f_0 on the planned sample", _NONNEGATIVE, "quantity"),
    SymbolInfo("dev_fixed", r"(\hat r-r)(f_0)", "empirical minus population risk of f_0 on the planned sample", _REAL, "quantity"),
    SymbolInfo("dev_ramp", r"\sup_f(r_{\rm ramp}-\hat r_{\rm ramp})(f)", "largest deviation of the ramp risk on the planned sample", _REAL, "quantity"),
    SymbolInfo("r_future", r"r(\hat f_n)", "population risk of the ERM on the planned sample", _NONNEGATIVE, "quantity"),
    SymbolInfo("n_nonpositive", r"n_{\gamma\le 0}", "sample size from which gamma <= 0", _POSITIVE, "quantity"),
    SymbolInfo("distance", r"D_A(x,x')", "squared Mahalanobis pseudo-distance (x-x')^T A (x-x')", _NONNEGATIVE, "quantity"),
    SymbolInfo("u_square", r"\|x-x'\|^2", "squared Euclidean distance of a pair", _NONNEGATIVE, "quantity"),
    SymbolInfo("eigen_sum", r"\textstyle\sum_k a_k\,(q_k^\top(x-x'))^2", "the same distance in the eigenbasis of A", _NONNEGATIVE, "quantity"),
    SymbolInfo("E_psi_perm", r"\mathbb E\,\psi(\sup_\tau\tfrac1{n!}\sum_\pi A_\pi(q_\tau))", "the same with the U-statistic written as an average of block averages over permutations", _REAL, "quantity"),
    SymbolInfo("E_psi_mean_sup", r"\mathbb E\,\psi(\tfrac1{n!}\sum_\pi\sup_\tau A_\pi(q_\tau))", "the same with the supremum taken inside the average over permutations", _REAL, "quantity"),
    SymbolInfo("E_mean_psi", r"\tfrac1{n!}\sum_\pi\mathbb E\,\psi(\sup_\tau A_\pi(q_\tau))", "the same with psi taken inside the average over permutations", _REAL, "quantity"),
    SymbolInfo("lam", r"\lambda", "free parameter of an exponential-moment argument", _POSITIVE, "quantity"),
    SymbolInfo("cgf_n", r"\tfrac1\lambda\log\mathbb E e^{\lambda\Phi_n}", "scaled cumulant generating function of the supremum over all pairs", _REAL, "quantity"),
    SymbolInfo("cgf_m", r"\tfrac1\lambda\log\mathbb E e^{\lambda\Phi_m}", "scaled cumulant generating function of the supremum over m independent pairs", _REAL, "quantity"),
    SymbolInfo("cgf_A", r"\tfrac1\lambda\log\sum_{a\in A}\mathbb E e^{\lambda\langle\sigma,a\rangle/m}", "log-sum-exp bound of a maximum over a finite set", _REAL, "quantity"),
    SymbolInfo("Phi_m", r"\Phi_m", "supremum over the class of an average over m independent terms", _REAL, "quantity"),
    SymbolInfo("Edev_ghost", r"\mathbb E\sup_f\tfrac1m\sum_i(\ell'_f-\ell_f)", "expected largest difference between two independent samples of m pairs", _NONNEGATIVE, "quantity"),
    SymbolInfo("Edev_signed", r"\mathbb E\sup_f\tfrac1m\sum_i\sigma_i(\ell'_f-\ell_f)", "the same with random signs", _NONNEGATIVE, "quantity"),
    SymbolInfo("R_N_via_M", r"\mathfrak R(\{f'\circ p'_{\mathcal N}\circ p_{\mathcal M}\})", "complexity of N's class written through M's projection", _NONNEGATIVE, "quantity"),
    SymbolInfo("infhat_M", r"\inf_{\mathcal F_{\mathcal M}}\hat r", "smallest empirical risk in M's class", _NONNEGATIVE, "quantity"),
    SymbolInfo("infhat_N", r"\inf_{\mathcal F_{\mathcal N}}\hat r", "smallest empirical risk in N's class", _NONNEGATIVE, "quantity"),
    SymbolInfo("best_head_M", r"\inf_h r(h\circ\hat g_{\mathcal M})", "risk of the best head on the learnt representation of M", _NONNEGATIVE, "quantity"),
    SymbolInfo("best_head_N", r"\inf_h r(h\circ\hat g_{\mathcal N})", "risk of the best head on the learnt representation of N", _NONNEGATIVE, "quantity"),
    SymbolInfo("rhat_best_M", r"\hat r(f^\ast_{\mathcal M})", "empirical risk of the best function of M's class", _NONNEGATIVE, "quantity"),
    SymbolInfo("rhat_best_N", r"\hat r(f^\ast_{\mathcal N})", "empirical risk of the best function of N's class", _NONNEGATIVE, "quantity"),
    SymbolInfo("dev_M", r"(r-\hat r)(\hat f_{\mathcal M})", "population minus empirical risk of the ERM on M", _REAL, "quantity"),
    SymbolInfo("dev_N", r"(r-\hat r)(\hat f_{\mathcal N})", "population minus empirical risk of the ERM on N", _REAL, "quantity"),
    SymbolInfo("dev_best_M", r"(\hat r-r)(f^\ast_{\mathcal M})", "empirical minus population risk of the best function of M's class", _REAL, "quantity"),
    SymbolInfo("dev_best_N", r"(\hat r-r)(f^\ast_{\mathcal N})", "empirical minus population risk of the best function of N's class", _REAL, "quantity"),
    SymbolInfo("S_abs", r"\tfrac1m\mathbb E\sum_k\mathbb E_\sigma|\sum_i\sigma_iv_{ik}|", "mean over the pairs of the summed absolute Rademacher sums", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_root", r"\tfrac1m\mathbb E\sum_k(\sum_iv_{ik}^2)^{1/2}", "the same with root sums of squares", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_square", r"\mathbb E\sum_{i,k}v_{ik}^2", "expected sum of squares of the pair features", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_frobenius", r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_F", "expected Frobenius norm of the signed second moment", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_nuclear", r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_\ast", "expected nuclear norm of the signed second moment", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_maximum", r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_{\max}", "expected largest entry of the signed second moment", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_operator", r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_{\rm op}", "expected operator norm of the signed second moment", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_column", r"\tfrac1m\mathbb E\max_j\|\sum_i\sigma_iu_{ij}u_i\|", "expected length of the longest column of the signed second moment", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_group", r"\tfrac1m\mathbb E\max_k\|\sum_i\sigma_iu^{(k)}_iu^{(k)\top}_i\|_F", "expected largest Frobenius norm of a modality's signed second moment", _NONNEGATIVE, "quantity"),
    SymbolInfo("S_kernel", r"\tfrac1m\mathbb E\|\sum_i\sigma_i\varphi(u_i)\|", "expected length of the signed sum of kernel features", _NONNEGATIVE, "quantity"),
    SymbolInfo("dev_model", r"(r-\hat r)(\hat A_S)", "population minus empirical risk of the exact minimiser", _REAL, "quantity"),
    SymbolInfo("Edev_model", r"\mathbb E(r-\hat r)(\hat A_S)", "its expectation", _REAL, "quantity"),
    SymbolInfo("cell_distance", r"\sum_c|p_c-n_c/n|", "distance of the cells' frequencies from their probabilities", _NONNEGATIVE, "quantity"),
    SymbolInfo("sign_sum", r"\mathbb E|\sum_{i\le m}\sigma_i|", "expected absolute sum of m random signs", _NONNEGATIVE, "quantity"),
    SymbolInfo("m_0", r"m_0", "number of independent pairs from which an inequality holds", _integers(1), "quantity"),
)  # fmt: skip

VOCABULARY: Mapping[str, SymbolInfo] = FrozenDict({row.name: row for row in _TABLE})

#: The domain of each symbol.
DOMAINS: Mapping[sympy.Symbol, sympy.Set] = FrozenDict({row.symbol: row.domain for row in _TABLE})

#: Symbols that abbreviate others.
DERIVED: Mapping[sympy.Symbol, sympy.Expr] = FrozenDict(
    {
        VOCABULARY["m"].symbol: sympy.floor(VOCABULARY["n"].symbol / 2),
        VOCABULARY["Lam"].symbol: VOCABULARY["lam_max"].symbol - VOCABULARY["lam_min"].symbol,
        VOCABULARY["tau"].symbol: VOCABULARY["t_max"].symbol - VOCABULARY["t_min"].symbol,
    }
)


#: The names that change when a statement on subset M is made on N, or on all modalities.
SUBSET_NAMES: Mapping[str, Mapping[str, str]] = FrozenDict({
    "N": {
        "d_M": "d_N", "g_M": "g_N", "R_M": "R_N", "Rhat": "Rhat_N", "Rhat_metric": "Rhat_metric_N", "Rhat_mc": "Rhat_mc_N",
        "W": "W_N", "kappa_M": "kappa_N", "u_fourth": "u_fourth_N", "u_root_trace": "u_root_trace_N", "r_M": "r_N",
        "rhat_M": "rhat_N", "eta_M": "eta_N", "eps_opt": "eps_opt_N",
    },
    "full": {
        "d_M": "d_full", "g_M": "g_full", "R_M": "R_full", "Rhat": "Rhat_full", "Rhat_metric": "Rhat_metric_full",
        "Rhat_mc": "Rhat_mc_full", "W": "W_full", "kappa_M": "kappa_full", "u_fourth": "u_fourth_full",
        "u_root_trace": "u_root_trace_full",
    },
})  # fmt: skip

#: Roles of symbols that mean the same whatever the subset (what is named in SUBSET_NAMES changes all the same).
SHARED_ROLES = frozenset({"sample", "confidence", "loss", "metric"})


@dataclass(frozen=True)
class Constraint:
    """A relation between symbols: ``lower <= upper`` (or ``<`` when strict)."""

    lower: sympy.Expr
    upper: sympy.Expr
    strict: bool = False

    @property
    def symbols(self) -> frozenset[sympy.Symbol]:
        """The symbols it ties together."""
        return frozenset(self.lower.free_symbols | self.upper.free_symbols)

    def __str__(self) -> str:
        return f"{self.lower} {'<' if self.strict else '<='} {self.upper}"


def _at_most(lower: str, upper: str) -> Constraint:
    return Constraint(VOCABULARY[lower].symbol, VOCABULARY[upper].symbol)


#: Relations that hold wherever both sides occur. Losses lie in [0, C]: where one is never 0 (the logistic loss with F = 0.3
#: lies in [0.55, 0.86]) and the length of its range is less than a risk, a larger C serves as well.
CONSTRAINTS: tuple[Constraint, ...] = (
    _at_most("lam_min", "lam_max"),
    _at_most("t_min", "t_max"),
    _at_most("g_M", "d_M"),
    _at_most("g_N", "d_N"),
    _at_most("g_full", "d_full"),
    _at_most("b_k", "B"),
    _at_most("B_k", "B"),
    _at_most("Delta", "C"),
    *(_at_most(risk, "C") for risk in ("r_M", "r_N", "rhat_M", "rhat_N", "rhat_0", "rhat_holdout")),
)


def info(name: str | sympy.Symbol) -> SymbolInfo:
    """Return what is known of a symbol.

    Parameters
    ----------
    name : str or sympy.Symbol

    Returns
    -------
    SymbolInfo
        Name, LaTeX, meaning, domain and role.

    Raises
    ------
    KeyError
        If it is not in the vocabulary.
    """
    return VOCABULARY[str(name)]


def __getattr__(name: str) -> Any:
    if name in VOCABULARY:
        return VOCABULARY[name].symbol
    raise AttributeError(f"boundcalc.symbols has no symbol {name!r}")


class _Symbols(ModuleType, Mapping):
    """Lets the module be used as a mapping, ``symbols["n"]``."""

    __hash__ = ModuleType.__hash__
    __eq__ = ModuleType.__eq__

    def __getitem__(self, name: str) -> sympy.Symbol:
        return VOCABULARY[name].symbol

    def __iter__(self) -> Iterator[str]:
        return iter(VOCABULARY)

    def __len__(self) -> int:
        return len(VOCABULARY)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *VOCABULARY]


sys.modules[__name__].__class__ = _Symbols
