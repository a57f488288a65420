"""A new plugin of every kind, built and pip-installed: it lists, keeps every promise, passes its own tests and runs."""

import json
from pathlib import Path

import pytest

from dlbench.scaffold.project import KINDS, Project, write_project

pytestmark = pytest.mark.slow

PLUGINS = {kind: f"new-{kind}" for kind in KINDS}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("new")


@pytest.fixture(scope="module")
def environment(make_environment, place: Path):
    """One environment for all kinds, because pip takes seconds."""
    made = make_environment("new")
    folders = [place / f"dlbench-{name}" for name in PLUGINS.values()]
    for (kind, name), folder in zip(PLUGINS.items(), folders, strict=True):
        write_project(Project(name, kind), folder)
    made.pip_install(*folders)
    return made


def test_each_is_listed_without_problems(environment, place: Path) -> None:
    done = environment.dlbench("plugins", "list", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["plugins"]}
    for kind, name in PLUGINS.items():
        assert rows[name]["health"] == []
        assert rows[name]["distribution"] == f"dlbench-{name}"
        assert rows[name]["version"] == "0.1.0"
        assert rows[name]["components"] == {"experiments": 1} | ({KINDS[kind]: 1} if KINDS[kind] else {})
    assert "dlbench_run_finished" in rows["new-observer"]["hooks"]


def test_each_passes_its_own_tests(environment, place: Path) -> None:
    tests = [str(place / f"dlbench-{name}" / "tests") for name in PLUGINS.values()]
    done = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, cwd=place)
    assert done.returncode == 0, done.stdout
    cases = sum(3 if KINDS[kind] else 2 for kind in KINDS)  # the plugin, its component, its experiment
    assert f"{cases} passed" in done.stdout


def test_checking_without_a_name_checks_all_that_are_allowed(environment, place: Path) -> None:
    done = environment.dlbench("plugins", "check", cwd=place, DLBENCH_PLUGINS="new-activation,new-observer")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ plugin new-observer: keeps 4 promises" in done.stdout
    assert "5 checked, none with a broken promise." in done.stdout


def test_they_can_be_compared_with_the_built_in_ones(environment, place: Path) -> None:
    axes = ["--activation", "relu,new-activation", "--model", "new-model", "--dataset", "new-dataset"]
    more = ["--scheduler", "new-scheduler", "--optimizer", "new-optimizer", "--executor", "new-executor"]
    more += ["--diagnostics", "new-diagnostic,last"]
    options = ["--epochs", "1", "--seeds", "1", "--name", "all", "--data-dir", "data"]
    done = environment.dlbench("compare", *axes, *more, *options, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "new_diagnostic" in (place / "results" / "all" / "diagnostics.csv").read_text()
    done = environment.dlbench("plot", "all", "--kind", "new-figure", cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (place / "results" / "all" / "figures" / "new-figure.png").is_file()
    assert (place / "results" / "all" / "new-observer.txt").read_text() == "done: 2\n"


def test_an_experiment_of_theirs_runs_by_its_name(environment, place: Path) -> None:
    options = ["--seeds", "1", "--epochs", "1", "--train-size", "64", "--data-dir", "data"]
    done = environment.dlbench("run", "new-activation", *options, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 claim" in done.stdout


def test_one_is_removed_by_its_own_name(environment, place: Path) -> None:
    done = environment.dlbench("plugins", "uninstall", "new-experiment", "--yes", cwd=place)
    assert done.returncode == 0, done.stderr
    listed = environment.dlbench("plugins", "list", cwd=place)
    assert "new-experiment" not in listed.stdout
    source = str(place / "dlbench-new-experiment")
    options = ["--no-index", "--no-deps", "--no-build-isolation"]
    done = environment.dlbench("plugins", "install", source, "--", *options, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "A plugin is code" in done.stderr
    assert "New: new-experiment" in done.stdout
