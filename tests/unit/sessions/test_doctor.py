"""The checks of `dlbench doctor` that need no other process."""

import os
from pathlib import Path

import pytest

from dlbench.sessions.doctor import examine_results


@pytest.fixture
def locked(tmp_path, monkeypatch):
    """A folder of another user, who lets nobody look into it."""
    folder, stat = tmp_path / "locked", os.stat
    folder.mkdir()

    def guarded(path, *args, **options):
        if folder in Path(os.fspath(path)).parents:
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **options)

    monkeypatch.setattr(os, "stat", guarded)
    return folder


def test_a_folder_that_may_not_be_looked_into_is_a_finding(locked):
    check = examine_results(locked / "mine" / "results")
    assert (check.health, check.found) == (
        "broken",
        f"{locked / 'mine' / 'results'}: cannot be written to (Permission denied)",
    )
    assert "--results-dir" in check.advice


def test_a_name_that_no_folder_can_have_is_a_finding(tmp_path):
    check = examine_results(tmp_path / ("long" * 100))
    assert check.health == "broken"
    assert "File name too long" in check.found


def test_a_folder_that_is_not_there_yet_is_created_when_it_is_needed(tmp_path):
    check = examine_results(tmp_path / "new" / "results")
    assert (check.health, check.found) == ("ok", f"{tmp_path / 'new' / 'results'} (created when needed)")
