"""Own data that changes between two commands: what has changed is said, and nothing where only dates are new."""

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dlbench import Dataset
from dlbench.components.syntax import parse_reference
from dlbench.dataset_index import last_prepared
from dlbench.engine.dataset_cache import prepare
from dlbench.plugins.registry import Registry
from dlbench.sessions.resolve import TrialResolver


def save_image(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (shade, 2, 3)).save(path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for index, name in enumerate(
        ["train/cat/1", "train/cat/2", "train/dog/3", "train/dog/4", "test/cat/5", "test/dog/6"]
    ):
        save_image(folder / f"{name}.png", index)
    return folder


def arrays(labels: tuple[int, ...] = (0, 1, 0, 1), change: int = 0) -> dict[str, Any]:
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    images[3, 0, 0] += change
    return {"x_train": images, "y_train": np.array(labels), "x_test": images[::-1], "y_test": np.array([1, 0, 1, 0])}


def notes_of(name: str, path: Path, data_dir: Path, change: Callable[[], object] = lambda: None) -> list[str]:
    """Prepare a data set, change it, prepare it again; return what is noted then."""
    registry, notes = Registry.load(), list[str]()
    entry = registry.get(Dataset, name)
    parameters = registry.select("datasets", parse_reference(f"{name}:path={path}")).parameters
    resolver = TrialResolver(registry, data_dir, threading.Event(), notes.append)
    resolver._prepare = lambda entry, parameters, download: prepare(entry, parameters, data_dir, download)
    resolver.call = lambda function, *arguments: function(*arguments)
    resolver.prepare(entry, parameters)
    notes.clear()
    change()
    resolver.prepare(entry, parameters)
    return notes[2:]


def changed(photos: Path, change: Callable[[], object]) -> str:
    (note,) = notes_of("image-folder", photos, photos.parent / "data", change)
    begin, end = f"{photos} has changed since it was last read: ", ". Its trials are computed anew."
    assert note.startswith(begin)
    assert note.endswith(end)
    return note.removeprefix(begin).removesuffix(end)


def test_a_file_that_is_added_is_named(photos: Path) -> None:
    said = changed(photos, lambda: save_image(photos / "train/cat/new.png", 99))
    assert said == "1 file added (train/cat/new.png); 4 → 5 training images; of the training images 1 new"


def test_files_that_are_removed_are_counted_and_the_first_named(photos: Path) -> None:
    for index in range(5):
        save_image(photos / f"train/cat/more{index}.png", 50 + index)
    said = changed(photos, lambda: [path.unlink() for path in photos.glob("train/cat/more*")])
    assert "5 files removed (train/cat/more0.png, train/cat/more1.png, train/cat/more2.png, …); 9 → 4" in said


def test_a_file_with_other_pixels_is_modified(photos: Path) -> None:
    said = changed(photos, lambda: save_image(photos / "test/dog/6.png", 77))
    assert said == "1 file modified (test/dog/6.png); of the test images 1 new, 1 gone"


def test_an_image_in_the_folder_of_another_class_has_another_label(photos: Path) -> None:
    said = changed(photos, lambda: (photos / "train/cat/1.png").rename(photos / "train/dog/1.png"))
    assert "1 file added (train/dog/1.png); 1 file removed (train/cat/1.png)" in said
    assert said.endswith("of the training images 1 with another label")


def test_another_copy_of_an_image_in_its_class_has_the_same_label(photos: Path) -> None:
    said = changed(photos, lambda: shutil.copy(photos / "train/cat/1.png", photos / "train/cat/copy.png"))
    assert said == "1 file added (train/cat/copy.png); 4 → 5 training images"


def test_another_copy_of_an_image_in_another_class_has_another_label(photos: Path) -> None:
    said = changed(photos, lambda: shutil.copy(photos / "train/cat/1.png", photos / "train/dog/copy.png"))
    assert said.endswith("4 → 5 training images; of the training images 1 with another label")


def test_a_class_that_is_added_or_renamed_is_named(photos: Path) -> None:
    assert "1 class added (fox)" in changed(photos, lambda: save_image(photos / "train/fox/1.png", 9))
    said = changed(photos, lambda: [(photos / split / "fox").rename(photos / split / "wolf") for split in ("train",)])
    assert "1 class added (wolf); 1 class removed (fox)" in said


def test_another_size_of_all_images_is_said(photos: Path) -> None:
    def enlarge() -> None:
        for path in photos.rglob("*.png"):
            Image.open(path).resize((6, 8)).save(path)

    assert changed(photos, enlarge).endswith("images of 3×4×4 → 3×8×6")


def test_the_same_images_written_anew_are_no_change(photos: Path) -> None:
    def copy() -> None:
        shutil.copytree(photos, photos.with_name("copy"))
        shutil.rmtree(photos)
        photos.with_name("copy").rename(photos)
        os.utime(photos / "train/cat/1.png")

    assert notes_of("image-folder", photos, photos.parent / "data", copy) == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (arrays(labels=(1, 1, 0, 1)), "1 file modified (own.npz); of the training images 1 with another label"),
        (arrays(change=1), "of the training images 1 new, 1 gone; of the test images 1 new, 1 gone"),
    ],
)
def test_labels_and_pixels_of_arrays_are_told_apart(tmp_path: Path, after: dict[str, Any], words: str) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, **arrays())
    (note,) = notes_of("npz", path, tmp_path / "data", lambda: np.savez(path, **after))
    assert words in note


def test_what_earlier_versions_prepared_is_compared_without_its_files(photos: Path) -> None:
    def change() -> None:
        (next((photos.parent / "data/prepared/index").glob("*.files"))).unlink()
        save_image(photos / "test/dog/6.png", 77)

    assert changed(photos, change) == "of the test images 1 new, 1 gone"


def test_the_state_of_the_files_goes_with_the_copy(photos: Path) -> None:
    notes_of("image-folder", photos, photos.parent / "data")
    registry = Registry.load()
    selection = registry.select("datasets", parse_reference(f"image-folder:path={photos}"))
    entry = registry.get(Dataset, "image-folder")
    found = last_prepared(entry.name, selection.parameters, entry.plugin.version, photos.parent / "data")
    assert found is not None
    assert len(found.files) == 6
