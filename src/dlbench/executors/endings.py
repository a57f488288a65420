"""The status and the message of a trial whose worker process ended without its record."""

import signal

from dlbench.trials.trial_record import Status


def describe_exit(code: int, *, memory_ran_out: bool = False) -> tuple[Status, str]:
    """Return the status and the message for an exit code, negative for the number of a signal.

    memory_ran_out: whether the kernel has killed a process for lack of memory meanwhile.
    """
    if code >= 0:
        return "failed", f"the worker process exited by itself with exit code {code}"
    if -code == signal.SIGKILL and memory_ran_out:
        return "oom", "the system killed the worker process by SIGKILL because memory had run out"
    perhaps = " (out of memory, perhaps)" if -code == signal.SIGKILL else ""
    return "failed", f"the worker process was killed by {_signal_name(-code)}{perhaps}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"
