"""Code for the browser computes what the evaluator does."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import scipy.special
import sympy as sp

from boundcalc.evaluator import compile_expression
from boundcalc.evaluator.emit.javascript import to_javascript
from tests.evaluator.expressions import GAMMA, B, G, L, M, N

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")


def in_a_browser(expr, symbols, points):
    code = f"const f = {to_javascript(expr, symbols)};\n"
    code += f"console.log(JSON.stringify({json.dumps(points)}.map(f)));"
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
    return [np.nan if value is None else value for value in json.loads(done.stdout)]


def test_the_logarithm_of_the_gamma_function():
    x = [*np.random.default_rng(0).uniform(0, 30, 300).tolist(), *(10.0**k for k in range(-300, 300, 7)), 1.0, 2.0, 3.0]
    found = in_a_browser(sp.loggamma(L), (L,), [[value] for value in x])
    np.testing.assert_allclose(found, scipy.special.gammaln(x), rtol=2e-14, atol=2e-14)


@pytest.mark.parametrize(
    "expr",
    [
        sp.sqrt(G / M) * L - B ** sp.Rational(1, 3) / (1 + GAMMA**2),
        sp.Piecewise((sp.Min(L, B * G, GAMMA), N < 30), (sp.Max(L, B) ** 2 - sp.log(1 + L), True)),
        sp.ceiling(N / 3) * sp.exp(-L) + sp.Abs(GAMMA) - sp.sign(GAMMA) * sp.log(sp.factorial(M)),
    ],
    ids=str,
)
def test_expressions(expr):
    rng = np.random.default_rng(4)
    symbols = (N, G, L, B, GAMMA)
    points = [
        [float(rng.integers(2, 60)), float(rng.integers(1, 9)), *rng.uniform(0.1, 5, 2).tolist(), float(rng.normal())]
        for _ in range(60)
    ]
    f = compile_expression(expr, symbols)
    np.testing.assert_allclose(in_a_browser(expr, symbols, points), [f(*p) for p in points], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("function", [sp.floor, sp.ceiling])
@pytest.mark.parametrize("base", [2, 10])
def test_whole_logarithms_at_powers_and_beside_them(function, base):
    expr = function(sp.log(L) / sp.log(base))
    powers = [float(base) ** k for k in range(-8 if base == 2 else 0, 16)]  # those that doubles hold
    points = [[value * (1 + step)] for value in powers for step in (0, 2**-50, -(2**-50), 0.3)]
    f = compile_expression(expr, (L,))
    assert in_a_browser(expr, (L,), points) == [float(f(*point)) for point in points]
