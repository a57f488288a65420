"""`dlbench data`: which data sets are on disk, whether they are undamaged, and fetching the missing ones."""

import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from dlbench.cli.completion.offers import complete_components
from dlbench.cli.options.common import AsJson, DataDir
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import errors, output, print_json
from dlbench.components.choice import Selection
from dlbench.components.records import Dataset
from dlbench.components.syntax import parse_reference
from dlbench.dataset_index import PreparedInfo
from dlbench.plans.config import default_data_dir, load_config
from dlbench.plugins.registry import Entry, Registry
from dlbench.sessions.resolve import TrialResolver, data_folder, known_data

app = typer.Typer(help="List, fetch and verify data sets.", no_args_is_help=True, add_completion=False)


@app.command("list")
def list_data(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the data sets: shape, classes, download size, whether the files are present."""
    folder = _folder(data_dir)
    registry = Registry.load()
    rows = _rows(registry, folder)
    warn_of_problems(registry)
    if as_json:
        print_json({"data_dir": str(folder), "datasets": rows})
        return
    table = Table("data set", "images", "classes", "download", "here", "license", box=None, pad_edge=False)
    for row in rows:
        shape = "×".join(map(str, row["input_shape"])) if row["input_shape"] else "–"
        size = f"{row['download_bytes'] / 1e6:,.0f} MB" if row["download_bytes"] else "–"
        table.add_row(row["name"], shape, str(row["num_classes"] or "–"), size, row["here"], row["license"])
    output().print(table)
    output().print(f"Data folder: {folder}", soft_wrap=True)


@app.command()
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME…",
            help="Data sets, optionally with parameters.",
            autocompletion=complete_components("datasets"),
        ),
    ],
    data_dir: DataDir = None,
) -> None:
    """Download what is missing, check it, and prepare it for training."""
    registry = Registry.load()
    chosen = [registry.select("datasets", parse_reference(name)) for name in names]
    warn_of_problems(registry)
    folder = _folder(data_dir)

    def note(text: str) -> None:
        errors().print(text, soft_wrap=True)

    with TrialResolver(registry, folder, threading.Event(), note) as resolver:
        for selection in chosen:
            info = resolver.prepared(selection)
            output().print(f"{selection.short}: {_counts(info)}, digest {info.digest}", soft_wrap=True)


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME…",
            help="Data sets, optionally with parameters. Default: all that are present.",
            autocompletion=complete_components("datasets"),
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Read data sets again and check their digests; damaged files of the prepared copy are rebuilt.

    The exit code is 1 if a data set is damaged or missing.
    """
    registry, folder = Registry.load(), _folder(data_dir)
    wanted = names or [row["name"] for row in _rows(registry, folder) if row["here"] in ("prepared", "on disk")]
    chosen = [registry.select("datasets", parse_reference(name)) for name in wanted]
    rows = []
    with TrialResolver(registry, folder, threading.Event(), lambda text: None) as resolver:
        for selection in chosen:
            rows.append(_verify(resolver, selection))
            if not as_json:
                output().print(f"{rows[-1]['name']}: {rows[-1]['answer']}", soft_wrap=True)
    if as_json:
        print_json({"data_dir": str(folder), "datasets": rows})
    raise typer.Exit(0 if all(row["whole"] for row in rows) else 1)


def _verify(resolver: TrialResolver, selection: Selection) -> dict[str, Any]:
    from dlbench.errors import DataError

    try:
        info, damaged = resolver.verify(selection)
    except DataError as error:
        return {"name": selection.short, "whole": False, "digest": None, "answer": str(error).replace("\n", " ")}
    again = "; the prepared copy was damaged and has been rebuilt" if damaged else ""
    answer = f"undamaged, {_counts(info)}, digest {info.digest}{again}"
    return {"name": selection.short, "whole": True, "digest": info.digest, "answer": answer}


def _rows(registry: Registry, folder: Path) -> list[dict[str, Any]]:
    return [_row(entry, folder) for entry in registry.entries(Dataset)]


def _folder(option: Path | None) -> Path:
    return data_folder(option, load_config(Path.cwd()).data_dir, default_data_dir)


def _row(entry: Entry[Dataset], folder: Path) -> dict[str, Any]:
    record = entry.record
    defaults = {key: parameter.default for key, parameter in record.parameters.items()}
    if known_data(entry, defaults, folder):
        here = "prepared"
    elif record.files:
        here = "on disk" if any(any(folder.glob(pattern)) for pattern in record.files) else "no"
    else:
        here = "yours" if any(parameter.required for parameter in record.parameters.values()) else "embedded"
    return {
        "name": record.name if entry.plugin.built_in else entry.name,
        "input_shape": record.input_shape,
        "num_classes": record.num_classes,
        "download_bytes": record.download_bytes,
        "here": here,
        "license": record.license,
        "licence": record.license,  # the name in earlier versions
    }


def _counts(info: PreparedInfo) -> str:
    shape = "×".join(map(str, info.input_shape))
    return f"{info.train_size:,} training and {info.test_size:,} test images of {shape}, {info.num_classes} classes"
