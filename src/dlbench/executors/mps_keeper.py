"""Keeps NVIDIA's MPS daemon for another process, and ends it when that process ends, however it does.

Its environment says where the daemon's pipes and logs are; what it reads from ends with the other process.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

from dlbench.executors.descendants import adopt_orphans, descendants, kill_with_descendants
from dlbench.executors.mps import CONTROL, READY, daemon_runs, tell_daemon

_START_SECONDS, _QUIT_SECONDS = 20.0, 5.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def keep() -> None:
    """Start the daemon, say so, wait for the other process's end, and end the daemon."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the daemon inherits it: clients may still compute
        signal.signal(number, signal.SIG_IGN)
    adopt_orphans()
    library = ctypes.CDLL(None)  # before there is a copy of this process
    daemon = subprocess.Popen(
        [CONTROL, "-f"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) if sys.platform == "linux" else None,
    )
    try:
        if _answers(daemon):
            print(READY, flush=True)
            sys.stdin.buffer.read()
        else:
            print("its daemon does not answer" if daemon.poll() is None else "its daemon ended at once", flush=True)
    finally:
        _end(daemon)


def _answers(daemon: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + _START_SECONDS
    while daemon.poll() is None and time.monotonic() < until:
        if daemon_runs():
            return True
        time.sleep(0.05)
    return False


def _end(daemon: "subprocess.Popen[bytes]") -> None:
    """Ask the daemon to end, and kill it and the servers that it started if it does not."""
    if daemon.poll() is None:
        tell_daemon("quit")
    until = time.monotonic() + _QUIT_SECONDS
    while (daemon.poll() is None or descendants(os.getpid())) and time.monotonic() < until:
        time.sleep(0.02)
    for process in descendants(os.getpid()):
        kill_with_descendants(process)
    daemon.wait()


if __name__ == "__main__":
    keep()
