"""The consoles of the command line: results on standard output, everything else on standard error.

Rich is imported on first use: completion in the shell prints nothing with it.
"""

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.startup import output_is_closed

if TYPE_CHECKING:
    from rich.console import Console


#: The width of a console whose lines nobody wraps.
_ENDLESS = 10_000


def output() -> "Console":
    """Return the console for results; Rich itself respects NO_COLOR and pipes."""
    from dlbench.report.terminal.console import plain_console

    return plain_console()


def retold_output() -> "Console":
    """Return the console for what the run folder keeps as well: where standard output is closed, nothing is lost."""
    from dlbench.report.terminal.console import plain_console

    return plain_console(file=io.StringIO() if output_is_closed() else None)


def list_output() -> "Console":
    """Return the console for lists: a program that reads them through a pipe gets a line a row."""
    from dlbench.report.terminal.console import plain_console

    piped = not (sys.stdout is not None and sys.stdout.isatty()) and not os.environ.get("COLUMNS")
    return plain_console(width=_ENDLESS if piped else None)


def endless(console: "Console") -> bool:
    """Return whether a console's lines are never wrapped."""
    return console.width >= _ENDLESS


def errors() -> "Console":
    """Return the console for errors, warnings and progress."""
    from dlbench.report.terminal.console import plain_console

    return plain_console(stderr=True)


def print_json(document: Any) -> None:
    """Print one strict JSON document on standard output."""
    from dlbench.cli.streams.encoding import encodes_all
    from dlbench.files import strict_json
    from dlbench.report.terminal.visible import json_visible

    print(json_visible(strict_json(document, escaped=not encodes_all(sys.stdout))))


def print_line(text: str) -> None:
    """Print a text for programs on standard output; a terminal gets nothing that it would obey."""
    from dlbench.report.terminal.visible import visible

    print(visible(text) if sys.stdout is not None and sys.stdout.isatty() else text)


def print_bytes(data: bytes) -> None:
    """Print a file's content on standard output, if that is open: unchanged, unless a terminal would obey it."""
    if sys.stdout is not None and sys.stdout.isatty():
        from dlbench.report.terminal.visible import visible

        print(visible(data.decode(errors="replace"), one_line=False), end="")
    elif sys.stdout is not None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


def write_or_print(path: Path, data: bytes) -> None:
    """Write the file that --output names; "-" is standard output."""
    from dlbench.files import write_output, writing_to

    if path == Path("-"):
        print_bytes(data)
        return
    with writing_to(path, "Choose another file with --output."):
        write_output(path, data)


def confirm(question: str) -> bool:
    """Ask before something is removed. Raises DlbenchError, which names --yes, if there is no terminal to ask on."""
    from dlbench.errors import DlbenchError

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise DlbenchError(f"{question} Cannot prompt: not a terminal.", "Add --yes to confirm.")
    import typer

    from dlbench.report.terminal.visible import visible

    return typer.confirm(visible(question), err=True)
