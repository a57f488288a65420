"""The experiments of the plugins as a table: what they are about, and what they cost."""

from pathlib import Path
from typing import Any

from rich.text import Text

from dlbench.cli.options.config import defaults_in_force
from dlbench.cli.streams.console import errors, list_output, output, print_json
from dlbench.components.records import Dataset
from dlbench.components.spelling import matches
from dlbench.errors import DlbenchError
from dlbench.experiments.discovery import ExperimentFile, find_experiments
from dlbench.experiments.experiment_file import load_experiment
from dlbench.experiments.request import to_request
from dlbench.plans.build import build
from dlbench.plans.config import default_data_dir
from dlbench.plugins.registry import Registry
from dlbench.report.terminal.console import Table
from dlbench.sessions.resolve import data_folder, known_data
from dlbench.trials.split import held_out
from dlbench.trials.trial import Trial


def print_experiments(registry: Registry, pattern: str, *, as_json: bool) -> None:
    """Print the experiments by report: name, title, variants × seeds, and images to train on."""
    folder = data_folder(None, defaults_in_force("data_dir").data_dir, default_data_dir)
    files = [file for file in find_experiments(registry) if _matches(file, pattern)]
    rows = []
    for file in files:
        try:
            rows.append(_row(file, registry, folder))
        except DlbenchError as error:
            errors().print(f"Warning: skipped {file.name}: {error.message} {error.hint}", soft_wrap=True)
    if as_json:
        print_json(rows)
    elif rows:
        _print(rows)
    elif pattern:
        raise DlbenchError(f"No experiment matches {pattern!r}.", "Run `dlbench list experiments` to see all.")
    else:
        errors().print("No installed plugin has an experiment.")


def _matches(file: ExperimentFile, pattern: str) -> bool:
    return matches(file.name, pattern) or matches(file.path.stem, pattern)


def _row(file: ExperimentFile, registry: Registry, folder: Path) -> dict[str, Any]:
    experiment = load_experiment(file.path, file.plugin)
    plan = build(to_request(experiment), registry)
    each = [_images(variant.trial, registry, folder) for variant in plan.variants]
    known = [images for images in each if images is not None]
    return {
        "name": file.name,
        "title": experiment.title,
        "report": experiment.report or file.plugin,
        "plugin": file.plugin,
        "variants": len(plan.variants),
        "seeds": len(plan.seeds),
        "images": sum(known) * len(plan.seeds) if len(known) == len(each) else None,
        "at_most": any(variant.trial.settings.patience for variant in plan.variants),
        "reported": len(experiment.reported),
        "claims": len(experiment.claims),
    }


def _images(trial: Trial, registry: Registry, folder: Path) -> int | None:
    """Return how many images a trial trains on over all its epochs, None where the data set's size is not known."""
    settings = trial.settings
    if settings.train_size is not None:
        return settings.epochs * settings.train_size
    entry = registry.get(Dataset, trial.dataset.name)
    info = known_data(entry, trial.dataset.parameters, folder)
    declared = entry.record.train_size or trial.dataset.parameters.get("train_size")
    total = info.train_size if info else declared
    return settings.epochs * (total - held_out(settings.validation, total)) if isinstance(total, int) else None


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table("experiment", "title", "variants\n× seeds", "images", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    table.columns[2].justify = table.columns[3].justify = "right"
    stems = [row["name"].partition("/")[2] for row in rows]
    report = ""
    for row, stem in zip(rows, stems, strict=True):
        if row["report"] != report:
            report = row["report"]
            table.add_row(Text(report, style="bold"))
        shown = stem if stems.count(stem) == 1 else row["name"]
        table.add_row(f"  {shown}", Text(row["title"]), f"{row['variants']} × {row['seeds']}", _count(row))
    list_output().print(table)
    if any(row["images"] is None for row in rows):
        output().print("–: not known before the data set is prepared (`dlbench data fetch`)")


def _count(row: dict[str, Any]) -> str:
    if row["images"] is None:
        return "–"
    shown = f"{row['images'] / 1e6:,.1f} M" if row["images"] >= 1e5 else f"{row['images']:,}"
    return f"≤ {shown}" if row["at_most"] else shown
