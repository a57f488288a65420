"""Where the command line prints: results on standard output, everything else on standard error.

Rich is imported where something is printed: a completion in the shell prints nothing with it.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def output() -> "Console":
    """Return the console for results; Rich honours NO_COLOR and pipes by itself."""
    from dlbench.report.terminal.console import plain_console

    return plain_console()


def errors() -> "Console":
    """Return the console for errors, warnings and progress."""
    from dlbench.report.terminal.console import plain_console

    return plain_console(stderr=True)


def print_json(document: Any) -> None:
    """Print one strict JSON document on standard output."""
    from dlbench.cli.streams.encoding import takes_all
    from dlbench.files import strict_json

    print(strict_json(document, escaped=not takes_all(sys.stdout)))


def print_bytes(data: bytes) -> None:
    """Print a file's content on standard output as it is, where that is open."""
    if sys.stdout is not None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


def confirm(question: str) -> bool:
    """Ask before something is taken away; where nobody can answer, the question is an error that names --yes."""
    from dlbench.errors import DlbenchError

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise DlbenchError(f"{question} Nobody is here to answer.", "Add --yes if that is what you want.")
    import typer

    return typer.confirm(question, err=True)
