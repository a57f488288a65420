"""Worker processes: forked from a server that has imported torch once, in a pool that survives the death of one."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessPool

from dlbench.executors.worker import start_worker

Answer = TypeVar("Answer")

_PRELOADED = ["dlbench.engine.preload", "dlbench.executors.worker", "dlbench.executors.tasks"]
_THREADS = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
_LOCK = threading.Lock()


@contextmanager
def _prepared_start() -> Iterator[None]:
    """Start a process without the user's __main__, and with one thread for each library that asks the environment.

    multiprocessing would run the user's script again in each worker. Components are named by module, so nothing
    in __main__ is needed there, and a script that calls dlbench.compare() works without a guard.
    """
    with _LOCK:
        main, environment = sys.modules["__main__"], dict(os.environ)
        sys.modules["__main__"] = ModuleType("__main__")
        for name in _THREADS:
            os.environ.setdefault(name, "1")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
            for name in _THREADS - environment.keys():
                del os.environ[name]


class _Process(ForkServerProcess):
    def start(self) -> None:
        with _prepared_start():
            super().start()


class _Context(ForkServerContext):
    Process = _Process


def worker_context() -> ForkServerContext | SpawnContext:
    """Return how workers start: forked from a server that has torch loaded, or spawned where there is no fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = _Context()
    context.set_forkserver_preload(_PRELOADED)
    return context


def make_pool(workers: int) -> ProcessPool:
    """Return a pool of worker processes; they start when work arrives and end with the pool."""
    return ProcessPool(max_workers=workers, initializer=start_worker, context=worker_context())


def call_in_worker(pool: ProcessPool, function: Callable[..., Answer], *arguments: Any) -> Answer:
    """Run one function in a worker and return its answer; what it raises is raised here."""
    answer: Answer = pool.schedule(function, args=arguments).result()
    return answer
