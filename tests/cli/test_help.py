import inspect

import pytest
import typer

from dlbench.cli.main import Commands
from dlbench.cli.options.session import OPTIONS
from dlbench.sessions.options import Options


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


def test_the_options_of_a_session_have_the_defaults_that_the_session_has():
    declared = {name: default or None for name, (_, default) in OPTIONS.items() if name != "yes"}  # answers `confirm`
    assert declared == {name: getattr(Options(), name) or None for name in declared}
