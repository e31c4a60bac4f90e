"""What is stored of the catalogue is what its derivations give, and is believed only while the catalogue's files are the same."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import boundcalc as bc
from boundcalc import stored
from boundcalc.catalogue.sheets import files
from boundcalc.cli import main
from boundcalc.evaluator.points import value_at

POINT = [f"--set={pair}" for pair in "n=1000 delta=0.05 L=1 C=1 R_M=0.1 gamma=0 eps_opt=0".split()]


def test_the_stored_files_are_those_that_the_derivations_give():
    made = {name: json.loads(text) for name, text in files()}
    found = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in stored.FOLDER.glob("*.json")}
    assert made == found, "run `make stored`"


def forms():
    for key in bc.catalogue:
        entry = stored.stored_entry(key)
        yield from ((key, form, sheet) for form, sheet in entry["variants"].items() if sheet["point"])


def numbers(symbols, rng):
    """Return exact numbers from the middle of each symbol's domain, some of them no doubles."""
    found = {}
    for name, about in symbols.items():
        low, high, *_ = about["parts"][rng.integers(len(about["parts"]))]
        least = Fraction(low) if "inf" not in low else Fraction(-3)
        most = Fraction(high) if "inf" not in high else least + 60
        value = least + (most - least) * Fraction(int(rng.integers(1, 97)), 97)
        found[name] = Fraction(round(value)) if about["whole"] else value
    return found


def test_a_stored_point_has_the_bits_of_the_sound_evaluation():
    rng = np.random.default_rng(0)
    compared = 0
    for key, form, sheet in forms():
        bound, point = bc.theorem(key).bound(form), sheet["point"]
        for _ in range(2):
            given = numbers(point["symbols"], rng)
            try:
                expected = bound.evaluate(sound=True, **given)
            except bc.InvalidInputError:
                assert value_at(point, given, lower=bound.is_lower) is None
                continue
            found = value_at(point, given, lower=bound.is_lower)
            if found is not None:
                compared += 1
                assert found.value == float(expected), (key, form, given)
                vacuous = bound.vacuous(expected, **given)
                assert found.vacuous is (None if vacuous is None else bool(vacuous))
    assert compared > 150


@pytest.mark.parametrize(
    "argv",
    [
        ["list", "--json"],
        ["show", "Theorem 3.13"],
        ["show", "zhou2026.metric_complexity", "--form", "data", "--json"],
        ["eval", "3.13", *POINT],
        ["eval", "zhou2026.risk_gap", "--json", *POINT],
        ["eval", "zhou2026.risk_gap", "--form", "paper", *POINT],
        ["eval", "zhou2026.risk_gap", *POINT[:-1], "--set=eps_opt=2"],
        ["eval", "zhou2026.risk_gap", *POINT[1:], "--set=n=1e400"],
        ["eval", "zhou2026.risk_gap", *POINT[1:], "--set=n=1.5"],
        ["eval", "zhou2026.risk_gap", *POINT, "--set=B=-1"],
        ["eval", "zhou2026.risk_gap", *POINT[1:]],
        ["show", "nothing.there"],
        ["show", "3.13", "--form", "none"],
    ],
)
def test_the_answers_are_those_without_the_store(argv, capsys, monkeypatch):
    status = main(argv), capsys.readouterr()
    monkeypatch.setattr(stored, "_index", lambda: None)
    assert (main(argv), capsys.readouterr()) == status


def test_a_changed_file_of_the_catalogue_puts_the_store_aside(monkeypatch):
    assert stored.stored_key("Theorem 3.13") == "zhou2026.risk_gap"
    stored._index.cache_clear()
    monkeypatch.setattr(stored, "digest", lambda: "another")
    assert stored.stored_list() is None
    assert stored.stored_entry("zhou2026.risk_gap") is None
    stored._index.cache_clear()


def test_theorems_of_ones_own_come_before_numbers(monkeypatch, tmp_path):
    monkeypatch.setenv(stored.PATH, str(tmp_path))
    assert stored.stored_key("Theorem 3.13") is None
    assert stored.stored_key("zhou2026.risk_gap") == "zhou2026.risk_gap"


@pytest.mark.parametrize("argv", [["list"], ["show", "Theorem 3.13"], ["eval", "Theorem 3.13", *POINT]])
def test_no_algebra_and_no_labelled_arrays_are_loaded(argv):
    code = f"import sys; from boundcalc.cli import main; main({argv!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout
    assert not {"sympy", "xarray", "dask", "pandas", "scipy", "mpmath"} & set(done.stderr.split())
