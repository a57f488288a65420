"""The batch script of an array job whose tasks run one command of dlbench in one run folder."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

#: How often a task that makes no end is begun again.
_RESTARTS = 100
#: A task trains as many trials at a time as it has cores.
_JOBS = '--jobs "${SLURM_CPUS_PER_TASK:-1}"'
_BODY = """
# Each task takes the trials that no other has taken. SIGTERM, ahead of the time limit or before a preemption, makes
# dlbench save checkpoints and end; the task then goes back into the queue, unless it was cancelled.
warned=
trap 'warned=1; trap "" TERM; kill -TERM $!' TERM
{command} &
wait $!; code=$?
if [ -n "$warned" ]; then
    wait $!; code=$?
fi
"""
_REQUEUE = """
if [ -n "$warned" ] && {{ [ "$code" -eq 130 ] || [ "$code" -eq 143 ]; }}; then
    state=$(squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T)
    if [ "$state" = RUNNING ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt {restarts} ]; then
        echo "The time is up: this task goes on in the next job."
        scontrol requeue "$SLURM_JOB_ID" && exit 0
    fi
fi
"""


def array_script(
    command: Sequence[str],
    options: Mapping[str, str],
    *,
    more: Sequence[str] = (),
    setup: Sequence[str] = (),
    requeue: bool = True,
) -> str:
    """Return the script.

    command: the words of the command after "dlbench". options: of sbatch, by name without dashes; "" for a flag.
    more: further options, whole. setup: lines that come before the command.
    """
    directives = [f"--{name}={shlex.quote(value)}" if value else f"--{name}" for name, value in options.items()]
    head = ["#!/bin/bash", *(f"#SBATCH {each}" for each in (*directives, *more))]
    body = _BODY.format(command=_command(command))
    end = _REQUEUE.format(restarts=_RESTARTS) if requeue else ""
    return "\n".join([*head, *([""] if setup else []), *setup]) + "\n" + body + end + 'exit "$code"\n'


def _command(words: Sequence[str]) -> str:
    """Return the command line. A number of jobs that the words name comes last, and so it holds."""
    name, options = shlex.join([sys.executable, "-m", "dlbench", *words[:1]]), shlex.join(words[1:])
    elsewhere = any(word.partition("=")[0].casefold() == "--executor" for word in words)
    return f"{name} {options}" if elsewhere else f"{name} {_JOBS} {options}"


def log_folder(pattern: str) -> Path:
    """Return the folder of log files, which SLURM does not make."""
    return Path(pattern).parent
