import json

import pytest

from dlbench.errors import DlbenchError
from dlbench.files import replace_file
from dlbench.runs.manifest import Manifest, read_manifest, write_manifest


def test_a_manifest_comes_back_as_it_was(tmp_path, make_plan):
    manifest = Manifest(schema=2, name="run", plan=make_plan(), sessions=({"command": ["dlbench"]},))
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_folder_without_a_manifest_has_none(tmp_path):
    assert read_manifest(tmp_path) is None


def test_a_newer_schema_says_which_dlbench_is_needed(tmp_path):
    content = {"schema": 3, "sessions": [{"versions": {"dlbench": "9.1.0"}}]}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(DlbenchError, match=r"newer dlbench 9\.1\.0 \(schema 3") as caught:
        read_manifest(tmp_path)
    assert "dlbench>=9.1.0" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 1, "name": "x", "plan": {}}'])
def test_a_damaged_manifest_is_named(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DlbenchError, match=r"manifest\.json cannot be read"):
        read_manifest(tmp_path)


def test_a_replacement_that_fails_leaves_the_old_file_and_no_litter(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(TypeError):
        replace_file(tmp_path / "file", 3)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        replace_file(tmp_path / "folder", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"
