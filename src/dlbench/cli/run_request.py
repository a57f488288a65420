"""What `compare` and `spread` do with a request: save it as an experiment file, and show its plan or run it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlbench.cli.options.shown import BrieflyShown
    from dlbench.plans.criteria import Criteria
    from dlbench.plans.plan import Plan, Request
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.options import Options, Outcome


def run_request(
    request: "Request",
    session: "Options",
    registry: "Registry",
    *,
    save: Path | None,
    shown: "BrieflyShown",
    check: "Callable[[Plan, Criteria], None]" = lambda plan, criteria: None,
) -> "Outcome | None":
    """Run what is asked for and return what came of it; with --dry-run, show its plan and return None.

    check: refuses a plan, before anything is written.
    """
    from dlbench.cli.save_experiment import check_file_name, save_experiment

    check_file_name(save)

    def check_and_save(plan: "Plan", criteria: "Criteria") -> None:
        check(plan, criteria)
        if save:
            save_experiment(save, request, plan, criteria, session, registry)

    options = replace(session, check=check_and_save)
    if shown.dry_run:
        from dlbench.cli.dry_run import show_plan

        show_plan(request, options, registry, as_json=shown.as_json)
        return None
    from dlbench.cli.run_session import run_session

    return run_session(request, options, registry, quiet=shown.quiet or shown.as_json)
