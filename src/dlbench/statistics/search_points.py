"""The points that a search tries, in the unit cube: the same for every variant; more points keep the first ones."""

from typing import Literal, get_args

Design = Literal["sobol", "random"]
DESIGNS: tuple[str, ...] = get_args(Design)


def search_points(count: int, dimensions: int, seed: int, design: Design = "sobol") -> tuple[tuple[float, ...], ...]:
    """Return the first points of a scrambled Sobol sequence, or independent uniform ones, each in [0, 1).

    Those of a smaller count are the first of a larger one. Source: Owen 1998, Scrambling Sobol' and Niederreiter-Xing
    points.
    """
    if count < 1 or dimensions < 1:
        return ()
    if design == "random":
        import numpy as np

        drawn = np.random.default_rng([seed, dimensions]).random((count, dimensions))
    else:
        from scipy.stats import qmc

        exponent = max(0, (count - 1).bit_length())
        drawn = qmc.Sobol(dimensions, scramble=True, rng=seed).random_base2(exponent)[:count]
    return tuple(tuple(map(float, point)) for point in drawn)
