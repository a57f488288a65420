import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Environment:
    """A virtual environment of its own, with everything that the tests' one has."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / ("Scripts" if os.name == "nt" else "bin") / "python")

    def pip_install(self, *folders: Path) -> None:
        """Build and install distributions as a user's pip does, from these folders alone: no network is asked."""
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
    """Make a virtual environment that sees what the tests' own one has installed, and can have more."""

    def make(name: str) -> Environment:
        folder = tmp_path_factory.mktemp("environments") / name
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        paths = {key: str(folder) for key in ("base", "platbase")}
        site = Path(sysconfig.get_path("purelib", vars=paths))
        parent = sysconfig.get_path("purelib")
        (site / "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n", encoding="utf-8")
        return Environment(folder)

    return make
