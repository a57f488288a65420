"""Worker processes: forked from a server that has imported torch once, each with a pipe of its own.

One process is killed without harm to the others: they share no pipe and no lock.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext
from types import ModuleType
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.executors.scratch import scratch_folder

#: What the server imports once, so that no worker has to.
PRELOADED = ("dlbench.engine.worker_imports", "dlbench.executors.worker", "dlbench.executors.tasks")
#: What a terminal or a batch system sends to all processes of a group.
TERMINAL_SIGNALS = {signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])}
_THREADS = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
_LOCK = threading.Lock()
#: How long a server that was killed takes to end.
_SETTLE_SECONDS = 0.2


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
    """Start the server that workers are forked from, unless it runs, with the terminal's signals blocked.

    Ctrl-C, or the end of the terminal, reaches every process of its group, and would end the server while it imports
    torch, or before the workers have saved their checkpoints.
    """
    from multiprocessing import forkserver, resource_tracker

    process: Any = multiprocessing.current_process()
    process._config.setdefault("tempdir", str(scratch_folder()))  # for its socket: removed even after a kill
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)
    try:
        resource_tracker.ensure_running()  # starting the tracker, Python unblocks the first two again
        signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)
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


def _context(preloaded: Sequence[str]) -> ForkServerContext | SpawnContext:
    """Return how workers start: forked from a server that has imported torch, or spawned where there is no fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = _Context()
    context.set_forkserver_preload(list(preloaded))
    return context


def _run(target: Callable[..., None], *arguments: Any) -> None:
    """Run a worker's target. The parent ends workers, as daemons, but a component may start processes of its own."""
    multiprocessing.current_process().daemon = False
    target(*arguments)


class Worker:
    """A worker process and the parent's end of its pipe.

    target: what runs in the process, called with the other end of the pipe and the arguments. preloaded: the modules
    that the server of worker processes imports.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any, preloaded: Sequence[str] = PRELOADED) -> None:
        try:
            self._start(preloaded, target, arguments)
        except (EOFError, ConnectionError):  # the server was killed; starting again starts another
            time.sleep(_SETTLE_SECONDS)  # once it is seen to have ended, a moment after its socket was closed
            try:
                self._start(preloaded, target, arguments)
            except (EOFError, ConnectionError) as error:
                raise DlbenchError(
                    "The server that worker processes are started from ended while it was starting.",
                    "Repeat the command; if it happens again, look for what kills processes here (memory limits, say).",
                ) from error

    def _start(self, preloaded: Sequence[str], target: Callable[..., None], arguments: Sequence[Any]) -> None:
        context = _context(preloaded)
        self.connection, theirs = context.Pipe()
        with theirs:
            self._process = context.Process(target=_run, args=(target, theirs, *arguments), daemon=True)
            self._process.start()

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal's number, or None while the process runs."""
        return self._process.exitcode

    def terminate(self) -> None:
        """Send SIGTERM."""
        with suppress(OSError):
            self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL."""
        with suppress(OSError):
            self._process.kill()

    def end(self) -> None:
        """Kill the process and wait until it is gone."""
        self.kill()
        self._process.join()
