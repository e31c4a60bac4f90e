"""Tables, pages, guarantees and the demo on a small data set."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from boundcalc.cli import main
from boundcalc.show.tables import Table, format_number

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")


class TestTable:
    table = Table(
        ("name", "value", "remark"), [("a", 0.123456, "x " * 60), ("b", None, ""), ("c", True, "last")], "T", ("note",)
    )

    def test_text_fits(self):
        text = self.table.text(width=60)
        assert max(map(len, text.splitlines())) <= 60
        assert "0.1235" in text
        assert text.startswith("T\n")
        assert text.endswith("note")

    def test_other_forms(self):
        assert self.table.csv().splitlines()[1].startswith("a,0.123456")
        assert ">0.1235</td>" in self.table.html()
        escaped = Table(("<b>",), [("<i>",)]).html()
        assert "<b>" not in escaped
        assert "<i>" not in escaped
        assert escaped.count("&lt;i&gt;") == 1

    def test_names_are_broken_only_where_spaces_do_not_suffice(self):
        row = ("comparators.source_stability", "a few words that can be broken", 0.5)
        wide = Table(("name", "what", "value"), [row]).text(width=60)
        assert "comparators.source_stability" in wide
        narrow = Table(("name", "what", "value"), [row]).text(width=30)
        assert max(map(len, narrow.splitlines())) <= 30
        assert "comparators." in narrow
        assert "<wbr>" not in Table(("value",), [("5.39e+03",), ("1.5e+10*",)]).html()
        assert "source_<wbr>stability" in Table(("name", "what", "value"), [row]).html()
        assert "0.5" in narrow

    def test_numbers_stand_under_their_heading(self):
        table = Table(("bound", "risk <="), [("a", "2.5*"), ("b", 10), ("c", "never"), ("d", None)])
        assert [line[-4:] for line in table.text().splitlines() if line[0] in "bacd"] == [
            "k <=",
            "2.5*",
            "  10",
            "ever",
            "   -",
        ]
        assert table.html().count('class="number"') == 5

    @pytest.mark.parametrize(
        ("value", "text"), [(0, "0"), (10**12, "1.000e+12"), (1e-9, "1e-09"), (False, "no"), ("x", "x")]
    )
    def test_numbers(self, value, text):
        assert format_number(value) == text


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return a file with two modalities, one of them informative."""
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1], 60)
    path = tmp_path_factory.mktemp("data") / "small.npz"
    np.savez(path, sound=rng.normal(size=(120, 3)) + 4 * y[:, None], image=rng.normal(size=(120, 2)), y=y)
    return path


@pytest.fixture(scope="module")
def measured(small):
    from boundcalc.datasets import load
    from boundcalc.trainer import measure_subsets

    return measure_subsets(load(str(small)), rng=0, delta=0.025, pair_weights="balanced")


def test_tables_never_promise_more_than_the_guarantees(measured):
    from boundcalc.report import assess

    answer = assess(measured, delta=0.15)
    found = answer.found
    rows: dict[str, list[str]] = {}
    for name, *cells in answer.tables()[0].rows:
        rows.setdefault(name, cells)  # the guarantees come before the rows that they need
    for place, label in enumerate(measured):
        guarantee = found[label]["risk of the model"]
        assert float(str(rows["certificate on the risk"][place]).split("*")[0]) >= guarantee.value
        assert float(rows["kappa, certified"][place]) >= measured[label].kappa.certified


@pytest.mark.parametrize(
    ("rows", "text"), [(None, "never"), (999, "9.99e+02"), (15_248, "1.53e+04"), (15_201, "1.53e+04")]
)
def test_numbers_of_rows_are_never_too_few(rows, text):
    from boundcalc.guarantees.of_subset import Guarantee
    from boundcalc.report.sample import _rows_needed

    assert _rows_needed(Guarantee("risk", "key", 1.0, None, True, informative_from=rows)) == text


def test_the_report_names_every_theorem_that_its_plan_uses():
    import inspect
    import re

    from boundcalc.guarantees import of_subset as guarantees
    from boundcalc.planner import promise
    from boundcalc.report.document import USED

    cited = {
        key for module in (promise, guarantees) for key in re.findall(r'"(zhou2026\.\w+)"', inspect.getsource(module))
    }
    assert cited <= set(USED)


def test_guarantees_by_hand(measured):
    from boundcalc.guarantees.of_subset import guarantees

    result = measured["sound"]
    v = result.at(0.05 / 4).estimates.values
    found = {guarantee.name: guarantee for guarantee in guarantees(result, delta=0.05)}
    # Half of delta is the deviation's; a quarter each that of the complexity and that of its constant.
    m, x, measured_at = v["n"] // 2, math.log(2 / 0.05), math.log(4 / 0.05)
    w0 = v["lam_max"] * v["B"] ** 2 / 2 * measured_at
    r = v["Rhat_metric"] + (w0 + math.sqrt(w0**2 + 2 * w0 * m * v["Rhat_metric"])) / m
    r = min(r + (v["t_max"] - v["t_min"]) / (2 * math.sqrt(m)), v["kappa_M"] / math.sqrt(m))
    expected = {
        "risk of the model": v["rhat_M"] + 2 * v["L"] * r + v["C"] * math.sqrt(x / (2 * m)),
        "excess of the risk gap over gamma": 4 * v["L"] * r + 2 * v["C"] * math.sqrt(x / (2 * m)) + v["eps_opt"],
        # Theorem 3.14 needs a range that covers the true composition too: that of all modalities
        "latent quality": 2 * v["L"] * r + 2 * result.estimates["C_full"].value * math.sqrt(x / (2 * m)) + v["rhat_M"],
        "Delta needed": 2 * v["L"] * r + 2 * v["C"] * math.sqrt(x / (2 * m)) + v["eps_opt"],
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-9)
        assert found[name].value >= value * (1 - 1e-14)
        assert found[name].certified
    assert found["pair error"].trivial == pytest.approx(result.weighted_trivial_error)


def test_guarantees_do_not_depend_on_the_delta_that_was_measured_at(measured):
    from boundcalc.guarantees.of_subset import all_guarantees

    for delta in (0.01, 0.05, 0.5):
        assert all_guarantees(measured.at(0.9), delta=delta) == all_guarantees(measured, delta=delta)


def test_the_margin_bound_pays_its_complexity_once(measured):
    from boundcalc.guarantees.of_subset import all_guarantees

    ledger = all_guarantees(measured, delta=0.05)["sound"]["pair error"].paid
    count = len(measured)
    measured = f"complexity 1/4 over {count} subsets, constant 1/4 over {count} subsets"
    assert str(ledger) == f"deviation 1/2 over {count} subsets over 5 margins, {measured}"
    assert ledger["complexity"] == pytest.approx(0.0125 / count)
    assert ledger["deviation"] == pytest.approx(0.025 / count / 5)


def test_a_guarantee_speaks_from_its_n_on_and_not_before(measured):
    from boundcalc.guarantees.of_subset import guarantees, margin_curve, risk_curves

    result = measured["sound+image"] if "sound+image" in measured else measured[list(measured)[-1]]
    found = {guarantee.name: guarantee for guarantee in guarantees(result, delta=0.05)}
    n = found["pair error"].informative_from
    assert n is not None
    before, at = margin_curve(result, [n - 1, n], delta=0.05)
    assert at < found["pair error"].trivial <= before
    n = found["risk of the model"].informative_from
    before, at = risk_curves(result, [n - 1, n], delta=0.05)["risk of the model"]
    assert at < found["risk of the model"].trivial <= before


def test_estimates_go_straight_into_evaluate(measured):
    import boundcalc as bc

    for result in measured.values():
        values = result.estimates.values
        assert "delta" not in values
        assert not {"gamma", "Lhat_M", "Delta"} & set(values)
        assert float(bc.theorem("zhou2026.margin").bound().evaluate(**values, delta=0.05)) > 0
        with pytest.raises(ValueError, match="not observable"):
            bc.theorem("zhou2026.risk_gap").bound().evaluate(**values, delta=0.05)


def test_demo_on_a_small_file(small, tmp_path, capsys):
    figure, page = tmp_path / "demo.png", tmp_path / "demo.html"
    assert main(["demo", str(small), "--figure", str(figure), "--out", str(page)]) == 0
    captured = capsys.readouterr()
    assert "margin bound on the pair error" in captured.out
    assert "training rows" in captured.out
    assert max(map(len, captured.out.splitlines()[:30])) <= 80
    assert "3/3" in captured.err
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert "data:image/png" in page.read_text()


def test_demo_as_json(small, tmp_path, capsys):
    assert main(["demo", str(small), "--figure", str(tmp_path / "demo.png"), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["subsets"]) == 3
    assert {guarantee["key"] for guarantee in data["subsets"]["sound"]["guarantees"]} >= {
        "zhou2026.risk_gap",
        "zhou2026.margin",
    }
    assert data["summary"]


def test_train_writes_what_was_measured(small, tmp_path, capsys):
    from boundcalc.trainer import Measurements

    path = tmp_path / "measured.json"
    assert main(["train", str(small), "--subsets", "sound,sound+image", "--out", str(path)]) == 0
    assert list(Measurements.from_json(path.read_text())) == ["sound", "sound+image"]
    assert "R_M" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "match"),
    [
        (["train", "no-such-file.npz"], "no-such-file"),
        (["train", "nothing"], "htad"),
        (["train", "SMALL", "--subsets", "sound+taste"], "taste"),
        (["train", "SMALL", "--delta", "2"], "delta"),
        (["train", "SMALL", "--delta", "x"], "delta"),
        (["train", "SMALL", "--lam-max", "-1"], "--lam-max -1 must be"),
        (["train", "SMALL", "--lam-max", "inf"], "--lam-max inf must be"),
        (["train", "SMALL", "--seed", "-1"], "--seed -1"),
        (["train", "SMALL", "--jobs", "0"], "--jobs 0"),
        (["demo", "SMALL", "--figure", "no/such/place.png"], "place.png"),
        (["demo", "SMALL", "--figure", "place.foo"], "writes .png"),
        (["train", "SMALL", "--out", "x.txt"], "writes .json"),
        (["train", "SMALL", "--out", ""], "no ending"),
        (["train", "SMALL", "--resume", "no/such/place.json"], "--resume"),
    ],
)
def test_each_mistake_is_answered_in_one_line(small, capsys, argv, match):
    assert main([str(small) if word == "SMALL" else word for word in argv]) == 2
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not line.startswith("training [")]
    assert len(lines) == 1
    assert match in lines[0]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ("a__x,a__z\n" + "1,2\n" * 9, "y"),
        ("a__x,y\n" + "1,k\n" * 9, "class"),
        ("a__x,y\n" + "1,0\n2,1\n" * 3, "8"),
        ("a__x,y\n" + "1,0\nten,1\n" * 5, "ten"),
    ],
)
def test_wrong_tables_are_answered_in_one_line(tmp_path, capsys, rows, match):
    path = tmp_path / "table.csv"
    path.write_text(rows)
    assert main(["train", str(path)]) == 2
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not line.startswith("training [")]
    assert len(lines) == 1
    assert match in lines[0]


class TestProofs:
    def test_every_step_is_drawn_with_its_verdict(self):
        import boundcalc as bc
        from boundcalc.report import plot_proof

        theorem = bc.theorem("lemmas.massart")
        report = bc.check(theorem)
        axes = plot_proof(theorem, report=report)
        texts = [text.get_text() for text in axes.texts]
        steps = theorem.derivation().steps
        assert sum(text in ("PROVED", "SUPPORTED") for text in texts) == len(steps) + 1
        assert [str(number) for number in range(1, len(steps) + 1)] == [text for text in texts if text.isdigit()]
        assert "SUPPORTED" in axes.get_title()
        with pytest.raises(bc.InvalidInputError, match="expected every step"):
            plot_proof(bc.theorem("lemmas.spectral"), report=report)

    def test_sides_on_both_witnesses_of_the_refuted_claim(self):
        import boundcalc as bc
        from boundcalc.report import plot_sides

        theorem = bc.theorem("zhou2026.risk_reduction")
        verdict = bc.check(theorem, form="paper").rows[0].verdict
        witnesses = [verdict.witness, *verdict.details["further witnesses"]]
        assert {"constant", "separated"} <= {text.split("kind='")[1][:-2] for text in (w["world"] for w in witnesses)}
        step = theorem.derivation("paper").steps[0]
        panels = plot_sides(step, witnesses, over="c_claim", values=[0, 1])
        for axes, witness in zip(panels, witnesses, strict=True):
            values = bc.replay(witness)
            left, right = (line.get_ydata() for line in axes.lines)
            assert list(left) == [0, 0]
            assert right[1] == pytest.approx(float(values["R_M"] - values["R_N"]))
        with pytest.raises(bc.InvalidInputError, match="over = 'x'"):
            plot_sides(step, witnesses, over="x", values=[0, 1])
