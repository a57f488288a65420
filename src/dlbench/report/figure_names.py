"""The figures of dlbench and their formats by name, for those who draw none: matplotlib is not imported here."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")
#: Headings by kind, in the order in which pages show them.
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "curves": "Learning curves",
        "final": "Final metric, every seed",
        "differences": "Differences to the baseline",
        "time": "Accuracy against training time",
        "critical-difference": "Mean ranks over data sets",
        "interquartile-mean": "Interquartile means over data sets",
        "performance-profile": "Performance profiles over data sets",
        "heatmap": "Heat map",
        "tuning": "Validation against what was tuned",
        "budget": "Expected best against the budget",
        "spread": "Where the spread comes from",
        "learning-rate": "Learning rate",
        "confusion": "Confusion matrices",
        "steps": "Training loss of each step",
    }
)
#: What is drawn, of the pictures that do not say it themselves.
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "heatmap": "Each cell is a combination: mean over its seeds.",
        "learning-rate": "The rate at the start of each epoch; variants with the same schedule share a line.",
        "confusion": "Rows are true classes, columns predicted ones: shares of each true class on the test images, "
        "mean over seeds. What is off the diagonal was confused.",
        "budget": "How good the best of so many tried points can be expected to be.",
        "steps": "The loss of each training step, before any smoothing over an epoch.",
    }
)
