"""What happens before the clock starts: kernels and allocators warm up, and a compiler compiles."""

import contextlib
import copy
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from dlbench.engine.evaluation import logits_of
from dlbench.engine.state import TrainingSetup


def warm_up(setup: TrainingSetup) -> None:
    """Rehearse a step on a copy of the model that is thrown away; on the model itself if it is compiled."""
    whole = min(setup.batch_size, len(setup.train_feed))
    if setup.compiled:
        last = len(setup.train_feed) % setup.batch_size  # another size, for which the compiler runs again
        with restored(setup.model):
            rehearse(setup, setup.model, (whole, last))
        return
    try:
        copied = copy.deepcopy(setup.model)
    except Exception:  # a model that cannot be copied is timed cold
        return
    rehearse(setup, copied, (whole,))


def compile_calls(model: nn.Module, backend: str = "inductor") -> None:
    """Compile the model's calls with torch; copies of the model are not compiled.

    Before torch 2.15, Module.compile() compiles nothing of a model whose forward is torch's own, such as a Sequential.
    """

    def call(*inputs: Any) -> Any:
        return model._call_impl(*inputs)

    model._compiled_call_impl = torch.compile(call, backend=backend)


def rehearse(setup: TrainingSetup, model: nn.Module, sizes: Iterable[int]) -> None:
    """Run forward and backward passes on batches of the given sizes, without changing the generators' states."""
    with torch.random.fork_rng():
        model.train()
        for size in sizes:
            if size > 1:
                images, labels = next(setup.train_feed.in_order(size))
                with setup.autocast():
                    loss = setup.criterion(logits_of(model, images, setup.num_classes).float(), labels)
                loss.backward()


@contextlib.contextmanager
def restored(model: nn.Module) -> Iterator[None]:
    """Restore the model's parameters and buffers at the end, and remove its gradients."""
    tensors = [*model.parameters(), *model.buffers()]
    saved = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        model.zero_grad(set_to_none=True)
        with torch.no_grad():
            for tensor, before in zip(tensors, saved, strict=True):
                tensor.copy_(before)
