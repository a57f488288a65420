"""Numbers of any size, brought to one at which their squares neither overflow nor vanish."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def usual_size(values: ArrayLike) -> tuple[Array, Array]:
    """Return finite values (…, n) as multiples, below 2, of a power of two for each row; and these units (…).

    Both ways are exact, so what is computed of the multiples has the digits that it would have had.
    """
    data = np.asarray(values, dtype=np.float64)
    exponents = np.frexp(np.abs(data).max(axis=-1, initial=0.0, keepdims=True))[1] - 1
    return np.ldexp(data, -exponents), np.ldexp(1.0, exponents[..., 0])


def in_units(value: float, unit: Array) -> Array:
    """Return a value as multiples of units; beside the smallest of units it is infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(value / unit)


def means(values: ArrayLike) -> Array:
    """Return the means of finite values (…, n)."""
    data, unit = usual_size(values)
    return np.asarray(data.mean(axis=-1) * unit)
