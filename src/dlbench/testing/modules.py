"""Checks of torch objects that several kinds share."""

import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from dlbench.engine.global_state import Watch
from dlbench.engine.randomness import borrowed_generators
from dlbench.testing.promises import Finding, Promise, examine

LEAVES_STATE = "leaves the global state of its process as it was"


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


def examine_behavior(title: str, subject: Any, promises: Sequence[Promise]) -> Finding:
    """Check promises that need torch, and one of every component: it leaves the state of its process as it was."""
    watch = Watch()

    def leaves_state(_: Any) -> Iterator[str]:
        if watch.changed:
            yield f"it changed {', '.join(watch.changed)}"

    watched = [replace(each, check=_watched(each.check, watch)) for each in promises]
    with settled():
        return examine(title, subject, [*watched, Promise(LEAVES_STATE, leaves_state)])


def _watched(check: Callable[[Any], Iterator[str]], watch: Watch) -> Callable[[Any], Iterator[str]]:
    def checked(given: Any) -> Iterator[str]:
        with watch():
            evidence = list(itertools.islice(check(given), 1))
        yield from evidence

    return checked


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
