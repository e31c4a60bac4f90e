"""The inverse of the relative entropy on arrays: its price in logarithms.

Run with ``pytest -o addopts=--import-mode=importlib tests/benchmarks/test_entropy.py``.
"""

import numpy as np

from boundcalc.arithmetic.entropy import kl, kl_inverse, kl_inverse_beyond
from tests.evaluator.timing import medians, report


def test_cells(benchmark, capsys):
    rng = np.random.default_rng(0)
    q, a = rng.random(1 << 20), 10.0 ** rng.uniform(-4, 0, 1 << 20)
    p = kl_inverse(q, a)
    functions = {
        "log1p": lambda: np.log1p(a),
        "kl": lambda: kl(q, p),
        "kl_inverse": lambda: kl_inverse(q, a),
        "sound": lambda: kl_inverse_beyond(q, a, True),
    }
    taken = {name: 1e9 * seconds / q.size for name, seconds in medians(functions, rounds=5).items()}
    report(capsys, "nanoseconds per cell", **taken)
    benchmark(kl_inverse, q, a)
    assert taken["kl_inverse"] <= 60 * taken["log1p"]
    assert taken["sound"] <= 5 * taken["kl_inverse"]
