"""`dlbench run`: an experiment, what was reported against what was measured, and its claims."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from dlbench.cli.commands.compare import compare, draw, run_session, where
from dlbench.cli.completion.offers import complete_experiments
from dlbench.cli.options.axes import read_request
from dlbench.cli.options.judging import with_judging
from dlbench.cli.options.session import to_options, with_session
from dlbench.cli.streams.console import output, print_json
from dlbench.experiments.request import check, departures, open_experiment, run_name, to_request
from dlbench.plugins.registry import Registry
from dlbench.trials.axes import ASSIGNABLE

if TYPE_CHECKING:
    from dlbench.analysis.answers import ExperimentAnswers
    from dlbench.sessions.options import Outcome

Command = TypeVar("Command", bound=Callable[..., Any])

#: The options of `compare` that an experiment takes too; its variants stand in its file.
_SHARED = (
    *("seeds", "seed", "noise_floor", "dry_run", "quiet", "as_json", "convergence", "diagnostics", "explain"),
    *ASSIGNABLE,
)


def like_compare(command: Command) -> Command:
    """Give a command whose last parameter is `**given` the options that it shares with `compare`."""
    own = list(inspect.signature(command).parameters.values())[:-1]
    known = inspect.signature(compare).parameters
    parameters = [*own, *(known[name].replace(kind=inspect.Parameter.KEYWORD_ONLY) for name in _SHARED)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


@like_compare
@with_judging
@with_session
def run(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="EXPERIMENT|FILE.toml",
            help="A plugin's experiment, or a file of your own.",
            autocompletion=complete_experiments,
        ),
    ],
    *,
    judging: Mapping[str, Any],
    session: Mapping[str, Any],
    **given: Any,
) -> None:
    """Run an experiment: its variants, what was reported against what was measured, and its claims.

    Every setting of the file can be overridden, as in --epochs 2 --seeds 3 --train-size 5000; the tables say so.
    """
    from dlbench.analysis.answers import answer
    from dlbench.analysis.claims import check_metrics

    registry = Registry.load()
    found = open_experiment(experiment, registry)
    check_metrics(found, check(found, registry).diagnostics.values)
    overrides = read_request(
        {name: given[name] for name in ASSIGNABLE},
        (),
        given["seeds"],
        given["seed"] or (),
        judging=judging,
        noise_floor=given["noise_floor"],
    )
    overrides = replace(overrides, diagnostics=given["diagnostics"] or ())
    options = to_options(session, name=run_name(found, overrides), command=["dlbench", *sys.argv[1:]])
    request = to_request(found, overrides)
    if given["dry_run"]:
        from dlbench.cli.commands.dry_run import show_plan

        show_plan(request, options, given["as_json"], registry)
        if (changed := departures(found, overrides)) and not given["as_json"]:
            output().print(changed, soft_wrap=True)
        return
    outcome = run_session(request, options, given["quiet"] or given["as_json"], registry)
    answers = answer(found, outcome.records, outcome.plan.to_json(), departures(found, overrides))
    _write(answers, outcome.folder)
    shown = {name: given[name] for name in ("quiet", "as_json", "convergence", "explain")}
    _show(answers, outcome, judging, **shown)
    raise typer.Exit(outcome.exit_code)


def _write(answers: "ExperimentAnswers", folder: Path) -> None:
    """Write claims.csv, reported.csv and the experiment's own file into the run folder."""
    from dlbench.analysis.claims import claims_table
    from dlbench.analysis.reported import reported_table
    from dlbench.files import replace_file, writing
    from dlbench.runs.tables import to_csv

    tables = {"claims": claims_table(answers.claims), "reported": reported_table(answers.figures)}
    with writing(folder):
        for name, (columns, rows) in tables.items():
            replace_file(folder / f"{name}.csv", to_csv(columns, rows))
        replace_file(folder / answers.experiment.path.name, answers.experiment.path.read_bytes())


def _show(
    answers: "ExperimentAnswers",
    outcome: "Outcome",
    judging: Mapping[str, Any],
    *,
    quiet: bool,
    as_json: bool,
    convergence: bool,
    explain: bool,
) -> None:
    from dlbench.cli.commands.results.app import document, print_run

    figure = draw(outcome)
    if quiet:
        print(outcome.folder)
    elif as_json:
        print_json(document(outcome.run, judging) | answers.document())
    else:
        title = answers.experiment.title + (f" ({answers.departures})" if answers.departures else "")
        print_run(outcome.run, judging, convergence=convergence, explain=explain, title=title)
        _print(answers, outcome)
        output().print(where(outcome, figure), soft_wrap=True)


def _print(answers: "ExperimentAnswers", outcome: "Outcome") -> None:
    from dlbench.analysis.claims import counts_in_words
    from dlbench.report.terminal.experiments import claims_view, reported_view

    console = output()
    if answers.departures:
        console.print(answers.departures, style="dim")
    for veto in outcome.plan.vetoes:
        console.print(f"{veto.variant.label}: left out, as {veto.reason}.")
    if answers.figures:
        console.print(reported_view(answers.figures, answers.notes))
    if answers.claims:
        console.print(claims_view(answers.claims, answers.notes))
        console.print(counts_in_words(answers.claims))
