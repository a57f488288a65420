"""Seed streams: each source of randomness in a trial has its own generator, derived by hashing."""

from hashlib import sha256
from typing import Literal, get_args

#: The names are hashed: "initialisation" keeps its spelling, because another one would change every trial's numbers.
Stream = Literal["split", "initialisation", "order", "augmentation", "dropout", "probe"]
STREAMS: tuple[Stream, ...] = get_args(Stream)


def derive(seed: int, stream: Stream) -> int:
    """Return the seed of one stream of a trial, 63 bits; the streams of one seed are independent of each other."""
    return int.from_bytes(sha256(f"{seed}/{stream}".encode()).digest()[:8], "big") >> 1
