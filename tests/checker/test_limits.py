"""A promise of time is kept, even one that is broken before it is given."""

import subprocess
import sys
import time

import pytest

from boundcalc.checker.inequality.limits import within


def test_a_promise_that_is_already_broken_stops_what_runs_inside():
    for _ in range(20):
        assert within(time.monotonic() - 1.0, forever) == (None, "time")


def test_what_is_stopped_as_it_ends_raises_nothing_outside():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for k in range(200):
            end = time.monotonic() + 0.02
            assert within(end, lambda late=end + (k % 40 - 5) * 1e-5: busy(late))[0] in ("done", None)
    finally:
        sys.setswitchinterval(before)


def busy(until):
    while time.monotonic() < until:
        pass
    return "done"


def test_a_promise_around_another_ends_both():
    for _ in range(5):
        found = within(time.monotonic() + 0.1, lambda: within(time.monotonic() + 0.3, forever))
        assert found == (None, "time")
        time.sleep(0.4)  # what the inner one would still raise would arrive here


def test_an_error_of_what_runs_inside_is_raised():
    with pytest.raises(ValueError, match="own"):
        within(time.monotonic() + 5, lambda: int("own"))


def forever():
    while True:
        pass


def test_a_stopped_block_leaves_nothing_behind_for_the_interpreter():
    """A flag that nobody lowers makes each call slow, and a traced one endless."""
    script = """
import sys, time
from boundcalc.checker.inequality.limits import within
def forever():
    while True:
        pass
within(time.monotonic(), forever)
sys.settrace(lambda *_: None)
(lambda: None)()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr
