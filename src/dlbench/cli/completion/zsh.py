"""Zsh reads the answer of a completion between single quotes, in which Typer doubles an apostrophe and so loses it."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def zsh_apostrophes(variable: str = "_DLBENCH_COMPLETE") -> Iterator[None]:
    """Write apostrophes as zsh reads them between single quotes. Does nothing outside a completion by zsh."""
    if os.environ.get(variable) != "complete_zsh":
        yield
        return
    answer = io.StringIO()
    try:
        with contextlib.redirect_stdout(answer):
            yield
    finally:
        sys.stdout.write(answer.getvalue().replace("''", "'\\''"))
