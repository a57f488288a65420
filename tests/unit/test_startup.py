"""What a process does first: its streams are open, and nothing comes from the current folder."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import dlbench
import dlbench.__main__
from dlbench.cli.main import main
from dlbench.startup import safe_import_path, safe_variables

SOURCE = Path(dlbench.__file__).parent


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return str(tmp_path)


def test_the_current_folder_is_not_searched(here, monkeypatch):
    monkeypatch.setattr(sys, "path", [here, "/library", ""])
    assert safe_import_path() == ["/library"]


def test_a_folder_that_pythonpath_names_is_searched_though_it_is_the_current_one(here, monkeypatch):
    monkeypatch.setattr(sys, "path", [here, here, "/library"])
    monkeypatch.setenv("PYTHONPATH", here)
    assert safe_import_path() == [here, here, "/library"]


def test_a_spare_colon_in_pythonpath_does_not_name_the_current_folder(here, monkeypatch):
    monkeypatch.setattr(sys, "path", ["", here, "/plugins", "/library"])
    monkeypatch.setenv("PYTHONPATH", f"{os.pathsep}/plugins")
    assert safe_import_path() == ["/plugins", "/library"]
    assert safe_variables() == {"PYTHONSAFEPATH": "1", "PYTHONPATH": "/plugins"}


def test_a_folder_of_libraries_is_searched_though_it_is_the_current_one(here, monkeypatch):
    monkeypatch.setattr(sys, "path", ["/bin", "/a", "/b", here])
    assert safe_import_path() == ["/bin", "/a", "/b", here]


def test_a_removed_current_folder_is_no_error(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setattr(sys, "path", ["", "/library"])
    assert safe_import_path() == ["/library"]


def test_every_python_that_the_core_starts_itself_leaves_the_current_folder_out():
    calls = [
        (path.name, call)
        for path in SOURCE.rglob("*.py")
        for call in re.findall(r"\[sys\.executable,[^\]]*", path.read_text(encoding="utf-8"))
    ]
    assert calls
    assert [(name, call) for name, call in calls if not call.startswith('[sys.executable, "-P"')] == []


@pytest.mark.skipif(os.name == "nt", reason="a shell closes the streams")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere_and_no_file_takes_their_numbers(tmp_path, closed):
    program = (
        "from dlbench.startup import open_standard_streams as o; import os, sys; o();"
        "number = os.open('file', os.O_CREAT | os.O_RDWR); assert number > 2, number;"
        "print('x', flush=True); sys.stderr.flush(); assert sys.stdin.read() == ''; os._exit(0)"
    )
    command = f"exec '{sys.executable}' -c \"{program}\" </dev/null >/dev/null {closed}"
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "file").read_bytes() == b""


def test_ctrl_c_while_the_command_is_imported_is_no_traceback(monkeypatch):
    class Interrupted(ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "dlbench.cli.main", Interrupted("dlbench.cli.main"))
    monkeypatch.setattr("dlbench.__main__.prepare_command", lambda: None)
    monkeypatch.setattr("gc.set_threshold", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        dlbench.__main__.main()
    assert ended.value.code == 130


def test_ctrl_c_while_an_extension_module_is_imported_is_no_bug(monkeypatch, capsys):
    def interrupted(**_):
        raise ImportError("initialization failed") from KeyboardInterrupt()  # as pybind11 has it

    monkeypatch.setattr("dlbench.cli.main.app", interrupted)
    monkeypatch.setattr("dlbench.cli.main.exit_on_signals", contextlib.nullcontext)
    monkeypatch.setattr("sys.argv", ["dlbench", "list"])
    with pytest.raises(KeyboardInterrupt):
        main()
    assert capsys.readouterr().err == ""
