"""No proof in nonlinear arithmetic rests on one solver: whatever either of the two answers, both must say unsat."""

from __future__ import annotations

import itertools

import pytest

from boundcalc.checker import check_inequality
from boundcalc.checker.inequality import boxes, monotone, proving, smt
from boundcalc.checker.inequality.cases import cases
from boundcalc.checker.inequality.polynomial import translate
from boundcalc.checker.inequality.problem import state
from boundcalc.errors import MissingExtraError
from boundcalc.symbols import L, m

#: True, nonlinear, and out of reach of signs and algebra: only the solvers (or branch and bound) prove it.
CLAIM = (2 * L * m, "<=", L**2 + m**2)


@pytest.fixture
def solvers(monkeypatch):
    """Return a function that makes the two solvers answer as told, with squares, branch and bound out of the way."""
    pytest.importorskip("z3")
    pytest.importorskip("cvc5")
    monkeypatch.setattr(proving, "by_boxes", lambda case, **_: boxes.Cover(False, 0))
    for module in (proving, monotone):
        monkeypatch.setattr(module, "by_squares", lambda system: None)

    def answering(z3: str, cvc5: str) -> list[str]:
        asked = []
        monkeypatch.setattr(proving, "by_z3", lambda system, **_: asked.append("z3") or z3)
        monkeypatch.setattr(proving, "by_cvc5", lambda system, **_: asked.append("cvc5") or cvc5)
        return asked

    return answering


def test_the_claim_needs_both_solvers(solvers):
    asked = solvers("unsat", "unsat")
    verdict = check_inequality(*CLAIM, budget=4)
    assert verdict.word == "PROVED"
    assert set(asked) == {"z3", "cvc5"}
    assert "z3" in verdict.engine
    assert "cvc5" in verdict.engine


@pytest.mark.parametrize(
    ("z3", "cvc5"),
    [pair for pair in itertools.product(("unsat", "sat", "unknown"), repeat=2) if pair != ("unsat", "unsat")],
)
def test_nothing_is_proved_when_they_do_not_agree(solvers, z3, cvc5):
    solvers(z3, cvc5)
    verdict = check_inequality(*CLAIM, budget=4)
    assert verdict.word == "UNSETTLED"
    assert "z3" in str(verdict.details["remarks"])


@pytest.mark.parametrize("name", ["by_z3", "by_cvc5"])
def test_nothing_is_proved_when_one_is_missing(solvers, monkeypatch, name):
    def missing(system, **_):
        raise MissingExtraError("no solver")

    solvers("unsat", "unsat")
    monkeypatch.setattr(proving, name, missing)
    assert check_inequality(*CLAIM, budget=4).word == "UNSETTLED"


@pytest.mark.parametrize(("claim", "answer"), [(CLAIM, "unsat"), ((3 * L * m, "<=", L**2 + m**2), "sat")])
@pytest.mark.parametrize("solver", ["by_z3", "by_cvc5"])
def test_each_solver_is_asked_the_negated_claim(claim, answer, solver):
    """The literal answers of both, on a true claim and on its false twin."""
    pytest.importorskip(solver.removeprefix("by_"))
    answers = {getattr(smt, solver)(translate(case), seconds=5) for case in cases(state(*claim))}
    assert answers == {answer}
