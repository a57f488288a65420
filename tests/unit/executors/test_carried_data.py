"""A data set that travels is the one that was planned with, found by its digest."""

from dataclasses import replace

import numpy as np
import pytest

from dlbench.components.image_data import ImageData
from dlbench.engine.dataset_cache import load, store
from dlbench.errors import DataError
from dlbench.executors.carried_data import pack_data, unpack_data
from dlbench.trials.work_unit import WorkUnit


@pytest.fixture
def unit(tmp_path, make_record):
    images = np.arange(4 * 9, dtype=np.uint8).reshape(4, 1, 3, 3)
    labels = np.array([0, 1, 0, 1])
    info = store(ImageData(images, labels, images[::-1], labels, class_names=("a", "b")), tmp_path / "here")
    return WorkUnit(trials=(replace(make_record().trial, dataset_digest=info.digest),))


def test_a_data_set_is_the_same_where_it_arrives(unit, tmp_path):
    data = pack_data(unit, tmp_path / "here")
    for _ in range(2):  # again changes nothing
        unpack_data(data, tmp_path / "there")
    (digest,) = data
    here, there = (load(digest, tmp_path / place) for place in ("here", "there"))
    assert np.array_equal(here.train_images, there.train_images)
    assert [path.name for path in (tmp_path / "there" / "prepared").iterdir()] == [digest]


def test_one_that_is_too_large_or_not_there_is_left_out(unit, tmp_path):
    assert pack_data(unit, tmp_path / "here", most_bytes=10) == {}
    assert pack_data(unit, tmp_path / "elsewhere") == {}


def test_one_that_was_changed_on_the_way_is_not_read(unit, tmp_path):
    data = {digest: dict(files) for digest, files in pack_data(unit, tmp_path / "here").items()}
    (digest,) = data
    data[digest]["train_images.npy"] = data[digest]["train_images.npy"][:-1] + b"x"
    unpack_data(data, tmp_path / "there")
    with pytest.raises(DataError, match="damaged"):
        load(digest, tmp_path / "there")


def test_a_name_that_leaves_the_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="no data set"):
        unpack_data({"abc": {"../x": b""}}, tmp_path)
    assert list(tmp_path.iterdir()) == []
