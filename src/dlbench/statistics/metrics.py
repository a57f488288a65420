"""What a metric's name tells: which way is better, and in which unit a person reads it."""

_LOWER_IS_BETTER = (
    "loss",
    "seconds",
    "to_target",
    "parameters",
    "flops_per_image",
    "memory_mb",
    "_change",
    "_gap",
    "oscillation",
    "_units",
    "saturation",
    "sharpness",
    "eigenvalue",
    "noise_scale",
    "gradient_variance",
    "calibration_error",
    "log_likelihood",
    "brier_score",
    "divergence",
)
_SHARES = ("accuracy", "precision", "recall", "f1", "accuracy_area", "accuracy_change", "generalization_gap")
#: Diagnostics that are shares: read in points too, but nobody has said which difference of them does not matter.
_DIAGNOSTIC_SHARES = ("_units", "saturation", "calibration_error", "accuracy_gap")
#: 0.2 points of accuracy: what nobody would change a network for.
ACCURACY_MARGIN = 0.002


def higher_is_better(metric: str) -> bool:
    """Tell whether more of a metric is better; unknown names count as scores. What follows an @ names a layer."""
    return not metric.partition("@")[0].endswith(_LOWER_IS_BETTER)


def is_share(metric: str) -> bool:
    """Tell whether a metric is a fraction that people read in percentage points."""
    return metric.partition("@")[0].endswith((*_SHARES, *_DIAGNOSTIC_SHARES))


def default_margin(metric: str) -> float:
    """Return the difference below which a metric counts as equal unless the user says otherwise, in the file's unit."""
    return ACCURACY_MARGIN if metric.partition("@")[0].endswith(_SHARES) else 0.0


def scale_and_unit(metric: str) -> tuple[float, str]:
    """Return the factor from files to screens, and the unit's word with its leading space."""
    if is_share(metric):
        return 100.0, " points"
    return 1.0, " seconds" if metric.endswith("seconds") else ""
