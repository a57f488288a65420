"""NVIDIA's MPS for a while: several processes compute on one GPU at once instead of taking turns."""

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dlbench.executors.gpus import ANY, VISIBLE, is_part
from dlbench.startup import safe_variables

CONTROL = "nvidia-cuda-mps-control"
#: What the keeper says when the daemon answers.
READY = "ready"
PIPES, LOGS = "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"
#: The longest path of a socket, and what the daemon adds to its folder's.
_LONGEST, _ADDED = 107, len("/control_privileged")
_ANSWER_SECONDS, _START_SECONDS, _END_SECONDS = 10.0, 40.0, 20.0
_NOTHING = "--mps does nothing:"


class Mps:
    """MPS for the workers of one run: a daemon of its own, or the one that runs.

    folder: for the daemon's pipes and logs.
    active: whether several processes may share a GPU.
    variables: with which workers find the daemon.
    """

    def __init__(self, folder: Path) -> None:
        self.active = False
        self.variables: dict[str, str] = {}
        self._folder = folder
        self._keeper: subprocess.Popen[str] | None = None
        self._notes: list[str] = []

    def start(self, gpus: Sequence[str]) -> Sequence[str]:
        """Start a daemon for some GPUs if none runs; return what its clients call them."""
        if reason := _obstacle(gpus):
            self._notes.append(f"{_NOTHING} {reason}.")
            return gpus
        if daemon_runs():
            self.active = True
            self._notes.append("NVIDIA's MPS runs here already: it is used, and left running.")
            return gpus
        if reason := self._start_own(gpus):
            self._notes.append(f"{_NOTHING} NVIDIA's MPS did not start ({reason}).")
            self.end()
            return gpus
        self.active = True
        # The daemon counts anew from 0 what it was given by index.
        return tuple(map(str, range(len(gpus)))) if all(gpu.isdecimal() for gpu in gpus) else gpus

    def _start_own(self, gpus: Sequence[str]) -> str:
        """Start the daemon's keeper; return why there is no daemon, or ""."""
        pipes, logs = self._folder / "mps", self._folder / "mps-logs"
        if len(os.fsencode(pipes)) + _ADDED > _LONGEST:
            return f"the path {pipes} is too long for its sockets: set TMPDIR to another folder"
        for folder in (pipes, logs):
            folder.mkdir(mode=0o700)
        self.variables = {PIPES: str(pipes), LOGS: str(logs)}
        chosen = {VISIBLE: ",".join(gpus)} if ANY not in gpus else {}
        self._keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", "dlbench.executors.mps_keeper"],
            env=os.environ | safe_variables() | self.variables | chosen,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # a terminal's signals are the command's own matter
        )
        assert self._keeper.stdout is not None
        readable, _, _ = select.select([self._keeper.stdout], [], [], _START_SECONDS)
        said = self._keeper.stdout.readline().strip() if readable else "it does not answer"
        return "" if said == READY else said or "its keeper ended"

    def take_notes(self) -> list[str]:
        """Return the sentences that have not been said yet."""
        notes, self._notes = self._notes, []
        return notes

    def end(self) -> None:
        """End a daemon that was started here."""
        self.active, self.variables = False, {}
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        for stream in (keeper.stdin, keeper.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()
        try:
            keeper.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()


def _obstacle(gpus: Sequence[str]) -> str:
    """Return why MPS cannot be used here, or ""."""
    if shutil.which(CONTROL) is None:
        return f"there is no {CONTROL} here, which is part of NVIDIA's driver"
    if any(map(is_part, gpus)):
        return "parts of a GPU (MIG) would each need a daemon of their own"
    return ""


def daemon_runs(variables: Mapping[str, str] | None = None) -> bool:
    """Return whether a daemon answers. variables: where it is, if not where this process's environment says."""
    return shutil.which(CONTROL) is not None and "Cannot find" not in tell_daemon("get_server_list", variables)


def tell_daemon(command: str, variables: Mapping[str, str] | None = None) -> str:
    """Give a command to the daemon and return its answer."""
    try:
        told = subprocess.run(
            [CONTROL],
            input=f"{command}\n",
            env=os.environ | (variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_ANSWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"Cannot find out: {error}"
    return told.stdout
