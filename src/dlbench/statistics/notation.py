"""How p-values and intervals are written, in sentences and in tables."""

from collections.abc import Callable
from math import isnan

#: Smaller p-values are written as "< 0.001".
SMALLEST_P = 0.001


def p_text(p: float, space: str = "") -> str:
    """Return a p-value as a cell shows it: "0.006", "<0.001". space: what follows the "<"."""
    return f"<{space}{SMALLEST_P:g}" if p < SMALLEST_P else f"{p:.3f}"


def p_equation(p: float, name: str = "p") -> str:
    """Return a p-value as sentences have it: "p = 0.006", "p < 0.001"."""
    text = p_text(p, space=" ")
    return f"{name} {text}" if text.startswith("<") else f"{name} = {text}"


def interval_text(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """Return "[low, high]", or "" where an end is None or NaN. show: how an end is written."""
    if low is None or high is None or isnan(low) or isnan(high):
        return ""
    return f"[{show(low)}, {show(high)}]"


def with_interval(value: str, low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """Return "value [low, high]", or the value alone where there is no interval."""
    interval = interval_text(low, high, show)
    return f"{value} {interval}" if interval else value
