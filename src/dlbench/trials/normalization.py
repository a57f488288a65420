"""The normalization setting: what it accepts, and constants written out."""

import re
from math import isfinite

from dlbench.components.spelling import resolve
from dlbench.errors import DlbenchError, suggest

NAMED = ("unit", "standard", "none")
_NUMBERS = r"\d*\.?\d+(-\d*\.?\d+)*"
_CONSTANTS = re.compile(rf"({_NUMBERS})/({_NUMBERS})\Z")


def check_normalization(text: str) -> str:
    """Return the setting, a word in canonical form and constants as written. Raises DlbenchError if it is invalid.

    Trials are identified by what was written: 0.5/0.5 and 0.50/0.50 are two settings.
    """
    if named := resolve(text, NAMED):
        return named
    if not _are_constants(text):
        others = "each channel's mean and deviation, as in 0.49-0.48-0.45/0.2-0.2-0.2"
        raise DlbenchError(
            f"Invalid value {text!r} for --normalization.",
            suggest(text, NAMED, f"It takes unit, standard, none, or {others}."),
        )
    return text


def constants(text: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and the deviation of each channel, for pixels in [0, 1], from "M-M-M/D-D-D"."""
    means, deviations = (tuple(map(float, part.split("-"))) for part in text.split("/"))
    return means, deviations


def _are_constants(text: str) -> bool:
    if not _CONSTANTS.match(text):
        return False
    means, deviations = constants(text)
    return len(means) == len(deviations) and all(deviations) and all(map(isfinite, (*means, *deviations)))
