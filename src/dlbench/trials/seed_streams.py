"""Seed streams: each source of randomness in a trial has its own generator, derived by hashing."""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Literal, get_args

from dlbench.components.shapes import ShapeError, as_whole

#: The names are hashed: "initialisation" keeps its spelling, because another one would change every trial's numbers.
Stream = Literal["split", "initialisation", "order", "augmentation", "dropout", "probe"]
STREAMS: tuple[Stream, ...] = get_args(Stream)

#: Sources of randomness as users write them. "kernels" has no seed: on a GPU, the same trial twice differs by them.
Source = Literal["split", "initialization", "order", "augmentation", "dropout", "kernels"]
SOURCES: tuple[Source, ...] = get_args(Source)
#: Those that take a seed and so can be held.
SEEDED: tuple[Source, ...] = SOURCES[:-1]

_WRITTEN: Mapping[Stream, str] = MappingProxyType({"initialisation": "initialization"})


def derive(seed: int, stream: Stream) -> int:
    """Return the seed of one stream of a trial, 63 bits; the streams of one seed are independent of each other."""
    return int.from_bytes(sha256(f"{seed}/{stream}".encode()).digest()[:8], "big") >> 1


def stream_seed(seed: int, stream_seeds: Mapping[str, int], stream: Stream) -> int:
    """Return the seed that a stream of a trial is derived from: its own where it has one, else the trial's."""
    return stream_seeds.get(_WRITTEN.get(stream, stream), seed)


def as_stream_seeds(content: object) -> dict[str, int]:
    """Read seeds by source back from JSON content."""
    if not isinstance(content, dict) or not set(content) <= set(SOURCES):
        raise ShapeError("stream_seeds", f"a table with seeds for some of {', '.join(SOURCES)}", content)
    return {source: as_whole(content[source], source, least=0) for source in SOURCES if source in content}
