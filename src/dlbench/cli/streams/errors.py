"""What becomes of an error: a sentence, what to do next, and an exit code."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from dlbench.errors import DlbenchError


class UnexpectedError(DlbenchError):
    """What nobody typed: the machine's fault, or dlbench's own."""

    exit_code = 1


def explained(error: Exception) -> DlbenchError:
    """Return any error as one for people."""
    if isinstance(error, DlbenchError):
        return error
    if isinstance(error, OSError) and error.strerror:
        return UnexpectedError(f"{error.strerror}{f': {error.filename}' if error.filename else ''}.")
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    return UnexpectedError(
        f"{type(error).__name__}: {error} ({Path(frame.filename).name}, line {frame.lineno})",
        "dlbench did not expect that. Please report it, with what `dlbench --debug …` prints.",
    )


def tell(error: DlbenchError) -> None:
    """Print an error on standard error."""
    from rich.text import Text

    from dlbench.cli.streams.console import errors

    console, sentence = errors(), Text.assemble(("Error:", "bold red"), f" {error.message}")
    console.print(sentence, soft_wrap=True)  # a path stays in one piece
    if error.hint:
        console.print(error.hint, soft_wrap=True)


@contextlib.contextmanager
def whole_output() -> Iterator[None]:
    """See standard output through to its end: a full disk may show there first."""
    try:
        yield
    finally:
        if sys.stdout is not None:  # closed by who started it
            try:
                sys.stdout.flush()
            except OSError:
                _let_go_of_output()
                raise


def _let_go_of_output() -> None:
    """Send what is left nowhere: Python's own attempt at the end would fail once more, in its own words."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
