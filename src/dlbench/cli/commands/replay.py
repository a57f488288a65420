"""`dlbench replay`: what a manifest holds, once more on this machine, and what differs."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.cli.completion.offers import complete_runs
from dlbench.cli.options.common import ComparisonNumber
from dlbench.cli.options.groups import takes
from dlbench.cli.options.run_argument import runs_folder
from dlbench.cli.options.session import session_group
from dlbench.cli.options.shown import SHOWN, Shown
from dlbench.cli.streams.console import print_json, print_line, retold_output

if TYPE_CHECKING:
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.options import Options, Outcome
    from dlbench.sessions.replay import Original, Replay
    from dlbench.sessions.replay_findings import ReplayFindings

#: A replay computes everything itself: what it took from other runs would agree with them.
_SESSION = session_group("reuse", "force")


@takes(session=_SESSION, shown=SHOWN)
def replay(
    manifest: Annotated[
        str,
        typer.Argument(
            metavar="MANIFEST",
            help="A manifest.json, a run folder, or a run's name.",
            autocompletion=complete_runs,
        ),
    ],
    comparison: ComparisonNumber = None,
    *,
    session: "Options",
    shown: Shown,
) -> None:
    """Run what a manifest holds once more, on this machine, and say what differs: environment, numbers, verdicts.

    The trials go to a run folder of their own, by default of the same name; beside the original, to NAME-replay.
    """
    from dlbench.plans.config import load_config
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.repeated import recall_code
    from dlbench.sessions.replay import open_original, plan_replay

    root = runs_folder(session.results_dir)
    original = open_original(manifest, root, comparison)
    registry = Registry.load()
    recall_code(original.manifest, registry, session.data_dir, load_config(Path.cwd()))
    found = plan_replay(original, session.name, root, registry, fresh=session.fresh)
    options = replace(session, name=found.path.name, results_dir=found.path.parent, facts=found.facts)
    outcome = _run(found, options, registry, shown)
    if outcome is None:
        return
    _show(original, outcome, registry, shown)
    raise typer.Exit(outcome.exit_code)


def _run(found: "Replay", options: "Options", registry: "Registry", shown: Shown) -> "Outcome | None":
    """Run the plan; None where it is only shown."""
    from dlbench.cli.dry_run import print_plan
    from dlbench.cli.options.config import repetition_defaults
    from dlbench.cli.run_session import show_session
    from dlbench.sessions.run import run_plan

    options, config = repetition_defaults(options)
    if shown.dry_run:
        print_plan(found.plan, {}, options, registry, config, as_json=shown.as_json)
        return None
    session = partial(run_plan, found.plan, {}, options, registry, config)
    return show_session(session, registry, quiet=shown.quiet or shown.as_json)


def _show(original: "Original", outcome: "Outcome", registry: "Registry", shown: Shown) -> None:
    from dlbench.cli.run_session import print_results_place, print_vetoes
    from dlbench.report.documents import run_document
    from dlbench.report.terminal.run import print_run
    from dlbench.sessions.replay_findings import compare_replay

    found = compare_replay(original, outcome.run, registry)
    if shown.quiet:
        print_line(str(outcome.folder))
    elif shown.as_json:
        about = {"name": original.manifest.name, "path": str(original.path)}
        print_json(run_document(outcome.run, {}) | {"replays": about} | found.document())
    else:
        console = retold_output()
        title = f"{outcome.run.path.name}, a replay of {original.manifest.name}"
        print_run(console, outcome.run, {}, title=title, convergence=shown.convergence, explain=shown.explain)
        print_vetoes(outcome)
        _print(found, outcome)
        print_results_place(outcome, None)


def _print(found: "ReplayFindings", outcome: "Outcome") -> None:
    from dlbench.report.terminal.agreement import agreement_view, claim_agreement_view

    console, headings = retold_output(), ("original", "replay")
    if found.verdicts and not all(pair.same for pair in found.verdicts):
        console.print(agreement_view(found.verdicts, outcome.run.judge().rules, headings, answers=False))
    if found.claims and not all(pair.same for pair in found.claims):
        console.print(claim_agreement_view(found.claims, headings, answers=False))
    for line in found.sentences():
        console.print(line, soft_wrap=True)
