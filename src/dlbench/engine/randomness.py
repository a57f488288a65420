"""Seed streams as generators, and the global generators of libraries borrowed for a while."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from dlbench.seeding import Stream, derive


def generator(seed: int, stream: Stream) -> torch.Generator:
    """Return the generator of one stream; it lives on the CPU, so that every device draws the same numbers."""
    return torch.Generator().manual_seed(derive(seed, stream))


@contextmanager
def borrowed_generators(seed: int, stream: Stream) -> Iterator[None]:
    """Let code that asks no generator (initialisers, dropout) draw from a stream; restore the state afterwards.

    torch's initialisers and dropout, and components that call NumPy or random, know only global generators.
    """
    start = derive(seed, stream)
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(start)
        random.seed(start)
        np.random.seed(start % 2**32)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
