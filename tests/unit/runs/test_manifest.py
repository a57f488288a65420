import json
import re
import subprocess

import pytest

from dlbench.errors import DlbenchError
from dlbench.files import replace_file
from dlbench.runs.manifest import provenance, provenance_id, read_manifest, write_manifest
from dlbench.trials.trial import Manifest


def test_a_manifest_comes_back_as_it_was(tmp_path, make_plan):
    manifest = Manifest(schema=1, name="run", plan=make_plan(), sessions=({"command": ["dlbench"]},))
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_a_folder_without_a_manifest_has_none(tmp_path):
    assert read_manifest(tmp_path) is None


def test_a_newer_schema_says_which_dlbench_is_needed(tmp_path):
    content = {"schema": 2, "sessions": [{"versions": {"dlbench": "9.1.0"}}]}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(DlbenchError, match=r"newer dlbench 9\.1\.0 \(schema 2") as caught:
        read_manifest(tmp_path)
    assert "dlbench>=9.1.0" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', '{"schema": 1, "name": "x", "plan": {}}'])
def test_a_damaged_manifest_is_named(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DlbenchError, match=r"manifest\.json cannot be read"):
        read_manifest(tmp_path)


def test_provenance_tells_versions_plugins_and_hardware():
    found = provenance({"foundations": "0.2.0"}, {"gpu": "A GPU"})
    assert set(found["versions"]) == {"dlbench", "torch", "torchvision", "numpy", "python"}
    assert all(re.match(r"\d+\.\d+", version) for version in found["versions"].values())
    assert found["plugins"] == {"foundations": "0.2.0"}
    assert found["hardware"]["gpu"] == "A GPU"
    assert found["hardware"]["cpu"]
    assert found["hardware"]["cores"] >= 1
    json.dumps(found, allow_nan=False)


def test_the_commit_of_the_working_directory_is_told_and_whether_files_differ(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance({}, {})["git_commit"] is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    (tmp_path / "file").write_text("1")
    for arguments in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "first"], ["tag", "v1"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert provenance({}, {})["git_commit"] == head
    (tmp_path / "file").write_text("2")
    assert provenance({}, {})["git_commit"] == f"{head}-dirty"


def test_the_provenance_id_depends_on_what_decides_numbers_and_on_nothing_else(surroundings):
    known = provenance_id(surroundings)
    assert re.fullmatch(r"[0-9a-f]{12}", known)
    irrelevant = surroundings | {"git_commit": "abc", "hardware": surroundings["hardware"] | {"cores": 64}}
    assert provenance_id(irrelevant) == known
    for changed in (
        surroundings | {"versions": surroundings["versions"] | {"torch": "2.9.1"}},
        surroundings | {"plugins": {"foundations": "0.1.1"}},
        surroundings | {"hardware": surroundings["hardware"] | {"gpu": "A GPU"}},
        surroundings | {"hardware": surroundings["hardware"] | {"cpu": "Another CPU"}},
    ):
        assert provenance_id(changed) != known


def test_a_replacement_that_fails_leaves_the_old_file_and_no_litter(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(TypeError):
        replace_file(tmp_path / "file", 3)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        replace_file(tmp_path / "folder", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"
