import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def _slurm_cluster() -> ModuleType:
    """Import the module beside this one, which is a script too."""
    path = Path(__file__).with_name("slurm_cluster.py")
    spec = importlib.util.spec_from_file_location("slurm_cluster", path)
    assert spec
    assert spec.loader
    module = sys.modules["slurm_cluster"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def slurm() -> Iterator[Any]:
    """Start a SLURM for the tests of this process."""
    module = _slurm_cluster()
    if reason := module.missing():
        pytest.skip(reason)
    with module.running_cluster() as cluster:
        yield cluster


@pytest.fixture
def in_slurm(slurm: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let this process and those that it starts find that SLURM."""
    for name in ("PATH", "SLURM_CONF"):
        monkeypatch.setenv(name, slurm.environment[name])
    return slurm
