"""The validation setting: what it accepts, and how many images it leaves on each side."""

import re

from dlbench.errors import DlbenchError

_SPLIT = re.compile(r"(0?\.\d+|(first|last|random):[1-9]\d*|test|own)\Z")
ACCEPTED = "a fraction (0.2), random:N, last:N, first:N, test, or own (the data set's own split)"


def check_split(text: str) -> str:
    """Return the setting if it reads as a split; else raise DlbenchError."""
    if not _SPLIT.match(text) or (text[0] in "0." and not float(text)):
        raise DlbenchError(f"--validation {text!r} is no split.", f"It takes {ACCEPTED}.")
    return text


def held_out(validation: str, total: int) -> int:
    """Return how many of the training images the setting holds out; 0 for test and own."""
    word, _, number = validation.partition(":")
    if number:
        return int(number)
    return 0 if word in ("test", "own") else round(total * float(validation))


def split_problem(validation: str, train_size: int | None, total: int, own: int) -> str:
    """Return why a data set cannot be split so, or "".

    total: its training images; own: the images of its own validation split, 0 where it has none.
    """
    if validation == "own" and not own:
        return "the data set has no validation split of its own"
    out = held_out(validation, total)
    if out >= total or (not out and validation not in ("test", "own")):
        return f"validation {validation} leaves nothing of {total} training images on one side"
    if train_size is not None and train_size > total - out:
        return f"a training size of {train_size} is more than the {total - out} images that the split leaves"
    return ""


def test_size_problem(test_size: int | None, total: int) -> str:
    """Return why a data set of so many test images cannot be tested on some of them, or ""."""
    if test_size is not None and test_size > total:
        return f"a test size of {test_size} is more than the {total} test images"
    return ""
