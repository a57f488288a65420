"""Training steps as one recorded CUDA graph: the device repeats all kernels of a step in one launch.

A recording holds addresses of tensors and no Python numbers: what is drawn for a batch is copied into the recorded
batch, whose images the graph then reads, and the optimizer keeps its learning rate and its step count in tensors on the
device.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, optim

from dlbench.engine.feed import Batch
from dlbench.engine.recorded_steps import RecordedStep, Recorder, SharedStep
from dlbench.engine.state import TrainingSetup
from dlbench.engine.training import step_schedule_within, update
from dlbench.errors import DlbenchError

#: Steps before the recorded one, in which libraries choose their kernels and optimizers create their state.
WARM_UP_STEPS = 3


class GraphedStep:
    """Steps of one training, recorded after the first few. A batch of another size is trained without the recording.

    So are all batches once a schedule has changed a number of the optimizer other than the learning rate (a momentum).

    prepare: runs a step before the recording; replaced in tests without a GPU.
    record: records a step; likewise.
    shared: the recording that it may take over instead of its own.
    """

    def __init__(
        self, prepare: Recorder | None = None, record: Recorder | None = None, shared: SharedStep | None = None
    ) -> None:
        self.prepare = prepare or on_side_stream
        self.record = record or record_on_cuda
        self.shared = shared or SharedStep()
        self.ready = False
        self.done = 0
        self._step: RecordedStep | None = None
        self._numbers: list[dict[str, Any]] = []

    def __call__(self, setup: TrainingSetup, batch: Batch, /) -> tuple[Tensor, Tensor]:
        """Train on a batch; later steps do not change the returned tensors."""
        if not self.ready:  # restoring a checkpoint leaves the optimizer's numbers on the CPU
            self.ready = make_recordable(setup.optimizer, batch.places.device)
        if len(batch) != setup.batch_size or (self._step and self._numbers != _numbers(setup.optimizer)):
            outcome = update(setup, batch)
        elif self.done < WARM_UP_STEPS:
            self.done += 1
            outcome = self._prepared(setup, batch)
        elif self._step:
            outcome = self._step(batch)
        else:
            self._numbers = _numbers(setup.optimizer)
            self._step, outcome = self.shared.begin(setup, batch, self.record)
        step_schedule_within(setup)
        return outcome

    def _prepared(self, setup: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
        outcomes: list[tuple[Tensor, Tensor]] = []
        self.prepare(lambda: outcomes.append(update(setup, batch)))()
        return outcomes[0]


def on_side_stream(work: Callable[[], None]) -> Callable[[], None]:
    """Return a function that does the work on another stream, as torch asks for before a recording."""

    def run() -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            work()
        torch.cuda.current_stream().wait_stream(stream)

    return run


def record_on_cuda(work: Callable[[], None]) -> Callable[[], None]:
    """Record the work as a CUDA graph and return its replay."""
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            work()
    except RuntimeError as error:
        # The device's generator still believes it is being recorded: the next draw from it would fail.
        torch.cuda.default_generators[torch.cuda.current_device()].graphsafe_set_state(torch.Generator("cuda"))
        raise DlbenchError(
            f"A step of this training cannot be recorded as a CUDA graph: {str(error).splitlines()[0]}",
            "Train it without --cuda-graphs.",
        ) from error
    return graph.replay


def can_record(device: torch.device) -> bool:
    """Return whether steps on a device can be recorded."""
    return device.type == "cuda"


def _numbers(optimizer: optim.Optimizer) -> list[dict[str, Any]]:
    """Return the values of the optimizer that a recording fixes: everything in its groups but tensors."""
    return [
        {name: value for name, value in group.items() if name != "params" and not isinstance(value, Tensor)}
        for group in optimizer.param_groups
    ]


def make_recordable(optimizer: optim.Optimizer, device: torch.device) -> bool:
    """Make an optimizer keep its numbers in tensors on the device; return False if it cannot.

    Learning-rate schedules write into that tensor. SGD can only if fused: its other kernels read the number back.
    """
    if "capturable" not in optimizer.defaults and not optimizer.defaults.get("fused"):
        return False
    for group in (optimizer.defaults, *optimizer.param_groups):
        group["lr"] = torch.tensor(float(group["lr"]), device=device)
        if "capturable" in group:
            group["capturable"] = device.type == "cuda"
    # Not every step is recorded, which torch would warn about.
    optimizer._warned_capturable_if_run_uncaptured = True
    return True
