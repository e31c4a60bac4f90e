"""At least 2,000 instances with n = 4, an alphabet of 3 and 4 functions, exact for the tightest, in under 10 s."""

from __future__ import annotations

import time

import numpy as np

from boundcalc import catalogue
from boundcalc.checker.experiments.claim import Claim
from boundcalc.checker.experiments.enumeration import enumerate_world
from boundcalc.checker.experiments.worlds.u_statistics import UStatistics


def test_two_thousand_instances():
    step = catalogue["zhou2026.decoupled_deviation"].derivation().steps[0]
    start = time.perf_counter()
    found = enumerate_world(
        Claim(step.left, step.relation, step.right), UStatistics(4, 3, 4), rng=np.random.default_rng(0)
    )
    seconds = time.perf_counter() - start
    print(f"\n{found.instances} instances in {seconds:.1f} s, tightest ratio {found.ratio:.4f}")
    assert found.violation is None
    assert found.instances >= 2000
    assert seconds < 10
