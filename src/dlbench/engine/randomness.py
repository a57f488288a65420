"""Seed streams as generators, and the global generators of libraries, borrowed temporarily."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from dlbench.trials.seed_streams import Stream, derive


def generator(seed: int, stream: Stream) -> torch.Generator:
    """Return the generator of one stream, on the CPU, so that every device draws the same numbers."""
    return torch.Generator().manual_seed(derive(seed, stream))


@contextmanager
def borrowed_generators(seed: int, stream: Stream) -> Iterator[None]:
    """Make code that takes no generator (initializers, dropout) draw from a stream; restore the state afterwards.

    torch's initializers and dropout, and components that call NumPy or random, use only global generators.
    """
    start = derive(seed, stream)
    python, numpy = random.getstate(), np.random.get_state()
    # Older versions of fork_rng leave out the generator of an Apple GPU.
    apple = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    with torch.random.fork_rng():
        torch.manual_seed(start)
        random.seed(start)
        np.random.seed(start % 2**32)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
            if apple is not None:
                torch.mps.set_rng_state(apple)


def global_states(device: torch.device) -> dict[str, Any]:
    """Return the states of the global generators, the device's included, as tensors and plain containers."""
    drawn: Any = np.random.get_state()  # typed as either of two forms; this is the tuple
    name, keys, *rest = drawn
    states = {"torch": torch.get_rng_state(), "python": random.getstate(), "numpy": (name, keys.tolist(), *rest)}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_global_states(states: dict[str, Any], device: torch.device) -> None:
    """Restore the states that global_states returned."""
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states["mps"])
