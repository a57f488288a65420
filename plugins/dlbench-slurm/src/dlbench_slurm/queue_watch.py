"""What SLURM says of the jobs of a session."""

import subprocess
import threading
from collections.abc import Callable, Mapping

#: The states of a job that may yet train, or trains.
_ALIVE = {"PENDING", "CONFIGURING", "RUNNING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD", "RESIZING"}
_SECONDS = 5.0


def states(name: str) -> Mapping[str, str] | None:
    """Return the states of the jobs of a name by their numbers, those that ended lately included; None if unknown."""
    command = ["squeue", "--noheader", "--array", "--states=all", f"--name={name}", "--format=%i %T"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):  # the controller is being restarted, say
        return None
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if " " in line)


def alive(name: str) -> set[str] | None:
    """Return the numbers of the jobs of a name that wait or run; None if unknown."""
    found = states(name)
    return None if found is None else {number for number, state in found.items() if state in _ALIVE}


def cancel(name: str) -> None:
    """Cancel the jobs of a name."""
    command = ["scancel", f"--name={name}"]
    try:
        subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):  # they end by themselves once their session is silent
        return


class QueueWatch:
    """Asks SLURM every few seconds, in a thread of its own. beat: called as often."""

    def __init__(self, name: str, beat: Callable[[], None]) -> None:
        self._name, self._beat = name, beat
        self._states: Mapping[str, str] = {}
        self._seen: set[str] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def ended(self, job: str) -> str:
        """Return the state in which a job has ended, "" while it has not, as far as is known."""
        state = self._states.get(job, "GONE" if job in self._seen else "PENDING")
        return "" if state in _ALIVE else state

    def end(self) -> None:
        """End the thread, and wait a moment for what it asks, unless it calls this itself, collecting garbage."""
        self._ended.set()
        if self._thread is not threading.current_thread():
            self._thread.join(_SECONDS)

    def _watch(self) -> None:
        self._beat()
        while not self._ended.wait(_SECONDS):
            self._beat()
            found = states(self._name)
            if found is not None:
                self._states = found
                self._seen |= found.keys()
