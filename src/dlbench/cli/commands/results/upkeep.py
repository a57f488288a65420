"""`dlbench results doctor|merge|rm`: run folders repaired, joined and removed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.cli.completion.offers import complete_runs
from dlbench.cli.options.common import AsJson, ResultsDir, Run
from dlbench.cli.options.run_argument import runs_folder
from dlbench.cli.streams.console import confirm, errors, output, print_json

if TYPE_CHECKING:
    from dlbench.runs.repair import Finding


def doctor(
    run: Run,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report the damage; change nothing.")] = False,
    results_dir: ResultsDir = None,
    as_json: AsJson = False,
) -> None:
    """Find damage in a run folder and repair what can be; a copy of each changed file is kept.

    The exit code is 1 if damage remains.
    """
    from dlbench.files import remove_hidden_folders
    from dlbench.runs.locations import run_path
    from dlbench.runs.repair import examine, repair

    path = run_path(run, runs_folder(results_dir))
    if not dry_run:
        remove_hidden_folders(path.absolute().parent)
    found = [(finding, False) for finding in examine(path)] if dry_run else list(repair(path))
    if as_json:
        print_json({"path": str(path), "findings": [_document(*each, dry_run=dry_run) for each in found]})
    else:
        for finding, repaired in found:
            outcome = f"would be {finding.remedy}" if dry_run and finding.repair else finding.remedy
            mark = "repaired" if repaired else "found"
            output().print(f"{mark}: {finding.file}: {finding.problem}: {outcome}", soft_wrap=True)
        if not found:
            output().print(f"{path} is in order.", soft_wrap=True)
        elif any(repaired for _, repaired in found) and (path / "kept").is_dir():
            output().print(f"Copies of changed files are in {path / 'kept'}.", soft_wrap=True)
    raise typer.Exit(0 if all(repaired for _, repaired in found) else 1)


def _document(finding: "Finding", repaired: bool, *, dry_run: bool) -> dict[str, object]:
    about = {"file": finding.file, "problem": finding.problem, "remedy": finding.remedy}
    return about | {"mended": repaired, "can_be_mended": finding.repair is not None}


def merge(
    target: Annotated[
        str, typer.Argument(help="The run to merge into, new or existing.", metavar="RUN", autocompletion=complete_runs)
    ],
    sources: Annotated[
        list[str], typer.Argument(help="Runs to take trials from.", metavar="SOURCE", autocompletion=complete_runs)
    ],
    results_dir: ResultsDir = None,
    as_json: AsJson = False,
) -> None:
    """Join runs, such as one from another machine: each trial once, verdicts over all."""
    from dlbench.files import at_home
    from dlbench.runs.locations import named_by_path, new_run_path, run_path
    from dlbench.runs.merge import merge as merge_folders

    root = runs_folder(results_dir)
    into = at_home(target) if named_by_path(target) else new_run_path(target, root)
    merged = merge_folders(into, [run_path(source, root) for source in sources])
    if as_json:
        print_json(asdict(merged) | {"path": str(merged.path)})
        return
    for warning in merged.warnings:
        errors().print(f"Warning: {warning}", soft_wrap=True)
    for name, count in merged.added.items():
        output().print(f"{count:,} trial{'s' * (count != 1)} added from {name}", soft_wrap=True)
    if merged.there:
        output().print(f"{merged.there:,} existed already and are unchanged", soft_wrap=True)
    if merged.differing:
        shown = ", ".join(merged.differing[:5]) + (" …" if len(merged.differing) > 5 else "")
        output().print(f"{len(merged.differing):,} of these had different numbers: {shown}", soft_wrap=True)
    if merged.provenances > 1:
        output().print(
            f"The results come from {merged.provenances} different sets of versions or hardware (see manifest.json)."
        )
    output().print(f"Results: {merged.path}", soft_wrap=True)


def remove(
    runs: Annotated[
        list[str], typer.Argument(help="Runs, by name or path.", metavar="RUN", autocompletion=complete_runs)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    results_dir: ResultsDir = None,
) -> None:
    """Remove runs, after asking."""
    from dlbench.errors import DlbenchError
    from dlbench.runs.locations import run_path
    from dlbench.runs.overview import overview
    from dlbench.runs.removal import check_removable, remove_run

    root = runs_folder(results_dir)
    paths = [run_path(run, root) for run in dict.fromkeys(runs)]
    for path in paths:
        check_removable(path)
    counts = [f"{path} ({about.done} finished trials)" for path, about in ((p, overview(p)) for p in paths)]
    if not yes and not confirm(f"Remove {', '.join(counts)}?"):
        raise DlbenchError("Nothing was removed.")
    for path in paths:
        remove_run(path)
        output().print(f"Removed {path}", soft_wrap=True)
