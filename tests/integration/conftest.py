import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlbench.cli.main import main


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A data folder of its own, so that what one test prepares serves the others."""
    return tmp_path_factory.mktemp("data")


@dataclass(frozen=True)
class Finished:
    """What a command left: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def dlbench(tmp_path, data_dir, monkeypatch, capsys):
    """Run the command in this process, in an empty folder: real workers, from a server that stays warm."""

    def run(*arguments, data=data_dir):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("DLBENCH_DATA_DIR", str(data))
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.delenv("DLBENCH_RESULTS_DIR", raising=False)
        monkeypatch.setattr(sys, "argv", ["dlbench", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Finished(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def compare(dlbench):
    """Run a comparison with --json and return its document."""

    def run(*arguments):
        done = dlbench("compare", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def real_data_dir():
    folder = os.environ.get("DLBENCH_DATA_DIR", "")
    if not (Path(folder) / "MNIST" / "raw").is_dir() or not folder:
        pytest.skip("needs the real data in DLBENCH_DATA_DIR")
    return Path(folder)
