"""The validation setting: what it accepts, and how many images it leaves on each side."""

import re
from collections.abc import Sequence
from decimal import Decimal

from dlbench.components.syntax import format_value
from dlbench.errors import DlbenchError

_SPLIT = re.compile(r"((stratified:)?(?P<share>0?\.\d+)|(first|last|random|stratified):[1-9]\d*|test|own)\Z")
ACCEPTED = (
    "a fraction (0.2), stratified:0.2 or stratified:N (in the classes' proportions), random:N, last:N, first:N, test, "
    "or own (the data set's own split)"
)


def check_split(text: str) -> str:
    """Return the setting in small letters, and .2 and 0.20 as 0.2. Raises DlbenchError if it is invalid."""
    text = text.casefold()
    found = _SPLIT.match(text)
    if not found or (found["share"] and not 0 < float(found["share"]) < 1):  # as a float it may be rounded to either
        raise DlbenchError(f"Invalid value {text!r} for --validation.", f"It takes {ACCEPTED}.")
    return text[: found.start("share")] + _written(float(found["share"])) if found["share"] else text


def _written(share: float) -> str:
    """Return a fraction as check_split reads it, without an exponent."""
    return f"{Decimal(format_value(share)):f}"


def held_out(validation: str, total: int) -> int:
    """Return how many training images the setting holds out; 0 for "test" and "own"."""
    word, _, number = validation.partition(":")
    if word in ("test", "own"):
        return 0
    size = number or word
    return int(size) if size.isdecimal() else round(total * float(size))


def stratified_counts(sizes: Sequence[int], total: int) -> list[int]:
    """Return how many of `total` images come from each class: the share that its size has of all, by largest remainder.

    sizes: images of each class. Every class of two images or more gives one and keeps one, as far as that can be.
    """
    quotas = [total * size / sum(sizes) for size in sizes]
    most = [max(size - 1, 0) for size in sizes]
    if sum(most) < total:
        most = list(sizes)
    counts = [min(limit, max(1, int(quota))) for limit, quota in zip(most, quotas, strict=True)]
    while lacking := total - sum(counts):
        step = 1 if lacking > 0 else -1
        movable = [index for index, count in enumerate(counts) if (count < most[index] if step > 0 else count > 0)]
        # Ties go to the first class; the last image of a class is taken last.
        chosen = max(movable, key=lambda index: (step > 0 or counts[index] > 1, step * (quotas[index] - counts[index])))
        counts[chosen] += step
    return counts


def split_problem(validation: str, train_size: int | None, total: int, own: int, batch_size: int = 1) -> str | None:
    """Return why a data set cannot be split this way, or None.

    total: number of its training images.
    own: number of images in its own validation split, 0 if it has none.
    batch_size: images of a step.
    """
    if validation == "own" and not own:
        return "the data set has no validation split of its own"
    out = held_out(validation, total)
    if out >= total or (not out and validation not in ("test", "own")):
        return f"validation {validation} leaves nothing of {total} training images on one side"
    if train_size is not None and train_size > total - out:
        return f"a training size of {train_size} is more than the {total - out} images that the split leaves"
    if min(total - out, train_size or total) == 1 < batch_size:
        return (
            "a last step of a single image is omitted, so one training image makes none (--batch-size 1 trains on it)"
        )
    return None


def test_size_problem(test_size: int | None, total: int) -> str | None:
    """Return why a data set with this many test images cannot be tested on `test_size` of them, or None."""
    if test_size is not None and test_size > total:
        return f"a test size of {test_size} is more than the {total} test images"
    return None
