"""Differences on other test images: intervals over seeds and images together, or over images alone."""

from dataclasses import dataclass
from math import hypot, inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """The mean of differences on N test images, and how far it would vary over other images.

    mean: the mean.
    variance: of the mean over other test images, beyond what seeds explain; NaN where it is not known.
    freedom: its degrees of freedom.
    """

    mean: float
    variance: float
    freedom: float

    def interval(self, level: float, over_seeds: tuple[float, float] | None = None) -> tuple[float, float]:
        """Return the ends of the interval over seeds and images; NaN where the variance is not known.

        over_seeds: the ends of the interval on these images; None for one seed, whose interval is over images alone.

        Each end lies as far from the mean as the two sources would reach together, the squares of their distances
        added. So a tail that the interval over seeds knows of is kept, and it lies within. Source: Zou and Donner
        2008, Construction of Confidence Limits about Effect Measures.
        """
        low, high = over_seeds or (self.mean, self.mean)
        reach = float(stats.t.ppf((1 + level) / 2, self.freedom)) * sqrt(self.variance)
        return self.mean - hypot(self.mean - low, reach), self.mean + hypot(high - self.mean, reach)


def crossed(differences: NDArray[np.number]) -> Spread:
    """Return the spread over images of differences (seeds, images): two random factors, crossed.

    One seed tells nothing of other seeds: then the spread is that of McNemar's differences; it is not known where no
    image differs.

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
    beyond_noise = float(by_image.var(ddof=1)) - _noise(differences, by_seed, by_image) / seeds
    return Spread(mean, max(beyond_noise, 0.0) / images, images - 1)


def _noise(values: NDArray[np.number], by_seed: Array, by_image: Array) -> float:
    """Return the mean square of values (seeds, images) that is left beside the means of seeds and of images."""
    seeds, images = values.shape
    squares = float(np.square(values, dtype=np.float64).sum()) + seeds * images * float(by_seed.mean()) ** 2
    squares -= images * float(by_seed @ by_seed) + seeds * float(by_image @ by_image)
    return float(squares / ((seeds - 1) * (images - 1)))


def crossed_samples(first: NDArray[np.number], second: NDArray[np.number]) -> Spread:
    """Return the spread over images of the difference of two variants (seeds, images) with seeds of their own."""
    images = first.shape[1]
    sides = [(x, x.mean(axis=1, dtype=np.float64), x.mean(axis=0, dtype=np.float64)) for x in (first, second)]
    mean = float(sides[0][1].mean() - sides[1][1].mean())
    if min(len(first), len(second)) < 2 or images < 2:
        return Spread(mean, nan, inf)
    noise = sum(_noise(*side) / len(side[0]) for side in sides)
    beyond_noise = float((sides[0][2] - sides[1][2]).var(ddof=1)) - noise
    return Spread(mean, max(beyond_noise, 0.0) / images, images - 1)
