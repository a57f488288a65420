"""The user's data in a session: a wrong path, the data set's own validation split, changed files."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dlbench.components.image_data import ImageData
from dlbench.dataset_index import PreparedInfo, file_states, last_prepared, remember
from dlbench.engine.dataset_cache import store
from dlbench.errors import DataMissingError
from dlbench.plans.build import build, resolve
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry
from dlbench.sessions.resolve import Tenths, TrialResolver, check_paths
from dlbench.standard.dataset_records import DATASETS

IMAGE_FOLDER = next(record for record in DATASETS if record.name == "image-folder")


def info(validation_size: int) -> PreparedInfo:
    return PreparedInfo(
        digest="d",
        input_shape=(1, 8, 8),
        num_classes=2,
        train_size=10,
        test_size=4,
        validation_size=validation_size,
        class_names=("cat", "dog"),
        class_sizes=(6, 4),
        notes=("skipped 3 files (.heic)",),
    )


def validation(tmp_path: Path, own: int, **values: list[str]) -> tuple[str, str, list[str]]:
    """Return the validation of the trial, that of the plan, and what was noted."""
    registry, notes = Registry.load(), list[str]()
    plan = build(Request(values={"activation": ["relu"], "device": ["cpu"], **values}), registry)
    resolver = TrialResolver(registry, tmp_path, threading.Event(), notes.append)
    resolver.prepared = lambda dataset: info(own)  # type: ignore[method-assign]
    plan = resolve(plan, registry, partial(resolver.complete, own_validation=plan.own_validation))
    return plan.variants[0].trial.settings.validation, plan.fixed["validation"], notes


def test_a_data_sets_own_validation_split_is_used_unless_another_is_asked_for(tmp_path: Path) -> None:
    used, fixed, notes = validation(tmp_path, own=2)
    assert (used, fixed) == ("own", "own")
    assert "validated on its own 2 validation images" in notes[0]
    assert validation(tmp_path, own=2, validation=["0.2"]) == ("0.2", "0.2", [])
    assert validation(tmp_path, own=0) == ("0.2", "0.2", [])


def test_a_path_that_does_not_exist_is_named_before_anything_is_prepared(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    registry = Registry.load()
    for name, exists in (("photos", True), ("photo", False)):
        plan = build(Request(values={"dataset": [f"image-folder:path={tmp_path / name}"]}), registry)
        if exists:
            check_paths(plan, registry)
        else:
            with pytest.raises(DataMissingError, match="no file or folder") as caught:
                check_paths(plan, registry)
            assert "Did you mean photos?" in caught.value.hint


def test_one_sentence_says_what_was_read() -> None:
    assert info(2).sentence == (
        "10 training, 2 validation and 4 test images of 1×8×8, 2 classes (cat 6, dog 4); skipped 3 files (.heic)"
    )
    many = replace(info(0), num_classes=11, class_names=tuple("abcdefghijk"), class_sizes=tuple(range(11, 22)))
    assert "11 classes of 11 to 21 training images" in many.sentence


def test_what_was_read_is_kept_with_the_prepared_copy(tmp_path: Path) -> None:
    images, labels = np.zeros((3, 1, 2, 2), np.uint8), np.array([0, 1, 1])
    stored = store(ImageData(images, labels, images + np.uint8(1), labels, ["a", "b"], notes=["turned"]), tmp_path)
    assert (stored.class_sizes, stored.notes) == ((1, 2), ("turned",))
    assert PreparedInfo.from_json(stored.to_json()) == stored


def test_linked_replaced_and_renamed_files_change_the_fingerprint(tmp_path: Path) -> None:
    import os

    real, folder = tmp_path / "real", tmp_path / "photos"
    (real / "cat").mkdir(parents=True)
    folder.mkdir()
    (real / "cat" / "1.png").write_text("one")
    (folder / "test").symlink_to(real)
    (real / "loop").symlink_to(folder)

    def now() -> str:
        return str(file_states(IMAGE_FOLDER, {"path": str(folder)}, tmp_path))

    states = [now()]
    before = (real / "cat" / "1.png").stat()
    (real / "cat" / "1.png").write_text("two")
    os.utime(real / "cat" / "1.png", ns=(before.st_atime_ns, before.st_mtime_ns))
    states.append(now())
    (real / "cat").rename(real / "dog")
    states.append(now())
    assert len(set(states)) == 3
    assert now() == states[-1]


def test_folders_of_the_same_relative_path_are_two_data_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = ("standard/image-folder", {"path": "photos"}, "1")
    for name in ("one", "other"):
        (tmp_path / name / "photos").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "one")
    remember(*of, [["one.png", 1]], tmp_path, info(0))
    monkeypatch.chdir(tmp_path / "other")
    assert last_prepared(*of, tmp_path) is None
    absolute = {"path": str(tmp_path / "one" / "photos")}
    assert last_prepared("standard/image-folder", absolute, "1", tmp_path) is not None


def test_progress_is_noted_at_tenths_and_not_more_often_than_can_be_read():
    now, told = [0.0], []
    tenths = Tenths("image-folder", told.append, clock=lambda: now[0])
    for done in range(1, 2001):
        now[0] += 0.05
        tenths.report(done, 2000)
    assert told[0] == "Preparing image-folder: 200 of 2,000 images done."
    assert len(told) == 9
    quick = Tenths("image-folder", told.append, clock=lambda: 0.0)
    quick.report(1999, 2000)
    assert len(told) == 9
