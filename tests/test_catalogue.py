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
    "lemmas.decoupling": ("sharp",),
    "zhou2026.decoupled_deviation": ("sharp",),
    "lemmas.symmetrisation": ("sharp",),
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
}


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
        "r_mix": float(rng.uniform(0, 1)), "rhat_mix": float(rng.uniform(0, 1)), "rhat_rho": float(rng.uniform(0, c)), "lam": float(rng.uniform(0.1, 3)),
    }  # fmt: skip


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
        assert float(bound.evaluate(**values)) == pytest.approx(reference(key, form, values), rel=1e-12, abs=1e-13)


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
    for key in ("zhou2026.risk_gap", "zhou2026.latent_quality", "zhou2026.metric_complexity", "huang2021.risk_gap"):
        entry = bc.theorem(key)
        for _ in range(50):
            values = draw(rng) | {"eps_opt": 0.0, "n": int(rng.integers(2, 20))}
            assert (
                float(entry.bound("sharp").evaluate(**values)) <= float(entry.bound("paper").evaluate(**values)) + 1e-12
            )


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
