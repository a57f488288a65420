import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dlbench.runs.journal import append_record, journal_path, read_journal, session_name
from dlbench.runs.journal_line import record_line


@pytest.fixture(autouse=True)
def _journal_folder(tmp_path):
    (tmp_path / "journal").mkdir()


def test_a_record_comes_back_as_it_was(tmp_path, make_record):
    record = make_record(status="diverged", message="häßlich\n2nd line", log="trace\nback", provenance_id="0123")
    append_record(journal_path(tmp_path, "a"), record)
    journal = read_journal(tmp_path)
    assert journal.records == {record.trial_id: record}
    assert journal.warnings == ()


def test_nan_and_every_digit_survive(tmp_path, make_record):
    record = make_record(metrics={"test_loss": math.nan, "test_accuracy": 0.1 + 0.2, "train_loss": math.inf})
    append_record(journal_path(tmp_path, "a"), record)
    metrics = read_journal(tmp_path).records[record.trial_id].metrics
    assert math.isnan(metrics["test_loss"])
    assert metrics["test_accuracy"] == 0.1 + 0.2
    assert metrics["train_loss"] == math.inf


def test_each_record_is_one_line(tmp_path, make_record):
    for seed in range(3):
        append_record(journal_path(tmp_path, "a"), make_record(seed=seed, log="many\nlines\r\n"))
    lines = journal_path(tmp_path, "a").read_text().splitlines()
    assert [json.loads(line)["trial"]["seed"] for line in lines] == [0, 1, 2]


def test_the_last_record_of_a_trial_wins_within_a_session_and_between_sessions(tmp_path, make_record):
    first, second, third = (make_record(accuracy=accuracy) for accuracy in (0.1, 0.2, 0.3))
    append_record(journal_path(tmp_path, "2026-b"), third)
    append_record(journal_path(tmp_path, "2025-a"), first)
    append_record(journal_path(tmp_path, "2025-a"), second)
    assert tuple(read_journal(tmp_path).records.values()) == (third,)


def test_later_sessions_have_later_names():
    times = [datetime(2025, 12, 31, 23, 59, 59, 999999, UTC), datetime(2026, 1, 1, 0, 0, 0, 5, UTC)]
    names = [session_name(moment) for moment in times]
    assert names == sorted(names)


@pytest.mark.parametrize("cut", [1, 2, 50, 1000])
def test_a_torn_last_line_costs_its_record_alone(tmp_path, make_record, cut):
    path = journal_path(tmp_path, "a")
    append_record(path, make_record(seed=0))
    append_record(path, make_record(seed=1))
    path.write_bytes(path.read_bytes()[:-cut])
    journal = read_journal(tmp_path)
    whole = [0, 1] if cut == 1 else [0]  # without its line feed the record is still complete
    assert [record.trial.seed for record in journal.records.values()] == whole
    assert len(journal.warnings) == 2 - len(whole)
    assert all("a.jsonl, line 2" in warning for warning in journal.warnings)


@pytest.mark.parametrize("line", ["no json", "{}", "[1, 2]", "null", '{"trial_id": "x", "trial": {}}', "\x00\x00"])
def test_a_foreign_line_is_skipped_with_a_warning(tmp_path, make_record, line):
    path = journal_path(tmp_path, "a")
    append_record(path, make_record(seed=0))
    with path.open("a") as file:
        file.write(line + "\n")
    append_record(path, make_record(seed=1))
    journal = read_journal(tmp_path)
    assert [record.trial.seed for record in journal.records.values()] == [0, 1]
    assert len(journal.warnings) == 1
    assert "line 2" in journal.warnings[0]


def test_a_folder_without_journals_has_no_records(tmp_path):
    assert read_journal(tmp_path / "absent").records == {}


@pytest.mark.slow
def test_ten_thousand_records_come_back_in_their_order(tmp_path, make_record):
    record = make_record(epochs=10)
    records = (replace(record, trial=replace(record.trial, seed=seed)) for seed in range(10_000))
    journal_path(tmp_path, "a").write_bytes(b"".join(map(record_line, records)))
    records = read_journal(tmp_path).records
    assert [record.trial.seed for record in records.values()] == list(range(10_000))


def test_adding_a_record_only_appends_to_the_existing_file(tmp_path, make_record):
    path, record = journal_path(tmp_path, "a"), make_record()
    append_record(path, record)
    line = path.read_bytes()
    path.write_bytes(b"kept as it is\n" * 1000)
    before = path.stat().st_ino
    append_record(path, record)
    assert path.stat().st_ino == before
    assert path.read_bytes() == b"kept as it is\n" * 1000 + line
