"""How numbers read: accuracies as percentages, counts with separators, times with the digits that their size wants."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from dlbench.analysis.summary import Summary
from dlbench.statistics.metrics import is_share


@dataclass(frozen=True)
class Measure:
    """How a metric is shown. scale: 100 for what is a fraction in files. digits: decimals; None: by size."""

    title: str
    unit: str = ""
    scale: float = 1
    digits: int | None = None
    best: Literal["highest", "lowest", ""] = ""

    @property
    def heading(self) -> str:
        """Return the title with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def format(self, value: float) -> str:
        """Return one value as text, without its unit."""
        shown = value * self.scale
        if not math.isfinite(shown):
            return f"{shown}"
        digits = self.digits
        if digits is None:
            if 0 < abs(shown) < 0.1:
                return f"{shown:.3g}"
            digits = 2 if abs(shown) < 10 else 1 if abs(shown) < 100 else 0
        return f"{shown:,.{digits}f}"

    def summary(self, summary: Summary) -> str:
        """Return "mean ± standard deviation", or the value alone where there is but one."""
        mean = self.format(summary.mean)
        return mean if summary.std is None else f"{mean} ± {self.format(summary.std)}"


_MEASURES = {
    "validation_accuracy": Measure("validation accuracy", "%", 100, 2, "highest"),
    "test_accuracy": Measure("test accuracy", "%", 100, 2, "highest"),
    "train_accuracy": Measure("training accuracy", "%", 100, 2, "highest"),
    "test_loss": Measure("test loss", digits=4, best="lowest"),
    "validation_loss": Measure("validation loss", digits=4, best="lowest"),
    "train_loss": Measure("training loss", digits=4, best="lowest"),
    "train_seconds": Measure("training time", "s"),
    "images_per_second": Measure("images/s", digits=0),
    "parameters": Measure("parameters", digits=0),
}
#: Built-in diagnostics: shares, and those that come in any size.
_READ_AS_SHARES = ("dead_units", "dormant_units", "saturation", "calibration_error", "evaluation_accuracy_gap")
_READ_BY_SIZE = frozenset(
    (
        *("activation_mean", "activation_deviation", "gradient_norm", "vanishing_ratio", "update_ratio", "sharpness"),
        *("hessian_eigenvalue", "stability_limit", "gradient_noise_scale", "gradient_variance", "loss_oscillation"),
    )
)
MEASURES: Mapping[str, Measure] = MappingProxyType(_MEASURES)


def measure(metric: str) -> Measure:
    """Return how a metric is shown; one that nobody described reads as its name says."""
    if metric in MEASURES:
        return MEASURES[metric]
    name, _, layer = metric.partition("@")
    title = name.replace("_", " ") + (
        f" of the {layer} layer" if layer in ("first", "last") else f"@{layer}" * bool(layer)
    )
    if is_share(metric) and (layer or name.endswith(_READ_AS_SHARES)):
        return Measure(title, "%", 100, 2)
    if layer or name in _READ_BY_SIZE:
        return Measure(title)
    if metric.endswith("_accuracy"):
        return Measure(title, "%", 100, 2, "highest")
    return Measure(title, digits=4, best="lowest" if metric.endswith("_loss") else "")


def percent(fraction: float | None) -> str:
    """Return a fraction as "96.4 %", or "–" where there is none."""
    return "–" if fraction is None else f"{100 * fraction:.1f} %"
