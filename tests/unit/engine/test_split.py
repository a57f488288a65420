import numpy as np
import pytest
import torch

from dlbench.components.image_data import ImageData
from dlbench.engine.split import split_data, unseen_class
from dlbench.errors import DlbenchError
from dlbench.trials.settings import Settings
from dlbench.trials.split import check_split, held_out, split_problem, stratified_counts


def _classes(*sizes):
    """Return a data set with classes of these sizes, in shuffled order."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    images = np.zeros((len(labels), 1, 2, 2), np.uint8)
    return ImageData(images, labels, images, labels, [f"class {index}" for index in range(len(sizes))])


def _counts(data, indices):
    return np.bincount(data.train_labels[indices.numpy()], minlength=len(data.class_names)).tolist()


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


def test_a_stratified_split_holds_out_the_same_share_of_every_class():
    data = _classes(950, 50)
    split = split_data(data, "stratified:0.2", None, torch.Generator().manual_seed(0))
    assert _counts(data, split.validation) == [190, 10]
    assert _counts(data, split.train) == [760, 40]
    assert sorted([*split.train.tolist(), *split.validation.tolist()]) == list(range(1000))
    assert split.validation.tolist() == sorted(split.validation.tolist())


def test_the_seed_decides_a_stratified_split():
    def draw(seed):
        return split_data(_classes(60, 40), "stratified:20", None, torch.Generator().manual_seed(seed)).validation

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_a_training_size_of_a_stratified_split_keeps_the_proportions_too():
    data = _classes(900, 100)
    split = split_data(data, "stratified:0.1", 90, torch.Generator().manual_seed(0))
    assert _counts(data, split.train) == [81, 9]
    assert not set(split.train.tolist()) & set(split.validation.tolist())


@pytest.mark.parametrize(
    ("sizes", "total", "expected"),
    [
        ([50, 30, 20], 10, [5, 3, 2]),
        ([500, 499, 2], 100, [50, 49, 1]),  # quotas 49.95, 49.85 and 0.2: a rare class gives one
        ([97, 2, 1, 0], 20, [19, 1, 0, 0]),  # a class of one image trains
        ([4, 4, 4], 2, [1, 1, 0]),
        ([3, 3], 5, [3, 2]),
        ([2, 2], 2, [1, 1]),
    ],
)
def test_every_class_gives_its_share_and_keeps_an_image_where_that_can_be(sizes, total, expected):
    counts = stratified_counts(sizes, total)
    assert sum(counts) == total
    assert sorted(counts) == sorted(expected) if sizes[0] == sizes[1] else counts == expected


def test_shares_of_random_classes_are_within_one_image_of_the_proportions():
    random = np.random.default_rng(0)
    for _ in range(200):
        sizes = random.integers(1, 200, random.integers(2, 12)).tolist()
        total = int(random.integers(len(sizes), sum(sizes) // 2 + len(sizes)))
        counts = stratified_counts(sizes, total)
        assert sum(counts) == total
        assert all(0 <= count <= size for count, size in zip(counts, sizes, strict=True))
        common = [(c, s) for c, s in zip(counts, sizes, strict=True) if total * s >= sum(sizes)]
        assert max(abs(c - total * s / sum(sizes)) for c, s in common) < 1 + len(sizes) - len(common)


@pytest.mark.parametrize(
    ("text", "canonical"), [("Stratified:.20", "stratified:0.2"), ("stratified:12", "stratified:12")]
)
def test_a_stratified_split_has_one_spelling(text, canonical):
    assert check_split(text) == canonical
    assert Settings(validation=canonical).identity["validation"] == canonical
    assert held_out(canonical, 60) == 12


@pytest.mark.parametrize("text", ["stratified", "stratified:0", "stratified:0.0", "stratified:1.5", "last:0.2"])
def test_half_a_stratified_split_is_refused(text):
    with pytest.raises(DlbenchError, match=r"stratified:0\.2"):
        check_split(text)


def test_a_random_split_that_validates_without_a_class_says_how_to_keep_it():
    data = _classes(97, 3)
    hints = {unseen_class(data, Settings(validation="0.1"), seed) for seed in range(10)}
    assert len(hints) == 2  # one sentence for every seed that leaves the class out
    assert "class 1 has 3 of 100 training images); --validation stratified:0.1" in max(hints)
    assert not any(unseen_class(data, Settings(validation="stratified:0.1"), seed) for seed in range(10))
    assert not any(unseen_class(_classes(50, 50), Settings(), seed) for seed in range(10))
