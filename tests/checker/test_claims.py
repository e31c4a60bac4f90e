"""The claims that theorists use are settled, their false twins refuted, within twice the budget; no lie about constants."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
import sympy
from sympy import Interval, Range, Rational, acosh, ceiling, exp, floor, log, loggamma, oo

from boundcalc.checker import check_inequality
from boundcalc.checker.inequality.identity import sign_at
from boundcalc.checker.inequality.monotone import Monotone
from boundcalc.checker.inequality.reals import _Work
from tests.checker.claims import CLAIMS, FAR, Claim

n = sympy.Symbol("n", integer=True, positive=True)
x = sympy.Symbol("x", real=True)
#: A stop that arrives in a solver's destructor is swallowed there, and repeated.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
BUDGET = 10.0
#: One of each kind; the whole table is marked slow.
QUICK = CLAIMS[::6]


def checked(claim: Claim, budget: float):
    return check_inequality(
        claim.left, claim.relation, claim.right, domain=claim.domain, constraints=claim.constraints, budget=budget
    )


def verdict_on(claim: Claim):
    start = time.monotonic()
    verdict = checked(claim, BUDGET)
    assert time.monotonic() - start < 2 * BUDGET
    return verdict


@pytest.mark.parametrize("claim", QUICK, ids=str)
def test_claims_are_settled(claim):
    assert checked(claim, 4 * BUDGET).word == ("PROVED" if claim.true else "REFUTED")


@pytest.mark.slow
@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim not in QUICK], ids=str)
def test_all_claims_are_settled(claim):
    assert verdict_on(claim).word == ("PROVED" if claim.true else "REFUTED")


@pytest.fixture
def blind(monkeypatch):
    """Take from the prover all points at which a claim fails: its proofs have to be right by themselves."""
    monkeypatch.setattr(Monotone, "_negative_somewhere", lambda self, h, box: False)
    monkeypatch.setattr(_Work, "_search", lambda self, longer=False: None)


FALSE = [claim for claim in CLAIMS if not claim.true]
BLIND = [FAR[-1], *FALSE[5::12]]


@pytest.mark.parametrize("claim", BLIND, ids=str)
def test_nothing_false_is_proved_without_looking_at_points(claim, blind):
    assert checked(claim, 1.0).word != "PROVED"


@pytest.mark.slow
@pytest.mark.parametrize("claim", [claim for claim in FALSE if claim not in BLIND], ids=str)
def test_nothing_false_at_all_is_proved_without_looking_at_points(claim, blind):
    assert checked(claim, 4.0).word != "PROVED"


@pytest.mark.parametrize(("base", "power"), [(2, 3), (2, 31), (2, 49), (2, 60), (3, 30), (10, 15), (10, 22)])
@pytest.mark.parametrize("step", [-1, 0, 1])
def test_floors_of_logarithms_next_to_powers(base, power, step):
    """SymPy takes floor(log(2**49 - 1)/log(2)) for 49: as a value, as the end of a constraint, and as a domain."""
    number = base**power + step
    true = power - 1 if step < 0 else power
    value = floor(log(n) / log(base))
    for guess in (true - 1, true, true + 1):
        wrong = {"PROVED"} if guess != true else {"REFUTED"}
        point = check_inequality(value, "=", guess, domain={n: Range(number, number + 1)}, budget=3)
        given = check_inequality(value, "=", guess, constraints=[(n, "=", number)], budget=3)
        assert {point.word, given.word}.isdisjoint(wrong)
        assert point.word == ("PROVED" if guess == true else "REFUTED")
    above = check_inequality(value, ">=", true + 1, domain={n: Range(number, oo)}, budget=3)
    assert above.word == "REFUTED"
    up = ceiling(log(n) / log(base))
    assert check_inequality(up, "<=", power, domain={n: Range(number, number + 1)}, budget=3).word == (
        "REFUTED" if step > 0 else "PROVED"
    )


@pytest.mark.parametrize(
    "tiny",
    [loggamma(1 + Rational(1, 2**20)) / 10**4, acosh(1 + Rational(1, 2**60)), exp(-50), log(1 + Rational(1, 10**30))],
)
def test_what_is_nearly_zero_is_not_zero(tiny):
    verdict = check_inequality(x + tiny, "=", x, domain={x: Interval(1, 10)}, budget=5)
    assert verdict.word != "PROVED"
    if not tiny.has(acosh):
        assert verdict.word == "REFUTED"
        assert verdict.details["left"] != verdict.details["right"]


def test_a_true_claim_far_out_is_not_refuted():
    y = sympy.Symbol("y", real=True)
    ends = {x: Interval(1, oo), y: Interval(1, oo)}
    claim = (x * log(1 + 1 / x), "<=", y * log(1 + 1 / y))
    assert check_inequality(*claim, domain=ends, constraints=[(x, "<=", y)], budget=10).word == "PROVED"


def test_contradicting_constraints_are_said():
    verdict = check_inequality(n, "<=", 5, constraints=[(n**2, "<=", 10), (n, "=", 12345678901)])
    assert verdict.word == "REFUTED"
    assert "contradict" in verdict.evidence


def test_a_witness_far_out_is_a_power_that_reads_as_a_number():
    verdict = check_inequality(log(log(n)), "<=", 7, domain={n: Range(3, oo)}, budget=5)
    assert verdict.word == "REFUTED"
    far = verdict.witness["n"]
    assert far.startswith("1e")
    assert sympy.log(sympy.log(sympy.Rational(far))).evalf() > 7


@pytest.mark.parametrize(
    "claim",
    [
        (sympy.factorial(n) ** 2, ">=", sympy.binomial(10**9, n), {n: Range(10**8, oo)}),
        (exp(exp(exp(x))), ">=", exp(exp(x**5)) - 1, None),
        (sympy.harmonic(10**30 + n), "<=", 200, None),
    ],
)
def test_no_claim_runs_past_twice_its_budget(claim):
    left, relation, right, domain = claim
    start = time.process_time()  # on a busy machine the clock on the wall says nothing of the claim
    check_inequality(left, relation, right, domain=domain, budget=3)
    assert time.process_time() - start < 6


def test_claims_may_be_checked_in_any_thread():
    found = []
    worker = threading.Thread(target=lambda: found.append(check_inequality(log(1 + n), "<=", n, budget=5).word))
    worker.start()
    worker.join()
    assert found == ["PROVED"]


def test_what_proves_is_kept_for_a_kernel():
    verdict = check_inequality(log(1 + x), "<=", x - x**2 / 2 + x**3 / 3, domain={x: Interval.open(-1, oo)})
    proofs = list(verdict.certificate.proofs)
    assert "monotone" in set(itertools.chain.from_iterable(proof.rules for proof in proofs))
    assert verdict.to_json()["certificate"][0]["rule"] == proofs[0].rule


@pytest.mark.parametrize("far", [10**20, 10**41, 10**300])
def test_an_overflow_is_no_end_of_an_interval(far):
    """Arb gives up on exp(1e41) at 64 bits: what is not finite must not be taken for infinitely large."""
    z = sympy.Symbol("z", real=True)
    gap = z**2 / 2 + log(2) - log(2 * sympy.cosh(z))
    assert sign_at(gap, {z: sympy.Integer(far)}) in {1, None}
    assert check_inequality(log(2 * sympy.cosh(z)), "<=", log(2) + z**2 / 2, budget=10).word == "PROVED"
