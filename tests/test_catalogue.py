"""The catalogue: folder and registry agree, keys and forms are there, values equal an independent implementation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import boundcalc as bc
from boundcalc import catalogue
from boundcalc.errors import InvalidInputError
from boundcalc.theorems import Provenance, Status

FORMS = {
    "lemmas.decoupling": ("sharp", "deviation"),
    "lemmas.two_sample": ("sharp", "fixed"),
    "zhou2026.decoupled_deviation": ("sharp",),
    "lemmas.symmetrisation": ("sharp", "absolute"),
    "lemmas.union_bound": ("sharp", "equal"),
    "lemmas.finite_class": ("sharp", "occam", "kl", "matching"),
    "lemmas.sauer": ("sharp", "rademacher"),
    "lemmas.bennett": ("sharp",),
    "lemmas.bernstein": ("sharp",),
    "lemmas.empirical_bernstein": ("sharp", "paper"),
    "lemmas.freedman": ("sharp",),
    "lemmas.mcdiarmid": ("sharp",),
    "lemmas.tail_to_mean": ("sharp", "exponential", "markov"),
    "lemmas.change_of_measure": ("sharp",),
    "lemmas.pac_bayes": ("kl", "mcallester", "catoni"),
    "lemmas.covering": ("sharp",),
    "lemmas.dudley": ("sharp", "integral"),
    "lemmas.vector_contraction": ("sharp",),
    "lemmas.peeling": ("sharp",),
    "lemmas.contraction": ("sharp",),
    "lemmas.bounded_differences": ("sharp", "direct", "independent"),
    "lemmas.hoeffding_u": ("sharp",),
    "lemmas.chernoff_u": ("sharp", "kl"),
    "lemmas.massart": ("sharp",),
    "lemmas.spectral": ("sharp",),
    "zhou2026.hierarchy": ("sharp", "paper"),
    "zhou2026.uniform_deviation": ("sharp",),
    "zhou2026.margin": ("sharp", "weighted"),
    "zhou2026.risk_gap": ("sharp", "paper"),
    "zhou2026.latent_quality": ("sharp", "paper"),
    "zhou2026.metric_complexity": ("sharp", "paper", "data", "kappa", "self_bounding", "monte_carlo"),
    "zhou2026.monotone_risk": ("sharp",),
    "zhou2026.risk_reduction": ("sharp", "upper", "population", "paper"),
    "zhou2026.nonpositive_gap": ("sharp",),
    "zhou2026.fixed_model": ("sharp", "relative"),
    "zhou2026.ex_ante": ("sharp", "relative", "pair_error"),
    "zhou2026.latent_encoders": ("sharp", "data"),
    "zhou2026.match_error": ("sharp", "uniform", "fixed"),
    "huang2021.risk_gap": ("paper", "sharp"),
    "huang2021.latent_quality": ("paper", "sharp"),
    "lemmas.matching": ("sharp", "rows"),
    "lemmas.permanent": ("sharp", "transport"),
    "lemmas.finner": ("sharp",),
    "certificates.transport": ("sharp", "closed", "kl", "hoeffding"),
    "certificates.gain": ("sharp",),
    "certificates.mix": ("sharp", "kl"),
    "certificates.gallery": ("sharp",),
    "certificates.error_rates": ("sharp", "fnmr", "precision", "auc"),
    "certificates.occam": ("sharp", "kl"),
    "certificates.cover": ("sharp",),
    "certificates.pac_bayes": ("kl", "transport"),
    "certificates.replace": ("sharp",),
    "certificates.anytime": ("sharp",),
    "huang2021.extra_modality": ("sharp", "paper"),
    "huang2021.simulation": ("sharp",),
    "weinberger2005.triplets": ("sharp", "fixed"),
    "ying2009.chaos": ("sharp", "finite"),
    "ying2009.bandwidth": ("sharp", "modalities"),
    "kar2011.landmarks": ("sharp", "data"),
    "perrot2015.on_average": ("sharp", "paper"),
    "huusari2018.pointwise": ("paper",),
    "saunshi2019.mean_classifier": ("sharp", "pac_bayes"),
    "tsai2020.bayes_error": ("sharp", "paper", "information"),
    "zolfaghari2021.contrastive": ("sharp",),
    "tosh2021.redundancy": ("sharp", "paper"),
    "tosh2021.landmarks": ("sharp", "paper", "markov"),
    "tosh2021.direct": ("paper",),
    "lee2021.approximation": ("sharp", "downstream"),
    "lu2023.two_stage": ("sharp",),
    "nakada2023.feature_recovery": ("sharp", "data"),
}
#: Statements about tuples of up to four rows need as many rows.
TUPLES = {"lemmas.decoupling", "kar2011.landmarks", "weinberger2005.triplets", "zolfaghari2021.contrastive"}
#: A sample variance needs two terms, and Sauer's lemma as many points as the dimension.
TERMS = {"lemmas.sauer", "lemmas.empirical_bernstein"}


def test_registry_and_folder_agree():
    root = Path(catalogue.__file__).parent
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.glob("*/*.py")
        if path.stem != "__init__"
    }
    assert files == set(catalogue)
    assert all(entry.key == key for key, entry in catalogue.items())


def test_every_key_and_form_is_there():
    assert {key: entry.forms for key, entry in catalogue.items() if key in FORMS} == FORMS


@pytest.mark.parametrize("key", list(catalogue))
def test_every_entry_says_what_a_reader_needs(key):
    entry = catalogue[key]
    assert entry.claim
    assert entry.quantity
    assert entry.assumptions
    assert str(entry.source)
    for name in entry.forms:
        form = entry.form(name)
        assert form.provenance in Provenance
        assert form.status in Status
        assert all(step.because for step in form.derivation.steps)
        bound = entry.bound(name)
        assert bound.to_latex()
        assert bc.Bound.from_json(bound.to_json()) == bound


def test_catalogue_is_a_mapping_in_reading_order():
    assert next(iter(catalogue)) == "lemmas.decoupling"
    assert catalogue.get("nothing") is None
    assert "zhou2026.margin" in catalogue


@pytest.mark.parametrize(
    ("number", "key"),
    [
        ("Theorem 3.13", "zhou2026.risk_gap"),
        ("theorem 3.8", "zhou2026.hierarchy"),
        ("Lemma 3.11", "lemmas.decoupling"),
        ("Theorem 1", "huang2021.risk_gap"),
        ("3.13", "zhou2026.risk_gap"),
        (" 3.8", "zhou2026.hierarchy"),
        ("2", "huang2021.latent_quality"),
    ],
)
def test_theorems_are_found_by_number(number, key):
    assert bc.theorem(number).key == key


@pytest.mark.parametrize(
    ("number", "meant"),
    [("Theorem 3.31", "Theorem 3.13"), ("3.31", "3.13"), ("Teorem 3.18", "Theorem 3.18"), ("Lemma 3.51", "Lemma 3.15")],
)
def test_a_misspelt_number_is_answered_with_the_nearest(number, meant):
    with pytest.raises(InvalidInputError, match=rf"no theorem '{number}', did you mean '{meant}'\?"):
        bc.theorem(number)


def test_a_word_of_a_number_is_no_number():
    with pytest.raises(InvalidInputError, match="no theorem 'remark'"):
        bc.theorem("remark")


def test_a_number_that_several_have_is_not_guessed(monkeypatch):
    first = bc.theorem("Theorem 3.13")
    second = replace(first, number="Lemma 3.13")
    monkeypatch.setattr(catalogue, "REGISTRY", {"one": first, "two": second})
    monkeypatch.setattr("boundcalc.stored.stored_list", lambda: None)  # it knows the keys of the catalogue alone
    with pytest.raises(InvalidInputError, match=r"'3\.13' is ambiguous: give one of Theorem 3\.13, Lemma 3\.13"):
        bc.theorem("3.13")
    assert bc.theorem("Lemma 3.13") is second


def test_a_misspelt_key_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"did you mean 'zhou2026\.risk_gap'"):
        bc.theorem("zhou2026.risk_gp")
    with pytest.raises(ValueError, match="has sharp, paper"):
        bc.theorem("zhou2026.risk_gap").bound("sharpp")


def reference(key: str, form: str, v: dict[str, float]) -> float:
    """Return the bound by hand: the formulas of the paper written once more, in plain floats."""
    sqrt, log = math.sqrt, math.log
    m, x = v["n"] // 2, log(1 / v["delta"])
    x2 = x + log(2)
    lam, tau = v["lam_max"] - v["lam_min"], v["t_max"] - v["t_min"]
    conf = 2 * v["C"] * sqrt(x / (2 * m))
    share = tau / (2 * sqrt(m))
    w0 = lam * v["B"] ** 2 / 2

    def relative(rate: float, risk: float) -> float:
        shift = v["C"] * rate
        return min(v["C"] * sqrt(rate / 2), 2 * shift / 3 + sqrt((2 * shift / 3) ** 2 + 2 * shift * risk))

    def transport(span: float, delta: float, value: float) -> float:
        return span / v["kappa"] * (1 - delta ** (2 / v["n_h"]) * math.exp(-value))

    def by_root(q: float, a: float) -> float:
        """Return the p >= q with kl(q, p) = a, by bisection on the definition."""
        low, high = q, 1.0
        for _ in range(200):
            p = (low + high) / 2
            gap = (q * log(q / p) if q else 0) + ((1 - q) * log((1 - q) / (1 - p)) if p < 1 else math.inf)
            low, high = (p, high) if gap <= a else (low, p)
        return low

    def triplets(seen: float, far: float, blocks: int) -> float:
        complexity = far * (v["w_pull"] + sqrt(2) * v["w_push"]) / sqrt(blocks)
        return seen + 2 * complexity + (v["w_pull"] * far + v["w_push"] * (1 + far)) * sqrt(x / (2 * blocks))

    def finite(kernels: int) -> float:
        power = max(2.0, log(kernels))
        return kernels ** (1 / power) * (power - 1)

    def crossed(logit: float) -> float:
        return log(1 + (v["order"] - 1) * (1 + v["w_intra"]) * math.exp(2 * logit))

    def bernstein(level: float) -> float:
        large = 2 * v["B_a"] * v["B_b"] * level / (3 * v["n"])
        return sqrt(large**2 + 2 * v["v"] * level / v["n"]) + large

    def recovered(level: float) -> float:
        t, signal = bernstein(level), (1 - v["p_mis"]) * v["s_r"]
        return sqrt(v["r"]) * (min(1, t / (signal - t)) if signal > t else 1)

    formulas = {
        ("zhou2026.uniform_deviation", "sharp"): lambda: v["rhat_M"] + 2 * v["L"] * v["R_M"] + conf / 2,
        ("zhou2026.margin", "sharp"): lambda: v["rhat_ramp"] + 2 / v["rho"] * v["R_M"] + sqrt(x / (2 * m)),
        ("zhou2026.margin", "weighted"): lambda: v["rhat_ramp_w"] + 2 * max(v["omega_pos"], v["omega_neg"]) / v["rho"]
        * v["R_M"] + max(v["omega_pos"], v["omega_neg"]) * sqrt(x / (2 * m)),
        ("zhou2026.risk_gap", "sharp"): lambda: v["gamma"] + 4 * v["L"] * v["R_M"] + conf + v["eps_opt"],
        ("zhou2026.risk_gap", "paper"): lambda: v["gamma"] + 8 * v["L"] * v["R_M"] + 4 * v["C"] / sqrt(m)
        + 2 * v["C"] * sqrt(2 * log(2 / v["delta"]) / v["n"]),
        ("zhou2026.latent_quality", "sharp"): lambda: 2 * v["L"] * v["R_M"] + conf + v["Lhat_M"],
        ("zhou2026.latent_quality", "paper"): lambda: 4 * v["L"] * (v["R_M"] + v["R_full"])
        + 6 * v["C"] * sqrt(2 * log(2 / v["delta"]) / v["n"]) + v["Lhat_M"],
        ("zhou2026.metric_complexity", "sharp"): lambda: w0 * min(1, sqrt(v["g_M"] / m)) + share,
        ("zhou2026.metric_complexity", "paper"): lambda: w0 * sqrt(2 * v["g_M"] * log(v["p"]) / m) + share,
        ("zhou2026.metric_complexity", "data"): lambda: v["Rhat"] + w0 * sqrt(x / (2 * m)),
        ("zhou2026.metric_complexity", "kappa"): lambda: v["kappa_M"] / sqrt(m),
        ("zhou2026.metric_complexity", "self_bounding"): lambda: v["Rhat_metric"]
        + (w0 / m) * (x + sqrt(x * x + 2 * x * m * v["Rhat_metric"] / w0)) + share,
        ("zhou2026.metric_complexity", "monte_carlo"): lambda: v["Rhat_mc"] + share
        + v["W"] * sqrt(log(2 / v["delta"]) / (2 * v["S"])) + w0 * sqrt(log(2 / v["delta"]) / (2 * m)),
        ("zhou2026.risk_reduction", "sharp"): lambda: v["Delta"] - 2 * v["L"] * v["R_N"] - conf - v["eps_opt_M"],
        ("zhou2026.risk_reduction", "upper"): lambda: v["Delta"] + 2 * v["L"] * v["R_M"] + conf + v["eps_opt_N"],
        ("zhou2026.risk_reduction", "population"): lambda: v["Delta"] - 2 * v["L"] * v["R_M"] - conf - v["eps_opt_M"],
        ("zhou2026.ex_ante", "sharp"): lambda: v["rhat_holdout"]
        + v["C"] * sqrt(log(3 * v["J"] / v["delta"]) / (2 * (v["n_h"] // 2))) + 2 * v["L"] * v["kappa_M"] / sqrt(m)
        + 2 * v["C"] * sqrt(log(3 / v["delta"]) / (2 * m)) + v["eps_opt"],
        ("zhou2026.ex_ante", "relative"): lambda: v["rhat_holdout"]
        + relative(log(3 * v["J"] / v["delta"]) / (v["n_h"] // 2), v["rhat_holdout"]) + 2 * v["L"] * v["kappa_M"]
        / sqrt(m) + 2 * v["C"] * sqrt(log(3 / v["delta"]) / (2 * m)) + v["eps_opt"],
        ("zhou2026.ex_ante", "pair_error"): lambda: v["rhat_holdout"]
        + relative(log(3 * v["J"] / v["delta"]) / (v["n_h"] // 2), v["rhat_holdout"]) + 2 * v["L"] * v["kappa_M"]
        / sqrt(m) + (v["L"] + v["C"]) * sqrt(log(3 / v["delta"]) / (2 * m)) + v["eps_opt"],
        ("zhou2026.latent_encoders", "sharp"): lambda: v["s"] ** 2 * v["B"] ** 2
        * min(sqrt(v["q"]), sqrt(min(v["d_M"], m)) / 2) / sqrt(m) + share,
        ("zhou2026.fixed_model", "sharp"): lambda: v["rhat_holdout"] + v["C"] * sqrt(x / (2 * (v["n_h"] // 2))),
        ("zhou2026.fixed_model", "relative"): lambda: v["rhat_holdout"] + relative(x / (v["n_h"] // 2), v["rhat_holdout"]),
        ("lemmas.chernoff_u", "sharp"): lambda: relative(x / m, v["rhat_0"]),
        ("zhou2026.match_error", "sharp"): lambda: v["rhat_match"] + (v["omega_pos"] + v["omega_neg"])
        * (2 / v["rho"] * v["R_M"] + sqrt(x / (2 * m))),
        ("zhou2026.match_error", "uniform"): lambda: v["rhat_match"] + (v["omega_pos"] + v["omega_neg"])
        * (2 * v["L"] * v["R_M"] + v["C"] * sqrt(x / (2 * m))),
        ("zhou2026.match_error", "fixed"): lambda: v["rhat_holdout"] + (v["omega_pos"] + v["omega_neg"])
        * sqrt(x / (2 * (v["n_h"] // 2))),
        ("lemmas.hoeffding_u", "sharp"): lambda: v["C"] * sqrt(x / (2 * m)),
        ("lemmas.massart", "sharp"): lambda: v["rho_A"] * sqrt(2 * log(v["card_A"])) / v["m"],
        ("lemmas.bounded_differences", "sharp"): lambda: v["EPhi_m"] + v["c"] * sqrt(x / (2 * m)),
        ("lemmas.bounded_differences", "direct"): lambda: v["EPhi_m"] + v["c"] * sqrt(2 * x / v["n"]),
        ("huang2021.risk_gap", "paper"): lambda: v["gamma"] + 8 * v["L"] * v["R_M"] + 4 * v["C"] / sqrt(v["n"])
        + 2 * v["C"] * sqrt(2 * log(2 / v["delta"]) / v["n"]),
        ("huang2021.risk_gap", "sharp"): lambda: v["gamma"] + 4 * v["L"] * v["R_M"]
        + 2 * v["C"] * sqrt(x / (2 * v["n"])) + v["eps_opt"],
        ("huang2021.latent_quality", "paper"): lambda: 4 * v["L"] * (v["R_M"] + v["R_full"])
        + 6 * v["C"] * sqrt(2 * log(2 / v["delta"]) / v["n"]) + v["Lhat_M"],
        ("huang2021.latent_quality", "sharp"): lambda: 2 * v["L"] * v["R_M"]
        + 2 * v["C"] * sqrt(x / (2 * v["n"])) + v["Lhat_M"],
        ("zhou2026.nonpositive_gap", "sharp"): lambda: 2 * max(1, math.ceil(
            ((2 * v["L"] * v["kappa_M"] + v["C"] * sqrt(2 * x)) / (v["eta_star_N"] - v["Lhat_M"])) ** 2)),
        ("zhou2026.monotone_risk", "sharp"): lambda: v["rhat_N"] + v["eps_opt_M"],
        ("lemmas.matching", "sharp"): lambda: v["C"] / v["kappa"] * (1 - (v["delta"] * v["h_match"]) ** (1 / m)),
        ("lemmas.matching", "rows"): lambda: v["C"] / v["kappa"] * (1 - (v["delta"] * v["h_match"]) ** (2 / v["n_h"])),
        ("lemmas.permanent", "sharp"): lambda: math.lgamma(m + 1) - m * log(m),
        ("lemmas.permanent", "transport"): lambda: -m * v["T_h"],
        ("lemmas.finner", "sharp"): lambda: (1 - v["r_mix"] + v["r_mix"] * math.exp(-v["lam"] * v["D_w"])) ** (1 / v["D_w"]),
        ("certificates.transport", "sharp"): lambda: transport(v["C"], v["delta"], v["T_h"]),
        ("certificates.transport", "closed"): lambda: transport(
            v["C"], v["delta"], v["cost_mean"] - v["theta"] * v["cost_spread"] + v["theta"] ** 2 * v["cost_spread"]),
        ("certificates.gain", "sharp"): lambda: v["C"] * (1 - 2 * transport(1, v["delta"], v["T_h"])),
        ("lemmas.chernoff_u", "kl"): lambda: v["C"] * by_root(v["rhat_0"] / v["C"], x / m) - v["rhat_0"],
        ("certificates.transport", "kl"): lambda: v["C"] * by_root(v["rhat_holdout"] / v["C"], 2 * x / v["n_h"]),
        ("certificates.transport", "hoeffding"): lambda: v["rhat_holdout"] + v["C"] * sqrt(x / v["n_h"]),
        ("certificates.occam", "kl"): lambda: v["C"]
        * by_root(v["rhat_holdout"] / v["C"], 2 * (x + log(v["J"])) / v["n_h"]),
        ("certificates.mix", "kl"): lambda: by_root(v["rhat_mix"], x / v["M_w"]),
        ("certificates.pac_bayes", "kl"): lambda: v["C"] * by_root(
            v["rhat_rho"] / v["C"], (v["KL"] + log(2 * sqrt(v["n_h"] // 2)) + x) / (v["n_h"] // 2)),
        ("certificates.mix", "sharp"): lambda: (1 - v["delta"] ** (1 / v["N_h"]) * math.exp(-v["T_h"])) / v["kappa"],
        ("certificates.gallery", "sharp"): lambda: v["C"] * v["mu_bet"],
        ("certificates.error_rates", "sharp"): lambda: v["u_test"],
        ("certificates.error_rates", "fnmr"): lambda: v["u_test"],
        ("certificates.error_rates", "precision"): lambda: v["u_test"],
        ("certificates.error_rates", "auc"): lambda: (1 - v["delta"] ** (1 / v["N_h"]) * math.exp(-v["T_h"])) / v["kappa"],
        ("certificates.occam", "sharp"): lambda: transport(v["C"], v["delta"] / v["J"], v["T_h"]),
        ("certificates.cover", "sharp"): lambda: transport(v["C"], v["delta"] / v["J"], v["T_h"]),
        ("certificates.pac_bayes", "transport"): lambda: transport(
            v["C"], v["delta"] * math.exp(-v["KL"]), v["T_h"]),
        ("certificates.replace", "sharp"): lambda: transport(v["C"], v["delta"] / 2, v["T_h"]),
        ("certificates.anytime", "sharp"): lambda: transport(v["C"], v["delta"], v["T_h"]),
        ("lemmas.decoupling", "deviation"): lambda: v["EPhi_m"] + v["c"] * sqrt(x / (2 * (v["n"] // v["order"]))),
        ("lemmas.two_sample", "sharp"): lambda: v["EPhi_m"] + v["c"] * sqrt(x / (2 * min(v["n_pos"], v["n_neg"]))),
        ("lemmas.two_sample", "fixed"): lambda: v["C"] * sqrt(x / (2 * min(v["n_pos"], v["n_neg"]))),
        ("huang2021.extra_modality", "sharp"): lambda: 2 * v["L"] * v["R_M"] + 2 * v["C"] * sqrt(x / (2 * v["n"]))
        + v["Lhat_M"] - v["eta_star_N"],
        ("huang2021.extra_modality", "paper"): lambda: 0.0,
        ("huang2021.simulation", "sharp"): lambda: (1 - v["w_shared"]) ** 2 * v["missing"],
        ("weinberger2005.triplets", "sharp"): lambda: triplets(v["rhat_triplet"], v["radius"] * v["B"] ** 2, v["n"] // 3),
        ("weinberger2005.triplets", "fixed"): lambda: v["rhat_holdout"] + v["C"] * sqrt(x / (2 * (v["n_h"] // 3))),
        ("ying2009.chaos", "sharp"): lambda: v["radius"] * sqrt((2 * v["U_chaos"] + v["kap"] ** 2) / m),
        ("ying2009.chaos", "finite"): lambda: v["radius"] * v["kap"] * sqrt((1 + sqrt(2) * finite(v["kernels"])) / m),
        ("ying2009.bandwidth", "sharp"): lambda: sqrt(2 / (math.pi * m)),
        ("ying2009.bandwidth", "modalities"): lambda: sqrt(2 / m)
        * (sqrt(log(2 * v["K"])) + 1 / (2 * sqrt(log(2 * v["K"])))),
        ("kar2011.landmarks", "sharp"): lambda: v["eps_good"]
        + math.exp(-v["d_L"] * v["gamma_K"] ** 2 / (8 * v["B_w"] ** 2)) / v["delta"],
        ("kar2011.landmarks", "data"): lambda: (v["rhat_holdout"] + (v["gamma_K"] + v["room"] + v["B_w"])
        * sqrt(log(2 / v["delta"]) / (2 * (v["n_h"] // 3)))) / v["room"]
        + 2 * math.exp(-v["d_L"] * v["gamma_K"] ** 2 / (8 * v["B_w"] ** 2)) / v["delta"],
        ("perrot2015.on_average", "sharp"): lambda: v["r_source"] + 4 * v["L"] ** 2 * v["B"] ** 4 / (v["mu"] * v["n"]),
        ("perrot2015.on_average", "paper"): lambda: v["r_source"] + 8 * v["L"] ** 2 * v["B"] ** 4 / (v["mu"] * v["n"]),
        ("huusari2018.pointwise", "paper"): lambda: v["beta_u"] * sqrt(v["alpha_A"] * v["q_views"]) / v["n"],
        ("saunshi2019.mean_classifier", "sharp"): lambda: (v["Lhat_un"]
        + 4 * v["s"] ** 2 * v["B_x"] ** 2 * sqrt(v["q"]) / sqrt(v["n_t"])
        + (1 + 2 * v["s"] ** 2 * v["B_x"] ** 2) * sqrt(x / (2 * v["n_t"])) - v["tau_c"]) / (1 - v["tau_c"]),
        ("saunshi2019.mean_classifier", "pac_bayes"): lambda: (
            v["B_l"] * -math.expm1(-v["lam"] / v["B_l"] * v["Lhat_un"] - (v["KL"] + x) / v["n_t"])
            / -math.expm1(-v["lam"]) - v["tau_c"]) / (1 - v["tau_c"]),
        ("tsai2020.bayes_error", "sharp"): lambda: 1 - math.exp(
            v["P_sup"] * log(v["P_sup"]) + (1 - v["P_sup"]) * log(1 - v["P_sup"])
            - v["P_sup"] * log(v["labels"] - 1) - v["eps_info"]),
        ("tsai2020.bayes_error", "paper"): lambda: 1 - math.exp(
            -log(2) - v["P_sup"] * log(v["labels"]) - v["eps_info"]),
        ("tsai2020.bayes_error", "information"): lambda: v["H_X"] + v["eps_info"],
        ("zolfaghari2021.contrastive", "sharp"): lambda: v["rhat_holdout"] + (
            crossed(1 / v["temperature"]) - crossed(-1 / v["temperature"])) * sqrt(x / (2 * (v["n_h"] // v["order"]))),
        ("tosh2021.redundancy", "sharp"): lambda: v["eps_X"] + v["eps_Z"],
        ("tosh2021.redundancy", "paper"): lambda: (sqrt(v["eps_X"]) + sqrt(v["eps_Z"])) ** 2,
        ("tosh2021.landmarks", "sharp"): lambda: v["eps_X"] + (
            sqrt(v["eps_Z"]) + sqrt(2 * v["V"] / (v["m_L"] // math.ceil(math.log2(1 / v["delta"]))))) ** 2,
        ("tosh2021.landmarks", "markov"): lambda: v["eps_X"] + (
            sqrt(v["eps_Z"]) + sqrt(v["V"] / (v["m_L"] * v["delta"]))) ** 2,
        ("tosh2021.landmarks", "paper"): lambda: (sqrt(v["eps_mu"]) + sqrt(
            2 * v["V"] / math.floor(v["m_L"] / max(1.0, math.log2(1 / v["delta"]))))) ** 2,
        ("tosh2021.direct", "paper"): lambda: v["Y_square"] * (1 + v["gmax"]) ** 4 * v["eps_opt"],
        ("lee2021.approximation", "sharp"): lambda: (v["eps_CI"] / v["s_k"]) ** 2,
        ("lee2021.approximation", "downstream"): lambda: (v["eps_CI"] / v["s_k"]) ** 2 + v["eps_opt"]
        + 2 * v["L"] * v["radius"] * v["B_psi"] / sqrt(v["n_2"]) + 2 * v["C"] * sqrt(x / (2 * v["n_2"])),
        ("lu2023.two_stage", "sharp"): lambda: 2 * v["L"] * v["R_H"]
        + 2 * v["C"] * sqrt(log(2 / v["delta"]) / (2 * v["n"])) + v["L"] * v["Lam_y"] * (
            v["conn"] + 2 * v["R_G"] + 2 * v["D_y"] * sqrt(log(2 / v["delta"]) / (2 * v["n_u"]))),
        ("lemmas.symmetrisation", "absolute"): lambda: 2 * v["Rad_abs"],
        ("lemmas.union_bound", "sharp"): lambda: v["P_sum"],
        ("lemmas.union_bound", "equal"): lambda: v["J"] * v["P_most"],
        ("lemmas.finite_class", "sharp"): lambda: v["C"] * sqrt(log(v["J"] / v["delta"]) / (2 * v["m"])),
        ("lemmas.finite_class", "occam"): lambda: v["C"] * sqrt((x - log(v["prior_f"])) / (2 * v["m"])),
        ("lemmas.finite_class", "kl"): lambda: v["C"] * by_root(v["rhat_holdout"] / v["C"], (x + log(v["J"])) / v["M_w"]),
        ("lemmas.finite_class", "matching"): lambda: v["C"] / v["kappa"]
        * (1 - (v["delta"] * v["h_match"] / v["J"]) ** (2 / v["n_h"])),
        ("lemmas.sauer", "sharp"): lambda: math.exp(v["d_vc"] * (1 + log(v["m"] / v["d_vc"]))),
        ("lemmas.sauer", "rademacher"): lambda: sqrt(2 * v["d_vc"] * (1 + log(v["m"] / v["d_vc"])) / v["m"]),
        ("lemmas.bennett", "sharp"): lambda: x / v["lam"] + v["var_f"] * v["m"] / (v["lam"] * v["C"] ** 2)
        * (math.expm1(v["lam"] * v["C"] / v["m"]) - v["lam"] * v["C"] / v["m"]),
        ("lemmas.bernstein", "sharp"): lambda: sqrt(2 * v["var_f"] * x / v["m"]) + v["C"] * x / (3 * v["m"]),
        ("lemmas.empirical_bernstein", "sharp"): lambda: v["C"] * x2 / (3 * v["m"])
        + sqrt(2 * x2 / v["m"]) * (sqrt(v["var_hat"]) + v["C"] * sqrt(2 * x2 / (v["m"] - 1))),
        ("lemmas.empirical_bernstein", "paper"): lambda: sqrt(2 * v["var_hat"] * x2 / v["m"])
        + 7 * v["C"] * x2 / (3 * (v["m"] - 1)),
        ("lemmas.freedman", "sharp"): lambda: sqrt(2 * v["v_most"] * x) + v["C"] * x / 3,
        ("lemmas.mcdiarmid", "sharp"): lambda: v["EPhi_f"] + sqrt(v["c_squares"] * x / 2),
        ("lemmas.tail_to_mean", "sharp"): lambda: v["a_tail"] + v["b_tail"] * sqrt(math.pi) / 2,
        ("lemmas.tail_to_mean", "exponential"): lambda: v["a_tail"] + v["b_slow"],
        ("lemmas.tail_to_mean", "markov"): lambda: v["E_size"] / v["delta"],
        ("lemmas.change_of_measure", "sharp"): lambda: v["KL"] + v["log_prior"],
        ("lemmas.pac_bayes", "kl"): lambda: v["C"] * by_root(
            v["rhat_rho"] / v["C"], (v["KL"] + x + log(2 * sqrt(v["m"]))) / v["m"]),
        ("lemmas.pac_bayes", "mcallester"): lambda: v["rhat_rho"]
        + v["C"] * sqrt((v["KL"] + x + log(2 * sqrt(v["m"]))) / (2 * v["m"])),
        ("lemmas.pac_bayes", "catoni"): lambda: v["C"] * math.expm1(
            -v["lam"] * v["rhat_rho"] / v["C"] - (v["KL"] + x) / v["m"]) / math.expm1(-v["lam"]),
        ("lemmas.covering", "sharp"): lambda: v["eps_cover"] + v["rho_A"] * sqrt(2 * log(v["N_cover"])) / v["m"],
        ("lemmas.dudley", "sharp"): lambda: v["eps_0"] * (2.0 ** -v["levels"] + 6 * v["chain_sum"] / sqrt(v["m"])),
        ("lemmas.dudley", "integral"): lambda: v["eps_0"] / 2 ** v["levels"] + 12 * v["entropy_integral"] / sqrt(v["m"]),
        ("lemmas.vector_contraction", "sharp"): lambda: sqrt(2) * v["L"] * v["R_vec"],
        ("lemmas.peeling", "sharp"): lambda: 2 * v["a_rate"] * v["r_seen"]
        + v["c"] * sqrt((x + log(v["K_grid"])) / (2 * v["m"])),
        ("nakada2023.feature_recovery", "sharp"): lambda: recovered(log((v["d_a"] + v["d_b"]) / v["delta"])),
        ("nakada2023.feature_recovery", "data"): lambda: sqrt(v["r"])
        * min(1, bernstein(log((v["d_a"] + v["d_b"]) / v["delta"])) / v["s_hat"]),
    }  # fmt: skip
    return formulas[key, form]()


def draw(rng: np.random.Generator) -> dict[str, float]:
    """Return a random value for each symbol, inside its domain and the joint constraints."""
    c = float(rng.uniform(0.5, 3))
    d = int(rng.integers(1, 200))
    return {
        "n": int(rng.integers(2, 5000)), "n_h": int(rng.integers(2, 500)), "m": int(rng.integers(1, 500)),
        "J": int(rng.integers(1, 50)), "S": int(rng.integers(1, 100)), "delta": float(rng.uniform(0.001, 0.999)),
        "L": float(rng.uniform(0.1, 3)), "C": c, "rho": float(rng.uniform(0.05, 2)), "R_M": float(rng.uniform(0, 1)),
        "R_N": float(rng.uniform(0, 1)), "R_full": float(rng.uniform(0, 1)), "rhat_M": float(rng.uniform(0, c)),
        "rhat_N": float(rng.uniform(0, c)), "rhat_holdout": float(rng.uniform(0, c)), "rhat_0": float(rng.uniform(0, c)),
        "rhat_ramp": float(rng.uniform(0, 1)), "gamma": float(rng.normal()), "eps_opt": float(rng.uniform(0, 0.1)),
        "eps_opt_M": 0.01, "eps_opt_N": 0.02, "Delta": float(rng.uniform(0, 0.5)), "Lhat_M": float(rng.uniform(-1, 0.2)),
        "eta_star_N": float(rng.uniform(0.3, 1)), "g_M": int(rng.integers(1, d + 1)), "d_M": d, "lam_min": 0.0,
        "lam_max": float(rng.uniform(0.1, 2)), "t_min": float(rng.uniform(-1, 0)), "t_max": float(rng.uniform(0, 2)),
        "B": float(rng.uniform(0.5, 3)), "p": int(rng.integers(2, 9)), "Rhat": float(rng.uniform(0, 1)),
        "Rhat_metric": float(rng.uniform(0, 1)), "Rhat_mc": float(rng.uniform(0, 1)), "W": float(rng.uniform(0, 1)),
        "kappa_M": float(rng.uniform(0, 3)), "q": int(rng.integers(1, 40)), "s": float(rng.uniform(0.2, 2)),
        "rho_A": float(rng.uniform(0, 3)), "card_A": int(rng.integers(1, 999)), "EPhi_m": float(rng.normal()),
        "c": float(rng.uniform(0.1, 3)), "omega_pos": float(rng.uniform(0.1, 4)), "rhat_ramp_w": float(rng.uniform(0, 2)),
        "omega_neg": float(rng.uniform(0.1, 4)), "rhat_match": float(rng.uniform(0, 1)),
        "kappa": float(rng.uniform(0.01, 0.99)), "T_h": float(rng.uniform(0, 2)), "h_match": float(rng.uniform(0.01, 1)),
        "cost_mean": float(rng.uniform(0.5, 2)), "cost_spread": float(rng.uniform(0, 2)), "theta": float(rng.uniform(0, 0.5)),
        "N_h": int(rng.integers(1, 300)), "M_w": float(rng.uniform(1, 300)), "D_w": float(rng.uniform(0.01, 1)),
        "KL": float(rng.uniform(0, 5)), "mu_bet": float(rng.uniform(0, 1)), "u_test": float(rng.uniform(0, 1)),
        "order": int(rng.integers(2, 5)), "n_pos": int(rng.integers(1, 99)), "n_neg": int(rng.integers(1, 99)),
        "w_shared": float(rng.uniform(0, 1)), "missing": float(rng.uniform(0, 300)), "radius": float(rng.uniform(0.1, 3)),
        "rhat_triplet": float(rng.uniform(0, 2)), "w_pull": float(rng.uniform(0.1, 2)), "w_push": float(rng.uniform(0.1, 2)),
        "U_chaos": float(rng.uniform(0, 2)), "kap": float(rng.uniform(0.1, 2)), "kernels": int(rng.integers(1, 60)),
        "K": int(rng.integers(1, 9)), "eps_good": float(rng.uniform(0, 0.5)), "d_L": int(rng.integers(1, 2000)),
        "gamma_K": float(rng.uniform(0.1, 1)), "B_w": float(rng.uniform(0.5, 2)), "r_source": float(rng.uniform(0, 1)),
        "mu": float(rng.uniform(0.1, 2)), "beta_u": float(rng.uniform(0.1, 2)), "alpha_A": float(rng.uniform(0.1, 2)),
        "q_views": float(rng.uniform(0, 99)), "Lhat_un": float(rng.uniform(0, 2)), "B_x": float(rng.uniform(0.1, 2)),
        "n_t": int(rng.integers(1, 5000)), "tau_c": float(rng.uniform(0, 0.9)), "B_l": float(rng.uniform(1, 3)),
        "P_sup": float(rng.uniform(0.001, 0.999)), "labels": int(rng.integers(2, 20)), "eps_info": float(rng.uniform(0, 1)),
        "H_X": float(rng.uniform(0, 2)), "w_intra": float(rng.uniform(0, 1)), "temperature": float(rng.uniform(0.1, 2)),
        "eps_X": float(rng.uniform(0, 1)), "eps_Z": float(rng.uniform(0, 1)), "eps_mu": float(rng.uniform(0, 1)),
        "V": float(rng.uniform(0, 3)), "m_L": int(rng.integers(10, 999)), "Y_square": float(rng.uniform(0, 2)),
        "gmax": float(rng.uniform(0, 5)), "eps_CI": float(rng.uniform(0, 1)), "s_k": float(rng.uniform(0.1, 2)),
        "B_psi": float(rng.uniform(0.1, 2)), "n_2": int(rng.integers(1, 999)), "n_u": int(rng.integers(1, 9999)),
        "R_H": float(rng.uniform(0, 1)), "R_G": float(rng.uniform(0, 1)), "Lam_y": float(rng.uniform(0, 2)),
        "conn": float(rng.uniform(0, 1)), "D_y": float(rng.uniform(0.1, 2)), "d_a": int(rng.integers(1, 99)),
        "d_b": int(rng.integers(1, 99)), "B_a": float(rng.uniform(0.1, 2)), "B_b": float(rng.uniform(0.1, 2)),
        "v": float(rng.uniform(0.1, 2)), "r": int(rng.integers(1, 9)), "s_r": float(rng.uniform(0.1, 9)),
        "p_mis": float(rng.uniform(0, 0.99)),
        "Rad_abs": float(rng.uniform(0, 1)), "P_sum": float(rng.uniform(0, 2)), "P_most": float(rng.uniform(0, 1)),
        "prior_f": float(rng.uniform(0.001, 1)), "d_vc": int(rng.integers(1, 9)), "var_f": float(rng.uniform(0, 2)),
        "var_hat": float(rng.uniform(0, 2)), "v_most": float(rng.uniform(0, 9)), "EPhi_f": float(rng.normal()),
        "c_squares": float(rng.uniform(0, 2)), "a_tail": float(rng.normal()), "b_tail": float(rng.uniform(0.1, 2)),
        "b_slow": float(rng.uniform(0.1, 2)), "E_size": float(rng.uniform(0, 2)), "log_prior": float(rng.normal()),
        "eps_cover": float(rng.uniform(0, 1)), "N_cover": int(rng.integers(1, 99)), "eps_0": float(rng.uniform(0, 2)),
        "levels": int(rng.integers(1, 9)), "chain_sum": float(rng.uniform(0, 3)), "entropy_integral": float(rng.uniform(0, 3)),
        "R_vec": float(rng.uniform(0, 1)), "a_rate": float(rng.uniform(0, 1)), "r_seen": float(rng.uniform(0, 9)),
        "K_grid": int(rng.integers(1, 20)),
        "r_mix": float(rng.uniform(0, 1)), "rhat_mix": float(rng.uniform(0, 1)), "rhat_rho": float(rng.uniform(0, c)), "lam": float(rng.uniform(0.1, 3)),
        "s_hat": float(rng.uniform(0.1, 9)), "room": float(rng.uniform(0.1, 2)),
    }  # fmt: skip


def own(bound: bc.Bound, values: dict[str, float]) -> dict[str, float]:
    """Return the values that a bound asks for."""
    return {name: values[name] for name in bound.symbols if name in values}


COVERED = [
    (key, form)
    for key, forms in FORMS.items()
    for form in forms
    if (key, form)
    not in {
        ("lemmas.decoupling", "sharp"),
        ("zhou2026.decoupled_deviation", "sharp"),
        ("lemmas.symmetrisation", "sharp"),
        ("lemmas.contraction", "sharp"),
        ("lemmas.spectral", "sharp"),
        ("lemmas.bounded_differences", "independent"),
        ("zhou2026.hierarchy", "sharp"),
        ("zhou2026.hierarchy", "paper"),
        ("zhou2026.risk_reduction", "paper"),
        ("zhou2026.latent_encoders", "data"),
    }
]


@pytest.mark.parametrize(("key", "form"), COVERED)
def test_values_equal_an_independent_implementation(key, form):
    rng = np.random.default_rng(20260101)
    bound = bc.theorem(key).bound(form)
    for _ in range(25):
        values = draw(rng)
        values |= {name: values[name] + 2 for name in ("n", "n_h")} if key in TUPLES else {}
        values |= {"m": values["m"] + 8} if key in TERMS else {}
        assert float(bound.evaluate(**own(bound, values))) == pytest.approx(
            reference(key, form, values), rel=1e-12, abs=1e-13
        )


def test_relative_deviation_covers_the_inverse_of_the_bernoulli_divergence():
    """Beside the exact inverse of kl, by bisection in mpmath: never below it, and close to it for small risks."""
    mpmath = pytest.importorskip("mpmath")
    bound = bc.theorem("lemmas.chernoff_u").bound()
    for q, m, delta in (
        (0.0, 10, 0.05),
        (0.01, 100, 0.05),
        (0.3, 7, 0.5),
        (0.5, 1000, 0.001),
        (0.9, 50, 0.1),
        (1.0, 5, 0.1),
    ):
        rate = mpmath.log(1 / mpmath.mpf(delta)) / m

        def excess(p, q=q, rate=rate):
            head = q * mpmath.log(q / p) if q else 0
            return head + ((1 - q) * mpmath.log((1 - q) / (1 - p)) if q < 1 else 0) - rate

        exact = (
            1.0 if q == 1 else float(mpmath.findroot(excess, (q + 1e-9, 1 - 1e-12), solver="anderson", verify=False))
        )
        value = q + float(bound.evaluate(n=2 * m, delta=delta, C=1, rhat_0=q))
        assert value >= min(exact, 1) - 1e-9
        if q == 0.01:
            assert value <= 1.2 * exact


def test_sharp_is_never_above_paper():
    rng = np.random.default_rng(1)
    for key in ("zhou2026.risk_gap", "zhou2026.latent_quality", "zhou2026.metric_complexity", "huang2021.risk_gap",
                "perrot2015.on_average", "tsai2020.bayes_error", "tosh2021.redundancy"):  # fmt: skip
        entry = bc.theorem(key)
        for _ in range(50):
            values = draw(rng) | {"eps_opt": 0.0, "n": int(rng.integers(2, 20))}
            sharp, paper = (float(b.evaluate(**own(b, values))) for b in (entry.bound("sharp"), entry.bound("paper")))
            assert sharp <= paper + 1e-12


def test_refuted_claims_say_so():
    assert bc.theorem("zhou2026.risk_reduction").form("paper").status == Status.REFUTED
    assert not bc.theorem("zhou2026.risk_reduction").bound("paper").certified
    assert bc.theorem("zhou2026.hierarchy").bound("paper").relation == "<"


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("zhou2026.risk_reduction", {"n": 10, "delta": 0.1, "L": 1, "C": 1, "R_N": 0, "Delta": 0.5, "eps_opt_M": 0}),
        ("zhou2026.monotone_risk", {"rhat_N": 0.5, "eps_opt_M": 0}),
        ("zhou2026.hierarchy", {"R_M": 0.5}),
    ],
)
def test_nesting_statements_refuse_a_positive_lam_min(key, values):
    bound = bc.theorem(key).bound()
    bound.evaluate(**values, lam_min=0)
    with pytest.raises(ValueError, match="hull box"):
        bound.evaluate(**values, lam_min=0.1)


def test_the_closing_remark_is_the_smallest_n():
    quality = (
        bc.theorem("zhou2026.latent_quality")
        .bound()
        .substitute(R_M=bc.theorem("zhou2026.metric_complexity").bound("kappa"))
    )
    values = dict(delta=0.1, L=1.0, C=1.5, kappa_M=0.7, Lhat_M=0.01)
    n = int(bc.theorem("zhou2026.nonpositive_gap").bound().evaluate(**values, eta_star_N=0.2))
    assert float(quality.evaluate(n=n, **values)) <= 0.2 < float(quality.evaluate(n=n - 1, **values))
