"""`dlbench show`: one component in detail."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.cli.completion.offers import complete_choices, complete_components, complete_shown
from dlbench.cli.listings.components import entry_document, print_record
from dlbench.cli.options.common import AsJson
from dlbench.cli.options.values import number
from dlbench.cli.plugin_warnings import warn_of_problems
from dlbench.cli.streams.console import output, print_json
from dlbench.components.syntax import parse_reference
from dlbench.errors import DlbenchError
from dlbench.plans.build import build
from dlbench.plans.plan import Request
from dlbench.plugins.registry import SINGULAR, Registry, kind_of

if TYPE_CHECKING:
    from dlbench.components.descriptions import Picture
    from dlbench.trials.trial import Trial


Kind = Annotated[
    str,
    typer.Argument(
        metavar="KIND",
        help=f"{', '.join(kind.removesuffix('s') for kind in SINGULAR)}.",
        autocompletion=complete_choices(kind.removesuffix("s") for kind in SINGULAR),
    ),
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="A component, optionally with parameters: mlp:hidden=32.", autocompletion=complete_shown
    ),
]
ForDataset = Annotated[
    str,
    typer.Option(help="A model is shown for this data set's images.", autocompletion=complete_components("datasets")),
]
WithActivation = Annotated[
    str,
    typer.Option(help="A model's activation, instead of its own.", autocompletion=complete_components("activations")),
]
Peak = Annotated[
    float,
    typer.Option(parser=number("--learning-rate", float, 0.1, 0), metavar="NUMBER", help="A schedule's peak."),
]
Length = Annotated[
    int, typer.Option(parser=number("--epochs", int, 30, 1), metavar="NUMBER", help="A schedule's length.")
]
Steps = Annotated[
    int,
    typer.Option(parser=number("--steps-per-epoch", int, 20, 1), metavar="NUMBER", help="Steps of a schedule's epoch."),
]
Png = Annotated[Path | None, typer.Option(help="Also write the curve to this file.")]


def show(
    kind: Kind,
    name: Name,
    dataset: ForDataset = "digits",
    activation: WithActivation = "",
    learning_rate: Peak = 0.1,
    epochs: Length = 30,
    steps_per_epoch: Steps = 20,
    png: Png = None,
    as_json: AsJson = False,
) -> None:
    """Show a component: its parameters, a model's layers, a schedule's or an activation's curve."""
    found = kind_of(kind)
    registry = Registry.load()
    entry = registry.get(found, parse_reference(name).name)
    registry.select(found, parse_reference(name))  # raises for a wrong parameter before anything is printed
    settings = {"learning_rate": (str(learning_rate),), "epochs": (str(epochs),)}
    warn_of_problems(registry)
    _let_import(registry)
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


def _let_import(registry: Registry) -> None:
    """Let this process import what code of the user's own the command names."""
    if codes := registry.user.codes(registry.plugins.by_name):
        from dlbench.plans.config import default_data_dir, load_config
        from dlbench.plugins.user_imports import learn_user_code
        from dlbench.sessions.resolve import data_folder

        learn_user_code(codes, data_folder(None, load_config(Path.cwd()).data_dir, default_data_dir), registry)


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
            output().print(f"{description.flops / 1e6:,.1f} MFLOPs per image, forward.")
    return asdict(description)


def _draw(picture: "Picture | None", png: Path | None, as_json: bool) -> None:
    if picture and not as_json:
        from dlbench.report.terminal.console import Lines
        from dlbench.report.terminal.curves import draw

        output().print(Lines(draw(picture, output().width)), soft_wrap=True)
        curves = " and ".join(curve.label for curve in picture.curves)
        output().print(f"y: {curves}; x: {picture.x_label}")
    if png:
        if picture is None:
            raise DlbenchError("--png draws activations and schedules only.")
        from dlbench.report.figures.preview import draw_picture

        draw_picture(picture, png)
