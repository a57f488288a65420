"""Worker processes: forked from a server that has imported torch once, in a pool that survives the death of one."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext
from types import ModuleType
from typing import Any, TypeVar

from pebble import ProcessPool

from dlbench.executors.worker import start_worker

Answer = TypeVar("Answer")

#: What the server imports once, so that no worker has to.
PRELOADED = ("dlbench.engine.worker_imports", "dlbench.executors.worker", "dlbench.executors.tasks")
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


def _start_server() -> None:
    """Start the server that workers are forked from, if it does not run; a signal of the terminal is not for it.

    A Ctrl-C reaches every process of the terminal's group, and would end the server while it imports torch.
    """
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # starting this one, Python unblocks the signals again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Process(ForkServerProcess):
    def start(self) -> None:
        with _prepared_start():
            _start_server()
            super().start()


class _Context(ForkServerContext):
    Process = _Process


def worker_context(preloaded: Sequence[str] = PRELOADED) -> ForkServerContext | SpawnContext:
    """Return how workers start: forked from a server that has torch loaded, or spawned where there is no fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = _Context()
    context.set_forkserver_preload(list(preloaded))
    return context


def make_pool(workers: int, preloaded: Sequence[str] = PRELOADED) -> ProcessPool:
    """Return a pool of worker processes; they start when work arrives and end with the pool."""
    return ProcessPool(max_workers=workers, initializer=start_worker, context=worker_context(preloaded))


def call_in_worker(pool: ProcessPool, function: Callable[..., Answer], *arguments: Any) -> Answer:
    """Run one function in a worker and return its answer; what it raises is raised here."""
    answer: Answer = pool.schedule(function, args=arguments).result()
    return answer
