"""Measure how often the intervals of a difference contain the difference on other test images.

python benchmarks/coverage.py          # from the outcomes in coverage.npz: the table
python benchmarks/coverage.py train    # trains the pairs of variants again and writes coverage.npz; half an hour

The outcomes of all seeds on all test images are the population. A study draws seeds and images from it, with
replacement, so that what it estimates is known: the mean difference of the population.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.statistics.crossed import crossed, crossed_samples
from dlbench.statistics.intervals import interval
from dlbench.statistics.welch import Welch

OUTCOMES = Path(__file__).with_name("coverage.npz")
SEEDS = 30
#: Two variants of each data set, trained briefly.
PAIRS: dict[str, dict[str, Any]] = {
    "digits": {"dataset": "digits", "model": "mlp", "activation": ["relu", "tanh"], "epochs": 5},
    "mnist": {"dataset": "mnist", "model": "mlp", "activation": ["relu", "tanh"], "epochs": 1, "train_size": 3000},
    "cifar10": {
        "dataset": "cifar10",
        "model": "lenet5",
        "activation": ["relu", "tanh"],
        "epochs": 1,
        "train_size": 4000,
    },
}
#: The numbers of test images that a study draws.
IMAGES = {"digits": (360,), "mnist": (500, 2_000, 10_000), "cifar10": (500, 2_000, 10_000)}
STUDIES = 1_000
Bits = NDArray[np.bool_]


def train() -> None:
    """Train all pairs and write which test images each trial classified correctly."""
    from dlbench import compare

    packed = {}
    for name, pair in PAIRS.items():
        with tempfile.TemporaryDirectory() as folder:
            found = compare(**pair, seeds=SEEDS, results_dir=folder, jobs=1)
        rows: dict[str, dict[int, Bits]] = {}
        for record in found.records:
            assert record.outcomes is not None
            rows.setdefault(record.trial.activation.short, {})[record.trial.seed] = record.outcomes.bits()
        bits = np.array([[rows[variant][seed] for seed in range(SEEDS)] for variant in pair["activation"]])
        packed |= {name: np.packbits(bits, axis=-1), f"{name}_images": np.array(bits.shape[-1])}
        print(name, bits.mean(axis=(1, 2)), flush=True)
    np.savez_compressed(OUTCOMES, **packed)


def outcomes(name: str) -> Bits:
    """Return which test images were classified correctly: (variants, seeds, images)."""
    with np.load(OUTCOMES) as packed:
        return np.unpackbits(packed[name], axis=-1)[..., : int(packed[f"{name}_images"])].astype(np.bool_)


def coverage(bits: Bits, seeds: int, images: int, studies: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the shares of studies whose intervals contain the difference of the population.

    In this order: over seeds and images; over seeds alone; over seeds and images, with seeds of their own.
    """
    differences = bits[0].astype(np.int8) - bits[1].astype(np.int8)
    truth, hits = differences.mean(), np.zeros(3)
    for _ in range(studies):
        drawn = generator.integers(0, differences.shape[1], images)
        own, others = (generator.integers(0, len(differences), seeds) for _ in range(2))
        found = differences[own][:, drawn]
        (low,), (high,) = interval(found.mean(axis=1)[None], generator)
        sides = bits[0][own][:, drawn], bits[1][others][:, drawn]
        ends = [
            crossed(found).interval(0.95, (low, high)),
            (low, high),
            crossed_samples(*sides).interval(0.95, _independent(*sides)),
        ]
        hits += [lower <= truth <= upper for lower, upper in ends]
    return hits / studies


def _independent(first: Bits, second: Bits) -> tuple[float, float]:
    """Return Welch's interval over seeds of their own; that of permuted labels makes it a little wider."""
    return Welch.of(first.mean(axis=1), second.mean(axis=1)).interval(0.95)


def main() -> None:
    """Print the table."""
    print("| data set | seeds | test images | seeds and images | seeds alone | with seeds of their own |")
    print("|---|---|---|---|---|---|")
    for name, sizes in IMAGES.items():
        for seeds in (7, 20):
            for images in sizes:
                found = coverage(outcomes(name), seeds, images, STUDIES, np.random.default_rng([seeds, images]))
                print(f"| {name} | {seeds} | {images:,} |", *(f"{100 * share:.1f} % |" for share in found), flush=True)


if __name__ == "__main__":
    train() if sys.argv[1:] == ["train"] else main()
