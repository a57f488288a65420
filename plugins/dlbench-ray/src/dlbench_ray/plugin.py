"""The plugin's executor, described; Ray is imported where it is used."""

from dlbench import Executor, Parameter, hookimpl


@hookimpl
def dlbench_executors() -> list[Executor]:
    """Return the plugin's executor."""
    return [
        Executor(
            name="ray",
            factory="dlbench_ray.executor:RayExecutor",
            summary="Actors on a Ray cluster, one trial or unit at a time each",
            parameters={
                "address": Parameter(
                    None, type=str, summary="Of the cluster; none: the one that runs here, else a new."
                ),
                "jobs": Parameter(
                    None, type=int, minimum=1, summary="Units at a time; none: as many as there is room for."
                ),
                "cpus": Parameter(
                    None, type=float, minimum=0, summary="CPUs of a unit; none: one a thread of its trials."
                ),
                "gpus": Parameter(
                    None, type=float, minimum=0, summary="GPUs of a unit, or a fraction; none: what it needs."
                ),
                "shares_files": Parameter(False, summary="Whether nodes see the session's folders by the same paths."),
                "data_dir": Parameter(None, type=str, summary="Folder of data sets; none: the session's."),
                "node_data_dir": Parameter(None, type=str, summary="The same on nodes; none: each node's own."),
                "timeout": Parameter(None, type=float, minimum=0, summary="Seconds after which a trial is ended."),
            },
        ),
    ]
