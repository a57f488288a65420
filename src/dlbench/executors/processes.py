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
from pathlib import Path
from types import ModuleType
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.executors.descendants import children, kill_with_descendants
from dlbench.executors.scratch import scratch_folder
from dlbench.startup import open_standard_streams, safe_variables

#: What the server imports once, so that no worker has to.
PRELOADED = ("dlbench.engine.worker_imports", "dlbench.executors.worker", "dlbench.executors.tasks")
#: What a terminal or a batch system sends to all processes of a group.
TERMINAL_SIGNALS = {signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])}
_THREADS = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
_SETUP = "dlbench.executors.server_setup"
_LOCK = threading.Lock()
#: The processes of the workers that have not been ended.
_WORKERS: set[int] = set()
#: How long a killed server may take to end: the memory of torch has to be given back.
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


def _start_server() -> None:
    """Start the server that workers are forked from, unless it runs, with the terminal's signals blocked.

    Ctrl-C, or the end of the terminal, reaches every process of its group, and would end the server while it imports
    torch, or before the workers have saved their checkpoints.
    """
    from multiprocessing import forkserver, resource_tracker

    _forget_parents_server()
    process: Any = multiprocessing.current_process()
    process._config.setdefault("tempdir", str(scratch_folder()))  # for its socket: removed even after a kill
    before = signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)
    try:
        with _quiet_tracker():
            resource_tracker.ensure_running()  # starting the tracker, Python unblocks the first two again
        signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _forget_parents_server() -> None:
    """Forget a server that a parent process started before it forked this one, as a Pool does."""
    from multiprocessing import forkserver

    server: Any = forkserver._forkserver  # the only place that knows it
    pid = _server_pid()
    if pid is None:
        return
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        with suppress(OSError):
            os.close(server._forkserver_alive_fd)
        server._forkserver_pid = server._forkserver_alive_fd = server._forkserver_address = None
    except AttributeError:  # no waitid on this system
        return


def _server_pid() -> int | None:
    from multiprocessing import forkserver

    server: Any = forkserver._forkserver  # the only place that knows it
    pid: int | None = getattr(server, "_forkserver_pid", None)
    return pid


def _await_servers_end() -> None:
    """Wait until a server that no longer answers has ended, so that it is not taken for one that runs."""
    server, until = _server_pid(), time.monotonic() + _PATIENCE_SECONDS
    while server is not None and _runs(server) and time.monotonic() < until:
        time.sleep(0.01)


def _runs(child: int) -> bool:
    """Return whether a child process runs; its exit code is left to whoever asks for it."""
    if not hasattr(os, "waitid"):  # not on every system
        return True
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:  # its exit code has been asked for, or it is a child of this process's parent
        return False


class StartError(DlbenchError):
    """A process or a thread cannot be started."""

    exit_code = 1


def no_room(what: str) -> StartError:
    """Return the error of a process or a thread for which the limit leaves no room."""
    return StartError(
        f"No {what} can be started: the limit of processes and threads is reached (ulimit -u, pids.max).",
        "End other programs or raise the limit; finished trials are kept.",
    )


@contextmanager
def _quiet_tracker() -> Iterator[None]:
    """Keep Python's tracker of resources from warning at the end: it removes what killed processes leave, as it should.

    The compiler's processes, say, hold semaphores when their worker is killed.
    """
    before = os.environ.get("PYTHONWARNINGS")
    ignored = "ignore::UserWarning:multiprocessing.resource_tracker"
    os.environ["PYTHONWARNINGS"] = f"{before},{ignored}" if before else ignored
    try:
        yield
    finally:
        del os.environ["PYTHONWARNINGS"]
        if before is not None:
            os.environ["PYTHONWARNINGS"] = before


class _Process(ForkServerProcess):
    def start(self) -> None:
        _start_server()
        super().start()


class _Context(ForkServerContext):
    Process = _Process


def _context(preloaded: Sequence[str]) -> ForkServerContext | SpawnContext:
    """Return how workers start: forked from a server that has imported torch, or spawned where there is no fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = _Context()
    context.set_forkserver_preload([_SETUP, *preloaded])
    return context


def _run(target: Callable[..., None], *arguments: Any) -> None:
    """Run a worker's target. The parent ends workers, as daemons, but a component may start processes of its own."""
    multiprocessing.current_process().daemon = False
    target(*arguments)


def worker_groups() -> tuple[int, ...]:
    """Return the process groups of the workers that there are."""
    return tuple(_WORKERS)


def _end_orphans(server: int | None) -> None:
    """Kill what dead workers have left: whatever is a child of the server, and that this process has not started."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while server and (left := children(server) - _WORKERS - _started_here()) and time.monotonic() < until:
        for orphan in left:
            kill_with_descendants(orphan)
        time.sleep(0.01)


def _started_here() -> set[int | None]:
    """Return the processes of multiprocessing's that this one has started: those of a script have the same server."""
    return {process.pid for process in multiprocessing.active_children()}


class Worker:
    """A worker process and the parent's end of its pipe.

    target: what runs in the process, called with the other end of the pipe and the arguments. preloaded: the modules
    that the server of worker processes imports.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any, preloaded: Sequence[str] = PRELOADED) -> None:
        try:
            self._start(preloaded, target, arguments)
        except (EOFError, ConnectionError):  # the server was killed; starting again starts another
            _await_servers_end()
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
                self._server = _server_pid()
                self.process = self._process.pid or 0
                _WORKERS.add(self.process)

    @property
    def lost_server(self) -> bool:
        """Return whether the server that this process was forked from has ended, and this process with it."""
        return self._server is not None and (self._server != _server_pid() or not _runs(self._server))

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
