"""The server that workers are forked from: dlbench's own, so that a script keeps multiprocessing's for its processes.

Only where processes can be forked from a server; elsewhere this module cannot be imported.
"""

import io
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import popen_forkserver, reduction, resource_tracker, spawn, util
from multiprocessing.context import ForkServerContext, ForkServerProcess, set_spawning_popen
from multiprocessing.forkserver import ForkServer, read_signed
from typing import Any

from dlbench.executors.scratch import scratch_folder

#: What a terminal or a batch system sends to all processes of a group.
_TERMINAL_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_SETUP = "dlbench.executors.server_setup"
#: How long a killed server may take to end: the memory of torch has to be given back.
_PATIENCE_SECONDS = 2.0
_SERVER: Any = ForkServer()  # what it keeps about itself has no public name


class ForkedProcess(ForkServerProcess):
    """A process that is forked from the server, which is started unless it runs."""

    def start(self) -> None:
        """Start the process."""
        _start_server()
        super().start()

    @staticmethod
    def _Popen(process_obj: Any) -> "_Popen":  # noqa: N802  # its name in the base class
        return _Popen(process_obj)


class _Context(ForkServerContext):
    Process = ForkedProcess


def forked_context(preloaded: Sequence[str]) -> ForkServerContext:
    """Return how workers start: forked from a server that imports the preloaded modules once, for all of them."""
    _SERVER.set_forkserver_preload([_SETUP, *preloaded])
    return _Context()


class _Popen(popen_forkserver.Popen):
    """Multiprocessing's way to start such a process, except that it asks this module's server."""

    _fds: list[int]

    def _launch(self, process_obj: Any) -> None:
        data = io.BytesIO()
        set_spawning_popen(self)
        try:
            reduction.dump(spawn.get_preparation_data(process_obj.name), data)
            reduction.dump(process_obj, data)
        finally:
            set_spawning_popen(None)
        self.sentinel, pipe = _SERVER.connect_to_new_process(self._fds)
        parent_lives = os.dup(pipe)  # the process sees by its end that this one has ended
        self.finalizer = util.Finalize(self, _close, (parent_lives, self.sentinel))
        with open(pipe, "wb") as there:
            there.write(data.getbuffer())
        self.pid = read_signed(self.sentinel)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _start_server() -> None:
    """Start the server, unless it runs, with the terminal's signals blocked.

    Ctrl-C, or the end of the terminal, reaches every process of its group, and would end the server while it imports
    torch, or before the workers have saved their checkpoints.
    """
    _forget_parents_server()
    process: Any = multiprocessing.current_process()
    process._config.setdefault("tempdir", str(scratch_folder()))  # for its socket: removed even after a kill
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_SIGNALS)
    try:
        with _quiet_tracker():
            resource_tracker.ensure_running()  # starting the tracker, Python unblocks the first two again
        signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_SIGNALS)
        _SERVER.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _forget_parents_server() -> None:
    """Forget a server that a parent process started before it forked this one, as a Pool does."""
    pid = server_pid()
    if pid is None:
        return
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        with suppress(OSError):
            os.close(_SERVER._forkserver_alive_fd)
        _SERVER._forkserver_pid = _SERVER._forkserver_alive_fd = _SERVER._forkserver_address = None
    except AttributeError:  # no waitid on this system
        return


def server_pid() -> int | None:
    """Return the process of the server, None before it has been started."""
    pid: int | None = _SERVER._forkserver_pid
    return pid


def await_servers_end() -> None:
    """Wait until a server that no longer answers has ended, so that it is not taken for one that runs."""
    server, until = server_pid(), time.monotonic() + _PATIENCE_SECONDS
    while server is not None and child_runs(server) and time.monotonic() < until:
        time.sleep(0.01)


def child_runs(child: int) -> bool:
    """Return whether a child process runs; its exit code is left to whoever asks for it."""
    if not hasattr(os, "waitid"):  # not on every system
        return True
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:  # its exit code has been asked for, or it is a child of this process's parent
        return False


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
