"""What compiled functions and grids refuse, and that they say which argument is meant."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import xarray as xr

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.evaluator import compile_expression, evaluate_grid

n, x = sp.symbols("n x", positive=True)
QUOTIENT = compile_expression(x / n, (x, n))
GAP = bc.theorem("Theorem 3.13").bound()
POINT = {"n": 1000, "delta": 0.05, "L": 1, "C": 1, "R_M": 0.1, "gamma": 0, "eps_opt": 0}
COMPOSED = GAP.substitute(R_M=bc.theorem("Theorem 3.18").bound())
COMPOSED_POINT = {**POINT, "g_M": 3, "lam_min": 0, "lam_max": 1, "t_min": 0, "t_max": 1, "B": 1}


@pytest.mark.parametrize("bad", [None, "one", 1j, np.array([1j]), {"a": 1}, np.array(["2020-01-01"], dtype="M8[D]")])
def test_what_is_no_number_is_named(bad):
    with pytest.raises(InvalidInputError, match=r"x = .* is no real number"):
        QUOTIENT(bad, 1.0)


def test_exact_numbers_and_integers_beyond_the_doubles_are_taken():
    assert QUOTIENT(Fraction(1, 2), Decimal(2)) == 0.25
    np.testing.assert_array_equal(
        QUOTIENT(np.array([Fraction(1, 2), "0.5", 10**400], dtype=object), 2), [0.25, 0.25, np.inf]
    )


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(InvalidInputError, match=r"x has \(3,\), n has \(2,\)"):
        QUOTIENT(np.ones(3), np.ones(2))


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ([0.0, 0.0], "it is list"),
        (np.zeros(2, dtype=int), "it is of int64"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.broadcast_to(0.0, 2), "read-only"),
    ],
)
def test_an_unusable_output_is_refused(out, message):
    with pytest.raises(InvalidInputError, match=message):
        QUOTIENT(np.ones(2), 1.0, out=out)


def test_a_wrong_number_of_arguments_is_refused():
    for call in (QUOTIENT, QUOTIENT.plan):
        with pytest.raises(InvalidInputError, match="1 arguments given, 2 wanted: x, n"):
            call(1.0)


@pytest.mark.parametrize("precision", [0, -5, 2.5, "many", True])
def test_digits_are_a_positive_integer(precision):
    with pytest.raises(InvalidInputError, match=r"precision = .* 1 to 10,000"):
        evaluate_grid(x, {"x": 1}, symbols={"x": x}, precision=precision)


def test_precision_and_sound_exclude_each_other():
    with pytest.raises(InvalidInputError, match="exclude each other"):
        GAP.evaluate(**POINT, precision=30, sound=True)


def test_differing_axes_name_both_arguments_and_what_they_have():
    g_M = xr.DataArray([1, 2], dims="n", coords={"n": [10, 30]})
    with pytest.raises(InvalidInputError, match=r"risk_gap .*n and g_M .* along 'n': .*\[10, 20\].*\[10, 30\]"):
        COMPOSED.evaluate(**{**COMPOSED_POINT, "n": [10, 20], "g_M": g_M})
    with pytest.raises(InvalidInputError, match="n has 2 cells, g_M has 3 cells"):
        COMPOSED.evaluate(
            **{**COMPOSED_POINT, "n": xr.DataArray([10, 20], dims="k"), "g_M": xr.DataArray([1, 2, 3], dims="k")}
        )


@pytest.mark.parametrize(
    "bad",
    [
        xr.Dataset({"a": 1}),
        np.ma.array([10, 20], mask=[0, 1]),
        b"10",
        Decimal("sNaN"),
        10**400,
        [10**400],
        ["1/0"],
    ],
)
def test_values_that_cannot_be_meant_are_refused(bad):
    with pytest.raises(InvalidInputError, match=r"zhou2026.risk_gap \(sharp\): n = "):
        GAP.evaluate(**{**POINT, "n": bad})


def test_numbers_of_mpmath_are_exact_numbers():
    import mpmath

    assert GAP.evaluate(**{**POINT, "delta": mpmath.mpf(0.05)}) == GAP.evaluate(**POINT)


def test_compile_refuses_a_symbol_that_is_named_twice():
    rest = {name: value for name, value in POINT.items() if name != "n"}
    with pytest.raises(InvalidInputError, match="n is named twice"):
        GAP.compile("n", "n", **rest)
    with pytest.raises(InvalidInputError, match="n is named as an argument and given a value"):
        GAP.compile("n", **POINT)
    with pytest.raises(
        InvalidInputError, match="unknown symbol 'foo'; the bound has n, delta, L, C, R_M, gamma, eps_opt"
    ):
        GAP.compile("n", "foo", **POINT)


def test_many_missing_values_are_named_without_their_meanings():
    with pytest.raises(InvalidInputError) as caught:
        COMPOSED.evaluate()
    assert caught.value.problems[:2] == ("missing n", "missing delta")
    assert len(str(caught.value)) < 320
    with pytest.raises(InvalidInputError, match=r"missing delta \(failure probability"):
        GAP.evaluate(**{name: value for name, value in POINT.items() if name != "delta"})
