"""On how many images the trials of a run train, and for how many epochs."""

from dataclasses import replace

import pytest

from dlbench.runs.run_size import RunSize
from dlbench.trials.settings import Settings


def size_of(*changes):
    trials = [type("T", (), {"settings": replace(Settings(epochs=3), **change)}) for change in changes]
    return RunSize.of(trials)


@pytest.mark.parametrize(
    ("changes", "words", "has_all_images"),
    [
        ([{}], "all images, 3 epochs", True),
        ([{"epochs": 1}, {"epochs": 1}], "all images, 1 epoch", True),
        ([{"epochs": 100}, {"epochs": 50}], "all images, 50 to 100 epochs", True),
        ([{"test_size": 2000}], "all images, tested on 2,000, 3 epochs", False),
        ([{"train_size": 5000}], "5,000 images, 3 epochs", False),
        ([{"train_size": 500}, {"train_size": 1000}, {}], "500 to 1,000 images or all images, 3 epochs", False),
        ([{"test_size": 200}, {}], "all images, tested on 200 or all, 3 epochs", False),
    ],
)
def test_the_size_of_a_run_is_that_of_its_trials(changes, words, has_all_images):
    size = size_of(*changes)
    assert size.in_words == words
    assert size.has_all_images is has_all_images


def test_a_run_without_trials_has_no_size():
    assert size_of().in_words == ""
    assert not size_of().has_all_images
