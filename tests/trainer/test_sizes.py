"""What is large is refused or done in little memory: many modalities, many columns."""

import subprocess
import sys
import time

import numpy as np
import pytest

import boundcalc as bc
from boundcalc.errors import InvalidInputError
from boundcalc.planner import Costs
from boundcalc.trainer import ModalityData, measure_subsets


def many(count=24, n=60):
    rng, y = np.random.default_rng(0), np.arange(n) % 2
    return ModalityData({f"m{k}": rng.normal(size=(n, 1)) + (k == 3) * 3 * y[:, None] for k in range(count)}, y)


def test_all_subsets_of_many_modalities_are_counted_and_refused_at_once():
    began = time.perf_counter()
    for call in (measure_subsets, bc.train):  # a plan follows a greedy path
        with pytest.raises(
            InvalidInputError, match=r"24 modalities have 16,777,215 subsets, 4,660 hours .*'greedy' \(300 of them"
        ):
            call(many())
    assert time.perf_counter() - began < 5


def test_one_subset_of_many_modalities_is_trained_alone():
    assert list(measure_subsets(many(), subsets="m0", rng=0)) == ["m0"]
    assert bc.plan(many(), subsets="m0,m3", rng=0, budgets=[1e4], curve=False).best.subset in ("m0", "m3")


def test_greedy_grows_the_best_subset_one_by_one(tmp_path):
    data = many(5)
    measured = measure_subsets(data, subsets="greedy", rng=0, resume=tmp_path / "resume.json")
    assert len(measured) == 15
    best = min((r for r in measured.values() if len(r.modalities) == 1), key=lambda r: r.train.wrong[1])
    assert best.label == "m3"
    assert all("m3" in label.split("+") for label in measured if "+" in label)
    assert measured.full is not None
    seen = []
    again = measure_subsets(
        data, subsets="greedy", rng=0, resume=tmp_path / "resume.json", progress=lambda *s: seen.append(s)
    )
    assert again == measured
    assert seen == [(5, 15, "taken over")]
    assert measure_subsets(data, subsets="all", rng=0)["m3"].params == measured["m3"].params


def test_prices_that_allow_no_subset_are_refused_before_subsets_are_made():
    costs = Costs.from_dict(
        {"modalities": {"m0": {"required": True, "per_sample": 1}}, "per_sample": 1}, [f"m{k}" for k in range(24)]
    )
    with pytest.raises(InvalidInputError, match="both required and excluded"):
        bc.plan(many(), costs=costs, modalities=["m1"])


@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory")
def test_twenty_thousand_columns_of_sixty_rows_need_little_memory():
    code = (
        "import re, resource, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from boundcalc.trainer import ModalityData, measure_subsets\n"
        "rng, y = np.random.default_rng(0), np.arange(60) % 2\n"
        "measured = measure_subsets(ModalityData({'a': rng.normal(size=(60, 20_000))}, y), rng=0, max_evaluations=60)\n"
        # Linux counts what the process was that started this one, but not in its own account of this program's memory.
        "status = Path('/proc/self/status')\n"
        "found = re.search(r'VmHWM:\\s+(\\d+) kB', status.read_text()) if status.exists() else None\n"
        "peak = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(peak, measured['a'].estimates['eps_opt'].value)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    used, gap = result.stdout.split()
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(used) * unit < 2**30
    assert 0 < float(gap) < 1
