"""What runs inside a worker process: units, whose events go to the parent as JSON and prints to a file, or tasks."""

import contextlib
import ctypes
import faulthandler
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from pkgutil import resolve_name
from queue import SimpleQueue
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dlbench.errors import describe_error
from dlbench.executors.allocator import keep_freed_memory
from dlbench.executors.descendants import adopt_orphans, descendants, is_helper
from dlbench.executors.forks import Forks, described
from dlbench.executors.messages import Begun, CannotStart, Content, Over, Sender, decode, write_message
from dlbench.plugins.strangers import strangers
from dlbench.startup import open_standard_streams
from dlbench.trials.events import TrialNoted
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_SECONDS_BETWEEN_REPORTS = 0.2


class Done(NamedTuple):
    """How much of a task is done, sent while it runs."""

    done: int
    total: int


def prepare_process() -> None:
    """Prepare a fresh worker: leave a terminal's signals to the parent, keep freed memory, never outlive the parent."""
    open_standard_streams()
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # the server that workers are forked from blocks all
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    with contextlib.suppress(OSError, AttributeError):
        os.setpgid(0, 0)  # what a component sends to its group ends itself alone
    adopt_orphans()
    kill_with_parent()
    keep_freed_memory()


def kill_with_parent() -> None:
    """Make the kernel kill this process when the server that forked it ends, as it does with the parent. Linux only."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            close_forkserver_pipe()


def close_forkserver_pipe() -> None:
    """Close this process's copy of the pipe that keeps the server alive, so that only the parent holds it."""
    from multiprocessing import forkserver

    server: Any = forkserver._forkserver  # the only place that knows the pipe
    pipe = getattr(server, "_forkserver_alive_fd", None)
    if pipe is not None:
        os.close(pipe)
        server._forkserver_alive_fd = None  # a component that starts processes gets a server of its own


def serve_units(
    connection: "Connection[Any, Any]", engine: str, data_dir: str, variables: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Run the units that arrive and send their events, until the parent closes its end of the pipe.

    engine: "module:function" of what runs a unit, called as run_unit is, or a class, of which one such object is made.
    variables: of the process's environment, such as the GPU that it sees: CUDA reads them when a trial first uses it.
    The parent may send "stop" meanwhile; SIGTERM means the same. Without the parent, the process ends.
    """
    os.environ.update(variables)
    prepare_process()
    forks = Forks(connection.fileno())
    units: SimpleQueue[dict[str, Any]] = SimpleQueue()
    stop, process = threading.Event(), os.getpid()
    runner = cache(lambda: _runner(engine))

    def send(content: Content, number: int = 0) -> None:
        forks.end_copy()
        write_message(connection, Sender(process=process, unit=number), content)

    try:
        threading.Thread(target=_listen, args=(connection, units, stop), daemon=True).start()
    except RuntimeError:
        send(CannotStart())
        return
    while True:
        message = units.get()
        unit, say = WorkUnit.from_json(message["unit"]), partial(send, number=message["number"])
        with captured_output(Path(message["log"])):
            say(Begun())
            before = descendants(process)
            error, spent = _run(runner, unit, Path(data_dir), say, stop)
            left, went_on = descendants(process) - before, forks.take()
        names = strangers(unit)  # torch's compiler, say, keeps processes too
        if names and (said := described(names, went_on, sum(map(_is_left, left)))):
            say(TrialNoted(trial_id=unit.trials[-1].trial_id, text=said, of_variant=True))
        say(Over(error=error, spent=spent or bool(names and (went_on or left))))


def _runner(engine: str) -> Callable[..., Any]:
    found: Callable[..., Any] = resolve_name(engine)  # imports torch, which the parent must not
    return found() if isinstance(found, type) else found


def _is_left(process: int) -> bool:
    """Return whether a descendant is none that multiprocessing ends with this process."""
    return not is_helper(process) and process not in {child.pid for child in multiprocessing.active_children()}


def _listen(connection: "Connection[Any, Any]", units: "SimpleQueue[dict[str, Any]]", stop: threading.Event) -> None:
    """Receive units and the word "stop"; end the process when the parent's end of the pipe is closed."""
    while True:
        try:
            message = decode(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)
        if message == "stop":
            stop.set()
        else:
            units.put(message)


def _run(
    runner: Callable[[], Callable[..., Any]],
    unit: WorkUnit,
    data_dir: Path,
    send: Callable[[Content], None],
    stop: threading.Event,
) -> tuple[str, bool]:
    """Run a unit; return the error of an engine that raised, or "", and whether it spoiled the process for others."""
    try:
        with _stopped_by_sigterm(stop):
            changed = runner()(unit, data_dir, send, stop)
    except BaseException as error:
        traceback.print_exc()
        return describe_error(error), True
    return "", bool(changed)


def serve_tasks(connection: "Connection[Any, Any]") -> None:
    """Call the functions that arrive and send their answers, until the parent closes its end of the pipe."""
    prepare_process()
    forks = Forks(connection.fileno())
    while True:
        try:
            function, arguments, reports = connection.recv()
        except (EOFError, OSError):
            return
        given = {"report": _reporting(connection)} if reports else {}
        answer = _answer(function, arguments, given)
        forks.end_copy()
        connection.send(answer)


def _reporting(connection: "Connection[Any, Any]") -> Callable[[int, int], None]:
    """Return a function that tells the parent how much of a task is done, a few times a second at most."""
    sent = 0.0

    def report(done: int, total: int) -> None:
        nonlocal sent
        if time.monotonic() - sent > _SECONDS_BETWEEN_REPORTS:
            sent = time.monotonic()
            connection.send(Done(done, total))

    return report


def _answer(
    function: Callable[..., Any], arguments: tuple[Any, ...], given: dict[str, Any]
) -> tuple[Any, Exception | None, str]:
    """Return what a function returns, or its exception with the traceback as text."""
    try:
        return function(*arguments, **given), None, ""
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # of a class that cannot travel
            error = RuntimeError(describe_error(error))
        return None, error, traceback.format_exc()


@contextlib.contextmanager
def _stopped_by_sigterm(stop: threading.Event) -> Iterator[None]:
    """Make SIGTERM ask the unit to stop and then end the process; the log gets the stack at the signal."""
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        stop.set()

    before = signal.signal(signal.SIGTERM, ask)
    _log_stack_on(signal.SIGTERM)
    try:
        yield
    finally:
        _log_no_stack_on(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_DFL if asked else before)
        if asked:
            os.kill(os.getpid(), signal.SIGTERM)


def _log_stack_on(number: int) -> None:
    """Write Python's stack to the log on a signal, even from within code that never returns to Python."""
    if hasattr(faulthandler, "register"):
        faulthandler.register(number, file=2, all_threads=False, chain=True)


def _log_no_stack_on(number: int) -> None:
    if hasattr(faulthandler, "unregister"):
        faulthandler.unregister(number)


@contextlib.contextmanager
def captured_output(path: Path) -> Iterator[None]:
    """Redirect what components print, in Python or below it, to a file: the terminal belongs to the parent.

    A crash writes Python's stack there. The last lines arrive however the process ends.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
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
            for copy, original in zip(saved, (1, 2), strict=True):
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
