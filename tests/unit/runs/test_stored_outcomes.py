"""Outcomes per test image in run folders: kept by journals, merging and repair, shown in no table."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlbench.runs.folder import RunFolder
from dlbench.runs.journal import append_record, journal_path, read_journal
from dlbench.runs.journal_line import parse_line, record_line
from dlbench.runs.merge import merge
from dlbench.runs.repair import repair
from dlbench.trials.outcomes import ImageOutcomes

OUTCOMES = ImageOutcomes.of(np.arange(30) % 3 > 0, np.arange(30), "abc")
COMMITTED = Path(__file__).parents[3] / "results"


@pytest.fixture
def make_run(tmp_path, make_record, make_plan, provenance):
    def make(name, seeds=(0, 1), outcomes=OUTCOMES):
        with RunFolder(tmp_path / name) as folder:
            folder.start(make_plan(("relu",), seeds), ["dlbench", name], provenance)
            for seed in seeds:
                folder.add(make_record(seed=seed, outcomes=outcomes))
        return tmp_path / name

    return make


def stored(folder):
    return [record.outcomes for record in RunFolder(folder).records]


def test_a_journal_keeps_them(make_run):
    assert stored(make_run("run")) == [OUTCOMES, OUTCOMES]


def test_one_journal_holds_records_with_and_without_them(tmp_path, make_record):
    (tmp_path / "journal").mkdir()
    records = [make_record(seed=0), make_record(seed=1, outcomes=OUTCOMES)]
    for record in records:
        append_record(journal_path(tmp_path, "a"), record)
    journal = read_journal(tmp_path)
    assert list(journal.records.values()) == records
    assert journal.warnings == ()


def test_damaged_base64_costs_neither_the_record_nor_the_others(make_run):
    folder = make_run("run")
    (path,) = (folder / "journal").glob("*.jsonl")
    first, second = path.read_text().splitlines()
    content = {key: value for key, value in json.loads(first).items() if key not in ("format", "checksum")}
    content["outcomes"]["correct"] = "*" + content["outcomes"]["correct"][1:]
    path.write_text(json.dumps(content) + "\n" + second + "\n")
    journal = read_journal(folder)
    assert journal.warnings == ()
    damaged, whole = journal.records.values()
    assert damaged.metrics == whole.metrics
    assert whole.outcomes == OUTCOMES
    with pytest.raises(ValueError, match="base64"):
        damaged.outcomes.bits()
    assert [finding.problem for finding, _ in repair(folder) if finding.file.startswith("journal")] == []


def test_merging_keeps_them(make_run, tmp_path):
    merge(tmp_path / "both", [make_run("new", (0, 1)), make_run("old", (2,), outcomes=None)])
    assert stored(tmp_path / "both") == [OUTCOMES, OUTCOMES, None]


def test_a_trial_with_them_is_the_same_trial_as_one_without(make_run, tmp_path):
    merged = merge(make_run("old", outcomes=None), [make_run("new")])
    assert (merged.there, merged.differing) == (2, [])


def test_repairing_a_folder_whose_manifest_is_lost_keeps_them(make_run):
    folder = make_run("run")
    (folder / "manifest.json").unlink()
    (folder / "trials.csv").unlink()
    assert all(repaired for _, repaired in repair(folder))
    assert stored(folder) == [OUTCOMES, OUTCOMES]


def test_no_table_has_them(make_run):
    folders = make_run("with"), make_run("without", outcomes=None)
    for name in ("trials.csv", "epochs.csv", "confusion.csv", "comparison.csv"):
        first, second = ((folder / name).read_bytes() for folder in folders)
        assert first == second


@pytest.mark.skipif(not COMMITTED.is_dir(), reason="this is no checkout")
def test_lines_of_committed_journals_from_before_are_read_and_written_back_unchanged(make_record):
    """The first line of each journal that holds all other fields of a record; settings added since then aside."""
    found = 0
    for path in sorted(COMMITTED.glob("*/journal/*.jsonl")):
        with path.open("rb") as file:
            line = file.readline()
        content = json.loads(line)
        if "checksum" in content or "outcomes" in content or "watched" not in content:
            continue
        record = parse_line(line)
        assert record.outcomes is None
        assert record.trial_id == content["trial_id"]
        written = json.loads(record_line(record))
        assert (written.pop("format"), len(written.pop("checksum"))) == (2, 16)
        assert {**written, "trial": None} == {**content, "trial": None}
        assert list(written) == list(content)
        found += 1
    assert found
