"""Sessions whose run folder is moved, removed or filled by another process meanwhile."""

import pytest

from dlbench.errors import DlbenchError
from dlbench.runs.folder import RunFolder
from dlbench.runs.removal import remove_run


def test_a_session_stops_when_another_one_has_taken_its_folder(session, executor, tmp_path, monkeypatch):
    """Whoever moves it does not see the session: on another machine, or by hand."""
    first = executor()

    def take(count):
        if count == 2:
            (tmp_path / "run").rename(tmp_path / "moved")
            session(executor=executor())

    first.before = take
    with pytest.raises(DlbenchError, match="no longer the folder of this session"):
        session(executor=first)
    assert len(first.ran) <= 3
    assert len(RunFolder(tmp_path / "moved").records) == 2
    (only,) = RunFolder(tmp_path / "run").manifest.sessions
    assert only["ended"]
    assert len(RunFolder(tmp_path / "run").records) == 4


def test_a_session_notices_within_a_trial_that_its_folder_is_gone(session, executor, tmp_path):
    first = executor()
    first.before = lambda count: count == 1 and (tmp_path / "run").rename(tmp_path / "moved")
    with pytest.raises(DlbenchError, match="is gone: it was moved or deleted"):
        session(executor=first)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_was_complete_and_is_removed_before_the_session_begins_is_filled_again(
    session, executor, monkeypatch, tmp_path
):
    session()
    real = RunFolder.start

    def start(folder, *arguments, **options):
        remove_run(tmp_path / "run")
        return real(folder, *arguments, **options)

    monkeypatch.setattr(RunFolder, "start", start)
    done = session(executor=executor())
    assert len(done.ran) == len(done.outcome.records) == len(RunFolder(tmp_path / "run").records) == 4
    assert done.outcome.exit_code == 0
