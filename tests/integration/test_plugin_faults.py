"""Faulty plugins: real distributions, built and pip-installed; every command works with them installed.

The same faults one at a time, in this process: tests/unit/test_plugins.py.
"""

import json
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.slow

PROJECT = """
    [build-system]
    requires = ["setuptools"]
    build-backend = "setuptools.build_meta"

    [project]
    name = "dlbench-{name}"
    version = "1.0"
    dependencies = ["{requires}"]
    optional-dependencies = {{ pictures = ["no-such-library>=1"] }}
    entry-points.dlbench = {{ {plugin} = "dlbench_{module}" }}

    [tool.setuptools]
    py-modules = ["dlbench_{module}"]
"""
HOOK = "from dlbench import Activation, hookimpl\n\n@hookimpl\ndef dlbench_activations():\n    "
WELL = HOOK + "return [Activation(name='{name}', factory='torch.nn:Tanh', summary='x')]\n"


class Fault(NamedTuple):
    """A plugin's module, the text of its warning, and whether the plugin still works."""

    source: str
    words: tuple[str, ...]
    works: bool = False
    plugin: str = ""
    requires: str = "dlbench>=0.1,<0.3"


FAULTS = {
    "import-error": Fault("import no_such_module_at_all", ("ModuleNotFoundError", "no_such_module_at_all")),
    "syntax-error": Fault("def broken(:\n", ("SyntaxError",)),
    "raising-hook": Fault(
        HOOK + "raise RuntimeError('out of luck')", ("dlbench_activations raised", "out of luck"), True
    ),
    "wrong-record": Fault(HOOK + "return [{'name': 'snake'}]", ("not a Activation",), True),
    "misspelt-hook": Fault(
        HOOK.replace("activations", "activation") + "return []", ("Did you mean dlbench_activations",)
    ),
    "taken-name": Fault("x = 1", ("another plugin is already named healthy",), plugin="healthy"),
    "taken-component": Fault(
        HOOK + "return [Activation(name='snake', factory='torch.nn:Tanh')] * 2",
        ("declares the activation snake twice",),
        True,
    ),
    "newer": Fault("raise RuntimeError('imported')", ("needs dlbench>=99", "pip install"), requires="dlbench>=99"),
    "printing": Fault("print('hello')\n" + WELL.format(name="printing"), ("prints when it is imported", "hello"), True),
    "leaving": Fault("import sys; sys.exit(3)", ("SystemExit",)),
    "extra": Fault("import no_such_library", ("no_such_library", "pip install 'dlbench-extra[pictures]'")),
}
SLOW = Fault("import time; time.sleep(10)\n" + WELL.format(name="slow"), ("took 10 seconds to import",), True)
DEADLY = Fault("import os; os._exit(7)", ())
EVERYTHING = {"healthy": Fault(WELL.format(name="healthy"), ()), **FAULTS, "slow": SLOW, "deadly": DEADLY}
#: The faults that commands survive, except the plugin that is slow to import.
SURVIVABLE = ",".join(
    ["convnet-basics", *(name for name in EVERYTHING if name not in ("slow", "deadly", "taken-name"))]
)
COMMANDS = {
    "list": ["list"],
    "list activations": ["list", "activations"],
    "list experiments": ["list", "experiments"],
    "show": ["show", "activation", "healthy"],
    "data list": ["data", "list"],
    "a plan": ["compare", "--activation", "relu,healthy", "--dry-run"],
    "an experiment's plan": ["run", "convnet-basics/nesterov", "--dry-run"],
    "a comparison": [
        *("compare", "--activation", "relu,healthy", "--epochs", "1", "--seeds", "1", "--train-size", "64"),
        *("--data-dir", "data", "--name", "beside"),
    ],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def environment(make_environment, place: Path):
    made = make_environment("faults")
    folders = []
    for name, fault in EVERYTHING.items():
        folder, module = place / name, name.replace("-", "_")
        folder.mkdir()
        text = PROJECT.format(name=name, module=module, plugin=fault.plugin or name, requires=fault.requires)
        (folder / "pyproject.toml").write_text(dedent(text), encoding="utf-8")
        (folder / f"dlbench_{module}.py").write_text(fault.source, encoding="utf-8")
        folders.append(folder)
    made.pip_install(*folders)
    return made


@pytest.fixture(scope="module")
def listed(environment, place: Path):
    done = environment.dlbench("plugins", "list", "--json", cwd=place, DLBENCH_PLUGINS=SURVIVABLE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_one_problem_with_its_distribution_and_remedy(listed, name: str) -> None:
    distribution = f"dlbench-{name}"
    problems = [p for p in listed["problems"] if p["distribution"].split()[0] == distribution]
    if name == "taken-name" and not problems:  # of the two, the one found first works
        problems = [p for p in listed["problems"] if p["distribution"] == "dlbench-healthy"]
    (problem,) = problems
    assert all(word in problem["reason"] + problem["remedy"] for word in FAULTS[name].words)
    assert f"pip uninstall {problem['distribution'].split()[0]}" in problem["remedy"]


@pytest.mark.parametrize("name", FAULTS)
def test_a_plugin_with_a_minor_fault_still_works(listed, name: str) -> None:
    (row,) = [row for row in listed["plugins"] if row["distribution"] == f"dlbench-{name}"]
    assert row["loaded"] == FAULTS[name].works


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_works_with_all_of_them_installed_and_warns_of_each_once(
    environment, place: Path, command: str
) -> None:
    done = environment.dlbench(*COMMANDS[command], cwd=place, DLBENCH_PLUGINS=SURVIVABLE)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    warnings = [line for line in done.stderr.splitlines() if "The plugin " in line]
    assert len(warnings) == len(set(warnings))
    loading = [name for name in FAULTS if name not in ("raising-hook", "wrong-record", "taken-component", "taken-name")]
    assert all(sum(f"(dlbench-{name})" in line for line in warnings) == 1 for name in loading)
    if "activation" in " ".join(COMMANDS[command]):
        asked = ("raising-hook", "wrong-record", "taken-component")
        assert all(sum(f"(dlbench-{name} 1.0)" in line for line in warnings) == 1 for name in asked)


def test_a_json_document_on_standard_output_stays_valid(environment, place: Path) -> None:
    done = environment.dlbench("list", "activations", "--json", cwd=place, DLBENCH_PLUGINS=SURVIVABLE)
    assert {"healthy/healthy", "printing/printing", "standard/relu"} <= {row["name"] for row in json.loads(done.stdout)}


def test_commands_that_read_results_load_no_plugins(environment, place: Path) -> None:
    done = environment.dlbench("results", "list", cwd=place, DLBENCH_PLUGINS=SURVIVABLE)
    assert (done.returncode, done.stderr) == (0, "")


def test_strict_plugins_turn_warnings_into_errors(environment, place: Path) -> None:
    variables = {"DLBENCH_PLUGINS": SURVIVABLE, "DLBENCH_STRICT_PLUGINS": "1"}
    done = environment.dlbench("list", "activations", cwd=place, **variables)
    assert done.returncode == 2
    assert "no_such_module_at_all" in done.stderr
    assert "DLBENCH_STRICT_PLUGINS" in done.stderr
    hook = variables | {"DLBENCH_PLUGINS": "raising-hook"}
    assert environment.dlbench("list", "models", cwd=place, **hook).returncode == 0  # its hook is not called
    assert environment.dlbench("list", "activations", cwd=place, **hook).returncode == 2
    assert environment.dlbench("plugins", "list", cwd=place, **variables).returncode == 0  # always reports everything


def test_one_that_takes_ten_seconds_to_import_is_named_and_works(environment, place: Path) -> None:
    done = environment.dlbench("list", "activations", "slow", cwd=place, DLBENCH_PLUGINS="slow")
    assert done.returncode == 0
    assert "slow/slow" in done.stdout
    assert "it took 1" in done.stderr
    assert "seconds to import, and every command waits for it" in done.stderr


def test_a_plugin_that_ends_the_process_can_be_excluded_by_name(environment, place: Path) -> None:
    done = environment.dlbench("list", "activations", cwd=place, DLBENCH_PLUGINS="deadly")
    assert done.returncode == 7  # os._exit() cannot be caught
    done = environment.dlbench("list", "activations", cwd=place, DLBENCH_PLUGINS="healthy")
    assert done.returncode == 0
    assert "healthy" in done.stdout


def test_any_broken_plugin_can_be_removed(environment, place: Path) -> None:
    """No plugin is loaded to remove one, so this works even with the deadly one allowed."""
    done = environment.dlbench("plugins", "uninstall", "deadly", "import-error", "--yes", cwd=place)
    assert done.returncode == 0, done.stderr
    done = environment.dlbench("plugins", "list", "--json", cwd=place, DLBENCH_PLUGINS="healthy")
    assert done.returncode == 0
    again = environment.dlbench("plugins", "uninstall", "import-error", "--yes", cwd=place)
    assert again.returncode == 2
    assert "no plugin 'import-error'" in again.stderr
