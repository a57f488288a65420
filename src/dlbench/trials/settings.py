"""The settings of a trial beside its components, told once: the command line, the plan and the files read them here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from dlbench.components.records import Parameter, Value
from dlbench.components.syntax import format_reference, format_value, parse_reference, parse_value, split_list
from dlbench.errors import DlbenchError, suggest
from dlbench.trials.normalization import check_normalization
from dlbench.trials.split import check_split

AUGMENTATIONS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        "crop": {"padding": Parameter(4, minimum=1)},
        "flip": {"probability": Parameter(0.5, minimum=0, maximum=1)},
        "cutout": {"size": Parameter(8, minimum=1)},
    }
)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is known of one setting: its parameter (type, default, range) and a check beyond the range."""

    name: str
    parameter: Parameter
    summary: str
    check: Callable[[str], str] | None = None

    @property
    def option(self) -> str:
        """Return the command-line option, "--batch-size"."""
        return "--" + self.name.replace("_", "-")

    def parse(self, text: str) -> Value:
        """Read the setting's value; what it does not accept is a DlbenchError."""
        value = parse_value(text, self.parameter, self.option)
        return self.check(value) if self.check and isinstance(value, str) else value


def _setting(default: Value, summary: str, check: Callable[[str], str] | None = None, **limits: Any) -> Any:
    """Declare a field of Settings with what its option and its errors say."""
    return field(
        default=default, metadata={"parameter": Parameter(default, **limits), "summary": summary, "check": check}
    )


def _check_validation(text: str) -> str:
    split = check_split(text)
    return format_value(float(split)) if split[0] in "0." else split  # .2 and 0.20 are one setting


def parse_augmentations(text: str) -> dict[str, dict[str, Value]]:
    """Read "crop:padding=2,flip" as {name: {parameter: value}}, in the order in which they are applied."""
    if text == "none":
        return {}
    chosen = {}
    for item in split_list(text):
        reference = parse_reference(item)
        if reference.name not in AUGMENTATIONS:
            raise DlbenchError(
                f"There is no augmentation {reference.name!r}.",
                suggest(reference.name, AUGMENTATIONS, f"It takes none, {', '.join(AUGMENTATIONS)}."),
            )
        accepted = AUGMENTATIONS[reference.name]
        if unknown := reference.parameters.keys() - accepted.keys():
            raise DlbenchError(
                f"The augmentation {reference.name} has no parameter {', '.join(sorted(unknown))}.",
                f"It takes {', '.join(accepted)}.",
            )
        given = {
            key: parse_value(raw, accepted[key], f"{reference.name}:{key}") for key, raw in reference.parameters.items()
        }
        chosen[reference.name] = {key: parameter.default for key, parameter in accepted.items()} | given
    return {name: chosen[name] for name in AUGMENTATIONS if name in chosen}


def _check_augment(text: str) -> str:
    chosen = parse_augmentations(text)
    shown = []
    for name, parameters in chosen.items():
        changed = {key: value for key, value in parameters.items() if value != AUGMENTATIONS[name][key].default}
        shown.append(format_reference(name, changed))
    return ",".join(shown) or "none"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of a trial but its components and its seed."""

    learning_rate: float = _setting(1e-3, "Peak learning rate.", minimum=0)
    batch_size: int = _setting(64, "Images a step.", minimum=1)
    epochs: int = _setting(10, "Passes over the training images.", minimum=1)
    loss: str = _setting("cross-entropy", "The loss; mse is on one-hot labels.", choices=("cross-entropy", "mse"))
    label_smoothing: float = _setting(
        0.0, "Share of each label spread over all classes (cross-entropy).", minimum=0, maximum=1
    )
    augment: str = _setting(
        "none", "crop, flip, cutout, joined by commas; repeat the option to compare several.", _check_augment
    )
    normalization: str = _setting(
        "unit",
        "unit: pixels in [0, 1]; standard: mean 0, deviation 1 a channel; none; or M-M-M/D-D-D.",
        check_normalization,
    )
    validation: str = _setting(
        "0.2",
        "Validation split of the training images: 0.2, random:N, last:N, first:N, test or own.",
        _check_validation,
    )
    train_size: int | None = _setting(
        None, "Train on this many of the images left after the split.", type=int, minimum=1
    )
    test_size: int | None = _setting(
        None, "Test on this many of the test images, the same for all.", type=int, minimum=1
    )
    select: str = _setting(
        "best",
        "Whose weights count: the best epoch by validation accuracy, the last, or the best-on-test.",
        choices=("best", "last", "best-on-test"),
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
    device: str = _setting("auto", "Where trials run.", choices=("auto", "cpu", "cuda", "mps"))
    threads: int = _setting(1, "CPU threads a trial.", minimum=1)
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

    @property
    def values(self) -> dict[str, Value]:
        """Return every setting by name."""
        return {name: getattr(self, name) for name in SETTINGS}

    @property
    def identity(self) -> dict[str, Value]:
        """Return the settings that decide a trial's numbers, without those that are as they were before there was one.

        So a setting that is added later leaves earlier trials their identity.
        """
        return {
            name: value
            for name, value in self.values.items()
            if name not in VALUES_BEFORE_INTRODUCED or VALUES_BEFORE_INTRODUCED[name] != value
        }


#: Settings added after trials were kept without them, with what those trials did.
VALUES_BEFORE_INTRODUCED: Mapping[str, Value] = MappingProxyType(
    {"fused": False, "matmul_precision": "highest", "compile": False, "cuda_graphs": False, "test_size": None}
)
SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {f.name: Setting(name=f.name, **f.metadata) for f in fields(Settings)}
)
