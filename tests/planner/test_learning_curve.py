from __future__ import annotations

import numpy as np
import pytest

from boundcalc.errors import InvalidInputError
from boundcalc.planner import fit_power_law

SIZES = [25, 50, 100, 200, 400, 800]


def test_an_exact_power_law_is_found():
    values = 0.3 + 2.0 * np.array(SIZES) ** -0.7
    law = fit_power_law(SIZES, values, rng=np.random.default_rng(0))
    assert (law.offset, law.scale, law.rate) == pytest.approx((0.3, 2.0, 0.7), rel=1e-4)
    low, high = law.interval([25, 1e6])
    assert np.allclose(low, high, rtol=1e-4)


def test_the_interval_covers_the_curve_about_as_often_as_it_says():
    rng, covered = np.random.default_rng(1), 0
    truth = 0.3 + 2.0 * np.array(SIZES) ** -0.7
    for _ in range(20):
        noisy = truth + rng.normal(scale=0.02, size=(5, 6))
        low, high = fit_power_law(SIZES, np.maximum(noisy, 0), rng=rng).interval(800)
        covered += int(low <= truth[-1] <= high)
    assert 12 <= covered <= 20


def test_flat_and_zero_curves_are_no_trouble():
    for level in (0.0, 0.4):
        law = fit_power_law(SIZES, np.full((3, 6), level), rng=np.random.default_rng(0))
        assert law(1e9) == pytest.approx(level, abs=1e-3)


@pytest.mark.parametrize(
    ("sizes", "values", "message"),
    [
        ([10, 20], [[0.1, 0.2]], "three different"),
        ([10, 10, 10], [[0.1, 0.2, 0.3]], "three different"),
        ([10, 20, 30], [[0.1, 0.2]], "shape"),
        ([10, 20, 30], [[0.1, float("nan"), 0.2]], "finite"),
        ([10, 20, 30], [[0.1, -1.0, 0.2]], "finite"),
    ],
)
def test_bad_curves_are_refused(sizes, values, message):
    with pytest.raises(InvalidInputError, match=message):
        fit_power_law(sizes, values, rng=np.random.default_rng(0))
