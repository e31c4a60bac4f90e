"""A promise of time and memory: a job is stopped from outside, in whatever thread it runs.

Time is that of the processor, so that what is settled does not depend on what else the machine does; where less than six
tenths of it are to be had, the clock on the wall keeps the promise of twice the budget.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["Stopped", "clocked", "on_the_wall", "within", "worked"]

T = TypeVar("T")

_TICK, _AGAIN = 0.05, 1.0
_SLOWEST = 1.7  # seconds on the wall for one of the processor's, before the wall counts
_GROWTH = 640 << 20  # bytes that a claim may add to what the process holds
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_own = threading.local()
Result = TypeVar("Result")


class Stopped(BaseException):
    """Time or memory is used up; no handler of ordinary errors catches it."""


class _Clock:
    """Seconds of work in one thread from now on."""

    def __init__(self) -> None:
        thread_clock = getattr(time, "pthread_getcpuclockid", None)
        self.own = None if thread_clock is None else thread_clock(threading.get_ident())
        self.start = self._processor(), time.monotonic()

    def _processor(self) -> float:
        return time.process_time() if self.own is None else time.clock_gettime(self.own)

    def _spent(self) -> tuple[float, float]:
        return self._processor() - self.start[0], time.monotonic() - self.start[1]

    def worked(self) -> float:
        """Return the processor's seconds, or the wall's where the machine is busy with other things."""
        processor, wall = self._spent()
        return max(processor, wall / _SLOWEST)

    def slowness(self) -> float:
        """Return the seconds on the wall for one of work."""
        processor, wall = self._spent()
        return min(_SLOWEST, max(1.0, wall / max(processor, 0.01)))


def _clock() -> _Clock:
    if not hasattr(_own, "clock"):
        _own.clock = _Clock()
    clock: _Clock = _own.clock
    return clock


def worked() -> float:
    """Return the seconds of work that this thread has done since its clock was set."""
    return _clock().worked()


def on_the_wall(seconds: float) -> float:
    """Return how long so many seconds of work take, as busy as the machine has been so far: for what has a clock of its own."""
    return seconds * _clock().slowness()


@contextmanager
def clocked() -> Iterator[None]:
    """Set the thread's clock to 0 for what is done inside."""
    before = _clock()
    _own.clock = _Clock()
    try:
        yield
    finally:
        _own.clock = before


@dataclass(eq=False)
class _Job:
    """What is asked of a job, and why it was stopped."""

    clock: _Clock
    deadline: float
    memory: int | None
    stop: type[Stopped] = field(default_factory=lambda: type("Stopped", (Stopped,), {}))
    running: bool = False
    why: str = ""
    patience: float = 0.0

    def spent(self) -> str:
        """Return what is used up."""
        if self.clock.worked() >= self.deadline:
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
                    if why := job.spent():
                        job.why, job.patience = why, now + _AGAIN  # a callback of the interpreter's may swallow it
                        self.stop(job)
                        break

    def stop(self, job: _Job) -> None:
        """Raise a job's own exception in the thread that runs it."""
        _raise_in(self.thread, ctypes.py_object(job.stop))


def within(deadline: float, work: Callable[[], Result], *, memory: bool = False) -> tuple[Result | None, str]:
    """Run a function until a point of `worked`; return its result, and in one word why it was cut short.

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
    job = _Job(_clock(), deadline, _resident() if memory else None)
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
    except Exception:
        if not job.why:  # otherwise a library, such as ctypes, made an error of its own of what stopped it
            raise
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
