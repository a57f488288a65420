"""What runs inside a worker process: one work unit, its events sent to the parent as JSON, its prints to a file."""

import contextlib
import ctypes
import faulthandler
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection
from pathlib import Path
from pkgutil import resolve_name
from types import FrameType
from typing import Any

from dlbench.executors.allocator import keep_freed_memory
from dlbench.trials.events import event_to_json
from dlbench.trials.work_unit import WorkUnit

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def start_worker() -> None:
    """Prepare a fresh worker: Ctrl-C is the parent's business, freed memory stays, and no orphan is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # the server that workers are forked from blocks both
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    die_with_the_server()
    keep_freed_memory()


def die_with_the_server() -> None:
    """Let the kernel end this process when the one that forked it ends, which ends with the parent. Linux alone."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            let_the_server_go()


def let_the_server_go() -> None:
    """Close this process's copy of the pipe that the server lives by, so that the parent alone holds it."""
    from multiprocessing import forkserver

    server: Any = forkserver._forkserver  # the one place that knows the pipe
    pipe = getattr(server, "_forkserver_alive_fd", None)
    if pipe is not None:
        os.close(pipe)
        server._forkserver_alive_fd = None  # a component that starts processes gets a server of its own


def work(engine: str, unit: dict[str, Any], number: int, data_dir: str, address: str, key: bytes, log: str) -> None:
    """Run one unit and send its events, and last that it is through.

    engine: "module:function" of what runs it, called as run_unit is. The parent may say "stop" meanwhile; SIGTERM says
    the same. Where the parent is gone, so is this process.
    """
    stop = threading.Event()
    with captured_output(Path(log)), Client(address, authkey=key) as connection:

        def send(content: dict[str, Any]) -> None:
            connection.send_bytes(json.dumps([number, content]).encode())

        send({"kind": "unit", "pid": os.getpid()})
        listener = threading.Thread(target=_listen, args=(connection, stop), daemon=True)
        listener.start()
        with _stopped_by_sigterm(stop):
            run_unit = resolve_name(engine)  # torch, which the parent must not import
            run_unit(WorkUnit.from_json(unit), Path(data_dir), lambda event: send(event_to_json(event)), stop)
        send({"kind": "through"})
        listener.join()  # until the parent has closed its end: a descriptor that is read from is not to be closed


def _listen(connection: "Connection[Any, Any]", stop: threading.Event) -> None:
    """Wait for the parent's word; the end of the connection is the parent's own, unless all was said."""
    while True:
        try:
            message = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)
        if message == "stop":
            stop.set()
        elif message == "received":
            return


@contextlib.contextmanager
def _stopped_by_sigterm(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM ask the unit to stop and then end the process; the log tells where the signal found it."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        stop.set()

    before = signal.signal(signal.SIGTERM, ask)
    _tell_where(signal.SIGTERM)
    try:
        yield
    finally:
        _tell_nothing(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_DFL if asked else before)
        if asked:
            os.kill(os.getpid(), signal.SIGTERM)


def _tell_where(number: int) -> None:
    """Write Python's stack to the log on a signal, even from within code that never returns to Python."""
    if hasattr(faulthandler, "register"):
        faulthandler.register(number, file=2, all_threads=False, chain=True)


def _tell_nothing(number: int) -> None:
    if hasattr(faulthandler, "unregister"):
        faulthandler.unregister(number)


@contextlib.contextmanager
def captured_output(path: Path) -> Iterator[None]:
    """Send what components print, in Python or below it, to a file: the terminal belongs to the parent.

    A crash leaves Python's stack there. What was printed last is there however the process ends.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        faulthandler.enable(file=2)
        try:
            with _line_buffered():
                yield
        finally:
            faulthandler.disable()
            sys.stdout.flush()
            sys.stderr.flush()
            for copy, original in zip(kept, (1, 2), strict=True):
                os.dup2(copy, original)
                os.close(copy)


@contextlib.contextmanager
def _line_buffered() -> Iterator[None]:
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # tests may put another object there
    if reconfigure is None:
        yield
        return
    reconfigure(line_buffering=True)
    try:
        yield
    finally:
        reconfigure(line_buffering=False)
