"""Figures of the aligner as ratios within one run: `pytest tests/benchmarks/test_aligner_figures.py --benchmark-only -s`."""

import os
import subprocess
import sys
import time

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: needs the extra align")
ot = pytest.importorskip("ot", reason="POT is not installed: needs the extra align")

from boundcalc.aligner import barycenter_support, ot_barycenter, ot_loop  # noqa: E402

N, Q, K, ATOMS, ITERATIONS, EPS = 1000, 32, 3, 64, 60, 0.2
LIMITS = dict(eps=EPS, max_iter=ITERATIONS, tol=0.0, warn=False)


@pytest.fixture(scope="module")
def clouds():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    points = [torch.randn(N, Q, generator=generator, dtype=torch.float64) / Q**0.5 for _ in range(K)]
    return [cloud.requires_grad_() for cloud in points]


def plan(x, y):
    """One bare POT call on its torch backend."""
    with torch.no_grad():
        a, b = (torch.full((len(z),), 1 / len(z), dtype=z.dtype) for z in (x, y))
        return ot.bregman.sinkhorn_log(a, b, ot.dist(x, y), EPS, numItermax=ITERATIONS, stopThr=0.0, warn=False)


def interleaved(first, second, rounds=3):
    """Best CPU times of two functions that take turns, so that a busy machine hurts both."""
    times = ([], [])
    for _ in range(rounds):
        for function, own in zip((first, second), times, strict=True):
            began = time.process_time()
            function()
            own.append(time.process_time() - began)
    return min(times[0]), min(times[1])


@pytest.mark.parametrize("consistency", [0.0, 0.1])
def test_loop_against_its_pot_calls(benchmark, clouds, consistency):
    def ours():
        ot_loop(clouds, consistency=consistency, **LIMITS).backward()

    def theirs():
        for k in range(K):
            plan(clouds[k], clouds[(k + 1) % K])

    mine, bare = interleaved(ours, theirs)
    benchmark.pedantic(ours, rounds=1)
    print(f"\nloop, consistency {consistency:g}: step / POT calls = {mine / bare:.2f} ({bare:.2f} s of POT)")
    assert mine / bare <= 1.5


def test_barycenter_against_its_pot_calls(benchmark, clouds):
    start = torch.cat([cloud.detach() for cloud in clouds])[:: N * K // ATOMS][:ATOMS]

    def ours():
        support = barycenter_support(clouds, start, rounds=1, **LIMITS)
        ot_barycenter(clouds, support, **LIMITS).backward()

    def theirs():
        with torch.no_grad():
            masses = [torch.full((N,), 1 / N, dtype=torch.float64)] * K
            support = ot.bregman.free_support_sinkhorn_barycenter(
                [cloud.detach() for cloud in clouds], masses, start, EPS, numItermax=1, numInnerItermax=ITERATIONS,
                method="sinkhorn_log", stopThr=0.0, warn=False,
            )  # fmt: skip
        for cloud in clouds:
            plan(cloud, support)

    mine, bare = interleaved(ours, theirs, rounds=5)
    benchmark.pedantic(ours, rounds=1)
    print(f"\nbarycenter: step / POT calls = {mine / bare:.2f} ({bare:.2f} s of POT)")
    assert mine / bare <= 1.5


MEASURE = """
import torch
from boundcalc.aligner import ot_loop
torch.set_num_threads(1)
def step(n, k):
    points = [torch.randn(n, 32, dtype=torch.float64).requires_grad_() for _ in range(k)]
    ot_loop(points, consistency={consistency}, eps=5.0, max_iter=2, tol=0.0, warn=False).backward()
def kilobytes(name):
    with open("/proc/self/status") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith(name))
step(50, {k})
with open("/proc/self/clear_refs", "w") as stream:
    stream.write("5")  # the peak starts anew
before = kilobytes("VmRSS")
step({n}, {k})
print(kilobytes("VmHWM") - before)
"""


def extra_plans(n, k, consistency):
    """Peak memory of a step beyond what was there before, in plans of n x n doubles."""
    code = MEASURE.format(n=n, k=k, consistency=consistency)
    # Buffers that are freed go back to the system at once, so that the peak is what is held and not what is cached.
    setting = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", code]
    kilobytes = int(subprocess.run(command, capture_output=True, text=True, check=True, env=setting).stdout)
    return kilobytes * 1024 / (8 * n * n)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")
def test_memory_is_linear_in_the_plans(benchmark):
    small, large = extra_plans(700, 3, 0.1), extra_plans(1400, 3, 0.1)
    alone = [extra_plans(1000, k, 0.0) for k in (2, 4)]
    together = [extra_plans(1000, k, 0.1) for k in (3, 5)]
    benchmark.pedantic(lambda: None, rounds=1)
    print(
        f"\nloop of 3, with consistency: {small:.1f} plans of memory at n=700, {large:.1f} at n=1400; 3 to 5 modalities: "
        f"{together[0]:.1f} to {together[1]:.1f}; without consistency, 2 to 4 modalities: {alone[0]:.1f} to {alone[1]:.1f}"
    )
    assert large <= small * 1.3
    assert alone[1] <= alone[0] * 1.3  # one plan at a time, however many modalities
    assert together[1] <= together[0] * 5 / 3 * 1.2  # linear in the number of plans
