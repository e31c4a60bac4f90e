"""What runs on the workers of a dask scheduler has the bits that it has here."""

import json
import sys
from argparse import Namespace

import numpy as np
import pytest

from boundcalc import certify, theorem
from boundcalc.certification import measured
from boundcalc.cli import main
from boundcalc.cli.check_command import _reports
from boundcalc.errors import InvalidInputError, MissingExtraError
from boundcalc.trainer import ModalityData
from boundcalc.trainer.measure.parallel import on_scheduler, workers_at_hand
from boundcalc.trainer.measure.subsets import measure_subsets

POINT = [f"--set={pair}" for pair in "delta=0.05,0.1,1/3 L=1 C=1 R_M=0.1 gamma=0 eps_opt=0 n=100:1e5:log:23".split()]


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: needs the extra cluster")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def printed(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_sweep(cluster, capsys):
    here = printed(capsys, "eval", "zhou2026.risk_gap", *POINT)
    assert printed(capsys, "eval", "zhou2026.risk_gap", *POINT, "--scheduler", cluster) == here
    assert here["dims"] == ["delta", "n"]


def test_subsets(cluster):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 30)
    data = ModalityData({name: rng.normal(size=(60, 2)) + y[:, None] for name in "abc"}, y)
    here = measure_subsets(data, rng=1)
    with on_scheduler(cluster):
        assert workers_at_hand() == 2
        there = measure_subsets(data, rng=1, n_jobs=-1)
    assert workers_at_hand() == 0
    assert {k: v.params for k, v in there.items()} == {k: v.params for k, v in here.items()}
    assert {k: v.estimates for k, v in there.items()} == {k: v.estimates for k, v in here.items()}


def test_a_certificate(cluster, monkeypatch):
    monkeypatch.setattr(measured, "_BLOCK", 16)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90)
    x = rng.normal(size=(90, 4)) + 2 * np.eye(3, 4)[y]
    here = certify(embeddings=x, y=y, threshold=8.0)
    with on_scheduler(cluster):
        there = certify(embeddings=x, y=y, threshold=8.0)
    assert (there.value, there.error, there.constant) == (here.value, here.error, here.constant)


def test_checks_of_several_entries(cluster, tmp_path, monkeypatch):
    """A second pass finds the verdicts that the workers kept."""
    entries = [theorem("lemmas.union_bound"), theorem("lemmas.spectral")]
    asked = Namespace(form=None, seconds=None, seed=0, fresh=False, processes=1)
    monkeypatch.setenv("BOUNDCALC_CACHE", str(tmp_path / "here"))
    here = _reports(entries, asked)
    monkeypatch.setenv("BOUNDCALC_CACHE", str(tmp_path / "there"))
    asked.processes = -1
    with on_scheduler(cluster):
        there = _reports(entries, asked)
    assert [one.to_json() for one in there] == [one.to_json() for one in here]
    kept = [{file.name for file in (tmp_path / place).rglob("*.json")} for place in ("here", "there")]
    assert kept[0] == kept[1]
    assert kept[0]


def test_no_scheduler_answers():
    pytest.importorskip("distributed", reason="distributed is not installed: needs the extra cluster")
    with pytest.raises(InvalidInputError, match="no dask scheduler answers"), on_scheduler("tcp:/nowhere"):
        pass


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match="cluster"), on_scheduler("local"):
        pass
