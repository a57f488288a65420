"""The table of metrics: the built-in ones, and the names that other programs use."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dlbench.components.foreign_metrics import quantity_of
from dlbench.components.metrics import SHARE_DIGITS, Direction, Group, Metric, Value

#: 0.2 points of accuracy: a difference too small to be relevant.
ACCURACY_MARGIN = 0.002


def _accuracy(name: str, title: str, group: Group, meaning: str, short: str = "") -> Metric:
    return Metric(
        name=name,
        title=title,
        better="higher",
        share=True,
        symbol="%",
        digits=SHARE_DIGITS,
        margin=ACCURACY_MARGIN,
        group=group,
        short=short,
        meaning=meaning,
    )


def _loss(name: str, title: str, group: Group, meaning: str, short: str = "") -> Metric:
    return Metric(
        name=name,
        title=title,
        better="lower",
        infinite_if_diverged=True,
        group=group,
        short=short,
        meaning=meaning,
    )


def _score(name: str, title: str, group: Group, meaning: str, better: Direction = "higher") -> Metric:
    """Return a share that tables show as a fraction."""
    return Metric(
        name=name,
        title=title,
        better=better,
        share=True,
        margin=ACCURACY_MARGIN,
        group=group,
        meaning=meaning,
    )


_TABLE = (
    _loss(
        "train_loss",
        "training loss",
        "fit",
        "Mean loss over the training images of the epoch, dropout and augmentation on. In trials.csv, of the "
        "selected epoch.",
    ),
    _accuracy(
        "train_accuracy",
        "training accuracy",
        "fit",
        "Share of the training images predicted correctly, while training.",
    ),
    _loss(
        "validation_loss",
        "validation loss",
        "fit",
        "Mean cross-entropy on the validation images at the epoch's end; in trials.csv, of the selected epoch.",
    ),
    _accuracy(
        "validation_accuracy",
        "validation accuracy",
        "fit",
        "Share of the validation images predicted correctly; in trials.csv, of the selected epoch.",
        short="validation\naccuracy (%)",
    ),
    _loss(
        "last_validation_loss",
        "last validation loss",
        "last",
        "Validation loss of the last epoch, beside the selected one's.",
    ),
    _accuracy("last_validation_accuracy", "last validation accuracy", "last", "Validation accuracy of the last epoch."),
    _loss(
        "test_loss",
        "test loss",
        "test",
        "Mean cross-entropy on the test images, read once, at the selected weights.",
        short="test\nloss",
    ),
    _accuracy(
        "test_accuracy",
        "test accuracy",
        "test",
        "Share of the test images predicted correctly, read once, at the selected weights.",
        short="test\naccuracy (%)",
    ),
    _score("macro_precision", "macro precision", "test", "Mean over the classes of their precision on the test set."),
    _score("macro_recall", "macro recall", "test", "Mean over the classes of their recall on the test set."),
    _score("macro_f1", "macro f1", "test", "Mean over the classes of their F1 on the test set."),
    _loss(
        "validation_objective",
        "validation objective",
        "objective",
        "What was trained on (label smoothing included), on the validation images; the losses are cross-entropy.",
    ),
    _loss("test_objective", "test objective", "objective", "What was trained on, on the test images."),
    Metric(
        name="step_loss_oscillation",
        title="step loss oscillation",
        better="lower",
        group="steps",
        meaning="How much the loss moves from step to step.",
    ),
    Metric(name="best_epoch", title="best epoch", group="progress", meaning="The selected epoch, from 1."),
    Metric(name="epochs_run", title="epochs run", group="progress", meaning="Epochs that were trained."),
    Metric(
        name="epochs_to_target",
        title="epochs to target",
        better="lower",
        needs_target=True,
        group="target",
        meaning="The first epoch that reaches the run's target validation accuracy; `inf` for a miss.",
    ),
    Metric(
        name="train_seconds",
        title="training time",
        better="lower",
        infinite_if_diverged=True,
        symbol="s",
        unit="seconds",
        digits=None,
        group="cost",
        short="time\n(s)",
        meaning="Seconds of training alone: no loading, no evaluation.",
    ),
    Metric(
        name="images_per_second",
        title="images/s",
        better="higher",
        digits=0,
        group="cost",
        short="images\nper s",
        meaning="Training images in a second of training.",
    ),
    Metric(
        name="parameters",
        title="parameters",
        better="lower",
        exact=True,
        digits=0,
        group="cost",
        short="para-\nmeters",
        meaning="Number of the network's trained parameters.",
    ),
    Metric(
        name="flops_per_image",
        title="flops per image",
        better="lower",
        exact=True,
        group="cost",
        meaning="Operations of one image's forward pass.",
    ),
    Metric(
        name="peak_memory_mb",
        title="peak memory mb",
        better="lower",
        group="cost",
        meaning="Highest memory of the training, in MB.",
    ),
    _accuracy(
        "validation_balanced_accuracy",
        "balanced validation accuracy",
        "epoch",
        "Mean over the classes of the share of their validation images predicted correctly, at the epoch's end.",
    ),
    Metric(
        name="learning_rate", title="learning rate", group="epoch", meaning="Learning rate at the start of the epoch."
    ),
    Metric(
        name="seconds",
        title="seconds",
        better="lower",
        unit="seconds",
        group="epoch",
        meaning="Seconds of the epoch's training alone.",
    ),
    _accuracy(
        "balanced_accuracy",
        "balanced accuracy",
        "derived",
        "Mean over the classes of the share of their test images predicted correctly.",
    ),
    _score(
        "generalization_gap",
        "generalization gap",
        "derived",
        "Training accuracy minus validation accuracy.",
        better="lower",
    ),
    Metric(
        name="loss_gap",
        title="loss gap",
        better="lower",
        group="derived",
        meaning="Validation loss minus training loss.",
    ),
    Metric(
        name="train_loss_change",
        title="train loss change",
        better="lower",
        group="derived",
        meaning="Mean absolute change of the training loss from one epoch to the next.",
    ),
    _score(
        "validation_accuracy_change",
        "validation accuracy change",
        "derived",
        "Mean absolute change of the validation accuracy from one epoch to the next.",
        better="lower",
    ),
    Metric(
        name="train_loss_decrease",
        title="train loss decrease",
        better="higher",
        group="derived",
        meaning="How far the training loss fell over the epochs.",
    ),
    _score(
        "validation_accuracy_area",
        "validation accuracy area",
        "derived",
        "Mean level of the validation accuracy over the epochs: the area under its curve by its length.",
    ),
    Metric(
        name="seconds_to_target",
        title="seconds to target",
        better="lower",
        needs_target=True,
        group="derived",
        meaning="Training seconds until the target validation accuracy; `inf` for a miss.",
    ),
)
#: The built-in metrics by name, in the order of the columns.
METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _TABLE})


def _title(name: str) -> str:
    return name.replace("_", " ")


def find_metric(name: str, declared: Iterable[Value] = ()) -> Metric:
    """Return the metric of a name such as "test_accuracy" or "gradient_norm@conv1"; an unknown one has no direction.

    declared: what the diagnostics in question say about their values.
    """
    base, _, layer = name.partition("@")
    described = METRICS.get(base) or next((value.metric for value in declared if value.name == base), None)
    metric = described or _of_another_program(base)
    return metric.at_layer(layer) if layer else metric


def _of_another_program(name: str) -> Metric:
    match quantity_of(name):
        case "accuracy":
            return _accuracy(name, _title(name), "", "")
        case "score":
            return _score(name, _title(name), "", "")
        case "error rate":
            return _score(name, _title(name), "", "", better="lower")
        case "loss":
            return _loss(name, _title(name), "", "")
        case "count":
            return Metric(name=name, title=_title(name), better="lower")
        case "seconds":
            return Metric(name=name, title=_title(name), better="lower", unit="seconds")
    return Metric(name=name, title=_title(name))


def names_in_groups(*groups: Group) -> tuple[str, ...]:
    """Return the names of the built-in metrics of some groups, in the order of the columns."""
    return tuple(name for name, metric in METRICS.items() if metric.group in groups)
