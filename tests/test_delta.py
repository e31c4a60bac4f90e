"""The one account of delta: every event is paid, once, and no other module divides delta."""

from __future__ import annotations

import ast
import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import boundcalc
from boundcalc.cli import main
from boundcalc.errors import InvalidInputError
from boundcalc.guarantees.account import (
    COMPLEXITY,
    CONSTANT,
    DEVIATION,
    SAMPLED,
    charged,
    subset_ledger,
    with_complexity,
)
from boundcalc.guarantees.of_subset import all_guarantees
from boundcalc.language.ledger import Ledger, Payment, paid_once
from boundcalc.report import plan
from boundcalc.trainer import Measurements, ModalityData, measure_subsets

ROOT = Path(boundcalc.__file__).parent


# ------------------------------------------------------------------ the ledger

deltas = st.floats(1e-9, 0.999)
sizes = st.integers(1, 2000)


@settings(max_examples=60)
@given(deltas, st.integers(1, 6), sizes, sizes)
def test_everything_that_is_paid_is_delta_and_never_more(delta, events, subsets, margins):
    names = [f"event {k}" for k in range(events)]
    ledger = Ledger.split(delta, names).over("subsets", subsets).over("margins", margins, events=names[:1])
    spent = sum(Fraction(ledger[name]) * subsets * (margins if name == names[0] else 1) for name in names)
    assert spent <= Fraction(delta)
    assert float(spent) == pytest.approx(delta, rel=1e-12)
    for name in names:
        assert ledger.payment(name).members == subsets * (margins if name == names[0] else 1)
    assert ledger.whole(*names) <= delta
    assert sum(ledger.among(*names).values()) == 1


def test_stated_fractions_and_weighted_unions():
    ledger = Ledger.split(0.05, {"error": 0.7, "mix": Fraction(3, 10)})
    assert ledger.fraction("error") == Fraction(7, 10)
    chosen = ledger.over("subsets", {"a": 0.7, "b": 0.2}, events=["error"])
    assert [payment.event for payment in chosen.payments] == ["error[a]", "error[b]", "mix"]
    assert chosen["error[a]"] == pytest.approx(0.05 * 0.7 * 0.7)
    assert chosen.fraction("error[b]") == Fraction(14, 100)
    assert "error" not in chosen
    assert chosen["mix"] == ledger["mix"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Ledger.split(0.05, {"a": 0.7, "b": 0.4}), "sum to 1.1"),
        (lambda: Ledger.split(0.05, {"a": 0.0}), "more than 0"),
        (lambda: Ledger.split(0.05, []), "no event"),
        (lambda: Ledger.split(0.05, ["a", "a"]), None),
        (lambda: Ledger(0.05, (Payment("a", Fraction(1, 3)), Payment("a", Fraction(1, 3)))), "paid twice"),
        (lambda: Ledger(0.05, (Payment("a", Fraction(1, 3), (("subsets", 4),)),)), "sum to 1.3"),
        (lambda: Ledger.split(0.05, ["a"]).over("subsets", 0), "at least one"),
        (lambda: Ledger.split(0.05, ["a"]).over("subsets", {"x": 0.7, "y": 0.4}), "at most 1"),
        (lambda: Ledger.split(0.05, ["a"]).over("subsets", {"x": 0.7, "y": -0.4}), "positive"),
        (lambda: Ledger.split(0.05, ["a"]).over("subsets", 2, events=["b"]), "no such event"),
        *((lambda bad=bad: Ledger.split(bad, ["a"]), "delta = ") for bad in (0, 1, -1, 2.0, math.nan, True, "x", None)),
    ],
)
def test_what_cannot_be_paid_is_refused(make, says):
    if says is None:
        assert make().fraction("a") == Fraction(1, 2)  # a name counts once, and less than delta is spent
        return
    with pytest.raises(InvalidInputError, match=says):
        make()


def test_the_record_says_who_was_paid():
    ledger = Ledger.split(0.05, ["hold-out", "kappa"]).over("subsets", 7, events=["kappa"])
    assert str(ledger) == "hold-out 1/2, kappa 1/2 over 7 subsets"
    record = json.loads(json.dumps(ledger.to_dict()))
    assert record["delta"] == 0.05
    assert record["events"][1] == {"event": "kappa", "share": "1/2", "over": {"subsets": 7}, "each": ledger["kappa"]}
    with pytest.raises(KeyError, match="split over hold-out"):
        ledger["nonesuch"]


def test_an_event_of_several_values_is_paid_once():
    assert paid_once([("pairs", 0.01), ("pairs", 0.01), ("kappa", 0.02)]) == pytest.approx(0.03)
    assert paid_once([("kappa", 0.01), ("kappa", 0.02)]) == paid_once([("kappa", 0.02), ("kappa", 0.01)]) == 0.02
    assert paid_once([]) == 0.0


# ------------------------------------------------------------------ the account of a bound


def shares_of(bound, delta):
    """What each event of a bound gets when it is evaluated at delta, by event."""
    return {event.name: delta * float(bound.shares[event.symbol] / bound.confidence) for event in bound.events}


def test_a_bound_is_charged_what_the_ledger_says():
    bound = with_complexity("zhou2026.margin", "sharp", "self_bounding")
    ledger = Ledger.split(0.06, [DEVIATION, COMPLEXITY, SAMPLED]).over("margins", 5, events=[DEVIATION])
    found, delta = charged(bound, ledger)
    shares = shares_of(found, delta)
    assert shares["uniform deviation of the ramp risk"] == pytest.approx(0.06 / 15)
    assert shares["empirical complexity, self-bounding"] == pytest.approx(0.02)
    assert delta == pytest.approx(0.06 / 15 + 0.02)


# ------------------------------------------------------------------ measured once, read at any delta


def example(n=80):
    rng = np.random.default_rng(4)
    y = np.arange(n) % 3
    return ModalityData({"a": rng.normal(size=(n, 2)) + y[:, None], "b": rng.normal(size=(n, 2))}, y, name="example")


OPTIONS = [
    {},
    {"exact_rows": 10, "sampled_pairs": 2000, "draws": 50},
    {"structure": "full", "exact_rows": 10, "reg": 0.01},
]


@pytest.mark.parametrize("options", OPTIONS, ids=["exact", "sampled", "full"])
@pytest.mark.parametrize("delta", [1e-6, 0.3])
def test_reading_at_another_delta_is_measuring_there(options, delta):
    options = {"sampled_pairs": 2000, **options}
    once = measure_subsets(example(), rng=0, **options)
    there = measure_subsets(example(), rng=0, delta=delta, **options)
    stored = Measurements.from_json(once.to_json()).at(delta)
    for label in once:
        assert once.at(delta)[label].estimates == there[label].estimates == stored[label].estimates
        assert once.at(delta)[label].ramps == there[label].ramps
        assert replace(once.at(delta)[label], seconds=0.0) == replace(there[label], seconds=0.0)
        assert set(there[label].estimates.events.values()) <= {delta}
        for entry in once[label].estimates:  # a smaller delta never lowers an upper value
            strict = once.at(1e-9)[label].estimates[entry.name]
            assert strict.value >= entry.value or entry.name.startswith("eig")


def test_the_ramps_of_a_sample_share_half_of_their_event():
    train = measure_subsets(example(), subsets="a", rng=0, **OPTIONS[1])["a"].train
    risk, eps_opt, ramps, heavy = train.at(0.24)
    assert len(ramps) == len(heavy) == 6
    assert risk == train.risk.upper(0.06)
    assert eps_opt == train.gap.at(0.06)
    for value, mean in zip((*ramps, *heavy), (*train.ramps, *train.heavy_ramps), strict=True):
        assert value == pytest.approx(min(mean.span, mean.upper(0.01)))
        assert value > mean.mean


def test_the_ridges_of_kappa_share_its_event():
    kappa = measure_subsets(example(400), subsets="a", rng=0)["a"].kappa.at(0.3)
    values = []
    for one in kappa.tries:
        x, m = math.log(2 / 0.1), one.mean.count
        deviation = math.sqrt(2 * one.mean.variance * x / m) + 7 * one.mean.span * x / (3 * (m - 1))
        values.append(one.scale * math.sqrt(one.mean.mean + deviation) + kappa.share)
    assert len(values) == 3
    assert kappa.bernstein == pytest.approx(min(values), rel=1e-8)


def test_what_is_stored_is_not_believed():
    measured = measure_subsets(example(), rng=0)
    record = json.loads(measured.to_json())
    for result in record["results"]:
        for entry in result["estimates"]["entries"]:
            entry["value"] = 0.0 if isinstance(entry["value"], float) else entry["value"]
        result["weighted_holdout_error"] = 0.0
    with pytest.raises(InvalidInputError, match="weighted_holdout_error, estimates: contradicts what was measured"):
        Measurements.from_json(json.dumps(record))
    record = json.loads(measured.to_json())
    for result in record["results"]:
        result["kappa"] |= {"worst_case": 0.0, "share": 0.0}
        result["complexity"] |= {"m": 10**6, "half": 0.0, "effective": 0.0, "vertices": 0.0, "share": 0.0}
    with pytest.raises(InvalidInputError, match="kappa, complexity: contradicts what was measured"):
        Measurements.from_json(json.dumps(record))


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        (("facts", "train_rows"), 10**6, "do not fit the split"),
        (("facts", "holdout_rows"), 10**6, "do not fit the split"),
        (("settings", "rho_grid"), [0.1], "and the margins"),
        (("settings", "delta"), 2.0, "delta=2.0"),
        (("results", 0, "frame", "modalities"), ["c"], "expected the data's"),
        (("results", 2, "frame", "modalities"), ["b", "a"], "expected the data's"),
        (("results", 0, "frame", "squared_radii", "a"), 0.01, "expected \\[2.0, 4.0\\]"),
        (("results", 0, "frame", "weights"), [0.1, 0.1], "are not the settings'"),
        (("results", 0, "train", "risk", "mean"), -1.0, "finite mean >= 0"),
        (("results", 0, "train", "risk", "count"), 1, "no single value"),
        (("results", 0, "kappa", "tries", 0, "mean", "variance"), -1.0, "variance and span >= 0"),
        (("results", 0, "train", "gap"), None, "do not fit the split"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(where, value, says):
    record = json.loads(measure_subsets(example(), rng=0).to_json())
    place = record
    for key in where[:-1]:
        place = place[key]
    assert place[where[-1]] != value
    place[where[-1]] = value
    with pytest.raises(InvalidInputError, match=says):
        Measurements.from_json(json.dumps(record))


@pytest.mark.parametrize("options", OPTIONS[:2], ids=["exact", "sampled"])
def test_guarantees_and_plans_are_the_same_from_any_reading(options):
    measured = measure_subsets(example(), rng=0, **options)
    for other in (measured.at(0.4), measure_subsets(example(), rng=0, delta=0.01, **options)):
        assert all_guarantees(other, delta=0.2) == all_guarantees(measured, delta=0.2)
        plans = [plan(example(), measured=one, budgets=[1e4, 1e6], delta=0.2) for one in (measured, other)]
        first, second = ({**one.to_dict(), "study": None} for one in plans)
        assert first == second


@pytest.mark.parametrize("options", OPTIONS[:2], ids=["exact", "sampled"])
def test_all_events_of_all_subsets_together_cost_delta(options):
    measured = measure_subsets(example(), rng=0, **options)
    for label, found in all_guarantees(measured, delta=0.2).items():
        ledger = subset_ledger(measured[label], delta=0.2, subsets=len(measured))
        names = {payment.event for payment in ledger.payments}
        assert names == {DEVIATION, COMPLEXITY, CONSTANT} | ({SAMPLED} if options else set())
        assert ledger[COMPLEXITY] == ledger[CONSTANT] == pytest.approx(0.2 / 4 / len(measured))
        for one in found.values():
            assert one.paid.whole(*names) == pytest.approx(0.2)
            assert json.loads(json.dumps(one.to_dict()))["paid"]["delta"] == 0.2


@pytest.mark.parametrize(("command", "deltas"), [("report", ["0.002"]), ("plan", ["0.002", "0.6"])])
def test_what_train_wrote_is_read_at_any_delta(command, deltas, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    data, stored = tmp_path / "small.npz", tmp_path / "stored.json"
    sample = example()
    np.savez(data, y=sample.y, **sample.arrays)
    assert main(["train", str(data), "--out", str(stored)]) == 0
    extra = ["--no-check"] if command == "report" else []
    for delta in deltas:  # it was trained at 0.05
        answers = []
        for source in ([], ["--estimates", str(stored)]):
            capsys.readouterr()
            assert main([command, str(data), "--no-curve", "--json", "--delta", delta, *extra, *source]) == 0
            answers.append(json.loads(capsys.readouterr().out))
        if command == "plan":  # without estimates every row is held out once, with them as in the training
            assert [answer["delta"] for answer in answers] == [float(delta)] * 2
            assert answers[0]["promised"] == answers[1]["promised"] or answers[0]["subset"] != answers[1]["subset"]
        else:
            answers = [{**answer, "plan": None, "summary": answer["summary"][:1]} for answer in answers]
            assert _without(answers[0]) == _without(answers[1])


def _without(value):
    """Drop the time it took."""
    if isinstance(value, dict):
        return {k: _without(v) for k, v in value.items() if k != "seconds"}
    return [_without(item) for item in value] if isinstance(value, list) else value


# ------------------------------------------------------------------ no other module divides delta

#: Inequalities whose own formula shares a delta that was already given: a union inside one inequality.
FORMULAS = {
    ("trainer/complexity/kappa.py", "bernstein"): "the ridges of one confidence value",
    ("trainer/risk/incomplete.py", "at"): "the coordinates of one gradient",
}
#: Rooms that work with delta as a symbol, or simulate at a delta of their own.
SYMBOLIC = ("catalogue", "checker", "statements", "inverse", "evaluator", "bound.py", "theorems.py", "symbols.py")


def _speaks_of_delta(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):  # a logarithm of it is no share of it
        return False
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name in ("delta", "confidence") or any(_speaks_of_delta(child) for child in ast.iter_child_nodes(node))


def divisions(source: str) -> list[tuple[str, int]]:
    """Return where delta is divided, multiplied or taken from: function and line."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.Lambda):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.AugAssign) and _speaks_of_delta(node.target):
                found.append((getattr(function, "name", "lambda"), node.lineno))
            if not isinstance(node, ast.BinOp):
                continue
            left, right = _speaks_of_delta(node.left), _speaks_of_delta(node.right)
            complement = isinstance(node.op, ast.Sub) and not left  # 1 - delta, a probability that is told
            if isinstance(node.op, ast.Div) and not left:  # log(2/delta)
                continue
            if (left or right) and not complement and not isinstance(node.op, ast.BitOr):
                found.append((getattr(function, "name", "lambda"), node.lineno))
    return found


def test_the_search_finds_a_division():
    for line in ("delta / 3", "0.5 * delta", "self.delta / n", "delta - spent", "(delta - 1) / k"):
        assert divisions(f"def f():\n    return {line}\n"), line
    assert divisions("def f(delta):\n    delta -= 0.01\n")
    for line in ("log(2 / delta)", "1 - delta", "at(delta)", "g(delta) / 2"):
        assert not divisions(f"def f():\n    return {line}\n"), line


def test_only_the_ledger_divides_delta():
    allowed = {(path, name) for path, name in FORMULAS}
    seen = set()
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(SYMBOLIC) or name == "language/ledger.py":
            continue
        for function, line in divisions(path.read_text(encoding="utf-8")):
            assert (name, function) in allowed, f"{name}:{line} ({function}) divides delta: let the ledger do it"
            seen.add((name, function))
    assert seen == allowed
