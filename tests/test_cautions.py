"""Copied rows are told wherever a guarantee is printed; names from data files are text, not HTML."""

from __future__ import annotations

import json

import numpy as np
import pytest

from boundcalc.cli import main
from boundcalc.trainer.data.cautions import cautions, caveat

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

TOLD = "60 rows repeat another one"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Sixty rows, each of them twice, with a modality whose name is HTML."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60)
    blocks = {"<b>x</b>": y[:, None] + rng.normal(size=(60, 2)), "plain": rng.normal(size=(60, 2))}
    path = tmp_path_factory.mktemp("copied") / "copied.npz"
    np.savez(path, y=np.tile(y, 2), **{name: np.tile(block, (2, 1)) for name, block in blocks.items()})
    return path


def test_one_and_many():
    assert cautions({"duplicate_rows": 0}) == ()
    assert cautions({}) == ()
    assert cautions({"duplicate_rows": 1})[0].startswith("1 row repeats another one")
    assert cautions({"duplicate_rows": 1200})[0].startswith("1,200 rows repeat another one")


def test_a_class_of_few_rows_is_told(tmp_path, capsys):
    rng = np.random.default_rng(0)
    y = np.array(["often"] * 60 + ["seldom"] * 3 + ["as often"] * 57)
    x = rng.normal(size=(120, 2)) + 3.0 * (y == "often")[:, None]
    np.savez(tmp_path / "few.npz", a=x[:, :1], b=x[:, 1:], y=y)
    np.savez(tmp_path / "embedded.npz", embeddings=x, y=y)
    for command in ("train", "plan", "certify"):
        source = "embedded" if command == "certify" else "few"
        assert main([command, str(tmp_path / f"{source}.npz"), *["--no-curve"] * (command == "plan")]) == 0
        assert "lass 'seldom' has 3 rows: hardly a pair within it" in " ".join(capsys.readouterr().out.split())
    assert not cautions({"rare_classes": {}})
    assert "2 classes have fewer than 8 rows ('a' has 2)" in cautions({"rare_classes": {"'b'": 3, "'a'": 2}})[0]


def test_identities_of_few_rows_each_are_usual():
    from boundcalc.trainer import ModalityData

    assert ModalityData({"a": np.arange(60.0)}, np.arange(60) // 3).rare_classes == {}
    assert ModalityData({"a": np.arange(60.0)}, np.arange(60) // 29).rare_classes == {"2": 2}


def test_many_copies_stand_beside_the_answer():
    assert caveat({"rows": 100, "near_copies": 0.04, "duplicate_rows": 4}) == ""
    assert "5 %" in caveat({"rows": 100, "near_copies": 0.0, "duplicate_rows": 5})
    assert "60 %" in caveat({"rows": 100, "near_copies": 0.6, "duplicate_rows": 0})
    assert caveat({"rows": 100, "near_copies": 0.6, "duplicate_rows": 0, "groups": {"train": 5}}) == ""


@pytest.mark.parametrize(
    "command",
    [["train"], ["compare", "--pilot"], ["report", "--no-curve", "--no-check"]],
    ids=lambda command: command[0],
)
def test_every_page_with_a_guarantee_tells_of_copies(command, copied, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*command, str(copied), "--out", "page.html"]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert TOLD in page
    assert "<b>x</b>" not in page
    if command[0] != "report":  # which prints its answer alone
        assert TOLD in " ".join(capsys.readouterr().out.split())


def test_a_plan_tells_of_copies_as_page_and_as_data(copied, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["plan", str(copied), "--no-curve", "--budget", "1e4", "--json", "--out", "plan.html"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert TOLD in told["cautions"][0]
    assert "repeat another one or nearly do: no guarantee holds if they belong together." in told["sentence"]
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert TOLD in page
    assert "<b>x</b>" not in page
