"""The settings of a trial, declared once: command line, plans, files and documentation derive from this table.

A new setting is a field of `Settings` with its value in `VALUES_BEFORE_INTRODUCED` (what earlier trials did without it,
so that they keep their identity), the code in `engine/` that acts on it, another value of it in the tests of identity
(tests/unit/trials/test_trial.py) and an entry in CHANGELOG.md. Nothing else names it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from dlbench.components.records import Parameter, ParameterValue
from dlbench.components.shapes import ShapeError, as_table, check_known
from dlbench.components.syntax import describe, parse_value
from dlbench.trials.augmentation import check_augmentation
from dlbench.trials.normalization import check_normalization
from dlbench.trials.split import check_split


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting as a user gives it.

    name: name of the setting, its field in `Settings` and its column in trials.csv.
    parameter: its type, default and range.
    summary: what its option says, a sentence.
    check: validates or normalizes its text, beyond the range.
    unset: what "none" means, in words.
    holds_commas: its values contain commas, so that only repeating the option makes an axis.
    shrinks: a smaller value makes a smaller experiment.
    machine: an experiment leaves it to the machine unless its file gives a value.
    """

    name: str
    parameter: Parameter
    summary: str
    check: Callable[[str], str] | None = None
    unset: str = "none"
    holds_commas: bool = False
    shrinks: bool = False
    machine: bool = False

    @property
    def option(self) -> str:
        """Return the command-line option, "--batch-size"."""
        return "--" + self.name.replace("_", "-")

    def parse(self, text: str) -> ParameterValue:
        """Return the value of a text. Raises DlbenchError if it is invalid."""
        value = parse_value(text, self.parameter, self.option)
        return self.check(value) if self.check and isinstance(value, str) else value


_ABOUT = tuple(item.name for item in fields(Setting) if item.name not in ("name", "parameter", "summary"))


def _setting(default: ParameterValue, summary: str, **given: Any) -> Any:
    """Declare a field of Settings. given: fields of its Setting and of its Parameter."""
    about = {key: given.pop(key) for key in _ABOUT if key in given}
    return field(default=default, metadata={"parameter": Parameter(default, **given), "summary": summary, **about})


#: Metrics of an epoch that may select it.
SELECTING = (
    *("validation_loss", "validation_accuracy", "validation_balanced_accuracy"),
    *("train_loss", "train_accuracy"),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of a trial except its components and its seed."""

    learning_rate: float = _setting(1e-3, "Peak learning rate.", minimum=0)
    batch_size: int = _setting(64, "Images a step.", minimum=1)
    epochs: int = _setting(10, "Passes over the training images.", minimum=1, shrinks=True)
    loss: str = _setting("cross-entropy", "The loss; mse is on one-hot labels.", choices=("cross-entropy", "mse"))
    label_smoothing: float = _setting(
        0.0, "Share of each label spread over all classes (cross-entropy).", minimum=0, maximum=1
    )
    augment: str = _setting(
        "none",
        "crop, flip, cutout, joined by commas; repeat the option to compare several.",
        check=check_augmentation,
        holds_commas=True,
    )
    normalization: str = _setting(
        "unit",
        "unit: pixels in [0, 1]; standard: mean 0, deviation 1 a channel; none; or M-M-M/D-D-D.",
        check=check_normalization,
    )
    validation: str = _setting(
        "0.2",
        "Validation split of the training images: 0.2, stratified:0.2, random:N, last:N, first:N, test or own.",
        check=check_split,
    )
    train_size: int | None = _setting(
        None,
        "Train on this many of the images left after the split.",
        type=int,
        minimum=1,
        unset="all images",
        shrinks=True,
    )
    test_size: int | None = _setting(
        None,
        "Test on this many of the test images, the same for all.",
        type=int,
        minimum=1,
        unset="all images",
        shrinks=True,
    )
    select: str = _setting(
        "best",
        "Whose weights count: the best epoch by validation accuracy or a metric named here, the last, or best-on-test.",
        check=lambda rule: "best" if rule == "validation_accuracy" else rule,
        choices=("best", "last", "best-on-test", *SELECTING),
    )
    patience: int | None = _setting(
        None, "Stop after this many epochs without a better monitored metric.", type=int, minimum=1
    )
    monitor: str = _setting(
        "validation_loss",
        "The metric that patience and the plateau schedule watch.",
        choices=("validation_loss", "validation_accuracy"),
    )
    gradient_clip: float | None = _setting(None, "Largest norm of the whole gradient.", type=float, minimum=0)
    precision: str = _setting("float32", "Arithmetic of the forward pass.", choices=("float32", "bfloat16", "auto"))
    device: str = _setting("auto", "Where trials run.", choices=("auto", "cpu", "cuda", "mps"), machine=True)
    threads: int = _setting(1, "CPU threads a trial.", minimum=1, machine=True)
    channels_last: bool = _setting(
        True, "Keep images and weights with their channels last in memory: faster convolutions."
    )
    deterministic: bool = _setting(False, "Deterministic kernels on a GPU; a CPU always repeats itself.")
    fused: bool = _setting(True, "Update all weights in one kernel, where the optimizer has one (adam, adamw, sgd).")
    matmul_precision: str = _setting(
        "highest",
        "float32 matrix products; auto: the fastest that loses no digits here (see dlbench doctor).",
        choices=("highest", "high", "medium", "auto"),
    )
    compile: bool = _setting(False, "Let torch compile the network: seconds to minutes first, fewer kernels after.")
    cuda_graphs: bool = _setting(
        False, "Record the training step once and replay it, where the optimizer can (CUDA alone)."
    )

    @classmethod
    def from_json(cls, content: object) -> "Settings":
        """Read settings back from JSON content; one that it lacks was not there yet, and had its value from before."""
        given = as_table(content, "settings")
        check_known(given, SETTINGS)
        known = {**VALUES_BEFORE_INTRODUCED, **given}
        if missing := [name for name in SETTINGS if name not in known]:
            raise ShapeError("settings", f"a table with {', '.join(missing)}", content)
        for name, value in known.items():
            if type(value) not in _TYPES[name]:
                raise ShapeError(name, describe(SETTINGS[name].parameter), value)
        return cls(**known)

    @property
    def values(self) -> dict[str, ParameterValue]:
        """Return every setting by name."""
        return {name: getattr(self, name) for name in SETTINGS}

    @property
    def identity(self) -> dict[str, ParameterValue]:
        """Return the settings that decide a trial's numbers.

        A setting that has the value from before it was introduced is omitted, so that earlier trials keep their
        identity.
        """
        return {
            name: value
            for name, value in self.values.items()
            if name not in VALUES_BEFORE_INTRODUCED or VALUES_BEFORE_INTRODUCED[name] != value
        }


#: Settings introduced after trials were recorded without them, with what those trials did.
VALUES_BEFORE_INTRODUCED: Mapping[str, ParameterValue] = MappingProxyType(
    {"fused": False, "matmul_precision": "highest", "compile": False, "cuda_graphs": False, "test_size": None}
)
SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {f.name: Setting(name=f.name, **f.metadata) for f in fields(Settings)}
)


def _types(parameter: Parameter) -> frozenset[type | None]:
    """Return the types that JSON content has for a parameter; a whole number may stand for any number."""
    whole = [int] if parameter.type is float else []
    absent = [type(None)] if parameter.default is None else []
    return frozenset([parameter.type, *whole, *absent])


_TYPES = MappingProxyType({name: _types(setting.parameter) for name, setting in SETTINGS.items()})
