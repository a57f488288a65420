"""Augmentations of whole batches of stored images: random crop, horizontal flip, cutout.

All random numbers of an epoch are drawn at its start, batch by batch, on the CPU: every device sees the same draws, and
nothing waits for the CPU during the epoch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F

from dlbench.components.records import ParameterValue

#: What one augmentation drew for some images, one column per image.
Draws = Tensor


@dataclass(frozen=True, eq=False)
class Augmentation:
    """The augmentations of a training.

    chosen: name to parameters, in the order in which they are applied.
    generator: the seed stream that they draw from.
    """

    chosen: Mapping[str, Mapping[str, ParameterValue]]
    generator: torch.Generator

    def draw(self, sizes: Sequence[int], image_shape: Sequence[int], device: torch.device) -> Iterator[list[Draws]]:
        """Draw for batches of the given sizes and yield each batch's draws, on the device.

        image_shape: (C, H, W).
        """
        drawn: dict[str, list[Draws]] = {name: [] for name in self.chosen}
        for size in sizes:
            for name, parameters in self.chosen.items():
                drawn[name].append(_KNOWN[name].draw(size, image_shape, self.generator, **parameters))
        moved = [torch.cat(each, dim=1).to(device).split(list(sizes), dim=1) for each in drawn.values() if each]
        return (list(batch) for batch in zip(*moved, strict=True)) if moved else ([] for _ in sizes)

    def apply(self, images: Tensor, draws: Sequence[Draws]) -> Tensor:
        """Return an augmented batch, N×C×H×W of any type, according to its draws."""
        for (name, parameters), drawn in zip(self.chosen.items(), draws, strict=True):
            images = _KNOWN[name].apply(images, drawn, **parameters)
        return images


def draw_crop(count: int, image_shape: Sequence[int], generator: torch.Generator, padding: int) -> Draws:
    """Draw the first row and column of each window in the padded image."""
    return torch.randint(0, 2 * padding + 1, (2, count), generator=generator)


def crop(images: Tensor, draws: Draws, padding: int) -> Tensor:
    """Pad each image with zeros and crop a window of the original size."""
    count, channels, height, width = images.shape
    padded = F.pad(images, (padding,) * 4)
    top, left = draws.view(2, count, 1, 1)
    rows = top + torch.arange(height, device=images.device).view(1, -1, 1)
    columns = left + torch.arange(width, device=images.device).view(1, 1, -1)
    places = (rows * padded.shape[3] + columns).view(count, 1, -1)
    return padded.flatten(2).gather(2, places.expand(-1, channels, -1)).view(images.shape)


def draw_flip(count: int, image_shape: Sequence[int], generator: torch.Generator, probability: float) -> Draws:
    """Draw which images are flipped."""
    return torch.rand(1, count, generator=generator) < probability


def flip(images: Tensor, draws: Draws, probability: float) -> Tensor:
    """Flip the drawn images left to right."""
    return torch.where(draws.view(-1, 1, 1, 1), images.flip(3), images)


def draw_cutout(count: int, image_shape: Sequence[int], generator: torch.Generator, size: int) -> Draws:
    """Draw the centers of the squares."""
    return torch.cat([torch.randint(0, side, (1, count), generator=generator) for side in image_shape[1:]])


def cutout(images: Tensor, draws: Draws, size: int) -> Tensor:
    """Set a square around each drawn center of the stored image to zero, clipped at the image's edges.

    After DeVries & Taylor 2017, whose code covers normalized images, so that their square has the mean color.
    """
    count, _, height, width = images.shape
    center_row, center_column = draws.view(2, count, 1, 1, 1)
    rows = torch.arange(height, device=images.device).view(1, 1, -1, 1)
    columns = torch.arange(width, device=images.device).view(1, 1, 1, -1)
    first_row, first_column = center_row - size // 2, center_column - size // 2
    hidden = (
        (rows >= first_row) & (rows < first_row + size) & (columns >= first_column) & (columns < first_column + size)
    )
    return images.masked_fill(hidden, 0)


@dataclass(frozen=True)
class _Kind:
    """One kind of augmentation.

    draw: draws for a number of images of a shape.
    apply: augments images according to their draws.
    """

    draw: Callable[..., Draws]
    apply: Callable[..., Tensor]


_KNOWN: Mapping[str, _Kind] = MappingProxyType(
    {"crop": _Kind(draw_crop, crop), "flip": _Kind(draw_flip, flip), "cutout": _Kind(draw_cutout, cutout)}
)
