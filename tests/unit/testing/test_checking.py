"""Checking whole plugins, through `dlbench plugins check` and through the line in a plugin's tests."""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from dlbench.errors import DlbenchError
from dlbench.testing import check_plugin, conformance

SNAKE = """
    from dlbench import Activation, hookimpl

    @hookimpl
    def dlbench_activations():
        return [Activation(name="snake", factory="{factory}", summary="x")]
"""
GOOD = SNAKE.format(factory="torch.nn:Tanh")
RANGE = "dlbench>=0.1,<0.3"
OBSERVER = """
    from dlbench import hookimpl

    @hookimpl
    def dlbench_run_started(manifest):
        {body}

    @hookimpl
    def dlbench_run_finished(folder):
        assert (folder / "trials.csv").is_file()
"""


def broken(plugin: str) -> dict[str, list[str]]:
    return {f.subject: [breach.promise for breach in f.breaches] for f in check_plugin(plugin) if f.breaches}


def test_a_plugin_in_order_keeps_every_promise(install) -> None:
    install("snake", GOOD, requires=RANGE)
    findings = check_plugin("snake")
    assert [finding.subject for finding in findings] == ["plugin snake", "activation snake/snake"]
    assert [len(finding.kept) for finding in findings] == [3, 11]
    assert all(finding.good for finding in findings)


@pytest.mark.parametrize(
    ("source", "requires", "promise"),
    [
        (f"{GOOD}\n\n    @hookimpl\n    def dlbench_models():\n        1 / 0\n", RANGE, "answers every hook"),
        (f"    import numpy\n{GOOD}", RANGE, "reads its records without torch"),
        pytest.param(f"    import torch\n{GOOD}", RANGE, "reads its records without torch", marks=pytest.mark.slow),
        (GOOD, "", "says which versions of dlbench it works with"),
        (GOOD, "dlbench>=0.1", "says which versions of dlbench it works with"),
        (OBSERVER.format(body="manifest.no_such_field"), RANGE, "observes a run"),
        (OBSERVER.format(body="print('started')"), RANGE, "observes a run"),
    ],
)
def test_a_plugin_that_breaks_one_promise_is_told_that_one(install, source: str, requires: str, promise: str) -> None:
    install("snake", dedent(source), requires=requires)
    ((subject, promises),) = broken("snake").items()
    assert subject == "plugin snake"
    assert len(promises) == 1
    assert promises[0].startswith(promise)


def test_an_observer_in_order_sees_a_whole_run(install) -> None:
    install("watcher", OBSERVER.format(body="assert manifest.plan['seeds']"), requires=RANGE)
    (finding,) = check_plugin("watcher")
    assert finding.good, str(finding)
    assert "observes a run without a fault, and prints nothing" in finding.kept


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ('schema = 1\ntitle = "x"\n[axes]\nactivation = ["relu", "snakee"]', "snakee"),
        ('schema = 1\ntitle = "x"\n[axes]\nactivation = "relu"', "activation"),
        ('schema = 1\ntitle = "x"\nfoo = 1', "foo"),
        (
            'schema = 1\ntitle = "x"\n[axes]\nactivation = ["relu", "tanh"]\n'
            '[[claims]]\ntext = "x"\nmetric = "test_accuracy"\nrelation = "relu > elu"',
            "elu",
        ),
        (
            'schema = 1\ntitle = "x"\n[axes]\nactivation = ["relu", "tanh"]\n'
            '[[claims]]\ntext = "x"\nmetric = "test_accurracy"\nrelation = "relu > tanh"',
            "test_accurracy",
        ),
    ],
)
def test_an_experiment_that_cannot_run_is_told_why(install, tmp_path: Path, text: str, evidence: str) -> None:
    path = tmp_path / "try.toml"
    path.write_text(text, encoding="utf-8")
    source = f"from dlbench import hookimpl\n@hookimpl\ndef dlbench_experiments():\n    return [{str(path)!r}]"
    install("tries", source, requires=RANGE)
    (finding,) = [finding for finding in check_plugin("tries") if finding.breaches]
    assert finding.subject == "experiment tries/try"
    assert evidence in finding.breaches[0].evidence


def test_the_command_names_what_is_broken_and_ends_with_1(install, dlbench) -> None:
    install("snake", SNAKE.format(factory="torch.nn:GLU"), requires=RANGE)
    done = dlbench("plugins", "check", "snake", columns=200)
    assert done.returncode == 1
    assert "✗ activation snake/snake" in done.stdout
    assert "breaks the promise that it keeps shape and type: " in done.stdout
    assert "2 checked, 1 with a broken promise." in done.stdout


def test_the_command_answers_in_json_alone(install, dlbench) -> None:
    install("snake", GOOD, requires=RANGE)
    done = dlbench("plugins", "check", "snake", "--json", "--only", "sn*")
    document = json.loads(done.stdout)
    assert (done.returncode, document["broken"]) == (0, 0)
    (finding,) = document["findings"]
    assert finding["subject"] == "activation snake/snake"
    assert finding["broken"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["snakee"], ["no plugin 'snakee'", "snake"]),
        (["./nowhere"], ["no pyproject.toml"]),
        (["snake", "--only", "python"], ["No component of snake is named python"]),
    ],
)
def test_what_cannot_be_checked_is_an_error_of_the_command(install, dlbench, arguments, words) -> None:
    install("snake", GOOD)
    done = dlbench("plugins", "check", *arguments, columns=200)
    assert done.returncode == 2
    assert all(word in done.stderr for word in words)


def test_a_plugin_that_cannot_be_loaded_cannot_be_checked_and_says_why(install, dlbench) -> None:
    install("snake", "import no_such_module_at_all")
    done = dlbench("plugins", "check", "snake", columns=300)
    assert done.returncode == 2
    assert "no_such_module_at_all" in done.stderr


def test_the_line_in_a_plugins_tests_has_a_case_for_each_component(install) -> None:
    install("snake", SNAKE.format(factory="torch.nn:GLU"))
    (mark,) = conformance("snake").pytestmark
    assert mark.kwargs["ids"] == ["plugin snake", "activation snake/snake"]
    (mark,) = conformance("snake", ["snake"]).pytestmark
    (item,) = mark.args[1]
    with pytest.raises(pytest.fail.Exception, match="keeps shape and type"):
        conformance("snake", ["snake"])(item)
    with pytest.raises(DlbenchError, match="no plugin"):
        conformance("snakes")


def test_a_folder_is_checked_without_being_installed(dlbench, tmp_path: Path) -> None:
    assert dlbench("plugins", "new", "rippled").returncode == 0
    done = dlbench("plugins", "check", "./dlbench-rippled", columns=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ activation rippled/rippled: keeps 11 promises" in done.stdout
    assert "✓ experiment rippled/rippled: keeps 1 promise" in done.stdout
