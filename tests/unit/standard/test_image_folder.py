"""The user's own images: layouts of folders, and what is refused."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlbench.engine.dataset_contract import in_memory
from dlbench.standard.image_folder import image_folder


def write_images(folder: Path, colours: dict[str, tuple[int, int, int]], size: tuple[int, int] = (6, 4)) -> Path:
    for name, colour in colours.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, colour).save(path)
    return folder


def read_folder(path: Path, **changes: Any) -> Any:
    known: dict[str, Any] = {"size": None, "channels": 3, "test_fraction": 0.2}
    return in_memory(image_folder(Path(), False, str(path), **known | changes))


RED, GREEN = (255, 0, 0), (0, 255, 0)
SPLIT = {"train/b/1.png": GREEN, "train/a/1.png": RED, "train/a/2.PNG": RED, "test/b/3.png": GREEN}


def test_folders_are_classes_in_the_order_of_their_names(tmp_path: Path) -> None:
    data = read_folder(write_images(tmp_path, SPLIT))
    assert data.class_names == ["a", "b"]
    assert data.train_labels.tolist() == [0, 0, 1]
    assert data.train_images.shape == (3, 3, 4, 6)
    assert data.train_images[0, :, 0, 0].tolist() == [255, 0, 0]
    assert data.test_labels.tolist() == [1]
    assert data.test_images[0, :, 3, 5].tolist() == [0, 255, 0]
    assert data.validation_images is None


@pytest.mark.parametrize("name", ["val", "validation"])
def test_a_validation_folder_becomes_the_data_sets_own_split(tmp_path: Path, name: str) -> None:
    data = read_folder(write_images(tmp_path, SPLIT | {f"{name}/b/1.png": GREEN}))
    assert data.validation_labels.tolist() == [1]


def test_grey_is_one_channel(tmp_path: Path) -> None:
    data = read_folder(write_images(tmp_path, SPLIT), channels=1)
    assert data.train_images.shape == (3, 1, 4, 6)
    assert data.train_images[0, 0, 0, 0] == Image.new("RGB", (1, 1), RED).convert("L").getpixel((0, 0))


def test_images_of_several_sizes_ask_for_a_size_and_take_it(tmp_path: Path) -> None:
    write_images(tmp_path, SPLIT)
    write_images(tmp_path, {"train/b/4.png": GREEN}, size=(9, 9))
    with pytest.raises(ValueError, match=r"4.png has 9×9 pixels, .*1.png 6×4\nGive one size for all: size=4"):
        read_folder(tmp_path)
    assert read_folder(tmp_path, size=8).train_images.shape == (4, 3, 8, 8)
    assert read_folder(tmp_path, size="4x8").train_images.shape == (4, 3, 4, 8)


def test_without_train_and_test_the_names_decide_the_split_and_new_files_move_none(tmp_path: Path) -> None:
    names = [f"{label}/{index}.png" for label in "ab" for index in range(100)]
    few = read_folder(write_images(tmp_path, dict.fromkeys(names, RED)))
    assert 20 <= len(few.test_labels) <= 60  # of 200 at 0.2
    more = read_folder(write_images(tmp_path, {f"b/{index}.png": GREEN for index in range(100, 150)}))
    green = (more.test_images[:, 1, 0, 0] == 255).sum()
    assert len(more.test_labels) - green == len(few.test_labels)
    assert len(more.train_labels) + len(more.test_labels) == 250
    half = read_folder(tmp_path, test_fraction=0.5)
    assert len(half.test_labels) > len(more.test_labels)


def test_names_that_are_no_utf_8_are_read_too(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff")
    names = [f"{label}/{odd}{index}.png" for label in ("a", f"b{odd}") for index in range(20)]
    data = read_folder(write_images(tmp_path, dict.fromkeys(names, RED)))
    assert len(data.train_labels) + len(data.test_labels) == 40
    assert data.class_names == ["a", r"b\xff"]


def test_a_folder_with_train_alone_names_the_absent_test(tmp_path: Path) -> None:
    folder = write_images(tmp_path, {"train/a/1.png": RED})
    with pytest.raises(ValueError, match="Add :test=split to test on a part") as caught:
        read_folder(folder)
    assert str(folder / "test") in str(caught.value)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    write_images(tmp_path, {f"{name}/{i}.png": RED for name in ("bus", "train") for i in range(20)})
    assert read_folder(tmp_path).class_names == ["bus", "train"]


def test_a_test_class_that_training_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="test/c is a class that the training images do not have"):
        read_folder(write_images(tmp_path, SPLIT | {"test/c/1.png": RED}))


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("keep", [0, 4, 600])
def test_a_truncated_image_is_named_with_its_size(tmp_path: Path, suffix: str, keep: int) -> None:
    path = write_images(tmp_path, SPLIT) / f"train/b/2.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=f"image .{keep} bytes") as caught:
        read_folder(tmp_path, size=4)
    assert str(path) in str(caught.value)


def test_an_absent_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no class folders with images"):
        read_folder(tmp_path)


def test_two_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="channels=2"):
        read_folder(write_images(tmp_path, SPLIT), channels=2)
