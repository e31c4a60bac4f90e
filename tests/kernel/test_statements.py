"""What is printed for Coq says what the page says: read back, it has the same values, hypotheses and relation."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sympy
from mpmath import mp
from sympy import Interval, Rational, exp, floor, log, sqrt

from boundcalc.catalogue import REGISTRY
from boundcalc.checker.inequality.problem import state
from boundcalc.errors import InvalidInputError
from boundcalc.kernel import coqc
from boundcalc.kernel.claim import Claim, compared, of_chain, of_inequality
from boundcalc.kernel.coqc import _judged, _place, source
from boundcalc.kernel.exporting import file_name, jobs
from boundcalc.kernel.proofs import _squares
from boundcalc.kernel.reading import read_statement
from boundcalc.kernel.refuting import refutation
from boundcalc.kernel.terms import obligations, printed
from boundcalc.kernel.witness import witness
from boundcalc.language.entropy import kl_inverse
from boundcalc.statements.derivation import Derivation, named
from boundcalc.symbols import Constraint, n

x, y = sympy.symbols("x y", positive=True)
NAMES = {x: "x", y: "y"}
LEARNT = named("learning", context="any")
JOBS = {str(job.step) + str(job.step.definitions): job for entry in REGISTRY.values() for job in jobs(entry)}


@pytest.mark.parametrize("job", JOBS.values(), ids=lambda job: job.name)
def test_every_closed_form_step_of_the_catalogue_is_stated_faithfully(job):
    assert compared(job.claim, job.problem) > 0


def test_what_the_theorem_requires_stands_in_the_statement():
    (job,) = [job for job in jobs(REGISTRY["lemmas.sauer"], form="rademacher") if "d_vc" in job.claim.statement()]
    assert "d_vc <= m" in job.claim.statement().replace("IZR ", "").replace("%Z", "")


@pytest.mark.parametrize(
    "expr",
    [x - (y - 2), x / (y * 3), -(x**2), (-x) ** 3, 2 ** (x * y), x ** Rational(-3, 2), sympy.Min(x, y, 2), exp(-x / y),
     1 / (x + y) - 1 / x, sympy.Abs(x - y) / 7, x * (1 - y) ** 2, sqrt(x / y) * log(1 + 1 / x), -Rational(2, 3) * x],
)  # fmt: skip
def test_terms_mean_what_they_were(expr):
    read = read_statement(f"forall (x y : R), {printed(expr, NAMES)} <= 0")
    for a, b in ((mp.mpf(3) / 7, mp.mpf(11) / 5), (mp.mpf(13), mp.mpf(1) / 9)):
        value = read.sides({"x": a, "y": b})[0]
        assert mp.almosteq(value, sympy.N(expr.subs({x: sympy.Float(a, 40), y: sympy.Float(b, 40)}), 30), 1e-12, 1e-12)


def test_brackets_follow_coqs_levels():
    """Minus binds less tightly than a power, a quotient associates to the left."""
    read = read_statement("forall (a : R), - a ^ 2 <= 12 / a / 2 - 1")
    assert read.sides({"a": mp.mpf(3)}) == (mp.mpf(-9), "<=", mp.mpf(1))


def test_a_floor_is_an_integer_with_its_bounds():
    claim = of_inequality(state(1 / floor(n / 2), "<=", 3 / n))
    assert "(2 * m <= n < 2 * m + 2)%Z" in claim.statement()
    read = read_statement(claim.statement())
    assert read.admits({"n": mp.mpf(7), "m": mp.mpf(3)})
    assert not read.admits({"n": mp.mpf(7), "m": mp.mpf(4)})
    assert not read.admits({"n": mp.mpf(8), "m": mp.mpf(3)})


PROBLEM = state(x / (1 + x), "<=", log(1 + x), domain={x: Interval.open(0, 5)})
WRONG = {
    "relation": {"relation": ">="},
    "left": {"left": x / (2 + x)},
    "right": {"right": log(1 + x) + Rational(1, 10**12)},
    "domain": {"domain": {x: Interval.open(0, 1)}},
    "constraint": {"constraints": (Constraint(x, sympy.Integer(2)),)},
}


@pytest.mark.parametrize("change", ["relation", "left", "right"])
def test_a_statement_of_something_else_is_caught(change):
    claim = of_inequality(PROBLEM)
    assert compared(claim, PROBLEM) == 25
    with pytest.raises(InvalidInputError, match="differs"):
        compared(replace(claim, **WRONG[change]), PROBLEM)


@pytest.mark.parametrize("change", ["domain", "constraint"])
def test_hypotheses_that_say_more_than_the_claim_are_caught(change, monkeypatch):
    """Points are drawn from the claim; the text that is read back excludes some of them."""
    narrow = replace(of_inequality(PROBLEM), **WRONG[change]).statement()
    monkeypatch.setattr(Claim, "statement", lambda self, conclusion=None: narrow)
    with pytest.raises(InvalidInputError, match="exclude"):
        compared(of_inequality(PROBLEM), PROBLEM)


def test_hypotheses_that_nothing_satisfies_are_refused():
    problem = state(x, "<=", 2 * x, constraints=[(x, "<=", -1)])
    with pytest.raises(InvalidInputError, match="no point"):
        compared(of_inequality(problem), problem)


def _chain(*rules):
    """Return a <= b, b = c/2 and c <= 1/(1 - a) as premises of a <= 1/(2 (1 - a)), under rules."""
    a, b, c = sympy.symbols("a b c", nonnegative=True)
    premises = {"step_1": (a, "<=", b), "step_2": (b, "=", c / 2), "step_3": (c, "<=", 1 / (1 - a))}
    names, domain = {s: s.name for s in (a, b, c)}, dict.fromkeys((a, b, c), Interval(0, sympy.oo))
    return Claim(a, "<=", 1 / (2 * (1 - a)), names, domain, {}, {}, rules, premises)


def test_premises_hold_together_at_a_point():
    _, point = witness(_chain())
    assert 0 <= point["a"] <= point["b"]
    assert mp.almosteq(point["b"], point["c"] / 2)
    assert point["c"] <= 1 / (1 - point["a"])
    assert "1 - a <> 0" in {fact.text for fact in _chain().facts}  # what a premise divides by
    above = (Constraint(sympy.Integer(3), sympy.Symbol("a", nonnegative=True)),)
    assert witness(_chain(*above)) is None


def test_squares_come_from_negative_monomials():
    a, b, c = sympy.symbols("a b c")
    assert _squares(sympy.Mul(5, a**2 * c**2 - 2 * a * b * c + b**2)) in ([a * c - b], [b - a * c])
    assert not _squares(a**2 + a * b + b**2)


def test_points_where_a_side_has_no_value_are_passed_over():
    z = sympy.Symbol("z", real=True)
    problem = state(sympy.Min(1, 1 / z), "<=", 1, domain={z: sympy.FiniteSet(0, 2)})
    assert compared(of_inequality(problem), problem) == 25


@pytest.mark.parametrize("side", [lambda z: log(z), lambda z: 1 / z, lambda z: sqrt(z)])
def test_no_claim_is_refuted_where_a_side_has_no_value(side):
    z = sympy.Symbol("z", real=True)
    holds, fails = (state(side(z), "<=", top, domain={z: sympy.FiniteSet(-4, 0, 1)}) for top in (z + 9, z - 9))
    assert refutation(of_inequality(holds)) is None
    assert refutation(of_inequality(fails)) is not None


def test_definedness_is_asked_for():
    z = sympy.Symbol("z", real=True)
    assert set(obligations(sqrt(z - 1) / log(z), {z: "z"})) == {"0 <= z - 1", "ln z <> 0", "0 < z"}


def test_what_has_no_term_says_so():
    with pytest.raises(InvalidInputError, match="gamma is not translated"):
        printed(sympy.gamma(x), NAMES)


def whole(key, form):
    entry = REGISTRY[key]
    return of_chain(entry.form(form).derivation, entry.constraints, domain=entry.domain)[0].statement()


def test_a_value_without_a_term_is_any_number_of_its_range():
    statement = whole("lemmas.permanent", "sharp")
    assert "0 < f_1 ->" in statement
    assert "ln f_1" in statement.rsplit("->", 1)[1]
    a, b = sympy.symbols("a b", positive=True)
    steps = (LEARNT.at_most(x, sympy.gamma(a), because="given"), LEARNT.equal(a, b, because="given"))
    with pytest.raises(InvalidInputError, match=r"gamma\(a\) is not translated, and step 2 replaces a part of it"):
        of_chain(Derivation(x, steps))


def test_the_inverse_of_relative_entropy_has_a_term():
    assert "C * kl_inverse (rhat_rho / C) ((KL + ln (2 * sqrt (IZR m) / delta)) / IZR m)" in whole(
        "lemmas.pac_bayes", "kl"
    )
    z = kl_inverse(x, y)
    assert obligations(z, NAMES) == ["0 <= x <= 1", "0 <= y"]
    read = read_statement(f"forall (x y : R), {printed(z, NAMES)} <= 0")
    for q, a in (
        ("0", "0.3"),
        ("0.25", "2"),
        ("1e-9", "40"),
        ("0.999", "1e-6"),
        ("0.5", "1e4"),
        ("1", "3"),
        ("0.2", "0"),
    ):
        given = {x: sympy.Rational(q), y: sympy.Rational(a)}
        with mp.workdps(40):
            value = read.sides({"x": mp.mpf(q), "y": mp.mpf(a)})[0]
            assert mp.almosteq(value, mp.mpf(str(sympy.N(z.xreplace(given), 40))), 1e-30, 1e-30)


def test_a_whole_bound_is_claimed_in_its_theorems_domain():
    assert "(3 <= n)%Z ->" in whole("weinberger2005.triplets", "sharp")


SAID = {
    "Closed under the global context\n": True,
    "Axioms:\nClassical_Prop.classic : forall P : Prop, P \\/ ~ P\n": True,
    "Axioms:\nstep : 1 = 2\n": False,
    "Axioms:\nPrimFloat.add\n  : PrimFloat.float -> PrimFloat.float\n": False,
    "": False,
}


@pytest.mark.parametrize("said", SAID)
def test_only_the_axioms_of_the_real_numbers_count(said):
    assert _judged(said, 1, 0.0).accepted is SAID[said]


def test_a_file_s_name_is_a_module_s_whatever_a_form_is_called():
    assert file_name("zhou2026.risk_gap", "sharp", "step_1") == "zhou2026_risk_gap_sharp_step_1"
    assert file_name("../../etc", "a/../b é", "whole") == "_etc_a_b__whole"


def test_hoeffding_s_decomposition_is_about_every_number_of_rows():
    for part, theorem in (
        ("Hoeffding.v", "hoeffding_decomposition : forall q n, "),
        ("Decoupling.v", "decoupling : forall n psi "),
    ):
        statement = source(part).split(f"Theorem {theorem}", 1)[1].split("Proof.")[0]
        assert "(2 <= n)%nat ->" in statement


def test_a_change_of_one_library_file_keeps_what_does_not_use_it(monkeypatch):
    step, finite = (
        "From Boundcalc Require Import Boundcalc.\n(* Decoupling *)\n",
        "From Boundcalc Require Import Hoeffding.\n",
    )
    before = [_place(text, ("step",)) for text in (step, finite)]
    monkeypatch.setattr(coqc, "source", lambda part: source(part) + ("(* new *)" if part == "Samples.v" else ""))
    after = [_place(text, ("step",)) for text in (step, finite)]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False]


def test_hypotheses_say_what_they_are():
    claim = of_inequality(state(1 / floor(n / 2), "<=", 3 / n, constraints=[(n, "<=", 9)]))
    said = claim.statement(remarks=True)
    assert "2 * m + 2)%Z -> (* rounded *)" in said
    assert "IZR n <= 9 -> (* required *)" in said
    assert re.sub(r" \(\*.*?\*\)", "", said) == claim.statement()
