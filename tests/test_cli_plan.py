"""``boundcalc plan``: the answer, the estimates of `train`, cost files, and one clear line for each mistake."""

from __future__ import annotations

import json

import numpy as np
import pytest

from boundcalc.cli import main

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pilot file and what ``train`` wrote about it."""
    folder = tmp_path_factory.mktemp("plan")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 240)
    np.savez(
        folder / "pilot.npz",
        near=3.0 * y[:, None] + rng.normal(size=(240, 2)),
        far=1.0 * y[:, None] + rng.normal(size=(240, 3)),
        y=y,
    )
    assert main(["train", str(folder / "pilot.npz"), "--out", str(folder / "estimates.json"), "--json"]) == 0
    return folder


@pytest.fixture
def ask(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)

    def run(*argv):
        status = main(["plan", "pilot.npz", "--estimates", "estimates.json", *argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_answer_comes_first(ask, folder):
    status, out, _ = ask("--budget", "1e3:1e8:log:20", "--out", "plan.html")
    assert status == 0
    first = out.splitlines()[0]
    assert "near" in first
    assert "constant rule" in first
    assert "What each budget guarantees" in out
    assert "12 of 20 budgets are shown" in " ".join(out.split())
    assert max(map(len, out.splitlines()[2:])) <= 80
    page = (folder / "plan.html").read_text()
    assert "data:image/png;base64," in page
    assert page.count("<tr>") > 20


def test_json_is_one_object_with_everything(ask):
    status, out, _ = ask("--budget", "1e4,1e6", "--target", "0.9", "--json", "--no-curve")
    record = json.loads(out)
    assert status == 0
    assert [choice["budget"] for choice in record["choices"]] == [1e4, 1e6]
    assert record["learning_curve"] is None
    assert len(record["goals"]) == 3
    assert record["key"] == "zhou2026.ex_ante"


def test_a_plan_trains_by_itself_and_agrees_with_the_estimates(ask, folder, capsys):
    _, out, _ = ask("--budget", "1e6", "--json", "--no-curve")
    assert main(["plan", "pilot.npz", "--budget", "1e6", "--json", "--no-curve"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["choices"] == json.loads(out)["choices"]


def test_costs_and_restrictions_are_kept(ask, folder):
    (folder / "costs.toml").write_text(
        "setup = 100\n[modalities.near]\nper_sample = 5\nmax_samples = 50\n[modalities.far]\nper_sample = 0.5\n"
    )
    _, out, _ = ask("--costs", "costs.toml", "--budget", "1e6", "--json", "--no-curve")
    record = json.loads(out)
    assert record["choices"][0]["subset"] == "far"
    assert record["choices"][0]["samples"] == 2 * (10**6 - 100)
    _, out, _ = ask("--costs", "costs.toml", "--budget", "1e6", "--no-curve")
    assert "there are at most 50 samples" in " ".join(out.split())
    _, out, _ = ask("--modalities", "near", "--budget", "1e6", "--json", "--no-curve")
    record = json.loads(out)
    assert record["candidates"] == ["near"]
    assert record["paid_for"] == 3


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--budget", "0"], "budget = 0.0 must be a finite number > 0"),
        (["--budget", "-5"], "budget = -5.0 must be a finite number > 0"),
        (["--budget", "1"], "buys no pair of samples: two of"),
        (["--budget", "1e400"], "budget = inf must be a finite number > 0"),
        (["--budget", "nan"], "budget = nan must be a finite number > 0"),
        (["--target", "1e400"], "target = inf must be a finite number > 0"),
        (["--loss", "logistic"], "nothing is trained, so --loss would change nothing"),
        (["--budget", "lots"], "budget = 'lots' is not a number"),
        (["--budget", "1e4:1e3:log:5"], "lo = 1e4 must be below hi = 1e3"),
        (["--target", "-1"], "target = -1.0 must be a finite number > 0"),
        (["--target", "1,2"], "--target '1,2' must be one number"),
        (["--delta", "2"], "delta"),
        (["--modalities", "naer"], "unknown modality 'naer', did you mean 'near'?"),
        (["--costs", "none.toml"], "cannot be read"),
        (["--estimates", "none.json"], "there is no such file"),
        (["--estimates", "pilot.npz"], "measurements"),
        (["--figure", "plan.txt"], "--figure"),
        (["--out", "plan.txt"], "--out"),
    ],
)
def test_mistakes_get_one_line(ask, argv, message):
    status, out, err = ask(*argv)
    assert status == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_estimates_of_other_data_are_refused(ask, folder, capsys):
    assert main(["plan", "penguins", "--estimates", "estimates.json"]) == 2
    assert "it speaks of near (2), far (3)" in capsys.readouterr().err


def test_a_report_is_one_self_contained_page(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert main(["report", "pilot.npz", "--budget", "1e4,1e6", "--no-check"]) == 0
    out = capsys.readouterr().out
    assert "written: boundcalc-report.html" in out
    page = (folder / "boundcalc-report.html").read_text()
    for title in ("The answer", "What the sample at hand guarantees", "What a budget would guarantee", "What it rests on",
                  "What is certified", "How to repeat this"):  # fmt: skip
        assert title in page
    assert page.count("data:image/png;base64,") == 2
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert (
        main(["report", "pilot.npz", "--budget", "1e6", "--no-check", "--no-curve", "--json", "--out", "r.json"]) == 0
    )
    record = json.loads(capsys.readouterr().out)
    assert record["versions"]["boundcalc"]
    assert len(record["guarantees"]) == 3


def test_the_verdict_table_counts_steps():
    from boundcalc.catalogue import theorem
    from boundcalc.checker import check
    from boundcalc.report.document import verdict_table

    table = verdict_table([check(theorem("lemmas.hoeffding_u"), rng=0)])
    assert table.rows == (("lemmas.hoeffding_u", "sharp", "SUPPORTED", "1 SUPPORTED", "holds"),)


def test_what_training_cannot_mend_is_refused_before_it(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert main(["plan", "pilot.npz", "--loss", "logistic", "--quantity", "pair_error"]) == 2
    assert main(["plan", "pilot.npz", "--budget", "0"]) == 2
    captured = capsys.readouterr()
    assert "quantity pair_error needs loss hinge, not logistic" in captured.err
    assert "training" not in captured.err


def test_estimates_of_another_sample_are_refused(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    pilot = np.load(folder / "pilot.npz")
    np.savez(folder / "fewer.npz", **{name: pilot[name][:200] for name in pilot.files})
    assert main(["plan", "fewer.npz", "--estimates", "estimates.json"]) == 2
    assert "it speaks of 240 rows, the pilot has 200" in capsys.readouterr().err


def test_an_unreachable_target_names_the_nearest_and_no_false_remedy(ask):
    _, out, _ = ask("--target", "1e-6", "--no-curve")
    first = out.splitlines()[0]
    assert "cannot be guaranteed from this pilot however much is collected" in first
    assert "hold-out rows leave uncertain" in first
    assert "More samples" not in first


def test_free_capped_samples_are_planned_and_drawn(ask, folder, recwarn):
    (folder / "free.toml").write_text("[modalities.near]\nmax_samples = 50\n[modalities.far]\nmax_samples = 70\n")
    status, out, _ = ask("--costs", "free.toml", "--no-curve")
    assert status == 0
    assert "there are at most" in out.splitlines()[0] or "hold-out rows" in out.splitlines()[0]
    assert not [one for one in recwarn if "log-scaled" in str(one.message)]
    (folder / "capped.toml").write_text("per_sample = 1\n[modalities.near]\nmax_samples = 2\n")
    _, out, _ = ask("--costs", "capped.toml", "--modalities", "near", "--json", "--no-curve")
    record = json.loads(out)
    assert [choice["samples"] for choice in record["choices"]] == [2]
