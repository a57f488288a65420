"""The validation setting: what it accepts, and how many images it leaves on each side."""

import re

from dlbench.errors import DlbenchError

_SPLIT = re.compile(r"(0?\.\d+|(first|last|random):[1-9]\d*|test|own)\Z")
ACCEPTED = "a fraction (0.2), random:N, last:N, first:N, test, or own (the data set's own split)"


def check_split(text: str) -> str:
    """Return the setting in small letters. Raises DlbenchError if it is invalid."""
    text = text.casefold()
    if not _SPLIT.match(text) or (text[0] in "0." and not float(text)):
        raise DlbenchError(f"Invalid value {text!r} for --validation.", f"It takes {ACCEPTED}.")
    return text


def held_out(validation: str, total: int) -> int:
    """Return how many training images the setting holds out; 0 for "test" and "own"."""
    word, _, number = validation.partition(":")
    if number:
        return int(number)
    return 0 if word in ("test", "own") else round(total * float(validation))


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
