"""Layouts of image folders as they are published: read, or refused with what to type."""

import os
from pathlib import Path

import pytest

from dlbench.standard.folder_layout import Layout, find_layout


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def splits(train: str, *others: str) -> list[str]:
    return [f"{split}/{label}/1.png" for split in (train, *others) for label in ("cat", "dog")]


def read(folder: Path, test: str = "auto") -> Layout:
    return find_layout(folder, test, 0.2)


@pytest.mark.parametrize(
    "names",
    [
        ("Train", "Test"),
        ("training", "testing", "VALID"),
        ("TRAIN", "test", "val"),
        ("training_set", "test_set"),
        ("train", "test", "Dev"),
    ],
)
@pytest.mark.parametrize("wrapped", ["", "archive/"])
def test_published_names_are_recognized(tmp_path: Path, names: tuple[str, ...], wrapped: str) -> None:
    files = [f"{wrapped}{name}" for name in splits(*names)]
    layout = read(made(tmp_path, *files, "README.txt", "__MACOSX/train/cat/._1.png", ".DS_Store"))
    assert list(layout.splits) == ["train", "test", "validation"][: len(names)]
    assert [len(files) for files in layout.splits.values()] == [2] * len(names)
    assert (layout.class_names, layout.notes) == (["cat", "dog"], [])


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        (splits("train", "val"), r"(?s)no .*test beside.*:test=val .* or add :test=split"),
        (["a/1.png"], "one class folder with images, a"),
        (["x/a/1.png", "y/b/1.png"], r"(?s)x holds only folders \(a\).*path="),
        ([*splits("train", "test"), "train/bird/1.heic"], r"(?s)bird has 1 file, .*\.heic.*Convert"),
        ([*splits("train"), "test/1.png"], r"(?s)test has no class folders.*test=split"),
        ([*splits("train", "test", "val", "valid")], "two folders for validation"),
    ],
)
def test_other_layouts_are_refused_with_what_to_type(tmp_path: Path, files: list[str], answer: str) -> None:
    with pytest.raises(ValueError, match=answer):
        read(made(tmp_path, *files))


def test_a_test_folder_without_images_is_refused_with_the_way_to_do_without(tmp_path: Path) -> None:
    made(tmp_path, *(f"train/{label}/{number}.png" for label in ("cat", "dog") for number in range(5)))
    for label in ("cat", "dog"):
        (tmp_path / "test" / label).mkdir(parents=True)
    with pytest.raises(ValueError, match=r"(?s)no images for test.*image-folder:path=.*:test=split"):
        read(tmp_path)
    assert read(tmp_path, "split").splits["test"]


def test_the_test_folder_can_be_named(tmp_path: Path) -> None:
    made(tmp_path, *splits("train", "val"))
    assert list(read(tmp_path, "val").splits) == ["train", "test"]
    made(tmp_path, *(f"train/{label}/{i}.png" for label in ("cat", "dog") for i in range(40)))
    assert list(read(tmp_path, "split").splits) == ["train", "test", "validation"]


def test_a_test_folder_that_is_named_is_not_ignored_where_there_are_only_classes(tmp_path: Path) -> None:
    made(tmp_path, *(f"{label}/{i}.png" for label in ("cat", "dog") for i in range(40)))
    with pytest.raises(ValueError, match=r"(?s)test=held-out: .* has no folder train.*omit test"):
        read(tmp_path, "held-out")
    made(tmp_path, "held-out/cat/1.png", "held-out/dog/1.png")
    with pytest.raises(ValueError, match="has no folder train"):
        read(tmp_path, "held-out")


@pytest.mark.parametrize("test", ["auto", "split"])
def test_without_splits_a_part_of_all_images_is_for_testing(tmp_path: Path, test: str) -> None:
    layout = read(made(tmp_path, *(f"{label}/{i}.png" for label in ("cat", "dog") for i in range(40))), test)
    assert {split: len(files) for split, files in layout.splits.items()} == {"train": 61, "test": 19}


def test_what_is_left_out_is_said_and_an_empty_folder_is_no_class(tmp_path: Path) -> None:
    made(tmp_path, *splits("train", "test"), "train/cat/2.heic", "train/3.png", "extra/x.txt")
    (tmp_path / "train" / "bird").mkdir()
    layout = read(tmp_path)
    assert layout.class_names == ["cat", "dog"]
    assert layout.notes == [
        "skipped 1 file (.heic)",
        "skipped 1 image outside the class folders",
        "skipped empty folders (bird)",
        "skipped folders beside the splits (extra)",
    ]


def test_linked_folders_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    made(tmp_path / "real", "cat/1.png", "dog/2.png")
    made(tmp_path / "photos", *splits("train"))
    (tmp_path / "photos" / "test").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "cat" / "loop").symlink_to(tmp_path / "real" / "cat")
    assert len(read(tmp_path / "photos").splits["test"]) == 2


def test_a_link_to_a_folder_above_brings_no_other_class_into_a_class(tmp_path: Path) -> None:
    photos = made(tmp_path / "photos", *splits("train", "test"))
    (photos / "train" / "cat" / "up").symlink_to("..")
    (photos / "train" / "dog" / "root").symlink_to(tmp_path)
    assert len(read(photos).splits["train"]) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_skipped_and_said(tmp_path: Path) -> None:
    photos = made(tmp_path / "photos", *splits("train", "test"))
    os.mkfifo(photos / "train" / "cat" / "pipe.png")
    layout = read(photos)
    assert len(layout.splits["train"]) == 2
    assert layout.notes == ["skipped 1 file (.png)"]


def test_splits_whose_images_name_their_class_are_not_taken_for_classes(tmp_path: Path) -> None:
    photos = made(tmp_path, "train/cat.0.jpg", "train/dog.0.jpg", "test1/1.jpg", "test1/2.jpg")
    with pytest.raises(
        ValueError, match=r"has test1 and train, which seem to be splits.*\nPut its images into a folder"
    ):
        read(photos)


def test_train_may_be_a_class_among_others(tmp_path: Path) -> None:
    assert read(made(tmp_path, *(f"{name}/{n}.jpg" for name in ("train", "bus") for n in range(9)))).class_names == [
        "bus",
        "train",
    ]


def test_splits_wrapped_in_folders_of_their_own_name_are_read(tmp_path: Path) -> None:
    files = [f"seg_{split}/seg_{split}/{label}/1.jpg" for split in ("train", "test") for label in ("sea", "street")]
    layout = read(made(tmp_path, *files, "seg_pred/seg_pred/1.jpg"))
    assert (layout.class_names, [len(found) for found in layout.splits.values()]) == (["sea", "street"], [2, 2])
    assert layout.notes == ["skipped folders beside the splits (seg_pred)"]
