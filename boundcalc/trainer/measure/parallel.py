"""Work in several processes, which end with whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from boundcalc.errors import require

__all__ = ["in_parallel"]


def in_parallel(work: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], *, n_jobs: int) -> Iterator[Any]:
    """Yield what each job's arguments give, in order, as soon as it is there.

    Parameters
    ----------
    work : callable
    jobs : iterable of tuple
        Arguments.
    n_jobs : int
        Processes of joblib, -1 for all.
    """
    joblib = require("joblib", extra="train", purpose="training in parallel")
    try:
        yield from joblib.Parallel(n_jobs=n_jobs, return_as="generator")(joblib.delayed(work)(*job) for job in jobs)
    except BaseException:  # an interruption, or the end of whoever waits: the workers end as well
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=False, kill_workers=True)
        raise
