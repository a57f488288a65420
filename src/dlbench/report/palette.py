"""The style of each variant: the same in every figure, by its place in the plan, and distinct without color."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from dlbench.plans.plan_record import PlanRecord

#: Okabe and Ito's color-blind-safe palette, without the yellow, which is faint on paper.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
#: The same colors on a dark ground, by their names on a light one.
_ON_DARK: Mapping[str, str] = MappingProxyType(
    dict(zip(COLORS, ("#4AA3E0", "#F28A45", "#2BC49A", "#E0A0C6", "#F2B83D", "#A5DAF7", "#F2F2F2"), strict=True))
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
Line = Literal["-", "--", "-.", ":"]
LINES: tuple[Line, ...] = ("-", "--", "-.", ":")

#: Dark enough for text on white; the verdicts are also distinct by their words.
VERDICT_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "better": "#00664B",
        "worse": "#A84300",
        "higher": "#4B2E83",
        "lower": "#4B2E83",
        "larger lead": "#4B2E83",
        "smaller lead": "#4B2E83",
        "larger": "#4B2E83",
        "smaller": "#4B2E83",
        "differs, may be negligible": "#6B5200",
        "equivalent": "#004E7D",
        "not shown": "#555555",
        "n too small": "#555555",
    }
)


@dataclass(frozen=True)
class Style:
    """The style of a variant.

    color: RGB in hexadecimal.
    marker: in matplotlib's notation.
    line: line style, in matplotlib's notation.
    """

    color: str
    marker: str
    line: Line

    @property
    def size(self) -> float:
        """Return the factor by which its marker is enlarged to look as large as a circle."""
        return {"*": 1.5, "P": 1.15, "X": 1.15, "^": 1.1, "v": 1.1, "D": 0.9}.get(self.marker, 1.0)


def on_dark(color: str) -> str:
    """Return a color as it is on a dark ground; one that is not of the palette stays."""
    return _ON_DARK.get(color, color)


def style(position: int) -> Style:
    """Return the style of the variant at a position of the plan; the first 56 differ in color or marker."""
    # Seven and eight have no common divisor, so pairs of color and marker repeat only after 56.
    return Style(COLORS[position % 7], MARKERS[position % 8], LINES[position % 4])


def styles(plan: PlanRecord) -> dict[str, Style]:
    """Return the style of each variant of a plan, by variant_id."""
    return {variant.variant_id: style(position) for position, variant in enumerate(plan.variants)}
