"""What a session trains now is in a file beside its journal, for whoever watches; it goes with the session."""

import json
import math
import os

import pytest

from dlbench.runs.peers import ActiveSessions, active_peers, dead_sessions
from dlbench.runs.running_trials import RunningTrial, read_running, write_running

TRIAL = RunningTrial(trial_id="a" * 16, label="relu", seed=3, epochs=10)


@pytest.fixture
def session(tmp_path):
    (tmp_path / "journal").mkdir()
    active = ActiveSessions(tmp_path)
    active.join()
    yield active
    active.leave()


def _files(folder):
    return sorted(path.name for path in (folder / "journal").glob(".*.running"))


def test_epochs_come_back_as_they_were_written(session, tmp_path):
    trial = TRIAL.after(1, {"train_loss": 2.5, "validation_accuracy": 0.5}).after(
        2, {"validation_accuracy": 0.123456789}
    )
    write_running(tmp_path, session.session, [trial])
    (found,) = read_running(tmp_path, active_peers(tmp_path))
    assert (found.label, found.seed, found.epochs, found.epoch, found.at) == ("relu", 3, 10, 2, (1, 2))
    assert found.curves["validation_accuracy"] == (0.5, 0.123457)
    assert found.curves["train_loss"][0] == 2.5
    assert math.isnan(found.curves["train_loss"][1])
    (path,) = (tmp_path / "journal").glob(".*.running")
    json.loads(path.read_text(), parse_constant=pytest.fail)  # strictly valid JSON


def test_a_trial_that_was_resumed_has_the_epochs_since_then():
    assert TRIAL.after(7, {"train_loss": 1.0}).at == (7,)


def test_a_long_training_keeps_few_points_and_the_last_one():
    trial = TRIAL
    for epoch in range(1, 5001):
        trial = trial.after(epoch, {"train_loss": epoch})
        assert len(trial.at) <= 400
    assert trial.at[0] == 1
    assert trial.epoch == 5000
    assert trial.curves["train_loss"] == tuple(map(float, trial.at))


def test_nothing_is_left_when_nothing_runs_or_the_session_has_ended(session, tmp_path):
    write_running(tmp_path, session.session, [TRIAL])
    assert len(_files(tmp_path)) == 1
    write_running(tmp_path, session.session, [])
    assert _files(tmp_path) == []
    write_running(tmp_path, session.session, [TRIAL])
    name = session.session
    session.leave()
    assert _files(tmp_path) == []
    write_running(tmp_path, name, [TRIAL])
    assert _files(tmp_path) == []


def test_what_a_killed_session_left_counts_as_dead_and_goes_with_the_next_one(session, tmp_path):
    left = tmp_path / "journal" / ".20200101T000000.000000Z-1.running"
    left.write_text("{}")
    assert dead_sessions(tmp_path) == [left]
    assert read_running(tmp_path, active_peers(tmp_path)) == ()
    session.leave()
    assert not left.exists()


def test_the_next_session_removes_the_files_of_one_that_was_killed(tmp_path):
    journal = tmp_path / "journal"
    journal.mkdir()
    killed = [journal / f".20200101T000000.000000Z-1{ending}" for ending in (".live", ".lock", ".running")]
    for path in killed:
        path.write_text("{}")
        os.utime(path, (0, 0))  # silent for long
    assert sorted(dead_sessions(tmp_path)) == sorted(killed)
    active = ActiveSessions(tmp_path)
    active.join()
    assert not [path for path in killed if path.exists()]
    active.leave()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"trials": [{}]}', '{"trials": 3}', "[" * 100_000, "\udcff"])
def test_a_file_that_cannot_be_read_shows_nothing(session, tmp_path, content):
    path = tmp_path / "journal" / f".{session.session}.running"
    path.write_bytes(content.encode(errors="surrogateescape"))
    assert read_running(tmp_path, active_peers(tmp_path)) == ()
