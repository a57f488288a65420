"""One look for each variant, the same in every figure: decided by its place in the plan, told apart without colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from dlbench.plans.plan_record import PlanRecord

#: Okabe and Ito's colours for all kinds of colour vision, without the yellow that paper swallows.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
Line = Literal["-", "--", "-.", ":"]
LINES: tuple[Line, ...] = ("-", "--", "-.", ":")

#: Dark enough for words on white paper; the words themselves tell the verdicts apart.
VERDICT_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "better": "#00664B",
        "worse": "#A84300",
        "differs, may be negligible": "#6B5200",
        "equivalent": "#004E7D",
        "not shown": "#555555",
        "n too small": "#555555",
    }
)


@dataclass(frozen=True)
class Style:
    """A variant's colour (RGB in hexadecimal), marker and line style, in matplotlib's words."""

    color: str
    marker: str
    line: Line

    @property
    def size(self) -> float:
        """Return by how much its marker must be drawn larger to look as large as a circle."""
        return {"*": 1.5, "P": 1.15, "X": 1.15, "^": 1.1, "v": 1.1, "D": 0.9}.get(self.marker, 1.0)


def style(position: int) -> Style:
    """Return the look of the variant at a place of the plan; 56 of them differ in colour and marker alone."""
    # Seven colours and eight markers have no common divisor, so their pairs repeat only after 56.
    return Style(COLORS[position % 7], MARKERS[position % 8], LINES[position % 4])


def styles(plan: PlanRecord) -> dict[str, Style]:
    """Return the look of each variant of a plan, by variant_id."""
    return {variant.variant_id: style(position) for position, variant in enumerate(plan.variants)}
