"""Measure how often the intervals of `dlbench spread` contain the true shares, and what is said of them.

python benchmarks/spread.py    # a table; two to three minutes

Made-up trainings with known components: what each source does alone, and what all do together. Values of other
distributions have the same components, so that the true shares are the same.
"""

import sys
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from dlbench.analysis.spread import SourceSpread, SpreadTable
from dlbench.analysis.spread_wording import advice, is_chaotic
from dlbench.components.metric_table import find_metric
from dlbench.plans.spread import SpreadDesign
from dlbench.statistics.variance_shares import Variance

SOURCES = ("split", "initialization", "order")
STUDIES = 500
Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Array]
#: Variances by the columns of the sources that draw an effect together.
ENGINES: Mapping[str, Mapping[tuple[int, ...], float]] = {
    "they add up": {(1,): 1.0, (2,): 1.0, (3,): 1.0},
    "one has most": {(1,): 8.0, (2,): 1.0, (3,): 1.0},
    "one, and all together": {(1,): 1.0, (1, 2, 3): 1.0},
    "chaotic": {(1, 2, 3): 1.0},
}


def catastrophes(rng: np.random.Generator, count: int) -> Array:
    """Return effects that are large and negative for one of seven."""
    chance = 1 / 7
    return (chance - (rng.random(count) < chance)) / np.sqrt(chance * (1 - chance))


#: Effects with mean 0 and variance 1.
DRAWS: Mapping[str, Draw] = {
    "normal": lambda rng, count: rng.standard_normal(count),
    "heavy-tailed": lambda rng, count: rng.standard_t(5, count) / np.sqrt(5 / 3),
    "skewed": lambda rng, count: 1 - rng.exponential(size=count),
    "one in seven breaks down": catastrophes,
}


def keys(design: SpreadDesign) -> NDArray[np.integer]:
    """Return the seed of each trial and of each of its sources."""
    return np.array([[seed, *(seeds.get(source, seed) for source in SOURCES)] for seed, seeds in design.cells()])


def train(
    parts: Mapping[tuple[int, ...], float], places: NDArray[np.integer], draw: Draw, rng: np.random.Generator
) -> Array:
    """Return the value of each trial, in steps of one image in 360 where a standard deviation is three of them."""
    values = np.zeros(len(places))
    for columns, variance in parts.items():
        _, place = np.unique(places[:, list(columns)], axis=0, return_inverse=True)
        values += np.sqrt(variance) * draw(rng, place.max() + 1)[place.ravel()]
    step = np.sqrt(sum(parts.values())) / 3
    return np.asarray(np.round(values / step) * step)


def true_shares(parts: Mapping[tuple[int, ...], float], column: int) -> tuple[float, float]:
    """Return what a source keeps alone, and what fixing it removes, by the definition of both."""
    whole = sum(parts.values())
    return sum(each for columns, each in parts.items() if column in columns) / whole, parts.get((column,), 0.0) / whole


def study(
    name: str, places: NDArray[np.integer], draw: Draw, rng: np.random.Generator
) -> tuple[list[bool], list[bool], tuple[bool, bool, bool]]:
    """Return which intervals of what is kept and removed contain the truth, and what is said.

    Said: that training is chaotic; to hold a source of which fixing removes nothing; to hold one that it removes.
    """
    parts, sources, hits = ENGINES[name], [], ([], [])
    variance = Variance.of(train(parts, places, draw, rng), places)
    held, idle = [], []
    for column, source in enumerate(SOURCES, start=1):
        kept, removed = variance.shares(column)
        for share, true, row in zip((kept, removed), true_shares(parts, column), hits, strict=True):
            row.append(share.low - 1e-9 <= true <= share.high + 1e-9)
        sources.append(SourceSpread(source=source, kept=kept, removed=removed, std=0.0))
        (held if (column,) in parts else idle).append(source)
    table = SpreadTable(
        subject="",
        metric=find_metric("test_accuracy"),
        std=1.0,
        std_low=0.0,
        std_high=2.0,
        count=len(places),
        lost=0,
        backgrounds=len(np.unique(places[:, 0])),
        sources=tuple(sources),
    )
    advised = advice(table).partition("--hold ")[2].partition(" ")[0].split(",")
    said = is_chaotic(table), bool({*advised} & {*idle}), bool({*advised} & {*held})
    return hits[0], hits[1], said


def main(studies: int = STUDIES) -> None:
    """Print how often intervals contain the truth, and how often something is said."""
    print("| backgrounds | sources | values | kept | removed | chaotic | hold, wrongly | hold, rightly |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for backgrounds in (6, 12):
        places = keys(SpreadDesign(sources=SOURCES, backgrounds=backgrounds, levels=3))
        for name in ENGINES:
            for shape, draw in DRAWS.items():
                rng = np.random.default_rng(0)
                kept, removed, said = zip(*(study(name, places, draw, rng) for _ in range(studies)), strict=True)
                shown = [np.mean(kept), np.mean(removed), *np.mean(said, axis=0)]
                print(
                    f"| {backgrounds} | {name} | {shape} |",
                    " | ".join(f"{100 * x:.0f} %" for x in shown),
                    "|",
                    flush=True,
                )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
