"""Training steps as one recorded CUDA graph: the device repeats all kernels of a step at one launch.

A recording holds the addresses of its tensors and none of Python's numbers: batches are copied into the recorded ones,
and the optimizer keeps its learning rate and its count of steps in tensors on the device.
"""

from collections.abc import Callable

import torch
from torch import Tensor, optim

from dlbench.engine.training import Ingredients, step_schedule_within, update

#: Steps that are done before one is recorded: libraries choose their kernels, and optimizers make their state, in them.
WARM_UP_STEPS = 3

#: What records what a function does on the device, without doing it, and returns what does it each time.
Recorder = Callable[[Callable[[], None]], Callable[[], None]]


class GraphedStep:
    """Steps of one training, recorded once the first few are done; a batch of another size is trained step by step.

    prepare, record: how a step before the recording is run, and how it is recorded; for tests without a GPU.
    """

    def __init__(self, prepare: Recorder | None = None, record: Recorder | None = None) -> None:
        self.prepare = prepare or on_side_stream
        self.record = record or record_on_cuda
        self.ready = False
        self.done = 0
        self._replay: Callable[[], None] | None = None
        self._images = self._labels = self._loss = self._logits = torch.empty(0)

    def __call__(self, use: Ingredients, images: Tensor, labels: Tensor, /) -> tuple[Tensor, Tensor]:
        """Train on a batch; the loss and logits stay as they are when the next one comes."""
        if not self.ready:  # a checkpoint that was gone on from has left the optimizer's numbers on the CPU
            self.ready = make_recordable(use.optimizer, images.device)
        if len(images) != use.batch_size:
            answer = update(use, images, labels)
        elif self.done < WARM_UP_STEPS:
            self.done += 1
            answer = self._prepared(use, images, labels)
        else:
            self._recorded(use, images, labels)
            answer = self._loss.clone(), self._logits.clone()
        step_schedule_within(use)
        return answer

    def _prepared(self, use: Ingredients, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        answers: list[tuple[Tensor, Tensor]] = []
        self.prepare(lambda: answers.append(update(use, images, labels)))()
        return answers[0]

    def _recorded(self, use: Ingredients, images: Tensor, labels: Tensor) -> None:
        if self._replay is None:
            self._images, self._labels = images.clone(), labels.clone()

            def step() -> None:
                loss, logits = update(use, self._images, self._labels)
                self._loss, self._logits = loss.detach(), logits.detach()

            use.optimizer.zero_grad(set_to_none=True)  # so that the recording makes gradients of its own
            self._replay = self.record(step)
        else:
            self._images.copy_(images)
            self._labels.copy_(labels)
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
    with torch.cuda.graph(graph):
        work()
    return graph.replay


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
