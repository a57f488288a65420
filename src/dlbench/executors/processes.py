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
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from types import ModuleType
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.executors.descendants import children, kill_with_descendants
from dlbench.startup import open_standard_streams, safe_variables

_FORKS = "forkserver" in multiprocessing.get_all_start_methods()
if _FORKS:
    from dlbench.executors.fork_server import await_servers_end, child_runs, forked_context, server_pid

#: What the server imports once, so that no worker has to.
PRELOADED = ("dlbench.engine.worker_imports", "dlbench.executors.worker", "dlbench.executors.tasks")
_THREADS = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
_LOCK = threading.Lock()
#: The processes of the workers that have not been ended.
_WORKERS: set[int] = set()
#: How long what dead workers have left may take to end.
_PATIENCE_SECONDS = 2.0


@contextmanager
def prepared_start() -> Iterator[None]:
    """Start a process that searches no folder but this one does, and does not run the user's __main__ again.

    That leaves out the current folder, which Python would search first in the process.

    Components are named by module, so nothing in __main__ is needed there, and a script that calls dlbench.compare()
    works without a guard. Libraries that ask the environment get one thread. A process of multiprocessing's that is a
    daemon, as those of a Pool are, may have children too: they end when it does.
    """
    with _LOCK:
        open_standard_streams()
        main, path, environment, daemon = sys.modules["__main__"], sys.path, dict(os.environ), _daemon()
        sys.modules["__main__"], sys.path = ModuleType("__main__"), [folder for folder in path if folder]
        os.environ.update({**dict.fromkeys(_THREADS, "1"), **environment, **safe_variables()})
        _be_daemon(False)
        try:
            yield
        finally:
            sys.modules["__main__"], sys.path = main, path
            _be_daemon(daemon)
            for name in os.environ.keys() - environment.keys():
                del os.environ[name]
            os.environ.update(environment)


def _daemon() -> bool:
    return multiprocessing.current_process().daemon


def _be_daemon(daemon: bool) -> None:
    """Set whether this process is a daemon; multiprocessing asserts that a daemon starts no process."""
    multiprocessing.current_process()._config["daemon"] = daemon  # type: ignore[attr-defined]  # no public way


class StartError(DlbenchError):
    """A process or a thread cannot be started."""

    exit_code = 1


def no_room(what: str) -> StartError:
    """Return the error of a process or a thread for which the limit leaves no room."""
    return StartError(
        f"No {what} can be started: the limit of processes and threads is reached (ulimit -u, pids.max).",
        "End other programs or raise the limit; finished trials are kept.",
    )


def _context(preloaded: Sequence[str]) -> ForkServerContext | SpawnContext:
    """Return how workers start: forked from a server that has imported torch, or spawned where there is no fork."""
    return forked_context(preloaded) if _FORKS else multiprocessing.get_context("spawn")


def _run(target: Callable[..., None], *arguments: Any) -> None:
    """Run a worker's target. The parent ends workers, as daemons, but a component may start processes of its own."""
    multiprocessing.current_process().daemon = False
    target(*arguments)


def worker_groups() -> tuple[int, ...]:
    """Return the process groups of the workers that there are."""
    return tuple(_WORKERS)


def _end_orphans(server: int | None) -> None:
    """Kill what dead workers have left: whatever is a child of the server and no worker."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while server and (left := children(server) - _WORKERS) and time.monotonic() < until:
        for orphan in left:
            kill_with_descendants(orphan)
        time.sleep(0.01)


class Worker:
    """A worker process and the parent's end of its pipe.

    target: what runs in the process, called with the other end of the pipe and the arguments. preloaded: the modules
    that the server of worker processes imports.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any, preloaded: Sequence[str] = PRELOADED) -> None:
        try:
            self._start(preloaded, target, arguments)
        except (EOFError, ConnectionError):  # the server was killed; starting again starts another
            if _FORKS:
                await_servers_end()
            try:
                self._start(preloaded, target, arguments)
            except (EOFError, ConnectionError) as error:
                raise StartError(
                    "The server that worker processes are started from ended while it was starting.",
                    "Repeat the command; if it happens again, look for what kills processes here: limits of memory or "
                    "of the number of processes (ulimit -u, pids.max), say.",
                ) from error
        except BlockingIOError as error:
            raise no_room("process") from error

    def _start(self, preloaded: Sequence[str], target: Callable[..., None], arguments: Sequence[Any]) -> None:
        context = _context(preloaded)
        self.connection, theirs = context.Pipe()
        with theirs:
            self._process = context.Process(target=_run, args=(target, theirs, *arguments), daemon=True)
            with prepared_start():
                self._process.start()
                self._server = server_pid() if _FORKS else None
                self.process = self._process.pid or 0
                _WORKERS.add(self.process)

    @property
    def lost_server(self) -> bool:
        """Return whether the server that this process was forked from has ended, and this process with it."""
        return self._server is not None and (self._server != server_pid() or not child_runs(self._server))

    @property
    def is_stopped(self) -> bool:
        """Return whether the process is stopped, by SIGSTOP or a debugger; False where the system does not say."""
        try:
            state = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        return state.rpartition(")")[2].split()[0] in ("T", "t")

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
        """Kill the process, wait until it is gone, and kill what it has started."""
        self.kill()
        self._process.join()
        with _LOCK:
            if self.process in _WORKERS:
                _WORKERS.remove(self.process)
                with suppress(OSError, AttributeError):
                    os.killpg(self.process, signal.SIGKILL)
                _end_orphans(self._server)
