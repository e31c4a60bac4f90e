"""A promise of time and memory: a job is stopped from outside, in whatever thread it runs."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["Stopped", "within"]

T = TypeVar("T")

_TICK, _AGAIN = 0.05, 1.0
_GROWTH = 640 << 20  # bytes that a claim may add to what the process holds
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_own = threading.local()
Result = TypeVar("Result")


class Stopped(BaseException):
    """Time or memory is used up; no handler of ordinary errors catches it."""


@dataclass(eq=False)
class _Job:
    """What is asked of a job, and why it was stopped."""

    deadline: float
    memory: int | None
    stop: type[Stopped] = field(default_factory=lambda: type("Stopped", (Stopped,), {}))
    running: bool = False
    why: str = ""
    patience: float = 0.0

    def spent(self, now: float) -> str:
        """Return what is used up."""
        if now >= self.deadline:
            return "time"
        return "memory" if self.memory is not None and _resident() - self.memory > _GROWTH else ""


class _Watch:
    """One thread that watches the jobs of another, which may be nested: a thread that starts may be taken for its parent."""

    def __init__(self) -> None:
        self.thread = ctypes.c_ulong(threading.get_ident())
        self.jobs: list[_Job] = []
        self.lock, self.done = threading.Lock(), threading.Event()
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while not self.done.wait(_TICK):
            with self.lock:
                now = time.monotonic()
                for job in [job for job in self.jobs if job.running and now >= job.patience]:
                    if why := job.spent(now):
                        job.why, job.patience = why, now + _AGAIN  # a callback of the interpreter's may swallow it
                        self.stop(job)
                        break

    def stop(self, job: _Job) -> None:
        """Raise a job's own exception in the thread that runs it."""
        _raise_in(self.thread, ctypes.py_object(job.stop))


def within(deadline: float, work: Callable[[], Result], *, memory: bool = False) -> tuple[Result | None, str]:
    """Run a function until a point of ``time.monotonic``; return its result, and in one word why it was cut short.

    A second thread raises in this one, so Python code stops wherever it is. Long calls into C end first: numbers are kept
    small elsewhere. Calls may be nested. What is raised here is caught here: a ``with`` block would let it out between the
    block's end and its own handler.
    """
    watch: _Watch | None = getattr(_own, "watch", None)
    if watch is None:
        _own.watch = watch = _Watch()
        try:
            return within(deadline, work, memory=memory)
        finally:
            del _own.watch
            watch.done.set()
    job = _Job(deadline, _resident() if memory else None)
    watch.jobs.append(job)
    result = None
    try:
        try:
            job.running = True
            result = work()
        finally:
            job.running = False  # a single step: nothing is raised between the end of the work and here
            _settle(watch, job)
            watch.jobs.remove(job)
    except job.stop:
        pass
    return result, job.why


def _settle(watch: _Watch, job: _Job) -> None:
    """Take what was raised and has not arrived: what is withdrawn leaves the interpreter looking for it."""
    last = False
    while not last:
        try:
            with watch.lock:  # a watch that was about to raise has done so
                last = bool(job.why)
            if not last:
                return
            watch.stop(job)
            while True:
                pass
        except job.stop:
            pass


def _resident() -> int:
    """Return the bytes of memory that the process holds (0 where the system does not say)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0
