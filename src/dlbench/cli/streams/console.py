"""The consoles of the command line: results on standard output, everything else on standard error.

Rich is imported on first use: completion in the shell prints nothing with it.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def output() -> "Console":
    """Return the console for results; Rich itself respects NO_COLOR and pipes."""
    from dlbench.report.terminal.console import plain_console

    return plain_console()


def errors() -> "Console":
    """Return the console for errors, warnings and progress."""
    from dlbench.report.terminal.console import plain_console

    return plain_console(stderr=True)


def print_json(document: Any) -> None:
    """Print one strict JSON document on standard output."""
    from dlbench.cli.streams.encoding import encodes_all
    from dlbench.files import strict_json

    print(strict_json(document, escaped=not encodes_all(sys.stdout)))


def print_bytes(data: bytes) -> None:
    """Print a file's content unchanged on standard output, if that is open."""
    if sys.stdout is not None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


def confirm(question: str) -> bool:
    """Ask before something is removed. Raises DlbenchError, which names --yes, if there is no terminal to ask on."""
    from dlbench.errors import DlbenchError

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise DlbenchError(f"{question} Cannot prompt: not a terminal.", "Add --yes to confirm.")
    import typer

    return typer.confirm(question, err=True)
