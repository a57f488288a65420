"""`dlbench run`: an experiment, what was reported against what was measured, and its claims."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.cli.completion.offers import complete_experiments
from dlbench.cli.options.common import Save
from dlbench.cli.options.gate import CLAIM_GATE, ClaimOptions
from dlbench.cli.options.groups import takes
from dlbench.cli.options.request import OVERRIDES
from dlbench.cli.options.session import SESSION
from dlbench.cli.options.shown import SHOWN, Shown
from dlbench.cli.streams.console import output, print_json, print_line, retold_output
from dlbench.plans.plan import Request
from dlbench.plugins.registry import Registry

if TYPE_CHECKING:
    from dlbench.analysis.answers import ExperimentAnswers
    from dlbench.plans.criteria import Criteria
    from dlbench.plans.plan import Plan
    from dlbench.sessions.options import Options, Outcome


@takes(overrides=OVERRIDES, session=SESSION, gate=CLAIM_GATE, shown=SHOWN)
def run(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="EXPERIMENT|FILE.toml",
            help="A plugin's experiment, or a file of your own.",
            autocompletion=complete_experiments,
        ),
    ],
    save: Save = None,
    *,
    overrides: Request,
    session: "Options",
    gate: ClaimOptions,
    shown: Shown,
) -> None:
    """Run an experiment: its variants, what was reported against what was measured, and its claims.

    Every setting of the file can be overridden, as in --epochs 2 --seeds 3 --train-size 5000; the tables say so.
    --save writes the experiment as it runs, with what is overridden.
    """
    from dlbench.analysis.gate import ClaimGate, VerdictGate
    from dlbench.cli.save_experiment import check_file_name, save_experiment
    from dlbench.experiments.about import About
    from dlbench.sessions.overridden import OverriddenExperiment

    verdicts = VerdictGate.parse(gate.fail_if)
    check_file_name(save)
    registry = Registry.load()
    asked = OverriddenExperiment.of(experiment, overrides, registry)
    found, request, changed = asked.experiment, asked.request, asked.deviations
    claims = ClaimGate.parse(gate.fail_unless, len(found.claims), found.name)

    def check_plan(plan: "Plan", criteria: "Criteria") -> None:
        verdicts.check(plan.record, criteria)
        if save:
            save_experiment(save, request, plan, criteria, session, registry, About.of(found, plan, changed))

    options = replace(session, name=session.name or asked.run_name, check=check_plan)
    if shown.dry_run:
        from dlbench.cli.dry_run import show_plan

        show_plan(request, options, registry, as_json=shown.as_json)
        if changed and not shown.as_json:
            output().print(changed, soft_wrap=True)
        return
    from dlbench.cli.run_session import gated_exit_code, run_session

    outcome = run_session(request, options, registry, quiet=shown.quiet or shown.as_json)
    answers = asked.answer(outcome)
    _show(answers, outcome, asked.overrides, shown)
    failures = (verdicts.failure(outcome.run.judge()), claims.failure(answers.claims))
    raise typer.Exit(gated_exit_code(outcome, *failures))


def _show(answers: "ExperimentAnswers", outcome: "Outcome", overrides: Request, shown: Shown) -> None:
    from dlbench.cli.run_session import draw_curves, draw_spread, print_results_place, print_vetoes
    from dlbench.report.documents import run_document
    from dlbench.report.terminal.experiments import print_answers
    from dlbench.report.terminal.run import print_run

    figure = (outcome.plan.spread and draw_spread(outcome, overrides.judging)) or draw_curves(outcome)
    if shown.quiet:
        print_line(str(outcome.folder))
    elif shown.as_json:
        print_json(run_document(outcome.run, overrides.judging) | answers.document())
    else:
        title = answers.experiment.title + (f" ({answers.deviations})" if answers.deviations else "")
        tables = {"convergence": shown.convergence, "explain": shown.explain}
        print_run(retold_output(), outcome.run, overrides.judging, title=title, **tables)
        if answers.deviations:
            retold_output().print(answers.deviations, style="dim")
        print_vetoes(outcome)
        print_answers(retold_output(), answers, answers.notes)
        print_results_place(outcome, figure)
