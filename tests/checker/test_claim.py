"""A claim's floats against SymPy's values, and its exact answers where floats cannot tell."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from boundcalc.checker.experiments.claim import Claim, violated

x, y = sympy.symbols("x y", real=True)


def literal(side, point):
    value = side.subs(point).evalf(30)
    return float(value) if value.is_real else float("nan")


def test_sides_and_margins_are_sympys_and_nan_where_a_side_is_undefined():
    rng = np.random.default_rng(0)
    values = {"x": rng.normal(size=40), "y": rng.normal(size=40)}
    claim = Claim(sympy.sqrt(x - y), "<=", sympy.exp(x) / (1 + y**2))
    left, right = claim.sides(values)
    points = [{x: sympy.Float(a), y: sympy.Float(b)} for a, b in zip(*values.values(), strict=True)]
    np.testing.assert_allclose(left, [literal(claim.left, point) for point in points], rtol=1e-14)
    np.testing.assert_allclose(right, [literal(claim.right, point) for point in points], rtol=1e-14)
    assert np.isnan(left).any()
    margin, scale = claim.margin(values, (40,))
    np.testing.assert_allclose(margin * scale, right - left, rtol=1e-12)
    for relation, sign in ((">=", -1), ("=", None)):
        other, _ = Claim(claim.left, relation, claim.right).margin(values, (40,))
        np.testing.assert_allclose(other, -np.abs(margin) if sign is None else sign * margin)


def test_a_symbol_without_a_value_is_named():
    with pytest.raises(KeyError, match="y"):
        Claim(x, "<=", y).sides({"x": 1.0})


@pytest.mark.parametrize(
    ("relation", "below", "equal", "above"),
    [("<=", False, False, True), ("<", False, True, True), (">=", True, False, False), (">", True, True, False),
     ("=", True, False, True)],
)  # fmt: skip
def test_what_floats_cannot_tell_is_decided_exactly(relation, below, equal, above):
    small = Fraction(1, 10**40)  # 1 + small == 1 in floats
    claim = Claim(x, relation, y)
    found = [claim.fails_at({"x": 1 + shift, "y": Fraction(1)}) for shift in (-small, Fraction(0), small)]
    assert found == [below, equal, above]
    assert not violated(None, relation)


def test_the_ratio_is_the_smaller_side_over_the_greater_one():
    assert Claim(x, "<=", y).ratio([sympy.Integer(1), sympy.Integer(4)]) == 0.25
    assert Claim(x, ">=", y).ratio([sympy.Integer(4), sympy.Integer(1)]) == 0.25
    assert np.isnan(Claim(x, "<=", y).ratio([sympy.Integer(0), sympy.Integer(0)]))
