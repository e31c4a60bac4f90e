"""Numbers that people write: bounded before they are built, in plain digits, and never code."""

import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy

import boundcalc as bc
from boundcalc.arithmetic.written import shortened, written
from boundcalc.cli import main
from boundcalc.evaluator import compile_expression, elasticity, enclose_grid, evaluate_grid, gradient

HUGE = ["1e1000000000", "1e-1000000000", f"1e{'9' * 100_000}", "9" * 10**6, f"1/{'9' * 10**6}", "1e4999"]
ODD = ["1_000", "１００", "٣", "1e1_0", "1e１０", "0x10", "1e5/1e5", "1/0", "", "--5", "True", "sqrt(2)", "1 0", "²"]
POINT = dict(n=100, delta=0.05, R_M=0.1, C=3, gamma=0, L=1, eps_opt=0)
CODE = "__import__('pathlib').Path('executed').touch()"
X = sympy.Symbol("x", positive=True)


@pytest.fixture(scope="module")
def bound():
    return bc.theorem("zhou2026.risk_gap").bound()


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.05", Fraction(1, 20)), (" 1/20 ", Fraction(1, 20)), ("+1.E3", 1000), (".5e-1", Fraction(1, 20))],
)
def test_a_number_is_read_exactly(text, value):
    assert written(text) == value


@pytest.mark.parametrize("text", [*HUGE, *ODD], ids=range(20))
@pytest.mark.parametrize("name", ["n", "delta", "C"])
def test_what_is_no_number_of_plain_digits_is_refused_where_bounds_are_evaluated(bound, name, text):
    with pytest.raises(bc.InvalidInputError, match=name) as error:
        bound.evaluate(**{**POINT, name: text})
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("text", [*HUGE[:3], *ODD[:5]], ids=range(8))
def test_and_on_the_command_line(text, capsys):
    settings = [part for k, v in {**POINT, "C": text}.items() for part in ("--set", f"{k}={v}")]
    assert main(["eval", "zhou2026.risk_gap", *settings]) == 2
    assert main(["plan", "penguins", "--budget", text]) == 2
    assert main(["train", "penguins", "--seed", text]) == 2
    assert main(["train", "penguins", "--delta", text]) == 2
    assert max(map(len, capsys.readouterr().err.splitlines())) < 300


@pytest.mark.parametrize(
    "value",
    [True, [True, 100], np.array([True]), np.array([True, 3], dtype=object), 10**100_000, [10**5000, 3], ["1e1000000000", "3"],
     Decimal("1e1000000000"), sympy.Integer(10) ** 5000, mpmath.make_mpf((0, 1, 3_000_000_000, 1)) if hasattr(mpmath, "make_mpf")
     else mpmath.mp.make_mpf((0, 1, 3_000_000_000, 1)), sympy.Pow(10, sympy.Integer(10) ** 9, evaluate=False)],
    ids=range(11),
)  # fmt: skip
def test_truth_values_and_huge_numbers_of_other_types_are_refused(bound, value):
    with pytest.raises(bc.InvalidInputError, match="C = "):
        bound.evaluate(**{**POINT, "C": value})


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="no longer floats here")
@pytest.mark.parametrize("wrap", [np.longdouble, lambda text: np.array([np.longdouble(text)])])
def test_a_longer_float_that_no_double_holds_is_refused(bound, wrap):
    with pytest.raises(bc.InvalidInputError, match="C = "):
        bound.evaluate(**{**POINT, "C": wrap("1e4000")})
    assert float(bound.evaluate(**{**POINT, "C": wrap("3")}).values.item()) == float(bound.evaluate(**POINT))


@pytest.mark.parametrize("precision", [0, -1, 10_001, 10**6, 10**5000, True, "50", 50.0], ids=range(8))
def test_digits_are_limited(bound, precision):
    with pytest.raises(bc.InvalidInputError, match="precision = "):
        bound.evaluate(**POINT, precision=precision)


@pytest.mark.parametrize("how", [dict(precision=50), dict(enclosed=True), {}])
def test_a_grid_that_does_not_fit_is_refused_before_the_work(bound, how):
    axes = {**POINT, "n": np.arange(2, 10**6), "C": np.linspace(1, 3, 10**6)}
    if how.pop("enclosed", False):
        pytest.importorskip("flint")
        compute = bound.enclose
    else:
        compute = bound.evaluate
    with pytest.raises(MemoryError):
        compute(**axes, **how)


@pytest.mark.parametrize(
    "call",
    [
        lambda: compile_expression(CODE, (X,)),
        lambda: evaluate_grid(CODE, {"x": 1.0}, symbols={"x": X}),
        lambda: enclose_grid(CODE, {"x": 1.0}, symbols={"x": X}),
        lambda: gradient(CODE, X),
        lambda: elasticity(CODE, X),
        lambda: bc.check_inequality(CODE, "<=", X),
        lambda: bc.check_inequality(X, "<=", 2 * X, constraints=[(CODE, "<=", X)]),
        lambda: bc.check_inequality(X, "<=", 2 * X, constraints=[(X, "<=", CODE)]),
        lambda: bc.theorem("zhou2026.risk_gap").bound().substitute(C=CODE),
        lambda: bc.theorem("zhou2026.risk_gap").bound().evaluate(**{**POINT, "C": CODE}),
        lambda: bc.compare(values={**POINT, "C": CODE, "n": 100}),
    ],
    ids=range(11),
)
def test_no_text_becomes_code(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(bc.InvalidInputError):
        call()
    assert not (tmp_path / "executed").exists()


def test_values_are_shown_in_one_short_line():
    assert shortened(-Fraction(10**6000, 3)) == "about -1e6000"
    assert shortened([10**5000]) == "a list of long numbers"
    assert len(shortened("x" * 10**6)) == 60


def test_reading_text_needs_no_sympy():
    code = "import sys; import boundcalc.arithmetic.written, boundcalc.cli.values; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_irrational_numbers_are_what_they_were(bound):
    assert math.isclose(float(bound.evaluate(**{**POINT, "C": sympy.sqrt(9)})), float(bound.evaluate(**POINT)))
    assert bound.substitute(C=mpmath.pi).expr == bound.substitute(C=sympy.pi).expr
