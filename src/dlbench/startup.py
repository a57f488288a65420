"""What a process does first: open its standard streams, and import nothing from the current folder.

Imports only what Python has loaded before it: another module could come from the current folder.
"""

import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Python's own variable: the folder of a script, or the current one, is not searched for modules.
SAFE_PATH = "PYTHONSAFEPATH"


def prepare_command() -> None:
    """Prepare the process of a command: its streams, its imports, and those of every process that it starts."""
    open_standard_streams()
    leave_current_folder()
    os.environ.update(safe_variables())


def open_standard_streams() -> None:
    """Connect standard input, output and error to nowhere if they are closed.

    Otherwise the next file that is opened takes their number, and gets what others print; and Python's are None.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, _stream(number, mode))


class _Nowhere(io.FileIO):
    """A closed stream's stand-in, which knows whether something should have gone there."""

    missed = False

    def write(self, data: "Any") -> int:
        """Write to nowhere."""
        self.missed = True
        return super().write(data)


def _stream(number: int, mode: str) -> io.TextIOWrapper:
    """Return a stream of the process's own, which never closes its number."""
    nowhere = _Nowhere(number, mode, closefd=False)
    buffered = io.BufferedReader(nowhere) if mode == "r" else io.BufferedWriter(nowhere)
    return io.TextIOWrapper(buffered, encoding="utf-8", errors="replace")


def output_is_closed() -> bool:
    """Return whether standard output was closed before the process began."""
    return _nowhere() is not None


def output_was_missed() -> bool:
    """Return whether something was written to a standard output that is closed."""
    nowhere = _nowhere()
    return nowhere is not None and nowhere.missed


def _nowhere() -> _Nowhere | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw if isinstance(raw, _Nowhere) else None


def leave_current_folder() -> None:
    """Stop importing from the current folder, where `python -m` and `python -c` start looking."""
    sys.path[:] = safe_import_path()


def safe_import_path() -> list[str]:
    """Return where modules are searched, without the current folder.

    It stays if PYTHONPATH names it (an empty entry, which a spare colon makes, names nothing), if it is where dlbench
    itself is, or if it is one of Python's own folders of libraries.
    """
    try:
        here = os.getcwd()
    except OSError:  # it has been removed
        return [folder for folder in sys.path if folder]
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    wanted = here in {home, *(os.path.abspath(entry) for entry in entries if entry)}
    first = 1 + len(entries)  # what is not Python's own
    unsafe = {""} if wanted else {"", here}
    return [folder for folder in sys.path[:first] if folder not in unsafe] + [each for each in sys.path[first:] if each]


def safe_variables() -> dict[str, str]:
    """Return the environment variables with which a child process imports nothing from the current folder.

    Children inherit them. A folder that PYTHONPATH names is searched nevertheless.
    """
    before = os.environ.get("PYTHONPATH", "")
    named = os.pathsep.join(entry for entry in before.split(os.pathsep) if entry)
    return {SAFE_PATH: "1"} | ({"PYTHONPATH": named} if before != named else {})
