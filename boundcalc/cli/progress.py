"""Progress of long work, on standard error: one line that is rewritten on a terminal, a line each elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from boundcalc.errors import visible

__all__ = ["reporter"]

_BAR = 20


def reporter(task: str) -> Callable[[float, int, str], None]:
    """Return a callback ``(done, total, message)`` that shows how far a task is, and about how long it still takes."""
    began, first = time.monotonic(), None
    live = sys.stderr.isatty()

    def show(done: float, total: int, message: str) -> None:
        nonlocal began, first
        if first is None:
            began, first = time.monotonic(), done  # what was taken over took no time
        spent, share = time.monotonic() - began, done / max(total, 1)
        left = spent * (total - done) / (done - first) if done > first else 0.0
        times = f"{spent:5.1f}s" + (f", about {_duration(left)} left" if left >= 1 else "")
        bar = "#" * int(_BAR * share)
        line = f"{task} [{bar:<{_BAR}}] {int(done)}/{total} {times} {visible(' '.join(message.split()))}"
        line = line[: max(20, shutil.get_terminal_size().columns - 1)]
        if live:
            sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if done >= total else ""))
        else:
            sys.stderr.write(line + "\n")
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
