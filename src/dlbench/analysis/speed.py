"""Measured speeds: those that `dlbench bench` measures, saves, and compares with an earlier file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dlbench.errors import DlbenchError
from dlbench.machine import Peaks

SCHEMA = 1
#: What is timed: the loss of a batch; the same with gradients; a step of an epoch with data loading, metrics, optimizer
#: and schedule; evaluation on the test set.
PARTS = ("forward", "backward", "step", "evaluation")


@dataclass(frozen=True, kw_only=True)
class Speed:
    """The measured speed of one variant.

    label: label of the variant.
    values: its value on each axis.
    batch_size: batch size of the measurement.
    rates: images per second in each window, by part.
    parameters: number of parameters of the network.
    flops: floating-point operations of an image's forward and backward pass; None if torch cannot count them.
    peak_memory_mb: peak memory of a process that trains only this variant.
    peaks: peak rates of the machine in the variant's precision.
    """

    label: str
    values: Mapping[str, str]
    batch_size: int
    rates: Mapping[str, tuple[float, ...]]
    parameters: int
    flops: int | None
    peak_memory_mb: float | None
    peaks: Peaks

    def rate(self, part: str) -> float:
        """Return the median of a part's rate over the windows."""
        return median(self.rates[part])

    def spread(self, part: str) -> float:
        """Return half the range of the windows as a share of the median."""
        return (max(self.rates[part]) - min(self.rates[part])) / 2 / self.rate(part)

    def share(self, peak: str) -> float | None:
        """Return the floating-point rate of a step as a share of a peak, "matmul" or "convolution"."""
        return None if self.flops is None else self.flops * self.rate("step") / 1e9 / float(getattr(self.peaks, peak))

    def row(self) -> dict[str, Any]:
        """Return the speed as a row of a table."""
        rates = {f"{part}_images_per_second": self.rate(part) for part in PARTS}
        spreads = {f"{part}_spread": self.spread(part) for part in PARTS}
        shares = {f"{peak}_peak_share": self.share(peak) for peak in ("matmul", "convolution")}
        cost = {"parameters": self.parameters, "flops": self.flops, "peak_memory_mb": self.peak_memory_mb}
        return {
            "variant": self.label,
            **self.values,
            "batch_size": self.batch_size,
            **rates,
            **spreads,
            **cost,
            **shares,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Speed":
        """Return the speed that JSON content describes."""
        rates = {part: tuple(content["rates"][part]) for part in PARTS}
        return cls(**{**content, "rates": rates, "peaks": Peaks(**content["peaks"])})


@dataclass(frozen=True)
class Change:
    """A variant's speed relative to an earlier measurement.

    label: label of the variant.
    ratios: new by old rate, by part.
    """

    label: str
    ratios: Mapping[str, float]

    @property
    def lowest(self) -> float:
        """Return the ratio of the part that slowed down most."""
        return min(self.ratios.values())


def document(speeds: Iterable[Speed], provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return measured speeds as JSON content, with their provenance."""
    # "surroundings" is the key of the file format for the provenance.
    return {"schema": SCHEMA, "surroundings": dict(provenance), "speeds": [asdict(speed) for speed in speeds]}


def read(path: Path) -> tuple[Speed, ...]:
    """Return the speeds in a file. Raises DlbenchError if it has none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise ValueError(content["schema"])
        return tuple(Speed.from_json(speed) for speed in content["speeds"])
    except OSError as error:
        raise DlbenchError(f"{path} cannot be read: {error.strerror}.", "Write it with dlbench bench --save.") from None
    except (ValueError, KeyError, TypeError) as error:
        hint = "It must be a file that dlbench bench --save wrote."
        raise DlbenchError(f"{path} has no measured speeds: {error!r}.", hint) from None


def check_measured(batch_sizes: Mapping[str, int], before: Iterable[Speed]) -> None:
    """Raise DlbenchError if a variant, given by its label, was not measured at its batch size before."""
    known = {speed.label: speed.batch_size for speed in before}
    missing = [f"{label} at batch size {size}" for label, size in batch_sizes.items() if known.get(label) != size]
    if missing:
        has = ", ".join(f"{label} at {size}" for label, size in known.items())
        raise DlbenchError(f"The earlier file has no {', '.join(missing)}.", f"It has {has}. Measure it with --save.")


def compare(now: Sequence[Speed], before: Sequence[Speed]) -> tuple[Change, ...]:
    """Return each variant's change. Raises DlbenchError for one that was not measured before."""
    check_measured({speed.label: speed.batch_size for speed in now}, before)
    known = {speed.label: speed for speed in before}
    return tuple(
        Change(speed.label, {part: speed.rate(part) / known[speed.label].rate(part) for part in PARTS}) for speed in now
    )
