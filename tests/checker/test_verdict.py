"""Verdicts are words; only certificates make PROVED."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from boundcalc.checker import Verdict
from boundcalc.checker.verdict import Certificate, Word, cited, proved, refuted, supported, unsettled, weakest


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
