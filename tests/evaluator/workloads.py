"""The expressions and grids of the benchmarks."""

import numpy as np
import sympy as sp

from tests.evaluator.expressions import DELTA, DOMAINS, GAMMA, SYMBOLS, B, G, L, M, N, T

C = sp.Symbol("C", positive=True)
EPS = sp.Symbol("eps_opt", nonnegative=True)
LOW, HIGH, T_MIN = sp.symbols("lam_min lam_max t_min", real=True)
P = sp.Symbol("p", integer=True, positive=True)
ARGUMENTS = (N, G, DELTA, P, C, L, B, GAMMA, LOW, HIGH, T_MIN, T, EPS)
NUMBERS = (3.0, 1.5, 1.0, 1.2, 0.1, 0.0, 1.0, 0.0, 2.0, 0.01)
KNOWN = DOMAINS
assert set(SYMBOLS) < set(ARGUMENTS)

_SHARE = (T - T_MIN) / (2 * sp.sqrt(M))
MASSART = (HIGH - LOW) / 2 * B**2 * sp.sqrt(2 * G * sp.log(P) / M) + _SHARE
KHINCHIN = (HIGH - LOW) / 2 * B**2 * sp.Min(1, sp.sqrt(G / M)) + _SHARE
THREE_TERMS = GAMMA + 4 * L * MASSART + 2 * C * sp.sqrt(-sp.log(DELTA) / (2 * M)) + EPS
"""Theorem 3.13 sharp, composed with the Massart form of Theorem 3.18."""


def heavy():
    """Return about a hundred operations of all kinds, many of them shared."""
    width, x = (HIGH - LOW) * B**2, -sp.log(DELTA)
    deviation = C * sp.sqrt(x / (2 * M))
    data = width / (2 * M) * (x + sp.sqrt(x**2 + 2 * x * M * KHINCHIN / width))
    uniform = 2 * L * MASSART + deviation
    levels = sp.ceiling(sp.log(N) / sp.log(2))
    cases = sp.Piecewise(
        (deviation * sp.exp(-sp.sqrt(G / M)), G <= 50), (deviation * sp.Max(1, sp.log(G) / levels), True)
    )
    small = sp.Piecewise((C * L * sp.sqrt(2 * x / N), N <= 500), (uniform, True)) * sp.sqrt(1 + 1 / M)
    return (
        GAMMA
        + 4 * L * sp.Min(MASSART, KHINCHIN + data)
        + 2 * C * sp.sqrt(sp.log(levels / DELTA) / (2 * M))
        + cases
        + small
        + sp.log(1 + x * G) / sp.sqrt(N)
        + sp.Max(sp.log(1 + G) / M, EPS * sp.exp(-G / M))
        + sp.Min(C, uniform + data) * sp.log(1 + 1 / N)
        + sp.Max(0, 1 - KHINCHIN) ** 2 * deviation
    )


def axes(n=1000, g=100, delta=100):
    """Return open axes for sample size, granularity and confidence."""
    return np.ix_(np.arange(2.0, 2 * n + 2, 2), np.arange(1.0, g + 1), np.linspace(0.001, 0.5, delta))


def by_hand(n, g, delta, out):
    """Evaluate the three terms as a person who knows NumPy would."""
    p, c, lipschitz, radius, gamma, low, high, t_min, t_max, eps = NUMBERS
    root = 1 / np.sqrt(np.floor(n / 2))
    massart = (high - low) / 2 * radius**2 * np.sqrt(2 * np.log(p) * g)
    first = gamma + eps + root * (4 * lipschitz * massart + 2 * lipschitz * (t_max - t_min))
    second = root * (2 * c * np.sqrt(-np.log(delta) / 2))
    return np.add(first, second, out=out)
