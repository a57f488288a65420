"""Sums of measurements, which may be infinite, or too large for their sum."""

import math
from collections.abc import Iterable


def total(numbers: Iterable[float]) -> float:
    """Return the sum of numbers to the last digit; infinite or NaN where it is no finite number."""
    values = list(numbers)
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond the largest number, or ∞ and -∞
        return sum(values)
