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
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import sympy
from sympy import Interval, Range, oo

from boundcalc.errors import InvalidInputError
from boundcalc.frozen import FrozenDict

__all__ = [
    "CONSTRAINTS",
    "DERIVED",
    "DOMAINS",
    "GENERAL",
    "NONNEGATIVE",
    "POSITIVE",
    "REAL",
    "ROLES",
    "SHARED_GROUPS",
    "SUBSET_NAMES",
    "VOCABULARY",
    "Constraint",
    "SymbolInfo",
    "info",
    "known",
    "role_of",
    "symbol",
]

REAL = sympy.Reals
POSITIVE = Interval.open(0, oo)
NONNEGATIVE = Interval(0, oo)
_UNIT_OPEN = Interval.open(0, 1)


def _integers(start: int) -> sympy.Set:
    return Range(start, oo)


#: Whether a value is fixed in advance, comes from the data or belongs to their distribution.
ROLES = ("fixed", "observed", "population")

#: The role of a group's symbols; "fixed" for all other groups.
_USUAL_ROLE: Mapping[str, str] = FrozenDict(
    risk="observed", optimisation="observed", complexity="population", approximation="population", quantity="population"
)


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
    group : str
        ``sample``, ``confidence``, ``loss``, ``metric``, ``complexity``, ``risk``, ``approximation``,
        ``optimisation`` or ``quantity`` (what a statement or a proof speaks of).
    role : str
        ``fixed`` (in advance, before the data are seen), ``observed`` (depends on the data) or ``population`` (depends on
        their distribution); the group's usual one if not given.
    free : bool
        Whether a statement with it holds for every value, so that a proof may choose one.
    local : bool
        Whether it belongs to one statement, and not to the vocabulary.
    """

    name: str
    latex: str
    meaning: str
    domain: sympy.Set
    group: str
    role: str = ""
    free: bool = False
    local: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", self.role or _USUAL_ROLE.get(self.group, "fixed"))

    @cached_property
    def symbol(self) -> sympy.Symbol:
        """The SymPy symbol; its assumptions follow from the domain."""
        return _Described(self) if self.local else sympy.Symbol(self.name, **_assumptions(self.domain))

    @property
    def is_integer(self) -> bool:
        """Whether only integers are allowed."""
        return isinstance(self.domain, Range)


def _assumptions(domain: sympy.Set) -> dict[str, bool]:
    """Return the SymPy assumptions that follow from a domain (the rest of it cannot be said to SymPy)."""
    facts: dict[str, bool] = {"integer": True} if isinstance(domain, Range) else {"real": True}
    if domain.inf.is_positive or (domain.inf.is_zero and 0 not in domain):
        facts["positive"] = True
    elif domain.inf.is_nonnegative:
        facts["nonnegative"] = True
    return facts


class _Described(sympy.Symbol):
    """A symbol outside the vocabulary, with what is known of it; it is printed and ordered as any other."""

    __slots__ = ("info",)
    info: SymbolInfo

    def __new__(cls, info: SymbolInfo) -> _Described:
        new: _Described = sympy.Symbol.__xnew__(cls, info.name, **_assumptions(info.domain))
        new.info = info
        return new

    @classmethod
    def class_key(cls) -> tuple:
        return sympy.Symbol.class_key()

    def _hashable_content(self) -> tuple:
        told = self.info
        return (told.name, told.latex, told.role, told.free, str(told.domain), *sorted(self.assumptions0.items()))

    def __getnewargs_ex__(self) -> tuple:
        return (replace(self.info),), {}  # a copy that does not hold this symbol again


def symbol(
    name: str,
    latex: str,
    meaning: str,
    domain: sympy.Set = NONNEGATIVE,
    *,
    role: str = "",
    group: str = "quantity",
    free: bool = False,
) -> sympy.Symbol:
    r"""Return a symbol that the vocabulary does not have, such as one that a single proof needs.

    >>> S = symbol("S_operator", r"\|S\|", "expected operator norm")
    >>> S, known(S).meaning, S.is_nonnegative
    (S_operator, 'expected operator norm', True)

    Parameters
    ----------
    name, latex, meaning : str
        How it is written in Python and typeset, and one line in words.
    domain : sympy.Set, optional
        The values it may take; nonnegative reals if not given.
    role, group : str, optional
        As in `SymbolInfo`.
    free : bool, optional
        As in `SymbolInfo`.

    Returns
    -------
    sympy.Symbol

    Raises
    ------
    InvalidInputError
        If the vocabulary has a symbol of that name, or there is no such role.
    """
    if name in VOCABULARY:
        raise InvalidInputError(f"symbol {name!r} is in the vocabulary: use boundcalc.symbols.{name}")
    if role not in ("", *ROLES):
        raise InvalidInputError(f"role = {role!r:.60} of {name!r:.60} must be one of {', '.join(ROLES)}")
    return SymbolInfo(name, latex, meaning, domain, group, role, free, local=True).symbol


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
    SymbolInfo("L", "L", "Lipschitz constant of the loss in its first argument", POSITIVE, "loss"),
    SymbolInfo("C", "C", "loss range (max - min) over every class the statement speaks of", POSITIVE, "loss"),
    SymbolInfo("rho", r"\rho", "margin, fixed in advance", POSITIVE, "loss"),
    SymbolInfo("omega_pos", r"\omega_+", "weight of similar pairs, fixed in advance", POSITIVE, "loss"),
    SymbolInfo("omega_neg", r"\omega_-", "weight of dissimilar pairs, fixed in advance", POSITIVE, "loss"),
    # the metric class
    SymbolInfo("K", "K", "number of modalities", _integers(1), "metric"),
    SymbolInfo("d_M", r"d_{\mathcal M}", "total feature dimension of modality subset M", _integers(1), "metric"),
    SymbolInfo("d_N", r"d_{\mathcal N}", "total feature dimension of modality subset N", _integers(1), "metric"),
    SymbolInfo("d_full", r"d_{[K]}", "total feature dimension of all modalities", _integers(1), "metric"),
    SymbolInfo("g_M", r"g_{\mathcal M}", "granularity: number of free metric weights on M", _integers(1), "metric"),
    SymbolInfo("g_N", r"g_{\mathcal N}", "granularity: number of free metric weights on N", _integers(1), "metric"),
    SymbolInfo("g_full", r"g_{[K]}", "granularity: number of free metric weights on all modalities", _integers(1), "metric"),
    SymbolInfo("lam_min", r"\lambda_{\min}", "smallest metric eigenvalue allowed", NONNEGATIVE, "metric"),
    SymbolInfo("lam_max", r"\lambda_{\max}", "largest metric eigenvalue allowed", NONNEGATIVE, "metric"),
    SymbolInfo("Lam", r"\Lambda", "metric range lam_max - lam_min", NONNEGATIVE, "metric"),
    SymbolInfo("t_min", r"t_{\min}", "smallest decision threshold allowed", REAL, "metric"),
    SymbolInfo("t_max", r"t_{\max}", "largest decision threshold allowed", REAL, "metric"),
    SymbolInfo("tau", r"\tau", "threshold range t_max - t_min", NONNEGATIVE, "metric"),
    SymbolInfo("B", "B", "pair radius: ||x-x'|| <= B for all admissible x, x' on the subset", POSITIVE, "metric"),
    SymbolInfo("b_k", "b_k", "radius of coordinate or block k", POSITIVE, "metric"),
    SymbolInfo("p", "p", "weight values per coordinate in a finite grid (2 for the whole box)", _integers(2), "metric"),
    SymbolInfo("q", "q", "rank of the latent space", _integers(1), "metric"),
    SymbolInfo("s", "s", "bound on the operator norm of the joint encoder", POSITIVE, "metric"),
    # complexity
    SymbolInfo("R_M", r"\mathfrak R_{\mathcal M}", "Rademacher complexity of subset M's class over m independent pairs", NONNEGATIVE, "complexity"),
    SymbolInfo("R_N", r"\mathfrak R_{\mathcal N}", "Rademacher complexity of subset N's class over m independent pairs", NONNEGATIVE, "complexity"),
    SymbolInfo("R_full", r"\mathfrak R_{[K]}", "Rademacher complexity of the class on all modalities", NONNEGATIVE, "complexity"),
    SymbolInfo("Rhat", r"\hat{\mathfrak R}_S", "empirical Rademacher complexity on given pairs (M's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_N", r"\hat{\mathfrak R}_{S,\mathcal N}", "empirical Rademacher complexity on given pairs (N's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_full", r"\hat{\mathfrak R}_{S,[K]}", "empirical Rademacher complexity on given pairs (all modalities)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_metric", r"\hat{\mathfrak R}^{\circ}_S", "empirical complexity on given pairs without the threshold's share (M's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_metric_N", r"\hat{\mathfrak R}^{\circ}_{S,\mathcal N}", "empirical complexity on given pairs without the threshold's share (N's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_metric_full", r"\hat{\mathfrak R}^{\circ}_{S,[K]}", "empirical complexity on given pairs without the threshold's share (all modalities)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_mc", r"\tilde{\mathfrak R}_S", "Monte-Carlo mean over S Rademacher draws, without the threshold's share (M's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_mc_N", r"\tilde{\mathfrak R}_{S,\mathcal N}", "Monte-Carlo mean over S Rademacher draws, without the threshold's share (N's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("Rhat_mc_full", r"\tilde{\mathfrak R}_{S,[K]}", "Monte-Carlo mean over S Rademacher draws, without the threshold's share (all modalities)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("W", "W", "range of one Rademacher draw's supremum: (Lam/(2m)) sum_ik v_ik (M's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("W_N", r"W_{\mathcal N}", "range of one Rademacher draw's supremum (N's class)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("W_full", r"W_{[K]}", "range of one Rademacher draw's supremum (all modalities)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("kappa_M", r"\kappa_{\mathcal M}", "complexity constant: R_M <= kappa_M/sqrt(m) for every m", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("kappa_N", r"\kappa_{\mathcal N}", "complexity constant: R_N <= kappa_N/sqrt(m) for every m", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("kappa_full", r"\kappa_{[K]}", "complexity constant: R_full <= kappa_full/sqrt(m) for every m", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("u_fourth", r"\textstyle\sum_i\|u_i\|^4", "sum over the pairs of ||u_i||^4", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("u_root_trace", r"\operatorname{tr}(\sum_i\|u_i\|^2u_iu_i^\top)^{1/2}", "trace of the square root of sum_i ||u_i||^2 u_i u_i^T", NONNEGATIVE, "complexity", "observed"),
    *(
        SymbolInfo(f"u_{kind}_{subset}", latex, f"{meaning} ({words})", NONNEGATIVE, "complexity", "observed")
        for subset, words in (("N", "N's pairs"), ("full", "pairs on all modalities"))
        for kind, latex, meaning in (
            ("fourth", r"\textstyle\sum_i\|u_i\|^4", "sum over the pairs of ||u_i||^4"),
            ("root_trace", r"\operatorname{tr}(\sum_i\|u_i\|^2u_iu_i^\top)^{1/2}", "trace of the square root of sum_i ||u_i||^2 u_i u_i^T"),
        )
    ),
    # risks
    SymbolInfo("r_M", r"r_{\mathcal M}", "population risk of the ERM on M", NONNEGATIVE, "risk", "population"),
    SymbolInfo("r_N", r"r_{\mathcal N}", "population risk of the ERM on N", NONNEGATIVE, "risk", "population"),
    SymbolInfo("rhat_M", r"\hat r_{\mathcal M}", "empirical risk of the ERM (or of the f spoken of) on M, all pairs", NONNEGATIVE, "risk"),
    SymbolInfo("rhat_N", r"\hat r_{\mathcal N}", "empirical risk of the ERM on N, all pairs", NONNEGATIVE, "risk"),
    SymbolInfo("rhat_holdout", r"\hat r_h", "risk of a fixed f_0 on the held-out examples, all pairs", NONNEGATIVE, "risk"),
    SymbolInfo("rhat_ramp", r"\hat r_\rho", "empirical ramp risk at margin rho, all pairs", Interval(0, 1), "risk"),
    SymbolInfo("rhat_ramp_w", r"\hat r_{\rho,\omega}", "empirical ramp risk at margin rho with the pair weights, all pairs", NONNEGATIVE, "risk"),
    SymbolInfo("rhat_match", r"\hat r_{\rm match}", "empirical match risk on n aligned items (sharp form: with the ramp loss at margin rho)", NONNEGATIVE, "risk"),
    SymbolInfo("Lhat_M", r"\hat L_S(\mathcal M)", "centred empirical loss rhat(ERM on M) - rhat(h*g*); not observable", REAL, "risk"),
    SymbolInfo("r_star", r"r^\ast", "risk of the true composition h*g*", NONNEGATIVE, "risk", "population"),
    SymbolInfo("rhat_star", r"\hat r^\ast", "empirical risk of h*g*", NONNEGATIVE, "risk"),
    # approximation
    SymbolInfo("eta_M", r"\eta_{\mathcal M}", "latent-representation quality of the ERM on M (Definition 3.9)", NONNEGATIVE, "approximation"),
    SymbolInfo("eta_N", r"\eta_{\mathcal N}", "latent-representation quality of the ERM on N (Definition 3.9)", NONNEGATIVE, "approximation"),
    SymbolInfo("eta_star_N", r"\eta^\ast_{\mathcal N}", "approximation floor of N: inf over F_N of r, minus r*", POSITIVE, "approximation"),
    SymbolInfo("gamma", r"\gamma_S(\mathcal M,\mathcal N)", "quality gap eta_M - eta_N; not observable", REAL, "approximation"),
    SymbolInfo("Delta", r"\Delta", "approximation gain of M over N: inf over F_N of r, minus inf over F_M of r; not observable", NONNEGATIVE, "approximation"),
    # optimisation
    SymbolInfo("eps_opt", r"\varepsilon_{\rm opt}", "optimisation error: rhat(returned) <= inf rhat + eps_opt (M's class)", NONNEGATIVE, "optimisation"),
    SymbolInfo("eps_opt_M", r"\varepsilon_{\rm opt,\mathcal M}", "optimisation error of the model on M", NONNEGATIVE, "optimisation"),
    SymbolInfo("eps_opt_N", r"\varepsilon_{\rm opt,\mathcal N}", "optimisation error of the model on N", NONNEGATIVE, "optimisation"),
    # comparators
    SymbolInfo("radius", r"r_A", "radius of the norm ball of metrics", POSITIVE, "metric"),
    SymbolInfo("mu", r"\mu", "regularisation strength of mu ||A-A_0||_F^2", POSITIVE, "metric"),
    SymbolInfo("ell_0", r"\ell_0", "largest loss at the source metric A_0", NONNEGATIVE, "loss"),
    SymbolInfo("kc", r"k_c", "number of robustness cells", _integers(1), "metric"),
    SymbolInfo("eps_osc", r"\varepsilon_{\rm osc}", "oscillation of the loss within a pair of cells", NONNEGATIVE, "loss"),
    SymbolInfo("B_k", r"B_{\max}", "largest pair radius of a single modality", POSITIVE, "metric"),
    SymbolInfo("kap", r"\kappa_0", "root of the largest value of the pair kernel: k(u, u) <= kap^2", POSITIVE, "metric"),
    SymbolInfo("u4_mean", r"\mathbb E\|u\|^4", "expected fourth power of the length of a pair difference", NONNEGATIVE, "complexity"),
    SymbolInfo("k_mean", r"\mathbb E\,k(u,u)", "expected value of the pair kernel on the diagonal", NONNEGATIVE, "complexity"),
    SymbolInfo("u_operator", r"\|\sum_i\|u_i\|^2u_iu_i^\top\|_{\rm op}", "largest eigenvalue of sum_i ||u_i||^2 u_i u_i^T", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("u_coordinate", r"\max_j\sum_iu_{ij}^4", "largest sum over the pairs of u_ij^4", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("u_column", r"\max_j\sum_iu_{ij}^2\|u_i\|^2", "largest sum over the pairs of u_ij^2 ||u_i||^2", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("u_group", r"\max_k\sum_i\|u_i^{(k)}\|^4", "largest sum over the pairs of the fourth power of a modality's length", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("gram_trace", r"\operatorname{tr}G", "trace of the pair kernel's Gram matrix, sum_i k(u_i, u_i)", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("cover", r"\rho_c", "radius of the balls that cover the inputs", POSITIVE, "metric"),
    SymbolInfo("x_radius", r"\rho_x", "radius of a ball that holds all inputs", POSITIVE, "metric"),
    SymbolInfo("labels", r"|\mathcal Y|", "number of labels (times the patterns of missing modalities)", _integers(1), "metric"),
    # certificates for pairs
    SymbolInfo("kappa", r"\kappa", "how strongly a matching counts errors, fixed in advance", _UNIT_OPEN, "confidence"),
    SymbolInfo("T_h", r"T_h", "transport value of the held-out rows: -(2/n_h) log of a lower value of the matching mean", NONNEGATIVE, "risk"),
    SymbolInfo("h_match", r"h", "mean over matchings of the product of 1 - kappa q/C over a matching's pairs", Interval.Lopen(0, 1), "risk"),
    SymbolInfo("theta", r"\theta", "step from the uniform coupling, at most 1/2 and 1/max of the doubly centred costs", Interval(0, sympy.Rational(1, 2)), "risk"),
    SymbolInfo("cost_mean", r"\bar C", "mean of the costs -log(1 - kappa q/C) between two halves of the rows", NONNEGATIVE, "risk"),
    SymbolInfo("cost_spread", r"V", "mean square of the doubly centred costs", NONNEGATIVE, "risk"),
    SymbolInfo("M_w", r"M", "effective number of pairs: 1 over the largest weighted degree of a row", POSITIVE, "sample"),
    SymbolInfo("N_h", r"N", "number of matched pairs, fixed given the labels", _integers(1), "sample"),
    SymbolInfo("D_w", r"D", "largest weighted degree of a row", Interval.Lopen(0, 1), "sample"),
    SymbolInfo("KL", r"D(\varrho\|\pi)", "divergence of the posterior from the prior", NONNEGATIVE, "complexity", "observed"),
    SymbolInfo("rhat_mix", r"\hat r_W", "weighted mean over the hold-out's pairs, the mix of class pairs declared", Interval(0, 1), "risk"),
    SymbolInfo("rhat_rho", r"\hat r(\varrho)", "empirical risk of a model drawn from the posterior", NONNEGATIVE, "risk"),
    SymbolInfo("mu_bet", r"\mu_h", "largest mean at which a mixture of bets on the scores wins less than 1/delta", Interval(0, 1), "risk"),
    SymbolInfo("u_test", r"u_h", "largest rate that the hold-out rows do not reject", Interval(0, 1), "risk"),
    SymbolInfo("r_mix", r"r_W", "risk at the declared mix of class pairs", Interval(0, 1), "quantity"),
    SymbolInfo("r_gallery", r"r_g", "risk of a new row against the stored rows", NONNEGATIVE, "quantity"),
    SymbolInfo("r_rho", r"r(\varrho)", "population risk of a model drawn from the posterior", NONNEGATIVE, "quantity"),
    SymbolInfo("r_new", r"r(f_{\rm new})", "population risk of the model that is returned after new rows were collected", NONNEGATIVE, "quantity"),
    SymbolInfo("fmr", r"\mathrm{FMR}", "false-match rate: share of the different pairs with D <= t", Interval(0, 1), "quantity"),
    SymbolInfo("fnmr", r"\mathrm{FNMR}", "false-non-match rate: share of the same pairs with D >= t", Interval(0, 1), "quantity"),
    SymbolInfo("fdr", r"(1-\mathrm{precision})", "share of different pairs among those with D <= t", Interval(0, 1), "quantity"),
    SymbolInfo("miss_order", r"P(D_{\rm same}\ge D_{\rm different})", "1 - AUC of pairs, ties counted as errors", Interval(0, 1), "quantity"),
    SymbolInfo("a_match", r"(1-\kappa r/C)", "factor of one independent pair", Interval.Lopen(0, 1), "quantity"),
    SymbolInfo("E_match", r"\mathbb E\,h", "expectation of the matching mean", Interval.Lopen(0, 1), "quantity"),
    SymbolInfo("perm_S", r"\operatorname{perm}S", "permanent of a doubly stochastic matrix", POSITIVE, "quantity"),
    SymbolInfo("E_weighted", r"\mathbb E e^{-\lambda\sum w q}", "exponential moment of a weighted sum over pairs", Interval.Lopen(0, 1), "quantity"),
    # works of Table 1
    SymbolInfo("order", "k", "order of a U-statistic: number of examples that its kernel takes", _integers(2), "sample"),
    SymbolInfo("n_t", r"n_t", "number of independent triplets", _integers(1), "sample"),
    SymbolInfo("n_u", r"n_u", "number of unlabelled pairs of modalities", _integers(1), "sample"),
    SymbolInfo("m_L", r"m_L", "number of landmarks of the other modality", _integers(1), "sample"),
    SymbolInfo("d_L", r"d_L", "number of landmark pairs", _integers(1), "sample"),
    SymbolInfo("tau_c", r"\tau_c", "collision probability: that two classes drawn at random are the same", Interval.Ropen(0, 1), "approximation"),
    SymbolInfo("eps_X", r"\varepsilon_X", "what Z adds to X in predicting Y: E(E[Y|X]-E[Y|X,Z])^2", NONNEGATIVE, "approximation"),
    SymbolInfo("eps_Z", r"\varepsilon_Z", "what X adds to Z in predicting Y: E(E[Y|Z]-E[Y|X,Z])^2", NONNEGATIVE, "approximation"),
    SymbolInfo("eps_lm", r"\varepsilon_{\rm lm}", "squared error of representing mu(X) by landmarks", NONNEGATIVE, "approximation"),
    SymbolInfo("eps_info", r"\varepsilon_{\rm info}", "information in nats that X has about the task beyond the other modality: I(X;T|S)", NONNEGATIVE, "approximation"),
    SymbolInfo("eps_CI", r"\varepsilon_{\rm CI}", "distance from conditional independence given the label: root of E||psi(X1)-A E[Y|X1]||^2", NONNEGATIVE, "approximation"),
    SymbolInfo("conn", r"\kappa_{xy}", "connection: smallest expected distance of a predicted from the true second modality", NONNEGATIVE, "approximation"),
    SymbolInfo("s_k", r"s_k", "smallest singular value of the matrix of the classes' means of X2", POSITIVE, "approximation"),
    SymbolInfo("s_r", r"s_r", "smallest singular value, not 0, of the cross-covariance", POSITIVE, "approximation"),
    SymbolInfo("gmax", r"g_{\max}", "largest density ratio p(x,z)/(p(x)p(z)), true or learnt", NONNEGATIVE, "approximation"),
    SymbolInfo("gamma_K", r"\gamma_K", "margin of a good similarity", POSITIVE, "loss"),
    # intermediates of proofs
    SymbolInfo("c", "c", "range of the pair functions under a supremum", NONNEGATIVE, "quantity", "fixed"),
    SymbolInfo("c_claim", r"c_0", "the unnamed positive constant of the source's claim", POSITIVE, "quantity", "fixed"),
    SymbolInfo("rho_A", r"\rho_A", "largest Euclidean norm of a vector of the finite set A", NONNEGATIVE, "quantity", "fixed"),
    SymbolInfo("card_A", r"|A|", "number of vectors of the finite set A", _integers(1), "quantity", "fixed"),
    SymbolInfo("Rad_A", r"\mathfrak R(A)", "Rademacher average of the finite set A", NONNEGATIVE, "quantity"),
    SymbolInfo("Rad_loss", r"\mathfrak R_m(\ell\circ\mathcal F)", "Rademacher complexity of the loss class over m independent pairs", NONNEGATIVE, "quantity"),
    SymbolInfo("Rad_metric", r"\mathfrak R^{\circ}_{\mathcal M}", "complexity of the metric class without the threshold's share", NONNEGATIVE, "quantity"),
    SymbolInfo("Rad_threshold", r"\mathfrak R_m([t_{\min},t_{\max}])", "threshold's share of the complexity", NONNEGATIVE, "quantity"),
    SymbolInfo("E_psi_U", r"\mathbb E\,\psi(\sup_\tau U_n(q_\tau))", "expectation of psi of the supremum of the U-statistics", REAL, "quantity"),
    SymbolInfo("E_psi_m", r"\mathbb E\,\psi(\sup_\tau\tfrac1m\sum_i q_\tau(Z_i,Z_{m+i}))", "expectation of psi of the supremum over m independent pairs", REAL, "quantity"),
    SymbolInfo("Phi_n", r"\Phi_n", "supremum over the class of an average over all pairs", REAL, "quantity"),
    SymbolInfo("EPhi_m", r"\mathbb E\,\Phi_m", "expectation of the supremum over m independent pairs", REAL, "quantity"),
    SymbolInfo("Edev_n", r"\mathbb E\sup_f(r-\hat r)(f)", "expected largest one-sided deviation, all pairs", NONNEGATIVE, "quantity"),
    SymbolInfo("Edev_m", r"\mathbb E\sup_f(r(f)-\tfrac1m\sum_i\ell_f(Z_i,Z_{m+i}))", "expected largest one-sided deviation over m independent pairs", NONNEGATIVE, "quantity"),
    SymbolInfo("Edev_plus", r"\mathbb E\sup_f(\hat r-r)(f)", "expected largest one-sided deviation of the other sign, m independent pairs", NONNEGATIVE, "quantity"),
    SymbolInfo("dev_f", r"(r-\hat r)(f_0)", "deviation of one fixed f_0 (one side)", REAL, "quantity"),
    SymbolInfo("var_f", r"\sigma^2(f_0)", "variance of one term of a fixed f_0", POSITIVE, "quantity", "fixed"),
    SymbolInfo("dev_minus", r"\sup_f(r-\hat r)(f)", "largest deviation of population over empirical risk", NONNEGATIVE, "quantity"),
    SymbolInfo("dev_plus", r"\sup_f(\hat r-r)(f)", "largest deviation of empirical over population risk", NONNEGATIVE, "quantity"),
    SymbolInfo("err_M", r"P(sf\le 0)", "pair error: probability that the sign of f disagrees with the pair's label", Interval(0, 1), "quantity"),
    SymbolInfo("err_weighted", r"\mathbb E\,\omega_s 1[sf\le 0]", "pair error with the pair weights", NONNEGATIVE, "quantity"),
    SymbolInfo("err_match", r"[\omega_+P(f(x^a,x^b)\le0)+\omega_-P(f(x^a,x'^b)\ge0)]", "match error: weighted probabilities that a matched pair is missed and that an unmatched one is taken for a match", NONNEGATIVE, "quantity"),
    SymbolInfo("r_match", r"r_{\rm match}", "population match risk", NONNEGATIVE, "quantity"),
    SymbolInfo("r_0", r"r(f_0)", "population risk of a fixed f_0", NONNEGATIVE, "quantity"),
    SymbolInfo("rhat_0", r"\hat r(f_0)", "empirical risk of f_0 on the planned sample", NONNEGATIVE, "quantity"),
    SymbolInfo("r_future", r"r(\hat f_n)", "population risk of the ERM on the planned sample", NONNEGATIVE, "quantity"),
    SymbolInfo("n_nonpositive", r"n_{\gamma\le 0}", "sample size from which gamma <= 0", POSITIVE, "quantity"),
    SymbolInfo("distance", r"D_A(x,x')", "squared Mahalanobis pseudo-distance (x-x')^T A (x-x')", NONNEGATIVE, "quantity"),
    SymbolInfo("lam", r"\lambda", "free parameter of an exponential-moment argument", POSITIVE, "quantity", "fixed", free=True),
    SymbolInfo("Phi_m", r"\Phi_m", "supremum over the class of an average over m independent terms", REAL, "quantity"),
    SymbolInfo("S_frobenius", r"\tfrac1m\mathbb E\|\sum_i\sigma_iu_iu_i^\top\|_F", "expected Frobenius norm of the signed second moment", NONNEGATIVE, "quantity"),
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

#: Groups of symbols that mean the same whatever the subset (what is named in SUBSET_NAMES changes all the same).
SHARED_GROUPS = frozenset({"sample", "confidence", "loss", "metric"})

#: Names of quantities that stand for any other of their kind: a statement on them may be applied to one with another name.
GENERAL = frozenset({"Phi_n", "Phi_m", "Phi_f", "E_psi_U", "Rad_A", "E_tail", "size", "S_most"})


@dataclass(frozen=True)
class Constraint:
    """A relation between symbols: ``lower <= upper`` (or ``<`` when strict)."""

    lower: sympy.Expr
    upper: sympy.Expr
    strict: bool = False

    def __post_init__(self) -> None:
        for side in ("lower", "upper"):
            value = getattr(self, side)
            if isinstance(value, str) or isinstance(value, bool):
                raise InvalidInputError(
                    f"{side} = {value!r} must be a number or a SymPy expression", context="Constraint"
                )
            object.__setattr__(self, side, sympy.sympify(value))

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
    *(_at_most(risk, "C") for risk in ("r_M", "r_N", "rhat_M", "rhat_N", "rhat_0", "rhat_holdout", "rhat_rho")),
)


def info(name: str | sympy.Symbol) -> SymbolInfo:
    """Return what is known of a symbol.

    Parameters
    ----------
    name : str or sympy.Symbol

    Returns
    -------
    SymbolInfo
        Name, LaTeX, meaning, domain, group and role.

    Raises
    ------
    KeyError
        If it is not in the vocabulary.
    """
    return VOCABULARY[str(name)]


def known(symbol: sympy.Symbol) -> SymbolInfo | None:
    """Return what is known of a symbol: its own description, the vocabulary's, or None.

    Parameters
    ----------
    symbol : sympy.Symbol
    """
    if isinstance(symbol, _Described):
        return symbol.info
    entry = VOCABULARY.get(symbol.name)
    return entry if entry is not None and entry.symbol == symbol else None


def role_of(symbol: sympy.Symbol) -> str:
    """Return the role of a symbol, nothing of one that was not described.

    Parameters
    ----------
    symbol : sympy.Symbol
    """
    entry = known(symbol)
    return "" if entry is None else entry.role


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
