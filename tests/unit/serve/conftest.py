"""A run folder that a session is writing to."""

import pytest

from dlbench.runs.folder import RunFolder

COMMAND = ("dlbench", "compare", "--activation", "relu,tanh")


@pytest.fixture
def begin(tmp_path, make_plan, provenance):
    """Begin a session in a folder; it ends with the test, unless it was closed before."""
    opened = []

    def start(plan=None, name="run"):
        folder = RunFolder(tmp_path / "results" / name)
        opened.append(folder)
        folder.start(plan or make_plan(("relu", "tanh"), range(6)), COMMAND, provenance)
        return folder

    yield start
    for folder in opened:
        folder.close()


@pytest.fixture
def add(make_record):
    """Add the trials of some seeds."""

    def write(folder, seeds, names=("relu", "tanh"), **changes):
        for seed in seeds:
            for place, name in enumerate(names):
                folder.add(make_record(name, seed, 0.8 + 0.05 * place + 0.001 * seed, **changes))

    return write
