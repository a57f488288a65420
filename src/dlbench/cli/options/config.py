"""The dlbench.toml in force: one line says so, since it changes what a command does."""

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.cli.streams.console import errors

if TYPE_CHECKING:
    from dlbench.plans.config import Config
    from dlbench.plans.plan import Request
    from dlbench.sessions.options import Options


def defaults_in_force(*parts: str, results_dir: Path | None = None, data_dir: Path | None = None) -> "Config":
    """Return the defaults from files; print on standard error which of those that the command uses come from where.

    parts: the fields of Config that the command uses. results_dir, data_dir: the folders that the user named.
    """
    from dlbench.plans.config import load_config

    config = load_config(Path.cwd())
    given = {"results_dir": results_dir, "data_dir": data_dir}
    named = {key for key, folder in given.items() if folder or os.environ.get(f"DLBENCH_{key.upper()}")}
    _announce(config.in_force(*(part for part in parts if part not in named)))
    return config


def session_defaults(request: "Request", options: "Options") -> "Config":
    """Return the defaults from files for a command with trials; an experiment uses fewer of them."""
    parts = ("results_dir", "data_dir", "session", *(() if request.experiment else ("seeds", "judging", "settings")))
    return defaults_in_force(*parts, results_dir=options.results_dir, data_dir=options.data_dir)


def repetition_defaults(options: "Options") -> "tuple[Options, Config]":
    """Return the options of a session that repeats a run with the defaults of files: they change nothing of the run."""
    from dlbench.plans.plan import Request
    from dlbench.sessions.defaults import with_session_defaults

    config = session_defaults(Request(experiment="a repetition"), options)
    return with_session_defaults(options, config), config


@functools.cache  # once a command, however often its defaults are read
def _announce(line: str) -> None:
    if line:
        errors().print(line, soft_wrap=True, style="dim")
