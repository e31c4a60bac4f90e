"""What simulations of certificates have to show: failures no more often than delta, in enough runs to notice 1.3 delta."""

from __future__ import annotations

from math import floor

from scipy.stats import binom

POWER = 0.9


def assert_covers(failures: int, runs: int, delta: float, about: object = "") -> None:
    """Fail if there are more than delta runs failures, or if a certificate with the rate 1.3 delta might well pass."""
    most = floor(delta * runs)
    power = float(binom.sf(most, runs, 1.3 * delta))
    assert power >= POWER, f"{runs} runs notice the rate 1.3 delta with chance {power:.2f} only"
    assert failures <= most, f"{about} {failures} failures in {runs} runs at delta = {delta}"
