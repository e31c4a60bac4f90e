"""Small products run fastest on one BLAS thread each: limit BLAS while our own threads share the blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, TypeVar

__all__ = ["available_threads", "map_blocks", "one_blas_thread"]

T = TypeVar("T")
R = TypeVar("R")
_WORTH_SHARING = 1_000_000


def available_threads() -> int:
    """Return how many processors this process may use, at most 16."""
    try:
        return min(16, len(os.sched_getaffinity(0)))
    except AttributeError:
        return min(16, os.cpu_count() or 1)


@cache
def _controller() -> Any:
    try:
        from threadpoolctl import ThreadpoolController
    except ModuleNotFoundError:
        return None
    return ThreadpoolController().select(user_api="blas")


def one_blas_thread(*, numbers: int = 0) -> AbstractContextManager[Any]:
    """Return a context in which BLAS uses one thread (where threadpoolctl, a scikit-learn dependency, is there).

    With more ``numbers`` at hand than a million it changes nothing: products are then worth sharing. Below, threads that wait for
    each other cost more than the products do, twenty times as much where other work has the processors.
    """
    controller = _controller() if numbers <= _WORTH_SHARING else None
    return nullcontext() if controller is None else controller.limit(limits=1)


def map_blocks(function: Callable[[T], R], tasks: Iterable[T], *, threads: int) -> Iterator[R]:
    """Map over tasks in order, on ``threads`` threads, BLAS on one thread each."""
    with one_blas_thread():
        if threads <= 1:
            yield from map(function, tasks)
            return
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(function, tasks)
