"""The validation split: which training images train, and which decide."""

from dataclasses import dataclass

import torch
from torch import Tensor

from dlbench.errors import DlbenchError
from dlbench.specs import ImageData
from dlbench.splits import held_out, split_problem


@dataclass(frozen=True, eq=False)
class Split:
    """Indices into the training images, and where the validation images are: "train", "own" or "test"."""

    train: Tensor
    validation: Tensor
    source: str


def split_data(data: ImageData, validation: str, train_size: int | None, generator: torch.Generator) -> Split:
    """Split by the setting (0.2, random:N, last:N, first:N, test, own), then keep train_size of the rest.

    Raises DlbenchError where the split asks for more than there is.
    """
    total = len(data.train_labels)
    own = 0 if data.validation_labels is None else len(data.validation_labels)
    if problem := split_problem(validation, train_size, total, own):
        raise DlbenchError(f"No split: {problem}.")
    everything, count = torch.arange(total), held_out(validation, total)
    word = validation.partition(":")[0]
    source = word if word in ("test", "own") else "train"
    if source != "train":
        train, decides = everything, torch.arange(len(data.test_labels) if source == "test" else own)
    elif word == "last":
        train, decides = everything[:-count], everything[-count:]
    elif word == "first":
        train, decides = everything[count:], everything[:count]
    else:
        shuffled = torch.randperm(total, generator=generator)
        train, decides = shuffled[count:].sort().values, shuffled[:count].sort().values
    if train_size is not None:
        train = train[torch.randperm(len(train), generator=generator)[:train_size].sort().values]
    return Split(train, decides, source)
