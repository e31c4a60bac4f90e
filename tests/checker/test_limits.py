"""A promise of time is kept, even one that is broken before it is given; what stops a job never gets out of it."""

import ctypes
import subprocess
import sys
import threading
import time

import pytest

from boundcalc.checker.inequality import limits
from boundcalc.checker.inequality.limits import clocked, within, worked


def forever():
    while True:
        pass


def test_a_promise_that_is_already_broken_stops_what_runs_inside():
    for _ in range(20):
        assert within(worked() - 1.0, forever) == (None, "time")


def test_what_is_stopped_as_it_ends_raises_nothing_outside():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for k in range(200):
            end = worked() + 0.02
            assert within(end, lambda late=end + (k % 40 - 5) * 1e-5: busy(late))[0] in ("done", None)
    finally:
        sys.setswitchinterval(before)


def busy(until):
    while worked() < until:
        pass
    return "done"


def test_a_promise_around_another_ends_both():
    for _ in range(5):
        found = within(worked() + 0.1, lambda: within(worked() + 0.3, forever))
        assert found == (None, "time")
        time.sleep(0.4)  # what the inner one would still raise would arrive here


def test_an_error_of_what_runs_inside_is_raised():
    with pytest.raises(ValueError, match="own"):
        within(worked() + 5, lambda: int("own"))


def test_what_is_done_in_time_is_returned_with_its_errors():
    assert within(worked() + 60, lambda: 3) == (3, "")
    with pytest.raises(ZeroDivisionError):
        within(worked() + 60, lambda: 1 / 0)


def test_what_stops_a_job_never_gets_out_of_it(monkeypatch):
    """Raised again and again, inside and outside at once, at the very moment when the job ends."""
    monkeypatch.setattr(limits, "_TICK", 1e-4)
    monkeypatch.setattr(limits, "_AGAIN", 0.0)
    before = threading.active_count()

    def until(end):
        while worked() < end:
            pass
        return "done"

    for _ in range(200):
        end = worked() + 2e-3
        result, why = within(end, lambda end=end: within(end, lambda: until(end)))
        assert result in {None, ("done", ""), ("done", "time"), (None, "time")}
        assert why in {"", "time"}
    time.sleep(0.05)
    assert threading.active_count() <= before


def test_a_stopped_block_leaves_nothing_behind_for_the_interpreter():
    """A flag that nobody lowers makes each call slow, and a traced one endless."""
    script = """
import sys
from boundcalc.checker.inequality.limits import within, worked
def forever():
    while True:
        pass
within(worked(), forever)
sys.settrace(lambda *_: None)
(lambda: None)()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr


def test_time_is_the_processors_until_the_wall_has_to_keep_the_promise():
    with clocked():
        time.sleep(0.6)
        assert worked() == pytest.approx(0.6 / limits._SLOWEST, abs=0.1)
        before, start = worked(), time.process_time()
        while time.process_time() - start < 1.0:
            pass
        assert worked() >= max(1.0, before)
        with clocked():
            assert worked() < 0.5
        assert worked() >= 1.0
    start = time.monotonic()
    with clocked():
        found = within(worked() + 0.2, lambda: time.sleep(0.1) or [time.sleep(0.01) for _ in range(1000)])
    assert found == (None, "time")
    assert time.monotonic() - start < 5


def test_a_stop_that_a_library_makes_an_error_of_is_a_stop():
    """What is raised while ctypes converts an argument comes out as its ArgumentError."""

    def converted():
        try:
            forever()
        except BaseException as stop:
            raise ctypes.ArgumentError(f"argument 1: {type(stop).__name__}") from None

    assert within(worked() + 0.1, converted) == (None, "time")
    assert within(worked() + 0.1, lambda: within(worked() + 60, converted)) == (None, "time")
