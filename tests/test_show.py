"""One way to show: one builder of HTML, one shape of JSON, answers as values, pictures only where one is named."""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import boundcalc as bc
from boundcalc.cli import main
from boundcalc.cli.commands import COMMANDS, load
from boundcalc.errors import InvalidInputError, visible
from boundcalc.language.records import from_json, plain, to_json
from boundcalc.show.html import Markup, items, join, tag
from boundcalc.show.page import page
from boundcalc.show.tables import Table

ROOT = Path(bc.__file__).parent
SOURCES = sorted([*ROOT.rglob("*.py"), *(ROOT.parent / "docs").glob("*.py")])
TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Cn"]))


class TestHTML:
    @given(TEXT, TEXT)
    def test_text_stays_text_in_elements_and_attributes(self, text, value):
        whole = ElementTree.fromstring(tag("p", text, tag("b", text), title=value))
        assert (whole.text or "") == text
        assert (whole[0].text or "") == text
        assert whole.get("title") == value

    @given(TEXT)
    def test_what_is_put_together_of_text_is_escaped_again(self, text):
        assert not isinstance(tag("b", text) + text, Markup)
        assert ElementTree.fromstring(tag("p", tag("b", "x") + text)).text == "<b>x</b>" + text

    @given(TEXT, TEXT)
    def test_tables_and_pages_hold_names_as_text(self, name, cell):
        table = Table((name,), [(cell,)], title=name, notes=(cell,))
        whole = ElementTree.fromstring(f"<div>{table.html().replace('<wbr>', '')}</div>")
        (shown,) = whole.iter("td")
        assert (shown.text or "") == visible(cell)
        assert shown.get("data-column") == visible(name)
        assert ("<script>" in page(name, tag("p", cell))) is False

    def test_parts_nest_and_none_is_nothing(self):
        assert items(["a", None, ["b", tag("br")]]) == "<ul><li>a</li><li></li><li>b<br></li></ul>"
        assert join([1, None, ("<", Markup("<hr>"))], Markup("; ")) == "1; ; &lt;<hr>"
        assert tag("td", 3, class_="number", data_column=None) == '<td class="number">3</td>'

    def test_no_other_file_escapes_or_puts_data_into_tags(self):
        escape, fill = [], []
        for path in SOURCES:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom | ast.Import):
                    names = {one.name for one in node.names}
                    parts = isinstance(node, ast.ImportFrom) and node.module == "html" and "escape" in names
                    if parts or (isinstance(node, ast.Import) and {"html", "xml.sax.saxutils"} & names):
                        escape.append(path.name)
                elif isinstance(node, ast.JoinedStr):
                    text = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
                    if re.search(r"<[a-z][a-z0-9]*( [a-z-]+=|>|\0)|</[a-z\0]", text):
                        fill.append(path.name)
        assert escape == ["html.py"]
        assert set(fill) <= {"html.py"}


class TestJSON:
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
    )
    def test_what_is_written_is_strict_and_read_back(self, value):
        def same(a, b):
            if isinstance(a, float) and not math.isfinite(a):
                return isinstance(b, str) and (float(b) == a or (a != a and b == "nan"))
            if isinstance(a, list):
                return len(a) == len(b) and all(map(same, a, b))
            if isinstance(a, dict):
                return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
            return a == b and type(a) is type(b)

        assert same(value, from_json(to_json(value)))

    def test_arrays_symbols_and_sets_are_plain(self):
        value = {"a": np.array([1.0, np.inf]), "b": np.int64(3), "c": bc.symbols.n, "d": (1, {2}), 4: np.float64("nan")}
        assert plain(value) == {"a": [1.0, "inf"], "b": 3, "c": "n", "d": [1, [2]], "4": "nan"}

    @pytest.mark.parametrize("text", ["NaN", '{"a": Infinity}', "[-Infinity]", "{", "", "[" * 10**5])
    def test_what_is_no_strict_json_is_refused(self, text):
        with pytest.raises(InvalidInputError, match=r"no JSON|too deeply"):
            from_json(text)


def test_no_public_function_is_hidden_by_a_file():
    files = {path.stem for path in ROOT.rglob("*.py")} | {path.name for path in ROOT.rglob("*") if path.is_dir()}
    functions = {name for name in bc.__all__ if inspect.isroutine(getattr(bc, name))}
    assert {"plan", "compare", "make_report", "train", "assess"} <= functions
    assert not functions & files


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json_and_out(name, capsys):
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    shown = capsys.readouterr().out
    assert left.value.code == 0
    assert "--json" in shown
    assert "--out FILE" in shown
    assert ("--figure FILE" in shown) is (".png" in load(name).ENDINGS)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A small data set, as a file."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(5)
    y = np.repeat([0, 1], 60)
    path = tmp_path_factory.mktemp("sample") / "small.npz"
    np.savez(path, near=rng.normal(size=(120, 3)) + 4 * y[:, None], far=rng.normal(size=(120, 2)), y=y)
    return path


@pytest.fixture(scope="module")
def trained(sample):
    return bc.train(sample, rng=0)


@pytest.fixture(scope="module", params=["train", "assess", "plan", "compare", "make_report"])
def answer(request, sample, trained):
    planning = {"measured": trained.measured, "budgets": [1e4, 1e8], "curve": False}
    made = {
        "train": lambda: trained,
        "assess": lambda: bc.assess(trained.measured),
        "plan": lambda: bc.plan(sample, **planning),
        "compare": lambda: bc.compare(sample, keys=["comparators.l1_ball", "zhou2026.metric_complexity"]),
        "make_report": lambda: bc.make_report(sample, check_proofs=False, **planning),
    }
    return made[request.param]()


class TestUseCases:
    def test_an_answer_is_text_data_and_html(self, answer, tmp_path):
        assert answer.text().strip()
        assert json.loads(to_json(answer.to_dict()))
        assert answer._repr_html_().startswith("<")
        assert str(answer) == answer.text()
        for ending in (".json", ".html"):
            answer.write(tmp_path / f"answer{ending}")
        assert (tmp_path / "answer.html").read_text(encoding="utf-8").startswith("<!doctype html>")
        with pytest.raises(InvalidInputError, match=r"ends in \.json"):
            answer.write(tmp_path / "answer.docx")

    def test_the_sentence_comes_first(self, answer):
        first = answer.sentence or answer.to_dict()["summary"][0]
        assert " ".join(answer.text().split()).startswith(" ".join(first.split()))

    def test_a_plan_is_the_commands(self, sample, trained, capsys):
        assert main(["plan", str(sample), "--budget", "1e4,1e8", "--json", "--no-curve"]) == 0
        shown = json.loads(capsys.readouterr().out)
        answer = bc.plan(sample, budgets=[1e4, 1e8], curve=False)
        assert shown == plain(answer.to_dict())
        assert answer.best.subset == shown["subset"] == shown["best"]["subset"]
        assert answer.sentence == shown["sentence"]

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"costs": {"per_sampel": 1}}, "per_sampel"),
            ({"modalities": ["naer"]}, "did you mean 'near'"),
            ({"modalities": []}, "names none"),
            ({"delta": 2}, "delta = 2"),
            ({"split": "half"}, "split: not a setting"),
            ({"power": 0.1}, "power = 0.1"),
            ({"quantity": "risk"}, "quantity = 'risk'"),
            ({"measured": "none.json"}, "there is no such file"),
            ({"target": -1}, "target = -1"),
            ({"budgets": [0]}, "budget = 0"),
        ],
    )
    def test_a_plan_refuses(self, sample, trained, options, match):
        with pytest.raises(InvalidInputError, match=match):
            bc.plan(
                sample, **({"measured": trained.measured} if options.keys() <= {"target", "budgets"} else {}), **options
            )

    def test_nothing_is_trained_where_it_is_measured(self, sample, trained):
        with pytest.raises(InvalidInputError, match="nothing is trained, so loss would change nothing"):
            bc.plan(sample, measured=trained.measured, loss="logistic")
        with pytest.raises(InvalidInputError, match="nothing is trained, so rng would change nothing"):
            bc.assess(trained.measured, rng=3)
        with pytest.raises(InvalidInputError, match="either data or values"):
            bc.compare()
        with pytest.raises(InvalidInputError, match="expected ModalityData"):
            bc.train([[1, 2]])


#: Every command with a picture to write, and the shortest way to its answer.
POINT = [f"--set={name}" for name in ("delta=0.05", "L=1", "C=1", "R_M=0.1", "gamma=0", "eps_opt=0")]
DRAWING = {
    "eval": ["eval", "zhou2026.risk_gap", "--set", "n=10:1e6:log:5", *POINT],
    "demo": ["demo", "SAMPLE"],
    "plan": ["plan", "SAMPLE", "--no-curve", "--budget", "1e4"],
    "compare": ["compare", "comparators.l1_ball", "--pilot", "SAMPLE"],
}
OTHERS = {
    "list": ["list"],
    "show": ["show", "lemmas.massart"],
    "sensitivity": ["sensitivity", "zhou2026.risk_gap", "--set", "n=1000", *POINT],
    "check": ["check", "lemmas.spectral"],
    "train": ["train", "SAMPLE"],
    "explore": ["explore", "zhou2026.margin", "--out", "OUT"],
    "report": ["report", "SAMPLE", "--no-check", "--no-curve", "--budget", "1e4", "--out", "OUT"],
}


def words(command, sample, out):
    return [{"SAMPLE": str(sample), "OUT": str(out)}.get(word, word) for word in command]


class TestWithoutMatplotlib:
    @pytest.fixture(autouse=True)
    def hidden(self, monkeypatch, tmp_path):
        """Hide matplotlib, as where the extra is not installed, and stand in an empty folder."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.chdir(tmp_path)

    @pytest.mark.parametrize("name", [*DRAWING, *OTHERS])
    def test_every_command_answers_and_writes_nothing_unasked(self, name, sample, tmp_path, capsys):
        out = tmp_path / "named.html"
        asked = words({**DRAWING, **OTHERS}[name], sample, out)
        assert main([*asked, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)
        assert [path.name for path in tmp_path.iterdir()] == ["named.html"] * ("--out" in asked)

    @pytest.mark.parametrize("name", DRAWING)
    @pytest.mark.parametrize("option", ["--figure", "--out"])
    def test_a_picture_that_is_asked_for_names_the_extra_before_any_work(self, name, option, sample, tmp_path, capsys):
        assert main([*words(DRAWING[name], sample, ""), option, "picture.png"]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert "pip install 'boundcalc[plot]'" in captured.err
        assert list(tmp_path.iterdir()) == []

    def test_a_page_says_what_is_missing(self, sample, tmp_path, capsys):
        assert main([*words(DRAWING["plan"], sample, ""), "--out", "plan.html"]) == 0
        assert "boundcalc[plot]" in (tmp_path / "plan.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DRAWING)
def test_a_picture_is_written_where_it_is_named(name, sample, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert main([*words(DRAWING[name], sample, ""), "--figure", "a.svg", "--out", "b.png"]) == 0
    assert "written: a.svg" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.png"]
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_every_mistake_on_the_command_line_is_told_at_once(sample, capsys):
    wrong = [
        "--delta",
        "2",
        "--seed",
        "-1",
        "--jobs",
        "0",
        "--lam-max",
        "inf",
        "--figure",
        "no/where.png",
        "--budget",
        "x",
    ]
    assert main(["plan", str(sample), *wrong]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    for part in ("delta = '2'", "--seed -1", "--jobs 0", "--lam-max inf", "no does not exist", "budget = 'x'"):
        assert part in error


def test_a_number_beyond_memory_is_refused(capsys):
    assert main(["eval", "zhou2026.risk_gap", "--set", "n=1,1e1000000000", *POINT]) == 2
    assert "beyond what a double can hold" in capsys.readouterr().err


def test_a_table_is_as_wide_as_a_narrow_terminal(monkeypatch):
    from boundcalc.show.answer import wrapped

    names = [f"column{k}" for k in range(8)]
    table = Table(names, [range(1_000, 1_008), [None, *range(7)]], title="T")
    monkeypatch.setenv("COLUMNS", "200")
    assert max(map(len, table.text().splitlines())) == 70
    monkeypatch.setenv("COLUMNS", "60")
    lines = table.text().splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[1].startswith("- column0 1,000; column1 1,001;")
    assert lines[-2].startswith("- column1 0;")
    assert max(map(len, wrapped("word " * 60).splitlines())) <= 60


def test_a_name_is_broken_only_where_a_line_cannot_hold_it():
    table = Table(
        ("symbol", "meaning"),
        [("gamma", "quality gap eta_M - eta_N"), ("x", "a_name_that_no_line_of_this_width_could_ever_hold")],
    )
    lines = table.text(width=40).splitlines()
    assert "eta_N" in " ".join(lines).split()
    assert max(map(len, lines)) <= 40
    narrow = Table(("symbol", "meaning"), [("gamma", "quality gap eta_M - eta_N")]).text(width=29).split()
    assert {"eta_M", "eta_N"} <= set(narrow)


@pytest.mark.parametrize("width", [50, 80])
def test_a_statement_keeps_to_the_width_of_the_terminal(monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["show", "zhou2026.latent_quality"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)
    assert max(map(len, lines)) > width - 10


def test_a_title_is_as_wide_as_its_table():
    shown = Table(("a", "b"), [["1", "2"]], title="1,386 rows = 555 training + 554 hold-out + 277 calibration").text(
        width=30
    )
    assert shown.splitlines()[:2] == ["1,386 rows = 555 training +", "554 hold-out + 277 calibration"]
