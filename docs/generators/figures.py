"""The figures of the page on statistics, from the outcomes and the functions that the text is about.

python docs/generators/figures.py    # writes docs/explanation/*.svg
"""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlbench.report.palette import COLORS
from dlbench.statistics.crossed import crossed
from dlbench.statistics.intervals import interval
from dlbench.statistics.power import detection_power
from dlbench.statistics.seeds import interim_schedule
from dlbench.statistics.spending import early_levels

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "explanation"
#: Gray that is read on white and on the dark theme's background alike; the figures themselves are transparent.
INK = "#7F7F7F"
BLUE, ORANGE, GREEN = COLORS[:3]
STYLE: dict[str, Any] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "font.size": 10,
    "font.family": "sans-serif",
    "svg.fonttype": "none",
    "svg.hashsalt": "dlbench",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def two_intervals(axes: Axes) -> None:
    """Draw both intervals of studies on digits, each with other seeds and other test images than the last."""
    bits = runpy.run_path(str(ROOT / "benchmarks" / "coverage.py"))["outcomes"]("digits")
    differences, generator = bits[1].astype(np.int8) - bits[0].astype(np.int8), np.random.default_rng(19)
    truth = 100 * differences.mean()
    for place in range(24):
        seeds = generator.integers(0, differences.shape[0], 20)
        found = differences[seeds][:, generator.integers(0, differences.shape[1], differences.shape[1])]
        (low,), (high,) = interval(found.mean(axis=1)[None], generator)
        both = crossed(found).interval(0.95, (low, high))
        for ends, width, color in ((both, 1.8, BLUE), ((low, high), 4.5, GREEN)):
            missed = not ends[0] <= truth / 100 <= ends[1]
            axes.plot([100 * end for end in ends], [place, place], color=ORANGE if missed else color, linewidth=width)
    axes.axvline(truth, color=INK, linestyle="--", linewidth=1)
    for color, width, text in (
        (BLUE, 1.8, "on other images"),
        (GREEN, 4.5, "on these images"),
        (ORANGE, 3, "misses the dashed line"),
    ):
        axes.plot([], [], color=color, linewidth=width, label=text)
    axes.set(xlabel="difference of test accuracy, tanh − relu (points)", ylabel="study", yticks=[])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=3)


def pairing(axes: Axes) -> None:
    """Draw how many seeds show a difference of one standard deviation of a variant, by the correlation of seeds."""
    correlations = np.linspace(-0.2, 0.95, 47)
    counts = [_seeds(1 / np.sqrt(2 * (1 - correlation)), 1.0) for correlation in correlations]
    axes.step(correlations, counts, where="mid", color=BLUE, label="paired")
    axes.axhline(_seeds(1 / np.sqrt(2), 2.0), color=ORANGE, label="independent")
    axes.axvline(0.11, color=INK, linestyle="--", linewidth=1)
    axes.annotate("median of the\ncommitted runs", (0.12, 3), color=INK)
    axes.set(xlabel="correlation of the two variants across seeds", ylabel="seeds for a power of 0.8", ylim=(0, None))
    axes.set_yticks(range(0, 24, 4))
    axes.legend()


def _seeds(effect: float, samples: float) -> int:
    return next(n for n in range(3, 200) if detection_power(effect, n, samples=samples) >= 0.8)


def spending(axes: Axes) -> None:
    """Draw the level of each interim analysis."""
    looks, alpha = interim_schedule(7, 30), 0.05
    axes.plot(looks, early_levels(looks, alpha), color=BLUE, marker="o", label="--seeds auto:7..30")
    axes.plot(looks, [alpha / len(looks)] * len(looks), color=ORANGE, marker="s", label="α divided by the analyses")
    axes.axhline(alpha, color=INK, linestyle="--", linewidth=1)
    axes.annotate("one analysis alone", (10, alpha - 0.003), color=INK)
    axes.set(xlabel="seeds at the interim analysis", ylabel="level of a verdict", xticks=looks, ylim=(0, 0.055))
    axes.legend(loc="center left")


FIGURES: dict[str, tuple[Callable[[Axes], None], tuple[float, float]]] = {
    "two-intervals.svg": (two_intervals, (7.0, 4.2)),
    "pairing.svg": (pairing, (7.0, 3.2)),
    "spending.svg": (spending, (7.0, 3.2)),
}


def main() -> None:
    """Write all figures."""
    with mpl.rc_context(STYLE):
        for name, (draw, size) in FIGURES.items():
            figure = Figure(figsize=size, layout="constrained")
            draw(figure.subplots())
            figure.savefig(FOLDER / name, transparent=True, metadata={"Date": None})


if __name__ == "__main__":
    main()
