"""Ratios of running times that mean something on a shared machine: interleaved rounds, medians, warm outputs."""

import statistics
import time


def medians(functions, rounds=7, clock=time.perf_counter):
    """Return the median seconds of each function; every round runs all of them once.

    What takes microseconds on one thread is timed by ``time.process_time``: other processes' turns are not ours.
    """
    for function in functions.values():
        function()
    taken = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = clock()
            function()
            taken[name].append(clock() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def report(capsys, title, **figures):
    """Print figures past pytest's capture."""
    with capsys.disabled():
        print(f"\n{title}: " + ", ".join(f"{name} {value:.3g}" for name, value in figures.items()))
