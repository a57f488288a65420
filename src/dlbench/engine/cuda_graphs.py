"""Training steps as one recorded CUDA graph: the device repeats all kernels of a step at one launch.

A recording holds the addresses of its tensors and none of Python's numbers: what is drawn for a batch is copied into
the recorded one, whose images the graph then reads, and the optimizer keeps its learning rate and its count of steps in
tensors on the device.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, optim

from dlbench.engine.feed import Batch
from dlbench.engine.training import TrainingSetup, step_schedule_within, update
from dlbench.errors import DlbenchError

#: Steps that are done before one is recorded: libraries choose their kernels, and optimizers make their state, in them.
WARM_UP_STEPS = 3

#: What records what a function does on the device, without doing it, and returns what does it each time.
Recorder = Callable[[Callable[[], None]], Callable[[], None]]


class GraphedStep:
    """Steps of one training, recorded once the first few are done; a batch of another size is trained step by step.

    So are all once a schedule has changed another of the optimizer's numbers than the learning rate (a momentum).

    prepare, record: how a step before the recording is run, and how it is recorded; for tests without a GPU.
    """

    def __init__(self, prepare: Recorder | None = None, record: Recorder | None = None) -> None:
        self.prepare = prepare or on_side_stream
        self.record = record or record_on_cuda
        self.ready = False
        self.done = 0
        self._replay: Callable[[], None] | None = None
        self._numbers: list[dict[str, Any]] = []
        self._batch = Batch(torch.empty(0))
        self._loss = self._hits = torch.empty(0)

    def __call__(self, use: TrainingSetup, batch: Batch, /) -> tuple[Tensor, Tensor]:
        """Train on a batch; the loss and the hits stay as they are when the next one comes."""
        if not self.ready:  # a checkpoint that was gone on from has left the optimizer's numbers on the CPU
            self.ready = make_recordable(use.optimizer, batch.places.device)
        if len(batch) != use.batch_size or (self._replay and self._numbers != _numbers(use.optimizer)):
            answer = update(use, batch)
        elif self.done < WARM_UP_STEPS:
            self.done += 1
            answer = self._prepared(use, batch)
        else:
            self._recorded(use, batch)
            answer = self._loss.clone(), self._hits.clone()
        step_schedule_within(use)
        return answer

    def _prepared(self, use: TrainingSetup, batch: Batch) -> tuple[Tensor, Tensor]:
        answers: list[tuple[Tensor, Tensor]] = []
        self.prepare(lambda: answers.append(update(use, batch)))()
        return answers[0]

    def _recorded(self, use: TrainingSetup, batch: Batch) -> None:
        if self._replay is None:
            self._batch = Batch(batch.places.clone(), [drawn.clone() for drawn in batch.draws])

            def step() -> None:
                self._loss, self._hits = update(use, self._batch)

            self._numbers = _numbers(use.optimizer)
            use.optimizer.zero_grad(set_to_none=True)  # so that the recording makes gradients of its own
            self._replay = self.record(step)
        else:
            self._batch.places.copy_(batch.places)
            for recorded, drawn in zip(self._batch.draws, batch.draws, strict=True):
                recorded.copy_(drawn)
        self._replay()


def on_side_stream(work: Callable[[], None]) -> Callable[[], None]:
    """Return what does the work on another stream, as what comes before a recording has to be done."""

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
        # The device's generator still takes itself to be recorded: whoever drew from it next would fail.
        torch.cuda.default_generators[torch.cuda.current_device()].graphsafe_set_state(torch.Generator("cuda"))
        raise DlbenchError(
            f"A step of this training cannot be recorded as a CUDA graph: {str(error).splitlines()[0]}",
            "Train it without --cuda-graphs.",
        ) from error
    return graph.replay


def _numbers(optimizer: optim.Optimizer) -> list[dict[str, Any]]:
    """Return what a recording of the optimizer holds fast: all of its groups but tensors."""
    return [
        {name: value for name, value in group.items() if name != "params" and not isinstance(value, Tensor)}
        for group in optimizer.param_groups
    ]


def make_recordable(optimizer: optim.Optimizer, device: torch.device) -> bool:
    """Let an optimizer keep its numbers in tensors on the device; tell whether it can.

    Learning-rate schedules write into that tensor. SGD can where it is fused; its other kernels read the number back.
    """
    if "capturable" not in optimizer.defaults and not optimizer.defaults.get("fused"):
        return False
    for group in (optimizer.defaults, *optimizer.param_groups):
        group["lr"] = torch.tensor(float(group["lr"]), device=device)
        if "capturable" in group:
            group["capturable"] = device.type == "cuda"
    # Not every step is recorded, which torch would warn of.
    optimizer._warned_capturable_if_run_uncaptured = True
    return True
