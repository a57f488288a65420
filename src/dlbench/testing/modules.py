"""Checks of torch objects that several kinds share."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from dlbench.engine.randomness import borrowed_generators


@contextmanager
def settled() -> Iterator[None]:
    """Run checks as trials run: on one thread, with a generator of their own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with borrowed_generators(0, "initialisation"):
            yield
    finally:
        torch.set_num_threads(threads)


def through_a_file(state: Any) -> Any:
    """Return a state as it comes back from a file of weights."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def differing_weights(first: nn.Module, second: nn.Module) -> list[str]:
    """Return the names of the weights and buffers that two modules do not have in common."""
    left, right = first.state_dict(), second.state_dict()
    common = left.keys() & right.keys()
    return sorted(left.keys() ^ right.keys()) + [
        name for name in left if name in common and not _same(left[name], right[name])
    ]


def _same(left: Any, right: Any) -> bool:
    return torch.equal(left, right) if isinstance(left, torch.Tensor) else bool(left == right)
