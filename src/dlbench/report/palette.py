"""One look for each variant, the same in every figure: decided by its place in the plan, told apart without colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: Okabe and Ito's colours for all kinds of colour vision, without the yellow that paper swallows.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
Line = Literal["-", "--", "-.", ":"]
LINES: tuple[Line, ...] = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class Style:
    """A variant's colour (RGB in hexadecimal), marker and line style, in matplotlib's words."""

    color: str
    marker: str
    line: Line


def style(position: int) -> Style:
    """Return the look of the variant at a place of the plan; 56 of them differ in colour and marker alone."""
    # Seven colours and eight markers have no common divisor, so their pairs repeat only after 56.
    return Style(COLORS[position % 7], MARKERS[position % 8], LINES[position % 4])


def styles(plan: Mapping[str, Any]) -> dict[str, Style]:
    """Return the look of each variant of a plan, by variant_id."""
    return {variant["variant_id"]: style(position) for position, variant in enumerate(plan["variants"])}
