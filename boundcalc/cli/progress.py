"""Progress of long work, on standard error: one line that is rewritten on a terminal, a line each elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

__all__ = ["reporter"]


def reporter(task: str) -> Callable[[int, int, str], None]:
    """Return a callback ``(done, total, message)`` that shows how far a task is."""
    began = time.monotonic()
    live = sys.stderr.isatty()

    def show(done: int, total: int, message: str) -> None:
        bar = "#" * (20 * done // max(total, 1))
        line = f"{task} [{bar:<20}] {done}/{total} {time.monotonic() - began:5.1f}s {message}"
        if live:
            sys.stderr.write(f"\r\x1b[K{line[:100]}" + ("\n" if done >= total else ""))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()

    return show
