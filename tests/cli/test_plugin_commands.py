"""`dlbench plugins list`, `install` and `uninstall`. Real pip: tests/integration/test_plugin_faults.py."""

import json
import subprocess
import sys

import pytest

SNAKE = """
    from dlbench import Activation, hookimpl

    @hookimpl
    def dlbench_activations():
        return [Activation(name="snake", factory="torch.nn:Tanh", summary="x")]

    @hookimpl
    def dlbench_veto(trial):
        return None

    @hookimpl
    def dlbench_models():
        raise RuntimeError("out of luck")
"""


@pytest.fixture
def pip(monkeypatch):
    """The arguments that pip was called with; nothing is installed."""
    asked = []

    def run(command, check):
        asked.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("dlbench.cli.commands.plugins.install.subprocess.run", run)
    return asked


def test_the_list_shows_what_each_plugin_provides_and_its_state(dlbench, install) -> None:
    install("snake", SNAKE)
    install("broken", "import no_such_module")
    done = dlbench("plugins", "list", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    rows = {row["name"]: row for row in document["plugins"]}
    assert rows["snake"]["components"] == {"activations": 1}
    assert rows["snake"]["hooks"] == ["dlbench_activations", "dlbench_models", "dlbench_veto"]
    assert rows["snake"]["loaded"]
    assert "out of luck" in rows["snake"]["health"][0]["reason"]
    assert not rows["broken"]["loaded"]
    assert "pip uninstall dlbench-broken" in rows["broken"]["health"][0]["remedy"]
    assert rows["standard"]["health"] == []
    assert {problem["name"] for problem in document["problems"]} == {"snake", "broken"}


def test_the_table_names_reasons_and_remedies_below(dlbench, install) -> None:
    install("snake", SNAKE)
    install("broken", "import no_such_module")
    done = dlbench("plugins", "list", columns=200)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert any(line[:3] == ["snake", "1.2", "dlbench-snake"] and "veto" in line for line in lines)
    assert any(line[:1] == ["broken"] and line[-1] == "broken" for line in lines)
    assert "No module named 'no_such_module'" in done.stdout
    assert done.stderr == ""


def test_the_list_is_complete_with_strict_plugins_too(dlbench, install, monkeypatch) -> None:
    monkeypatch.setenv("DLBENCH_STRICT_PLUGINS", "1")
    install("broken", "import no_such_module")
    assert dlbench("plugins", "list").returncode == 0
    assert dlbench("list", "plugins").returncode == 0
    assert dlbench("list", "models").returncode == 2


def test_a_pattern_lists_the_plugins_whose_names_match(dlbench, install) -> None:
    install("other", "")
    found = json.loads(dlbench("list", "plugins", "stand*", "--json").stdout)["plugins"]
    assert [plugin["name"] for plugin in found] == ["standard"]
    assert "No plugin matches 'nothing'." in dlbench("list", "plugins", "nothing").stderr


def test_a_bracket_in_a_reason_is_text(dlbench, install) -> None:
    install("broken", "raise RuntimeError('[red]no[/] [bold')")
    done = dlbench("list", "models", columns=200)
    assert done.returncode == 0
    assert "[red]no[/] [bold" in done.stderr


def test_installing_runs_pip_here_and_says_that_plugins_are_code(dlbench, pip) -> None:
    done = dlbench("plugins", "install", "dlbench-snake", "./folder", "-U", "-e", "--", "--no-index")
    assert done.returncode == 0, done.stderr
    (command,) = pip
    assert command[0] == sys.executable
    assert command[command.index("-m") :][:3] == ["-m", "pip", "install"]
    assert command[-5:] == ["--editable", "dlbench-snake", "--editable", "./folder", "--no-index"]
    assert "--upgrade" in command
    assert "A plugin is code" in done.stderr


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (["-U", "--", "--index-url", "URL", "N"], ["--upgrade", "--index-url", "URL", "N"]),
        (["N", "--", "--no-deps", "M", "-c", "file"], ["N", "--no-deps", "M", "-c", "file"]),
        (["-e", "--", "--index-url", "URL", "./N"], ["--index-url", "URL", "--editable", "./N"]),
        (["--", "--index-url=URL", "N"], ["--index-url=URL", "N"]),
    ],
)
def test_pips_own_arguments_keep_their_order(dlbench, pip, given: list[str], passed: list[str]) -> None:
    done = dlbench("plugins", "install", *given)
    assert done.returncode == 0, done.stderr
    assert pip[0][-len(passed) :] == passed


@pytest.mark.parametrize("name", ["broken", "dlbench-broken"])
def test_uninstalling_takes_either_name_and_loads_nothing(dlbench, pip, install, name: str) -> None:
    install("broken", "raise RuntimeError('imported')")
    done = dlbench("plugins", "uninstall", name, "--yes")
    assert done.returncode == 0
    assert pip[0][-1] == "dlbench-broken"
    assert "imported" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["uninstall", "standard"], "is part of dlbench"),
        (["uninstall", "snakee", "--yes"], "Did you mean snake"),
        (["install", "--", "--no-index"], "Nothing to install"),
    ],
)
def test_what_cannot_be_done_is_an_error_before_pip_runs(dlbench, pip, install, arguments, words: str) -> None:
    install("snake", "x = 1")
    done = dlbench("plugins", *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert pip == []


def test_an_environment_without_pip_is_answered_with_an_alternative(dlbench, install, monkeypatch) -> None:
    install("snake", "x = 1")
    monkeypatch.setattr("dlbench.cli.commands.plugins.install.util.find_spec", lambda name: None)
    done = dlbench("plugins", "uninstall", "snake", "--yes", columns=300)
    assert done.returncode == 2
    assert "ensurepip" in done.stderr
    assert "uv pip uninstall" in done.stderr


def test_pips_failure_is_the_commands(dlbench, install, monkeypatch) -> None:
    install("snake", "x = 1")
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr("dlbench.cli.commands.plugins.install.subprocess.run", lambda command, check: failed)
    assert dlbench("plugins", "uninstall", "snake", "--yes").returncode == 1
