"""kl and kl_inverse as SymPy functions: corners, derivatives, digits, limits, printed and stored forms."""

import json
import shutil
import subprocess

import mpmath
import numpy as np
import pytest
import sympy as sp

from boundcalc.evaluator.emit.javascript import to_javascript
from boundcalc.language.entropy import kl, kl_inverse
from boundcalc.language.expressions import decode, encode
from boundcalc.show.mathml import to_mathml
from boundcalc.show.mathtext import mathtext
from boundcalc.statements.asymptotics import rate
from boundcalc.statements.typeset import expression_latex
from boundcalc.symbols import C, delta, n, rhat_0
from tests.entropy import reference
from tests.entropy.reference import between

Q, A, P = sp.symbols("q a p", positive=True)
HALF, THIRD = sp.Rational(1, 2), sp.Rational(1, 3)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (kl_inverse(1, A), 1),
        (kl_inverse(0, A), 1 - sp.exp(-A)),
        (kl_inverse(THIRD, 0), THIRD),
        (kl_inverse(THIRD, sp.oo), 1),
        (kl_inverse(2, A), sp.nan),
        (kl_inverse(-THIRD, A), sp.nan),
        (kl_inverse(THIRD, -1), sp.nan),
        (kl(THIRD, THIRD), 0),
        (kl(0, THIRD), sp.log(sp.Rational(3, 2))),
        (kl(1, THIRD), sp.log(3)),
        (kl(0, 1), sp.oo),
        (kl(1, 0), sp.oo),
        (kl(THIRD, 0), sp.oo),
        (kl(THIRD, 1), sp.oo),
        (kl(0, 0), 0),
        (kl(1, 1), 0),
        (kl(THIRD, 2), sp.nan),
        (kl(-1, P), sp.nan),
    ],
)
def test_corners_are_evaluated(value, expected):
    assert (
        (value is sp.nan)
        if expected is sp.nan
        else sp.expand_log(value - expected, force=True) == 0 or value == expected
    )


@pytest.mark.parametrize(
    "value", [kl_inverse(Q, 0), kl_inverse(0, sp.log(1 / delta)), kl(Q, Q), kl(0, P), kl_inverse(Q, A)]
)
def test_what_is_not_proved_is_left(value):
    assert isinstance(value, kl | kl_inverse)
    assert value.is_nonnegative is None


def test_signs_follow_from_the_arguments():
    inside = 1 / (1 + A)
    assert kl_inverse(HALF, A).is_positive
    assert kl_inverse(HALF, A).is_finite
    assert kl_inverse(HALF, A).is_real
    assert kl(HALF, THIRD).is_nonnegative
    assert kl_inverse(inside, A).is_nonnegative in (True, None)


@pytest.mark.parametrize("digits", [15, 60, 300])
def test_evalf_has_the_digits_asked_for(digits):
    for q, a in [(THIRD, sp.Rational(2, 7)), (sp.Rational(1, 10**30), THIRD), (1 - sp.Rational(1, 10**40), 1), (THIRD, sp.Rational(1, 10**90))]:  # fmt: skip
        with mpmath.workdps(digits + 150):
            p = mpmath.mpf(kl_inverse(q, a).evalf(digits)._mpf_)
            margin = p * mpmath.mpf(10) ** (1 - digits)
            assert between(q, a, p - margin, p + margin, 2 * digits + 400)
    close = kl(THIRD, THIRD + sp.Rational(1, 10**100)).evalf(digits)
    assert abs(close * 10**200 / sp.Rational(9, 4) - 1) < 10 ** (1 - min(digits, 99))
    gap = kl_inverse(THIRD, sp.Rational(1, 10**90)) - THIRD
    assert abs(gap.evalf(digits) * 10**45 / sp.sqrt(sp.Rational(4, 9)) - 1) < sp.Rational(1, 10**14)


@pytest.mark.parametrize("function", [kl, kl_inverse])
def test_evalf_leaves_symbols_alone(function):
    """SymPy asks a function for digits wherever it stands, in sums with numbers too."""
    assert function(Q, 2 * A).evalf(20).free_symbols == {Q, A}
    found = (function(HALF, P) + HALF).evalf(20)
    assert abs(found.subs(P, sp.Rational(1, 5)) - (function(HALF, sp.Rational(1, 5)) + HALF).evalf(20)) < 1e-14


@pytest.mark.parametrize("function", [kl_inverse(Q, A), kl(Q, P)], ids=str)
def test_derivatives_are_those_of_the_values(function):
    point = {Q: sp.Rational(2, 7), A: sp.Rational(3, 11), P: sp.Rational(5, 9)}
    step = sp.Rational(1, 10**20)
    for symbol in function.args:
        ends = [function.subs(symbol, symbol + side * step).subs(point).evalf(60) for side in (1, -1)]
        slope = function.diff(symbol).subs(point).evalf(40)
        assert abs((ends[0] - ends[1]) / (2 * step) - slope) < sp.Rational(1, 10**30) * abs(slope)


def test_limits():
    share = kl_inverse(Q, A / n)
    assert sp.limit(share, n, sp.oo) == Q
    assert sp.simplify(sp.limit(sp.sqrt(n) * (share - Q), n, sp.oo) ** 2 - 2 * Q * (1 - Q) * A) == 0
    assert sp.limit(kl_inverse(Q, A * n), n, sp.oo) == 1
    assert sp.limit(n * kl_inverse(0, A / n), n, sp.oo) == A
    assert sp.simplify(sp.limit(n**2 * kl(Q, Q + 1 / n), n, sp.oo) - 1 / (2 * Q * (1 - Q))) == 0
    with pytest.raises(NotImplementedError):  # sqrt(2) + 5/3, the expansion's value, would be wrong
        sp.limit(n * kl_inverse(1 / n, 1 / n), n, sp.oo)


CONFIDENCE = sp.log(1 / delta) / sp.floor(n / 2)


def test_rate_of_a_bound():
    found = rate(C * kl_inverse(rhat_0 / C, CONFIDENCE), n)
    assert (found.limit, found.order) == (rhat_0, 1 / sp.sqrt(n))
    at = {C: 3, rhat_0: HALF, delta: sp.Rational(1, 20)}
    exact = sp.sqrt(2 * rhat_0 * (C - rhat_0) * 2 * sp.log(1 / delta))
    assert abs((found.coefficient - exact).subs(at).evalf()) < 1e-12
    fast = rate(C * kl_inverse(0, CONFIDENCE), n)
    assert (fast.limit, fast.order) == (0, 1 / n)
    assert sp.simplify(fast.coefficient - 2 * C * sp.log(1 / delta)) == 0
    assert rate(kl_inverse(rhat_0 / C, n), n).limit == 1


def test_rate_around_a_positive_limit_is_the_derivative():
    found = rate(kl_inverse(THIRD, HALF + 2 / n), n)
    assert (found.limit, found.order) == (kl_inverse(THIRD, HALF), 1 / n)
    assert abs(found.coefficient.evalf() - 2 * kl_inverse(THIRD, A).diff(A).subs(A, HALF).evalf()) < 1e-12
    moving = rate(kl_inverse(THIRD + 1 / n, HALF), n)
    assert abs(moving.coefficient.evalf() - kl_inverse(Q, HALF).diff(Q).subs(Q, THIRD).evalf()) < 1e-12
    with pytest.raises(ValueError, match="is not known to grow"):
        rate(kl_inverse(1 / n, 1 / n), n)


@pytest.mark.parametrize(
    "expr", [C * kl_inverse(rhat_0 / C, CONFIDENCE) + 1, kl(Q, P) ** 2 / 3, kl_inverse(kl(Q, P), A)]
)
def test_json_and_latex(expr):
    assert decode(json.loads(json.dumps(encode(expr)))) == expr
    latex = expression_latex(expr)
    assert latex.count(r"\mathrm{kl}") == len(expr.atoms(kl, kl_inverse))
    assert latex.count("^{-1}") == len(expr.atoms(kl_inverse))
    assert "<mi>kl</mi>" in to_mathml(latex)
    assert mathtext(latex)


def test_latex_of_a_power_is_no_inverse():
    assert sp.latex(kl(Q, P) ** 2) == r"\left(\mathrm{kl}\left(q, p\right)\right)^{2}"
    assert sp.latex(kl_inverse(Q, A)) == r"\mathrm{kl}^{-1}\left(q, a\right)"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_browser_computes_the_same():
    q, a = reference.points(400, 5)
    p = np.random.default_rng(2).permutation(q)
    given = [list(map(float, cell)) for cell in zip(q, a, p, strict=True)]
    source = to_javascript(kl_inverse(Q, A), (Q, A, P)), to_javascript(kl(Q, P), (Q, A, P))
    code = f"const given = {json.dumps(given)}, f = {source[0]}, g = {source[1]};\n"
    code += "console.log(JSON.stringify(given.map(cell => [f(cell), g(cell), f([1.1, 1, 0])])));"
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    for cell, (inverse, entropy, outside) in zip(given, json.loads(done.stdout), strict=True):
        assert outside is None
        with mpmath.workdps(60):
            margin = 8 * mpmath.mpf(float(np.spacing(inverse)))
            assert between(*cell[:2], inverse - margin, inverse + margin)
        exact = float(reference.kl(cell[0], cell[2], 400))
        assert entropy == pytest.approx(exact, rel=2e-15) or (entropy is None and np.isinf(exact))
