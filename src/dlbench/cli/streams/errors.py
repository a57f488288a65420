"""How errors end the command line: a sentence, what to do next, and an exit code."""

import contextlib
import errno
import os
import select
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dlbench.errors import DlbenchError, describe_error
from dlbench.startup import output_was_missed

_PLACES = (
    "dlbench writes to standard output, the results folder, the data folder, the folder for temporary files (TMPDIR) "
    "and, through Python's locks, /dev/shm: df shows whether each has room; --debug shows who was writing."
)


class UnexpectedError(DlbenchError):
    """An error that is not the user's: of the machine, or of dlbench itself."""

    exit_code = 1


def as_dlbench_error(error: Exception) -> DlbenchError:
    """Return any error as one with a sentence for the user."""
    if isinstance(error, DlbenchError):
        return error
    if isinstance(error, OSError) and error.strerror:
        if error.filename or error.errno not in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
            return UnexpectedError(f"{error.strerror}{f': {error.filename}' if error.filename else ''}.")
        return UnexpectedError(f"{error.strerror}, in a place that the system does not name.", _PLACES)
    if "can't start new thread" in str(error):
        return UnexpectedError(
            "No thread can be started: the limit of processes and threads is reached (ulimit -u, pids.max).",
            "End other programs or raise the limit.",
        )
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return UnexpectedError(
        f"{describe_error(error)} ({Path(frame.filename).name}, line {frame.lineno})",
        "This is a bug in dlbench. Please report it with the output of `dlbench --debug …`.",
    )


def interrupted_import(error: Exception) -> bool:
    """Return whether an error stands for Ctrl-C: an extension module that it meets while it is imported has its own."""
    cause = error.__cause__ or error.__context__
    return isinstance(error, ImportError) and isinstance(cause, KeyboardInterrupt)


def print_error(error: DlbenchError) -> None:
    """Print an error on standard error."""
    from rich.text import Text

    from dlbench.cli.streams.console import errors

    console, sentence = errors(), Text.assemble(("Error:", "bold red"), f" {error.message}")
    console.print(sentence, soft_wrap=True)  # a path stays in one piece
    if error.hint:
        console.print(error.hint, soft_wrap=True)


def reader_has_left() -> bool:
    """Return whether the reader of standard output or error, as `head`, has closed its end of the pipe."""
    if not hasattr(select, "poll"):  # not on every system
        return True
    poll = select.poll()
    for number in (1, 2):
        poll.register(number, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


@contextlib.contextmanager
def flush_stdout() -> Iterator[None]:
    """Flush standard output at the end, where a full disk may show first, and one that is closed is told."""
    succeeded = False
    try:
        yield
        succeeded = True
    except SystemExit as ending:
        succeeded = not ending.code
        raise
    finally:
        if sys.stdout is not None:  # of a process that did not open its streams
            try:
                sys.stdout.flush()
            except OSError:
                _discard_stdout()
                raise
        if succeeded and output_was_missed():
            raise UnexpectedError(
                "Standard output is closed, and what was to be printed there is lost.",
                "Redirect it to a file, or to /dev/null if nobody reads it.",
            )


def on_terminal() -> list[int]:
    """Return which of standard output and error are a terminal; one that has ended no longer counts as one."""
    return [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]


def discard_output(descriptors: Iterable[int]) -> None:
    """Discard from now on what is written there: to a terminal that has ended, which would be an error."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            _discard(descriptor)


def _discard_stdout() -> None:
    """Discard what is buffered: Python would try to write it once more at exit, and print its own error."""
    with contextlib.suppress(OSError):
        _discard(sys.stdout.fileno())


def _discard(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
