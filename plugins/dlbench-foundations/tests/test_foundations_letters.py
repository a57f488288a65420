import gzip
from pathlib import Path

import numpy as np
import pytest

from dlbench_foundations import letters as module
from dlbench_foundations.letters import ALPHABETS, Letters, divide, letters, read_letters

PATTERN = ("0 1" * 64).replace(" ", "")


def line(letter: str = "a", fold: str = "0", pixels: str = PATTERN, end: str = "\t\n") -> str:
    return "\t".join(["1", letter, "2", "1", "1", fold, *pixels]) + end


def write(folder: Path, *lines: str) -> Path:
    path = folder / "letters" / "letter.data.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return path


def all_letters_in_all_folds() -> Letters:
    """Return one picture of each letter in each fold; the first two pixels are its place and its fold."""
    places, folds = (grid.ravel() for grid in np.meshgrid(np.arange(26), np.arange(10)))
    images = np.zeros((260, 1, 16, 8), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = places, folds
    return Letters(images, places, folds)


def test_a_line_is_read_as_a_picture_of_16_rows_of_8_pixels(tmp_path: Path) -> None:
    found = read_letters(
        write(tmp_path, line("c", "7", "1" + 127 * "0"), line("z", "9", 8 * "0" + 120 * "1", end="\n"))
    )
    assert found.images.shape == (2, 1, 16, 8)
    assert found.images.dtype == np.uint8
    assert np.argwhere(found.images[0, 0]).tolist() == [[0, 0]]
    assert not found.images[1, 0, 0].any()
    assert (found.images[1, 0, 1:] == 255).all()
    assert found.places.tolist() == [2, 25]
    assert found.folds.tolist() == [7, 9]


def test_the_ten_letters_are_labeled_in_their_order_and_divided_by_fold() -> None:
    data = divide(all_letters_in_all_folds(), ALPHABETS["ten"], (3, 5))
    assert list(data.class_names) == ["a", "e", "g", "i", "l", "n", "o", "r", "t", "u"]
    assert len(data.train_labels) == 80
    assert len(data.test_labels) == 20
    for images, labels, folds in [
        (data.train_images, data.train_labels, {0, 1, 2, 4, 6, 7, 8, 9}),
        (data.test_images, data.test_labels, {3, 5}),
    ]:
        drawn = ["abcdefghijklmnopqrstuvwxyz"[place] for place in images[:, 0, 0, 0]]
        assert [data.class_names[label] for label in labels] == drawn
        assert set(images[:, 0, 0, 1].tolist()) == folds


def test_the_whole_set_has_26_classes() -> None:
    data = divide(all_letters_in_all_folds(), ALPHABETS["all"], (0,))
    assert "".join(data.class_names) == "abcdefghijklmnopqrstuvwxyz"
    assert np.bincount(data.train_labels).tolist() == 26 * [9]
    assert np.bincount(data.test_labels).tolist() == 26 * [1]


def test_ten_test_folds_are_refused_because_nothing_is_left_to_train_on() -> None:
    with pytest.raises(ValueError, match="at least one fold to train on"):
        divide(all_letters_in_all_folds(), ALPHABETS["all"], tuple(range(10)))


def test_an_absent_file_is_named_with_its_place_and_its_publisher(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        letters(tmp_path, download=False)
    assert str(tmp_path / "letters" / "letter.data.gz") in str(caught.value)
    assert "https://ai.stanford.edu/~btaskar/ocr/" in str(caught.value)


def test_a_file_with_too_few_letters_is_named_with_expected_and_found_count(tmp_path: Path) -> None:
    path = write(tmp_path, line(), line())
    with pytest.raises(ValueError, match="expected 52,152 letters, found 2") as caught:
        letters(tmp_path, download=False)
    assert str(path) in str(caught.value)


def test_an_empty_file_has_too_few_letters(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(ValueError, match="expected 52,152 letters, found 0"):
        letters(tmp_path, download=False)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (line(pixels=PATTERN[:-1]), "line 2: expected 128 pixels of 0 or 1 joined by tabs, found 127"),
        (line(pixels=PATTERN[:-1] + "7"), "line 2: expected 128 pixels of 0 or 1 joined by tabs, found 127"),
        (line(pixels=PATTERN + "1"), "line 2: expected 128 pixels of 0 or 1 joined by tabs, found 129"),
        (line(letter="A"), "line 2: expected a letter from a to z, found 'A'"),
        (line(fold="10"), "line 2: expected a fold from 0 to 9, found '10'"),
        ("1\ta\t2\n", "line 2: expected 6 fields and 128 pixels joined by tabs, found 3 fields"),
    ],
)
def test_a_broken_line_is_named_with_what_was_expected_and_found(tmp_path: Path, wrong: str, message: str) -> None:
    path = write(tmp_path, line(), wrong, line())
    with pytest.raises(ValueError, match=message) as caught:
        read_letters(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [gzip.compress(line().encode(), mtime=0)[:-6], b"no gzip file"])
def test_a_file_that_does_not_unpack_is_named_with_its_size(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"expected a whole gzip file, found {len(content)} bytes"):
        read_letters(path)


def test_the_count_that_a_whole_file_has_is_the_publisher_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNT", 4)
    write(tmp_path, line("a", "0"), line("a", "1"), line("b", "1"), line("e", "1"))
    data = letters(tmp_path, download=False)
    assert data.train_labels.tolist() == [0, 1]
    assert data.test_labels.tolist() == [0]


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 1_000_000)
    path = write(tmp_path, *[line()] * 10_000)
    with pytest.raises(ValueError, match=r"letter\.data\.gz unpacks to more than 1,000,000 bytes, the limit"):
        read_letters(path)
