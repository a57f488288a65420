"""The built-in plugin: it declares components and imports nothing heavy."""

from typing import TYPE_CHECKING

from dlbench import Activation, Dataset, Diagnostic, Executor, Figure, Model, Optimizer, Parameter, Scheduler, hookimpl

if TYPE_CHECKING:
    from dlbench import Trial

MODELS = (
    Model(
        name="mlp",
        aliases=("perceptron", "multilayer-perceptron", "fully-connected", "dense"),
        factory="dlbench.standard.models:mlp",
        summary="Multi-layer perceptron on the flattened image",
        parameters={
            "hidden": Parameter((128, 64), minimum=1, summary="Widths of the hidden layers."),
            "dropout": Parameter(0.0, minimum=0, maximum=1, summary="Share of hidden units dropped while training."),
        },
        source="Rumelhart, Hinton & Williams 1986",
    ),
    Model(
        name="linear",
        aliases=("logistic-regression", "softmax-regression"),
        factory="dlbench.standard.models:linear",
        activation=None,
        summary="Logistic regression: one linear layer on the flattened image",
    ),
)
EXECUTORS = (
    Executor(
        name="local",
        factory="dlbench.executors.local:LocalExecutor",
        summary="Worker processes on this machine",
        parameters={
            "jobs": Parameter(
                None, type=int, minimum=1, summary="Trials at a time; none: as many as the machine takes."
            ),
            "data_dir": Parameter(None, type=str, summary="Data folder of the workers; none: the session's."),
            "timeout": Parameter(None, type=float, minimum=0, summary="Seconds after which a trial is ended."),
            "mps": Parameter(False, summary="Whether NVIDIA's MPS lets several trials share a GPU."),
        },
    ),
)


@hookimpl
def dlbench_models() -> list[Model]:
    """Return the built-in models."""
    return list(MODELS)


@hookimpl
def dlbench_activations() -> list[Activation]:
    """Return torch.nn's activations."""
    from dlbench.standard.activation_records import ACTIVATIONS

    return list(ACTIVATIONS)


@hookimpl
def dlbench_datasets() -> list[Dataset]:
    """Return the built-in data sets."""
    from dlbench.standard.dataset_records import DATASETS

    return list(DATASETS)


@hookimpl
def dlbench_schedulers() -> list[Scheduler]:
    """Return torch's schedules and those of the literature that it lacks."""
    from dlbench.standard.schedule_records import SCHEDULES

    return list(SCHEDULES)


@hookimpl
def dlbench_optimizers() -> list[Optimizer]:
    """Return torch.optim's optimizers."""
    from dlbench.standard.optimizer_records import OPTIMIZERS

    return list(OPTIMIZERS)


@hookimpl
def dlbench_diagnostics() -> list[Diagnostic]:
    """Return what explains a result: activations, gradients, curvature, calibration."""
    from dlbench.standard.diagnostic_records import DIAGNOSTICS

    return list(DIAGNOSTICS)


@hookimpl
def dlbench_figures() -> list[Figure]:
    """Return the figures of the built-in diagnostics."""
    from dlbench.standard.figure_records import FIGURES

    return list(FIGURES)


@hookimpl
def dlbench_executors() -> list[Executor]:
    """Return the pool of local processes."""
    return list(EXECUTORS)


@hookimpl
def dlbench_veto(trial: "Trial") -> str | None:
    """Refuse what torch would refuse later, or would do the wrong way round."""
    return _plateau_problem(trial) or _nesterov_problem(trial)


def _plateau_problem(trial: "Trial") -> str | None:
    """Return why a plateau schedule would take a better metric for a worse one."""
    if trial.scheduler.name != "standard/plateau":
        return None
    monitor, mode = trial.settings.monitor, trial.scheduler.parameters["mode"]
    right = "max" if monitor.endswith("accuracy") else "min"
    if mode == right:
        return None
    return f"plateau:mode={mode} would lower the rate while {monitor} gets better: write plateau:mode={right}"


def _nesterov_problem(trial: "Trial") -> str | None:
    """Return why Nesterov's step has nothing to look ahead along."""
    options = trial.optimizer.parameters
    if trial.optimizer.name != "standard/sgd" or not options["nesterov"]:
        return None
    if options["momentum"] and not options["dampening"]:
        return None
    return "nesterov=true needs a momentum above 0 and no dampening: write sgd:momentum=0.9:nesterov=true"
