"""How a unit's worker ended without a record, in words: the status and the message of its trials."""

import signal
from concurrent.futures.process import BrokenProcessPool

from pebble import ProcessExpired

from dlbench.errors import describe_error
from dlbench.trials.trial_record import Status

_PEBBLES_TIMEOUT = "Task timeout"


def is_timeout(error: BaseException | None) -> bool:
    """Tell the pool's own time limit from an error of that name in a component."""
    return isinstance(error, TimeoutError) and error.args[:1] == (_PEBBLES_TIMEOUT,)


def is_lost_process(error: BaseException | None) -> bool:
    """Tell whether a process ended, rather than a function with an error."""
    return isinstance(error, ProcessExpired | BrokenProcessPool)


def ended_by_itself() -> ProcessExpired:
    """Return the error of a process that ended with exit code 0 in the middle of its work."""
    return ProcessExpired("ended", code=0)


def describe(error: BaseException | None, *, memory_ran_out: bool, timeout: float | None) -> tuple[Status, str]:
    """Return the status of a trial without a record, and why it has none.

    memory_ran_out: whether the kernel has killed for want of memory meanwhile. timeout: the limit in seconds.
    """
    if is_timeout(error):
        return "timeout", f"not over after {timeout:g} s" if timeout else "not over in time"
    if isinstance(error, ProcessExpired):
        return _describe_exit(error.exitcode or 0, memory_ran_out)
    if error is None:
        return "failed", "the worker ended without a record"
    return "failed", describe_error(error)


def _describe_exit(code: int, memory_ran_out: bool) -> tuple[Status, str]:
    if code >= 0:
        return "failed", f"the worker process ended by itself with exit code {code}"
    if -code == signal.SIGKILL and memory_ran_out:
        return "oom", "the system ended the worker process by SIGKILL, as memory had run out"
    perhaps = " (out of memory, perhaps)" if -code == signal.SIGKILL else ""
    return "failed", f"the worker process was ended by {_signal_name(-code)}{perhaps}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"
