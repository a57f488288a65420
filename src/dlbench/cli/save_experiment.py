"""`--save` of `compare` and `run`: what is compared as an experiment file."""

from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.cli.options.config import session_defaults
from dlbench.cli.streams.console import errors
from dlbench.errors import DlbenchError, shell_words
from dlbench.experiments.experiment_text import experiment_text
from dlbench.files import at_home, write_output, writing_to
from dlbench.sessions.defaults import with_defaults

if TYPE_CHECKING:
    from dlbench.experiments.about import About
    from dlbench.plans.criteria import Criteria
    from dlbench.plans.plan import Plan, Request
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.options import Options

_ENDING = ".toml"


def check_file_name(path: Path | None) -> None:
    """Raise DlbenchError for a file that `dlbench run` would not take for an experiment's."""
    if path and path.suffix != _ENDING:
        raise DlbenchError(
            f"--save {path}: an experiment file ends in {_ENDING}.", f"Write it as in --save comparison{_ENDING}."
        )


def save_experiment(
    path: Path,
    request: "Request",
    plan: "Plan",
    criteria: "Criteria",
    session: "Options",
    registry: "Registry",
    about: "About | None" = None,
) -> None:
    """Write a comparison as an experiment file, and say how to run it; the user is asked before one is replaced.

    about: what an experiment says beside its comparison; None where it is none.
    """
    config = session_defaults(request, session)
    request, _ = with_defaults(request, session, config, registry)
    path = at_home(path)
    text = experiment_text(request, plan, criteria, config.settings, registry, about, path.parent).encode()
    with writing_to(path, "Choose another place."):
        there = path.read_bytes() if path.is_file() else None
        if there not in (None, text) and not session.confirm(f"Replace {path}?"):
            raise DlbenchError(f"Nothing was done: {path} stays as it is.")
        if there != text:
            write_output(path, text)
    if about and about.left_out:
        errors().print(f"Left out, since what they name is not compared here: {about.left_out}.", soft_wrap=True)
    errors().print(f"Experiment file: {path}. To run it: dlbench run {shell_words(path)}", soft_wrap=True)
