"""The records with which a plugin describes its components: frozen, keyword-only, free of torch."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field
from types import MappingProxyType
from typing import ClassVar

from dlbench.components import metrics
from dlbench.errors import ContractError

API_VERSION = 1

ParameterValue = bool | int | float | str | None | tuple[float, ...]
ValueType = type[bool] | type[int] | type[float] | type[str] | type[tuple[float, ...]]

NAME = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
#: What a diagnostic may request besides the model and the probe; see Diagnostic.
NEEDS = ("training_batches", "held_out_batches", "update", "step_losses", "learning_rate")
_FACTORY = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")
_TYPES = (bool, int, float, str, tuple)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a component: its default, its type and what it accepts.

    default: value used if none is given; None makes "none" an accepted value.
    type: type of its values, that of the default unless given.
    minimum: smallest accepted number.
    maximum: largest accepted number.
    choices: accepted texts; empty for any.
    required: whether it has no default and must be given.
    summary: what it means, one line.
    later: whether trials were recorded before it existed: at its default the factory does not get it, and its
        component keeps the identity that it had.
    """

    default: ParameterValue = None
    _: KW_ONLY
    type: ValueType | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    summary: str = ""
    later: bool = False

    def __post_init__(self) -> None:
        if self.type is None and self.default is not None:
            object.__setattr__(self, "type", type(self.default))
        object.__setattr__(self, "default", _as_read(self.default, self.type))
        if self.type is not None and self.type not in _TYPES:
            raise ContractError(f"Invalid type {self.type!r} for a parameter: it takes bool, int, float, str, tuple.")


def _as_read(default: ParameterValue, kind: ValueType | None) -> ParameterValue:
    """Return a default as its text would be parsed, so that spelling it out keeps the identity (1 becomes 1.0)."""
    if kind is float and isinstance(default, int):
        return float(default)
    if isinstance(default, tuple) and any(isinstance(number, float) for number in default):
        return tuple(map(float, default))
    return default


@dataclass(frozen=True, kw_only=True)
class Component:
    """What every component has.

    name: lowercase letters, digits and hyphens, starting with a letter or a digit; unique within plugin and kind.
    factory: where it is built, "package.module:attribute"; imported only where it is used.
    summary: what it is, one line.
    parameters: its parameters by name.
    defaults: short form of `parameters`: `defaults={"p": 0.5}` for `parameters={"p": Parameter(0.5)}`.
    source: paper or report that describes it.
    tags: words for grouping.
    aliases: other names that people write for it, beside other spellings of its own; with the parameters that such a
        name stands for, as in "momentum:momentum=0.9".
    search: the ranges in which its parameters, or settings such as learning_rate, are worth tuning: "log:1e-4..1e-1".
    """

    kind: ClassVar[str] = ""
    #: What messages call one component of the kind; with "s", several.
    noun: ClassVar[str] = ""
    #: The arguments that a factory of the kind gets by position, before its parameters.
    leading: ClassVar[tuple[str, ...]] = ()

    name: str
    factory: str
    summary: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    defaults: Mapping[str, ParameterValue] = field(default_factory=dict)
    source: str = ""
    tags: Sequence[str] = ()
    aliases: Sequence[str] = ()
    search: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not NAME.match(self.name):
            raise ContractError(
                f"Invalid component name {self.name!r}: it takes lowercase letters, digits and hyphens, "
                "a letter or a digit first."
            )
        if not _FACTORY.match(self.factory):
            raise ContractError(f"{self.name}: invalid factory {self.factory!r}: it reads 'package.module:attribute'.")
        if twice := self.parameters.keys() & self.defaults.keys():
            raise ContractError(f"{self.name}: {', '.join(sorted(twice))} is in both parameters and defaults.")
        merged = dict(self.parameters) | {key: Parameter(value) for key, value in self.defaults.items()}
        for key, parameter in merged.items():
            if not key.isidentifier() or not isinstance(parameter, Parameter):
                raise ContractError(f"{self.name}: invalid parameter {key!r}: it takes an identifier and a Parameter.")
        object.__setattr__(self, "parameters", MappingProxyType(merged))
        object.__setattr__(self, "defaults", MappingProxyType({}))  # part of parameters now, also for replace()
        object.__setattr__(self, "tags", tuple(self.tags))
        object.__setattr__(self, "aliases", tuple(self.aliases))
        object.__setattr__(self, "search", MappingProxyType(dict(self.search)))


@dataclass(frozen=True, kw_only=True)
class Model(Component):
    """A network: `factory(input_shape, num_classes, activation, **parameters) -> nn.Module`.

    activation: name of the activation used if none is chosen; "own" keeps the network's (the factory then gets None);
        None if the network has no activation to choose.
    devices: devices it runs on.
    precisions: precisions it runs in.
    minimum_size: smallest height and width of an image, in pixels.
    """

    kind: ClassVar[str] = "models"
    noun: ClassVar[str] = "model"
    leading: ClassVar[tuple[str, ...]] = ("input_shape", "num_classes", "activation")

    activation: str | None = "relu"
    devices: Sequence[str] = ("cpu", "cuda", "mps")
    precisions: Sequence[str] = ("float32", "bfloat16")
    minimum_size: int = 1


@dataclass(frozen=True, kw_only=True)
class Activation(Component):
    """A shape-preserving non-linearity: `factory(**parameters) -> nn.Module`, a fresh one each call."""

    kind: ClassVar[str] = "activations"
    noun: ClassVar[str] = "activation"


@dataclass(frozen=True, kw_only=True)
class Dataset(Component):
    """A data set: `factory(root, download, **parameters) -> ImageData` or a pair of torch data sets.

    The factory raises FileNotFoundError if a file is missing and ValueError if a file is corrupt.

    input_shape: (C, H, W) of an image; None if only the files tell.
    num_classes: number of classes; None if only the files tell.
    train_size: number of training images before any split; None if only the files tell.
    license: license of the data; `licence`, its earlier name, is accepted and reads the same.
    download_bytes: size of the download; None if there is none.
    files: paths below the data folder that it is read from, as glob patterns; a prepared copy is used as long as they
        are unchanged. Parameters named "path" count as files too.
    homepage: where the publisher offers it.
    """

    kind: ClassVar[str] = "datasets"
    noun: ClassVar[str] = "data set"
    leading: ClassVar[tuple[str, ...]] = ("root", "download")

    input_shape: tuple[int, int, int] | None = None
    num_classes: int | None = None
    train_size: int | None = None
    license: str = ""
    download_bytes: int | None = None
    files: Sequence[str] = ()
    homepage: str = ""
    licence: InitVar[str] = ""  # the name in earlier versions

    def __post_init__(self, licence: str) -> None:
        super().__post_init__()
        object.__setattr__(self, "license", self.license or licence)
        object.__setattr__(self, "licence", self.license)  # and it reads so, too


@dataclass(frozen=True, kw_only=True)
class Scheduler(Component):
    """A learning-rate schedule: `factory(optimizer, total_epochs, steps_per_epoch, **parameters)`.

    interval: when it steps, after each "epoch" or each "step".
    needs_metric: whether it steps with the monitored metric.
    """

    kind: ClassVar[str] = "schedulers"
    noun: ClassVar[str] = "schedule"
    leading: ClassVar[tuple[str, ...]] = ("optimizer", "total_epochs", "steps_per_epoch")

    interval: str = "epoch"
    needs_metric: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interval not in ("epoch", "step"):
            raise ContractError(f"{self.name}: invalid interval {self.interval!r}: it takes 'epoch' or 'step'.")


@dataclass(frozen=True, kw_only=True)
class Optimizer(Component):
    """An optimizer: `factory(parameters, learning_rate, **options) -> torch.optim.Optimizer`."""

    kind: ClassVar[str] = "optimizers"
    noun: ClassVar[str] = "optimizer"
    leading: ClassVar[tuple[str, ...]] = ("parameters", "learning_rate")


@dataclass(frozen=True, kw_only=True)
class Diagnostic(Component):
    """A measure of a model: `factory(model, probe_images, probe_labels, loss, **parameters) -> (layer, name, value) …`.

    The factory gets a copy of the model, in eval mode and without gradients, which it may change; the probe images as
    the network takes them; and the loss, which maps (logits, labels) to a mean. The layer "" stands for the whole
    model.

    A diagnostic can request more, as keyword arguments. `training_batches` and `held_out_batches` are called with a
    batch size and return (images, labels) of the training and of the validation images, not augmented, in the same
    order on every call. `update` has the trained parameters by name, each before and after the last whole batch of the
    epoch. `step_losses` has the loss of each step, a sequence for each epoch so far. `learning_rate` is the rate of the
    epoch's last step.

    values: what it yields, each a metric: records that say which values are better and how they read, or mere names;
        its own name, with underscores, if empty.
    needs: names of the keyword arguments that it requests.
    """

    kind: ClassVar[str] = "diagnostics"
    noun: ClassVar[str] = "diagnostic"
    leading: ClassVar[tuple[str, ...]] = ("model", "probe_images", "probe_labels", "loss")

    values: Sequence[metrics.Value | str] = ()
    needs: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "values", tuple(self.values) or (self.name.replace("-", "_"),))
        object.__setattr__(self, "needs", tuple(self.needs))
        for value in self.value_names:
            if not metrics.VALUE_NAME.match(value):
                raise ContractError(f"{self.name}: invalid value name {value!r}: small letters, digits, underscores.")
        if unknown := sorted(set(self.needs) - set(NEEDS)):
            raise ContractError(f"{self.name}: invalid need {unknown[0]!r}: it takes {', '.join(NEEDS)}.")

    @property
    def value_names(self) -> tuple[str, ...]:
        """Return the names of its values."""
        return tuple(value if isinstance(value, str) else value.name for value in self.values)

    @property
    def declared(self) -> tuple[metrics.Value, ...]:
        """Return those of its values that have more than a name."""
        return tuple(value for value in self.values if not isinstance(value, str))


@dataclass(frozen=True, kw_only=True)
class Executor(Component):
    """A place where work units run: `factory(**parameters)` with `slots()` and `run(units, emit, stop)`.

    submit: of a batch system, "package.module:function", the command `dlbench submit NAME`; it gets the words after --.
    """

    kind: ClassVar[str] = "executors"
    noun: ClassVar[str] = "executor"

    submit: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure(Component):
    """A figure of a run: `factory(data) -> matplotlib.figure.Figure`.

    data: the run as `dlbench.report.figures.figure_data.FigureData`: its variants with their trials and styles, the
    metric that it is judged by, and in `data.drawing` what dlbench's own figures have in common.
    title: its heading on the report page; without it, the name with spaces.
    values: the diagnostics' values that it shows; a run that measured none of them has no such figure.
    """

    kind: ClassVar[str] = "figures"
    noun: ClassVar[str] = "figure"
    leading: ClassVar[tuple[str, ...]] = ("data",)

    title: str = ""
    values: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "title", self.title or self.name.replace("-", " ").capitalize())
        object.__setattr__(self, "values", tuple(self.values))
        if self.parameters:
            raise ContractError(f"{self.name}: a figure takes no parameters.")


KINDS: Mapping[str, type[Component]] = MappingProxyType(
    {cls.kind: cls for cls in (Model, Activation, Dataset, Scheduler, Optimizer, Diagnostic, Executor, Figure)}
)
