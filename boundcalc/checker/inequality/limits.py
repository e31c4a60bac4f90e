"""A promise of time and memory: what runs inside is stopped from outside, in whatever thread it runs."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Stopped", "within"]

T = TypeVar("T")

_TICK, _AGAIN = 0.05, 1.0
_GROWTH = 640 << 20  # bytes that a claim may add to what the process holds
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


class Stopped(BaseException):
    """Time or memory is used up; no handler of ordinary errors catches it."""


def within(deadline: float, job: Callable[[], T], *, memory: bool = False) -> tuple[T | None, str]:
    """Return what a job gives until a point of ``time.monotonic``, and in one word why it was cut short, if it was.

    A second thread raises in this one, so Python code stops wherever it is. Long calls into C end first: numbers are kept
    small elsewhere. Jobs may be nested. Nothing that was raised is left to arrive outside.
    """
    reasons: list[str] = []
    own: type[Stopped] = type("Stopped", (Stopped,), {})
    thread = ctypes.c_ulong(threading.get_ident())
    done, lock = threading.Event(), threading.Lock()
    start = _resident() if memory else 0

    def watch() -> None:
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
    result: T | None = None
    problem: BaseException | None = None
    begun = False
    try:
        while not done.is_set():
            try:
                if not begun:
                    begun = True
                    watcher.start()
                    result = job()
                with lock:
                    done.set()
                if reasons:  # delivered here at the latest: what is withdrawn leaves the interpreter looking for it
                    _raise_in(thread, ctypes.py_object(own))
                    while True:
                        pass
            except own:
                pass
            except BaseException as raised:  # the job's own, or that of a promise around this one
                problem = raised
    finally:
        done.set()
    watcher.join()
    if problem is not None:
        raise problem
    return result, reasons[0] if reasons else ""


def _resident() -> int:
    """Return the bytes of memory that the process holds (0 where the system does not say)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0
