"""Commands run as processes, the processes that they start, and environments for plugins."""

import csv
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

COMMAND = (sys.executable, "-m", "dlbench.cli.main", "compare")
#: Columns of measured times and memory, which differ from run to run.
MEASURED = {"train_seconds", "images_per_second", "peak_memory_mb", "seconds", "provenance_id"}
#: A limit for hanging commands, far above what any test needs on a busy machine.
PATIENCE = 300


def _stat(pid):
    """Return a process's state, parent and start time, or None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), fields[19]


def descendants(pid):
    """Return a process's descendants, each with its start time, to distinguish later ones of the same id."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(name)):
            parents[int(name)] = (stat[1], stat[2])
    found, generation = set(), {pid}
    while generation:
        generation = {child for child, (parent, _) in parents.items() if parent in generation}
        found |= {(child, parents[child][1]) for child in generation}
    return found


def alive(processes):
    """Return those that still run."""
    stats = {(pid, start): _stat(pid) for pid, start in processes}
    return {key for key, stat in stats.items() if stat and stat[2] == key[1] and stat[0] != "Z"}


def wait_for(what, *, seconds=PATIENCE):
    """Wait until a condition holds, and return its value."""
    end = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return value


class Running:
    """A running command. seen: every process that it has started, as far as observed."""

    def __init__(self, command, folder, environment):
        self.errors = folder / f"errors-{time.monotonic_ns()}.txt"
        with self.errors.open("wb") as file:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=file
            )
        self.seen = set()

    @property
    def pid(self):
        return self.process.pid

    def look(self):
        """Return its present descendants."""
        now = descendants(self.pid)
        self.seen |= now
        return now

    def workers(self):
        """Return the worker processes, which are the server's children."""
        return [pid for pid, _ in self.look() if (stat := _stat(pid)) and stat[1] != self.pid]

    def said(self):
        return self.errors.read_text(errors="replace")

    def ended(self):
        return self.process.poll() is not None

    @staticmethod
    def wait_for(what):
        """Wait until a condition holds, and return its value."""
        return wait_for(what)

    def wait(self):
        """Return its exit code, once it and all its descendants have ended."""
        code = self.process.wait(timeout=PATIENCE)
        wait_for(lambda: not alive(self.seen))
        return code


@pytest.fixture
def start(tmp_path, data_dir, compare):
    """Start a comparison, or a script, as a process of its own in an empty folder; the digits data set is prepared."""
    compare("--seeds", "1", "--epochs", "1", "--model", "linear", "--name", "prepare")
    started = []

    def start(*arguments, site=None, script=None):
        environment = {**os.environ, "DLBENCH_DATA_DIR": str(data_dir), "DLBENCH_TEST_MARKS": str(tmp_path)}
        if site:
            environment["PYTHONPATH"] = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, str(script)] if script else [*COMMAND, *arguments]
        started.append(Running(command, tmp_path, environment))
        return started[-1]

    yield start
    for running in started:
        running.look()
        running.process.kill()
        running.process.wait()


@pytest.fixture
def component(install, tmp_path):
    """Install a plugin by its two modules' sources, records and parts, and return the folder to import it from."""

    def component(name, records, parts):
        install(name, records)
        (module,) = (tmp_path / "site-packages").glob(f"fake_dlbench_{name}.py")
        module.with_name(f"{module.stem}_parts.py").write_text(dedent(parts))
        return tmp_path / "site-packages"

    return component


def read(path):
    with path.open(newline="") as file:
        return [{key: value for key, value in row.items() if key not in MEASURED} for row in csv.DictReader(file)]


@pytest.fixture
def numbers(tmp_path):
    """Return a run's rows, without what is measured, sorted: trials, epochs and confusion."""

    def numbers(name):
        folder = tmp_path / "results" / name
        views = (read(folder / f"{view}.csv") for view in ("trials", "epochs", "confusion"))
        return [sorted(tuple(row.items()) for row in view) for view in views]

    return numbers


@dataclass(frozen=True)
class Environment:
    """A virtual environment with all packages of the tests' environment."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / ("Scripts" if os.name == "nt" else "bin") / "python")

    def pip_install(self, *folders: Path) -> None:
        """Build and install distributions with pip, from these folders alone, without network."""
        options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
        subprocess.run([self.python, "-m", "pip", "install", *options, *map(str, folders)], check=True)

    def run(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run Python there."""
        environment = {**os.environ, "COLUMNS": "300", "PYTHONWARNINGS": "ignore", **variables}
        command = [self.python, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environment)

    def dlbench(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command there."""
        return self.run("-m", "dlbench.cli.main", *arguments, cwd=cwd, **variables)


@pytest.fixture(scope="session")
def make_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Environment]:
    """Create a virtual environment that sees the packages of the tests' environment, and can have more."""

    def make(name: str) -> Environment:
        folder = tmp_path_factory.mktemp("environments") / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        paths = {key: str(folder) for key in ("base", "platbase")}
        site = Path(sysconfig.get_path("purelib", vars=paths))
        parent = sysconfig.get_path("purelib")
        (site / "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n", encoding="utf-8")
        return Environment(folder)

    return make
