"""The one door to the disk: whole files or the earlier ones, whatever fails, at every call that can fail."""

import ast
import csv
import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import dlbench
from dlbench import files
from dlbench.errors import DlbenchError
from dlbench.runs.folder import RunFolder

SOURCE = Path(dlbench.__file__).parent
#: What changes something on the disk, as a method or a function of whatever module.
WRITERS = {
    *("write_text", "write_bytes", "mkdir", "makedirs", "rename", "replace", "unlink", "rmdir", "rmtree", "touch"),
    *("symlink", "symlink_to", "hardlink_to", "link", "truncate", "ftruncate", "remove", "utime", "chmod", "to_csv"),
    *("savefig", "copyfile", "copytree", "move", "removedirs", "mkstemp", "NamedTemporaryFile", "to_parquet"),
}
#: `replace` of texts, dates and records; functions of the door itself; tables made into texts in memory.
INNOCENT = {"replace", "touch", "move", "to_csv", "to_parquet"}
#: Calls that change the disk, which `files` makes through `os`.
CALLS = ("open", "write", "fsync", "replace", "mkdir", "ftruncate", "unlink", "makedirs")


class FaultyOs:
    """`os`, whose n-th call that changes something fails with an error number, and with it all later ones of the kind.

    once: later calls go through again. short: the write that fails has written half of its data before.
    """

    def __init__(self, fail_at: int, number: int = errno.EIO, *, once: bool = True, short: bool = False) -> None:
        self.count = 0
        self.fail_at, self.number, self.once, self.short = fail_at, number, once, short

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments, **options):
            self.count += 1
            failing = self.count == self.fail_at or (not self.once and self.count > self.fail_at)
            if not failing:
                return real(*arguments, **options)
            if name == "write" and self.short:
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            raise OSError(self.number, os.strerror(self.number))

        return call


class ShortWrites:
    """`os`, whose writes take three bytes at a time."""

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, descriptor, data):
        return os.write(descriptor, data[:3])


def _session(path, make_record, make_plan, provenance, kept):
    """Three trials, one of which widens the views; `kept` holds those that count as done."""
    with RunFolder(path) as folder:
        folder.start(make_plan(), ["dlbench"], provenance)
        for record in (
            make_record("relu", 0),
            make_record("tanh", 0, metrics={"new_metric": 1.0}),
            make_record("relu", 1, status="failed", log="Traceback\n"),
        ):
            folder.claim(record.trial_id)
            folder.add(record)
            kept.append(record)
        folder.extend(make_plan(["relu", "tanh", "elu"]))


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _count(tmp_path, monkeypatch, *make):
    system = FaultyOs(0)
    monkeypatch.setattr(files, "os", system)
    _session(tmp_path / "counted", *make, [])
    monkeypatch.setattr(files, "os", os)
    return system.count


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "once", "short"),
    [
        (errno.ENOSPC, False, True),
        (errno.ENOSPC, True, True),
        (errno.EACCES, False, False),
        (errno.EIO, True, False),
        (errno.EROFS, False, False),
    ],
    ids=["full", "full for a moment", "permission", "input/output", "read-only"],
)
def test_whatever_call_fails_what_counts_as_done_is_there_and_the_next_session_completes_it(
    tmp_path, monkeypatch, make_record, make_plan, provenance, number, once, short
):
    make = (make_record, make_plan, provenance)
    calls = _count(tmp_path, monkeypatch, *make)
    assert calls > 40
    monkeypatch.setattr(files.os, "fsync", lambda descriptor: None)
    for fail_at in range(1, calls + 1):
        path, kept = tmp_path / f"run-{fail_at}", []
        monkeypatch.setattr(files, "os", FaultyOs(fail_at, number, once=once, short=short))
        try:
            _session(path, *make, kept)
        except DlbenchError as error:
            assert os.strerror(number) in error.message  # noqa: PT017  # many calls, each of which may or may not fail
        monkeypatch.setattr(files, "os", os)
        known = {record.trial_id: record for record in RunFolder(path).records}
        assert {record.trial_id for record in kept} <= known.keys()
        assert all(known[record.trial_id] == record for record in kept)
        again: list[object] = []
        _session(path, *make, again)
        assert len(again) == 3
        rows = _rows(path / "trials.csv")
        assert len(rows) == len({row["trial_id"] for row in rows}) == 3
        assert len(_rows(path / "epochs.csv")) == 9
        shutil.rmtree(path)


def test_short_writes_are_continued_until_all_is_written(tmp_path, monkeypatch, make_record, make_plan, provenance):
    monkeypatch.setattr(files, "os", ShortWrites())
    _session(tmp_path / "run", make_record, make_plan, provenance, [])
    monkeypatch.setattr(files, "os", os)
    assert len(RunFolder(tmp_path / "run").records) == 3
    assert RunFolder(tmp_path / "run").warnings == ()
    assert len(_rows(tmp_path / "run" / "trials.csv")) == 3


def test_a_line_that_an_earlier_write_tore_costs_itself_alone(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"whole\nto")
    files.append(path, b"next\n")
    assert path.read_bytes() == b"whole\nto\nnext\n"


def test_rows_never_cross_the_end_of_a_page(tmp_path):
    path = tmp_path / "rows.csv"
    rows = [f"{number},{'x' * (number * 37 % 900)}\n".encode() for number in range(400)]
    for start in range(0, 400, 7):
        assert files.append_rows(path, rows[start : start + 7])
    content = path.read_bytes()
    assert [line + b"\n" for line in content.split(b"\n") if line] == rows
    for end in range(files.PAGE, len(content), files.PAGE):
        assert content[end - 1 : end] == b"\n"
    assert not files.append_rows(path, [b"x" * files.PAGE + b"\n"])
    assert path.read_bytes() == content


def test_nothing_is_written_through_a_link(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "link").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        files.append(tmp_path / "link", b"more\n")
    files.replace_file(tmp_path / "link", "new")
    assert victim.read_text() == "precious"
    assert (tmp_path / "link").read_text() == "new"


def test_a_failed_replacement_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(files, "os", FaultyOs(3))
    with pytest.raises(OSError, match="Input/output"):
        files.replace_file(path, "new", parents=False)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "old"


def test_adding_a_record_costs_the_same_at_the_end_as_at_the_start(tmp_path, monkeypatch, make_record):
    written = []

    class Counting:
        def __getattr__(self, name):
            return getattr(os, name)

        def write(self, descriptor, data):
            written.append(len(data))
            return os.write(descriptor, data)

        def fsync(self, descriptor):
            pass

    folder = RunFolder(tmp_path / "run")
    monkeypatch.setattr(files, "os", Counting())
    costs = []
    for seed in range(100, 400):
        written.clear()
        folder.add(make_record(seed=seed))
        costs.append((len(written), sum(written)))
    calls, size = costs[1]
    assert max(number for number, _ in costs[1:]) <= calls + len(("trials", "epochs", "confusion"))  # a page may end
    assert sum(total for _, total in costs[-100:]) <= 1.2 * 100 * size


@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="may not mount a file system of its own")
def test_a_file_system_that_is_really_full_keeps_what_was_done_and_goes_on_when_there_is_room(
    tmp_path, make_record, make_plan, provenance
):
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system of its own")
    try:
        kept = []

        def fill():
            with RunFolder(place / "run") as folder:
                folder.start(make_plan(seeds=range(500)), ["dlbench"], provenance)
                for seed in range(500):
                    folder.add(make_record(seed=seed))
                    kept.append(seed)

        with pytest.raises(DlbenchError, match="No space left") as caught:
            fill()
        assert "Make room" in caught.value.hint
        again = RunFolder(place / "run")
        assert [record.trial.seed for record in again.records] == kept
        assert again.warnings == ()
        subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)
        with again:
            again.start(make_plan(seeds=range(500)), ["dlbench"], provenance)
            again.add(make_record(seed=len(kept)))
        assert len(_rows(place / "run" / "trials.csv")) == len(kept) + 1
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_folder_that_vanishes_during_the_run_is_said_and_not_made_again(tmp_path, make_record, make_plan, provenance):
    def vanish():
        with RunFolder(tmp_path / "run") as folder:
            folder.start(make_plan(), ["dlbench"], provenance)
            folder.add(make_record(seed=0))
            (tmp_path / "run").rename(tmp_path / "elsewhere")
            folder.add(make_record(seed=1))

    with pytest.raises(DlbenchError, match="is gone: it was moved or deleted") as caught:
        vanish()
    assert "Put it back" in caught.value.hint
    assert not (tmp_path / "run").exists()
    assert len(RunFolder(tmp_path / "elsewhere").records) == 1


def _writes(tree: ast.AST) -> list[str]:
    """Name the calls that change something on the disk."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Attribute(attr=name) | ast.Name(id=name):
                pass
            case _:
                continue
        modes = [a.value for a in [*node.args, *(k.value for k in node.keywords)] if isinstance(a, ast.Constant)]
        opens = name == "open" and any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes[-1:])
        if opens or (name in WRITERS and name not in INNOCENT):
            found.append(f"{name} in line {node.lineno}")
        elif name in INNOCENT - {"to_csv"} and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if owner in ("os", "shutil", "path", "temporary") or owner.endswith("_path"):
                found.append(f"{owner}.{name} in line {node.lineno}")
    return found


@pytest.mark.parametrize("path", sorted((SOURCE / "runs").glob("*.py")), ids=lambda path: path.name)
def test_no_module_of_the_store_writes_past_the_door(path):
    if path.name != "files.py":
        assert _writes(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_the_door_itself_is_seen_to_write():
    found = {each.partition(" ")[0] for each in _writes(ast.parse((SOURCE / "files.py").read_text()))}
    assert {"mkdir", "makedirs", "os.replace", "unlink", "rmtree", "open", "utime", "rename"} <= found


def test_the_odd_bytes_of_a_file_name_are_kept_as_json_writes_them(tmp_path):
    name = os.fsdecode(b"images\xff")  # no UTF-8: Python holds it as a lone surrogate
    files.replace_file(tmp_path / "manifest.json", files.strict_json({"command": name}))
    assert json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8")) == {"command": name}
    assert files.to_bytes("± é") == "± é".encode()


def test_a_path_from_home_is_replaced_and_that_of_an_unknown_user_stays(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert files.at_home("~/x") == Path("/home/ada/x")
    assert files.at_home("a/~") == Path("a/~")
    assert files.at_home("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")
