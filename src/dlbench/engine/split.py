"""The split: which images train, which validate, and which test."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlbench.components.image_data import ImageData
from dlbench.errors import DlbenchError
from dlbench.trials.split import held_out, split_problem, test_size_problem


@dataclass(frozen=True, eq=False)
class Split:
    """Indices of the images of each part.

    train: into the training images.
    validation: into the images of `source`.
    source: where the validation images are: "train", "own" or "test".
    test: into the test images.
    """

    train: Tensor
    validation: Tensor
    source: str
    test: Tensor


def split_data(
    data: ImageData,
    validation: str,
    train_size: int | None,
    generator: torch.Generator,
    test_size: int | None = None,
) -> Split:
    """Split by the setting (0.2, random:N, last:N, first:N, test, own), then keep train_size of the rest.

    test_size test images are kept, the same for every seed, so that trials can be compared image by image.
    Raises DlbenchError if the split asks for more images than there are.
    """
    total = len(data.train_labels)
    own = 0 if data.validation_labels is None else len(data.validation_labels)
    if problem := split_problem(validation, train_size, total, own) or test_size_problem(
        test_size, len(data.test_labels)
    ):
        raise DlbenchError(f"The data set cannot be split: {problem}.")
    test = torch.arange(len(data.test_labels))
    if test_size is not None:
        test = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))[:test_size].sort().values
    everything, count = torch.arange(total), held_out(validation, total)
    word = validation.partition(":")[0]
    source = word if word in ("test", "own") else "train"
    if source != "train":
        train, decides = everything, test if source == "test" else torch.arange(own)
    elif word == "last":
        train, decides = everything[:-count], everything[-count:]
    elif word == "first":
        train, decides = everything[count:], everything[:count]
    else:
        shuffled = torch.randperm(total, generator=generator)
        train, decides = shuffled[count:].sort().values, shuffled[:count].sort().values
    if train_size is not None:
        train = train[torch.randperm(len(train), generator=generator)[:train_size].sort().values]
    return Split(train, decides, source, test)
