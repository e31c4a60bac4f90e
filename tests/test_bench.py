"""Our model beside others on the same rows."""

from __future__ import annotations

import json
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pytest

import boundcalc as bc
from boundcalc import cli
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.contest import _retrieval, roc_area
from boundcalc.trainer import ModalityData
from boundcalc.trainer.data.splits import draw_split

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 260)
    return ModalityData(
        {"a": rng.normal(size=(260, 4)) + 1.6 * np.eye(4)[y], "b": rng.normal(size=(260, 3))}, y, name="made"
    )


def test_retrieval_and_auc_are_those_of_the_definitions():
    rng = np.random.default_rng(0)
    codes, distances = rng.integers(0, 3, 12), rng.random((12, 12))
    np.fill_diagonal(distances, np.inf)
    same = (codes[:, None] == codes) & ~np.eye(12, dtype=bool)
    precisions, firsts = [], []
    for row in range(12):
        order = [k for k in np.argsort(distances[row]) if k != row]
        hits = [codes[k] == codes[row] for k in order]
        if any(hits):
            precisions.append(np.mean([sum(hits[: k + 1]) / (k + 1) for k in range(11) if hits[k]]))
            firsts.append(hits[0])
    assert _retrieval(distances, same) == pytest.approx((np.mean(precisions), np.mean(firsts)))
    d, s = np.round(rng.random(30), 1), rng.random(30) < 0.5
    wins = [(a < b) + 0.5 * (a == b) for a in d[s] for b in d[~s]]
    assert roc_area(d, s) == pytest.approx(np.mean(wins))
    assert roc_area(d, np.ones(30, dtype=bool)) is None


def test_all_are_tested_on_the_same_rows_and_ours_is_no_worse(data):
    answer = bc.bench(data, splits=2, models={"mine": lambda x: x[:, :4]})
    found = {one.name: one for one in answer.standings}
    assert {"boundcalc", "Euclidean", "NCA", "LDA", "logistic pair score", "mine"} <= set(found)
    errors = [one.error for one in answer.standings]
    assert errors == sorted(errors)
    rivals = min(found[name].error for name in ("NCA", "LDA", "logistic pair score"))
    assert found["boundcalc"].error <= 1.1 * rivals + 0.01
    assert found["boundcalc"].error <= found["Euclidean"].error + 0.01
    for one in answer.standings:
        assert 0 < one.half_width < 0.2
        assert one.certificate > 0.5 * one.error
        assert max(one.recall, one.mean_precision) <= 1
        assert min(one.recall, one.mean_precision, one.seconds) > 0
    assert not answer.standings[0].vacuous
    assert "says no more" not in answer.sentence
    record = json.loads(json.dumps(answer.to_dict()))
    assert [one["name"] for one in record["standings"]] == [one.name for one in answer.standings]
    assert answer.sentence.count("boundcalc") >= 1
    with pytest.raises(InvalidInputError, match="splits"):
        bc.bench(data, splits=0)
    with pytest.raises(InvalidInputError, match="fitted to the classes"):
        bc.bench(data, splits=1, structure="diagonal")


def test_a_moved_held_out_row_changes_no_model_of_the_contest(data):
    split = draw_split(data.n, rng=np.random.default_rng(5), calibration=0.2, holdout=0.4)
    moved = {name: block.copy() for name, block in data.arrays.items()}
    moved["a"][split.holdout[0]] += 40.0
    first, other = (
        {one.name: one for one in bc.bench(one, splits=1, rng=5).standings}
        for one in (data, ModalityData(moved, data.y, name="made"))
    )
    assert first["boundcalc"].about == other["boundcalc"].about
    for name, one in first.items():  # one of 104 rows has 1/52 of the pairs, which weigh at most .5 / similar share
        assert abs(one.error - other[name].error) < 2 * 2 / 104
        assert (one.error, one.auc) != (other[name].error, other[name].auc)


def test_what_says_no_more_than_a_constant_rule_is_marked():
    rng = np.random.default_rng(1)
    data = ModalityData({"a": rng.normal(size=(40, 2))}, np.arange(40) % 2, name="noise")
    answer = bc.bench(data, splits=1)
    assert all(one.vacuous and 0.3 < one.constant < one.certificate for one in answer.standings)
    assert answer.sentence.endswith("which says no more than a constant rule.")
    (table,) = answer.tables()
    assert [row[3][-1] for row in table.rows] == ["*"] * len(answer.standings)


def test_the_command_writes_what_the_function_finds(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert cli.main(["bench", "penguins", "--splits", "1", "--json", "--figure", str(tmp_path / "bench.png")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {"boundcalc", "NCA"} <= {one["name"] for one in record["standings"]}
    assert (tmp_path / "bench.png").stat().st_size > 5000


def test_a_metric_learn_that_does_not_run_says_so_in_its_line(monkeypatch):
    def refuse(*_):
        raise TypeError("check_X_y() got an unexpected keyword argument 'force_all_finite'")

    old = ModuleType("metric_learn")
    old.__spec__ = ModuleSpec("metric_learn", None)
    old.LMNN = type("LMNN", (), {"fit": refuse, "transform": refuse})  # and the others are not there at all
    monkeypatch.setitem(sys.modules, "metric_learn", old)
    y = np.arange(60) % 2
    rows = np.random.default_rng(0).normal(size=(60, 2)) + 2.0 * y[:, None]
    answer = bc.bench(ModalityData({"a": rows}, y), splits=1)
    found = {one.name: one for one in answer.standings}
    assert "metric_learn.LMNN: fitting failed (TypeError: check_X_y()" in found["LMNN"].about
    assert "AttributeError" in found["ITML"].about
    assert all(np.isnan(found[name].error) for name in ("LMNN", "ITML", "MMC"))
    assert found["boundcalc"].error < 0.5
    assert "LMNN: model metric_learn.LMNN" in answer.text()
