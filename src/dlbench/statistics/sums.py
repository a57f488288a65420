"""Sums of measurements, which may be infinite, or too large for their sum."""

import math
from collections.abc import Iterable, Sequence


def total(numbers: Iterable[float]) -> float:
    """Return the sum of numbers to the last digit; infinite or NaN where it is no finite number."""
    values = list(numbers)
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond the largest number, or ∞ and -∞
        return sum(values)


def mean(numbers: Sequence[float]) -> float:
    """Return the mean of numbers, which is no larger than the largest of them."""
    found = total(numbers) / len(numbers)
    if math.isfinite(found) or not all(map(math.isfinite, numbers)):
        return found
    return total(number / len(numbers) for number in numbers)
