"""Optimizers that evaluate at other weights than those they train (schedule-free ones)."""

from itertools import islice

import torch
from torch import Tensor, nn, optim

from dlbench.engine.randomness import generator
from dlbench.engine.state import TrainingSetup

BatchNorm = nn.modules.batchnorm._BatchNorm


class evaluation_weights:  # noqa: N801  # a context manager, used like a function
    """Switch an optimizer to the weights that it evaluates at, and back at the end.

    Batch-norm statistics belong to the weights they were computed with, so they are recomputed and then restored.
    """

    def __init__(self, setup: TrainingSetup) -> None:
        self.setup = setup
        self.saved: list[tuple[BatchNorm, dict[str, Tensor]]] = []

    def __enter__(self) -> None:
        if not switch_mode(self.setup.optimizer, "eval"):
            return
        norms = [module for module in self.setup.model.modules() if isinstance(module, BatchNorm)]
        self.saved = [(norm, {name: b.clone() for name, b in norm.named_buffers()}) for norm in norms]
        if norms:
            recompute_statistics(self.setup, norms)

    def __exit__(self, *_: object) -> None:
        for norm, buffers in self.saved:
            for name, buffer in norm.named_buffers():
                buffer.copy_(buffers[name])
        switch_mode(self.setup.optimizer, "train")


def recompute_statistics(setup: TrainingSetup, norms: list[BatchNorm], batches: int = 50) -> None:
    """Set batch-norm statistics to their mean over some training batches, of random images, at the current weights."""
    feed = setup.train_feed.mixed(generator(0, "probe"))
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # None weighs all batches equally
    setup.model.train()
    with torch.no_grad(), torch.random.fork_rng():
        for images, _ in islice(feed.in_order(setup.batch_size), min(batches, feed.steps(setup.batch_size))):
            with setup.autocast():
                setup.model(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def switch_mode(optimizer: optim.Optimizer, mode: str) -> bool:
    """Call an optimizer's train() or eval(); return whether it has such a method."""
    method = getattr(optimizer, mode, None)
    if callable(method):
        method()
    return callable(method)
