"""Progress of long work, on standard error: one line that is rewritten on a terminal, a line each elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from boundcalc.errors import visible

__all__ = ["heard", "reporter"]

_BAR = 20
#: Seconds between looks at whether the last line was long ago: then a long step goes on, and it is shown anew.
_BEAT = 2.5
#: What shows the last line anew, and whether that line of a terminal is still to be ended.
_current: list[Callable[[], None]] = []
_open = [False]


@contextmanager
def heard() -> Iterator[None]:
    """Show the last line of progress anew, with the time since then, while nothing else is reported."""
    ended = threading.Event()

    def beat() -> None:
        last: list[Callable[[], None]] = []
        while not ended.wait(_BEAT):
            for show in _current:
                if [show] == last:
                    show()
            last = list(_current)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        if _open[0]:
            sys.stderr.write("\n")  # what follows begins a line
        _current.clear()
        _open[0] = False


def reporter(task: str, *, patient: bool = False) -> Callable[[float, int, str], None]:
    """Return a callback ``(done, total, message)`` that shows how far a task is, and about how long it still takes.

    Fractions are shown once a second at most, and nothing of a patient one within the first second.
    """
    began = last = time.monotonic()
    first: float | None = None
    live = sys.stderr.isatty()

    def show(done: float, total: int, message: str) -> None:
        nonlocal began, first, last
        now = time.monotonic()
        if first is None:
            began, first = now, done  # what was taken over took no time
        _current[:] = [partial(tell, done, total, message if done < total else "finishing")]
        if not (patient or done % 1) or now - last >= 1:
            last = now
            tell(done, total, message, now)

    def tell(done: float, total: int, message: str, now: float | None = None) -> None:
        spent = (time.monotonic() if now is None else now) - began
        left = spent * (total - done) / (done - first) if first is not None and done > first else 0.0
        times = f"{spent:5.1f}s" + (f", about {_duration(left)} left" if left >= 1 else "")
        bar = "#" * int(_BAR * done / max(total, 1))
        line = f"{task} [{bar:<{_BAR}}] {int(done)}/{total} {times} {visible(' '.join(message.split()))}"
        line = line[: max(20, shutil.get_terminal_size().columns - 1)]
        _open[0] = live and (now is None or done < total)
        sys.stderr.write(("\r\x1b[K" if live else "") + line + "\n" * (not _open[0]))
        sys.stderr.flush()

    return show


def _duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> _duration(42.4), _duration(600), _duration(9000)
    ('42s', '10 min', '2.5 h')
    """
    return (
        f"{seconds:.0f}s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )
