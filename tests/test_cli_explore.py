"""``boundcalc explore``: what it writes, and one clear line for each mistake."""

from __future__ import annotations

import json
import re

import pytest

from boundcalc.cli import main


def data_of(path):
    """Return the data that a page holds."""
    found = re.search(r"const DATA = (.*?);\nconst FUNCTIONS", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return json.loads(found[1])


def test_forms_and_starting_values(capsys, tmp_path):
    path = tmp_path / "page.html"
    keys = ["Theorem 3.13:all", "zhou2026.uniform_deviation", "zhou2026.risk_gap:paper"]
    assert main(["explore", *keys, "--set", "n=5000", "--set", "delta=1/50", "--out", str(path)]) == 0
    data = data_of(path)
    assert [(one["key"], one["form"]) for one in data["bounds"]] == [
        ("zhou2026.risk_gap", "sharp"),
        ("zhou2026.risk_gap", "paper"),
        ("zhou2026.uniform_deviation", "sharp"),
    ]
    assert data["symbols"]["n"]["start"] == 5000
    assert data["symbols"]["delta"]["start"] == 0.02
    assert data["symbols"]["n"]["domain"] == "an integer >= 2"
    assert str(path) in capsys.readouterr().out


def test_without_out_the_page_has_a_fixed_name(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["explore", "zhou2026.margin", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == "boundcalc-explorer.html"
    assert data_of(tmp_path / "boundcalc-explorer.html")["bounds"][0]["command"]


def test_a_bound_made_in_python_has_no_command():
    import boundcalc as bc
    from boundcalc.report import explorer_page

    bound = bc.theorem("zhou2026.risk_gap").bound()
    composed = bound.substitute(R_M=bc.theorem("zhou2026.metric_complexity").bound(), C=3)
    text = explorer_page([composed])
    assert '"command": false' in text
    assert "lam_min <= lam_max" in text


@pytest.mark.parametrize(
    ("argv", "match"),
    [
        (["zhou2026.risk_gp"], "did you mean"),
        (["zhou2026.risk_gap:sharpest"], "has sharp, paper"),
        (["zhou2026.risk_gap", "--set", "n=1"], "n must be an integer >= 2"),
        (["zhou2026.risk_gap", "--set", "n=10,20"], "a slider stands at one value"),
        (["zhou2026.risk_gap", "--set", "wibble=1"], "unknown symbol 'wibble'"),
        (["zhou2026.risk_gap", "--set", "g_M=2"], "g_M is used by none of the bounds"),
        (["zhou2026.metric_complexity", "--set", "lam_min=2", "--set", "lam_max=1"], "lam_min <= lam_max is required"),
        (["zhou2026.risk_gap", "--out", "page.png"], "writes .html"),
        (["zhou2026.risk_gap", "--out", "no/such/folder/x.html"], "does not exist"),
    ],
)
def test_each_mistake_is_answered_in_one_line(capsys, tmp_path, monkeypatch, argv, match):
    monkeypatch.chdir(tmp_path)
    assert main(["explore", *argv]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert match in captured.err
    assert len(captured.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
