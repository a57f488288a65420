"""What the shell offers when Tab is pressed: components and their parameters, experiments, runs, plugins, metrics.

Nothing here raises or warns: a shell has no place for either.
"""

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import typer

from dlbench.components.records import KINDS, Component, Parameter
from dlbench.components.syntax import format_value

if TYPE_CHECKING:
    from dlbench.plugins.registry import Registry

#: What Typer calls, with the context, the words before, and the beginning of the current word.
Complete = Callable[[typer.Context, list[str], str], list[tuple[str, str]]]

#: Characters of a summary that are shown: Typer wraps longer ones, and fish takes each line for an offer.
_SUMMARY = 60


def completing(offer: Callable[[typer.Context, str], Iterable[tuple[str, str]]]) -> Complete:
    """Return a function of context and word as one that Typer calls; an error offers nothing."""

    def complete(ctx: typer.Context, args: list[str], incomplete: str) -> list[tuple[str, str]]:
        with contextlib.suppress(Exception), contextlib.redirect_stderr(io.StringIO()):
            offers = [(word, shorten(text, _SUMMARY, placeholder=" …")) for word, text in offer(ctx, incomplete)]
            return [(word, text) for word, text in offers if word.isprintable() and text.isprintable()]
        return []

    return complete


def complete_components(kind: str) -> Complete:
    """Complete a comma list of a kind's components, each with parameters."""
    return completing(lambda _ctx, incomplete: offer_components(_registry(), kind, incomplete))


def complete_choices(choices: Iterable[str]) -> Complete:
    """Complete a comma list of fixed words."""
    words = tuple(choices)
    return completing(lambda _ctx, incomplete: _continue_list(words, incomplete))


def complete_named(target: str, *more: str) -> Complete:
    """Complete a comma list of the words in "module:attribute", imported only then, and of some more."""
    module, _, attribute = target.partition(":")
    return completing(
        lambda _ctx, incomplete: _continue_list([*getattr(import_module(module), attribute), *more], incomplete)
    )


def _continue_list(words: Iterable[str], incomplete: str) -> Iterator[tuple[str, str]]:
    start, _ = _last_item(incomplete)
    yield from ((start + word, "") for word in words)


def offer_components(registry: "Registry", kind: str, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield whole words that continue what is written: a name, or a parameter of the last component of the list."""
    start, last = _last_item(incomplete)
    name, *written = re.split(r":(?=[A-Za-z_]*(?:=|\Z)|[A-Za-z_]\w*(?:=|\Z))", last)
    if not written:
        yield from ((start + offered, summary) for offered, summary in _names(registry, kind, last))
        return
    record = registry.get(kind, name).record
    given = {part.partition("=")[0] for part in written[:-1]}
    head = start + ":".join([name, *written[:-1]])
    yield from ((f"{head}:{text}", summary) for text, summary in _parameters(record, given, written[-1]))


def _last_item(text: str) -> tuple[str, str]:
    """Split a comma list into its beginning and its last item; commas between double quotes belong to an item."""
    quoted, cut = False, 0
    for index, character in enumerate(text):
        quoted ^= character == '"'
        if character == "," and not quoted:
            cut = index + 1
    return text[:cut], text[cut:]


def _names(registry: "Registry", kind: str, begun: str) -> Iterator[tuple[str, str]]:
    """Yield short names where they are unique; qualified ones where that was begun or is needed."""
    entries = registry.entries(kind)
    short = [entry.record.name for entry in entries]
    for entry in entries:
        alone = short.count(entry.record.name) == 1 or entry.plugin.built_in
        yield (entry.name if "/" in begun or not alone else entry.record.name), entry.record.summary


def _parameters(record: Component, given: set[str], begun: str) -> Iterator[tuple[str, str]]:
    name, equals, _ = begun.partition("=")
    if not equals:
        for key, parameter in record.parameters.items():
            if key not in given:
                # Two that begin alike: the shell completes to "key=" and adds no space.
                yield f"{key}=", parameter.summary
                yield from ((f"{key}={value}", parameter.summary) for value in _values(parameter)[:1])
    elif name in record.parameters:
        parameter = record.parameters[name]
        yield from ((f"{name}={value}", parameter.summary) for value in _values(parameter))


def _values(parameter: Parameter) -> list[str]:
    """Return values worth offering: the default first, and the other choices."""
    default = [] if parameter.required else [format_value(parameter.default)]
    others = ["true", "false"] if parameter.type is bool else list(parameter.choices)
    return list(dict.fromkeys([*default, *others]))


def _registry() -> "Registry":
    from dlbench.plugins.registry import Registry

    return Registry.load(strict=False)


def _experiments(_ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from dlbench.experiments.discovery import find_experiments

    files = find_experiments(_registry())
    stems = [file.path.stem for file in files]
    for file in files:
        alone = stems.count(file.path.stem) == 1 and "/" not in incomplete
        yield (file.path.stem if alone else file.name), ""
    folder, begun = os.path.split(incomplete)
    yield from ((os.path.join(folder, p.name), "") for p in Path(folder or ".").glob(f"{begun}*.toml"))


def _claims(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from dlbench.experiments.discovery import open_experiment

    start, _ = _last_item(incomplete)
    yield start + "supported", "all claims"
    argument = ctx.params.get("experiment") or (ctx.args or [""])[0]  # not an argument yet where this is the last word
    for number, claim in enumerate(open_experiment(argument, _registry()).claims, start=1):
        yield f"{start}{number}", claim.text


def _runs(ctx: typer.Context, _incomplete: str) -> Iterator[tuple[str, str]]:
    from dlbench.plans.config import load_config
    from dlbench.runs.locations import list_runs, results_root

    root = results_root(ctx.params.get("results_dir"), load_config(Path.cwd()).results_dir)
    yield from ((run.name, "") for run in list_runs(Path(root)))


def _plugins(_ctx: typer.Context, _incomplete: str) -> Iterator[tuple[str, str]]:
    from importlib import metadata

    points = metadata.entry_points(group="dlbench")  # broken ones too; nothing is imported
    yield from ((point.name, point.dist.name if point.dist else "") for point in points)


def _shown(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from dlbench.plugins.registry import kind_of

    yield from offer_components(_registry(), kind_of(ctx.params["kind"]), incomplete)


def _tags(ctx: typer.Context, _incomplete: str) -> Iterator[tuple[str, str]]:
    registry, chosen = _registry(), ctx.params.get("kind")  # not parsed yet where --tag is the last word
    kinds = [str(chosen)] if chosen in KINDS else [*KINDS]
    tags = {tag for kind in kinds for entry in registry.entries(kind) for tag in entry.record.tags}
    yield from ((tag, "") for tag in sorted(tags))


def _metrics(_ctx: typer.Context, _incomplete: str) -> Iterator[tuple[str, str]]:
    from dlbench.cli.listings.metrics import all_metrics

    yield from ((metric.name, metric.title) for metric in all_metrics(_registry()))


def _columns(ctx: typer.Context, _incomplete: str) -> Iterator[tuple[str, str]]:
    from dlbench.analysis.spreadsheets import read_sheet

    file = ctx.params["file"] or ctx.args[0]  # not an argument yet where the option is the last word
    yield from ((name, "") for name in read_sheet(Path(file)).columns if name)


def _diagnostics(_ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    start, last = _last_item(incomplete)
    yield from offer_components(_registry(), "diagnostics", incomplete)
    if ":" not in last:
        yield from ((start + word, "") for word in ("first", "last", "every:", "all"))


def _figures(_ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    from dlbench.components.records import Figure
    from dlbench.report.figure_names import TITLES

    start, _ = _last_item(incomplete)
    yield from ((start + name, title) for name, title in TITLES.items())
    for entry in _registry().entries(Figure):
        yield start + (entry.name if entry.record.name in TITLES else entry.record.name), entry.record.title
    yield start + "all", ""


complete_experiments = completing(_experiments)
complete_claims = completing(_claims)
complete_runs = completing(_runs)
complete_figures = completing(_figures)
complete_plugins = completing(_plugins)
complete_shown = completing(_shown)
complete_tags = completing(_tags)
complete_diagnostics = completing(_diagnostics)
complete_metrics = completing(_metrics)
complete_columns = completing(_columns)
