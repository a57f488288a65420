"""No command runs code of the current folder: not its modules, not its plugins, not in any process it starts."""

import os
import subprocess
import sys

import pytest

MARK = "code of the current folder ran"
#: Modules that dlbench and its libraries import sooner or later; not those that Python loads before `python -m`.
NAMES = """
random statistics queue torch numpy typing pip json tempfile threading secrets dataclasses rich typer pluggy
pandas scipy matplotlib bisect uuid csv socket signal logging multiprocessing inspect subprocess concurrent asyncio
pathlib sklearn setuptools pytest threadpoolctl importlib_metadata mlflow tensorboard datetime decimal copy
"""


@pytest.fixture
def run(tmp_path, data_dir):
    """Run a command in a folder of modules and a plugin that say when they are imported."""
    shout = f"import os\nos.write(2, b'{MARK}')\nraise SystemExit(99)\n"
    for name in (*NAMES.split(), "evil"):
        (tmp_path / f"{name}.py").write_text(shout)
    (info := tmp_path / "evil-1.0.dist-info").mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dlbench]\nevil = evil\n")
    variables = {"DLBENCH_DATA_DIR": str(data_dir), "COLUMNS": "200"}
    # A spare colon, as in PYTHONPATH=$PYTHONPATH:folder, means the current folder to Python.
    variables["PYTHONPATH"] = os.pathsep.join(["", os.environ.get("PYTHONPATH", "")])

    def run(*arguments):
        command = [sys.executable, "-m", "dlbench", *arguments]
        environment = {**os.environ, **variables}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert MARK not in done.stdout + done.stderr
        assert "evil" not in done.stdout
        return done

    return run


def test_plugins_are_listed_without_that_of_the_current_folder(run):
    assert run("plugins", "list", "--json").returncode == 0


@pytest.mark.slow
def test_pip_is_that_of_the_environment(run):
    done = run("plugins", "install", "no-such-plugin", "--", "--no-index")
    assert done.returncode == 1
    assert "No matching distribution found for no-such-plugin" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "compare --activation relu,tanh --seeds 2 --epochs 1",
        "doctor",
        "bench --activation relu --seconds 0.01 --windows 1",
        "plugins check standard",
    ],
)
def test_workers_import_nothing_from_there(run, words):
    done = run(*words.split())
    assert done.returncode == 0, done.stderr
