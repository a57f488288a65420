"""`dlbench data`: which data sets are on disk and undamaged, fetching the missing ones, removing prepared copies."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column

from dlbench.cli.completion.offers import complete_components
from dlbench.cli.options.common import AsJson, DataDir
from dlbench.cli.options.config import defaults_in_force
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import confirm, errors, list_output, output, print_json
from dlbench.components.choice import Selection, resolve_parameters
from dlbench.components.records import Dataset
from dlbench.components.syntax import format_reference, parse_reference
from dlbench.dataset_index import (
    IndexEntry,
    PreparedCopy,
    prepared_copies,
    remove_copy,
    remove_entry,
)
from dlbench.errors import DlbenchError
from dlbench.plans.config import default_data_dir
from dlbench.plugins.registry import Entry, Registry
from dlbench.report.terminal.console import Table
from dlbench.sessions.resolve import TrialResolver, data_folder, known_data

app = typer.Typer(help="List, fetch, verify and remove data sets.", no_args_is_help=True, add_completion=False)


def _names(about: str) -> Any:
    """Return the argument that names data sets."""
    return typer.Argument(metavar="NAME", help=about, autocompletion=complete_components("datasets"))


@app.command("list")
def list_data(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the data sets (shape, classes, download size, whether the files are present) and all prepared copies."""
    folder = _folder(data_dir)
    registry = Registry.load()
    rows = _rows(registry, folder)
    copies = prepared_copies(folder)
    warn_of_problems(registry)
    if as_json:
        prepared = [_copy_row(registry, copy) for copy in copies]
        print_json({"data_dir": str(folder), "datasets": rows, "prepared": prepared})
        return
    table = Table("data set", "images", "classes", "download", "here", "license", box=None, pad_edge=False)
    for row in rows:
        shape = "×".join(map(str, row["input_shape"])) if row["input_shape"] else "–"
        size = f"{row['download_bytes'] / 1e6:,.0f} MB" if row["download_bytes"] else "–"
        table.add_row(row["name"], shape, str(row["num_classes"] or "–"), size, row["here"], row["license"])
    list_output().print(table)
    _print_copies(registry, copies)
    output().print(f"Data folder: {folder}", soft_wrap=True)


def _print_copies(registry: Registry, copies: Sequence[PreparedCopy]) -> None:
    """Print what takes room in the data folder beside the published files."""
    if not copies:
        return
    table = Table(Column("prepared copy", overflow="fold"), Column("size", justify="right"), box=None, pad_edge=False)
    for row in (_copy_row(registry, copy) for copy in copies):
        table.add_row(", ".join(row["datasets"]) or f"{row['digest']} (unused)", _megabytes(row["bytes"]))
    output().print()
    output().print(table)
    output().print(f"Together: {_megabytes(sum(copy.size for copy in copies))}. To remove one: dlbench data rm NAME\n")


def _copy_row(registry: Registry, copy: PreparedCopy) -> dict[str, Any]:
    names = [_reference(registry, entry) for entry in copy.entries]
    return {"digest": copy.folder.name, "bytes": copy.size, "datasets": sorted(set(names)), "path": str(copy.folder)}


def _reference(registry: Registry, entry: IndexEntry) -> str:
    """Return a prepared data set as users type it."""
    name = entry.name.removeprefix("standard/")
    try:
        declared = registry.get(Dataset, entry.name).record.parameters
    except DlbenchError:  # its plugin is no longer installed
        return name
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in (entry.parameters or {}).items()}
    changed = {key: value for key, value in given.items() if key not in declared or value != declared[key].default}
    return format_reference(name, changed)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


@app.command("rm")
def remove(
    names: Annotated[
        list[str] | None,
        _names("Data sets, optionally with parameters (without, every copy of that name), or digests."),
    ] = None,
    unused: Annotated[
        bool, typer.Option("--unused", help="All copies that no data set uses any more: its files have changed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Remove prepared copies, after asking; your own files and downloads stay, and the next run prepares them again."""
    if not names and not unused:
        raise DlbenchError("Name a data set, or give --unused.", "Type `dlbench data list` to see the prepared copies.")
    registry, copies = Registry.load(), prepared_copies(_folder(data_dir))
    entries = [entry for name in names or () for entry in _named_entries(registry, copies, name)]
    gone = [copy for copy in copies if _is_removable(copy, entries, names or (), unused=unused)]
    if not gone and not entries:
        output().print("There is no unused copy.")
        return
    shown = ", ".join(f"{_copy_name(registry, copy)} ({_megabytes(copy.size)})" for copy in gone)
    if gone and not yes and not confirm(f"Remove the prepared {'copies' if len(gone) > 1 else 'copy'} {shown}?"):
        raise DlbenchError("Nothing was removed.")
    for entry in entries:
        remove_entry(entry)
    for copy in gone:
        remove_copy(copy)
    output().print(f"Removed {shown}" if gone else "Forgotten; another data set has the same arrays, which stay.")


def _is_removable(copy: PreparedCopy, entries: Sequence[IndexEntry], digests: Sequence[str], *, unused: bool) -> bool:
    """Return whether nothing uses a copy once the entries are removed, and whether that was asked for."""
    if not copy.entries:
        return unused or copy.folder.name in digests
    return all(entry in entries for entry in copy.entries)


def _copy_name(registry: Registry, copy: PreparedCopy) -> str:
    return " = ".join(_copy_row(registry, copy)["datasets"]) or copy.folder.name


def _named_entries(registry: Registry, copies: Sequence[PreparedCopy], name: str) -> list[IndexEntry]:
    """Return the prepared data sets that a name, with or without parameters, or a digest means."""
    found = [entry for copy in copies for entry in copy.entries]
    if any(copy.folder.name == name for copy in copies):
        return [entry for entry in found if entry.digest == name]
    reference = parse_reference(name)
    qualified = registry.get(Dataset, reference.name).name
    found = [entry for entry in found if entry.name == qualified]
    if reference.parameters:
        wanted = format_reference("", registry.select("datasets", reference).parameters)
        found = [entry for entry in found if format_reference("", entry.parameters or {}) == wanted]
    if not found:
        raise DlbenchError(f"There is no prepared copy of {name}.", "Type `dlbench data list` to see them.")
    return found


@app.command()
def fetch(
    names: Annotated[
        list[str],
        _names("Data sets, optionally with parameters."),
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
            output().print(f"{selection.short}: {info.sentence}, digest {info.digest}", soft_wrap=True)


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        _names("Data sets, optionally with parameters. Default: all that are present."),
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
    answer = f"undamaged, {info.sentence}, digest {info.digest}{again}"
    return {"name": selection.short, "whole": True, "digest": info.digest, "answer": answer}


def _rows(registry: Registry, folder: Path) -> list[dict[str, Any]]:
    return [_row(entry, folder) for entry in registry.entries(Dataset)]


def _folder(option: Path | None) -> Path:
    return data_folder(option, defaults_in_force("data_dir").data_dir, default_data_dir)


def _row(entry: Entry[Dataset], folder: Path) -> dict[str, Any]:
    record = entry.record
    defaults = resolve_parameters(record.parameters, {})
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
