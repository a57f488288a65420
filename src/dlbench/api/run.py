"""`dlbench.run`: an experiment as `dlbench run` runs it."""

from dataclasses import replace
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

from dlbench.api.arguments import checked, read_arguments
from dlbench.api.compare import compare
from dlbench.api.request import read_request
from dlbench.api.results import Comparison
from dlbench.api.session import declared, session_options, show_session
from dlbench.plans.config import load_config
from dlbench.plugins.registry import Registry
from dlbench.sessions.options import Options
from dlbench.sessions.run import run as run_session


@checked
def run(experiment: str | Path, *, progress: bool = False, **overrides: Any) -> Comparison:
    """Run an experiment as `dlbench run` does and return its results, its claims and reported figures among them.

    experiment: a plugin's, by its name, or a file that ends in .toml.
    overrides: the keywords of `compare`, but for its variants. Axes, settings, seeds and criteria replace those of the
        experiment, `epochs=2, seeds=3`; the notes of the results say so.
    Raises DlbenchError where the command exits with 2; failed trials and refuted claims do not raise.
    """
    from dlbench.sessions.overridden import OverriddenExperiment

    if "variants" in overrides:
        raise TypeError("dlbench.run() takes no 'variants': an experiment's are in its file.")
    given = _with_defaults(overrides)
    registry = Registry.load()
    asked = OverriddenExperiment.of(str(experiment), read_request(given, registry), registry)
    options = session_options({option: given[option] for option in declared(Options)}, "run")
    options = replace(options, name=options.name or asked.run_name)
    session = partial(run_session, asked.request, options, registry, load_config(Path.cwd()))
    outcome = show_session(session, progress=progress)
    asked.answer(outcome)
    return Comparison(outcome.folder, outcome.run.plan, outcome.run.all_planned, asked.overrides.judging)


def _with_defaults(keywords: dict[str, Any]) -> dict[str, Any]:
    """Return keywords of `compare` with the defaults of the others; those that it does not name are axes."""
    bound = signature(compare).bind(**read_arguments(compare, keywords))
    bound.apply_defaults()
    return bound.arguments
