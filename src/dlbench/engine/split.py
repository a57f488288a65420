"""The split: which images train, which validate, and which test."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from dlbench.components.image_data import ImageData
from dlbench.engine.randomness import generator
from dlbench.errors import DlbenchError
from dlbench.trials.settings import Settings
from dlbench.trials.split import held_out, split_problem, stratified_counts, test_size_problem


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
    """Split by the setting (0.2, stratified:0.2, random:N, last:N, first:N, test, own); keep train_size of the rest.

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
    labels = torch.from_numpy(data.train_labels)
    draw = partial(_draw_by_class, labels) if word == "stratified" else _draw
    if source != "train":
        train, decides = everything, test if source == "test" else torch.arange(own)
    elif word == "last":
        train, decides = everything[:-count], everything[-count:]
    elif word == "first":
        train, decides = everything[count:], everything[:count]
    else:
        decides, train = draw(everything, count, generator)
    if train_size is not None:
        train = draw(train, train_size, generator)[0]
    return Split(train, decides, source, test)


def _draw(indices: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return some of the indices at random, and the others, both in ascending order."""
    shuffled = indices[torch.randperm(len(indices), generator=generator)]
    return shuffled[:count].sort().values, shuffled[count:].sort().values


def _draw_by_class(labels: Tensor, indices: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Do the same within each class, in the proportions of the classes. labels: of all images."""
    members = [indices[labels[indices] == label] for label in range(int(labels.max()) + 1)]
    wanted = stratified_counts([len(each) for each in members], count)
    drawn = [_draw(each, size, generator) for each, size in zip(members, wanted, strict=True)]
    taken, left = (torch.cat(parts).sort().values for parts in zip(*drawn, strict=True))
    return taken, left


def unseen_class(data: ImageData, settings: Settings, seed: int) -> str:
    """Return a sentence if a random split leaves out a class where it validates, the same for every seed; else ""."""
    word = settings.validation.partition(":")[0]
    if word in ("test", "own", "first", "last", "stratified"):
        return ""
    split = split_data(data, settings.validation, None, generator(seed, "split"))
    sizes = np.bincount(data.train_labels, minlength=len(data.class_names))
    found = np.bincount(data.train_labels[split.validation.numpy()], minlength=len(sizes))
    if not (found[sizes > 1] == 0).any():
        return ""
    rarest = int(np.argmin(np.where(sizes > 1, sizes, len(data.train_labels))))
    share = settings.validation.removeprefix("random:")
    return (
        f"With --validation {settings.validation}, some seeds validate without any image of a class "
        f"({data.class_names[rarest]} has {sizes[rarest]:,} of {sizes.sum():,} training images); "
        f"--validation stratified:{share} keeps the proportions of the classes."
    )
