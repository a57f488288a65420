import json

import numpy as np
import pytest

from dlbench.dataset_index import prepared_copies


@pytest.fixture
def archive(tmp_path):
    """Return the path of an .npz file with a seed of its own for each name."""

    def write(name, seed=0):
        random = np.random.default_rng(seed)
        arrays = {
            f"{split}_{kind}": random.integers(0, 255, (size, 1, 4, 4), np.uint8) if kind == "images" else labels
            for split, size in (("train", 8), ("test", 4))
            for kind, labels in (("images", None), ("labels", np.arange(size) % 2))
        }
        path = tmp_path / name
        np.savez(path, **arrays)
        return path

    return write


@pytest.fixture
def copies(dlbench, data_dir):
    """Return the names and digests of the prepared copies of own arrays, as `data list --json` has them."""

    def listed():
        document = json.loads(dlbench("data", "list", "--json").stdout)
        return {name: each for each in document["prepared"] for name in each["datasets"] if name.startswith("npz")}

    return listed


def test_prepared_copies_are_listed_with_the_bytes_that_they_take(dlbench, archive, copies):
    path = archive("a.npz")
    dlbench("data", "fetch", f"npz:path={path}")
    (copy,) = copies().values()
    folder = type(path)(copy["path"])
    assert copy["bytes"] == sum(file.stat().st_size for file in folder.iterdir())
    assert f"npz:path={path}" in copies()


def test_removing_asks_and_leaves_the_files_of_the_user(dlbench, archive, copies):
    path = archive("b.npz", seed=1)
    dlbench("data", "fetch", f"npz:path={path}")
    refused = dlbench("data", "rm", f"npz:path={path}")
    assert refused.returncode == 2
    assert "Add --yes" in refused.stderr
    assert f"npz:path={path}" in copies()
    assert dlbench("data", "rm", f"npz:path={path}", "--yes").returncode == 0
    assert f"npz:path={path}" not in copies()
    assert path.is_file()


def test_arrays_that_two_data_sets_share_stay_until_neither_uses_them(dlbench, archive, copies):
    first, second = archive("c.npz", seed=2), archive("d.npz", seed=2)
    for path in (first, second):
        dlbench("data", "fetch", f"npz:path={path}")
    folder = type(first)(copies()[f"npz:path={first}"]["path"])
    dlbench("data", "rm", f"npz:path={first}", "--yes")
    assert copies()
    assert folder.is_dir()
    dlbench("data", "rm", f"npz:path={second}", "--yes")
    assert not folder.exists()


def test_unused_copies_are_those_of_files_that_have_changed(dlbench, archive, data_dir):
    path = archive("e.npz", seed=3)
    dlbench("data", "fetch", f"npz:path={path}")
    before = {copy.folder for copy in prepared_copies(data_dir)}
    archive("e.npz", seed=4)
    dlbench("data", "fetch", f"npz:path={path}")
    unused = {copy.folder for copy in prepared_copies(data_dir) if not copy.entries}
    assert len(unused) == 1
    assert unused <= before
    dlbench("data", "rm", "--unused", "--yes")
    assert not any(folder.exists() for folder in unused)
    assert {copy.folder for copy in prepared_copies(data_dir)} >= before - unused


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["npz:path=nowhere.npz"], "There is no prepared copy of npz:path=nowhere.npz."),
        (["nope"], "There is no data set 'nope'."),
        ([], "Name a data set, or give --unused."),
    ],
)
def test_a_copy_that_is_not_there_is_named(dlbench, arguments, sentence):
    done = dlbench("data", "rm", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
