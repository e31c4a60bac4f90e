"""The checker: the whole catalogue beside `import sympy`, what a second pass costs, and one enumeration."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np

from boundcalc import catalogue
from boundcalc.checker.experiments.claim import Claim
from boundcalc.checker.experiments.enumeration import enumerate_world
from boundcalc.checker.experiments.worlds.u_statistics import UStatistics


def test_two_thousand_instances():
    """At least 2,000 instances with n = 4, an alphabet of 3 and 4 functions, exact for the tightest, in under 10 s."""
    step = catalogue["zhou2026.decoupled_deviation"].derivation().steps[0]
    start = time.perf_counter()
    found = enumerate_world(
        Claim(step.left, step.relation, step.right), UStatistics(4, 3, 4), rng=np.random.default_rng(0)
    )
    seconds = time.perf_counter() - start
    print(f"\nenumeration: {found.instances} instances in {seconds:.1f} s, tightest ratio {found.ratio:.4f}")
    assert found.violation is None
    assert found.instances >= 2000
    assert seconds < 10


def seconds_of(*command, **setting):
    """Return the seconds of a Python process on the clock, and whatever it says of its verdicts."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True, env=os.environ | setting)
    return time.perf_counter() - start


def test_the_whole_catalogue(tmp_path):
    """At most six times `import sympy` for each entry on two cores; a second pass reads what the first one kept."""
    everything = ["-m", "boundcalc", "check", "--all", "--json"]
    alone = [seconds_of("-c", "import sympy") for _ in range(3)]
    first, second = (seconds_of(*everything, BOUNDCALC_CACHE=str(tmp_path)) for _ in range(2))
    alone += [seconds_of("-c", "import sympy") for _ in range(3)]
    each = first / len(catalogue) / np.median(alone)
    print(
        f"\ncheck --all: {each:.1f} times `import sympy` for each entry, second pass {second / first:.3f} of the first"
    )
    assert each <= 6
    assert second <= 0.05 * first
