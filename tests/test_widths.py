"""Every command keeps to the width of a narrow terminal."""

from __future__ import annotations

import numpy as np
import pytest

from boundcalc.cli import main
from boundcalc.cli.commands import COMMANDS
from boundcalc.show.answer import Answer

FIXED = "zhou2026.fixed_model --set C=1 --set delta=0.1 --set rhat_holdout=0.2"
WORDS = {
    "list": "",
    "show": "zhou2026.risk_gap",
    "check": "lemmas.massart",
    "eval": f"{FIXED} --set n_h=100,200",
    "sensitivity": f"{FIXED} --set n_h=100",
    "explore": "zhou2026.fixed_model --out e.html",
    "ask": "missing small.npz",
    "certify": "small.npz --splits 2",
    "train": "small.npz --subsets a",
    "demo": "small.npz --subsets a",
    "plan": "small.npz --subsets a --no-curve --target 0.4",
    "compare": "comparators.l1_ball --pilot small.npz",
    "report": "small.npz --subsets a --no-check --no-curve --target 0.4 --out r.html",
    "bench": "small.npz --splits 1",
    "align": "small.npz --seeds 1 --method cca_ot --latent 1",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rng, y = np.random.default_rng(0), np.arange(60) % 2
    path = tmp_path_factory.mktemp("narrow")
    np.savez(path / "small.npz", a=rng.normal(size=(60, 2)) + y[:, None], b=rng.normal(size=(60, 1)), y=y)
    return path


def test_all_commands_are_here():
    assert set(WORDS) == set(COMMANDS)


@pytest.mark.parametrize(("command", "width"), [(name, 40 + 10 * (k % 2)) for k, name in enumerate(WORDS)])
def test_no_line_is_wider_than_the_terminal(folder, monkeypatch, capsys, command, width):
    pytest.importorskip("torch" if command == "align" else "sklearn")
    monkeypatch.setattr(Answer, "write", lambda self, name: None)  # pages have no width
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(width))
    assert main([command, *WORDS[command].split()]) == 0
    said = capsys.readouterr()
    wide = [line for line in (said.out + said.err).splitlines() if len(line) > width]
    assert not wide, wide
