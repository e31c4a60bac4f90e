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


def one_blas_thread() -> AbstractContextManager[Any]:
    """Return a context in which BLAS uses one thread (where threadpoolctl, a scikit-learn dependency, is there)."""
    controller = _controller()
    return nullcontext() if controller is None else controller.limit(limits=1)


def map_blocks(function: Callable[[T], R], tasks: Iterable[T], *, threads: int) -> Iterator[R]:
    """Map over tasks in order, on ``threads`` threads, BLAS on one thread each."""
    with one_blas_thread():
        if threads <= 1:
            yield from map(function, tasks)
            return
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(function, tasks)
