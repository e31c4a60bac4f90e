"""``boundcalc plan``: the answer, what `train` and `plan` wrote, cost files, and one clear line for each mistake."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.cli import main

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

NAMES = ("subset", "rows", "train", "holdout", "certificate", "assurance", "promised")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pilot file, what ``train`` and ``plan`` wrote about it, and rows that came later."""
    folder = tmp_path_factory.mktemp("plan")
    rng = np.random.default_rng(0)
    for name, n in (("pilot", 240), ("later", 300)):
        y = rng.integers(0, 2, n)
        near, far = 3.0 * y[:, None] + rng.normal(size=(n, 2)), 1.0 * y[:, None] + rng.normal(size=(n, 3))
        np.savez(folder / f"{name}.npz", near=near, far=far, y=y)
    assert main(["train", str(folder / "pilot.npz"), "--out", str(folder / "estimates.json"), "--json"]) == 0
    assert main(["plan", str(folder / "pilot.npz"), "--out", str(folder / "study.json"), "--json"]) == 0
    shared = {path: path.read_bytes() for path in folder.iterdir()}
    yield folder
    changed = [path.name for path, content in shared.items() if path.read_bytes() != content]
    assert not changed, f"a test wrote over files that the others read: {changed}"


@pytest.fixture
def ask(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)

    def run(*argv, estimates="study.json"):
        status = main(["plan", "pilot.npz", "--estimates", estimates, *argv])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_answer_comes_first_then_budgets_promises_and_worth(ask, folder):
    status, out, _ = ask("--budget", "100:1e4:log:4", "--target", "0.3,0.2", "--out", "plan.html")
    assert status == 0
    text = " ".join(out.split())
    assert text.startswith("Collect near")
    assert "a pair error of at most 0.3 is then certified with probability about 0.9" in text
    titles = (
        "What each budget is expected to certify",
        "The cheapest way to a certified target",
        "What is guaranteed before anything is collected",
        "What a modality is worth",
    )
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert text.index("certificates.replace") < text.index("zhou2026.ex_ante")
    assert max(map(len, out.splitlines())) <= 80
    page = (folder / "plan.html").read_text()
    assert "data:image/png;base64," in page


def test_targets_may_be_repeated_or_listed(ask):
    found = [ask(*argv, "--json")[1] for argv in (("--target", "0.3", "--target", "0.2"), ("--target", "0.3,0.2"))]
    assert found[0] == found[1]
    assert [goal["target"] for goal in json.loads(found[0])["targets"]] == [0.3, 0.2]


def test_json_has_the_names_of_the_best_plan(ask):
    status, out, _ = ask("--budget", "100,1000", "--target", "0.3", "--json")
    record = json.loads(out)
    assert status == 0
    assert {name: record["best"][name] for name in NAMES} == {name: record[name] for name in NAMES}
    assert record["rows"] == record["train"] + record["holdout"]
    assert [offer["budget"] for offer in record["budgets"]] == [100, 1000]
    assert record["targets"][0]["target"] == 0.3
    assert record["assurance"] >= 0.9 - 1e-9
    assert record["certificate"] < 0.3
    assert record["promised"] == record["promise"]["value"]
    assert record["key"] == "certificates.transport"
    assert record["status"] == "estimated"


def test_a_study_is_planned_with_again_and_training_estimates_serve_too(ask, folder, capsys):
    _, out, _ = ask("--budget", "1e3", "--json")
    assert main(["plan", "pilot.npz", "--budget", "1e3", "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone == json.loads(out)
    status, out, _ = ask("--target", "0.3", "--json", estimates="estimates.json")
    record = json.loads(out)
    assert status == 0
    assert record["study"]["evidence"][0]["sizes"] == [record_size(folder)]
    status, _, err = ask("--seed", "3", estimates="estimates.json")
    assert status == 2
    assert "not the data and the seed" in err


def record_size(folder):
    facts = json.loads((folder / "estimates.json").read_text())["facts"]
    return facts["train_rows"] + facts["calibration_rows"]  # a model of the classes is fitted to both


def test_costs_and_restrictions_are_kept(ask, folder):
    (folder / "costs.toml").write_text(
        "setup = 100\n[modalities.near]\nper_sample = 5\nmax_samples = 60\n[modalities.far]\nper_sample = 0.5\n"
        '[shared.lamp]\nmodalities = ["near", "far"]\nsetup = 20\n'
    )
    _, out, _ = ask("--costs", "costs.toml", "--budget", "300", "--json")
    offer = json.loads(out)["budgets"][0]
    assert offer["subset"] == "far"
    assert offer["cost"] == 120 + 0.5 * offer["rows"] <= 300
    _, out, _ = ask("--costs", "costs.toml", "--target", "0.12")
    assert "there are at most 60" in " ".join(out.split())
    _, out, _ = ask("--modalities", "near", "--json")
    record = json.loads(out)
    assert record["candidates"] == ["near"]
    assert record["searched"] == 3


def test_rates_power_and_delta_are_planned(ask):
    rows = {}
    for argv in (("--power", "0.6"), ("--power", "0.99"), ("--delta", "0.3"), ("--quantity", "fnmr")):
        _, out, _ = ask("--target", "0.3", "--json", *argv)
        rows[argv[1]] = json.loads(out)["rows"]
    assert rows["0.6"] < rows["0.99"]
    assert rows["0.3"] < rows["0.99"]
    _, out, _ = ask("--quantity", "fmr", "--target", "0.3")
    assert "a false-match rate of at most 0.3" in " ".join(out.split())
    assert "zhou2026.ex_ante" not in out


def test_a_plan_is_tried_and_rows_that_came_are_certified(ask):
    _, out, _ = ask("--target", "0.35", "--simulate", "3", "--json")
    tried = json.loads(out)["simulation"]
    assert tried["runs"] == 3
    assert tried["target"] == 0.35
    _, out, _ = ask("--target", "0.35", "--collected", "later.npz")
    said = " ".join(out.split())
    assert re.match(r"Stop: after .* all looks together certify at most 0\.\d+\. The plan was: Collect ", said)
    assert "What the rows so far certify, valid at every look" in out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--budget", "0"], "budget = 0.0 must be a finite number > 0"),
        (["--budget", "-5"], "budget = -5.0 must be a finite number > 0"),
        (["--budget", "1"], "buys too few rows to plan with"),
        (["--budget", "1e400"], "budget = inf must be a finite number > 0"),
        (["--budget", "nan"], "budget = nan must be a finite number > 0"),
        (["--target", "1e400"], "target = inf must be a finite number > 0"),
        (["--loss", "logistic"], "nothing is trained, so --loss would change nothing"),
        (["--budget", "lots"], "budget = 'lots' is not a number"),
        (["--budget", "1e4:1e3:log:5"], "lo = 1e4 must be below hi = 1e3"),
        (["--target", "-1"], "target = -1.0 must be a finite number > 0"),
        (["--target", "25"], "target = 25.0 must be an error in (0, 1); 25 % is 0.25"),
        (["--power", "0.2"], "--power 0.2: expected a probability in [0.5, 1)"),
        (["--simulate", "-1"], "--simulate -1"),
        (["--collected", "none.npz"], "none.npz"),
        (["--delta", "2"], "delta"),
        (["--modalities", "naer"], "unknown modality 'naer', did you mean 'near'?"),
        (["--costs", "none.toml"], "cannot be read"),
        (["--estimates", "none.json"], "there is no such file"),
        (["--estimates", "pilot.npz"], "not what `boundcalc train` or `plan` writes"),
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


def test_estimates_of_other_data_are_refused(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    pilot = np.load(folder / "pilot.npz")
    np.savez(folder / "fewer.npz", **{name: pilot[name][:200] for name in pilot.files})
    for estimates in ("estimates.json", "study.json"):
        assert main(["plan", "penguins", "--estimates", estimates]) == 2
        assert "it speaks of near (2), far (3)" in capsys.readouterr().err
        assert main(["plan", "fewer.npz", "--estimates", estimates]) == 2
        assert "it speaks of 240 rows, the pilot has 200" in capsys.readouterr().err
    assert main(["plan", "study.json"]) == 2
    assert "`boundcalc plan DATA --estimates study.json` plans with it again" in capsys.readouterr().err


def test_a_report_is_one_self_contained_page(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert main(["report", "pilot.npz", "--budget", "1e3", "--no-curve", "--no-check"]) == 0
    out = capsys.readouterr().out
    assert "written: boundcalc-report.html" in out
    page = (folder / "boundcalc-report.html").read_text()
    for title in ("The answer", "What the sample at hand guarantees", "What more rows are expected to certify", "What it rests on",
                  "What is certified", "How to repeat this"):  # fmt: skip
        assert title in page
    assert page.count("data:image/png;base64,") == 2
    assert "http://" not in page.replace("http://www.w3.org", "")
    argv = ["report", "pilot.npz", "--estimates", "estimates.json", "--no-check", "--json", "--out", "r.json"]
    assert main(argv) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["versions"]["boundcalc"]
    assert len(record["guarantees"]) == 3
    assert "study" not in record["plan"]
    assert main([*argv, "--resume", "r.part"]) == 2
    assert "--resume would change nothing" in capsys.readouterr().err
    assert main(["report", "pilot.npz", "--estimates", "study.json", "--no-check"]) == 2
    assert "a report needs what `boundcalc train` writes" in " ".join(capsys.readouterr().err.split())


def test_the_verdict_table_counts_steps():
    from boundcalc.catalogue import theorem
    from boundcalc.checker import check
    from boundcalc.report.document import verdict_table

    table = verdict_table([check(theorem("lemmas.spectral"), rng=0)])
    assert table.rows == (("lemmas.spectral", "sharp", "SUPPORTED", "4 SUPPORTED", "holds"),)


def test_an_unreachable_target_says_what_stands_in_the_way(ask):
    _, out, _ = ask("--target", "1e-6")
    first = " ".join(out.split("\n\n")[0].split())
    assert first.startswith("A pair error of 1e-06 is not expected to be certified")
    assert "tends to" in first
    assert "For " in first
    assert re.search(r"with probability (below 0\.001|about 0\.00\d+) at most 1e-06", first)
    note = " ".join(out.split("Looking after")[1].split("\n\n")[0].split())
    assert "does not reach it with probability 0.9 within" in note
    assert "takes about" not in note


def test_too_few_rows_to_plan_with_say_whether_money_or_a_cap_is_short(ask, folder):
    (folder / "scarce.toml").write_text("[modalities.near]\nmax_samples = 9\n[modalities.far]\nmax_samples = 8\n")
    status, _, said = ask("--costs", "scarce.toml")
    assert status == 2
    assert re.search(r"max_samples = 9 of near is too few rows to plan with: a plan starts from \d+", said)
    (folder / "dear.toml").write_text("[modalities.near]\nper_sample = 10\n[modalities.far]\nper_sample = 10\n")
    status, _, said = ask("--costs", "dear.toml", "--budget", "50")
    assert status == 2
    assert re.search(r"budget = 50 buys too few rows to plan with: \d+ of near cost \d+", said)


def test_free_capped_rows_are_planned_and_drawn(ask, folder, recwarn):
    (folder / "free.toml").write_text("[modalities.near]\nmax_samples = 90\n[modalities.far]\nmax_samples = 95\n")
    status, out, said = ask("--costs", "free.toml", "--json", "--figure", "free.png")
    assert status == 0, said
    record = json.loads(out)
    assert all(offer["rows"] <= 95 for offer in record["budgets"])
    assert not [one for one in recwarn if "log-scaled" in str(one.message)]


def test_a_bound_is_planned_with_by_its_key(capsys):
    settings = ("--set", "rhat_ramp=0.1", "--set", "rho=0.5,0.7", "--set", "R_M=0.001")
    assert main(["plan", "zhou2026.margin", "--target", "0.2,0.3", *settings, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    bound = bc.theorem("zhou2026.margin").bound()
    values = {"rhat_ramp": "0.1", "rho": [0.5, 0.7], "R_M": "0.001", "delta": 0.05}
    assert answer["planned"] == "n"
    assert answer["certified"]
    assert answer["dims"] == ["rho", "target"]
    assert answer["value"] == bc.minimal_n(bound, target=[0.2, 0.3], **values).values.tolist()
    assert (np.array(answer["reached"]) <= answer["target"]).all()
    one_less = bound.evaluate(**{**values, "rho": 0.5}, n=answer["value"][0][0] - 1)
    assert one_less > 0.2
    assert main(["plan", "zhou2026.margin", "--target", "0.2", *settings]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "326" in said
    assert "at delta = 0.05, rhat_ramp = 0.1" in said


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["zhou2026.margin", "--target", "0.2"], "open are n, rho, R_M, rhat_ramp"),
        (["zhou2026.margin", "--set", "rho=1", "--set", "R_M=0", "--set", "rhat_ramp=0"], "--target X is needed"),
        (["zhou2026.margin", "--target", "0.2", "--power", "0.95", "--no-curve"], "--no-curve is for planning with data"),
        (["absent.json", "--target", "0.2"], "cannot be read"),
        (["penguins", "--target", "0.2", "--set", "rho=1"], "'penguins' is none"),
    ],
)  # fmt: skip
def test_what_is_no_question_to_a_bound_is_said(arguments, match, capsys):
    assert main(["plan", *arguments]) == 2
    assert match in capsys.readouterr().err


def test_a_rate_for_the_threshold_is_read_and_goes_with_training(ask):
    for given, says in (
        ("far=0.1", "expected fmr=0.05"),
        ("fmr=2", "a rate in (0, 1)"),
        ("fmr=0.1", "nothing is trained"),
    ):
        status, _, err = ask("--threshold-for", given)
        assert status == 2
        assert says in err
