"""Names as people write them: whatever their case and separators, and by common aliases.

Every name that a user gives (of a component, a parameter, an axis, a value, a metric, a kind) is looked up here, so
that identities and labels have the canonical name only. Other names of a component stand in its record.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

_SEPARATORS = re.compile(r"[-_\s.+]+")
#: "torch.nn.ReLU()" names what "ReLU" names.
_MODULE = re.compile(r"\A(?:[A-Za-z]\w*\.)+(?=[A-Za-z])")
_ONE_OF = re.compile(r"(\[[^]]*\])")

#: Other names of axes, settings and options.
OPTION_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("lr", "max_lr", "base_lr", "initial_lr"), "learning_rate"),
        **dict.fromkeys(("bs", "batch", "minibatch_size", "train_batch_size"), "batch_size"),
        **dict.fromkeys(("num_epochs", "n_epochs", "max_epochs"), "epochs"),
        **dict.fromkeys(("act", "activation_function", "nonlinearity"), "activation"),
        **dict.fromkeys(("arch", "architecture", "net", "network"), "model"),
        **dict.fromkeys(("data",), "dataset"),
        **dict.fromkeys(("opt", "optim", "optimiser"), "optimizer"),
        **dict.fromkeys(("sched", "schedule", "lr_scheduler", "lr_schedule"), "scheduler"),
        **dict.fromkeys(("criterion", "loss_function", "loss_fn"), "loss"),
        **dict.fromkeys(("normalisation", "normalize"), "normalization"),
        **dict.fromkeys(("augmentation", "augmentations"), "augment"),
        **dict.fromkeys(("clip", "clip_grad", "grad_clip", "clip_norm", "max_grad_norm"), "gradient_clip"),
        **dict.fromkeys(("early_stopping", "early_stopping_patience"), "patience"),
        **dict.fromkeys(("val", "val_split", "validation_split"), "validation"),
        **dict.fromkeys(("dtype",), "precision"),
        **dict.fromkeys(("num_seeds", "n_seeds"), "seeds"),
        **dict.fromkeys(("workers", "num_workers", "n_jobs"), "jobs"),
    }
)
#: Other names of values: of the settings that take words, and of metrics.
VALUE_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("ce", "xent", "cross_entropy_loss", "categorical_cross_entropy"), "cross-entropy"),
        **dict.fromkeys(("l2", "mse_loss", "mean_squared_error", "brier"), "mse"),
        **dict.fromkeys(("fp32", "f32", "float", "single"), "float32"),
        **dict.fromkeys(("bf16",), "bfloat16"),
        **dict.fromkeys(("gpu",), "cuda"),
        **dict.fromkeys(("final",), "last"),
        **dict.fromkeys(("val_loss", "valid_loss"), "validation_loss"),
        **dict.fromkeys(("val_acc", "val_accuracy", "valid_acc", "validation_acc"), "validation_accuracy"),
        **dict.fromkeys(("train_acc", "training_accuracy"), "train_accuracy"),
        **dict.fromkeys(("training_loss",), "train_loss"),
        **dict.fromkeys(("test_acc", "acc", "accuracy", "top1", "top1_accuracy"), "test_accuracy"),
        **dict.fromkeys(("f1", "test_f1", "f1_score"), "macro_f1"),
        **dict.fromkeys(("balanced_acc",), "balanced_accuracy"),
        **dict.fromkeys(("md",), "markdown"),
        **dict.fromkeys(("tex",), "latex"),
        **dict.fromkeys(("lr",), "learning_rate"),
        **dict.fromkeys(("zscore", "standardize"), "standard"),
        **dict.fromkeys(("horizontal_flip", "random_horizontal_flip", "hflip"), "flip"),
        **dict.fromkeys(("random_crop",), "crop"),
    }
)
#: Other names of a component's parameters.
PARAMETER_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("wd", "l2", "decay"), "weight_decay"),
        **dict.fromkeys(("epsilon",), "eps"),
        **dict.fromkeys(("lambda",), "lambd"),
        **dict.fromkeys(("hidden_units", "hidden_sizes", "hidden_size", "hidden_layers"), "hidden"),
        **dict.fromkeys(("p", "drop", "dropout_rate"), "dropout"),
        **dict.fromkeys(("warmup_epochs", "warmup_steps"), "warmup"),
    }
)


def plain(name: str) -> str:
    """Return a name without case, separators and the module it is from: "torch.nn.Leaky_ReLU" becomes "leakyrelu".

    Numbers stay apart: those of "squeezenet1-0", and all that follows an equals sign.
    """
    head, equals, value = name.strip().removesuffix("()").partition("=")
    return _SEPARATORS.sub(_joint, _MODULE.sub("", head)).casefold() + equals + value.casefold()


def _joint(separator: re.Match[str]) -> str:
    text, (start, end) = separator.string, separator.span()
    return "." if text[:start][-1:].isdigit() and text[end:][:1].isdigit() else ""


def matches(name: str, pattern: str) -> bool:
    """Return whether a name matches a pattern, however both are spelled: *, ? and [a-z], else a part of the name."""
    if not any(sign in pattern for sign in "*?["):
        return plain(pattern) in plain(name)
    parts = (part.casefold() if _ONE_OF.match(part) else plain(part) for part in _ONE_OF.split(pattern))
    return fnmatchcase(plain(name), "".join(parts))


def resolve(name: str, known: Iterable[str], aliases: Mapping[str, str] = VALUE_ALIASES) -> str | None:
    """Return the known name that a name means: itself, however it is spelled, or what it is an alias of; else None.

    None too where a spelling means several known names.
    """
    names = list(known)
    if name in names:
        return name
    if is_number(name):
        return None
    spelled = plain(name)
    found = [each for each in names if plain(each) == spelled]
    if not found:
        meant = {plain(target) for alias, target in aliases.items() if plain(alias) == spelled}
        found = [each for each in names if plain(each) in meant]
    return found[0] if len(found) == 1 else None


def is_number(text: str) -> bool:
    """Return whether a text reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True
