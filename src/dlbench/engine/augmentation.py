"""Augmentations of whole batches of stored images: random crop, horizontal flip, cutout."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from dlbench.specs import Value


def build_augmentation(
    chosen: Mapping[str, Mapping[str, Value]], generator: torch.Generator
) -> Callable[[Tensor], Tensor]:
    """Return the function that applies the chosen augmentations to a batch, N×C×H×W of any type, in their order."""
    known: dict[str, Callable[..., Tensor]] = {"crop": crop, "flip": flip, "cutout": cutout}

    def augment(images: Tensor) -> Tensor:
        for name, parameters in chosen.items():
            images = known[name](images, generator, **parameters)
        return images

    return augment


def crop(images: Tensor, generator: torch.Generator, padding: int) -> Tensor:
    """Pad each image with zeros and cut a window of the old size at a random place."""
    count, channels, height, width = images.shape
    padded = F.pad(images, (padding,) * 4)
    top, left = torch.randint(0, 2 * padding + 1, (2, count, 1, 1), generator=generator)
    rows = top + torch.arange(height).view(1, -1, 1)
    columns = left + torch.arange(width).view(1, 1, -1)
    places = (rows * padded.shape[3] + columns).view(count, 1, -1).to(images.device)
    return padded.flatten(2).gather(2, places.expand(-1, channels, -1)).view(images.shape)


def flip(images: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    """Mirror each image left to right with the given probability."""
    mirrored = torch.rand(len(images), generator=generator) < probability
    return torch.where(mirrored.view(-1, 1, 1, 1).to(images.device), images.flip(3), images)


def cutout(images: Tensor, generator: torch.Generator, size: int) -> Tensor:
    """Set a square of zeros at a random centre of each image, clipped at its edges (DeVries & Taylor 2017)."""
    count, _, height, width = images.shape
    centre_row = torch.randint(0, height, (count, 1, 1, 1), generator=generator)
    centre_column = torch.randint(0, width, (count, 1, 1, 1), generator=generator)
    rows, columns = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    first_row, first_column = centre_row - size // 2, centre_column - size // 2
    hidden = (
        (rows >= first_row) & (rows < first_row + size) & (columns >= first_column) & (columns < first_column + size)
    )
    return images.masked_fill(hidden.to(images.device), 0)
