"""Verdicts are words; only certificates make PROVED."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest

from boundcalc import catalogue, symbols
from boundcalc.checker import Verdict, check, store, walk
from boundcalc.checker.store import Memory, Store
from boundcalc.checker.verdict import Certificate, Proof, Word, cited, proved, refuted, supported, unsettled, weakest
from boundcalc.statements.derivation import Step


def test_a_verdict_is_no_truth_value():
    with pytest.raises(TypeError, match="a verdict is a word"):
        bool(unsettled("why"))


def test_only_a_certificate_makes_proved():
    with pytest.raises(ValueError, match="only a certificate"):
        Verdict("PROVED", "because I say so")
    verdict = proved(Certificate(("signs",), "all positive"))
    assert verdict.word == "PROVED"
    with pytest.raises(ValueError, match="only a certificate"):
        replace(unsettled("no"), word=Word.PROVED, mint=None)


def test_one_solver_alone_does_not_prove():
    assert proved(Certificate(("z3",), "unsat")).word is Word.UNSETTLED
    assert proved(Certificate(("z3", "cvc5"), "unsat")).word is Word.PROVED


def test_weakest():
    strong, weak = cited("a book"), refuted("no", {"x": 1}, engine="test")
    assert weakest([strong, supported("yes", engine="test")]) is Word.SUPPORTED
    assert weakest([strong, weak, unsettled("?")]) is Word.REFUTED
    assert weakest([]) is Word.UNSETTLED


def test_json_and_html():
    verdict = refuted("at x = 1", {"x": "1"}, engine="evaluation")
    assert json.loads(json.dumps(verdict.to_json()))["word"] == "REFUTED"
    assert "REFUTED" in verdict._repr_html_()
    assert "REFUTED" in str(verdict)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("BOUNDCALC_CACHE", str(tmp_path))
    return tmp_path


def test_a_verdict_is_stored_by_content(kept):
    verdict = proved(Certificate(("calculus",), "by monotone", {"cases": 1}, (Proof("monotone", "x rises"),)))
    Store().put("a <= b", verdict)
    assert Store().get("a <= b").word == "PROVED"
    assert Store().get("a <= b").certificate.proofs == verdict.certificate.proofs
    assert Store().get("a <= c") is None
    assert Store(fresh=True).get("a <= b") is None


def test_what_was_left_open_is_tried_again_with_more_seconds_only(kept):
    Store().put("open", unsettled("no time"), seconds=5.0)
    assert Store().get("open", seconds=5.0).word == "UNSETTLED"
    assert Store().get("open", seconds=6.0) is None
    assert Store().get("open") is None
    Store().put("open", cited("a book"), seconds=6.0)
    assert Store().get("open", seconds=99.0).word == "CITED"


def test_fresh_finds_what_was_kept_since(kept):
    Store().put("a <= b", cited("a book"))
    (file,) = (kept / "verdicts").iterdir()
    fresh = Store(fresh=True)
    os.utime(file, (fresh.since - 1, fresh.since - 1))
    assert fresh.get("a <= b") is None
    assert Store().get("a <= b").word == "CITED"
    os.utime(file, (fresh.since + 1, fresh.since + 1))
    assert fresh.get("a <= b").word == "CITED"


def test_a_verdict_of_another_version_is_not_trusted(kept, monkeypatch):
    Store().put("a <= b", cited("a book"))
    monkeypatch.setattr(store, "identity", lambda: "another version")
    assert Store().get("a <= b") is None


def test_a_damaged_file_is_no_verdict(kept):
    Store().put("a <= b", cited("a book"))
    (file,) = (kept / "verdicts").iterdir()
    file.write_text(file.read_text()[:-20])
    assert Store().get("a <= b") is None


def test_forms_are_compared_once_between_runs(kept, monkeypatch):
    entry, asked = catalogue["zhou2026.risk_gap"], []
    monkeypatch.setattr(walk, "settle", lambda problem, **_: asked.append(problem) or supported("yes", engine="test"))
    for _ in range(2):
        (job,) = walk._comparisons(entry, dict.fromkeys(entry.forms, "holds"))
        row = job(0, 20.0, Memory({}, Store()))
        assert (row.form, row.verdict.evidence) == ("sharp <= paper", "yes")
    assert len(asked) == 1


def test_a_step_is_checked_once_between_runs(kept, monkeypatch):
    n = symbols.n
    step = Step(1 / n, "<=", 2 / n, "a larger numerator")
    first = check(step, store=Store())
    monkeypatch.setattr(walk, "check_step", lambda *_, **__: unsettled("asked again"))
    assert check(step, store=Store()).word == first.word == "PROVED"
    assert check(step, store=Store(fresh=True)).word == "UNSETTLED"
    assert check(Step(1 / n, "<=", 3 / n, "changed"), store=Store()).word == "UNSETTLED"
