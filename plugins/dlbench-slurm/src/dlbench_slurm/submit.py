"""`dlbench submit slurm`: one command as an array job, whose tasks share the run folder."""

import re
import shutil
import subprocess
from typing import Annotated

import typer

from dlbench import DlbenchError
from dlbench_slurm.durations import minutes, warning_seconds
from dlbench_slurm.refusals import refusal
from dlbench_slurm.script import array_script, log_folder

_ARRAY = re.compile(r"([1-9]\d*)(%[1-9]\d*)?\Z")

Text = str | None


def submit(
    command: Annotated[
        list[str],
        typer.Argument(metavar="-- COMMAND…", help="What each task runs: compare or run, with their options."),
    ],
    array: Annotated[
        str, typer.Option("--array", "-a", metavar="N[%M]", help="Tasks, and how many run at a time at most.")
    ] = "4",
    time: Annotated[
        str, typer.Option("--time", "-t", metavar="TIME", help="Limit of a task: 30m, 1h30m, 2d, or 1-12:00:00.")
    ] = "1h",
    partition: Annotated[Text, typer.Option("--partition", "-p", metavar="NAME", help="Partition.")] = None,
    cpus: Annotated[
        int, typer.Option("--cpus-per-task", "-c", metavar="N", min=1, help="Cores of a task, each for one trial.")
    ] = 1,
    mem: Annotated[Text, typer.Option("--mem", metavar="SIZE", help="Memory of a task, as 4G.")] = None,
    gpus: Annotated[Text, typer.Option("--gpus", "-G", metavar="N", help="GPUs of a task.")] = None,
    account: Annotated[Text, typer.Option("--account", "-A", metavar="NAME", help="Account that is charged.")] = None,
    qos: Annotated[Text, typer.Option("--qos", metavar="NAME", help="Quality of service.")] = None,
    constraint: Annotated[Text, typer.Option("--constraint", metavar="FEATURES", help="What nodes must have.")] = None,
    job_name: Annotated[str, typer.Option("--job-name", metavar="NAME", help="Name of the job.")] = "dlbench",
    output: Annotated[
        str, typer.Option("--output", metavar="FILE", help="Log of a task; %A is the job, %a the task.")
    ] = "slurm-%A_%a.out",
    warning: Annotated[
        int | None,
        typer.Option(
            "--warning",
            metavar="SECONDS",
            min=1,
            help="How long before the limit checkpoints are saved; by default 120, or a quarter of a shorter limit.",
        ),
    ] = None,
    requeue: Annotated[
        bool, typer.Option("--requeue/--no-requeue", help="Whether a task goes on after its limit or a preemption.")
    ] = True,
    setup: Annotated[
        list[str] | None, typer.Option("--setup", metavar="LINE", help="A line of the script before the command.")
    ] = None,
    sbatch: Annotated[
        list[str] | None, typer.Option("--sbatch", metavar="OPTION", help="A further option of sbatch, as --nice=10.")
    ] = None,
    show: Annotated[bool, typer.Option("--print", help="Show the script and submit nothing.")] = False,
) -> None:
    """Submit an array job whose tasks run one command in one run folder, each the trials that no other has taken.

    Ahead of its time limit a task saves checkpoints and goes back into the queue. What it lacks then, or loses with a
    node, it or another one computes. Submit the same once more for what is missing in the end.
    """
    limit = minutes(time)
    options = {
        "job-name": job_name,
        "array": _tasks(array),
        "time": str(limit),
        "partition": partition,
        "cpus-per-task": str(cpus),
        "mem": mem,
        "gpus": gpus,
        "account": account,
        "qos": qos,
        "constraint": constraint,
        "signal": f"B:TERM@{_warning(warning, limit)}",
        "output": output,
    }
    given = {name: value for name, value in options.items() if value}
    ending = {"requeue": "", "open-mode": "append"} if requeue else {"no-requeue": ""}
    text = array_script(command, given | ending, more=sbatch or (), setup=setup or (), requeue=requeue)
    if show:
        typer.echo(text, nl=False)
        return
    typer.echo(_submit(text, output))


def _tasks(array: str) -> str:
    """Return the task numbers of an array, with the limit on how many run at once."""
    match = _ARRAY.match(array)
    if not match:
        raise DlbenchError(
            f"{array!r} is no number of tasks.", "Write --array 8, or --array 8%4 for four of them at a time."
        )
    return f"1-{match[1]}{match[2] or ''}"


def _warning(seconds: int | None, limit: int) -> int:
    """Return how many seconds ahead of a limit in minutes SLURM sends SIGTERM."""
    if seconds is not None and seconds >= limit * 60:
        raise DlbenchError(
            f"A warning {seconds} s ahead of a limit of {limit} min leaves no time before it.",
            "Choose a longer --time or a shorter --warning.",
        )
    return warning_seconds(limit) if seconds is None else seconds


def _submit(script: str, output: str) -> str:
    """Submit the script, and return what SLURM says."""
    if shutil.which("sbatch") is None:
        raise DlbenchError("There is no sbatch here.", "Type this on a login node of the cluster, or add --print.")
    log_folder(output).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["sbatch"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise refusal(done.stderr, "the job", "dlbench submit slurm --print …")
    return done.stdout.strip()
