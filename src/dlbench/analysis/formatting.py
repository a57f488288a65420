"""Numbers as text."""


def percent(fraction: float | None) -> str:
    """Return a fraction as "96.4 %", or "–" for None."""
    return "–" if fraction is None else f"{100 * fraction:.1f} %"
