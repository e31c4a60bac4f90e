"""Coq's kernel: what it accepts counts, what it refuses never does."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import sympy
from sympy import Interval, Rational, exp, log, sqrt

import boundcalc as bc
from boundcalc.checker.report import Report, Row
from boundcalc.checker.verdict import confirmed, refuted, unsettled
from boundcalc.cli import main
from boundcalc.kernel import confirm, export, prove
from boundcalc.kernel.coqc import ALLOWED, Outcome, available, compile_file, folder
from boundcalc.kernel.exporting import Exported, finite_mathematics
from boundcalc.kernel.whole import compose
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.statements.derivation import Derivation, at_most, equal, named
from boundcalc.symbols import Constraint, m, n

x, y = sympy.symbols("x y", positive=True)
z = sympy.Symbol("z", real=True)
LEARNT = named("learning", context="any")

needs_coq = pytest.mark.skipif(not available(), reason="coqc with Interval and Coquelicot is not installed")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOUNDCALC_CACHE", str(tmp_path_factory.mktemp("kernel")))
        yield


@pytest.mark.slow
@needs_coq
def test_steps_of_the_catalogue_are_accepted(tmp_path):
    files = export(bc.theorem("certificates.mix"), tmp_path)
    assert [file.accepted for file in files] == [True, True]
    assert set(files[0].outcome.axioms) <= ALLOWED
    text = (tmp_path / "certificates_mix_sharp_step_1.v").read_text()
    assert "r_mix = (1 - a_match) / kappa" in text
    assert "Print Assumptions step." in text
    assert (tmp_path / "Boundcalc.v").exists()


SHARES = {x: Interval.open(0, 1), y: Interval.open(0, 1)}
TRUE_AND_FALSE = [
    (sqrt(x + y), "<=", sqrt(x) + sqrt(y), sqrt(x) + sqrt(y) / 2, {}),
    (2 * sqrt(x + y) * sqrt(x), "<=", 2 * x + y, 2 * x + Rational(99, 100) * y, {}),
    (log(1 + x), "<=", x, x * Rational(99, 100), {}),
    (1 + x, "<=", exp(x), exp(x) * Rational(999, 1000), {}),
    (1 / m, "<=", 3 / n, 2 / n, {}),
    (log(exp(z) + 1), "<=", abs(z) + log(2), abs(z) + log(2) - Rational(1, 100), {}),
    (log(exp(z) + 1), ">=", sympy.Max(0, z), sympy.Max(0, z) + Rational(1, 100), {}),
    ((1 + 1 / x) ** (x + 1), ">=", sympy.E, sympy.E + Rational(1, 100), {x: Interval(1, sympy.oo)}),
    (kl(x, y), ">=", 2 * (x - y) ** 2, 3 * (x - y) ** 2, SHARES),
    (kl(x, y), ">=", (x - y) ** 2 / (2 * sympy.Max(x, y)), (x - y) ** 2 / sympy.Max(x, y), SHARES),
    (log(1 - x + x * exp(z)), "<=", x * z + z**2 / 8, x * z + z**2 / 9, {x: Interval.open(0, 1)}),
    (exp((x + y) / 2), "<=", (exp(x) + exp(y)) / 2, (exp(x) + exp(y)) / 3, {}),
    (kl_inverse(x, y), "<=", x + sqrt(2 * y) / 2, x + sqrt(y) / 2, {x: Interval.open(0, 1)}),
    (sqrt(log(2 / x)), "<=", sqrt(2) * sqrt(log(1 / x)), sqrt(log(1 / x)), {x: Interval.Lopen(0, Rational(1, 2))}),
    ((x + y) * log((x + y) / (m + n)), "<=", x * log(x / m) + y * log(y / n), x * log(x / m) + y * log(y / n) / 2, {}),
]


@needs_coq
def test_a_true_claim_is_accepted_and_its_false_twin_refused():
    assert prove(x, "<=", 2 * x, seconds=60).accepted
    twin = prove(2 * x, "<=", x, seconds=60)
    assert (twin.accepted, twin.refuted) == (False, True)
    assert "~ (forall (x : R)," in twin.text


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize(("lhs", "relation", "rhs", "twin", "domain"), TRUE_AND_FALSE)
def test_true_claims_are_accepted_and_their_false_twins_refused(lhs, relation, rhs, twin, domain):
    assert prove(lhs, relation, rhs, domain=domain, seconds=120).accepted
    assert not prove(lhs, relation, twin, domain=domain, seconds=20).accepted


@pytest.mark.slow
@needs_coq
def test_what_is_not_defined_everywhere_is_refused():
    """Coq's root of a negative number is some number, so the comparison is proved; but it is not the page's."""
    root = prove(sqrt(z - 2), "<=", sqrt(z - 2) + 1, domain={z: Interval(0, 3)}, seconds=60)
    assert not root.accepted
    assert "both sides are defined" in root.outcome.reason
    assert prove(sqrt(z - 2), "<=", sqrt(z - 2) + 1, domain={z: Interval(2, 3)}, seconds=60).accepted


@needs_coq
@pytest.mark.parametrize("proof", ["Admitted.", "Axiom given : 1 = 2.\nTheorem step : 1 = 2. exact given. Qed."])
def test_assumed_statements_are_refused(proof):
    text = "From Coq Require Import Reals.\nOpen Scope R_scope.\n"
    text += f"Theorem step : 1 = 2.\n{proof}\n" if proof == "Admitted." else proof + "\n"
    outcome = compile_file(text, ("step",))
    assert not outcome.accepted
    assert "rests on" in outcome.reason


@needs_coq
def test_an_axiom_with_the_name_of_an_allowed_one_is_refused():
    text = "Module Classical_Prop. Axiom classic : 1 = 2. End Classical_Prop.\nTheorem step : 1 = 2. exact Classical_Prop.classic. Qed.\n"
    outcome = compile_file(text, ("step",))
    assert not outcome.accepted
    assert "it says Module" in outcome.reason


@needs_coq
def test_time_is_kept():
    loop = "Theorem step : True. do 2000000000 idtac. exact I. Qed.\n"
    outcome = compile_file(loop, ("step",), seconds=3)
    assert (outcome.accepted, outcome.reason) == (False, "no answer within 3 s")


@needs_coq
def test_acceptances_are_stored_by_content_and_forged_ones_are_not_believed():
    text = "Theorem step : True. exact I. Qed.\n"
    assert compile_file(text, ("step",)).accepted
    assert compile_file(f"(* a remark *)\n{text}", ("step",)).seconds == compile_file(text, ("step",)).seconds
    for path in folder().glob("kernel-*.json"):
        path.write_text(json.dumps({"accepted": True, "axioms": ["step"], "seconds": 0}))
    assert compile_file(text, ("step",)).axioms == ()


@pytest.mark.slow
@needs_coq
def test_whole_bounds_name_their_steps_as_hypotheses():
    (file,) = compose(bc.theorem("zhou2026.risk_gap"), form="sharp")
    assert file.accepted
    assert "Theorem step_1_holds :" in file.text  # the identity is proved, not assumed
    whole = file.text.split("Theorem bound :")[1].split("Proof.")[0]
    assert "r_M - r_N = excess_M - excess_N + gamma ->" not in whole
    assert "gamma = eta_M - eta_N ->" in whole
    assert "Rad_loss <= L * R_M ->" in whole


@pytest.mark.slow
@needs_coq
def test_a_whole_bound_whose_hypotheses_contradict_each_other_is_refused():
    a, b, c = sympy.symbols("a b c", nonnegative=True)
    steps = (LEARNT.at_most(a, b, because="given"), LEARNT.at_most(b, c - 1, because="given"))
    form = SimpleNamespace(derivation=Derivation(a, steps))
    good, bad = (
        SimpleNamespace(key="t", domain={}, constraints=rules, forms=("one",), form=lambda _: form)
        for rules in ((), (Constraint(c, Rational(1, 2)),))
    )
    assert compose(good)[0].accepted
    (file,) = compose(bad)
    assert (file.accepted, file.outcome.reason) == (False, "no point was found at which the hypotheses hold together")


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("lemmas.pac_bayes", "kl"),
        ("lemmas.permanent", "transport"),
        ("nakada2023.feature_recovery", "sharp"),
        ("tosh2021.landmarks", "paper"),
        ("tsai2020.bayes_error", "sharp"),
    ],
)
def test_bounds_whose_steps_go_deep_compose(key, form):
    """Steps inside an inverse relative entropy, a logarithm's equation, a larger of two, a root of a floor, an exponential."""
    (file,) = compose(bc.theorem(key), form=form)
    assert (file.accepted, file.outcome.reason) == (True, "")
    assert set(file.outcome.axioms) <= ALLOWED


@pytest.mark.slow
@needs_coq
def test_finite_mathematics_is_proved_from_nothing():
    files = finite_mathematics()
    assert [file.name for file in files] == ["Finite", "Samples", "Hoeffding", "Decoupling"]
    assert all(file.accepted and set(file.outcome.axioms) <= ALLOWED for file in files)


def _report(verdict):
    return Report("t", "", {"": "holds"}, 0, (Row("", "1", "x <= y", "algebra", verdict),), complete=True)


def test_alarms_where_the_checker_refutes_what_the_kernel_accepts():
    file = Exported("f", "step 1", "", Outcome(True, "", ("Classical_Prop.classic",)), "", "1")
    assert "accepted by the kernel" in confirm(_report(refuted("at 1", {"x": "1"}, engine="e")), [file])[1][0]
    report, alarms = confirm(_report(unsettled("open")), [file])
    assert not alarms
    assert report.rows[0].verdict.kernel
    assert str(report.rows[0].verdict).startswith("PROVED (kernel)")
    with pytest.raises(ValueError, match="cannot be confirmed"):
        confirmed(refuted("at 1", {"x": "1"}, engine="e"), ())


def test_alarms_where_the_kernel_refutes_what_the_checker_proves():
    file = Exported("f", "step 1", "", Outcome(False, "its negation is proved"), "", "1", refuted=True)
    assert confirm(_report(confirmed(unsettled("open"), ())), [file])[1] == [
        "step 1: PROVED here, refuted by the kernel"
    ]
    assert not confirm(_report(refuted("at 1", {"x": "1"}, engine="e")), [file])[1]


def test_refused_files_change_nothing():
    file = Exported("f", "step 1", "", Outcome(False, "no"), "", "1")
    report, alarms = confirm(_report(unsettled("open")), [file])
    assert not alarms
    assert not report.rows[0].verdict.kernel


@pytest.mark.slow
@needs_coq
def test_own_steps_are_exported_with_their_definitions():
    a, b = sympy.symbols("a b", positive=True)
    good = equal(a * b, a**2 + a, because="b = a + 1", definitions={b: a + 1})
    bad = at_most(a * b, a**2, because="b = a + 1", definitions={b: a + 1})
    assert [file.accepted for step in (good, bad) for file in export(step, seconds=30)] == [True, False]


@pytest.mark.slow
@needs_coq
def test_the_command_shows_the_kernels_word(capsys, tmp_path):
    assert (
        main(
            [
                "check",
                "certificates.mix",
                "--form",
                "sharp",
                "--seconds",
                "8",
                "--kernel",
                "--export-coq",
                str(tmp_path),
            ]
        )
        == 0
    )
    said = capsys.readouterr().out
    assert "PROVED (kernel)" in said
    assert "2 of 2 closed-form steps accepted" in said
    assert len(list(tmp_path.glob("*step*.v"))) == 2
