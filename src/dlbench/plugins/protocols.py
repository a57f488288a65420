"""What the factories of plugins are called with and return, as protocols for type checkers.

A plugin need not import them: any callable that fits will do. An argument before the slash is passed by position, the
component's parameters by name.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dlbench.trials.events import Emit
from dlbench.trials.node import Node
from dlbench.trials.work_unit import WorkUnit

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor, nn, optim
    from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

    from dlbench.components.image_data import ImageData, StreamedData


class ModelFactory(Protocol):
    """Build a network that maps N×C×H×W images to N×classes logits.

    input_shape: (channels, height, width) of one image. activation: returns a fresh module each call; None where the
    record's activation is None, or is "own" and no other was chosen.
    """

    def __call__(
        self,
        input_shape: tuple[int, int, int],
        num_classes: int,
        activation: "Callable[[], nn.Module]",
        /,
        *args: Any,
        **parameters: Any,
    ) -> "nn.Module":
        """Return a fresh network."""
        ...


class ActivationFactory(Protocol):
    """Build a module whose output has the shape of its input."""

    def __call__(self, *args: Any, **parameters: Any) -> "nn.Module":
        """Return a fresh module."""
        ...


class DatasetFactory(Protocol):
    """Read a data set: ImageData, StreamedData where it is large, or a pair (train, test) of torch data sets.

    root: the data folder. download: whether missing files may be downloaded. Raises FileNotFoundError for a missing
    file and ValueError for a corrupt one.
    """

    def __call__(
        self, root: Path, download: bool, /, *args: Any, **parameters: Any
    ) -> "ImageData | StreamedData | tuple[Any, Any]":
        """Return the data set."""
        ...


class SchedulerFactory(Protocol):
    """Build a learning-rate schedule; a ReduceLROnPlateau only where the record has needs_metric."""

    def __call__(
        self,
        optimizer: "optim.Optimizer",
        total_epochs: int,
        steps_per_epoch: int,
        /,
        *args: Any,
        **parameters: Any,
    ) -> "LRScheduler | ReduceLROnPlateau":
        """Return a fresh schedule."""
        ...


class OptimizerFactory(Protocol):
    """Build an optimizer of the given weights; if it has train() and eval(), they are called around evaluations."""

    def __call__(
        self, parameters: "Iterable[nn.Parameter]", learning_rate: float, /, *args: Any, **options: Any
    ) -> "optim.Optimizer":
        """Return a fresh optimizer."""
        ...


class DiagnosticFactory(Protocol):
    """Measure a model: return rows of (layer, name, value), with "" as the layer for the whole model.

    model: a copy in eval mode. probe_images, probe_labels: as the network takes them. loss: (logits, labels) to a mean.
    What the record needs is passed by name, as its parameters are.
    """

    def __call__(
        self,
        model: "nn.Module",
        probe_images: "Tensor",
        probe_labels: "Tensor",
        loss: "Callable[[Tensor, Tensor], Tensor]",
        /,
        *args: Any,
        **parameters: Any,
    ) -> Iterable[tuple[str, str, float]]:
        """Return the rows."""
        ...


class FigureFactory(Protocol):
    """Draw a run.

    data: a `dlbench.report.figures.figure_data.FigureData`: the run's variants, its metric, and what figures share.
    """

    def __call__(self, data: Any, /) -> "Figure":
        """Return a matplotlib figure."""
        ...


class ExecutorProtocol(Protocol):
    """A place where work units run."""

    def slots(self) -> int:
        """Return how many units run at once."""
        ...

    def run(self, units: Iterable[WorkUnit], emit: Emit, stop: threading.Event, /) -> None:
        """Run all units, emit their events, and return when every unit has ended.

        units: an iterator, asked for one unit at a time when there is a slot for it. Where it has none, it may have one
            later: what was lost meanwhile.
        emit: called in the thread that called run(). What it raises ends the run.
        stop: once it is set, start no unit, let the running ones save their checkpoints, and return soon.

        Each trial of a unit ends in a TrialFinished, or in a UnitLost if the place where it ran is gone: the session
        tries it again, elsewhere if it can be. Do not try again yourself.
        """
        ...


class ClusterExecutorProtocol(ExecutorProtocol, Protocol):
    """What an executor with machines of its own may have besides; each member can be omitted alone.

    prefetch: how many units beyond slots() it may hold ready. 0 if omitted.
    unit_seconds: how long a unit should last at least: trials that are known to be shorter are joined. If omitted, each
        trial is a unit of its own.
    shares_files: whether its nodes see the folders of the session by the same paths. If it is False, checkpoints and
        weights travel with units and events, up to 64 MiB each. True if omitted.
    """

    prefetch: int
    unit_seconds: float
    shares_files: bool

    def probe(self, components: Sequence[str], stop: threading.Event, /) -> Iterable[Node]:
        """Return what dlbench.examine_node(components) returns on its nodes: on one of each kind is enough.

        What "auto" means for device and precision is decided there. If omitted: by the machine of the session.
        stop: once it is set, return soon, whatever is known; an allocation may be hours away.
        """
        ...

    def close(self) -> None:
        """Let go of what it has held between its calls, jobs say: the session has ended, however it did."""
        ...


class ExecutorFactory(Protocol):
    """Build an executor. A session sets the parameters jobs, data_dir, timeout and mps where the record has them."""

    def __call__(self, *args: Any, **parameters: Any) -> ExecutorProtocol:
        """Return a fresh executor."""
        ...
