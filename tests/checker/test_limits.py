"""A promise of time is kept, even one that is broken before it is given."""

import subprocess
import sys
import time

from boundcalc.checker.inequality.limits import within


def test_a_promise_that_is_already_broken_stops_what_runs_inside():
    for _ in range(20):
        with within(time.monotonic() - 1.0) as stopped:
            while True:
                pass
        assert stopped == ["time"]


def test_a_stopped_block_leaves_nothing_behind_for_the_interpreter():
    """A flag that nobody lowers makes each call slow, and a traced one endless."""
    script = """
import sys, time
from boundcalc.checker.inequality.limits import within
with within(time.monotonic()):
    while True:
        pass
sys.settrace(lambda *_: None)
(lambda: None)()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr
