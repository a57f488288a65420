"""`dlbench spread`: which source of randomness the spread comes from."""

from typing import TYPE_CHECKING

import typer

from dlbench.cli.options.common import Save
from dlbench.cli.options.groups import takes
from dlbench.cli.options.request import SPREAD
from dlbench.cli.options.session import SESSION
from dlbench.cli.options.shown import BRIEFLY_SHOWN, BrieflyShown
from dlbench.cli.streams.console import print_json, print_line, retold_output
from dlbench.plans.plan import Request

if TYPE_CHECKING:
    from dlbench.sessions.options import Options, Outcome


@takes(request=SPREAD, session=SESSION, shown=BRIEFLY_SHOWN)
def spread(save: Save = None, *, request: Request, session: "Options", shown: BrieflyShown) -> None:
    """Show which source of randomness the spread of a result comes from, and what would make it smaller.

    One source at a time takes other seeds while all others keep theirs, in several backgrounds.
    --of difference does the same for the difference of two variants.
    """
    from dlbench.cli.run_request import run_request
    from dlbench.plans.spelling import canonical
    from dlbench.plugins.registry import Registry

    registry = Registry.load()
    request = canonical(request, registry)
    outcome = run_request(request, session, registry, save=save, shown=shown)
    if outcome:
        _show(outcome, request, shown)
        raise typer.Exit(outcome.exit_code)


def _show(outcome: "Outcome", request: Request, shown: BrieflyShown) -> None:
    from dlbench.cli.run_session import draw_spread, print_results_place, print_vetoes
    from dlbench.report.documents import run_document
    from dlbench.report.terminal.spread import print_spread

    figure = draw_spread(outcome, request.judging)
    if shown.quiet:
        print_line(str(outcome.folder))
    elif shown.as_json:
        print_json(run_document(outcome.run, request.judging))
    else:
        for table in outcome.run.judge(request.judging).spread:
            print_spread(retold_output(), table)
        print_vetoes(outcome)
        print_results_place(outcome, figure)
