"""The plugin's hooks."""

from dlbench import Executor, Parameter, hookimpl


def _text(summary: str) -> Parameter:
    return Parameter(None, type=str, summary=summary)


@hookimpl
def dlbench_executors() -> list[Executor]:
    """Declare the executor."""
    return [
        Executor(
            name="slurm",
            factory="dlbench_slurm.executor:SlurmExecutor",
            submit="dlbench_slurm.submit:submit",
            summary="Jobs of a SLURM cluster",
            parameters={
                "jobs": Parameter(None, type=int, minimum=1, summary="Jobs at a time, each one trial; none: 4."),
                "data_dir": _text("Data folder, which the nodes share; none: the session's."),
                "timeout": Parameter(None, type=float, minimum=0, summary="Seconds after which a trial is ended."),
                "time": Parameter("1h", type=str, summary="How long a job lasts at most: 30m, 1h30m, 2d, or minutes."),
                "partition": _text("Partition; none: the cluster's default."),
                "cpus": Parameter(1, type=int, minimum=1, summary="Cores of a job."),
                "gpus": Parameter(0, type=int, minimum=0, summary="GPUs of a job."),
                "mem": _text("Memory of a job, as 4G; none: the cluster's default."),
                "account": _text("Account that is charged."),
                "qos": _text("Quality of service."),
                "constraint": _text("Features that nodes must have."),
            },
            tags=("cluster",),
        )
    ]
