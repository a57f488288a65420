"""What a metric is: what it is called, how it reads, and which values are better."""

import math
import re
from dataclasses import KW_ONLY, asdict, dataclass, fields, replace
from typing import Any, Literal

from dlbench.errors import ContractError

Direction = Literal["higher", "lower"]
#: Where a metric's values come from, which decides the CSV files that have a column for it; see Metric.
Group = Literal[
    "fit", "last", "test", "steps", "objective", "progress", "target", "cost", "epoch", "derived", "diagnostic", ""
]

VALUE_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
SHARE_DIGITS = 2
#: From here on, numbers are shown by their powers of ten.
LONG = 1e15


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric.

    name: as in the columns of the CSV files; what follows an @ names a layer.
    title: its name in prose and tables.
    better: which values are better; None if it is not known.
    share: whether it is a fraction whose differences read in percentage points.
    symbol: the unit of a value in headings; at "%" values are shown as percentages.
    unit: the unit of a difference in words; shares have points.
    digits: decimals of a shown value; None for as many as its size asks for.
    margin: the difference, as in the files, below which two values count as equal unless the user says otherwise.
    needs_target: whether it is a way to a target, which a run or a claim must set.
    exact: whether it follows from the network, whatever the seed.
    infinite_if_diverged: whether a training that diverged counts with an infinite value.
    group: "fit" (a column of trials.csv and epochs.csv), "last", "test", "progress", "target" and "cost" (columns of
        trials.csv), "steps" (one on request), "objective" (of trials that were trained on another loss than the one
        that evaluation reports), "epoch" (of epochs.csv), "derived" (computed from the epochs when asked for),
        "diagnostic", or "" for a metric of another program.
    short: the heading of a narrow table, broken into lines; "" where the title serves.
    meaning: one sentence.
    """

    name: str = ""
    title: str = ""
    better: Direction | None = None
    share: bool = False
    symbol: str = ""
    unit: str = ""
    digits: int | None = 4
    margin: float = 0.0
    needs_target: bool = False
    exact: bool = False
    infinite_if_diverged: bool = False
    group: Group = ""
    short: str = ""
    meaning: str = ""

    @property
    def higher_is_better(self) -> bool:
        """Return whether higher values are better; True if it is not known."""
        return self.better != "lower"

    @property
    def heading(self) -> str:
        """Return the title with the unit of its values."""
        return f"{self.title} ({self.symbol})" if self.symbol else self.title

    @property
    def scale(self) -> float:
        """Return the factor from a value in the files to the one shown."""
        return 100.0 if self.symbol == "%" else 1.0

    @property
    def difference_scale(self) -> float:
        """Return the factor from a difference in the files to the one shown."""
        return 100.0 if self.share else 1.0

    @property
    def difference_unit(self) -> str:
        """Return the unit of a difference in words, with its leading space; "" where there is none."""
        unit = "points" if self.share else self.unit
        return f" {unit}" if unit else ""

    def difference_in_words(self, value: float) -> str:
        """Return a difference as text with its unit, "0.2 points"."""
        return f"{self.difference_scale * value:g}{self.difference_unit}"

    def format(self, value: float) -> str:
        """Return one value as text, without its unit."""
        shown = value * self.scale
        if not math.isfinite(shown):
            return f"{shown}"
        digits = self.digits
        hidden = digits and not self.share and 0 < abs(shown) < 0.5 * 10**-digits
        if hidden or abs(shown) >= LONG:
            return f"{shown:.3g}"
        if digits is None:
            if 0 < abs(shown) < 0.1:
                return f"{shown:.3g}"
            digits = 2 if abs(shown) < 10 else 1 if abs(shown) < 100 else 0
        return f"{shown:,.{digits}f}"

    def at_layer(self, layer: str) -> "Metric":
        """Return the metric of one layer: "first", "last" or the layer's name."""
        suffix = f" of the {layer} layer" if layer in ("first", "last") else f"@{layer}"
        digits = SHARE_DIGITS if self.share else None
        return replace(self, name=f"{self.name}@{layer}", title=self.title + suffix, digits=digits)


@dataclass(frozen=True)
class Value:
    """One value that a diagnostic yields, as a metric.

    name: small letters, digits and underscores.
    better: "higher" or "lower"; None where neither is better as such.
    share: whether it is a fraction that people read as a percentage.
    title: its name in tables; without it, its name with spaces.
    unit: of a value that is no share, in words.
    digits: decimals of a shown value that is no share; None for as many as its size asks for.
    meaning: one sentence.
    """

    name: str
    _: KW_ONLY
    better: Direction | None = None
    share: bool = False
    title: str = ""
    unit: str = ""
    digits: int | None = None
    meaning: str = ""

    def __post_init__(self) -> None:
        if not VALUE_NAME.match(self.name):
            raise ContractError(f"Invalid value name {self.name!r}: small letters, digits and underscores.")
        if self.better not in ("higher", "lower", None):
            raise ContractError(f"Invalid direction of {self.name}: {self.better!r} is not 'higher', 'lower' or None.")

    @property
    def metric(self) -> Metric:
        """Return the value as a metric, without a margin: diagnostics have none."""
        return Metric(
            name=self.name,
            title=self.title or self.name.replace("_", " "),
            better=self.better,
            share=self.share,
            symbol="%" if self.share else self.unit,
            unit=self.unit,
            digits=SHARE_DIGITS if self.share else self.digits,
            group="diagnostic",
            meaning=self.meaning,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON content, without what has its default."""
        defaults = {field.name: field.default for field in fields(self)}
        return {key: value for key, value in asdict(self).items() if value != defaults[key]}
