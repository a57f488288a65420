import numpy as np
import pytest
import torch

from dlbench.components.image_data import ImageData
from dlbench.engine.split import split_data
from dlbench.errors import DlbenchError
from dlbench.trials.split import check_split, held_out, split_problem


def _data(count=100, test=20, own=0):
    def images(number):
        return np.zeros((number, 1, 2, 2), np.uint8)

    def labels(number):
        return np.zeros(number, np.int64)

    validation = (images(own), labels(own)) if own else (None, None)
    return ImageData(images(count), labels(count), images(test), labels(test), ("a",), *validation)


def _split(validation, train_size=None, seed=0, test_size=None, **sizes):
    return split_data(_data(**sizes), validation, train_size, torch.Generator().manual_seed(seed), test_size)


@pytest.mark.parametrize(("validation", "expected"), [("0.2", 20), ("0.05", 5), ("random:7", 7), (".5", 50)])
def test_a_random_split_parts_all_training_images_in_two(validation, expected):
    split = _split(validation)
    assert len(split.validation) == expected == held_out(validation, 100)
    assert sorted([*split.train.tolist(), *split.validation.tolist()]) == list(range(100))


def test_the_seed_decides_a_random_split():
    assert torch.equal(_split("0.2", seed=1).validation, _split("0.2", seed=1).validation)
    assert not torch.equal(_split("0.2", seed=1).validation, _split("0.2", seed=2).validation)


def test_first_and_last_are_literal_for_every_seed():
    assert _split("last:10").validation.tolist() == list(range(90, 100))
    assert _split("first:10", seed=5).validation.tolist() == list(range(10))
    assert _split("first:10").train.tolist() == list(range(10, 100))


@pytest.mark.parametrize(("validation", "count"), [("test", 20), ("own", 6)])
def test_test_and_own_leave_all_training_images_to_train(validation, count):
    split = _split(validation, own=6)
    assert split.source == validation
    assert len(split.train) == 100
    assert split.validation.tolist() == list(range(count))


def test_a_training_size_takes_some_of_what_the_split_leaves_and_no_validation_image():
    split = _split("0.2", train_size=30)
    assert len(split.train) == 30
    assert len(split.validation) == 20
    assert not set(split.train.tolist()) & set(split.validation.tolist())
    assert torch.equal(split.validation, _split("0.2").validation)


def test_a_test_size_takes_the_same_test_images_for_every_seed_and_leaves_the_other_splits_as_they_are():
    split = _split("0.2", test_size=7)
    assert len(set(split.test.tolist())) == 7
    assert set(split.test.tolist()) < set(range(20))
    assert torch.equal(split.test, _split("0.2", test_size=7, seed=3).test)
    assert torch.equal(split.validation, _split("0.2").validation)
    assert _split("0.2").test.tolist() == list(range(20))


def test_where_the_test_images_decide_a_test_size_decides_which():
    split = _split("test", test_size=7)
    assert torch.equal(split.validation, split.test)
    with pytest.raises(DlbenchError, match="a test size of 21 is more than the 20 test images"):
        _split("test", test_size=21)


@pytest.mark.parametrize(
    ("validation", "train_size", "words"),
    [
        ("last:100", None, "leaves nothing"),
        ("0.001", None, "leaves nothing"),
        ("own", None, "no validation split of its own"),
        ("0.2", 81, "more than the 80 images"),
    ],
)
def test_a_split_that_cannot_be_says_why(validation, train_size, words):
    assert words in split_problem(validation, train_size, 100, 0)
    with pytest.raises(DlbenchError, match=words):
        _split(validation, train_size)


@pytest.mark.parametrize("text", ["0", "1.0", "0.0", "last:0", "last", "half", "2", "-0.1", "first:-3", "0.2.3"])
def test_what_is_no_split_is_refused_with_what_is(text):
    with pytest.raises(DlbenchError, match=r"random:N, last:N, first:N, test, or own"):
        check_split(text)


def test_one_training_image_makes_no_step_unless_a_step_takes_one():
    assert "--batch-size 1" in split_problem("0.2", 1, 100, 0, 64)
    assert "--batch-size 1" in split_problem("0.5", None, 2, 0, 2)
    assert split_problem("0.2", 2, 100, 0, 64) is None
    assert split_problem("0.2", 1, 100, 0, 1) is None
