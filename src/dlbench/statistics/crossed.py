"""Differences on other test images: intervals over seeds and images together, or over images alone."""

from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """The mean of differences on S seeds and N test images, and where its variance comes from.

    mean: the mean.
    variance: of the mean over other seeds and other test images.
    freedom: its degrees of freedom, by Satterthwaite.
    """

    mean: float
    variance: float
    freedom: float

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the interval of the mean; NaN where the variance is not known."""
        if self.variance == 0:
            return self.mean, self.mean
        half = float(stats.t.ppf((1 + level) / 2, self.freedom)) * sqrt(self.variance)
        return self.mean - half, self.mean + half


def crossed(differences: NDArray[np.number]) -> Spread:
    """Return the spread of differences (seeds, images) over other seeds and images: two random factors, crossed.

    One seed tells nothing of other seeds: then the spread is that over images, by McNemar's differences; it is not
    known where no image differs.

    Source: Obuchowski and Rockette 1995; Hillis 2007: the variance of a mean over readers and cases.
    """
    seeds, images = differences.shape
    by_seed, by_image = differences.mean(axis=1, dtype=np.float64), differences.mean(axis=0, dtype=np.float64)
    mean = float(by_seed.mean())
    if seeds == 1:
        spread = float(by_image.var()) / images  # (b + c − (b − c)² / N) / N², for b and c images on either side
        return Spread(mean, spread if images > 1 and by_image.any() else nan, inf)
    if images < 2:
        return Spread(mean, nan, inf)
    of_seeds = images * float(by_seed.var(ddof=1))
    of_images = seeds * float(by_image.var(ddof=1))
    beyond_noise = max(of_images - _noise(differences, by_seed, by_image), 0.0)
    total = of_seeds + beyond_noise
    parts = of_seeds**2 / (seeds - 1) + beyond_noise**2 / (images - 1)
    return Spread(mean, total / (seeds * images), total**2 / parts if parts > 0 else inf)


def _noise(values: NDArray[np.number], by_seed: Array, by_image: Array) -> float:
    """Return the mean square of values (seeds, images) that is left beside the means of seeds and of images."""
    seeds, images = values.shape
    squares = float(np.square(values, dtype=np.float64).sum()) + seeds * images * float(by_seed.mean()) ** 2
    squares -= images * float(by_seed @ by_seed) + seeds * float(by_image @ by_image)
    return float(squares / ((seeds - 1) * (images - 1)))


def crossed_samples(first: NDArray[np.number], second: NDArray[np.number]) -> Spread:
    """Return the spread of the difference of two variants (seeds, images) with seeds of their own, on shared images.

    As `crossed`, but each side has its own variance between seeds.
    """
    images = first.shape[1]
    sides = [(x, x.mean(axis=1, dtype=np.float64), x.mean(axis=0, dtype=np.float64)) for x in (first, second)]
    mean = float(sides[0][1].mean() - sides[1][1].mean())
    if min(len(first), len(second)) < 2 or images < 2:
        return Spread(mean, nan, inf)
    of_seeds = [(float(by_seed.var(ddof=1)) / len(x), len(x) - 1) for x, by_seed, _ in sides]
    of_images = float((sides[0][2] - sides[1][2]).var(ddof=1))
    noise = sum(_noise(*side) / len(side[0]) for side in sides)
    parts = [*of_seeds, (max(of_images - noise, 0.0) / images, images - 1)]
    total = sum(part for part, _ in parts)
    weights = sum(part**2 / freedom for part, freedom in parts)
    return Spread(mean, total, total**2 / weights if weights > 0 else inf)
