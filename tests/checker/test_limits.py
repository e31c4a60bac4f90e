"""A promise of time is kept, even one that is broken before it is given."""

import time

from boundcalc.checker.inequality.limits import within


def test_a_promise_that_is_already_broken_stops_what_runs_inside():
    for _ in range(20):
        with within(time.monotonic() - 1.0) as stopped:
            while True:
                pass
        assert stopped == ["time"]
