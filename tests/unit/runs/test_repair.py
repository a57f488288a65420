"""Broken run folders: intact results stay usable, damage is repaired where possible, and copies are kept."""

import csv
import json
import os
import socket
import time
from dataclasses import replace

import pytest

from dlbench.errors import DlbenchError
from dlbench.runs.folder import RunFolder
from dlbench.runs.repair import examine, repair
from dlbench.trials.identity import digest

TABLES = ("trials.csv", "epochs.csv", "confusion.csv", "comparison.csv")


@pytest.fixture
def run(tmp_path, make_record, make_plan, provenance):
    path = tmp_path / "run"
    with RunFolder(path) as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
        for activation in ("relu", "tanh"):
            for seed in range(3):
                folder.add(make_record(activation, seed, accuracy=0.5 + seed / 10, log="printed\n"))
    return path


def _journal(run):
    (path,) = (run / "journal").glob("*.jsonl")
    return path


def _as_a_spreadsheet(text, *, delimiter=";", mark=b"\xef\xbb\xbf", encoding="utf-8"):
    rows = list(csv.reader(text.splitlines()))
    header, *body = rows
    lines = [delimiter.join(cell.replace(".", ",") for cell in row) for row in (header, *reversed(body))]
    return mark + "\r\n".join(lines).encode(encoding)


def test_an_intact_folder_has_no_findings(run):
    assert list(examine(run)) == []


def _weights(run, name):
    (run / "weights").mkdir()
    (run / "weights" / name).write_bytes(b"half")


BREAKS = {
    "torn last line": lambda run: _journal(run).write_bytes(_journal(run).read_bytes()[:-40]),
    "half-written record": lambda run: _journal(run).write_bytes(
        _journal(run).read_bytes().replace(b'"status":"done"', b'"sta', 1)
    ),
    "binary rubbish": lambda run: _journal(run).write_bytes(b"\x00\xff\n" + _journal(run).read_bytes()),
    "no line end": lambda run: _journal(run).write_bytes(_journal(run).read_bytes()[:-1]),
    "no manifest": lambda run: (run / "manifest.json").unlink(),
    "half a manifest": lambda run: (run / "manifest.json").write_text((run / "manifest.json").read_text()[:300]),
    "a manifest of another kind": lambda run: (run / "manifest.json").write_text("[1, 2]"),
    "a manifest of schema 0": lambda run: (run / "manifest.json").write_text('{"schema": 0}'),
    "spreadsheet": lambda run: (run / "trials.csv").write_bytes(_as_a_spreadsheet((run / "trials.csv").read_text())),
    "other order": lambda run: (run / "epochs.csv").write_text(
        "\n".join([*(lines := (run / "epochs.csv").read_text().splitlines())[:1], *reversed(lines[1:]), ""])
    ),
    "CR LF": lambda run: (run / "trials.csv").write_bytes((run / "trials.csv").read_bytes().replace(b"\n", b"\r\n")),
    "torn table": lambda run: (run / "confusion.csv").write_bytes((run / "confusion.csv").read_bytes()[:-5]),
    "an edited number": lambda run: (run / "trials.csv").write_text(
        (run / "trials.csv").read_text().replace("0.5", "0.9")
    ),
    "no table": lambda run: (run / "epochs.csv").unlink(),
    "no logs": lambda run: [path.unlink() for path in (run / "logs").iterdir()],
    "half-written file": lambda run: (run / ".trials.csv.partial-1-ab").write_text("half"),
    "half-written weights": lambda run: _weights(run, ".0123.pt.partial-1-ab"),
    "half-written weights of an older version": lambda run: _weights(run, "0123.pt.77.part"),
    "killed session": lambda run: (run / "journal" / ".x.live").write_text(
        json.dumps({"host": socket.gethostname(), "pid": 1}) + "\n"
    ),
}


@pytest.mark.parametrize("how", BREAKS)
def test_damage_is_found_and_repaired_and_a_copy_is_kept(run, how):
    before = {name: (run / name).read_bytes() for name in TABLES}
    BREAKS[how](run)
    broken = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert list(examine(run))
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == broken  # examining changes nothing
    found = list(repair(run))
    assert all(repaired for _, repaired in found)
    assert list(examine(run)) == []
    folder = RunFolder(run)
    assert folder.warnings == ()
    assert len(folder.records) == (6 if how not in ("torn last line", "half-written record") else 5)
    assert len(folder.plan.variants) == 2
    if len(folder.records) == 6 and "manifest" not in how:
        assert {name: (run / name).read_bytes() for name in TABLES} == before
    kept = (
        [path.read_bytes() for path in (run / "kept").rglob("*") if path.is_file()] if (run / "kept").exists() else []
    )
    for path, content in broken.items():
        if path.name.endswith(".live") or path.parent.name == "weights":  # a part of a network is of no use
            continue
        assert (path.exists() and path.read_bytes() == content) or content in kept


def test_a_rebuilt_manifest_fits_the_command_that_made_the_folder(run, make_plan):
    plan = json.loads((run / "manifest.json").read_text())["plan"]
    (run / "manifest.json").unlink()
    with pytest.raises(DlbenchError) as caught:
        _ = RunFolder(run).plan
    assert f"dlbench results doctor {run}" in caught.value.hint
    list(repair(run))
    again = RunFolder(run).plan
    assert again["axes"] == plan["axes"]
    assert again["seeds"] == plan["seeds"]
    assert [v["variant_id"] for v in again["variants"]] == [v["variant_id"] for v in plan["variants"]]
    assert (again["baseline"], again["fixed"]["optimizer"]) == ("relu", "standard/adam")


@pytest.mark.parametrize("content", [None, "{"])
def test_a_search_alone_tells_no_plan_and_the_rest_is_repaired(tmp_path, make_plan, make_record, provenance, content):
    run, record = tmp_path / "run", make_record(log="printed\n")
    with RunFolder(run) as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
        folder.add(replace(record, trial=replace(record.trial, role="tuning")))
    (run / "trials.csv").unlink()
    (run / "manifest.json").unlink()
    if content:
        (run / "manifest.json").write_text(content)
    told = {finding.file: (finding.remedy, repaired) for finding, repaired in repair(run)}
    there = "moved away" if content else "nothing to rebuild it from"
    assert told["manifest.json"] == (f"{there}; type the command again", bool(content))
    assert told["trials.csv"] == ("rebuilt from the journals", True)
    assert not (run / "manifest.json").exists()
    with RunFolder(run) as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
    assert list(examine(run)) == []


def test_a_folder_of_a_newer_dlbench_is_left_as_it_is(run):
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["schema"], manifest["sessions"][0]["versions"]["dlbench"] = 3, "3.0"
    manifest["checksums"] |= {"schema": digest(3), "sessions": digest(manifest["sessions"])}
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / "trials.csv").unlink()
    ((finding, repaired),) = repair(run)
    assert not repaired
    assert "newer dlbench 3.0" in finding.problem
    assert "pip install -U 'dlbench>=3.0'" in finding.remedy
    assert not (run / "trials.csv").exists()


def test_records_of_a_newer_dlbench_stay_in_the_journal(run):
    path = _journal(run)
    first, *rest = path.read_text().splitlines()
    content = {key: value for key, value in json.loads(first).items() if key not in ("format", "checksum")}
    newer = json.dumps(content | {"colour": "red"})
    path.write_text("\n".join([newer, *rest, "torn"]) + "\n")
    assert "newer" in RunFolder(run).warnings[0]
    found = list(repair(run))
    assert [repaired for finding, repaired in found if finding.file.startswith("journal")] == [True, False]
    assert newer in path.read_text()
    assert "torn" not in path.read_text()


def test_a_table_that_a_spreadsheet_saved_is_rebuilt_by_the_next_session_and_a_copy_is_kept(run, make_plan, provenance):
    saved = _as_a_spreadsheet((run / "trials.csv").read_text())
    before = (run / "trials.csv").read_text()
    (run / "trials.csv").write_bytes(saved)
    with RunFolder(run) as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
    (note,) = folder.notes
    assert "saved by another program" in note
    assert (run / "trials.csv").read_text() == before
    (kept,) = (run / "kept").rglob("trials.csv")
    assert kept.read_bytes() == saved


def test_half_written_files_of_a_killed_process_are_cleaned_up_by_the_next_session(run, make_plan, provenance):
    old, young = run / ".trials.csv.partial-1-ab", run / ".epochs.csv.partial-2-cd"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (time.time() - 3600,) * 2)
    with RunFolder(run) as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
    assert not old.exists()
    assert young.exists()  # another process may still be writing it


def test_a_session_on_another_machine_counts_as_active_until_it_was_silent_for_long(run):
    path = run / "journal" / ".far.live"
    path.write_text(json.dumps({"host": "elsewhere", "pid": 7}) + "\n")
    with pytest.raises(DlbenchError, match="in use by process 7 on elsewhere"):
        list(repair(run))
    os.utime(path, (time.time() - 3600,) * 2)
    assert [finding.file for finding, _ in repair(run)] == ["journal/.far.live"]


def test_a_subfolder_that_is_a_link_is_refused(run, make_plan, provenance, tmp_path):
    (tmp_path / "outside").mkdir()
    (run / "weights").symlink_to(tmp_path / "outside")
    with pytest.raises(DlbenchError, match="is a link to"):
        RunFolder(run).start(make_plan(), ["dlbench"], provenance)


@pytest.mark.parametrize("saved", [b"\x00\xff", b"", b"a;b\r\n1;2\r\n", b"train_seconds,epochs_run\nx,0\n,\n1,0\n"])
def test_the_time_estimate_ignores_a_table_that_another_program_saved(run, make_record, saved):
    from dlbench.runs.timing import seconds_per_trial

    trials = [make_record("relu", 9).trial]
    assert seconds_per_trial(trials, run.parent) == [2.5]
    (run / "trials.csv").write_bytes(saved)
    assert seconds_per_trial(trials, run.parent) == [None]
