"""Whole theorems, a user's own steps, the report and the command."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import sympy

import boundcalc as bc
from boundcalc.checker import Report, check
from boundcalc.checker.experiments.inclusion import missing_function
from boundcalc.checker.experiments.tails import clopper_pearson
from boundcalc.checker.experiments.worlds.projections import Claim, Projections
from boundcalc.cli import main
from boundcalc.errors import InvalidInputError
from boundcalc.statements.derivation import Derivation, at_most, equal
from boundcalc.symbols import R_M, L, Rad_loss, m, n


def test_hierarchy_holds_and_its_strict_form_does_not():
    report = check(bc.theorem("zhou2026.hierarchy"))
    assert report.forms == {"sharp": "SUPPORTED", "paper": "REFUTED"}
    assert report.surprises == ()
    claim = next(row for row in report if row.place == "claim")
    instance = {name: np.asarray(value) for name, value in claim.verdict.witness["instance"].items()}
    world = eval(claim.verdict.witness["world"], {"Projections": Projections})
    assert missing_function(world, instance) is None
    assert "same functions" in missing_function(world, instance, strict=True)


def test_the_claim_of_theorem_3_20_is_refuted_by_both_witnesses():
    report = check(bc.theorem("zhou2026.risk_reduction"), form="paper")
    assert report.word == "REFUTED"
    assert report.surprises == ()
    step = report.rows[0].verdict
    exact = eval(step.witness["world"], {"Claim": Claim}).one(step.witness["instance"])
    assert exact["rhat_N"] == exact["rhat_M"]
    assert sympy.sympify(exact["R_M"] - exact["R_N"]) > 0
    instances = Claim().draw(np.random.default_rng(0), 2)
    for place in (0, 1):
        exact = Claim().one({name: value[place] for name, value in instances.items()})
        assert exact["rhat_N"] == exact["rhat_M"], "constant modality, then a separating N"
        assert exact["g_N"] < exact["g_M"]


@pytest.mark.parametrize(
    ("key", "form", "step"),
    [
        ("zhou2026.risk_gap", "sharp", 1),
        ("lemmas.bounded_differences", "sharp", 4),
        ("zhou2026.metric_complexity", "sharp", 6),
        ("zhou2026.latent_encoders", "sharp", 5),
        ("zhou2026.risk_reduction", "sharp", 5),
        ("lemmas.massart", "sharp", 3),
    ],
)
def test_closed_form_steps_of_sharp_forms_are_proved(key, form, step):
    report = check(bc.theorem(key).derivation(form).steps[step - 1])
    assert report.word == "PROVED", report.text()


def test_own_steps_and_derivations():
    good = at_most(1 / m, 3 / n, because="odd n lose one example")
    assert check(good).word == "PROVED"
    assert check(replace(good, right=2 / n)).verdict.witness == {"n": "3"}
    chain = Derivation(quantity=1 / m, steps=(good, equal(3 / n, 6 / (2 * n), because="arithmetic")))
    assert [row.verdict.word for row in check(chain)] == ["PROVED", "PROVED"]


def test_what_nothing_can_check_says_so():
    cited = at_most(Rad_loss, L * R_M, because="contraction", kind="expectation", cites="a book")
    assert check(cited).word == "CITED"
    assert check(replace(cited, cites="")).word == "UNSETTLED"
    with pytest.raises(InvalidInputError, match="no theorem"):
        check("zhou2026.risk_gap")
    with pytest.raises(InvalidInputError, match="budget = -1"):
        check(cited, budget=-1)
    with pytest.raises(InvalidInputError, match="rng = 'a'"):
        check(cited, rng="a")


def test_the_same_seed_gives_the_same_report():
    theorem = bc.theorem("lemmas.massart")
    assert check(theorem, rng=7).to_json() == check(theorem, rng=7).to_json()
    assert check(theorem, rng=np.random.default_rng(1)).seed == check(theorem, rng=np.random.default_rng(1)).seed


def test_an_interrupted_check_keeps_what_it_has():
    def stop(row):
        if row.place == "2":
            raise KeyboardInterrupt

    report = check(bc.theorem("lemmas.spectral"), progress=stop)
    assert [row.place for row in report] == ["1", "2"]
    assert not report.complete
    assert "interrupted" in report.text()


def test_report_fits_80_columns_and_travels():
    report = check(bc.theorem("lemmas.massart"))
    assert isinstance(report, Report)
    assert max(map(len, report.text().splitlines())) <= 80
    assert json.loads(json.dumps(report.to_json()))["verdict"] == "SUPPORTED"
    assert "<table>" in report.html()


def test_the_command(capsys, tmp_path):
    assert main(["check", "lemmas.spectral", "--json", "--seed", "3"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["key"] == "lemmas.spectral"
    assert {step["word"] for step in data["steps"]} == {"SUPPORTED"}
    path = tmp_path / "report.html"
    assert main(["check", "Lemma 3.16", "--out", str(path)]) == 0
    assert "SUPPORTED" in path.read_text(encoding="utf-8")
    assert "lemmas.spectral: SUPPORTED" in capsys.readouterr().out
    assert main(["check"]) == 2
    assert main(["check", "no.such", "--seconds", "1"]) == 2
    assert main(["check", "lemmas.spectral", "--seconds", "0"]) == 2


def test_importing_the_checker_is_light():
    code = "import sys, boundcalc.checker; print([name for name in ('z3', 'cvc5', 'flint', 'scipy') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_clopper_pearson_against_scipy():
    from scipy.stats import binomtest

    low, high = clopper_pearson(7, 50, error=0.05)
    expected = binomtest(7, 50).proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((expected.low, expected.high))
