import inspect
import re
from dataclasses import fields

import pytest
import typer

from command_reference import commands
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


@pytest.mark.parametrize("name", ["", *Commands.lazy, *(name.removeprefix("dlbench ") for name, _ in commands())])
def test_every_command_has_help_that_fits_80_columns_and_is_not_cut(dlbench, name):
    done = dlbench(*name.split(), "--help", columns=80)
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    headings = [line for line in done.stdout.splitlines() if line.startswith("╭")]
    assert [line for line in headings if not re.fullmatch("╭─ .+ ─+╮", line)] == []
    usage = done.stdout.partition("Usage: ")[2].partition("\n \n")[0]
    assert not re.search(r"\[\[|…[\]}]\.\.\.", usage)


@pytest.mark.parametrize("name", ["results show", "report", "plot"])
def test_what_judges_a_run_again_takes_what_was_fixed_for_a_default(dlbench, name):
    told = " ".join(dlbench(*name.split(), "--help", columns=200).stdout.split())
    assert "What is judged. Default: as fixed before running." in told
    assert "[default: no-all-pairs]" not in told


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
