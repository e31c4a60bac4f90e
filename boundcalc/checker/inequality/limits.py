"""A promise of time and memory: what runs inside is stopped from outside, in whatever thread it runs."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["Stopped", "within"]

_TICK, _AGAIN = 0.05, 1.0
_GROWTH = 640 << 20  # bytes that a claim may add to what the process holds
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


class Stopped(BaseException):
    """Time or memory is used up; no handler of ordinary errors catches it."""


@contextmanager
def within(deadline: float, *, memory: bool = False) -> Iterator[list[str]]:
    """Run a block until a point of ``time.monotonic``; the list that it yields says in one word why it was cut short.

    A second thread raises in this one, so Python code stops wherever it is. Long calls into C end first: numbers are kept
    small elsewhere. Blocks may be nested.
    """
    reasons: list[str] = []
    own: type[Stopped] = type("Stopped", (Stopped,), {})
    thread = ctypes.c_ulong(threading.get_ident())
    done, lock = threading.Event(), threading.Lock()
    start = _resident() if memory else 0
    entered = threading.Lock()
    entered.acquire()

    def watch() -> None:
        entered.acquire()
        if done.wait(_TICK):  # what is raised before the block has begun would be caught by nobody
            return
        while not done.wait(max(0.0, min(_TICK if memory else 1.0, deadline - time.monotonic()))):
            late, large = time.monotonic() >= deadline, memory and _resident() - start > _GROWTH
            if late or large:
                with lock:
                    if not done.is_set():
                        reasons.append("time" if late else "memory")
                        _raise_in(thread, ctypes.py_object(own))
                if done.wait(_AGAIN):  # a callback of the interpreter's may have swallowed it
                    return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        entered.release()
        yield reasons
    except own:
        pass
    finally:
        while not done.is_set():
            with suppress(own):
                done.set()
        try:
            with lock:
                late = bool(reasons)
            if late:  # delivered here at the latest: what is withdrawn leaves the interpreter looking for it
                _raise_in(thread, ctypes.py_object(own))
                while True:
                    pass
        except own:
            pass
        watcher.join()


def _resident() -> int:
    """Return the bytes of memory that the process holds (0 where the system does not say)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0
