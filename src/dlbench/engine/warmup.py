"""Before the clock starts: kernels and allocators settle, and a compiler does its work."""

import contextlib
import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from dlbench.engine.training import TrainingSetup


def warm_up(use: "TrainingSetup") -> None:
    """Rehearse a step on a copy of the model that is thrown away; on the model itself where it is compiled."""
    whole = min(use.batch_size, len(use.train_feed))
    if use.compiled:
        last = len(use.train_feed) % use.batch_size  # of another size, for which a compiler works again
        with left_as_it_was(use.model):
            rehearse(use, use.model, (whole, last))
        return
    try:
        copied = copy.deepcopy(use.model)
    except Exception:  # a model that cannot be copied is timed cold
        return
    rehearse(use, copied, (whole,))


def compile_calls(model: nn.Module, backend: str = "inductor") -> None:
    """Let torch compile the model's calls; copies of it are not compiled.

    Module.compile() does so too, but before torch 2.15 it compiles nothing of a model whose forward is torch's own, as
    that of a Sequential is.
    """

    def call(*inputs: Any) -> Any:
        return model._call_impl(*inputs)

    model._compiled_call_impl = torch.compile(call, backend=backend)


def rehearse(use: "TrainingSetup", model: nn.Module, sizes: Iterable[int]) -> None:
    """Do forward and backward passes on batches of some sizes; the generators stay as they are."""
    with torch.random.fork_rng():
        model.train()
        for size in sizes:
            if size > 1:
                images, labels = next(use.train_feed.in_order(size))
                with use.autocast():
                    loss = use.criterion(model(images).float(), labels)
                loss.backward()


@contextlib.contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Put the model's parameters and buffers back at the end, and its gradients away."""
    tensors = [*model.parameters(), *model.buffers()]
    kept = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        model.zero_grad(set_to_none=True)
        with torch.no_grad():
            for tensor, before in zip(tensors, kept, strict=True):
                tensor.copy_(before)
