"""The folder of all runs, and the run that an argument names."""

from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.cli.options.config import defaults_in_force
from dlbench.cli.streams.console import errors

if TYPE_CHECKING:
    from dlbench.runs.folder import RunFolder


def runs_folder(option: Path | None) -> Path:
    """Return the folder of all runs: the option's, the environment's, dlbench.toml's or ./results."""
    from dlbench.runs.locations import results_root

    return results_root(option, defaults_in_force("results_dir", results_dir=option).results_dir)


def open_run(run: str, results_dir: Path | None) -> "RunFolder":
    """Open the run that an argument names and print warnings about its journal on standard error."""
    from dlbench.runs.folder import RunFolder
    from dlbench.runs.locations import run_path

    folder = RunFolder(run_path(run, runs_folder(results_dir)))
    for warning in folder.warnings:
        errors().print(f"Warning: {folder.path.name}: {warning}", soft_wrap=True)
    return folder
