"""`dlbench compare`: train every combination and judge the differences."""

from typing import TYPE_CHECKING

import typer

from dlbench.cli.options.common import Save
from dlbench.cli.options.gate import VERDICT_GATE, VerdictOptions
from dlbench.cli.options.groups import takes
from dlbench.cli.options.request import REQUEST
from dlbench.cli.options.session import SESSION
from dlbench.cli.options.shown import SHOWN, Shown
from dlbench.cli.streams.console import print_json, print_line, retold_output
from dlbench.plans.plan import Request

if TYPE_CHECKING:
    from dlbench.plans.criteria import Criteria
    from dlbench.plans.plan import Plan
    from dlbench.sessions.options import Options, Outcome


@takes(request=REQUEST, session=SESSION, gate=VERDICT_GATE, shown=SHOWN)
def compare(save: Save = None, *, request: Request, session: "Options", gate: VerdictOptions, shown: Shown) -> None:
    """Train every combination with the same seeds and say which is better.

    Components are written NAME or NAME:key=value:key=value, as in --activation relu,leaky-relu:negative_slope=0.1.
    """
    from dlbench.analysis.gate import VerdictGate
    from dlbench.cli.run_request import run_request
    from dlbench.plans.spelling import canonical
    from dlbench.plugins.registry import Registry

    verdicts = VerdictGate.parse(gate.fail_if, gate.fail_unless)
    registry = Registry.load()
    request = canonical(request, registry)

    def check(plan: "Plan", criteria: "Criteria") -> None:
        verdicts.check(plan.record, criteria)

    outcome = run_request(request, session, registry, save=save, shown=shown, check=check)
    if outcome:
        from dlbench.cli.run_session import gated_exit_code

        _show(outcome, request, shown)
        raise typer.Exit(gated_exit_code(outcome, verdicts.failure(outcome.run.judge())))


def _show(outcome: "Outcome", request: Request, shown: Shown) -> None:
    from dlbench.cli.run_session import draw_curves, print_results_place, print_vetoes
    from dlbench.report.documents import run_document
    from dlbench.report.terminal.run import print_run

    figure = draw_curves(outcome)
    if shown.quiet:
        print_line(str(outcome.folder))
    elif shown.as_json:
        print_json(run_document(outcome.run, request.judging))
    else:
        print_run(retold_output(), outcome.run, request.judging, convergence=shown.convergence, explain=shown.explain)
        print_vetoes(outcome)
        print_results_place(outcome, figure)
