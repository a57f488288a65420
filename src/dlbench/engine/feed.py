"""Batches: gathered by index from images that are in memory once, normalized and augmented as whole batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from dlbench.engine.augmentation import Augmentation, Draws
from dlbench.errors import DlbenchError
from dlbench.trials.normalization import constants

#: Smaller deviations, relative to the pixels' root mean square, may come from rounding alone.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Normalization:
    """The affine map from stored pixels to the network's input, with one scale and shift per channel."""

    scale: Tensor
    shift: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        """Return float32 images."""
        return torch.addcmul(self.shift, images.float(), self.scale)


def fit_normalization(kind: str, images: Tensor, indices: Tensor) -> Normalization:
    """Return the normalization that a setting names; "standard" is fitted to the given training images only.

    unit: uint8 pixels divided by 255, float pixels unchanged. standard: mean 0 and deviation 1 in each channel; one
    that is constant but for rounding is centered and scaled as by unit.
    none: pixels as stored. Explicit constants refer to pixels in [0, 1]; one value may serve all channels.
    """
    channels = images.shape[1]
    unit = 1 / 255 if images.dtype == torch.uint8 else 1.0
    mean, deviation = torch.zeros(channels, dtype=torch.float64), torch.full((channels,), 1 / unit, dtype=torch.float64)
    if kind == "none":
        deviation.fill_(1.0)
    elif kind == "standard":
        mean, fitted = _moments(images, indices)
        deviation = torch.where(fitted > _ROUNDING * (mean.square() + fitted.square()).sqrt(), fitted, deviation)
    elif kind != "unit":
        mean, deviation = (torch.tensor(part, dtype=torch.float64) / unit for part in constants(kind))
        if len(mean) not in (1, channels):
            raise DlbenchError(f"--normalization {kind} has {len(mean)} channels, but the images have {channels}.")
        mean, deviation = mean.expand(channels), deviation.expand(channels)
    scale = 1 / deviation.clamp_min(1e-12)
    shape = (1, channels, 1, 1)
    return Normalization(scale.float().view(shape), (-mean * scale).float().view(shape))


def _moments(images: Tensor, indices: Tensor, chunk: int = 4096) -> tuple[Tensor, Tensor]:
    """Return each channel's mean and standard deviation over the indexed images, in float64."""
    total = torch.zeros(images.shape[1], dtype=torch.float64)
    squares = torch.zeros_like(total)
    for part in indices.split(chunk):
        pixels = images[part].to(torch.float64)
        total += pixels.sum((0, 2, 3))
        squares += pixels.square().sum((0, 2, 3))
    count = len(indices) * images.shape[2] * images.shape[3]
    mean = total / count
    return mean, (squares / count - mean.square()).clamp_min(0).sqrt()


@dataclass(frozen=True, eq=False)
class Batch:
    """The draws for one batch.

    places: of its images in the data set.
    draws: of each augmentation, for these images.
    """

    places: Tensor
    draws: Sequence[Draws] = ()

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True, eq=False)
class Feed:
    """Some of a data set's images, by index, on the training's device.

    images: N×C×H×W as stored (uint8 or float32).
    labels: int64, one per image.
    indices: which images belong to this feed.
    normalization: applied to each batch.
    layout: the memory format of its batches.
    """

    images: Tensor
    labels: Tensor
    indices: Tensor
    normalization: Normalization
    layout: torch.memory_format = torch.contiguous_format

    def __len__(self) -> int:
        return len(self.indices)

    def read(self, batch: Batch, augmentation: Augmentation | None = None) -> tuple[Tensor, Tensor]:
        """Return a batch's images, augmented and normalized, and its labels."""
        images = self.images.index_select(0, batch.places)  # on a CPU, takes a tenth of the time of images[places]
        if augmentation:
            images = augmentation.apply(images, batch.draws)
        return self.normalization(images).contiguous(memory_format=self.layout), self.labels[batch.places]

    def mixed(self, order: torch.Generator) -> "Feed":
        """Return a feed of the same images in a random order: data sets may store them class by class."""
        permutation = torch.randperm(len(self), generator=order)
        return replace(self, indices=self.indices[permutation.to(self.indices.device)])

    def in_order(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield normalized batches in the feed's order."""
        return (self.read(Batch(places)) for places in self.indices.split(batch_size))

    def shuffled(
        self, batch_size: int, order: torch.Generator, augmentation: Augmentation, skip: int = 0
    ) -> Iterator[Batch]:
        """Yield the draws for the batches of one epoch, without the first `skip` of them; read() reads a batch.

        A last batch of a single image is omitted: batch norm cannot train on it. All random numbers are drawn at the
        start, including those of skipped batches.
        """
        batches = self.mixed(order).indices.split(batch_size)[: self.steps(batch_size)]
        draws = augmentation.draw([len(batch) for batch in batches], self.images.shape[1:], self.indices.device)
        return islice(map(Batch, batches, draws), skip, None)

    def steps(self, batch_size: int) -> int:
        """Return the number of batches of an epoch."""
        whole, rest = divmod(len(self.indices), batch_size)
        return whole + (rest > 1)
