import inspect
from dataclasses import fields

import pytest
import typer

from dlbench.cli.commands.compare import compare
from dlbench.cli.commands.run import run as run_experiment
from dlbench.cli.main import Commands
from dlbench.plans.criteria import Criteria
from dlbench.sessions.options import Options
from dlbench.trials.axes import ASSIGNABLE


@pytest.mark.parametrize("name", Commands.lazy)
def test_the_stub_of_a_command_says_what_its_own_help_says(name):
    lazy = Commands.lazy[name]
    module, _, attribute = lazy.target.partition(":")
    found = getattr(__import__(module, fromlist=[attribute]), attribute)
    own = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    assert own.split("\n\n")[0].replace("\n", " ") == lazy.help


@pytest.mark.parametrize("name", ["", *Commands.lazy])
def test_every_command_has_help_that_fits_80_columns(dlbench, monkeypatch, name):
    done = dlbench(*([name] if name else []), "--help", columns=80)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_misspelt_command_is_answered_with_the_nearest(dlbench):
    done = dlbench("compar")
    assert done.returncode == 2
    assert "Did you mean 'compare'?" in done.stderr


def test_the_two_commands_that_train_have_the_same_options_except_those_of_the_comparison():
    compared, run = (set(inspect.signature(command).parameters) for command in (compare, run_experiment))
    assert compared - run == {"variant"}
    assert run - compared == {"experiment"}
    declared = {each.name for record in (Options, Criteria) for each in fields(record) if each.metadata}
    assert compared >= declared | set(ASSIGNABLE)


def test_an_option_of_a_session_has_the_default_and_the_help_of_its_field():
    parameters = inspect.signature(compare).parameters
    for each in fields(Options):
        if each.metadata:
            parameter = parameters[each.name]
            assert (parameter.default or None) == (each.default or None)
            assert parameter.annotation.__metadata__[0].help == each.metadata["help"]
