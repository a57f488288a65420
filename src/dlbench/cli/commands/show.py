"""`dlbench show`: one component, looked into."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from dlbench.cli.commands.list import entry_document, warn_of_problems
from dlbench.cli.completion.offers import complete_choices, complete_shown
from dlbench.cli.streams.console import output, print_json
from dlbench.components.records import Component, Diagnostic
from dlbench.components.syntax import describe, parse_reference
from dlbench.errors import DlbenchError, suggest
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.registry import SINGULAR, Entry, Registry

if TYPE_CHECKING:
    from dlbench.components.descriptions import Picture
    from dlbench.trials.trial import Trial

_ALIASES = {kind: kind for kind in SINGULAR} | {
    word: kind
    for kind, singular in SINGULAR.items()
    for word in (singular, singular.replace(" ", ""), kind.removesuffix("s"))
}


def show(
    kind: Annotated[
        str,
        typer.Argument(
            help="model, activation, dataset, schedule, optimizer, …",
            autocompletion=complete_choices(kind.removesuffix("s") for kind in SINGULAR),
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(help="A component, with parameters if wanted: mlp:hidden=32.", autocompletion=complete_shown),
    ],
    dataset: Annotated[str, typer.Option(help="A model is shown for this data set's images.")] = "digits",
    activation: Annotated[str, typer.Option(help="A model's activation, instead of its own.")] = "",
    learning_rate: Annotated[float, typer.Option(help="A schedule's peak.")] = 0.1,
    epochs: Annotated[int, typer.Option(min=1, help="A schedule's length.")] = 30,
    steps_per_epoch: Annotated[int, typer.Option(min=1, help="Steps of a schedule's epoch.")] = 20,
    png: Annotated[Path | None, typer.Option(help="Write the curve to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Show a component: its parameters, a model's layers, a schedule's or an activation's curve."""
    found = kind_of(kind)
    registry = Registry.load()
    entry = registry.get(found, parse_reference(name).name)
    registry.select(found, parse_reference(name))  # names a wrong parameter before anything is printed
    settings = {"learning_rate": (str(learning_rate),), "epochs": (str(epochs),)}
    warn_of_problems(registry)
    document = entry_document(entry)
    picture: Picture | None = None
    if found == "models":
        values = {"model": (name,), "dataset": (dataset,)} | ({"activation": (activation,)} if activation else {})
        document |= _model(_trial(values, registry), registry, as_json)
    elif found == "activations":
        from dlbench.engine.describe import picture_activation

        picture = picture_activation(registry.select(found, parse_reference(name)), registry)
    elif found == "schedulers":
        from dlbench.engine.describe import picture_schedule

        trial = _trial({"scheduler": (name,), "optimizer": ("sgd:momentum=0.9",), **settings}, registry)
        picture = picture_schedule(trial, registry, steps_per_epoch)
    if as_json:
        print_json(document | ({"curves": [asdict(curve) for curve in picture.curves]} if picture else {}))
    elif found != "models":
        print_record(entry)
    _draw(picture, png, as_json)


def kind_of(word: str) -> str:
    """Return the registry's kind for what people write: "dataset", "data set", "datasets"."""
    if word not in _ALIASES:
        raise DlbenchError(
            f"There is nothing of the kind {word!r}.", suggest(word, _ALIASES, f"It takes {', '.join(SINGULAR)}.")
        )
    return _ALIASES[word]


def _trial(values: Mapping[str, tuple[str, ...]], registry: Registry) -> "Trial":
    return build(Request(values=values, seeds=1), registry).variants[0].trial


def _model(trial: "Trial", registry: Registry, as_json: bool) -> dict[str, Any]:
    from dlbench.engine.describe import describe_model
    from dlbench.report.terminal.curves import layer_table

    if trial.input_shape is None or trial.num_classes is None:
        raise DlbenchError(
            f"The images of {trial.dataset.short} have no fixed shape.", "Choose another data set with --dataset."
        )
    description = describe_model(trial, registry)
    if not as_json:
        print_record(registry.get("models", trial.model.name))
        output().print(layer_table(description))
        if description.flops is not None:
            output().print(f"{description.flops / 1e6:,.1f} MFLOPs an image, forward.")
    return asdict(description)


def print_record(entry: Entry[Component]) -> None:
    """Print what a component's record says."""
    record, console = entry.record, output()
    console.print(Text.assemble((entry.name, "bold"), f": {record.summary}"))
    if record.source:
        console.print(f"Source: {record.source}")
    console.print(f"Plugin: {entry.plugin.name} ({entry.plugin.distribution} {entry.plugin.version})")
    if isinstance(record, Diagnostic):
        console.print(f"It gives: {', '.join(record.value_names)}")
    if record.parameters:
        table = Table("parameter", "takes", "", box=None, pad_edge=False)
        for key, parameter in record.parameters.items():
            table.add_row(key, describe(parameter), parameter.summary)
        console.print(table)
    console.print()


def _draw(picture: "Picture | None", png: Path | None, as_json: bool) -> None:
    if picture and not as_json:
        from dlbench.report.terminal.curves import draw

        output().print(draw(picture, output().width), soft_wrap=True)
        curves = " and ".join(curve.label for curve in picture.curves)
        output().print(f"y: {curves}; x: {picture.x_label}")
    if png:
        if picture is None:
            raise DlbenchError("Only activations and schedules have a curve for --png.")
        from dlbench.report.figures.component import draw_picture

        draw_picture(picture, png)
