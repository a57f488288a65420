"""How long a job may take, as people write it and as SLURM reads it."""

import math
import re

from dlbench import DlbenchError

_UNITS = {"d": 1440.0, "h": 60.0, "m": 1.0, "s": 1 / 60}
_PARTS = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+\Z")
#: How long ahead of its limit SLURM warns a job, if that is at most a quarter of the limit.
_WARNING_SECONDS = 120
_OURS = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?\Z")


def minutes(text: str) -> int:
    """Return the minutes of 30m, 1h30m, 2d, of a number of minutes, or of a time as SLURM has it, 1-12:00:00."""
    spelled = text.strip().lower()
    if _PARTS.match(spelled):
        parts = re.findall(r"([\d.]+)([dhms])", spelled)
        found = sum(float(number) * _UNITS[unit] for number, unit in parts)
    elif match := _OURS.match(spelled):
        found = _of_slurm(match[1], [int(part) for part in match.groups()[1:] if part is not None])
    else:
        found = 0.0
    if found <= 0:
        raise DlbenchError(f"{text!r} is no time.", "Write 30m, 1h30m, 2d, a number of minutes, or 1-12:00:00.")
    return math.ceil(found)


def _of_slurm(days: str | None, numbers: list[int]) -> float:
    """Return the minutes of SLURM's own forms: with days, hours come first; without, two numbers start with minutes."""
    if days is None and len(numbers) < 3:
        numbers = [0, *numbers]
    hours, part, seconds = [*numbers, 0, 0][:3]
    return int(days or 0) * 1440 + hours * 60 + part + seconds / 60


def warning_seconds(limit: int) -> int:
    """Return how many seconds ahead of a limit in minutes a job is warned where nobody says."""
    return min(_WARNING_SECONDS, limit * 15)
