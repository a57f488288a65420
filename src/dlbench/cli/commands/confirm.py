"""`dlbench confirm`: the same comparison once more, on seeds that were never used."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.cli.options.common import ComparisonNumber, Run
from dlbench.cli.options.groups import takes
from dlbench.cli.options.session import session_group
from dlbench.cli.options.shown import SHOWN, Shown
from dlbench.cli.options.values import number
from dlbench.cli.streams.console import errors, print_json, print_line, retold_output

if TYPE_CHECKING:
    from dlbench.plugins.registry import Registry
    from dlbench.runs.folder import RunFolder
    from dlbench.sessions.confirm import Confirmation
    from dlbench.sessions.confirm_findings import ConfirmationFindings
    from dlbench.sessions.options import Options, Outcome

#: Its seeds and its folder are fixed, so that nothing is chosen after results were seen.
_SESSION = session_group("name", "reuse", "force", "fresh", "yes")
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        metavar="N",
        parser=number("--seeds", int, None, 1),
        help="How many fresh seeds. Default: as many as the run has.",
        rich_help_panel="Seeds",
    ),
]


@takes(session=_SESSION, shown=SHOWN)
def confirm(
    run: Run, seeds: Seeds = None, comparison: ComparisonNumber = None, *, session: "Options", shown: Shown
) -> None:
    """Repeat a run's comparison once, on seeds never used, and say which verdicts and claims hold.

    Criteria and variants are the run's own; the trials go to RUN-confirm, and the numbers there are those to report.
    """
    from dlbench.cli.options.run_argument import open_run
    from dlbench.plans.config import load_config
    from dlbench.plugins.registry import Registry
    from dlbench.sessions.confirm import plan_confirmation
    from dlbench.sessions.confirm_findings import unfinished
    from dlbench.sessions.repeated import recall_code

    folder = open_run(run, session.results_dir)
    if comparison is not None:
        folder.choose(comparison)
    registry = Registry.load()
    recall_code(folder.manifest, registry, session.data_dir, load_config(Path.cwd()))
    found = plan_confirmation(folder, seeds, registry)
    options = replace(session, name=found.path.name, results_dir=found.path.parent, facts=found.facts)
    if found.plan is None:
        _say_done(folder, found)
    if shown.dry_run:
        _show_plan(found, options, registry, shown)
        return
    outcome = _run(found, options, registry, shown) if found.plan else None
    if outcome and outcome.interrupted:
        errors().print(f"{unfinished(outcome)} Run the same command again to compute them.", soft_wrap=True)
        raise typer.Exit(outcome.exit_code)
    again = outcome.run if outcome else found.before
    assert again is not None  # either it ran now, or it had
    _show(folder, found, again, registry, shown)
    raise typer.Exit(outcome.exit_code if outcome else 0)


def _say_done(folder: "RunFolder", found: "Confirmation") -> None:
    assert found.before is not None  # only then there is nothing to run
    seeds = found.before.plan.seeds
    span = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    errors().print(f"{folder.path.name} was already confirmed, on {span}: nothing is computed.", soft_wrap=True)


def _show_plan(found: "Confirmation", options: "Options", registry: "Registry", shown: Shown) -> None:
    if found.plan is None:
        if shown.as_json:
            print_json({"folder": str(found.path), "trials": 0})
        return
    from dlbench.cli.dry_run import print_plan
    from dlbench.cli.options.config import repetition_defaults

    options, config = repetition_defaults(options)
    print_plan(found.plan, {}, options, registry, config, as_json=shown.as_json)


def _run(found: "Confirmation", options: "Options", registry: "Registry", shown: Shown) -> "Outcome":
    from dlbench.cli.options.config import repetition_defaults
    from dlbench.cli.run_session import show_session
    from dlbench.sessions.run import run_plan

    assert found.plan is not None  # else it has run already
    options, config = repetition_defaults(options)
    session = partial(run_plan, found.plan, {}, options, registry, config)
    return show_session(session, registry, quiet=shown.quiet or shown.as_json)


def _show(folder: "RunFolder", found: "Confirmation", again: "RunFolder", registry: "Registry", shown: Shown) -> None:
    from dlbench.report.documents import run_document
    from dlbench.sessions.confirm_findings import compare_confirmation

    findings = compare_confirmation(folder, found, again, registry)
    if findings.note:
        errors().print(findings.note, soft_wrap=True)
    if shown.quiet:
        print_line(str(again.path))
    elif shown.as_json:
        about = {"name": folder.path.name, "path": str(folder.path)}
        print_json(run_document(again, {}) | {"confirms": about} | findings.document())
    else:
        _print(found, again, findings, shown)


def _print(found: "Confirmation", again: "RunFolder", findings: "ConfirmationFindings", shown: Shown) -> None:
    from dlbench.report.terminal.agreement import agreement_view, claim_agreement_view
    from dlbench.report.terminal.run import print_run

    console = retold_output()
    print_run(console, again, {}, title=again.path.name, convergence=shown.convergence, explain=shown.explain)
    headings = (f"first, {len(found.first.seeds)} seeds", f"confirming, {len(again.plan.seeds)} seeds")
    if findings.verdicts:
        console.print(agreement_view(findings.verdicts, again.judge().rules, headings))
    if findings.claims:
        console.print(claim_agreement_view(findings.claims, headings))
    console.print(findings.sentence, soft_wrap=True)
    console.print(
        f"Report the confirming seeds alone, {again.path.name}: the first ones had been seen when this was asked.",
        soft_wrap=True,
    )
    console.print(f"Results: {again.path}", soft_wrap=True)
