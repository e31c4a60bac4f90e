"""The transport value against exact permanents, exact couplings and independent minimisers."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize

from boundcalc.certification.scaling import scale_to_coupling
from boundcalc.certification.values import closed_value, transport_value


def permanent(matrix):
    """Ryser's formula in fractions: exact for the doubles of the matrix."""
    a = [[Fraction(float(x)) for x in row] for row in matrix]
    n = len(a)
    total = Fraction(0)
    for subset in range(1, 1 << n):
        product = Fraction(1)
        for row in a:
            product *= sum((row[j] for j in range(n) if subset >> j & 1), Fraction(0))
        total += (-1) ** (n - bin(subset).count("1")) * product
    return total


def log_fraction(value):
    with mpmath.workdps(40):
        return mpmath.log(mpmath.mpf(value.numerator) / value.denominator)


def random_kernels(count, *, largest, seed=0):
    rng = np.random.default_rng(seed)
    for k in range(count):
        m = int(rng.integers(1, largest + 1))
        kind = k % 4
        q = rng.random((m, m))
        if kind == 1:
            q = (q < rng.random()).astype(float)
        if kind == 2:
            q = (rng.random((m, 1)) < 0.5) * (rng.random((1, m)) < 0.7) * 1.0
        if kind == 3:
            q = q**8
        yield q, float(rng.choice([0.1, 0.5, 0.9, 0.98, 0.999]))


def test_golden_values():
    # -log(1.1^2/4)/2 = 0.59783700...: perm/2! of [[1, .1], [.1, 1]] is .505, its transport bound .3025 (by hand).
    assert transport_value([[0.0, 1.0], [1.0, 0.0]], kappa=0.9) == pytest.approx(-math.log(0.3025) / 2, abs=1e-12)
    assert transport_value([[0.0]], kappa=0.9) == pytest.approx(0.0, abs=1e-13)
    assert transport_value([[1.0]], kappa=0.9) == pytest.approx(-math.log(0.1), rel=1e-13)


@pytest.mark.parametrize("zero", [np.zeros((5, 5)), np.zeros((300, 300))])
def test_nothing_wrong_costs_nothing(zero):
    assert 0.0 <= transport_value(zero, kappa=0.98) < 1e-11


def test_below_the_exact_permanent():
    """log(perm/m!) >= -m T, always: van der Waerden and rounding, 240 matrices with m <= 7."""
    for q, kappa in random_kernels(240, largest=7):
        m = q.shape[0]
        matrix = 1.0 - kappa * q
        found = scale_to_coupling(matrix).log_mean
        exact = log_fraction(permanent(matrix)) - mpmath.log(math.factorial(m))
        assert found <= exact
        with mpmath.workdps(30):
            # The unrounded 1 - kappa q: the library's own matrix is below it.
            exact = [[Fraction(1) - Fraction(kappa) * Fraction(float(x)) for x in row] for row in q]
            mean = sum(
                math.prod(exact[i][s[i]] for i in range(m)) for s in permutations(range(m)) if m <= 6
            ) / math.factorial(m)
            if m <= 6:
                assert -m * transport_value(q, kappa=kappa) <= log_fraction(mean)


def exact_cost(matrix, scaled):
    """m T of the coupling that the module's docstring describes, in 50 digits."""
    m = matrix.shape[0]
    with mpmath.workdps(50):
        a = [[mpmath.mpf(float(x)) for x in row] for row in matrix]
        u, v = ([mpmath.mpf(float(x)) for x in side] for side in (scaled.u, scaled.v))
        w = [[u[i] * a[i][j] * v[j] for j in range(m)] for i in range(m)]
        rows = [1 - sum(w[i]) for i in range(m)]
        columns = [1 - sum(w[i][j] for i in range(m)) for j in range(m)]
        assert min(rows) >= 0
        assert min(columns) >= 0
        s = sum(rows)
        for i in range(m):
            for j in range(m):
                w[i][j] += rows[i] * columns[j] / s
        assert max(abs(sum(w[i]) - 1) for i in range(m)) < mpmath.mpf(10) ** -45
        return sum(w[i][j] * mpmath.log(w[i][j] / a[i][j]) for i in range(m) for j in range(m)) + m * mpmath.log(m)


def test_the_value_belongs_to_an_exact_coupling():
    for q, kappa in random_kernels(60, largest=12, seed=1):
        matrix = 1.0 - kappa * q
        scaled = scale_to_coupling(matrix)
        cost = exact_cost(matrix, scaled)
        assert -scaled.log_mean >= cost
        assert -scaled.log_mean - cost <= 1e-9 * matrix.shape[0] + 1e-11


def test_a_poor_start_costs_accuracy_never_truth(monkeypatch):
    """Stopped after one sweep the value is still that of an exact coupling."""
    monkeypatch.setattr("boundcalc.certification.scaling.SWEEPS", 1)
    for q, kappa in random_kernels(40, largest=8, seed=2):
        matrix = 1.0 - kappa * q
        scaled = scale_to_coupling(matrix, start=np.linspace(0.5, 2.0, q.shape[0]))
        assert -scaled.log_mean >= exact_cost(matrix, scaled)


def plain_sinkhorn(matrix, sweeps=20_000):
    u = np.ones(len(matrix))
    for _ in range(sweeps):
        v = 1.0 / (matrix.T @ u)
        u = 1.0 / (matrix @ v)
    w = u[:, None] * matrix * v
    return float((w * np.log(w / matrix)).sum() / len(matrix) + np.log(len(matrix)))


def test_within_the_minimum_of_a_plain_twin():
    rng = np.random.default_rng(3)
    for m, kappa in [(30, 0.98), (80, 0.9), (150, 0.5)]:
        q = (rng.random((m, m)) < np.linspace(0.05, 0.6, m)[:, None]).astype(float)
        assert transport_value(q, kappa=kappa) == pytest.approx(plain_sinkhorn(1.0 - kappa * q), abs=1e-9)


def test_within_the_minimum_of_a_general_optimiser():
    """The dual, maximised by BFGS, which knows nothing of scaling."""
    q = np.random.default_rng(4).random((9, 9))
    matrix, m = 1.0 - 0.95 * q, 9

    def negative_dual(z):
        a, b = z[:m], z[m:]
        plan = matrix * np.exp(a[:, None] + b)
        gradient = np.concatenate([1.0 - plan.sum(axis=1), 1.0 - plan.sum(axis=0)])
        return -(a.sum() + b.sum() + m - plan.sum()), -gradient

    best = -minimize(negative_dual, np.full(2 * m, -1.0), jac=True, method="BFGS", options={"gtol": 1e-9}).fun
    assert transport_value(q, kappa=0.95) == pytest.approx((best + m * math.log(m)) / m, abs=1e-8)


def test_hard_blocks_converge():
    """Two blocks that hardly mix need hundreds of sweeps; the certificate of the minimum is met all the same."""
    q = np.ones((100, 100))
    q[:60, :40] = 0.0
    q[60:, 40:] = 0.0
    matrix = 1.0 - 0.98 * q
    scaled = scale_to_coupling(matrix)
    assert scaled.excess <= 1e-10 * 100
    assert -scaled.log_mean / 100 == pytest.approx(plain_sinkhorn(matrix), abs=1e-9)


def test_closed_form_lies_between_transport_and_uniform():
    for q, kappa in random_kernels(40, largest=20, seed=5):
        uniform = float(-np.log1p(-kappa * q).mean())
        closed = closed_value(q, kappa=kappa)
        assert transport_value(q, kappa=kappa) <= closed + 1e-9
        assert closed <= uniform + 1e-12
        assert closed_value(q, kappa=kappa, theta=0.0) == pytest.approx(uniform, abs=1e-11)


def test_false_twins_of_the_transport_value():
    """What a careless derivation drops goes above the exact mean over bijections."""
    identity = 1.0 - 0.9 * np.array([[0.0, 1.0], [1.0, 0.0]])
    exact = math.log(0.505)
    assert scale_to_coupling(identity).log_mean <= exact
    without_divergence = 2.0 * math.log(1.0)  # all mass on the diagonal costs nothing
    assert without_divergence > exact
    columns = np.array([[1.0, 0.1], [1.0, 0.1]])
    assert scale_to_coupling(columns).log_mean == pytest.approx(math.log(0.1), abs=1e-9)
    rows_only = sum(math.log(row.mean()) for row in columns)  # the best plan if columns may weigh anything
    assert rows_only > math.log(0.1)
