"""Constants that entries take from the literature, against exact tails that nothing of the library computes."""

from fractions import Fraction
from math import comb, log, sqrt

import numpy as np
import pytest
import sympy
from scipy.stats import binom

import boundcalc as bc
from boundcalc.catalogue.lemmas.empirical_bernstein import var_hat


def worst(fails):
    """Return the largest chance that a statement on 0-1 variables fails, over delta: ``fails(mean, p, variances, m, delta)``."""
    found = 0.0
    for m in (2, 3, 5, 12, 50, 400):
        ones = np.arange(m + 1)
        variances = ones * (m - ones) / (m * (m - 1))
        for p in np.r_[np.geomspace(1e-5, 0.5, 40), 1 - np.geomspace(1e-5, 0.5, 40)]:
            chances = binom.pmf(ones, m, p)
            for delta in (0.5, 0.1, 1e-2, 1e-4, 1e-7):
                found = max(found, chances[fails(ones / m, p, variances, m, delta)].sum() / delta)
    return found


def test_the_sample_variance_is_not_far_below_the_variance():
    """Maurer, Pontil 2009, Theorem 10: the constant 2 holds, with room, and 0.8 would not."""

    def below(constant):
        return lambda mean, p, v, m, delta: (
            sqrt(p * (1 - p)) > np.sqrt(v) + sqrt(constant * log(1 / delta) / (m - 1)) + 1e-12
        )

    assert worst(below(2)) < 0.5
    assert worst(below(0.8)) > 1
    share = bc.theorem("lemmas.empirical_bernstein").derivation().steps[1].events[0].symbol
    spread = bc.theorem("lemmas.empirical_bernstein").derivation().steps[1].right
    at = {bc.symbols.C: 1, bc.symbols.m: 5, var_hat: sympy.Rational(1, 4), share: sympy.Rational(1, 10)}
    assert float(spread.subs(at)) == pytest.approx(0.5 + sqrt(2 * log(10) / 4), rel=1e-14)


@pytest.mark.parametrize("form", ["sharp", "paper"])
def test_the_empirical_bernstein_inequality(form):
    entry = bc.theorem("lemmas.empirical_bernstein").bound(form).compile("var_hat", "m", "delta", C=1.0)
    assert worst(lambda mean, p, v, m, delta: p - mean > entry(v, float(m), delta) + 1e-12) < 0.1


def test_the_exponential_moment_of_the_relative_entropy():
    """Maurer 2004, Theorem 1 says m >= 8; for 0-1 variables the sum is free of the mean, and the rest is counted."""
    for m in range(1, 60):
        moment = sum(comb(m, k) * Fraction(k, m) ** k * Fraction(m - k, m) ** (m - k) for k in range(m + 1))
        assert moment**2 <= 4 * m
        assert (moment**2 == 4 * m) is (m == 1)
