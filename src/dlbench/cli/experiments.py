"""`dlbench run`: an experiment, what was reported against what was measured, and its claims."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from dlbench.cli.axes import read_request
from dlbench.cli.completing import complete_experiments
from dlbench.cli.console import output, print_json
from dlbench.cli.judging import with_judging
from dlbench.cli.running import compare, draw, run_session, where
from dlbench.cli.session_options import to_options, with_session
from dlbench.experiment_plans import check, departures, open_experiment, run_name, to_request
from dlbench.registry import Registry
from dlbench.settings import COMPONENT_AXES, SETTINGS

if TYPE_CHECKING:
    from dlbench.experiments import Experiment
    from dlbench.live_session import Outcome
    from dlbench.results.claims import ClaimAnswer
    from dlbench.results.folder import RunFolder
    from dlbench.results.reported import ReportedFigure
    from dlbench.results.summary import VariantSummary

Command = TypeVar("Command", bound=Callable[..., Any])

_AXES = (*COMPONENT_AXES, *SETTINGS)
#: The options of `compare` that an experiment takes too; its variants stand in its file.
_SHARED = (
    *("seeds", "seed", "noise_floor", "dry_run", "quiet", "as_json", "convergence", "diagnostics", "explain"),
    *_AXES,
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
    from dlbench.results.claims import check_metrics

    registry = Registry.load()
    found = open_experiment(experiment, registry)
    check_metrics(found, check(found, registry).watch.values)
    overrides = read_request(
        {name: given[name] for name in _AXES},
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
        from dlbench.cli.planning import show_plan

        show_plan(request, options, given["as_json"], registry)
        if (changed := departures(found, overrides)) and not given["as_json"]:
            output().print(changed, markup=False, soft_wrap=True)
        return
    outcome = run_session(request, options, given["quiet"] or given["as_json"], registry)
    answers = _answer(found, outcome, departures(found, overrides))
    _write(answers)
    shown = {name: given[name] for name in ("quiet", "as_json", "convergence", "explain")}
    _show(answers, judging, **shown)
    raise typer.Exit(outcome.exit_code)


@dataclass(frozen=True)
class _Answers:
    """What a run of an experiment says. departures: what was overridden, or ""."""

    experiment: "Experiment"
    outcome: "Outcome"
    departures: str
    summaries: "tuple[VariantSummary, ...]"
    figures: "tuple[ReportedFigure, ...]"
    claims: "tuple[ClaimAnswer, ...]"

    @property
    def notes(self) -> list[str]:
        """Return what every table must say: what was overridden, and what the test set was used for."""
        uses = {summary.test_use: None for summary in self.summaries if summary.test_use}
        concerned = {use: [s.label for s in self.summaries if s.test_use == use] for use in uses}
        everywhere = len(self.summaries)
        notes = [
            use if len(labels) == everywhere else f"{use}: {', '.join(labels)}" for use, labels in concerned.items()
        ]
        return [self.departures, *notes] if self.departures else notes


def _answer(experiment: "Experiment", outcome: "Outcome", changed: str) -> _Answers:
    from dlbench.results.claims import judge
    from dlbench.results.reported import compare_reported
    from dlbench.results.summary import summarise

    plan = outcome.plan.to_json()
    return _Answers(
        experiment,
        outcome,
        changed,
        summarise(outcome.records, plan),
        compare_reported(experiment.reported, outcome.records, plan),
        tuple(judge(claim, outcome.records, plan) for claim in experiment.claims),
    )


def _write(answers: _Answers) -> None:
    """Write claims.csv and reported.csv into the run folder."""
    from dlbench.results.claims import claims_table
    from dlbench.results.files import replace_file, writing
    from dlbench.results.reported import reported_table
    from dlbench.results.views import to_csv

    tables = {"claims": claims_table(answers.claims), "reported": reported_table(answers.figures)}
    with writing(answers.outcome.folder):
        for name, (columns, rows) in tables.items():
            replace_file(answers.outcome.folder / f"{name}.csv", to_csv(columns, rows))


def _show(
    answers: _Answers, judging: Mapping[str, Any], *, quiet: bool, as_json: bool, convergence: bool, explain: bool
) -> None:
    from dlbench.cli.results import print_run
    from dlbench.results.folder import RunFolder

    figure = draw(answers.outcome)
    folder = RunFolder(answers.outcome.folder)
    if quiet:
        print(folder.path)
    elif as_json:
        print_json(_document(answers, folder, judging))
    else:
        title = answers.experiment.title + (f" ({answers.departures})" if answers.departures else "")
        print_run(folder, judging, convergence=convergence, explain=explain, title=title)
        _print(answers)
        output().print(where(answers.outcome, figure), markup=False, soft_wrap=True)


def _print(answers: _Answers) -> None:
    from dlbench.report.experiment_tables import claims_view, reported_view

    console = output()
    if answers.departures:
        console.print(answers.departures, style="dim", markup=False)
    for veto in answers.outcome.plan.vetoes:
        console.print(f"{veto.variant.label}: left out, as {veto.reason}.", markup=False)
    if answers.figures:
        console.print(reported_view(answers.figures, answers.notes))
    if answers.claims:
        console.print(claims_view(answers.claims, answers.notes))
        given = [answer.answer for answer in answers.claims]
        counts = [f"{given.count(answer)} {answer}" for answer in ("supported", "refuted", "not shown")]
        console.print(f"{len(given)} claim{'s' * (len(given) != 1)}: {', '.join(counts)}", markup=False)


def _document(answers: _Answers, folder: "RunFolder", judging: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run's document with what the experiment adds to it."""
    from dlbench.cli.results import document

    experiment = answers.experiment
    about = {"name": experiment.name, "title": experiment.title, "report": experiment.report}
    return document(folder, judging) | {
        "experiment": about | {"departures": answers.departures, "notes": answers.notes},
        "reported": [asdict(figure) for figure in answers.figures],
        "claims": [asdict(claim) for claim in answers.claims],
    }
