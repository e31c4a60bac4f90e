"""The command line: values, output, one clear line for each mistake."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.cli import main
from boundcalc.cli.values import parse

POINT = ["n=1000", "delta=0.05", "L=1", "C=1", "R_M=0.1", "gamma=0", "eps_opt=0"]


def settings(*changes: str) -> list[str]:
    names = {change.partition("=")[0] for change in changes}
    kept = [setting for setting in POINT if setting.partition("=")[0] not in names]
    return [part for setting in (*kept, *changes) for part in ("--set", setting)]


def run(capsys, *argv: str) -> tuple[int, str, str]:
    status = main(list(argv))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_eval_prints_the_object_of_the_contract(capsys):
    status, out, _ = run(capsys, "eval", "zhou2026.risk_gap", "--form", "sharp", *settings(), "--json")
    data = json.loads(out)
    assert status == 0
    assert set(data) == {"key", "form", "inputs", "value", "dims", "vacuous", "certified"}
    assert data["value"] == pytest.approx(0.50947, abs=5e-6)
    assert (data["key"], data["form"], data["dims"]) == ("zhou2026.risk_gap", "sharp", [])
    assert (data["vacuous"], data["certified"]) == (False, True)


def test_eval_on_a_grid(capsys, tmp_path):
    path = tmp_path / "grid.csv"
    status, out, _ = run(
        capsys, "eval", "Theorem 3.13", *settings("n=100:10000:log:3", "R_M=0,0.1"), "--json", "--out", str(path)
    )
    data = json.loads(out)
    assert status == 0
    assert data["dims"] == ["R_M", "n"] or data["dims"] == ["n", "R_M"]
    assert np.shape(data["value"]) in ((3, 2), (2, 3))
    assert data["inputs"]["n"] == [100, 1000, 10000]
    with path.open() as file:
        assert len(list(csv.reader(file))) == 7


def test_a_long_grid_is_cut_in_text_only(capsys, tmp_path):
    path = tmp_path / "grid.csv"
    _, out, _ = run(capsys, "eval", "Theorem 3.13", *settings("n=10:1e6:lin:20000"), "--out", str(path))
    assert "rows are not shown" in out
    assert len(out.splitlines()) < 80
    assert len(path.read_text().splitlines()) == 20001


def test_eval_says_what_is_vacuous_or_not_certified(capsys):
    _, out, _ = run(capsys, "eval", "zhou2026.risk_gap", *settings("R_M=1"))
    assert "vacuous" in out
    _, out, _ = run(capsys, "eval", "zhou2026.risk_gap", "--form", "paper", *settings())
    assert "not certified" in out
    assert "reconstructed" in out


@pytest.mark.parametrize("ending", [".json", ".html", ".png", ".csv"])
def test_eval_writes_by_ending(capsys, tmp_path, ending):
    path = tmp_path / f"result{ending}"
    status, out, _ = run(capsys, "eval", "zhou2026.risk_gap", *settings("n=10:1e6:log:20"), "--out", str(path))
    assert status == 0
    assert path.stat().st_size > 200
    assert f"written: {path}" in out


def test_what_a_command_does_not_know_leads_to_its_own_help(capsys):
    with pytest.raises(SystemExit) as end:
        main(["plan", "htad", "--targt", "0.2"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said == "boundcalc: unrecognized: --targt 0.2, did you mean '--target'? (see `boundcalc plan --help`)\n"
    with pytest.raises(SystemExit):
        main(["show", "lemmas.massart", "more"])
    assert capsys.readouterr().err == "boundcalc: unrecognized: more (see `boundcalc show --help`)\n"


def test_list_and_show(capsys):
    status, out, _ = run(capsys, "list")
    assert status == 0
    assert "zhou2026.risk_gap" in out
    assert max(map(len, out.splitlines())) <= 80
    assert len(json.loads(run(capsys, "list", "--json")[1])["entries"]) >= 21
    for key in ("zhou2026.risk_gap", "Theorem 3.20", "zhou2026.hierarchy"):
        status, out, _ = run(capsys, "show", key)
        assert status == 0
        assert "assumptions" in out
        assert "steps" in out
    data = json.loads(run(capsys, "show", "zhou2026.risk_gap", "--form", "paper", "--json")[1])
    assert data["provenance"] == "reconstructed"


def test_show_writes_a_typeset_page_that_stands_alone(capsys, tmp_path):
    path = tmp_path / "theorem.html"
    assert run(capsys, "show", "zhou2026.risk_gap", "--out", str(path))[0] == 0
    page = path.read_text(encoding="utf-8")
    assert page.count("<math>") > 10
    assert "Form sharp" in page
    assert "Form paper" in page
    assert all(part.startswith("https://arxiv.org/") for part in page.split("href='")[1:])
    assert run(capsys, "show", "zhou2026.risk_gap", "--form", "paper", "--out", str(path))[0] == 0
    assert "Form sharp" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("key", "side"), [("zhou2026.risk_gap", 1), ("zhou2026.risk_reduction", -1)])
def test_a_printed_bound_is_rounded_outwards(capsys, key, side):
    bound = bc.theorem(key).bound()
    point = {name: 0.013 for name in bound.symbols} | {"n": 100, "delta": 0.05, "C": 1}
    for n in range(100, 120):
        values = [f"--set={name}={value}" for name, value in {**point, "n": n}.items()]
        line = run(capsys, "eval", key, *values)[1].splitlines()[1]
        shown = float(line.split()[-1])
        exact = float(bound.evaluate(sound=True, **{**point, "n": n}))
        assert side * shown >= side * exact
        assert shown == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize(
    ("argv", "match"),
    [
        (["eval", "zhou2026.risk_gp", *settings()], "did you mean"),
        (["eval", "zhou2026.risk_gap", "--form", "sharpest", *settings()], "has sharp, paper"),
        (["eval", "zhou2026.risk_gap", *settings("n=1")], "n = 1 is not allowed: n must be an integer >= 2"),
        (["eval", "zhou2026.risk_gap", *settings("n=0")], "n must be"),
        (["eval", "zhou2026.risk_gap", *settings("n=10.5")], "n must be"),
        (["eval", "zhou2026.risk_gap", *settings("n=nan")], "n must be"),
        (["eval", "zhou2026.risk_gap", *settings("delta=0")], "delta must be"),
        (["eval", "zhou2026.risk_gap", *settings("delta=2")], "delta must be"),
        (["eval", "zhou2026.risk_gap", *settings("L=-1")], "L must be > 0"),
        (["eval", "zhou2026.risk_gap", *settings("wibble=1")],
         "unknown symbol 'wibble'; the bound has n, delta, L, C, R_M, gamma, eps_opt"),
        (["eval", "zhou2026.risk_gap"], "missing n"),
        (["eval", "zhou2026.risk_gap", *settings("lam_max=-3")], "lam_max = -3 is not allowed"),
        (["eval", "zhou2026.risk_gap", *settings("delta=-1/10")], "delta = -0.1 is not allowed"),
        (["eval", "zhou2026.risk_gap", *settings("delta=1e-400")], "beyond what a double can hold"),
        (["eval", "zhou2026.risk_gap", *settings("L=1e400")], "beyond what a double can hold"),
        (["eval", "zhou2026.risk_gap", *settings("n=10:1e9:lin:1000000", "delta=0.01:0.9:lin:100000", "L=1:2:lin:1000")],
         "not enough memory"),
        (["eval", "zhou2026.risk_gap", *settings(), "--set", "n=3"], "n is given twice"),
        (["eval", "zhou2026.risk_gap", "--set", "n"], "not of the form name=value"),
        (["eval", "zhou2026.risk_gap", *settings("n=1:2:3")], "is not a range"),
        (["eval", "zhou2026.risk_gap", *settings("n=10:5:log:3")], "must be below"),
        (["eval", "zhou2026.risk_gap", *settings("n=0:5:log:3")], "log scale"),
        (["eval", "zhou2026.risk_gap", *settings("n=ten")], "is not a number"),
        (["eval", "zhou2026.risk_gap", *settings(), "--out", "x.docx"], "writes .json, .csv, .html, .png"),
        (["eval", "zhou2026.risk_gap", *settings(), "--out", "no/such/folder/x.json"], "does not exist"),
        (["eval", "zhou2026.metric_complexity", "--set", "n=10", "--set", "g_M=1", "--set", "lam_min=2", "--set",
          "lam_max=1", "--set", "B=1", "--set", "t_min=0", "--set", "t_max=1"], "lam_min <= lam_max is required"),
    ],
)  # fmt: skip
def test_each_mistake_is_answered_in_one_line(capsys, argv, match):
    status, out, err = run(capsys, *argv)
    assert status == 2
    assert out == ""
    assert match in err
    assert err.startswith("boundcalc: ")
    assert len(err.splitlines()) == 1


def test_a_theorem_of_a_file_is_checked_like_one_of_the_catalogue(capsys, tmp_path):
    bc.save(dataclasses.replace(bc.theorem("lemmas.massart"), key="mine.massart"), tmp_path / "mine.json")
    status, out, _ = run(capsys, "check", str(tmp_path / "mine.json"))
    assert status == 0
    assert out.startswith("mine.massart: ")


def test_argument_errors_are_one_line_too(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["evaluate"])
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("n", "10:1000:log:3", [10, 100, 1000]),
        ("n", "2:4:lin:10", [2, 3, 4]),
        ("L", "0:1:lin:3", [0.0, 0.5, 1.0]),
        ("L", "1/4,2", [0.25, 2]),
        ("n", "1e6", "1e6"),
    ],
)
def test_values(name, text, expected):
    assert parse(name, text) == expected


def test_sensitivity_checks_and_names_what_the_bound_does_not_use(capsys):
    status, out, _ = run(capsys, "sensitivity", "zhou2026.risk_gap", *settings(), "--set", "g_M=3")
    assert status == 0
    assert "not used by this bound: g_M" in out
    status, _, err = run(capsys, "sensitivity", "zhou2026.risk_gap", *settings(), "--set", "g_M=-3")
    assert status == 2
    assert "g_M = -3 is not allowed" in err


def test_sensitivity_where_the_bound_is_zero_says_why_there_is_no_elasticity(capsys):
    at = [f"--set={s}" for s in ("n=101", "g_M=5", "B=1", "lam_min=1", "lam_max=1", "t_min=0", "t_max=0")]
    status, out, _ = run(capsys, "sensitivity", "zhou2026.metric_complexity", *at)
    assert status == 0
    assert "no elasticity where the bound is 0" in out
    assert "-0 " not in out


def test_sensitivity_names_what_matters_most(capsys):
    status, out, _ = run(capsys, "sensitivity", "zhou2026.risk_gap", *settings(), "--json")
    data = json.loads(out)
    rows = {row["symbol"]: row for row in data["sensitivities"]}
    assert status == 0
    assert data["sensitivities"][0]["symbol"] in ("L", "R_M")
    assert rows["R_M"]["derivative"] == pytest.approx(4)
    assert rows["R_M"]["elasticity"] == pytest.approx(0.4 / data["value"])
    assert rows["n"]["derivative"] == pytest.approx(-(data["value"] - 0.4) / 2000)
    assert rows["n"]["direction"] == "falls"
    status, _, err = run(capsys, "sensitivity", "zhou2026.risk_gap", *settings("n=10,20"))
    assert status == 2
    assert "one point" in err


def test_values_that_the_bound_does_not_use_are_named(capsys):
    _, out, _ = run(capsys, "eval", "zhou2026.risk_gap", *settings("Delta=0.01"))
    assert "not used by this bound: Delta" in out


def test_infinite_values_are_drawn_around(capsys, tmp_path):
    path = tmp_path / "grid.png"
    status, _, _ = run(capsys, "eval", "zhou2026.risk_gap", *settings("L=1:1e308:log:20", "R_M=10"), "--out", str(path))
    assert status == 0
    assert path.stat().st_size > 1000


def test_version_names_what_computes(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"boundcalc {bc.__version__}"
    assert second.startswith("Python 3.")
    assert all(f" {name} " in second for name in ("sympy", "numpy", "xarray", "z3-solver"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("boundcalc show zhou2026.risk_g", "zhou2026.risk_gap"),
        ("boundcalc certify --thresh", "--threshold"),
        ("boundcalc train hta", "htad"),
        ("boundcalc pla", "plan"),
    ],
)
def test_the_tab_key_completes(line, found, tmp_path):
    pytest.importorskip("argcomplete")
    answer = tmp_path / "answer"
    asked = {"COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}
    options = {"": "1", "_IFS": "\n", "_SUPPRESS_SPACE": "1", "_STDOUT_FILENAME": str(answer)}
    environment = {**os.environ, **asked, **{f"_ARGCOMPLETE{name}": value for name, value in options.items()}}
    subprocess.run([sys.executable, "-m", "boundcalc"], env=environment, check=True, timeout=120)
    assert found in answer.read_text().split()


def test_a_misspelt_command_is_answered_with_the_right_one(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["trian", "htad"])
    assert "no command 'trian', did you mean 'train'?" in capsys.readouterr().err


def test_what_is_not_certified_does_not_hold_in_the_heading(tmp_path, capsys):
    theorem = bc.theorem("lemmas.contraction")
    bc.save(dataclasses.replace(theorem, key="mine.contraction"), tmp_path / "mine.json")
    values = [f"--set={name}=1" for name in theorem.bound().symbols]
    assert main(["eval", str(tmp_path / "mine.json"), *values]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "not certified" in said
    assert ", holds)" not in said
