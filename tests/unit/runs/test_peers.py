"""Sessions that share a run folder: who is active, whose folder it is, and which session is the later one."""

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from dlbench.cli.commands.results.app import app
from dlbench.errors import DlbenchError
from dlbench.files import PARTIAL
from dlbench.runs import folder_session, journal, removal
from dlbench.runs.contribution import LOST
from dlbench.runs.folder import RunFolder
from dlbench.runs.locations import list_runs
from dlbench.runs.manifest import read_manifest, write_manifest
from dlbench.runs.merge import merge
from dlbench.runs.peers import ActiveSessions, FolderTakenError, Peer, active_peers
from dlbench.runs.removal import remove_run
from dlbench.runs.repair import repair


@pytest.fixture
def begin(tmp_path, make_plan, provenance):
    """Begin a session in a folder, of the name "run" by default."""

    def begin(name="run", plan=None, **options):
        folder = RunFolder(tmp_path / name, **options)
        folder.start(plan or make_plan(), ["dlbench"], provenance)
        return folder

    return begin


def _seeds(path):
    return sorted(record.trial.seed for record in RunFolder(path).records)


@pytest.mark.parametrize("way", ["claim", "add", "extend", "close", "check_joined"])
@pytest.mark.parametrize("replaced", [False, True], ids=["gone", "replaced"])
def test_a_session_whose_folder_was_moved_stops_and_writes_into_no_other(
    begin, make_record, make_plan, tmp_path, way, replaced
):
    folder = begin()
    folder.add(make_record(seed=0))
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    if replaced:
        with begin() as other:
            other.add(make_record(seed=7))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    argument = {"claim": ["x"], "add": [make_record(seed=1)], "extend": [make_plan(seeds=(0, 1, 2, 3))]}.get(way, [])
    with pytest.raises(DlbenchError, match=r"no longer the folder of this session|is gone") as caught:
        getattr(folder, way)(*argument)
    assert caught.value.exit_code == 2
    assert "the same command again" in caught.value.hint
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert _seeds(tmp_path / "elsewhere") == [0]


def test_a_session_that_was_told_writes_nothing_at_its_end_either(begin, make_record, tmp_path):
    def lose():
        with begin() as folder:
            (tmp_path / "run").rename(tmp_path / "elsewhere")
            with begin():
                folder.claim("x")

    with pytest.raises(FolderTakenError):
        lose()
    assert [session["ended"] is None for session in read_manifest(tmp_path / "elsewhere").sessions] == [True]
    assert len(read_manifest(tmp_path / "run").sessions) == 1


def test_fresh_looks_for_sessions_when_it_moves_the_folder(begin, make_record, make_plan, provenance, tmp_path):
    late = RunFolder(tmp_path / "run", fresh=True)  # asked, and agreed to, while nobody was there
    with begin() as folder:
        with pytest.raises(DlbenchError, match=f"in use by process {os.getpid()}"):
            late.start(make_plan(), ["dlbench"], provenance)
        folder.add(make_record(seed=0))
    late.start(make_plan(), ["dlbench"], provenance)
    late.close()
    (aside,) = (path for path in tmp_path.iterdir() if path.name.startswith("run.old-"))
    assert _seeds(aside) == [0]
    assert {path.suffix for path in (aside / "journal").iterdir()} == {".jsonl"}
    assert _seeds(tmp_path / "run") == []


def test_a_session_that_waits_for_the_lock_of_a_folder_that_is_moved_begins_in_the_new_one(begin, tmp_path):
    begin().close()
    with ActiveSessions(tmp_path / "run").exclusive():
        code = (
            "import sys; from pathlib import Path; from dlbench.runs.peers import ActiveSessions\n"
            "active = ActiveSessions(Path(sys.argv[1])); print('waits', flush=True)\n"
            "with active.exclusive():\n    active.join(); print(sorted(p.name for p in Path(sys.argv[1]).iterdir()))"
        )
        waiting = subprocess.Popen([sys.executable, "-c", code, tmp_path / "run"], stdout=subprocess.PIPE, text=True)
        assert waiting.stdout.readline() == "waits\n"
        time.sleep(0.2)
        (tmp_path / "run").rename(tmp_path / "aside")
        (tmp_path / "run" / "journal").mkdir(parents=True)
        (tmp_path / "run" / "new").touch()
    assert "new" in waiting.communicate(timeout=60)[0]
    assert not list((tmp_path / "aside" / "journal").glob(".*.live"))


def test_rm_merge_and_doctor_leave_a_folder_alone_in_which_a_session_runs(begin, make_record, tmp_path):
    with begin("source") as source:
        source.add(make_record(seed=5))
    with begin() as folder:
        folder.add(make_record(seed=0))
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.suffix in (".jsonl", ".csv", ".json")}
        for act in (
            lambda: remove_run(tmp_path / "run"),
            lambda: merge(tmp_path / "run", [tmp_path / "source"]),
            lambda: list(repair(tmp_path / "run")),
        ):
            with pytest.raises(DlbenchError, match="in use by process"):
                act()
        assert all(path.read_bytes() == content for path, content in before.items())
        folder.add(make_record(seed=1))
    assert merge(tmp_path / "run", [tmp_path / "source"]).added == {"source": 1}
    assert _seeds(tmp_path / "run") == [0, 1, 5]


def test_rm_looks_for_sessions_after_its_question(begin, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from dlbench.cli.commands.results import upkeep

    begin().close()
    begun = []
    monkeypatch.setattr(upkeep, "confirm", lambda question: begun.append(begin()) or True)
    done = CliRunner().invoke(app, ["rm", "run", "--results-dir", str(tmp_path)])
    assert "in use by process" in str(done.exception)
    begun[0].close()
    assert len(read_manifest(tmp_path / "run").sessions) == 2


def test_merging_keeps_what_was_recorded_while_it_read(begin, make_record, tmp_path, monkeypatch):
    begin().close()
    with begin("source") as source:
        source.add(make_record(seed=0, accuracy=0.1))
    opened = RunFolder.importing

    def importing(folder):
        with begin() as other:
            other.add(make_record(seed=0))
        return opened(folder)

    monkeypatch.setattr(RunFolder, "importing", importing)
    merged = merge(tmp_path / "run", [tmp_path / "source"])
    assert (merged.added, merged.there) == ({"source": 0}, 1)
    lines = [line for path in (tmp_path / "run" / "journal").glob("*.jsonl") for line in path.read_text().splitlines()]
    assert len(lines) == 1


def test_what_a_killed_rm_has_left_is_no_run_and_is_removed_by_the_next_command(begin, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    begin().close()
    begin("other").close()
    monkeypatch.setattr(removal, "remove_folder", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        remove_run(tmp_path / "run")
    (hidden,) = tmp_path.glob(f".run{PARTIAL}*")
    assert (hidden / "manifest.json").exists()
    assert [path.name for path in list_runs(tmp_path)] == ["other"]
    assert CliRunner().invoke(app, ["list", "--results-dir", str(tmp_path)]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def _interrupted(path):
    raise KeyboardInterrupt


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said_and_the_folder_stays_readable(
    begin, make_record, make_plan, provenance, tmp_path, monkeypatch, number
):
    with begin() as folder:
        folder.add(make_record(seed=0))
    killed = begin()
    killed.claim("x")
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", _refusing(number))
        for _ in range(2):
            with pytest.raises(DlbenchError, match="cannot be written") as caught:
                RunFolder(tmp_path / "run").start(make_plan(), ["dlbench"], provenance)
            assert "has no locks" in caught.value.hint
            assert "--results-dir" in caught.value.hint
        assert _seeds(tmp_path / "run") == [0]
    live = json.loads(next((tmp_path / "run" / "journal").glob(".*.live")).read_text().splitlines()[0])
    assert live["pid"] == os.getpid()  # nothing has written into it
    killed.close()


def test_a_file_system_without_locks_keeps_no_new_folder(begin, tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", _refusing(errno.ENOSYS))
    with pytest.raises(DlbenchError, match="cannot be written"):
        begin()
    assert list_runs(tmp_path) == ()
    assert not (tmp_path / "run").exists()


def _refusing(number):
    def flock(descriptor, operation):
        raise OSError(number, os.strerror(number))

    return flock


def test_what_an_older_version_left_in_place_of_a_session_is_no_obstacle(begin, make_record, tmp_path):
    begin().close()
    for name, content in ((".a.live", "4711\n"), (".b.live", "[1]"), (".c.live", ""), (".d.live", "{}")):
        (tmp_path / "run" / "journal" / name).write_text(content)
    (tmp_path / "run" / "journal" / ".lock").write_text("4711\nhost\n")  # as an existing file is a lock elsewhere
    os.utime(tmp_path / "run" / "journal" / ".a.live", (0, 0))
    for path in (tmp_path / "run" / "journal").glob(".?.live"):
        os.utime(path, (0, 0))
    with begin() as folder:
        folder.add(make_record(seed=0))
    assert _seeds(tmp_path / "run") == [0]
    assert {path.suffix for path in (tmp_path / "run" / "journal").iterdir()} == {".jsonl"}


def test_a_session_that_no_lock_reaches_counts_as_active_while_its_process_lives(tmp_path, begin):
    begin().close()
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    from dlbench.machine import process_start

    about = {
        "host": socket.gethostname(),
        "pid": process.pid,
        "started": process_start(process.pid),
        "namespace": os.readlink("/proc/self/ns/pid"),
    }
    (tmp_path / "run" / "journal" / ".x.live").write_text(json.dumps(about) + "\n")
    (tmp_path / "run" / "journal" / ".x.lock").touch()
    assert [peer.pid for peer in active_peers(tmp_path / "run")] == [process.pid]
    process.communicate(b"\n")
    assert active_peers(tmp_path / "run") == ()


class Clock(datetime):
    """A clock that a test sets."""

    ahead = timedelta()

    @classmethod
    def now(cls, zone=None):
        return datetime.now(zone) + cls.ahead


def test_a_session_whose_clock_is_fast_does_not_hide_what_later_ones_compute(begin, make_record, tmp_path, monkeypatch):
    from dlbench.runs import peers

    monkeypatch.setattr(peers, "datetime", Clock)
    monkeypatch.setattr(Clock, "ahead", timedelta(days=1))
    with begin() as fast:
        fast.add(make_record(seed=0, status="failed", metrics={}))
    monkeypatch.setattr(Clock, "ahead", timedelta())
    for accuracy in (0.5, 0.6, 0.7):
        with begin() as folder:
            folder.add(make_record(seed=0, accuracy=accuracy))
        (record,) = RunFolder(tmp_path / "run").records
        assert (record.status, record.metrics["train_accuracy"]) == ("done", accuracy)
    names = [session["session"] for session in read_manifest(tmp_path / "run").sessions]
    assert names == sorted(names)
    assert len(set(names)) == 4


def test_what_many_trials_of_others_cost_grows_no_faster_than_their_number(begin, monkeypatch):
    names = [f"{number:016x}" for number in range(20_000)]
    other = Peer(session="other", host="far", pid=7, claimed=frozenset(names))
    with begin() as folder:
        monkeypatch.setattr(folder._active, "peers", lambda: (other,))
        began = time.perf_counter()
        assert folder.running_elsewhere([*names, "x"]) == dict.fromkeys(names, other)
        assert time.perf_counter() - began < 2


def test_names_stay_in_order_at_the_end_of_time_and_beside_foreign_ones():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert journal.session_name(now, ["notes", "99991231", ""]).startswith("20260101T000000.000000Z-")
    last = "99991231T235959.999999Z-1"
    assert journal.session_name(now, [last]).startswith("99991231T235959.999999Z-")
    assert journal.session_name(now, ["20270101T000000.999999Z-1"]).startswith("20270101T000001.000000Z-")


def test_a_plan_that_another_process_has_overwritten_is_restored_and_said(begin, make_plan, make_record, tmp_path):
    stale = make_plan(["relu", "gelu"], (0,))
    folder = begin(plan=make_plan(["relu", "tanh"], (0, 1, 2)))
    before = read_manifest(tmp_path / "run")
    other = begin(plan=stale)  # it has read the folder before the first one began, as its lock did not reach
    alone = read_manifest(tmp_path / "run")
    entry = next(session for session in alone.sessions if session not in before.sessions)
    write_manifest(tmp_path / "run", type(before)(schema=1, name="run", plan=stale, sessions=(entry,)))
    folder.add(make_record(seed=0))
    folder.close()
    other.close()
    manifest = read_manifest(tmp_path / "run")
    found = {tuple(variant.label for variant in asked.plan.variants): asked.plan.seeds for asked in manifest.history}
    assert found == {("relu", "gelu"): (0,), ("relu", "tanh"): (0, 1, 2)}
    assert [session["ended"] is not None for session in manifest.sessions] == [True, True]
    assert LOST in folder.take_notes()
    assert LOST not in other.take_notes()


def test_an_end_that_another_process_overwrites_just_then_is_restored(begin, make_plan, tmp_path, monkeypatch):
    folder, other = begin(), begin(plan=make_plan(["relu", "gelu"]))
    before = read_manifest(tmp_path / "run")
    overwrite = SimpleNamespace(sleep=lambda _: write_manifest(tmp_path / "run", before))
    monkeypatch.setattr(folder_session, "time", overwrite)  # not time.sleep itself, which other threads call
    folder.claim("x")  # sees the other
    folder.close()
    assert [session["ended"] is not None for session in read_manifest(tmp_path / "run").sessions] == [True, False]
    assert LOST in folder.take_notes()
    other.close()


def test_sessions_that_follow_each_other_or_share_a_folder_in_order_say_nothing(begin, make_plan, make_record):
    folder = begin()
    folder.extend(make_plan())
    folder.add_session_facts(reused={"x": 1}, pair=(1, 2))
    other = begin(plan=make_plan(["gelu"], (9,)))
    folder.add(make_record(seed=0))
    other.add(make_record(seed=1))
    other.close()
    folder.close()
    again = begin()
    again.close()
    assert [each.take_notes() for each in (folder, other, again)] == [[], [], []]


def test_a_lock_that_a_killed_session_left_without_its_file_is_removed(begin, tmp_path):
    from dlbench.runs.repair import examine

    begin().close()
    orphan = tmp_path / "run" / "journal" / ".20260101T000000.000000Z-1.lock"
    orphan.touch()
    assert [finding.file for finding in examine(tmp_path / "run")] == [f"journal/{orphan.name}"]
    begin().close()
    assert not orphan.exists()
