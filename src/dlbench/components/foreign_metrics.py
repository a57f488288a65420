"""What other programs call their metrics: "val_acc", "test/top-1", "eval.AUROC"."""

import re
from typing import Literal

Quantity = Literal["accuracy", "score", "loss", "error rate", "count", "seconds"]

#: Words that say of which images or of which epoch a metric is.
_WHICH = frozenset(
    [
        "train",
        "training",
        "val",
        "valid",
        "validation",
        "test",
        "testing",
        "eval",
        "evaluation",
        "dev",
        "holdout",
        "best",
        "final",
        "last",
        "mean",
        "avg",
        "average",
        "metrics",
        "metric",
        "epoch",
    ]
)
_QUANTITIES: dict[str, Quantity] = {
    **dict.fromkeys(("acc", "accuracy", "acc1", "acc5", "top1", "top5", "categoricalaccuracy"), "accuracy"),
    **dict.fromkeys(("top1acc", "top5acc", "top1accuracy", "top5accuracy", "acctop1", "acctop5"), "accuracy"),
    **dict.fromkeys(("balancedacc", "balancedaccuracy", "multiclassaccuracy"), "accuracy"),
    **dict.fromkeys(("auc", "auroc", "rocauc", "aucroc", "prauc", "aucpr", "auprc", "averageprecision"), "score"),
    **dict.fromkeys(("f1", "f1score", "macrof1", "f1macro", "microf1", "f1micro", "weightedf1", "f1weighted"), "score"),
    **dict.fromkeys(("precision", "recall", "map", "iou", "miou", "dice", "sensitivity", "specificity"), "score"),
    **dict.fromkeys(("loss", "crossentropy", "crossentropyloss", "celoss", "nll", "nllloss"), "loss"),
    **dict.fromkeys(("errorrate", "top1error", "top5error", "top1err", "top5err", "misclassification"), "error rate"),
}

#: Names that are known as a whole. Nobody has said which values of any other name are better.
_ACCURACIES = (
    *("val_accuracy", "valid_accuracy", "eval_accuracy", "training_accuracy", "top1_accuracy", "top5_accuracy"),
    *("mean_accuracy", "best_accuracy", "final_accuracy", "final_test_accuracy"),
)
_SCORES = (
    *("accuracy", "precision", "recall", "f1", "val_precision", "val_recall", "val_f1"),
    *("test_precision", "test_recall", "test_f1", "micro_f1", "weighted_f1"),
)
_LOSSES = (
    *("loss", "val_loss", "valid_loss", "eval_loss", "training_loss", "final_loss", "best_loss"),
    *("cross_entropy_loss", "nll_loss"),
)
_COUNTS = ("memory_mb", "num_parameters", "total_parameters")
_TIMES = ("time_seconds", "wall_seconds", "total_seconds", "elapsed_seconds", "training_seconds")
_NAMES: dict[str, Quantity] = {
    **dict.fromkeys(_ACCURACIES, "accuracy"),
    **dict.fromkeys(_SCORES, "score"),
    **dict.fromkeys(_LOSSES, "loss"),
    **dict.fromkeys(_COUNTS, "count"),
    **dict.fromkeys(_TIMES, "seconds"),
}


def quantity_of(name: str) -> Quantity | None:
    """Return what a column measures by its name; None where its words are not well known."""
    if name in _NAMES:
        return _NAMES[name]
    words = re.findall(r"[a-z]+|\d+", name.casefold())
    return _QUANTITIES.get("".join(words)) or _QUANTITIES.get("".join(word for word in words if word not in _WHICH))
