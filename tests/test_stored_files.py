"""Files of ours: what is read back is what was written, and what was changed since is refused in one line."""

import copy
import json
import time

import numpy as np
import pytest
import sympy

import boundcalc as bc
from boundcalc.language.records import from_json
from boundcalc.planner import Costs
from boundcalc.trainer import Estimates, Measurements, ModalityData, measure_subsets


@pytest.fixture(scope="module")
def data():
    rng, y = np.random.default_rng(0), np.repeat([0, 1], 30)
    return ModalityData({"a": rng.normal(size=(60, 2)) + y[:, None], "b": rng.normal(size=(60, 3))}, y)


@pytest.fixture(scope="module")
def measured(data):
    return measure_subsets(data, rng=1, pair_weights="balanced", draws=50)


def refused(read, text, match):
    with pytest.raises(bc.InvalidInputError, match=match) as error:
        read(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def changed(record, path, value):
    record = copy.deepcopy(record)
    place = record
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(record)


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        (("format",), "boundcalc-measurements-1", "format"),
        (("extra",), 1, "unknown entry 'extra'"),
        (("facts", "train_rows"), ..., "no entry 'train_rows'"),
        (("facts", "holdout_rows"), 10**9, "do not fit the split"),
        (("facts", "classes"), 10**6, "classes"),
        (("facts", "rows"), True, "not of the kind"),
        (("settings", "tolerance"), ..., "no entry"),
        (("settings", "loss", "name"), "square", "loss"),
        (("facts", "rare_classes"), {"x": "<b>"}, "rows of each"),
        (("results",), [], "no subset"),
        (("results", 0, "estimates", "entries", 10, "value"), 1e-9, "contradicts"),
        (("results", 0, "holdout", "rows"), 10**9, "pairs"),
        (("results", 0, "holdout", "risk", "mean"), 0.0, "contradicts"),
        (("results", 0, "train", "ramps", 0, "span"), 1e-9, "ranges"),
        (("results", 0, "train", "wrong", 0), -0.5, "shares"),
        (("results", 0, "kappa", "tries", 0, "mean", "count"), 10**9, "kappa"),
        (("results", 0, "kappa", "worst_case"), 1e-9, "contradicts"),
        (("results", 0, "params", 0), 7.0, "params outside"),
        (("results", 0, "params"), [1.0], "params of shape"),
        (("results", 0, "frame", "weights"), [1.0, "nan"], "weights"),
        (("results", 0, "frame", "weights"), [400.0, 400.0], "weights"),
        (("results", 0, "frame", "weights"), [1e308, 0.5], "weights"),
        (("results", 0, "frame", "squared_radii", "a"), 1e-3, "squared_radii"),
        (("results", 0, "converged"), None, "not of the kind"),
        (("results", 0, "holdout_auc"), 2.0, "holdout_auc"),
    ],
)
def test_a_changed_file_of_measurements_is_refused(measured, path, value, match):
    record = json.loads(measured.to_json())
    assert Measurements.from_json(json.dumps(record)).to_json() == measured.to_json()
    refused(Measurements.from_json, changed(record, path, value), match)


def test_a_subset_that_is_there_twice_is_refused(measured):
    record = json.loads(measured.to_json())
    record["results"].append(record["results"][0])
    refused(Measurements.from_json, json.dumps(record), "twice")


def test_an_entry_that_is_there_twice_is_refused(measured):
    text = measured.to_json().replace('"facts": {', '"facts": {"rows": 7, ', 1)
    refused(Measurements.from_json, text, "'rows' is given twice")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"format": "x"}, "format"),
        ({"more": 1}, "unknown entry"),
        ({"facts": {"train_rows": 3}}, "n = .* contradicts train_rows"),
        ({"facts": []}, "not of the kind"),
        ({"entries": [{"name": "n"}]}, "no entry"),
    ],
)
def test_changed_estimates_are_refused(measured, change, match):
    record = measured["a"].estimates.to_dict()
    assert Estimates.from_json(json.dumps(record)) == measured["a"].estimates
    refused(Estimates.from_json, json.dumps(record | change), match)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[" * 10**6, "nested too deeply"),
        ("[" * 60 + "]" * 60, "nested too deeply"),
        ("[1e999]", "beyond what a double"),
        (f"[{'9' * 5000}]", "beyond what a double can hold"),
        (f"[{'9' * 400}]", "beyond what a double can hold"),
        ('{"a": 1, "a": 2}', "'a' is given twice"),
        ("[NaN]", "no JSON"),
        ("", "no JSON"),
    ],
)
def test_strict_json(text, match):
    refused(from_json, text, match)


RATIONAL = ["Rational", "3", "1"]


@pytest.mark.parametrize(
    "part",
    [
        ["Pow", ["Rational", "10", "1"], ["Rational", str(10**9), "1"]],
        ["Pow", ["Pow", {"symbol": "n"}, ["Rational", "4000", "1"]], ["Rational", "4000", "1"]],
        ["gamma", ["Rational", str(10**9), "1"]],
        ["loggamma", ["Rational", str(10**9), "1"]],
        ["binomial", ["Rational", "1", "2"], ["Rational", str(10**9), "1"]],
        ["Add", *[["Mul", {"symbol": "n"}, ["Rational", str(k), "7"]] for k in range(20_000)]],
        ["Max", *[["Mul", {"symbol": "n"}, ["Rational", str(k), "7"]] for k in range(1000)]],
        ["Float", 0, "1", 10**9, 1, 53],
        ["Float", 0, "5", 0, 1, 53],
        ["Rational", "1", "0"],
        ["Rational", "1_0", "1"],
        ["Rational", "9" * 5000, "1"],
        ["Lambda", {"symbol": "n"}, RATIONAL],
        "__import__('os')",
        {"symbol": "n; import os"},
    ],
    ids=range(15),
)
def test_a_bound_with_a_part_out_of_bounds_is_refused_quickly(part):
    record = json.loads(bc.theorem("zhou2026.risk_gap").bound().to_json())
    record["parts"][0][1] = part
    began = time.perf_counter()
    refused(bc.Bound.from_json, json.dumps(record), "not a bound written by to_json")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("path", "value"),
    [(("boundcalc",), 2), (("more",), 1), (("form",), ...), (("domain", 1), "same"), (("relation",), "!=")],
)
def test_a_changed_bound_is_refused(path, value):
    record = json.loads(bc.theorem("zhou2026.risk_gap").bound().to_json())
    if value == "same":
        value = record["domain"][0]
    refused(bc.Bound.from_json, changed(record, path, value), "not a bound written by to_json")


def test_every_bound_of_the_catalogue_is_well_within_the_limits():
    for entry in bc.catalogue.values():
        for form in entry.forms:
            bound = entry.bound(form)
            assert bc.Bound.from_json(bound.to_json()) == bound
    n = bc.symbols.n
    power = bc.theorem("zhou2026.risk_gap").bound().substitute(C=sympy.sqrt(n**30 + 1))
    assert bc.Bound.from_json(power.to_json()) == power


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("version = 2", "version = 2"),
        ("version = true", "version"),
        ("setup = 1\nsetup = 2", "no TOML"),
        (f"setup = {'9' * 5000}", "no TOML|at most"),
        (f"a = {'[' * 5000}", "no TOML"),
        ("setup = '__import__'", "setup"),
        ("setup = nan", "setup"),
        ("setup = 1e999", "setup"),
        ("[modalities.a]\nmax_samples = 1e9", "max_samples"),
        ("[modalities.a]\nrequired = 1", "required"),
        ("[modalities.a]\nrequired = true\nexcluded = true", "both"),
    ],
)
def test_changed_costs_are_refused(tmp_path, text, match):
    path = tmp_path / "costs.toml"
    path.write_text(text)
    refused(lambda _: Costs.read(path, ["a", "b"]), text, match)


def test_costs_may_say_their_version(tmp_path):
    path = tmp_path / "costs.toml"
    path.write_text("version = 1\nper_sample = 1")
    assert Costs.read(path, ["a"]).per_sample == 1


def test_a_resume_file_of_other_facts_is_refused(data, measured, tmp_path):
    path = tmp_path / "resume.json"
    settings = dict(rng=1, pair_weights="balanced", draws=50)
    measure_subsets(data, resume=path, subsets="a", **settings)
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record).replace('"duplicate_rows": 0', '"duplicate_rows": 5'))
    with pytest.raises(bc.InvalidInputError, match="other data"):
        measure_subsets(data, resume=path, **settings)
    path.write_text(json.dumps(record))
    assert list(measure_subsets(data, resume=path, **settings)) == list(measured)


@pytest.mark.parametrize(
    "part",
    [
        ["Add", {"symbol": "n"}, "Reals"],
        ["Mul", "true", {"symbol": "n"}],
        ["Pow", ["Rational", "-1", "1"], ["Rational", "1", "2"]],
    ],
)
def test_a_bound_of_what_is_no_real_value_is_refused(part):
    record = json.loads(bc.theorem("zhou2026.risk_gap").bound().to_json())
    refused(bc.Bound.from_json, changed(record, ("parts", 0, 1), part), "no real value|expected expressions")


def test_what_a_file_says_is_quoted_in_part(measured):
    record = json.loads(measured["a"].estimates.to_json())
    refused(bc.trainer.Estimates.from_json, changed(record, ("entries", 0, "status"), "x" * 10_000), "xx")
    assert len(str(bc.InvalidInputError("y" * 10_000))) < 900
