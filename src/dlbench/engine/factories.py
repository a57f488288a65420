"""Call the factories of a trial's components: model, activation, optimizer, schedule."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from torch import nn, optim
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from dlbench.components.choice import Selection
from dlbench.components.records import Scheduler
from dlbench.errors import ContractError
from dlbench.plugins.importing import resolve_factory
from dlbench.plugins.registry import Registry
from dlbench.trials.trial import Trial

if TYPE_CHECKING:
    from dlbench.plugins.protocols import ActivationFactory, OptimizerFactory, SchedulerFactory

Schedule = LRScheduler | ReduceLROnPlateau
Made = TypeVar("Made")

#: torch's optimizers with fused kernels on a CPU and on CUDA; subclasses may behave differently.
_FUSED = (optim.Adam, optim.AdamW, optim.SGD)


def build_model(trial: Trial, registry: Registry) -> nn.Module:
    """Build the trial's network for the shape and classes of its data set, on the CPU.

    The factory gets None for an activation where the network keeps its own or has none.
    """
    assert trial.input_shape is not None
    factory = resolve_factory(registry.get("models", trial.model.name).record)
    model = factory(
        trial.input_shape, trial.num_classes, activation_maker(trial.activation, registry), **trial.model.parameters
    )
    return _checked(model, nn.Module, trial.model)


def activation_maker(selection: Selection, registry: Registry) -> Callable[[], nn.Module] | None:
    """Return a function that builds a fresh activation each call, or None for "own" and "none"."""
    if selection.name in ("own", "none"):
        return None
    factory: ActivationFactory = resolve_factory(registry.get("activations", selection.name).record)
    return partial(factory, **selection.parameters)


def build_optimizer(trial: Trial, registry: Registry, model: nn.Module) -> optim.Optimizer:
    """Build the trial's optimizer over the parameters that require a gradient."""
    factory: OptimizerFactory = resolve_factory(registry.get("optimizers", trial.optimizer.name).record)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = _checked(
        factory(trained, trial.settings.learning_rate, **trial.optimizer.parameters), optim.Optimizer, trial.optimizer
    )
    if trial.settings.fused and type(optimizer) in _FUSED and trial.settings.device in ("cpu", "cuda"):
        fuse(optimizer)
    return optimizer


def fuse(optimizer: optim.Optimizer) -> None:
    """Make one of torch's optimizers update all weights in one kernel: on a CPU, Adam then reads memory once a step."""
    optimizer.defaults["fused"] = True
    for group in optimizer.param_groups:
        group["fused"] = True


def build_schedule(
    trial: Trial, registry: Registry, optimizer: optim.Optimizer, steps_per_epoch: int
) -> tuple[Schedule, Scheduler]:
    """Build the trial's schedule; its record says whether it steps each epoch or each step."""
    record = registry.get(Scheduler, trial.scheduler.name).record
    parameters: Mapping[str, Any] = trial.scheduler.parameters
    factory: SchedulerFactory = resolve_factory(record)
    schedule = factory(optimizer, trial.settings.epochs, steps_per_epoch, **parameters)
    if not isinstance(schedule, LRScheduler | ReduceLROnPlateau):
        raise ContractError(
            f"{trial.scheduler.name}: the factory returned {schedule!r}, not a learning-rate scheduler."
        )
    return schedule, record


def _checked(made: Any, wanted: type[Made], selection: Selection) -> Made:
    if not isinstance(made, wanted):
        raise ContractError(f"{selection.name}: the factory returned {made!r}, not a {wanted.__name__}.")
    return made
