"""Work in several processes, which end with whoever waits for it, or on the workers of a dask scheduler."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from boundcalc.errors import InvalidInputError, require
from boundcalc.trainer.risk.threads import available_threads

__all__ = ["in_parallel", "on_scheduler", "workers_at_hand"]


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
    joblib = require("joblib", extra="train", purpose="work in parallel")
    try:
        yield from joblib.Parallel(n_jobs=n_jobs, return_as="generator")(joblib.delayed(work)(*job) for job in jobs)
    except BaseException:  # an interruption, or the end of whoever waits: the workers end as well
        if not workers_at_hand():
            from joblib.externals.loky import get_reusable_executor

            get_reusable_executor().shutdown(wait=False, kill_workers=True)
        raise


@contextmanager
def on_scheduler(address: str | None) -> Iterator[None]:
    """Let what runs in parallel inside, and lazy arrays, run on the workers of a dask scheduler.

    Parameters
    ----------
    address : str or None
        Such as ``tcp://host:8786``; ``local`` for a process for each processor of this machine; None changes nothing.

    Raises
    ------
    MissingExtraError
        Without the extra ``cluster``.
    InvalidInputError
        If no scheduler answers there.
    """
    if address is None:
        yield
        return
    distributed = require("distributed", extra="cluster", purpose="a dask scheduler")
    joblib = require("joblib", extra="train", purpose="work in parallel")
    own = {"n_workers": available_threads(), "threads_per_worker": 1, "dashboard_address": None}
    try:
        client = distributed.Client(**own) if address == "local" else distributed.Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"scheduler={address!r}: no dask scheduler answers there ({error})") from error
    with client, joblib.parallel_config(backend="dask"):
        yield


def workers_at_hand() -> int:
    """Return how many workers a dask scheduler offers here, 0 outside `on_scheduler`."""
    if "distributed" not in sys.modules:
        return 0
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    return int(backend.effective_n_jobs(-1)) if type(backend).__name__ == "DaskDistributedBackend" else 0
